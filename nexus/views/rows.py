"""One row of a view, whole, with the rows that belong to it along foreign keys."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.db import versions
from nexus.db.session import Session
from nexus.errors import BadInput, NexusError, NotFound
from nexus.sources import catalog
from nexus.sources.catalog import CatalogTable, ForeignKey
from nexus.sources.run import run
from nexus.sources.spec import Column, Query, QueryTooBig, Source, Table
from nexus.views.afresh import over
from nexus.views.compile import compile
from nexus.views.page import read_row
from nexus.views.paging import Cancelled, cells_of
from nexus.views.question import Filter, TableQuestion
from nexus.views.reading import Reading, part_of
from nexus.views.service import OpenView
from nexus.views.spec import View

SHOWN = 5
COUNTED = 1_000
"""Related rows are counted so far; beyond it there are `more than 1,000`."""
MOST_RELATED = 20


class RowGone(NotFound):
    message = "This row is not there any more, or the filters leave it out. Choose another from the table."


@dataclass(frozen=True)
class WholeRow:
    """`columns` and `cells` of the view; `others` are columns of its table that the view does not show, for those who build."""

    columns: tuple[Column, ...]
    names: tuple[str, ...]
    cells: tuple[Any, ...]
    others: tuple[tuple[Column, Any], ...]
    table: CatalogTable | None
    related: tuple["Related", ...]


@dataclass(frozen=True)
class Related:
    """A table beside the row's own: `outgoing` holds the one row that this row points to, otherwise rows that point to this one."""

    schema: str
    table: str
    outgoing: bool
    columns: tuple[str, ...]
    """Of that table; they hold `values`."""
    values: tuple[Any, ...]
    through: tuple[str, ...]
    """Columns of the row's own table."""

    @property
    def where(self) -> tuple[Filter, ...]:
        return tuple(Filter(column=column, value=_plain(value)) for column, value in zip(self.columns, self.values, strict=True))


@dataclass(frozen=True)
class RelatedRows:
    table: Table
    count: int
    more: bool
    """More than `count` are there."""


def find_row(opened: OpenView, *, reader: User, values: Mapping[str, Any], row: str) -> WholeRow:
    """The row that a page named. Who may not build is shown what the view shows, and nothing else of its table.

    Raises RowGone, BadInput for a name that no page gave, and what `sources.run` raises.
    """
    require(reader, Permission.SEE)
    return over(opened, reader=reader, values=values, ask=lambda reading: _find_row(reading, reader, row))


def _find_row(reading: Reading, reader: User, row: str) -> WholeRow:
    if not reading.key:
        raise BadInput("The rows of this view have no key, so that one of them cannot be opened alone.")
    key = read_row(row, count=len(reading.key))
    parts = [part_of(reading, at) for at in reading.key]
    names = {f"_k{number}": value for number, value in enumerate(key)}
    where = " and ".join(f"{part.expression} = cast(:_k{number} as {part.cast})" for number, part in enumerate(parts))

    def read(*, short: bool) -> Table:
        sql = f"select {cells_of(reading, short=short)} from {reading.inner} where {where}"
        return run(reading.source, query=reading.query(sql, **names), reader=reader, max_rows=1)

    try:
        found = read(short=False)
    except QueryTooBig:
        found = read(short=True)
    if not found.rows:
        raise RowGone()
    cells = found.rows[0]
    own = {reading.table_columns[at]: cells[at] for at in range(reading.shown) if reading.table_columns.get(at)}
    whole = _of_table(reading, cells, reading.source, reader) if reader.may(Permission.BUILD) else []
    return WholeRow(
        columns=reading.columns[: reading.shown],
        names=reading.names,
        cells=cells[: reading.shown],
        others=tuple((column, value) for column, value in whole if column.name not in own),
        table=reading.table,
        related=_related(reading.table, own | {column.name: value for column, value in whole}) if reading.table else (),
    )


