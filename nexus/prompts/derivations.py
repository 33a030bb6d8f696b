"""What can be worked out from the data that was sent, tried in a fixed order over the rows and columns that a passage names.

The search is bounded so that a match by chance stays rare: sums, means and the like are taken over the named rows, or all;
differences, ratios and changes between rows that are named; columns that the words around the figure name come first, and
others only count for figures of three digits or more.
"""

import re
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from nexus.prompts.figures import MINUTES, Figure, interval
from nexus.prompts.sent import Column, Sent, SentTable
from nexus.prompts.wording import is_named, number, ordered, rows_in_words, stems, values_of

Kind = Literal["amount", "share", "ratio", "change", "points"]
Rows = frozenset[int]

MOST_NAMED = 8
"""Named groups of rows that are compared with each other."""
MOST_COLUMNS = 12
MOST_WEIGHTS = 2
MOST_THRESHOLDS = 4

_OVERALL = re.compile(
    r"\b(?:overall|average\w*|mean|median|across|all|every|total|altogether|typical\w*|combined|together|sum|whole|entire|industry|year"
    r"|promedio|media|mediana|todos|todas|conjunto|insgesamt|gesamt\w*|durchschnitt\w*|mittel\w*|alle)\b",
    re.I,
)
_MEDIAN = re.compile(r"\b(?:median\w*|typical\w*|half|mitad|hälfte)\b", re.I)
_PER = re.compile(r"\b(?:per|each|apiece|por|pro|je|average|promedio|media)\b", re.I)
_MORE = re.compile(
    r"\b(?:more|fewer|less|gap|differ\w*|higher|lower|above|below|rose|rise|fell|fall|increas\w*|decreas\w*|declin\w*|drop\w*|grew|up|down|ahead"
    r"|behind|between|improv\w*|worse\w*|better|longer|shorter|faster|slower|spread|range|margin|by|over|than|chang\w*|más|menos|diferencia"
    r"|aument\w*|subi\w*|baj\w*|mehr|weniger|unterschied|gestiegen|gesunken|mayor|menor|superior|inferior|höher|niedriger)\b",
    re.I,
)


@dataclass(frozen=True)
class Evidence:
    """What stands behind a figure: a sentence, and the rows of each table."""

    how: str
    rows: dict[int, Rows] = field(default_factory=dict)
    derived: bool = True
    value: float | None = None
    column: tuple[int, int] | None = None


@dataclass(frozen=True)
class Group:
    """Rows of a table that a passage speaks of, and what it calls them."""

    table: int
    rows: Rows
    label: str
    is_named: bool = True


@dataclass(frozen=True)
class Question:
    """A figure with what is around it."""

    figure: Figure
    words: str
    groups: tuple[Group, ...]
    """Those that the passage names, the nearest first."""
    constrained: frozenset[int]
    """Tables of which the passage names rows."""
    beside: tuple[Evidence, ...]
    """What was found for the other figures of the passage."""
    listed: int = 0
    """How many names the passage lists."""
    top: int = 0
    """N, where the passage speaks of a top N."""
    thresholds: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class _Try:
    value: float
    kind: Kind
    how: str
    rows: dict[int, Rows]
    digits: int
    column: tuple[int, int] | None = None


def derive(question: Question, sent: Sent) -> Evidence | None:
    """The first derivation that gives the figure."""
    for attempt in _attempts(question, sent):
        if says(question.figure, attempt.value, attempt.kind) and _enough(question.figure, attempt.digits):
            return Evidence(attempt.how, attempt.rows, True, attempt.value, attempt.column)
    return None


