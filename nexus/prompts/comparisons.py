"""Figures that compare: with others of the passage, between rows that it names, and between columns of one row."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from nexus.prompts.evidence import MORE, Evidence, Group, Kind, Question, Rows, Try, says
from nexus.prompts.sent import Column, Sent, SentTable
from nexus.prompts.wording import PER, is_named, number, ordered, stems

MOST_NAMED = 8
"""Named groups of rows that are compared with each other."""
MOST_COLUMNS = 12

_COMPARED = re.compile(
    r"\b(?:compared|versus|vs|against|from|between|twice|half|respecto|frente|desde|entre|que|gegenüber|verglichen|als|von|zwischen)\b",
    re.I,
)


def of_figures(question: Question, sent: Sent) -> Iterator[Try]:
    """Shares, ratios, changes, differences and sums of what was found for the other figures of the passage."""
    beside = [evidence for evidence in question.beside if evidence.value is not None][:6]
    for one, other in combinations(beside, 2):
        if one.value is None or other.value is None or not one.value or not other.value:
            continue
        rows = {
            table: one.rows.get(table, frozenset()) | other.rows.get(table, frozenset()) for table in one.rows.keys() | other.rows.keys()
        }
        same = one.column == other.column and (abs(one.value) <= 1) == (abs(other.value) <= 1)
        for a, b in ((one.value, other.value), (other.value, one.value)):
            if 0 < a / b < 1:
                yield Try(a / b, "share", f"{number(a)} of {number(b)}", rows, 2)
            if same:
                yield Try(a / b, "ratio", f"{number(a)} divided by {number(b)}", rows, 2)
                if _right_way(one, other, a - b, question, sent):
                    yield Try(a / b - 1, "change", f"from {number(b)} to {number(a)}", rows, 2)
        if same and MORE.search(question.words):
            small = abs(one.value) <= 1 and abs(other.value) <= 1
            if _right_way(one, other, 0, question, sent):
                how = f"{number(one.value)} less {number(other.value)}"
                yield Try(one.value - other.value, "points" if small else "amount", how, rows, 2, of=_name(one, sent))
    if len(beside) >= 2 and len({evidence.column for evidence in beside}) == 1:
        total = sum(evidence.value or 0 for evidence in beside)
        yield Try(total, "amount", f"the sum of the {len(beside)} figures beside it", _joined(beside), 2, of=_name(beside[0], sent))


def _name(evidence: Evidence, sent: Sent) -> str:
    return sent.tables[evidence.column[0]].columns[evidence.column[1]].name if evidence.column else ""


def _right_way(one: Evidence, other: Evidence, change: float, question: Question, sent: Sent) -> bool:
    """Whether what the words say went up or down did: from the earlier of two rows to the later. `change` 0 is of either to the other."""
    if not question.goes or not one.column or one.value is None or other.value is None:
        return True
    table = one.column[0]
    ends = [min(evidence.rows.get(table, frozenset((-1,)))) for evidence in (one, other)]
    if ends[0] == ends[1] or not is_in_time(sent.tables[table]):
        return True
    went = (one.value - other.value) * (1 if ends[0] > ends[1] else -1)
    return (went > 0) == (question.goes == "up") and (not change or (change > 0) == (went > 0))


def _joined(evidence: Sequence[Evidence]) -> dict[int, Rows]:
    rows: dict[int, Rows] = {}
    for each in evidence:
        for table, own in each.rows.items():
            rows[table] = rows.get(table, frozenset()) | own
    return rows


@dataclass(frozen=True)
class _Pair:
    """Two rows of a table. `is_ordered` says that the second is the one that the first is compared with."""

    one: Group
    other: Group
    is_ordered: bool = False

    def goes(self, change: float, question: Question) -> bool:
        """Whether the words beside the figure may mean a change of this sign."""
        return not self.is_ordered or not question.goes or (change > 0) == (question.goes == "up")


def between_groups(question: Question, sent: Sent) -> Iterator[Try]:
    """Differences, ratios and changes between two rows of a table that the passage names, or a row and the one before it in time."""
    for pair in _pairs(question, sent):
        table = sent.tables[pair.one.table]
        for column in ordered(table, question.words):
            yield from _between(question, table, pair, column)


def _pairs(question: Question, sent: Sent) -> Iterator[_Pair]:
    single = [group for group in question.groups if len(group.rows) == 1][:MOST_NAMED]
    for one, other in combinations(single, 2):
        if one.table != other.table or one.rows == other.rows:
            continue
        ends = [(group.table, group.rows) in question.later for group in (one, other)]
        if ends[0] != ends[1]:
            yield _Pair(other, one, True) if ends[0] else _Pair(one, other, True)
        elif is_in_time(sent.tables[one.table]):
            earlier, later = sorted((one, other), key=lambda group: min(group.rows))
            yield _Pair(later, earlier, True)
        else:
            yield _Pair(one, other)
    if MORE.search(question.words):
        for group in single[:2]:
            row = min(group.rows)
            if row and is_in_time(sent.tables[group.table]):
                yield _Pair(group, Group(group.table, frozenset((row - 1,)), f"row {row}, the one before it"), True)


def is_in_time(table: SentTable) -> bool:
    """Whether the rows go from the earliest to the latest."""
    return any(_rises(column) for column in table.columns[:3])


def _rises(column: Column) -> bool:
    if column.kind != "date":
        return False
    return all(one is not None and other is not None and one < other for one, other in pairwise(column.dates))


def _between(question: Question, table: SentTable, pair: _Pair, column: Column) -> Iterator[Try]:
    a, b = column.numbers[min(pair.one.rows)], column.numbers[min(pair.other.rows)]
    if a is None or b is None:
        return
    at = (pair.one.table, table.columns.index(column))
    rows = {pair.one.table: pair.one.rows | pair.other.rows}
    named = is_named(column, question.words) or at in {evidence.column for evidence in question.beside}
    kind: Kind = "points" if column.is_share else "amount"
    if MORE.search(question.words) and pair.goes(a - b, question) and says(question.figure, a - b, kind, of=column.name):
        yield Try(a - b, kind, f"difference of `{column.name}` of {pair.one.label} and {pair.other.label}", rows, 1 if named else 2, at)
    compares = bool(_COMPARED.search(question.words)) or ((named or pair.is_ordered) and bool(MORE.search(question.words)))
    for x, y, upper, lower in ((a, b, pair.one, pair.other), (b, a, pair.other, pair.one)):
        if not y:
            continue
        of = f"`{column.name}` of {lower.label}, {number(y)}, to that of {upper.label}, {number(x)}"
        if says(question.figure, x / y, "ratio"):
            yield Try(x / y, "ratio", f"ratio from {of}", rows, 1 if named else 2, at)
        right_way = not pair.is_ordered or not question.goes or (x is a and pair.goes(x - y, question))
        if compares and right_way and says(question.figure, x / y - 1, "change"):
            yield Try(x / y - 1, "change", f"change from {of}", rows, 1 if named else 3, at)


def with_figures(question: Question, sent: Sent) -> Iterator[Try]:
    """The row that the figure is of against another figure of the passage: `a third less than the 266 of March`."""
    if not MORE.search(question.words):
        return
    for other in question.beside[:6]:
        if other.column is None or other.value is None:
            continue
        table, number_ = other.column
        column = sent.tables[table].columns[number_]
        own = question.own.get(table, frozenset())
        if len(own) != 1 or own == other.rows.get(table) or (value := column.numbers[min(own)]) is None or not other.value:
            continue
        rows = {table: own | other.rows.get(table, frozenset())}
        what = f"`{column.name}` of row {min(own) + 1}, {number(value)}, and the {number(other.value)} beside it"
        yield Try(value - other.value, "points" if column.is_share else "amount", f"difference of {what}", rows, 2, other.column)
        yield Try(value / other.value - 1, "change", f"change between {what}", rows, 2, other.column)


def within_rows(question: Question, sent: Sent) -> Iterator[Try]:
    """Two columns of one named row: a share of a count, one count in another, a difference of two of a kind."""
    for group in question.groups[:MOST_NAMED]:
        if len(group.rows) != 1 or not group.rows <= question.own.get(group.table, group.rows):
            continue
        table, row = sent.tables[group.table], next(iter(group.rows))
        for one, other in combinations(ordered(table, question.words)[:MOST_COLUMNS], 2):
            yield from _of_two(question, table, group, one, other, row=row)


_BASELINE = re.compile(r"plan|budget|target|forecast|expected|previous|prior|last|before|presup|soll|vorjahr|objetivo")


def _fits(question: Question, one: Column, other: Column, difference: float) -> bool:
    """Whether `one` may be said to be more, or less, than `other`: by what stands on either side of the figure, or by which is a plan."""
    if not question.goes or not difference:
        return True
    first, second = (is_named(column, question.before) and not is_named(column, question.after) for column in (one, other))
    if first == second:
        first, second = (not _BASELINE.search(column.name.lower()) for column in (one, other))
    return first == second or (difference > 0) == ((question.goes == "up") == first)


def _of_two(question: Question, table: SentTable, group: Group, one: Column, other: Column, *, row: int) -> Iterator[Try]:
    a, b = one.numbers[row], other.numbers[row]
    if a is None or b is None or one.is_key or other.is_key:
        return
    rows = {group.table: group.rows}
    tied = [column for column in table.columns if column.kind == "number" and stems(column.name) & question.tied]
    is_of_these = not tied or one in tied or other in tied
    if is_of_these and one.is_share != other.is_share and (one if other.is_share else other).is_whole:
        yield Try(a * b, "amount", f"`{one.name}` times `{other.name}` of {group.label}", rows, 2)
    if one.is_whole and other.is_whole:
        for x, y, upper, lower in ((a, b, one, other), (b, a, other, one)):
            if y and 0 <= x / y < 1:
                named = is_named(upper, question.words) + is_named(lower, question.words)
                how = f"`{upper.name}` of {group.label} in `{lower.name}`, {number(x)} of {number(y)}"
                yield Try(x / y, "share", how, rows, 3 - named)
    if PER.search(question.words):
        for x, y, upper, lower in ((a, b, one, other), (b, a, other, one)):
            if y and not upper.is_share and not lower.is_share:
                yield Try(
                    x / y,
                    "amount",
                    f"`{upper.name}` by `{lower.name}` of {group.label}, {number(x)} by {number(y)}",
                    rows,
                    2,
                    of=upper.name,
                )
    alike = {*stems(one.name)} & {*stems(other.name)} or (is_named(one, question.words) and is_named(other, question.words))
    if alike and MORE.search(question.words) and one.is_share == other.is_share and _fits(question, one, other, a - b):
        yield Try(a - b, "points" if one.is_share else "amount", f"`{one.name}` less `{other.name}` of {group.label}", rows, 2, of=one.name)
        for x, y, upper, lower in ((a, b, one, other), (b, a, other, one)):
            if y:
                yield Try(x / y - 1, "change", f"change from `{lower.name}` to `{upper.name}` of {group.label}", rows, 2)
