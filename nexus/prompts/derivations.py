"""What can be worked out from the data that was sent, tried in a fixed order over the rows and columns that a passage names.

The search is bounded so that a match by chance stays rare: sums, means and the like are taken over the named rows, or all;
differences, ratios and changes between rows that are named; columns that the words around the figure name come first, and
others only count for figures of three digits or more.
"""

import re
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, permutations

from nexus.prompts import comparisons
from nexus.prompts.comparisons import MOST_COLUMNS
from nexus.prompts.evidence import Evidence, Group, Kind, Question, Rows, Try, enough, says
from nexus.prompts.figures import MINUTES, Figure
from nexus.prompts.sent import Column, Sent, SentTable
from nexus.prompts.wording import is_named, number, ordered, rows_in_words, stems, values_of

MOST_WEIGHTS = 2
MOST_THRESHOLDS = 4
MOST_BEYOND = 4
_BEYOND = re.compile(r"\b(?:above|below|beyond|under|over|exceed\w*|short of|less than|more than|por debajo|por encima|unter|über)\b", re.I)

OVERALL = re.compile(
    r"\b(?:overall|average\w*|mean|median|across|all|every|total|altogether|typical\w*|combined|together|sum|whole|entire|industry|year"
    r"|promedio|media|mediana|todos|todas|conjunto|insgesamt|gesamt\w*|durchschnitt\w*|mittel\w*|alle)\b",
    re.I,
)
_FROM_BELOW = re.compile(
    r"\b(?:least|lowest|smallest|fewest|shortest|cheapest|coldest|best|worst|safest|fastest|punctual\w*|reliab\w*|last|bottom|low|early|earliest|menos|menor\w*"
    r"|mejor\w*|peor\w*|puntual\w*|último|última|wenigsten|kleinste\w*|niedrigste\w*|beste\w*|schlechteste\w*|pünktlich\w*|letzte\w*)\b",
    re.I,
)
_MEDIAN = re.compile(r"\b(?:median\w*|typical\w*|half|mitad|hälfte)\b", re.I)


def derive(question: Question, sent: Sent) -> Evidence | None:
    """The first derivation that gives the figure."""
    for attempt in _attempts(question, sent):
        of = attempt.of or (sent.tables[attempt.column[0]].columns[attempt.column[1]].name if attempt.column else "")
        if says(question.figure, attempt.value, attempt.kind, of=of) and enough(question.figure, attempt.digits):
            return Evidence(attempt.how, attempt.rows, True, attempt.value, attempt.column)
    return None


def _attempts(question: Question, sent: Sent) -> Iterator[Try]:
    yield from _counts(question, sent)
    yield from comparisons.of_figures(question, sent)
    yield from _of_groups(question, sent)
    yield from comparisons.between_groups(question, sent)
    yield from comparisons.with_figures(question, sent)
    yield from comparisons.within_rows(question, sent)
    yield from _of_everything(question, sent)


# Counts


def _counts(question: Question, sent: Sent) -> Iterator[Try]:
    figure = question.figure
    if not any(reading.step == MINUTES.get(figure.unit, 1) for reading in figure.readings):
        return
    after = question.words.lower()
    for at, table in enumerate(sent.tables):
        if figure.role != "number" and not _counts_hours(figure, table):
            continue
        if not figure.hedge:
            yield Try(table.rows, "amount", f"`{table.block}` has {rows_in_words(table.rows)}", {at: table.every_row}, 2)
        named = bool({*stems(after)} & {*stems(table.block), "row", "fila", "zeile"})
        every = table.every_row
        for column in table.columns:
            if named or ((column.kind != "number" or column.is_key) and is_named(column, after)):
                yield Try(table.rows, "amount", f"`{table.block}` has {rows_in_words(table.rows)}", {at: every}, 1)
                if column.kind != "number":
                    distinct = len({text for text in column.texts if text})
                    yield Try(distinct, "amount", f"{distinct:,} different values of `{column.name}`", {at: every}, 1)
        yield from _counts_past(question, at, table)
        yield from _counts_beyond(question, at, table)
    for group in question.groups:
        if len(group.rows) > 1 and (figure.role == "number" or _counts_hours(figure, sent.tables[group.table])):
            yield Try(len(group.rows), "amount", group.label, {group.table: group.rows}, 1)
    if question.listed and figure.role == "number":
        rows: dict[int, Rows] = {}
        for group in question.groups:
            rows[group.table] = rows.get(group.table, frozenset()) | group.rows
        yield Try(question.listed, "amount", f"{question.listed} are named with it", rows, 1)


def _counts_hours(figure: Figure, table: SentTable) -> bool:
    """Whether `three hours` may be three rows: those of a table with an hour, or a day, each."""
    return figure.role == "duration" and any(column.is_key and column.name.lower().endswith(("hour", "day")) for column in table.columns)


