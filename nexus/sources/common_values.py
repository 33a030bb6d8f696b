"""The few values that columns of categories mostly hold, as the database's own statistics know them: no table is read."""

from collections.abc import Iterable

from nexus.accounts.spec import Permission, User, require
from nexus.sources.catalog import CatalogTable
from nexus.sources.connect import pool_of
from nexus.sources.run import inquire
from nexus.sources.spec import Source

MOST_DISTINCT = 50
"""A column of more tells single things apart, not kinds of things."""
MOST_VALUES = 6
LONGEST = 40
"""Characters; longer ones are prose."""

# What row-level security keeps from the role is not in this view, nor are columns that it may not read.
STATISTICS = """
select schemaname::text, tablename::text, attname::text, most_common_vals::text::text[]
from pg_catalog.pg_stats
where most_common_vals is not null and n_distinct between 1 and %(distinct)s
and (schemaname::text, tablename::text) in (select s, t from unnest(%(schemas)s::text[], %(names)s::text[]) as asked(s, t))
"""

Values = dict[tuple[str, str, str], tuple[str, ...]]
"""By schema, table and column."""


def common_values(source: Source, *, reader: User, tables: Iterable[CatalogTable]) -> Values:
    """Of text columns with few distinct values: the most common first. Empty for tables that were never analysed, and for views."""
    require(reader, Permission.BUILD)
    known = {(table.schema, table.name): table for table in tables}
    if not known:
        return {}
    parameters = {"distinct": MOST_DISTINCT, "schemas": [schema for schema, _ in known], "names": [name for _, name in known]}
    found: Values = {}
    for schema, name, column, values in inquire(pool_of(source), sql=STATISTICS, parameters=parameters):
        described = known[schema, name].column(column)
        if described is not None and described.kind == "text":
            short = [value for value in values if value is not None and 0 < len(value) <= LONGEST]
            if len(short) == len(values):
                found[schema, name, column] = tuple(short[:MOST_VALUES])
    return found
