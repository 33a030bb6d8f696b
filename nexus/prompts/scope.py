"""Of whom a figure speaks: which rows its passage names for it."""

import re
from collections.abc import Iterator, Sequence
from functools import cached_property

from nexus.prompts import passages
from nexus.prompts.evidence import Group, Rows
from nexus.prompts.figures import Figure
from nexus.prompts.mentions import Mention
from nexus.prompts.passages import Passage
from nexus.prompts.sent import Sent, SentTable

_PRONOUN = re.compile(
    r"[\s*_>-]*(?:(?:yet|but|and|however|still|overall|with|in|pero|y|und|aber),? )?(?:its?|they|their|this|that|these|su|sus|esta|ihre|seine|sie|he|she)\b",
    re.I,
)
"""How a passage begins that goes on about the one before."""


def label(table: SentTable, row: int) -> str:
    """`row 3 (carrier = UA)`: a row by its number and its first name or moment."""
    for column in table.columns:
        if (column.kind != "number" or column.is_key) and column.texts[row]:
            return f"row {row + 1} ({column.name} = {column.texts[row][:60]})"
    return f"row {row + 1}"


_ASIDE = re.compile(
    r"\b(?:by|with|to|than|unlike|like|against|versus|vs\.?|after|behind|as|von|mit|als|nach|gegenüber|con|que|por|como|tras|a)\s+(?:the\s+)?[*_]*$",
    re.I,
)
"""Before a name that is not what the passage speaks of."""


