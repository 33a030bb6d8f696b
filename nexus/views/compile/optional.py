"""Optional parts of a statement: what stands between `[[` and `]]` drops out when a parameter in it is empty.

Brackets in texts, remarks and arrays are left alone. What drops out leaves blanks behind, so that a mistake further on is
still found where it was typed.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from nexus.sources.spec import QueryRefused
from nexus.sources.sqltext import place_of, places_of, tokens_of


@dataclass(frozen=True)
class Part:
    """From the first `[` to behind the last `]`, with the parameters in it."""

    start: int
    end: int
    names: frozenset[str]


def resolve(sql: str, *, names: Collection[str], empty: Collection[str]) -> str:
    """The statement without the parts in which a parameter is `empty`, of all its `names`. Raises QueryRefused where brackets do not fit."""
    pieces, at = [], 0
    for part in parts(sql, names=names):
        inside = sql[part.start + 2 : part.end - 2]
        pieces += [sql[at : part.start], "  ", _blank(inside) if part.names & set(empty) else inside, "  "]
        at = part.end
    return "".join([*pieces, sql[at:]])


def parts(sql: str, *, names: Collection[str]) -> list[Part]:
    """Raises QueryRefused with one sentence for nested parts, for brackets without their other half, and for a part without a parameter."""
    if "[[" not in sql and "]]" not in sql:
        return []
    tokens = tokens_of(sql)
    used = list(places_of(sql, tokens, frozenset(names)))
    found = []
    for start, end in _spans(sql, tokens):
        inside = frozenset(place.name for place in used if start < place.start < end)
        if not inside and not re.search(r":[A-Za-z_]", sql[start:end]):
            raise QueryRefused(
                f"The optional part{place_of(sql, start)} has no parameter in it, so it would never drop out. Use one as :name.",
                position=start,
            )
        # A parameter that nobody declared is the guard's to name.
        found.append(Part(start, end, inside))
    return found


def _spans(sql: str, tokens: list[Any]) -> Iterator[tuple[int, int]]:
    open_brackets: list[str] = []
    start, skipped = -1, False
    for before, token, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        if skipped:
            skipped = False
            continue
        doubled = after is not None and after.name == token.name and after.start == token.start + 1
        if token.name == "ASCII_91":
            within_array = bool(open_brackets) and open_brackets[-1] == "array"
            if doubled and not within_array and (before is None or before.name != "ARRAY"):
                if start >= 0:
                    raise QueryRefused(
                        f"Optional parts cannot lie in each other{place_of(sql, token.start)}. Close the first one with ]] before.",
                        position=token.start,
                    )
                start, skipped = token.start, True
                open_brackets.append("part")
            else:
                open_brackets.append("array" if within_array or (before is not None and before.name == "ARRAY") else "plain")
        elif token.name == "ASCII_93":
            if open_brackets and open_brackets[-1] != "part":
                open_brackets.pop()
            elif doubled and open_brackets:
                open_brackets.pop()
                yield start, token.start + 2
                start, skipped = -1, True
            elif doubled:
                raise QueryRefused(
                    f"This ]] closes no optional part{place_of(sql, token.start)}. Open it with [[, or take it out.", position=token.start
                )
    if start >= 0:
        raise QueryRefused(f"The optional part{place_of(sql, start)} is never closed. Write ]] where it ends.", position=start)


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)