def says(figure: Figure, value: float, kind: Kind) -> bool:
    """Whether the figure can mean `value`: a share or change as a percentage, an amount as it is; a sign only where one is written."""
    if figure.role in ("rank", "top"):
        return False
    allowed: dict[str, tuple[Kind, ...]] = {
        "percent": ("share", "change", "points"),
        "points": ("points", "share"),
        "times": ("ratio",),
        "duration": ("amount",),
        "number": ("amount", "share", "ratio"),
    }
    if kind not in allowed[figure.role]:
        return False
    factor = 100.0 if figure.role in ("percent", "points") else 1.0
    meant = value * factor
    if not figure.signed:
        meant = abs(meant)
    elif kind in ("change", "points"):
        meant = abs(meant) if figure.readings and figure.readings[0].value > 0 else -abs(meant)
    own = MINUTES.get(figure.unit, 1.0)
    for reading in figure.readings:
        low, high = interval(figure, reading)
        if low <= meant <= high or low <= meant * own <= high:
            return True
    return False


def _enough(figure: Figure, digits: int) -> bool:
    by_nature = figure.in_words and figure.role in ("percent", "times")
    return by_nature or digits <= 1 or any(reading.digits >= digits for reading in figure.readings)


def _attempts(question: Question, sent: Sent) -> Iterator[_Try]:
    yield from _counts(question, sent)
    yield from _of_figures(question)
    yield from _of_groups(question, sent)
    yield from _between_groups(question, sent)
    yield from _within_rows(question, sent)
    yield from _of_everything(question, sent)


# Counts


def _counts(question: Question, sent: Sent) -> Iterator[_Try]:
    if question.figure.role != "number" or not any(reading.step == 1 for reading in question.figure.readings):
        return
    after = question.words.lower()
    for at, table in enumerate(sent.tables):
        if not question.figure.hedge:
            yield _Try(table.rows, "amount", f"`{table.block}` has {rows_in_words(table.rows)}", {at: table.every_row}, 2)
        named = bool({*stems(after)} & {*stems(table.block), "row", "fila", "zeile"})
        every = table.every_row
        for column in table.columns:
            if named or ((column.kind != "number" or column.is_key) and is_named(column, after)):
                yield _Try(table.rows, "amount", f"`{table.block}` has {rows_in_words(table.rows)}", {at: every}, 1)
                if column.kind != "number":
                    distinct = len({text for text in column.texts if text})
                    yield _Try(distinct, "amount", f"{distinct:,} different values of `{column.name}`", {at: every}, 1)
        yield from _counts_past(question, at, table)
    for group in question.groups:
        if len(group.rows) > 1:
            yield _Try(len(group.rows), "amount", group.label, {group.table: group.rows}, 1)
    if question.listed:
        rows: dict[int, Rows] = {}
        for group in question.groups:
            rows[group.table] = rows.get(group.table, frozenset()) | group.rows
        yield _Try(question.listed, "amount", f"{question.listed} are named with it", rows, 1)


def _counts_past(question: Question, at: int, table: SentTable) -> Iterator[_Try]:
    """How many rows lie past a figure that stands beside, or below zero."""
    for column in ordered(table, question.words):
        share = column.is_share
        if not is_named(column, question.words):
            continue
        for threshold in question.thresholds[:MOST_THRESHOLDS]:
            if threshold.readings and (threshold.role == "percent") == share:
                limit = threshold.readings[0].value / (100 if threshold.role == "percent" else 1)
                for above in (True, False):
                    if not says(question.figure, _count_past(column, limit, above=above), "amount"):
                        continue
                    rows = frozenset(_past(column, limit, above=above))
                    how = f"{len(rows):,} of {rows_in_words(table.rows)} have `{column.name}` {'above' if above else 'below'} {threshold.text.strip()}"
                    if rows:
                        yield _Try(len(rows), "amount", how, {at: rows}, 1, (at, table.columns.index(column)))
        if re.search(r"\b(?:early|negative|ahead|temprano|negativ|adelantad)", question.words, re.I):
            rows = frozenset(_past(column, 0, above=False))
            if rows:
                yield _Try(len(rows), "amount", f"{len(rows):,} of {rows_in_words(table.rows)} have `{column.name}` below 0", {at: rows}, 1)


def _past(column: Column, limit: float, *, above: bool) -> Iterable[int]:
    values, rows = column.in_order
    return rows[bisect_right(values, limit) :] if above else rows[: bisect_left(values, limit)]


def _count_past(column: Column, limit: float, *, above: bool) -> int:
    values, _ = column.in_order
    return len(values) - bisect_right(values, limit) if above else bisect_left(values, limit)


