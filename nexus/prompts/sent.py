"""The data that was sent, read back from the request itself: what a rule kept back is not in it, and what is in it left."""

import csv
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

_FENCE = re.compile(r'^<(data-[0-9a-f]{1,64}) name="([^"\n]*)"[^\n]*>$', re.M)
_NUMBER = re.compile(r"[+-]?\d{1,300}(?:\.\d{1,300})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)\S*)?", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d)(?::\d\d\S*)?", re.ASCII)
_SHARE_NAMES = ("share", "rate", "percent", "pct", "ratio", "proportion")


class Column:
    """One column of a table as it was sent: texts, and what they are of: `number`, `date`, `time` or `text`."""

    def __init__(self, name: str, texts: Sequence[str]) -> None:
        self.name = name
        self.texts = texts
        self.kind = _kind(texts)
        self.kept: dict[frozenset[int], list[tuple[str, float, str]]] = {}
        """What was made of some of its rows: what, the value, and by which weights."""

    @cached_property
    def numbers(self) -> list[float | None]:
        """By row; None where there is none."""
        if self.kind != "number":
            return [None] * len(self.texts)
        return [float(text) if text else None for text in self.texts]

    @cached_property
    def in_order(self) -> tuple[list[float], list[int]]:
        """The numbers from the least to the greatest, and their rows."""
        pairs = sorted((value, row) for row, value in enumerate(self.numbers) if value is not None)
        return [value for value, _ in pairs], [row for _, row in pairs]

    @cached_property
    def total(self) -> float:
        return sum(self.in_order[0])

    @cached_property
    def dates(self) -> list[date | None]:
        return [_date(text) if self.kind == "date" else None for text in self.texts]

    @cached_property
    def times(self) -> list[int | None]:
        """Minutes after midnight, by row."""
        return [_minutes(text) if self.kind == "time" else None for text in self.texts]

    @cached_property
    def is_share(self) -> bool:
        """Holds shares of one: 0.25 for 25 %."""
        values, _ = self.in_order
        within_one = bool(values) and values[0] >= -1 and values[-1] <= 1
        return within_one and (any(value != int(value) for value in values) or self.is_called_share)

    @cached_property
    def is_called_share(self) -> bool:
        return any(part in self.name.lower() for part in _SHARE_NAMES)

    @cached_property
    def goes_below_zero(self) -> bool:
        values, _ = self.in_order
        return bool(values) and values[0] < 0

    @cached_property
    def is_whole(self) -> bool:
        values, _ = self.in_order
        return bool(values) and all(value == int(value) for value in values)

    @cached_property
    def adds_up(self) -> bool:
        """Whether a sum of it is of something: counts, amounts and the like, but no averages, prices and keys."""
        return not self.is_key and not self.is_share and (self.is_whole or bool(_AMOUNT.search(self.name.lower())))

    @cached_property
    def is_key(self) -> bool:
        """Whole numbers that name rows rather than measure them: an hour, a month, a number of something."""
        name = self.name.lower()
        return self.is_whole and (bool(_KEY.search(name)))

    def between(self, low: float, high: float) -> list[int]:
        """Rows whose value lies between."""
        values, rows = self.in_order
        return rows[bisect_left(values, low) : bisect_right(values, high)]

    def count_between(self, low: float, high: float) -> int:
        values, _ = self.in_order
        return bisect_right(values, high) - bisect_left(values, low)


_AMOUNT = re.compile(
    r"revenue|sales|cost|amount|total|sum|value|spend|income|profit|budget|turnover|volume|weight|kwh|hours|umsatz|kosten|betrag|gewinn|ingreso|importe|coste|venta"
)
_KEY = re.compile(r"(?:^|_)(?:hour|month|year|day|week|weekday|quarter|id|number|no|rank|hora|mes|año|dia|stunde|monat|jahr|tag|woche)$")


@dataclass(frozen=True)
class SentTable:
    """Rows of a data block. A block whose rules keep some columns to statistics has a second table, of those."""

    block: str
    columns: tuple[Column, ...]
    rows: int

    @cached_property
    def numeric(self) -> tuple[int, ...]:
        return tuple(at for at, column in enumerate(self.columns) if column.kind == "number")

    @cached_property
    def texts(self) -> tuple[int, ...]:
        return tuple(at for at, column in enumerate(self.columns) if column.kind == "text")

    @cached_property
    def every_row(self) -> frozenset[int]:
        return frozenset(range(self.rows))

    def row(self, at: int) -> tuple[str, ...]:
        return tuple(column.texts[at] for column in self.columns)


@dataclass(frozen=True)
class Sent:
    """All of one request: its tables, and its words without them."""

    tables: tuple[SentTable, ...]
    words: str


def read(*texts: str) -> Sent:
    """The tables between the fences of a request's texts, and all the rest as words."""
    tables: list[SentTable] = []
    words: list[str] = []
    for text in texts:
        at = 0
        while fence := _FENCE.search(text, at):
            close = text.find(f"\n</{fence.group(1)}>", fence.end())
            if close < 0:
                break
            words.append(text[at : fence.start()])
            tables += _tables(fence.group(2), text[fence.end() + 1 : close + 1])
            at = close + len(fence.group(1)) + 4
        words.append(text[at:])
    return Sent(tuple(tables), "\n".join(words))


def _tables(block: str, body: str) -> Iterator[SentTable]:
    """Each table of a block: CSV lines under a head; an empty line or one that ends in a colon stands before another."""
    lines: list[str] = []
    for line in [*body.split("\n"), ""]:
        if line.strip() and not (line.endswith(":") and "," not in line):
            lines.append(line)
            continue
        if lines:
            yield table(block, *_cells(lines))
        lines = []


def _cells(lines: list[str]) -> tuple[list[str], list[list[str]]]:
    head, *rows = csv.reader(lines)
    return head, rows


def table(block: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> SentTable:
    columns = (Column(name, [row[at] if at < len(row) else "" for row in rows]) for at, name in enumerate(head))
    return SentTable(block, tuple(columns), len(rows))


def _kind(texts: Sequence[str]) -> str:
    there = [text for text in texts if text]
    for kind, pattern in (("number", _NUMBER), ("date", _DATE), ("time", _TIME)):
        if there and all(pattern.fullmatch(text) for text in there):
            return kind
    return "text"


def _date(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    try:
        return date(*map(int, found.group(1, 2, 3))) if found else None
    except ValueError:
        return None


def _minutes(text: str) -> int | None:
    found = _TIME.fullmatch(text)
    return int(found.group(1)) * 60 + int(found.group(2)) if found else None
