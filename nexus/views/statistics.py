"""What the values of one column are like: how many, which, and how they lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.errors import BadInput
from nexus.sources.estimate import estimate
from nexus.sources.run import run
from nexus.sources.spec import Column, QueryFailed, Table
from nexus.views import page_filters
from nexus.views.afresh import over
from nexus.views.counting import rounded
from nexus.views.keyset import sortable
from nexus.views.paging import Cancelled
from nexus.views.question import Condition
from nexus.views.reading import Reading, sampled
from nexus.views.service import OpenView

SAMPLE = 100_000
BARS = 24
TOP = 10
OUT_OF_RANGE = "22003"
"""What Postgres calls a number that its type cannot hold."""
LONGEST = 200
"""Characters of a value among the most frequent."""


@dataclass(frozen=True)
class Bar:
    """So many values from `low` up to `high`; of the last bar up to and with it."""

    low: Any
    high: Any
    count: int


@dataclass(frozen=True)
class Statistics:
    """`sentence` says what was looked at. `mean` and `median` are those of numbers; `top` are the most frequent values with their counts."""

    column: Column
    name: str
    sentence: str
    sampled: bool
    rows: int
    empty: int
    distinct: int
    low: Any
    high: Any
    mean: float | None
    median: float | None
    top: tuple[tuple[Any, int], ...]
    bars: tuple[Bar, ...]
    elapsed_ms: float


def describe_column(
    opened: OpenView,
    *,
    reader: User,
    values: Mapping[str, Any],
    column: str,
    where: Sequence[Condition] = (),
    whole: bool = False,
    cancelled: Cancelled = None,
) -> Statistics:
    """Of the rows that `where` leaves: of about 100,000 where there are many more, unless `whole`.

    Those are taken at random from a view of one table's rows, and are otherwise the first that the database comes upon.

    Raises BadInput for a column that is not there, and what `sources.run` raises.
    """
    require(reader, Permission.SEE)

    def described(reading: Reading) -> Statistics:
        at = reading.place_of(column)
        if at is None:
            raise BadInput(f"There is no column `{column[:60]}` to describe. Choose another.")
        conditions, bound = page_filters.compiled(reading, where)
        cell = f"select v.c{at} as x from "
        where_clause = f"\nwhere {' and '.join(conditions)}" if conditions else ""
        rows = f"{cell}{reading.inner}{where_clause}"
        expected = estimate(reading.source, query=reading.query(rows, **bound), reader=reader).rows
        if whole or expected <= 2 * SAMPLE:
            return _Asking(reading, reader, at, rows, bound=bound, cancelled=cancelled).describe(None)
        about = f"of about {rounded(expected)} rows."
        random = sampled(reading, opened.view, reader=reader, values=values, percent=100 * SAMPLE / expected)
        if random is None:
            return _Asking(reading, reader, at, f"{rows} limit {SAMPLE}", bound=bound, cancelled=cancelled).describe(
                f"the first {{rows:,}} {about}"
            )
        rows = f"{cell}{random.inner}{where_clause}"
        return _Asking(random, reader, at, rows, bound=bound, cancelled=cancelled).describe(f"{{rows:,}} rows taken at random, {about}")

    return over(opened, reader=reader, values=values, ask=described)


class _Asking:
    def __init__(self, reading: Reading, reader: User, at: int, rows: str, *, bound: Mapping[str, Any], cancelled: Cancelled) -> None:
        self.reading, self.reader, self.rows, self.bound, self.cancelled = reading, reader, rows, bound, cancelled
        self.at, self.column = at, reading.columns[at]
        self.ordered = sortable(self.column)
        self.elapsed_ms = 0.0

    def describe(self, part: str | None) -> Statistics:
        """`part` says which rows these are, where they are not all, with a place for how many."""
        rows, filled, distinct, low, high, mean, median = self._figures()
        return Statistics(
            column=self.column,
            name=self.reading.names[self.at],
            sentence=f"Over {part.format(rows=rows)}" if part else f"Over all {rows:,} rows.",
            sampled=part is not None,
            rows=rows,
            empty=rows - filled,
            distinct=distinct,
            low=low,
            high=high,
            mean=mean,
            median=median,
            top=self._top(),
            bars=self._bars(low, high) if filled else (),
            elapsed_ms=self.elapsed_ms,
        )

    def _ask(self, sql: str) -> Table:
        query = self.reading.query(sql.format(rows=f"(\n{self.rows}\n) s"), **self.bound)
        table = run(self.reading.source, query=query, reader=self.reader, max_rows=1_000, cancelled=self.cancelled)
        self.elapsed_ms += table.elapsed_ms
        return table

    def _figures(self) -> tuple[Any, ...]:
        key = "x" if self.ordered else "cast(x as text)"
        extremes = "min(x), max(x)" if self.ordered and self.column.kind in ("number", "date", "time", "duration", "text") else "null, null"
        if self.column.type_name in ("uuid", '"char"') or (extremes != "null, null" and self.column.kind == "text"):
            extremes = f"min(left(cast(x as text), {LONGEST})), max(left(cast(x as text), {LONGEST}))"
        middle = "avg(x), percentile_cont(0.5) within group (order by cast(x as double precision))"
        if self.column.kind != "number" or self.column.type_name in ("oid", "money"):
            middle = "null, null"
        figures = f"select count(*), count(x), count(distinct {key}), {extremes}"
        found = self._held(f"{figures}, {middle} from {{rows}}") or self._ask(f"{figures}, null, null from {{rows}}").rows[0]
        return (*found[:5], *(None if value is None else float(value) for value in found[5:]))

    def _held(self, sql: str) -> tuple[Any, ...] | None:
        """The one row; none where a figure is too large or too small for a double."""
        try:
            return self._ask(sql).rows[0]
        except QueryFailed as error:
            if error.code != OUT_OF_RANGE:
                raise
            return None

    def _top(self) -> tuple[tuple[Any, int], ...]:
        shown = "x" if self.ordered and self.column.kind != "text" else f"left(cast(x as text), {LONGEST})"
        sql = f"select {shown}, count(*) from {{rows}} where x is distinct from null group by 1 order by 2 desc, 1 limit {TOP}"
        return tuple((value, count) for value, count in self._ask(sql).rows)

    def _bars(self, low: Any, high: Any) -> tuple[Bar, ...]:
        """Of equal width; none for what is no number or time, or has one value only. Infinite values stand outside."""
        kind = self.column.kind
        if kind not in ("number", "date", "time") or self.column.type_name == "oid":
            return ()
        value = "cast(x as double precision)" if kind == "number" else "cast(extract(epoch from x) as double precision)"
        finite = (
            f"{value} not in (cast('NaN' as double precision), cast('Infinity' as double precision), cast('-Infinity' as double precision))"
        )
        edges = self._held(f"select min({value}), max({value}) from {{rows}} where {finite}")
        if edges is None or edges[0] is None or edges[0] == edges[1]:
            return ()
        first, last = map(float, edges)
        width = (last - first) / BARS
        if not width or width == float("inf"):
            return ()
        counted = self._ask(
            f"select least({BARS}, width_bucket({value}, cast('{first!r}' as double precision), cast('{last!r}' as double precision), {BARS})), count(*)"
            f" from {{rows}} where {finite} group by 1"
        )
        counts = {int(number): count for number, count in counted.rows}
        return tuple(Bar(self._edge(first + width * at), self._edge(first + width * (at + 1)), counts.get(at + 1, 0)) for at in range(BARS))

    def _edge(self, value: float) -> Any:
        if self.column.kind == "number":
            return value
        try:
            return datetime.fromtimestamp(value, UTC).replace(tzinfo=UTC if "with time zone" in self.column.type_name else None)
        except (ValueError, OverflowError, OSError):
            return None