def threshold(figure: Figure, counted: Sequence[Evidence]) -> Evidence | None:
    """A figure that another one counted past: `five have fewer than 1,000`."""
    for evidence in counted:
        if evidence.how.endswith((f"above {figure.text.strip()}", f"below {figure.text.strip()}")):
            return Evidence(evidence.how, evidence.rows)
    return None


# From other figures of the same passage


def _of_figures(question: Question) -> Iterator[_Try]:
    beside = [evidence for evidence in question.beside if evidence.value is not None][:6]
    for one, other in combinations(beside, 2):
        if one.value is None or other.value is None or not one.value or not other.value:
            continue
        rows = {
            table: one.rows.get(table, frozenset()) | other.rows.get(table, frozenset()) for table in one.rows.keys() | other.rows.keys()
        }
        same = one.column == other.column
        for a, b in ((one.value, other.value), (other.value, one.value)):
            if 0 < a / b < 1:
                yield _Try(a / b, "share", f"{number(a)} of {number(b)}", rows, 2)
            if same:
                yield _Try(a / b, "ratio", f"{number(a)} divided by {number(b)}", rows, 2)
                yield _Try(a / b - 1, "change", f"from {number(b)} to {number(a)}", rows, 2)
        if same and _MORE.search(question.words):
            small = abs(one.value) <= 1 and abs(other.value) <= 1
            yield _Try(one.value - other.value, "points" if small else "amount", f"{number(one.value)} less {number(other.value)}", rows, 2)
    if len(beside) >= 2 and len({evidence.column for evidence in beside}) == 1:
        total = sum(evidence.value or 0 for evidence in beside)
        yield _Try(total, "amount", f"the sum of the {len(beside)} figures beside it", _joined(beside), 2)


def _joined(evidence: Sequence[Evidence]) -> dict[int, Rows]:
    rows: dict[int, Rows] = {}
    for each in evidence:
        for table, own in each.rows.items():
            rows[table] = rows.get(table, frozenset()) | own
    return rows


# Over groups of rows


def _of_groups(question: Question, sent: Sent) -> Iterator[_Try]:
    for group in _all_groups(question, sent):
        table = sent.tables[group.table]
        for column in ordered(table, question.words):
            at = (group.table, table.columns.index(column))
            digits = 2 if is_named(column, question.words) else 3
            if len(group.rows) > 1:
                yield from _aggregates(question.figure, column, table, group, digits=digits, at=at)
            if not column.is_share and len(group.rows) < table.rows:
                yield from _share_of_all(column, table, group, at)


def _all_groups(question: Question, sent: Sent) -> Iterator[Group]:
    yield from question.groups
    if question.top:
        for at, table in enumerate(sent.tables):
            for column in ordered(table, question.words)[:6]:
                _, rows = column.in_order
                for part, word in ((rows[-question.top :], "greatest"), (rows[: question.top], "least")):
                    yield Group(at, frozenset(part), f"the {question.top} rows with the {word} `{column.name}`")


def _aggregates(figure: Figure, column: Column, table: SentTable, group: Group, *, digits: int, at: tuple[int, int]) -> Iterator[_Try]:
    kind: Kind = "share" if column.is_share else "amount"
    if group.rows not in column.kept:
        column.kept[group.rows] = [*_made_of(column, table, group.rows)]
    for what, value, by in column.kept[group.rows]:
        if says(figure, value, kind):
            yield _Try(value, kind, f"{what} of `{column.name}` over {group.label}{by}", {group.table: group.rows}, digits, at)


def _made_of(column: Column, table: SentTable, rows: Rows) -> Iterator[tuple[str, float, str]]:
    values = values_of(column, rows)
    if not values:
        return
    if not column.is_share:
        yield "sum", sum(values), ""
    yield "mean", statistics.fmean(values), ""
    yield "median", statistics.median(values), ""
    if not column.is_whole:
        weights = [other for other in table.columns if other.kind == "number" and other.is_whole and not other.is_key]
        for weight in weights[:MOST_WEIGHTS]:
            if (mean := _weighted(column, weight, rows)) is not None:
                yield "mean", mean, f", weighted by `{weight.name}`"


