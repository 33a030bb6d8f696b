"""What a source holds: the tables and views that its role may read, with columns, keys, indexes and a size."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.errors import NotFound
from nexus.sources.catalog_sql import DETAIL, KINDS, MAX_BYTES, listing
from nexus.sources.connect import pool_of
from nexus.sources.run import answers, inquire, run
from nexus.sources.shortening import shortened
from nexus.sources.spec import Column, ColumnKind, Query, Source, Table
from nexus.sources.values import BUILT_IN, kind_of

CACHE_SECONDS = 300
MOST_SAMPLED = 100
"""Columns of a sample."""


class TableNotFound(NotFound):
    message = "There is no such table, or the source's role may not read it any more. Refresh the list of tables, and choose another."


@dataclass(frozen=True, slots=True)
class CatalogColumn:
    name: str
    type_name: str
    kind: ColumnKind
    nullable: bool
    key: bool
    """Part of the primary key."""
    comment: str


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of this table hold what `other_columns` of `schema`.`table` hold, pair by pair.

    Under `referenced_by` the same from the other side: rows of `schema`.`table` whose `other_columns` hold this row's `columns`.
    """

    name: str
    columns: tuple[str, ...]
    schema: str
    table: str
    other_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IndexColumn:
    name: str
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Index:
    """`definition` is how the database writes it, as `btree (carrier, flight DESC)`."""

    name: str
    definition: str
    unique: bool
    primary: bool
    valid: bool


@dataclass(frozen=True)
class Detail:
    """What only `describe_table` tells. Of a table that may be read in part: indexes of what may be read, and no defaults."""

    size_bytes: int | None
    """With indexes and long values; None for what has none of its own."""
    defaults: Mapping[str, str]
    """By column, as SQL; also of generated and identity columns, in words."""
    indexes: tuple[Index, ...]


@dataclass(frozen=True)
class CatalogTable:
    schema: str
    name: str
    kind: str
    comment: str
    estimated_rows: int | None
    """The database's own estimate; None before it has one."""
    primary_key: tuple[str, ...] = ()
    detail: Detail | None = None
    """Only `describe_table` asks for it."""
    written: str = field(default="[]", repr=False)
    """Columns, foreign keys, keys from outside, unique keys and indexes as the database wrote them. Of 5,000 tables few are looked into."""

    def __sizeof__(self) -> int:
        return 400 + len(self.written) + len(self.comment)

    @cached_property
    def _parts(self) -> list[Any]:
        return [*json.loads(self.written), *[None] * 5][:5]

    @cached_property
    def columns(self) -> tuple[CatalogColumn, ...]:
        return tuple(_column(one, self.primary_key) for one in self._parts[0] or ())

    @cached_property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        return _foreign_keys(self._parts[1])

    @cached_property
    def referenced_by(self) -> tuple[ForeignKey, ...]:
        return _foreign_keys(self._parts[2])

    @cached_property
    def unique_keys(self) -> tuple[tuple[str, ...], ...]:
        """Columns that tell rows apart, the primary key too; null cells may repeat."""
        return tuple(tuple(columns) for columns in self._parts[3] or ())

    @cached_property
    def indexes(self) -> tuple[tuple[IndexColumn, ...], ...]:
        """The leading plain columns of each index that can serve an order: b-tree, of all rows, in the column's own collation."""
        return tuple(tuple(IndexColumn(*column) for column in columns) for columns in self._parts[4] or ())

    def column(self, name: str) -> CatalogColumn | None:
        return next((column for column in self.columns if column.name == name), None)


TableLookup = Callable[[str, str], CatalogTable | None]
"""Schema and name to a table; None where there is none that may be read."""


@dataclass(frozen=True)
class Catalog:
    tables: tuple[CatalogTable, ...]
    truncated: bool
    """The source has more tables than are kept; `search_tables` and `find_table` then know the first ones only."""
    read_at: datetime


def catalog(source: Source, *, reader: User, fresh: bool = False) -> Catalog:
    """Every table and view that the source's role may read, by schema and name; remembered for some minutes.

    Raises SourceUnavailable, QueryTooSlow.
    """
    require(reader, Permission.SEE)
    kept = answers.ask(_key(source), seconds=CACHE_SECONDS, fresh=fresh, make=lambda _stopped: _read(source))
    return Catalog(tables=tuple(row[0] for row in kept.rows), truncated=kept.truncated, read_at=kept.read_at)


def mark(source: Source) -> tuple[int, float | None]:
    """Another one when the catalog that is kept was read again, or forgotten. What was made with its help goes with it."""
    return answers.mark(_key(source))


def _key(source: Source) -> tuple[str, str, str]:
    return (source.name, source.revision, "catalog")


def tables(source: Source, *, reader: User, fresh: bool = False) -> tuple[CatalogTable, ...]:
    """As `catalog`, without when it was read and whether it is whole."""
    return catalog(source, reader=reader, fresh=fresh).tables


def find_table(source: Source, *, reader: User, schema: str, name: str) -> CatalogTable | None:
    """From memory where the catalog is kept; a table that is not in it is looked for in the database."""
    known = catalog(source, reader=reader)
    found = next((table for table in known.tables if (table.schema, table.name) == (schema, name)), None)
    return _one(source, schema, name) if found is None and known.truncated else found


