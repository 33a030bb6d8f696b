"""Values that stand in a column, offered while somebody types one into a filter."""

import time
from collections.abc import Sequence
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.sources import catalog
from nexus.sources.catalog import CatalogTable, quoted
from nexus.sources.run import run
from nexus.sources.spec import Query, QueryFailed, QueryStopped, QueryTooSlow, Source
from nexus.views import page_filters
from nexus.views.keyset import sortable
from nexus.views.question import Condition
from nexus.views.reading import Reading

SECONDS = 1.0
"""Longest that suggestions take, all attempts together; somebody is typing."""
MOST_ROWS = 1_000_000
"""Tables up to here are looked through whole."""
SAMPLED_ROWS = 100_000
MOST_JUMPS = 1_000
"""Distinct values that are looked at along an index."""
LONGEST = 200
MOST_OF_VIEW = 200

# Along the index from one value to the next: the cost is that of the distinct values, however many rows hold them.
_JUMPING = """with recursive jump (v) as (
(select {column} from {table} where {column} is not null order by {column} limit 1)
union all
select (select {column} from {table} where {column} > jump.v order by {column} limit 1) from jump where jump.v is not null
)
select v from (select v from jump where v is not null limit {jumps}) seen
where v::text ilike :holds order by (v::text ilike :begins) desc, v limit {limit}"""

_LOOKING = """select v from (
select distinct {column} as v from {table} {sample} where {column}::text ilike :holds and length({column}::text) <= {longest}
) found order by (v::text ilike :begins) desc, v limit {limit}"""


_OF_VIEW = """select x from (
select x, count(*) as n from (select {column} as x from {rows} where {where} limit {sampled}) sampled
where length(cast(x as text)) <= {longest} group by x order by n desc, x limit {limit}
) frequent order by x"""


def suggest_values(
    source: Source, *, reader: User, schema: str, table: str, column: str, typed: str = "", limit: int = 50
) -> tuple[Any, ...]:
    """Distinct values that hold what was typed, those that begin with it first; as the column's own type.

    On a big table they are those of a sample, or of the first values along an index. Nothing, rather than an error, where the
    database takes longer than a second or cannot tell such values apart. Raises NotAllowed for those who may not build, SourceUnavailable, SourceBusy.
    """
    require(reader, Permission.BUILD)
    ends = time.monotonic() + SECONDS
    known = catalog.find_table(source, reader=reader, schema=schema, name=table)
    if known is None or known.column(column) is None:
        return ()
    literally = "".join(f"\\{character}" if character in "\\%_" else character for character in typed.strip()[:LONGEST])
    for text in _statements(known, column, limit=limit):
        query = Query(source=source.name, sql=text, parameters={"holds": f"%{literally}%", "begins": f"{literally}%"})
        try:
            found = run(source, query=query, reader=reader, max_rows=limit, cancelled=lambda: time.monotonic() > ends)
        except (QueryFailed, QueryStopped, QueryTooSlow):
            return ()
        if found.rows:
            return tuple(row[0] for row in found.rows)
    return ()


def suggest_from_view(
    reading: Reading, *, reader: User, name: str, where: Sequence[Condition] = (), limit: int = MOST_OF_VIEW
) -> tuple[Any, ...]:
    """Values of one column of a view's rows, of those that `where` leaves: of the first 100,000 the most frequent, in their order.

    Nothing beyond what the view shows its readers, and nothing rather than an error, as above. Raises BadInput for a filter that
    does not fit, SourceUnavailable, SourceBusy.
    """
    ends = time.monotonic() + SECONDS
    at = reading.place_of(name)
    if at is None or not sortable(reading.columns[at]):
        return ()
    conditions, bound = page_filters.compiled(reading, where)
    sql = _OF_VIEW.format(
        column=f"v.c{at}",
        rows=reading.inner,
        where=" and ".join([f"v.c{at} is not null", *conditions]),
        sampled=SAMPLED_ROWS,
        longest=LONGEST,
        limit=limit,
    )
    query = reading.query(sql, **bound)
    try:
        found = run(reading.source, query=query, reader=reader, max_rows=limit, cancelled=lambda: time.monotonic() > ends)
    except (QueryFailed, QueryStopped, QueryTooSlow):
        return ()
    return tuple(row[0] for row in found.rows)


def _statements(table: CatalogTable, column: str, *, limit: int) -> list[str]:
    """What is tried one after the other until there are values."""
    names = {"column": quoted(column), "table": f"{quoted(table.schema)}.{quoted(table.name)}", "limit": limit, "longest": LONGEST}
    rows = table.estimated_rows or 0
    if rows <= MOST_ROWS:
        return [_LOOKING.format(sample="", **names)]
    found = []
    if any(index[0].name == column for index in table.indexes):
        found.append(_JUMPING.format(jumps=MOST_JUMPS, **names))
    if table.kind in ("table", "materialized view"):
        found.append(_LOOKING.format(sample=f"tablesample system ({100 * SAMPLED_ROWS / rows:.6f})", **names))
    return [*found, _LOOKING.format(sample="", **names)]