def _counts_past(question: Question, at: int, table: SentTable) -> Iterator[Try]:
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
                        yield Try(len(rows), "amount", how, {at: rows}, 1, (at, table.columns.index(column)))
        if re.search(r"\b(?:early|negative|ahead|temprano|negativ|adelantad)", question.words, re.I):
            rows = frozenset(_past(column, 0, above=False))
            if rows:
                yield Try(len(rows), "amount", f"{len(rows):,} of {rows_in_words(table.rows)} have `{column.name}` below 0", {at: rows}, 1)


def _counts_beyond(question: Question, at: int, table: SentTable) -> Iterator[Try]:
    """How many rows have more, or less, in one column than in another: `four are below their reorder level`."""
    if not _BEYOND.search(question.words):
        return
    columns = [column for column in ordered(table, question.words) if not column.is_key][:MOST_BEYOND]
    for one, other in permutations(columns, 2):
        if not is_named(other, question.words) or one.is_share != other.is_share:
            continue
        pairs = [(row, one.numbers[row], other.numbers[row]) for row in range(table.rows)]
        rows = frozenset(row for row, a, b in pairs if a is not None and b is not None and a < b)
        if rows and len(rows) < table.rows:
            how = f"{len(rows):,} of {rows_in_words(table.rows)} have `{one.name}` below `{other.name}`"
            yield Try(len(rows), "amount", how, {at: rows}, 1)


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


# Over groups of rows


def _of_groups(question: Question, sent: Sent) -> Iterator[Try]:
    may_be_share = question.figure.role in ("percent", "points") or any(low <= 1 for low, _ in question.figure.bounds)
    for group in _all_groups(question, sent):
        table = sent.tables[group.table]
        for column in ordered(table, question.words):
            at = (group.table, table.columns.index(column))
            digits = 2 if is_named(column, question.words) else 3
            if len(group.rows) > 1:
                yield from _aggregates(question.figure, column, table, group, digits=digits, at=at)
            if may_be_share and not column.is_share and len(group.rows) < table.rows:
                yield from _share_of_all(column, table, group, at)


def _all_groups(question: Question, sent: Sent) -> Iterator[Group]:
    yield from question.groups
    if question.top:
        for at, table in enumerate(sent.tables):
            for column in ordered(table, question.words)[:6]:
                _, rows = column.in_order
                for part, word in ((rows[-question.top :], "greatest"), (rows[: question.top], "least")):
                    yield Group(at, frozenset(part), f"the {question.top} rows with the {word} `{column.name}`")


def _aggregates(figure: Figure, column: Column, table: SentTable, group: Group, *, digits: int, at: tuple[int, int]) -> Iterator[Try]:
    kind: Kind = "share" if column.is_share else "amount"
    if group.rows not in column.kept:
        column.kept[group.rows] = [*_made_of(column, table, group.rows)]
    for what, value, by in column.kept[group.rows]:
        if says(figure, value, kind, of=column.name):
            yield Try(value, kind, f"{what} of `{column.name}` over {group.label}{by}", {group.table: group.rows}, digits, at)


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


def _share_of_all(column: Column, table: SentTable, group: Group, at: tuple[int, int]) -> Iterator[Try]:
    values, _ = column.in_order
    if not column.adds_up or not values or values[0] < 0:
        return
    total, part = column.total, sum(values_of(column, group.rows))
    if total and part:
        how = f"share of {group.label} in the sum of `{column.name}`, {number(part)} of {number(total)}"
        yield Try(part / total, "share", how, {group.table: group.rows}, 2, at)


def _of_everything(question: Question, sent: Sent) -> Iterator[Try]:
    for at, table in enumerate(sent.tables):
        group = Group(at, table.every_row, f"all {rows_in_words(table.rows)}", is_named=False)
        if table.rows < 2:
            continue
        for column in ordered(table, question.words):
            place = (at, table.columns.index(column))
            digits = 2 if is_named(column, question.words) else 3
            tells = any(reading.digits >= 4 for reading in question.figure.readings)
            if at not in question.constrained or tells or OVERALL.search(question.words):
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
                yield Try(values[-1] - values[0], kind, f"greatest less least `{column.name}`", ends, digits, place)
        yield from _totals_in_totals(question, table, group)


def _totals_in_totals(question: Question, table: SentTable, group: Group) -> Iterator[Try]:
    whole = [column for column in ordered(table, question.words)[:MOST_COLUMNS] if column.is_whole and not column.is_key]
    for one, other in combinations(whole, 2):
        a, b = one.total, other.total
        for x, y, upper, lower in ((a, b, one, other), (b, a, other, one)):
            if y and 0 < x / y < 1 and says(question.figure, x / y, "share") and is_named(upper, question.words):
                yield Try(
                    x / y,
                    "share",
                    f"sum of `{upper.name}` in the sum of `{lower.name}`, {number(x)} of {number(y)}",
                    {group.table: group.rows},
                    2,
                )


# Ranks


def rank(question: Question, sent: Sent) -> Evidence | None:
    """A rank of a named row, counted from the greatest value of a column; from the least where the words may mean that."""
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
                if place in wanted and (word == "greatest" or _FROM_BELOW.search(question.words)):
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
