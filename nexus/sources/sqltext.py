"""The text of a statement: its tokens, the `:name` places in it, and the text that grammar and driver are given instead."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pglast import scan
from pglast.parser import ParseError

from nexus.sources.spec import NotSql, QueryRefused, QueryTooBig

MAX_CHARACTERS = 100_000
MAX_TOKENS = 10_000
"""Postgres's grammar builds a chain of operators as a nest; 5,000 deep is far from the end of a thread's stack."""
MAX_DEPTH = 100


@dataclass(frozen=True)
class Piece:
    """A part of the text for the driver: `text`, or the value of `parameter`. `offset`: where it stands in the statement as typed; none for what we add."""

    offset: int | None
    text: str = ""
    parameter: str = ""


@dataclass(frozen=True)
class Place:
    """A `:name` in the text, by character offsets."""

    start: int
    end: int
    name: str


def tokens_of(sql: str) -> list[Any]:
    """The tokens without comments. Refuses what is too long or too deep before any recursive code sees it."""
    if len(sql) > MAX_CHARACTERS:
        raise QueryTooBig(f"This statement is too long: {len(sql):,} characters, and {MAX_CHARACTERS:,} are allowed.")
    if "\0" in sql or any("\ud800" <= character <= "\udfff" for character in sql):
        raise QueryRefused("The statement holds a character that no text can hold (NUL, or half of a pair).")
    try:
        tokens = [token for token in scan(sql) if token.name not in ("SQL_COMMENT", "C_COMMENT")]
    except ParseError as error:
        raise syntax_error(sql, error, None) from None
    if not tokens:
        raise QueryRefused("Write one SELECT. There is none.")
    if len(tokens) > MAX_TOKENS:
        raise QueryTooBig(
            f"This statement has too many parts: {len(tokens):,}, and {MAX_TOKENS:,} are allowed. Put lists into a parameter."
        )
    depth = 0
    for token in tokens:
        if token.name in ("ASCII_40", "ASCII_91", "CASE"):
            depth += 1
            if depth > MAX_DEPTH:
                raise QueryTooBig(f"This statement is nested too deeply{place_of(sql, token.start)}; {MAX_DEPTH} levels are allowed.")
        elif token.name in ("ASCII_41", "ASCII_93", "END_P"):
            depth -= 1
    return tokens


def places_of(sql: str, tokens: list[Any], names: frozenset[str] | None) -> Iterator[Place]:
    """Each `:name`. In `a[x:y]` it is a slice, unless a parameter of that name is given.

    With `names`, one that is not among them is refused; without, every one outside brackets counts.
    """
    brackets = 0
    for number, token in enumerate(tokens):
        if token.name == "ASCII_91":
            brackets += 1
        elif token.name == "ASCII_93":
            brackets -= 1
        elif token.name == "PARAM":
            raise QueryRefused(
                f"Name parameters as :name; {sql[token.start : token.end + 1]} is not known{place_of(sql, token.start)}.",
                position=token.start,
            )
        if token.name != "ASCII_58" or number + 1 == len(tokens):
            continue
        following = tokens[number + 1]
        name = sql[following.start : following.end + 1]
        if following.start != token.end + 1 or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            continue
        if names is None or name not in names:
            if brackets:
                continue
            if names is not None:
                raise NotSql(
                    f"The parameter :{name}{place_of(sql, token.start)} is not defined. Add it to the parameters, or remove it.",
                    position=token.start,
                )
        yield Place(start=token.start, end=following.end + 1, name=name)


def without_marks(sql: str, tokens: list[Any]) -> str:
    """The text with blanks for the `[[` and `]]` of optional parts, so that every other character stays where it is."""
    open_: list[bool] = []
    blanked = list(sql)
    skip = -1
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        doubled = following is not None and following.name == token.name and following.start == token.end + 1
        if token.start == skip or token.name not in ("ASCII_91", "ASCII_93"):
            continue
        mark = doubled if token.name == "ASCII_91" else bool(doubled and open_ and open_[-1])
        if token.name == "ASCII_91":
            open_.append(mark)
        elif open_:
            open_.pop()
        if mark:
            skip = following.start
            blanked[token.start : token.end + 2] = "  "
    return "".join(blanked)


def numbered_for(sql: str, places: list[Place]) -> tuple[str, list[tuple[int, int]]]:
    """The text with `$1`, `$2` … for the grammar, and pairs (offset there, offset in the original) to point back with."""
    pieces: list[str] = []
    origin: list[tuple[int, int]] = [(0, 0)]
    at = length = 0
    for number, place in enumerate(places, start=1):
        # A space behind: in `:a:b` or `:a1` nothing may grow together.
        pieces += [sql[at : place.start], f"${number} "]
        length += place.start - at + len(pieces[-1])
        at = place.end
        origin.append((length, at))
    pieces.append(sql[at:])
    return "".join(pieces), origin


QUALIFIER = "pg_catalog."
"""Written before every function, so that `lower(x)` cannot mean one that somebody else put into another schema."""


def pieces_of(numbered: str, unqualified: list[int], places: list[Place], origin: list[tuple[int, int]]) -> tuple[Piece, ...]:
    """The statement for the driver, in pieces: text as typed, `pg_catalog.` before functions, and places of parameters."""
    cuts: list[tuple[int, int, Piece]] = [(offset, offset, Piece(None, text=QUALIFIER)) for offset in set(unqualified)]
    for token in scan(numbered):
        if token.name == "PARAM":
            place = places[int(numbered[token.start + 1 : token.end + 1]) - 1]
            cuts.append((token.start, token.end + 1, Piece(place.start, parameter=place.name)))
    pieces: list[Piece] = []
    at = typed = 0
    for start, end, piece in sorted(cuts, key=lambda cut: cut[:2]):
        pieces += [Piece(typed, text=numbered[at:start]), piece]
        # Behind a parameter the text for the grammar has a space more.
        at, typed = end, original(end + 1, origin) - 1 if piece.parameter else original(end, origin)
    return (*pieces, Piece(typed, text=numbered[at:]))


def template_of(pieces: tuple[Piece, ...]) -> str:
    """The text for the driver: `%` doubled, and `%(name)s` for parameters."""
    return "".join(f"%({piece.parameter})s" if piece.parameter else piece.text.replace("%", "%%") for piece in pieces)


def typed_at(pieces: tuple[Piece, ...], offset: int, length_of: Callable[[str], int]) -> int | None:
    """Where in the statement as typed the character `offset` of the text sent stands; `length_of` a parameter's value in it."""
    for piece in pieces:
        length = length_of(piece.parameter) if piece.parameter else len(piece.text)
        if offset < length:
            if piece.offset is not None:
                return piece.offset + (0 if piece.parameter else offset)
            # What we wrote before a function means the function.
            offset = length
        offset -= length
    return None


def place_of(sql: str, offset: int | None) -> str:
    if offset is None or offset < 0:
        return ""
    before = sql[:offset]
    return f" (line {before.count(chr(10)) + 1}, column {offset - (before.rfind(chr(10)) + 1) + 1})"


def original(offset: int, origin: list[tuple[int, int]]) -> int:
    there, here = max((pair for pair in origin if pair[0] <= offset), default=(0, 0))
    return here + offset - there


def syntax_error(sql: str, error: ParseError, origin: list[tuple[int, int]] | None) -> QueryRefused:
    reason = str(error.args[0]) if error.args else "syntax error"
    offset = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else None
    if offset is not None and origin:
        offset = original(offset, origin)
    if "memory exhausted" in reason or "stack depth" in reason:
        return QueryRefused(f"This statement is nested too deeply{place_of(sql, offset)}.", position=offset)
    reason = re.sub(r", at index \d+$", "", reason)
    reason = re.sub(r'"(.{60}).+"', r'"\1…"', reason, flags=re.DOTALL)
    return NotSql(f"This is not valid SQL: {reason}{place_of(sql, offset)}.", position=offset)
