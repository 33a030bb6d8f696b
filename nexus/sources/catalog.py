"""What a source holds: the tables and views that its role may read, with their columns."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.sources.connect import pool_of
from nexus.sources.run import answers, inquire
from nexus.sources.spec import Column, ColumnKind, Query, Source, Table
from nexus.sources.values import BUILT_IN, kind_of

CACHE_SECONDS = 300
MAX_COLUMNS = 50_000

COLUMNS = """
select n.nspname, c.relname, c.relkind::text, pg_catalog.obj_description(c.oid, 'pg_class'),
    case when c.reltuples >= 0 then c.reltuples::bigint end,
    a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid::bigint, t.typcategory::text, t.typname,
    not a.attnotnull, pg_catalog.col_description(c.oid, a.attnum),
    exists (
        select 1 from pg_catalog.pg_index i
        where i.indrelid = c.oid and i.indisprimary and a.attnum = any (i.indkey::smallint[])
    )
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_catalog.pg_type t on t.oid = a.atttypid
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
and n.nspname not in ('pg_catalog', 'information_schema', 'nexus') and n.nspname !~ '^pg_'
and pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
order by n.nspname, c.relname, a.attnum
limit 50000
"""

KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized view", "f": "foreign table"}


@dataclass(frozen=True)
class CatalogColumn:
    name: str
    type_name: str
    kind: ColumnKind
    nullable: bool
    key: bool
    """Part of the primary key."""
    comment: str


@dataclass(frozen=True)
class CatalogTable:
    schema: str
    name: str
    kind: str
    comment: str
    estimated_rows: int | None
    """The database's own estimate; None before it has one."""
    columns: tuple[CatalogColumn, ...] = field(repr=False)

    def column(self, name: str) -> CatalogColumn | None:
        return next((column for column in self.columns if column.name == name), None)


def tables(source: Source, *, reader: User, fresh: bool = False) -> tuple[CatalogTable, ...]:
    """Every table and view that the source's role may read, by schema and name; remembered for some minutes.

    Raises SourceUnavailable, QueryTooSlow.
    """
    require(reader, Permission.SEE)
    key = (source.name, source.revision, "catalog")
    rows = answers.ask(key, seconds=CACHE_SECONDS, fresh=fresh, make=lambda _stopped: _read(source)).rows
    return tuple(_table(list(group)) for _, group in groupby(rows, key=lambda row: row[:2]))


def find_table(source: Source, *, reader: User, schema: str, name: str) -> CatalogTable | None:
    return next((table for table in tables(source, reader=reader) if (table.schema, table.name) == (schema, name)), None)


def _read(source: Source) -> Table:
    rows = inquire(pool_of(source), sql=COLUMNS)
    return Table.model_construct(
        columns=tuple[Column, ...](),
        rows=rows,
        truncated=len(rows) >= MAX_COLUMNS,
        truncated_because="",
        elapsed_ms=0.0,
        read_at=datetime.now(UTC),
        query=Query(source=source.name, sql="catalog"),
        cached=False,
    )


def _table(rows: list[tuple[Any, ...]]) -> CatalogTable:
    schema, name, kind, comment, estimate = rows[0][:5]
    return CatalogTable(
        schema=schema,
        name=name,
        kind=KINDS[kind],
        comment=comment or "",
        estimated_rows=estimate,
        columns=tuple(_column(row[5:]) for row in rows),
    )


def _column(row: tuple[Any, ...]) -> CatalogColumn:
    name, type_name, oid, category, plain, nullable, comment, key = row
    kind = BUILT_IN[oid][0] if oid in BUILT_IN else kind_of(category, plain)
    return CatalogColumn(name=name, type_name=type_name, kind=kind, nullable=nullable, key=key, comment=comment or "")