class Scope:
    """Of whom a figure speaks: the rows that it may be of, by table, and the groups of rows that the passage names."""

    def __init__(self, text: str, passage: Passage, figure: Figure, data: Sent, last: Sequence[Mention]) -> None:
        self._data = data
        before = [mention for mention in passage.mentions if mention.end <= figure.start]
        subject = list(last[:1]) if _PRONOUN.match(text, passage.start, passage.end) and last and last[0].is_known else []
        led = [*subject, *before]
        after = [mention for mention in passage.mentions if mention.start >= figure.end]
        nearest = [*reversed(passages.runs(text, before))]
        unknown = self._unknown_subject(text, passage, figure, before)
        own = passages.attached(text, passage, figure)
        turn = self._in_turn(text, passage, figure, led)
        chosen = [turn] if turn else ([own] if own else []) + nearest
        if not chosen and subject:
            chosen = [subject]
        if not chosen and after and not self._is_of_next(text, passage, figure, after[0]):
            chosen = passages.runs(text, after)[:1]
        if turn:
            chosen += [run for run in nearest if not any(mention in run for mention in turn)]
        if len(chosen) > 1 and not own and not turn and not any(mention.is_known for mention in chosen[0]) and not unknown:
            chosen = chosen[1:]
        self.is_of_unknown = bool(unknown) or (
            bool(chosen) and not any(mention.is_known for mention in chosen[0]) and not all(m.is_moment for m in chosen[0])
        )
        self.allowed = self._intersected(chosen)
        if self.is_of_unknown:
            self.allowed = {at: frozenset() for at in range(len(data.tables))}
        spoken = bool(self.allowed)
        self.carried = {} if (spoken and not subject) or passage.head else self._intersected([[mention] for mention in last[:1]])
        runs = [*([own] if own else []), *([turn] if turn else []), *nearest, *passages.runs(text, after)]
        self._of_groups = (runs, last if subject or not before else ())
        self.later = frozenset((table, rows) for run in passages.runs(text, after)[:1] for table, rows in _united(run).items())
        self.listed = max((_different(run) for run in passages.runs(text, passage.mentions)), default=0)
        self.listed = max(self.listed, _different([mention for mention in after if mention.places]))

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Groups of rows that the passage names: made only for figures that are to be worked out."""
        return tuple(self._groups(*self._of_groups))

    @staticmethod
    def _unknown_subject(text: str, passage: Passage, figure: Figure, before: Sequence[Mention]) -> bool:
        """Whether somebody unknown is spoken of since the figure before: `Acme in Boston sold 5`, but not `Boston, led by Acme, sold 5`."""
        since = max((other.end for other in passage.figures if other.end <= figure.start), default=passage.start)
        near = [mention for mention in before if mention.start >= since and not mention.is_moment]
        return any(
            not mention.is_known and not _ASIDE.search(text[max(passage.start, mention.start - 24) : mention.start]) for mention in near
        ) and not any(mention.is_known for mention in near[:1])

    @staticmethod
    def _is_of_next(text: str, passage: Passage, figure: Figure, mention: Mention) -> bool:
        """Whether a name after a figure, behind a comma, leads to another figure: `5 euros, in August 6`."""
        follows = any(other.start >= mention.end for other in passage.figures)
        return follows and bool(re.search(r"[,;]", text[figure.end : mention.start]))

    @staticmethod
    def _in_turn(text: str, passage: Passage, figure: Figure, before: Sequence[Mention]) -> list[Mention]:
        """The name that stands in a list where the figure stands in a list of figures: `A and B had 5 and 6`."""
        at, count = passages.in_turn(text, passage, figure)
        if count < 2:
            return []
        first = passage.figures[passage.figures.index(figure) - at]
        apart: list[list[Mention]] = []
        for mention in before:
            if passage.start <= first.start < mention.end:
                continue
            if apart and _rows_of(apart[-1][0]) == _rows_of(mention):
                apart[-1].append(mention)
            elif mention.places:
                apart.append([mention])
        alike = [same for same in apart if same[0].places.keys() & apart[-1][0].places.keys()] if apart else []
        return alike[-count:][at] if len(alike) >= count else []

    def _intersected(self, chosen: Sequence[Sequence[Mention]]) -> dict[int, Rows]:
        """Rows that bear all of the names, the nearest first; a farther name of the same column gives way."""
        allowed: dict[int, Rows] = {}
        used: set[tuple[int, int, int]] = set()
        for run in chosen:
            kinds: dict[frozenset[tuple[int, int, int]], dict[int, Rows]] = {}
            for mention in run:
                if mention.places:
                    merged = kinds.setdefault(frozenset(mention.places), {})
                    for table, rows in _rows_of(mention).items():
                        merged[table] = merged.get(table, frozenset()) | rows
            taken: set[tuple[int, int, int]] = set()
            for places, by_table in kinds.items():
                for table, rows in by_table.items():
                    if {place for place in places if place[0] == table} & used:
                        continue
                    both = allowed[table] & rows if table in allowed else rows
                    allowed[table] = both or allowed.get(table, rows)
                taken |= places
            used |= taken
        return allowed

    def _groups(self, runs: Sequence[Sequence[Mention]], last: Sequence[Mention]) -> Iterator[Group]:
        """The rows allowed together, those of each name, those of each list of names, and those between two moments."""
        seen: set[tuple[int, Rows]] = set()
        tables = self._data.tables

        def group(table: int, rows: Rows, label_: str) -> Iterator[Group]:
            if rows and (table, rows) not in seen:
                seen.add((table, rows))
                shown = label(tables[table], next(iter(rows))) if len(rows) == 1 else f"{len(rows):,} rows ({label_})"
                yield Group(table, rows, shown)

        for table, rows in {**self.carried, **self.allowed}.items():
            yield from group(table, rows, "named here")
        for run in runs:
            for mention in run:
                for table, rows in _rows_of(mention).items():
                    yield from group(table, rows, mention.text)
            for table, rows in _united(run).items():
                yield from group(table, rows, ", ".join(mention.text for mention in run)[:80])
        everyone = [mention for run in runs for mention in run]
        for table, rows in _united(everyone).items():
            yield from group(table, rows, "all named here")
        moments = [mention for mention in everyone if mention.is_moment]
        for table, rows in _united(moments).items() if len(moments) > 1 else ():
            yield from group(table, frozenset(range(min(rows), max(rows) + 1)), "from first to last")
        for mention in last:
            for table, rows in _rows_of(mention).items():
                yield from group(table, rows, mention.text)


def _rows_of(mention: Mention) -> dict[int, Rows]:
    rows: dict[int, Rows] = {}
    for (table, _, _), own in mention.places.items():
        rows[table] = rows.get(table, frozenset()) | own
    return rows


def _united(mentions: Sequence[Mention]) -> dict[int, Rows]:
    rows: dict[int, Rows] = {}
    for mention in mentions:
        for table, own in _rows_of(mention).items():
            rows[table] = rows.get(table, frozenset()) | own
    return rows


def _different(mentions: Sequence[Mention]) -> int:
    """How many rows or so the names stand for: `United (UA)` counts once."""
    return len({tuple(sorted(_rows_of(mention).items(), key=lambda item: item[0])) for mention in mentions if mention.places})