def _of_table(reading: Reading, cells: tuple[Any, ...], source: Source, reader: User) -> list[tuple[Column, Any]]:
    """The row of the table itself, with all its columns."""
    if reading.table is None:
        return []
    where = tuple(Filter(column=reading.table_columns[at], value=_plain(cells[at])) for at in reading.key)
    table = _rows_of(source, reader, reading.table.schema, reading.table.name, where, limit=1)
    return list(zip(table.columns, table.rows[0], strict=True)) if table.rows else []


def _related(table: CatalogTable, row: Mapping[str, Any]) -> tuple[Related, ...]:
    """Where a key of the row holds something. Keys to others come first."""

    def one(key: ForeignKey, outgoing: bool) -> Related | None:
        held = tuple(row.get(column) for column in key.columns)
        if any(value is None for value in held):
            return None
        return Related(key.schema, key.table, outgoing, key.other_columns, held, key.columns)

    found = [one(key, True) for key in table.foreign_keys] + [one(key, False) for key in table.referenced_by]
    return tuple(related for related in found if related is not None)[:MOST_RELATED]


def related_rows(source: Source, *, reader: User, related: Related, cancelled: Cancelled = None) -> RelatedRows:
    """A few of them, and how many there are up to `COUNTED`. They are of a table, and of no view: for those who build.

    Raises NotAllowed, and what `sources.run` raises.
    """
    require(reader, Permission.BUILD)
    table = _rows_of(source, reader, related.schema, related.table, related.where, limit=SHOWN, cancelled=cancelled)
    if related.outgoing or table.row_count < SHOWN:
        return RelatedRows(table, table.row_count, more=False)
    counted = _rows_of(
        source, reader, related.schema, related.table, related.where, limit=COUNTED + 1, count=True, cancelled=cancelled
    ).rows[0][0]
    return RelatedRows(table, min(counted, COUNTED), more=counted > COUNTED)


def views_by_table(session: Session, *, reader: User, source: Source) -> dict[tuple[str, str], list[View]]:
    """The views that show rows of one table as they are, by its schema and name: a filter on its columns can be put to them."""
    require(reader, Permission.SEE)
    found: dict[tuple[str, str], list[View]] = {}
    for kept in versions.load_all(session, reader=reader, kind="view"):
        question = kept.spec.get("question", {})
        if kept.spec.get("source") != source.name or question.get("kind") != "table":
            continue
        with suppress(NexusError):  # a spec that this release cannot read is no place to go to
            view = versions.read("view", kept.name, View, kept.spec)
            if isinstance(view.question, TableQuestion) and not any(column.aggregate for column in view.question.columns if not column.off):
                found.setdefault((view.question.db_schema, view.question.table), []).append(view)
    return found


def _rows_of(
    source: Source,
    reader: User,
    schema: str,
    name: str,
    where: tuple[Filter, ...],
    *,
    limit: int,
    count: bool = False,
    cancelled: Cancelled = None,
) -> Table:
    known = catalog.find_table(source, reader=reader, schema=schema, name=name)
    if known is None:
        raise NotFound(f"The table {schema}.{name} is gone, or this source's role may not read it any more.")
    question = TableQuestion(db_schema=schema, table=name, filters=where, limit=limit)
    query = compile(View(name="rows", title="Rows", source=source.name, question=question), {})
    if count:
        query = Query(source=source.name, sql=f"select count(*) from (\n{query.sql}\n) counted", parameters=query.parameters)
    try:
        return run(source, query=query, reader=reader, max_rows=limit, cancelled=cancelled)
    except QueryTooBig:
        columns = ", ".join(map(catalog.beginning, known.columns))
        short = query.model_copy(update={"sql": f"select {columns} from (\n{query.sql}\n) whole"})
        return run(source, query=short, reader=reader, max_rows=limit, cancelled=cancelled)


def _plain(value: Any) -> Any:
    """A key's value as a filter holds it."""
    return value if isinstance(value, str | int | float | bool) else str(value)
