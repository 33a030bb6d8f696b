"""What paging, counting and statistics read of a view: its rows as one statement, their columns, and what tells them apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.errors import BadInput
from nexus.sources import catalog, guard
from nexus.sources.anatomy import Anatomy, OwnOrder, anatomy
from nexus.sources.catalog import CatalogTable
from nexus.sources.run import describe
from nexus.sources.spec import Column, Query, Source
from nexus.views import values as typed
from nexus.views.columns import unique_names
from nexus.views.compile import compile
from nexus.views.keyset import KeyPart, sortable
from nexus.views.question import SelectedColumn, SqlQuestion, TableQuestion
from nexus.views.remembered import Remembered
from nexus.views.spec import View

MOST_TIES = 30
"""Columns that rows without a key are told apart by; with more of them, a few and a digest of the row."""
FEW_TIES = 8
SHORT = 100
"""Characters of a text that stand in the key of rows without a key of their own."""
PLACE = "nexus place"
Question = SqlQuestion | TableQuestion
_TEXTS = ("text", "json", "binary", "other")


@dataclass(frozen=True)
class Reading:
    """`sql` with `parameters` is every row of the view, in any order; `columns` are its columns, of which the first `shown` are shown.

    `names` tell the shown columns apart. `ties` make any order complete. `key` are places of the columns that find a row
    again, empty where none do; `table` is the one that rows come from, where they come from one.
    """

    source: Source
    sql: str
    parameters: Mapping[str, Any]
    columns: tuple[Column, ...]
    shown: int
    names: tuple[str, ...]
    default: tuple[KeyPart, ...] = ()
    ties: tuple[KeyPart, ...] = ()
    unique: bool = False
    key: tuple[int, ...] = ()
    table: CatalogTable | None = None
    table_columns: Mapping[int, str] = field(default_factory=dict)
    """By place in `columns`: the column of `table` that it is."""
    of_table: TableQuestion | None = None
    """What `sql` was made of, where it is of the rows of one table, of which some can be taken at random."""

    @cached_property
    def orderable(self) -> frozenset[str]:
        """Names of the columns that rows can be ordered by."""
        return frozenset(name for name, column in zip(self.names, self.columns, strict=False) if sortable(column))

    @cached_property
    def inner(self) -> str:
        """The rows as `v`, each column as `v.c0`, `v.c1`, … so that any name, also twice the same, can be asked for."""
        return f"(\n{self.sql}\n) v({', '.join(f'c{at}' for at in range(len(self.columns)))})"

    def query(self, sql: str, **more: Any) -> Query:
        return Query(source=self.source.name, sql=sql, parameters={**self.parameters, **more})

    def place_of(self, name: str) -> int | None:
        return self.names.index(name) if name in self.names else None


@dataclass(frozen=True)
class _Made:
    reading: Reading
    mark: tuple[int, float | None]


_remembered = Remembered[_Made](most=128, seconds=60)


@dataclass(frozen=True)
class _Base:
    """A statement, and what is known of its rows before its columns are."""

    query: Query
    hidden: int = 0
    order: tuple[OwnOrder, ...] = ()
    key: tuple[str, ...] = ()
    """Names of the result that are unique together."""
    row: tuple[str, ...] = ()
    """Names of the result that are the primary key of `table`."""
    table: CatalogTable | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    every: bool = False
    filled: frozenset[str] = frozenset()
    """Names of the result that are never null."""
    of_table: TableQuestion | None = None


def reading_of(view: View, source: Source, *, reader: User, values: Mapping[str, Any], fresh: bool = False) -> Reading:
    """Remembered for a minute, until the catalog is read again. Raises BadInput for a value that does not fit, and what `sources.run` raises."""
    require(reader, Permission.SEE)

    def made() -> _Made:
        reading = _reading(view, source, reader=reader, values=values, fresh=fresh)
        return _Made(reading, catalog.mark(source))

    with typed.in_zone(source.zone):
        return _remembered.ask(
            view,
            values,
            make=made,
            holds=lambda kept: kept.reading.source == source and kept.mark == catalog.mark(source),
            fresh=fresh,
        ).reading


def _reading(view: View, source: Source, *, reader: User, values: Mapping[str, Any], fresh: bool) -> Reading:
    question = view.question
    base = _of_sql(view, source, values, reader) if isinstance(question, SqlQuestion) else _of_table(view, question, source, values, reader)
    columns = describe(source, query=base.query, reader=reader, fresh=fresh)
    if not columns:
        raise BadInput("The rows of this view have no columns. Choose another table, or name a column to show.")
    shown = len(columns) - base.hidden
    names = unique_names(columns[:shown])
    # Hidden columns have names that nothing else has.
    places = {name: at for at, name in reversed(list(enumerate((*names, *(column.name for column in columns[shown:])))))}
    parts = tuple(_part(column, at, name in base.filled) for (name, at), column in zip(_ordered(places), columns, strict=True))
    default = tuple(part for own in base.order if (part := _own(own, parts, places)) is not None)
    unique = bool(base.key) and all(name in places for name in base.key)
    first = base.key if unique else base.row
    keyed = [parts[places[name]] for name in first if name in places]
    row = tuple(places[name] for name in base.row) if all(name in places for name in base.row) else ()
    return Reading(
        source=source,
        sql=base.query.sql,
        parameters=base.query.parameters,
        columns=columns,
        shown=shown,
        names=names,
        default=default,
        ties=tuple(keyed) if unique else (*keyed, *_ties(columns[:shown], parts)),
        unique=unique,
        key=row,
        table=base.table,
        table_columns={
            at: base.columns.get(name, name if base.every else "") for name, at in places.items() if base.every or name in base.columns
        },
        of_table=base.of_table,
    )


def sampled(reading: Reading, view: View, *, reader: User, values: Mapping[str, Any], percent: float) -> Reading | None:
    """The same of about `percent` of the rows of its table, taken at random, the same ones each time. None where that cannot be done."""
    require(reader, Permission.SEE)
    if reading.of_table is None:
        return None
    query = _compiled(view, reading.of_table, reading.source, reader, values, percent=percent)
    return replace(reading, sql=query.sql, parameters=query.parameters)


def _ordered(places: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(places.items(), key=lambda pair: pair[1])


def _part(column: Column, at: int, filled: bool) -> KeyPart:
    return KeyPart(name=column.name, expression=f"v.c{at}", type_name=column.type_name, nullable=not filled)


def _own(own: OwnOrder, parts: tuple[KeyPart, ...], places: Mapping[str, int]) -> KeyPart | None:
    at = own.column if isinstance(own.column, int) else places.get(own.column)
    if at is None or at >= len(parts):
        return None
    return directed(parts[at], descending=own.descending, nulls_first=own.nulls_first)


def directed(part: KeyPart, *, descending: bool, nulls_first: bool = False) -> KeyPart:
    return KeyPart(part.name, part.expression, part.type_name, descending, nulls_first, part.nullable)


def part_of(reading: Reading, at: int) -> KeyPart:
    """To order by a shown column."""
    name = reading.table_columns.get(at)
    column = reading.table.column(name) if reading.table and name else None
    return _part(reading.columns[at], at, filled=column is not None and not column.nullable)


def _ties(columns: tuple[Column, ...], parts: tuple[KeyPart, ...]) -> tuple[KeyPart, ...]:
    """Everything about a row, so that two that are alike in it are alike."""
    few = len(columns) > MOST_TIES
    found = []
    digest = few
    for column, part in zip(columns[: FEW_TIES if few else None], parts, strict=False):
        if sortable(column) and column.kind not in _TEXTS:
            found.append(part)
            continue
        digest = True
        if sortable(column) and column.kind == "text":
            found.append(KeyPart(part.name, f"left(cast({part.expression} as text), {SHORT})", "text"))
    if digest:
        found.append(KeyPart("", "md5(cast(v as text))", "text", nullable=False))
    return tuple(found)


# --- a question in SQL ------------------------------------------------------------------------------------


def _of_sql(view: View, source: Source, values: Mapping[str, Any], reader: User) -> _Base:
    query = _compiled(view, view.question, source, reader, values)
    guard.check(query.sql, names=query.parameters)
    found = anatomy(query.sql, frozenset(query.parameters))
    if found.order is None:
        # Ordered by what the result does not hold: the place in that order becomes a column.
        sql = f'select "nexus row".*, row_number() over () as "{PLACE}" from (\n{query.sql.rstrip().rstrip(";")}\n) "nexus row"'
        asked = Query(source=query.source, sql=sql, parameters=query.parameters)
        return _Base(asked, hidden=1, order=(OwnOrder(PLACE, False, False),), key=(PLACE,), filled=frozenset([PLACE]))
    asked = Query(source=query.source, sql=found.body, parameters=query.parameters)
    table = _table_of(found, source, reader)
    if table is None:
        return _Base(asked, order=found.order)
    columns = dict(found.columns) | ({column.name: column.name for column in table.columns} if found.every else {})
    results = {column: name for name, column in columns.items()}
    key = tuple(results[column] for column in table.primary_key if column in results)
    key = key if len(key) == len(table.primary_key) else ()
    return _Base(asked, 0, found.order, key, key, table, columns, found.every, _filled(columns, table))


def _table_of(found: Anatomy, source: Source, reader: User) -> CatalogTable | None:
    if found.table is None:
        return None
    schema, name = found.table
    known = [one for one in catalog.tables(source, reader=reader) if one.name == name and schema in (None, one.schema)]
    # Without a schema the role's search path decides, which is not known here: only a name that is there once is sure.
    return known[0] if len(known) == 1 and known[0].primary_key else None


def _filled(columns: Mapping[str, str], table: CatalogTable) -> frozenset[str]:
    never = {column.name for column in table.columns if not column.nullable or column.key}
    return frozenset(name for name, column in columns.items() if column in never)


# --- a question built by clicking -------------------------------------------------------------------------


def _of_table(view: View, question: TableQuestion, source: Source, values: Mapping[str, Any], reader: User) -> _Base:
    order = tuple(OwnOrder(one.column, one.descending, False) for one in question.order)
    shown = [column for column in question.columns if not column.off]
    # A limit means the first so many of its own order, and so stays with it.
    asked = question if question.limit is not None else question.model_copy(update={"order": ()})
    if any(column.aggregate for column in shown):
        groups = tuple(column.result_name for column in shown if not column.aggregate)
        return _Base(_compiled(view, asked, source, reader, values), order=order, key=groups)
    table = catalog.find_table(source, reader=reader, schema=question.db_schema, name=question.table)
    joins = [join for join in question.joins if not join.off]
    found: list[tuple[str | None, CatalogTable | None]] = [(None, table)]
    found += [(join.alias, catalog.find_table(source, reader=reader, schema=join.db_schema, name=join.table)) for join in joins]
    alone = not joins and asked.limit is None and table is not None and table.kind in ("table", "materialized view")
    if not shown:
        base = _whole(_compiled(view, asked, source, reader, values), order, table, alone=not joins)
        return replace(base, of_table=asked if alone else None)
    hidden, key, row = _hidden_keys(question, shown, found)
    asked = asked.model_copy(update={"columns": (*shown, *hidden)})
    query = _compiled(view, asked, source, reader, values)
    made = {one.name for one in question.computed}
    columns = {
        one.result_name: str(one.column)
        for one in (*shown, *hidden)
        if one.of in (None, question.table)
        and one.column not in made
        and not (one.grain or one.bin)
        and table
        and table.column(str(one.column))
    }
    filled = _filled(columns, table) if table else frozenset()
    return _Base(query, len(hidden), order, key, row, table, columns, filled=filled, of_table=asked if alone else None)


def _compiled(
    view: View, question: Question, source: Source, reader: User, values: Mapping[str, Any], *, percent: float | None = None
) -> Query:
    asked = view.model_copy(update={"question": question})
    with typed.in_zone(source.zone):
        return compile(asked, values, lookup=catalog.lookup(source, reader=reader), percent=percent)


def _whole(query: Query, order: tuple[OwnOrder, ...], table: CatalogTable | None, *, alone: bool) -> _Base:
    """All columns: of one table under their own names, of several under names that are known only when they come."""
    if table is None or not alone:
        return _Base(query, order=order)
    columns = {column.name: column.name for column in table.columns}
    key = table.primary_key
    return _Base(query, 0, order, key, key, table, columns, True, _filled(columns, table))


Hidden = tuple[tuple[SelectedColumn, ...], tuple[str, ...], tuple[str, ...]]


def _hidden_keys(question: TableQuestion, shown: list[SelectedColumn], found: list[tuple[str | None, CatalogTable | None]]) -> Hidden:
    """Columns to fetch beside those shown; names of all key columns, empty where a table has none; those of the first table."""
    hidden: list[SelectedColumn] = []
    key: list[str] = []
    row: list[str] = []
    complete = True
    for alias, table in found:
        complete = complete and table is not None and bool(table.primary_key)
        for column in table.primary_key if table else ():
            owners = (None, question.table) if alias is None else (alias,)
            name = _selected(shown, column, owners)
            if name is None:
                hidden.append(SelectedColumn(column=column, of=alias, name=f"nexus key {len(hidden)}"))
                name = hidden[-1].result_name
            key.append(name)
            if alias is None:
                row.append(name)
    return tuple(hidden), tuple(key) if complete else (), tuple(row)


def _selected(shown: list[SelectedColumn], column: str, owners: tuple[str | None, ...]) -> str | None:
    for one in shown:
        if one.column == column and one.of in owners and not (one.grain or one.bin or one.aggregate):
            return one.result_name
    return None