def _weighted(column: Column, weight: Column, rows: Iterable[int]) -> float | None:
    pairs = [(column.numbers[row], weight.numbers[row]) for row in rows]
    there = [(value, share) for value, share in pairs if value is not None and share is not None and share >= 0]
    total = sum(share for _, share in there)
    return sum(value * share for value, share in there) / total if total else None


def _share_of_all(column: Column, table: SentTable, group: Group, at: tuple[int, int]) -> Iterator[_Try]:
    values, _ = column.in_order
    if not column.is_whole or column.is_key or not values or values[0] < 0:
        return
    total, part = column.total, sum(values_of(column, group.rows))
    if total and part:
        how = f"share of {group.label} in the sum of `{column.name}`, {number(part)} of {number(total)}"
        yield _Try(part / total, "share", how, {group.table: group.rows}, 2, at)


def _between_groups(question: Question, sent: Sent) -> Iterator[_Try]:
    compares = bool(_MORE.search(question.words))
    single = [group for group in question.groups if len(group.rows) == 1][:MOST_NAMED]
    for one, other in combinations(single, 2):
        if one.table != other.table or one.rows == other.rows:
            continue
        table = sent.tables[one.table]
        rows = {one.table: one.rows | other.rows}
        for column in ordered(table, question.words):
            a, b = column.numbers[next(iter(one.rows))], column.numbers[next(iter(other.rows))]
            if a is None or b is None:
                continue
            at = (one.table, table.columns.index(column))
            digits = 1 if is_named(column, question.words) else 2
            kind: Kind = "points" if column.is_share else "amount"
            if compares and says(question.figure, a - b, kind):
                yield _Try(a - b, kind, f"difference of `{column.name}` of {one.label} and {other.label}", rows, digits, at)
            for x, y, upper, lower in ((a, b, one, other), (b, a, other, one)):
                if y and (says(question.figure, x / y, "ratio") or says(question.figure, x / y - 1, "change")):
                    named = f"`{column.name}` of {upper.label}, {number(x)}, to that of {lower.label}, {number(y)}"
                    yield _Try(x / y, "ratio", f"ratio of {named}", rows, digits, at)
                    yield _Try(x / y - 1, "change", f"change from `{column.name}` of {lower.label}, {number(y)}, to that of {upper.label}, {number(x)}", rows, digits, at)  # fmt: skip


def _within_rows(question: Question, sent: Sent) -> Iterator[_Try]:
    """Two columns of one named row: a share of a count, one count in another, a difference of two of a kind."""
    for group in question.groups[:MOST_NAMED]:
        if len(group.rows) != 1:
            continue
        table, row = sent.tables[group.table], next(iter(group.rows))
        for one, other in combinations(ordered(table, question.words)[:MOST_COLUMNS], 2):
            yield from _of_two(question, table, group, one, other, row=row)


def _of_two(question: Question, table: SentTable, group: Group, one: Column, other: Column, *, row: int) -> Iterator[_Try]:
    a, b = one.numbers[row], other.numbers[row]
    if a is None or b is None or one.is_key or other.is_key:
        return
    rows = {group.table: group.rows}
    if one.is_share != other.is_share and (one if other.is_share else other).is_whole:
        yield _Try(a * b, "amount", f"`{one.name}` times `{other.name}` of {group.label}", rows, 2)
    if one.is_whole and other.is_whole:
        for x, y, upper, lower in ((a, b, one, other), (b, a, other, one)):
            if y and 0 <= x / y < 1:
                yield _Try(x / y, "share", f"`{upper.name}` of {group.label} in `{lower.name}`, {number(x)} of {number(y)}", rows, 2)
    if _PER.search(question.words):
        for x, y, upper, lower in ((a, b, one, other), (b, a, other, one)):
            if y and not upper.is_share and not lower.is_share:
                yield _Try(x / y, "amount", f"`{upper.name}` by `{lower.name}` of {group.label}, {number(x)} by {number(y)}", rows, 2)
    alike = bool({*stems(one.name)} & {*stems(other.name)}) and _MORE.search(question.words)
    if alike and one.is_share == other.is_share:
        yield _Try(a - b, "points" if one.is_share else "amount", f"`{one.name}` less `{other.name}` of {group.label}", rows, 2)
        for x, y, upper, lower in ((a, b, one, other), (b, a, other, one)):
            if y:
                yield _Try(x / y - 1, "change", f"change from `{lower.name}` to `{upper.name}` of {group.label}", rows, 2)