def lookup(source: Source, *, reader: User) -> TableLookup:
    """`find_table` of this source for this reader, to hand on; it reads when it is called."""
    require(reader, Permission.SEE)
    return lambda schema, name: find_table(source, reader=reader, schema=schema, name=name)


def describe_table(source: Source, *, reader: User, schema: str, name: str) -> CatalogTable:
    """The table as it is now, with its `detail`. Raises TableNotFound where the role may not read it, or it is gone."""
    require(reader, Permission.BUILD)
    table = _one(source, schema, name)
    if table is None:
        raise TableNotFound()
    rows = inquire(pool_of(source), sql=DETAIL, parameters={"schema": schema, "name": name})
    return replace(table, detail=_detail(*rows[0]) if rows else None)


def sample_rows(source: Source, *, reader: User, table: CatalogTable, rows: int = 20) -> Table:
    """The first rows that the database comes upon, of the first `MOST_SAMPLED` columns, long values cut. Raises what `run` raises."""
    require(reader, Permission.BUILD)
    # Not `*`: the role may be allowed some columns alone.
    columns = ", ".join(beginning(column) for column in table.columns[:MOST_SAMPLED])
    sql = f"select {columns} from {quoted(table.schema)}.{quoted(table.name)}"
    return run(source, query=Query(source=source.name, sql=sql), reader=reader, max_rows=rows)


def beginning(column: CatalogColumn) -> str:
    """SQL of the column under its name, with the beginnings of long values."""
    name = quoted(column.name)
    short = shortened(name, column.type_name)
    return name if short == name else f"{short} as {name}"


def search_tables(source: Source, *, reader: User, words: str, limit: int = 50) -> tuple[CatalogTable, ...]:
    """The tables in whose names, columns or comments each of the words stands; those called so come first."""
    require(reader, Permission.BUILD)
    wanted = words.casefold().split()
    found = [table for table in tables(source, reader=reader) if _holds(table, wanted)]
    return tuple(sorted(found, key=lambda table: _rank(table, wanted))[:limit])


def quoted(name: str) -> str:
    """A name as Postgres reads it whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def _holds(table: CatalogTable, words: Iterable[str]) -> bool:
    plain = f"{table.schema} {table.name} {table.comment}".casefold()
    left = [word for word in words if word not in plain]
    if not left:
        return True
    # Most tables are ruled out by their text as it was written, without reading it into columns.
    written = table.written.casefold()
    if any(json.dumps(word, ensure_ascii=False)[1:-1] not in written for word in left):
        return False
    text = " ".join(f"{one[0]} {one[5] or ''}" for one in json.loads(table.written)[0] or ()).casefold()
    return all(word in text for word in left)


def _rank(table: CatalogTable, words: list[str]) -> tuple[int, str, str]:
    name = table.name.casefold()
    if name == "_".join(words) or name in words:
        place = 0
    elif any(name.startswith(word) for word in words):
        place = 1
    else:
        place = 2 if any(word in name for word in words) else 3
    return (place, table.schema, table.name)


def _one(source: Source, schema: str, name: str) -> CatalogTable | None:
    if "\0" in schema + name:
        return None  # no name has one, and no statement can hold one
    rows = inquire(pool_of(source), sql=listing(one=True), parameters={"schema": schema, "name": name})
    return _table(rows[0]) if rows else None


def _read(source: Source) -> Table:
    rows = inquire(pool_of(source), sql=listing())
    return Table.model_construct(
        columns=tuple[Column, ...](),
        rows=[(_table(row),) for row in rows],
        truncated=bool(rows) and rows[0][-1] > len(rows),
        truncated_because=f"first {MAX_BYTES:,} bytes",
        elapsed_ms=0.0,
        read_at=datetime.now(UTC),
        query=Query(source=source.name, sql="catalog"),
        cached=False,
    )


def _table(row: tuple[Any, ...]) -> CatalogTable:
    schema, name, kind, comment, estimate, primary_key, written, _every = row
    return CatalogTable(
        schema=schema,
        name=name,
        kind=KINDS[kind],
        comment=comment or "",
        estimated_rows=estimate,
        primary_key=tuple(json.loads(primary_key) if primary_key else ()),
        written=written,
    )


def _column(written: list[Any], primary_key: tuple[str, ...]) -> CatalogColumn:
    name, type_name, oid, category, nullable, comment = written
    kind = BUILT_IN[oid][0] if oid in BUILT_IN else kind_of(category, type_name)
    return CatalogColumn(name=name, type_name=type_name, kind=kind, nullable=nullable, key=name in primary_key, comment=comment or "")


def _detail(size_bytes: int | None, defaults: str | None, indexes: str | None) -> Detail:
    found = {}
    for name, expression, generated, identity in json.loads(defaults or "[]"):
        found[name] = "identity" if identity else f"generated: {expression}" if generated else expression
    return Detail(
        size_bytes=size_bytes,
        defaults=found,
        indexes=tuple(
            Index(name, definition.partition(" USING ")[2] or definition, unique, primary, valid)
            for name, definition, unique, primary, valid in json.loads(indexes or "[]")
        ),
    )


def _foreign_keys(written: list[list[Any]] | None) -> tuple[ForeignKey, ...]:
    return tuple(
        ForeignKey(name=name, columns=tuple(columns), schema=schema, table=table, other_columns=tuple(others))
        for name, columns, schema, table, others in written or ()
    )
