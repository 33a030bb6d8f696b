"""A result's rows as texts on paper, formatted when they are printed, and the row of their totals."""

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta, tzinfo
from decimal import Decimal
from typing import Any, Literal, overload

from nexus.sources.spec import Column, Table
from nexus.views import format as written
from nexus.views.appearance import Format

Total = Literal["sum", "mean"]
MEANS = re.compile(r"(^|_)(avg|average|mean|median|rate|ratio|share|percent|pct|score|price|delay|speed|p\d\d)(_|$)", re.IGNORECASE)
NAMES = re.compile(
    r"(^|_)(id|key|no|nr|number|code|zip|year|quarter|month|week|weekday|day|hour|minute|lat|lon|latitude|longitude|rank|version|port|phone)(_|$)",
    re.IGNORECASE,
)
"""Columns of figures that are no amounts: to add them up says nothing."""
Shape = tuple[int, Format | None, Column]
"""Position of a column in the result, its format, and itself."""


class Written(Sequence[tuple[str, ...]]):
    """Texts of a result's rows, which may lie in a file. Nothing is kept but the longest text of each column."""

    def __init__(self, table: Table, shapes: Sequence[Shape], *, zone: tzinfo, count: int) -> None:
        self._rows, self._shapes, self._zone, self._count = table.rows, shapes, zone, count
        self.longest = self._longest()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        for number, row in enumerate(self._rows):
            if number == self._count:
                return
            yield self._texts(row)

    @overload
    def __getitem__(self, at: int) -> tuple[str, ...]: ...
    @overload
    def __getitem__(self, at: slice) -> list[tuple[str, ...]]: ...
    def __getitem__(self, at: int | slice) -> tuple[str, ...] | list[tuple[str, ...]]:
        if isinstance(at, slice):
            return [self._texts(row) for row in self._rows[slice(*at.indices(self._count))]]
        return self._texts(self._rows[range(self._count)[at]])

    def _texts(self, row: Sequence[Any]) -> tuple[str, ...]:
        return tuple(written.text(row[at], style, column, zone=self._zone) for at, style, column in self._shapes)

    def _longest(self) -> tuple[str, ...]:
        longest = [""] * len(self._shapes)
        for texts in self:
            for at, text in enumerate(texts):
                if len(text) > len(longest[at]):
                    longest[at] = text
        return tuple(longest)


def totals(table: Table, shapes: Sequence[Shape], *, zone: tzinfo) -> tuple[str, ...]:
    """A text for each column: its sum or mean, where it has one; nothing when none has, or when rows are missing."""
    kinds = [total_of(column, style) for _, style, column in shapes]
    if table.truncated or table.row_count < 2 or not any(kinds):
        return ()
    texts = [
        _text(kind, (row[at] for row in table.rows), style, column, zone) if kind else ""
        for kind, (at, style, column) in zip(kinds, shapes, strict=True)
    ]
    if not any(texts):
        return ()
    if not texts[0]:
        texts[0] = "Total"
    return tuple(texts)


def total_of(column: Column, style: Format | None) -> Total | None:
    """What stands below a column: as its format says, else by what it is."""
    if style and style.total:
        return None if style.total == "none" else style.total
    if column.kind not in ("number", "duration") or (style and style.style in ("weekday", "month", "boolean")):
        return None
    if style and style.style in ("percent", "progress"):
        return "mean"
    if NAMES.search(column.name):
        return None
    return "mean" if MEANS.search(column.name) else "sum"


def _text(kind: Total, values: Iterator[Any], style: Format | None, column: Column, zone: tzinfo) -> str:
    """Nothing for a column without figures, or with one that is none."""
    found: Any = None
    count = 0
    for value in values:
        if value is None:
            continue
        if not isinstance(value, timedelta) and (
            isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not written.finite(value)
        ):
            return ""
        added = Decimal(str(value)) if isinstance(value, float) else value
        found, count = added if found is None else found + added, count + 1
    if not count:
        return ""
    if kind == "sum":
        return written.text(found, style, column, zone=zone)
    mean = found / count if isinstance(found, timedelta) else Decimal(found) / count
    if isinstance(mean, Decimal) and (style is None or style.style in ("plain", "number")):
        mean = round(mean, 2 if style is None or style.decimals is None else style.decimals).normalize() + 0
    return f"⌀ {written.text(mean, style, column, zone=zone)}"