def _of_everything(question: Question, sent: Sent) -> Iterator[_Try]:
    for at, table in enumerate(sent.tables):
        group = Group(at, table.every_row, f"all {rows_in_words(table.rows)}", is_named=False)
        if table.rows < 2:
            continue
        for column in ordered(table, question.words):
            place = (at, table.columns.index(column))
            digits = 2 if is_named(column, question.words) else 3
            tells = any(reading.digits >= 4 for reading in question.figure.readings)
            if at not in question.constrained or tells or _OVERALL.search(question.words):
                for attempt in _aggregates(question.figure, column, table, group, digits=digits, at=place):
                    # The median of an odd number of rows is the value of one of them, perhaps of the wrong one.
                    if at not in question.constrained or not attempt.how.startswith("median") or _MEDIAN.search(question.words):
                        yield attempt
            values, rows = column.in_order
            if values and re.search(
                r"\b(?:range|gap|spread|differ\w*|between|margin|diferencia|spanne|unterschied)\b", question.words, re.I
            ):
                kind: Kind = "points" if column.is_share else "amount"
                ends = {at: frozenset((rows[0], rows[-1]))}
                yield _Try(values[-1] - values[0], kind, f"greatest less least `{column.name}`", ends, digits, place)
        yield from _totals_in_totals(question, table, group)


def _totals_in_totals(question: Question, table: SentTable, group: Group) -> Iterator[_Try]:
    whole = [column for column in ordered(table, question.words)[:MOST_COLUMNS] if column.is_whole and not column.is_key]
    for one, other in combinations(whole, 2):
        a, b = one.total, other.total
        for x, y, upper, lower in ((a, b, one, other), (b, a, other, one)):
            if y and 0 < x / y < 1 and is_named(upper, question.words):
                yield _Try(
                    x / y,
                    "share",
                    f"sum of `{upper.name}` in the sum of `{lower.name}`, {number(x)} of {number(y)}",
                    {group.table: group.rows},
                    2,
                )


# Ranks


def rank(question: Question, sent: Sent) -> Evidence | None:
    """A rank of a named row, counted from the greatest or the least value of a column."""
    wanted = {round(reading.value) for reading in question.figure.readings}
    for group in question.groups:
        if len(group.rows) != 1:
            continue
        table, row = sent.tables[group.table], next(iter(group.rows))
        for column in _ranked(table, question.words):
            value = column.numbers[row]
            if value is None:
                continue
            above, below = (_count_past(column, value, above=above) + 1 for above in (True, False))
            for place, word in ((above, "greatest"), (below, "least")):
                if place in wanted:
                    how = f"by `{column.name}`, {group.label} is number {place} of {table.rows:,}, counted from the {word}"
                    return Evidence(how, {group.table: group.rows})
    return None


def _ranked(table: SentTable, words: str) -> list[Column]:
    named = [column for column in ordered(table, words) if is_named(column, words)]
    return named or ordered(table, words)[:3]


def top(question: Question, sent: Sent) -> Evidence | None:
    """A top N, of a table with as many rows."""
    wanted = [round(reading.value) for reading in question.figure.readings]
    for at, table in enumerate(sent.tables):
        if wanted and 0 < wanted[0] <= table.rows:
            columns = ordered(table, question.words)
            rows = columns[0].in_order[1][-wanted[0] :] if columns else range(wanted[0])
            of = f", here by `{columns[0].name}`" if columns else ""
            return Evidence(f"{wanted[0]} of {rows_in_words(table.rows)} of `{table.block}`{of}", {at: frozenset(rows)})
    return None
