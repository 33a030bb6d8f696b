"""How many rows a view has: an estimate at once, the exact number on demand; and whether an order has an index."""

from collections.abc import Mapping, Sequence
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.sources.estimate import estimate
from nexus.sources.run import run
from nexus.sources.spec import Query
from nexus.views import page_filters
from nexus.views.afresh import over
from nexus.views.keyset import segments
from nexus.views.page import Page
from nexus.views.paging import Cancelled, parts_of
from nexus.views.question import Condition
from nexus.views.reading import Reading
from nexus.views.service import OpenView

MANY = 500_000
"""Rows that take a database about a second to sort."""


def count_rows(
    opened: OpenView, *, reader: User, values: Mapping[str, Any], where: Sequence[Condition] = (), cancelled: Cancelled = None
) -> int:
    """Exactly, which takes the database as long as reading them all. Raises what `sources.run` raises; `cancelled` ends the query too."""
    require(reader, Permission.SEE)

    def counted(reading: Reading) -> int:
        query = _query(reading, where, "count(*)")
        return int(run(reading.source, query=query, reader=reader, max_rows=1, cancelled=cancelled).rows[0][0])

    return over(opened, reader=reader, values=values, ask=counted)


def about_rows(reading: Reading, *, reader: User, where: Sequence[Condition] = ()) -> int:
    """About how many, as the database's statistics have it: without reading a row. Raises what `sources.run` raises."""
    require(reader, Permission.SEE)
    return estimate(reading.source, query=_query(reading, where, "1"), reader=reader).rows


def why_slow(reading: Reading, *, reader: User, page: Page) -> str:
    """A sentence where many rows must be sorted before the first is shown; empty where an index has them in order."""
    require(reader, Permission.SEE)
    parts = parts_of(reading, page.order)
    segment = segments(parts, backwards=False)[0]
    query = _query(reading, page.where, "*", condition=segment.condition, order=", ".join(part.order(False) for part in segment.parts))
    found = estimate(reading.source, query=query, reader=reader)
    if found.sorted_rows < MANY:
        return ""
    named = " and ".join(f"`{one.column}`" for one in page.order) or "this order"
    return f"No index serves {named}: sorting about {rounded(found.sorted_rows)} rows takes a while."


def rounded(count: int) -> str:
    """With the three figures that an estimate may have: `27,800`."""
    return f"{round(count, min(0, 3 - len(str(count)))):,}"


def _query(reading: Reading, where: Sequence[Condition], what: str, *, condition: str = "", order: str = "") -> Query:
    conditions, bound = page_filters.compiled(reading, where)
    conditions += [condition] if condition else []
    sql = f"select {what} from {reading.inner}" + (f"\nwhere {' and '.join(conditions)}" if conditions else "")
    return reading.query(sql + (f"\norder by {order}\nlimit 101" if order else ""), **bound)
