"""A view whose source has changed under it: what it names that is gone."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from nexus.errors import BadInput
from nexus.sources.catalog import CatalogTable
from nexus.sources.spec import QueryFailed
from nexus.views import values as typed
from nexus.views.compile.expression import Written, write
from nexus.views.question import ColumnRef, TableQuestion, every_filter
from nexus.views.spec import View

GONE = frozenset({"42703", "42P01", "3F000", "42501"})
"""What Postgres calls a column, a table and a schema that is not there, or that may not be read."""


def check_against(view: View, tables: Iterable[CatalogTable], *, saved_at: datetime | None = None) -> str | None:
    """One sentence about what a view built by clicking names and the catalog has no more; None when all is there, and of SQL."""
    if not isinstance(view.question, TableQuestion):
        return None
    known = {(table.schema, table.name): table for table in tables}
    saved = f"; the view was saved on {typed.day(saved_at.date())}" if saved_at else ""
    for schema, name, alias in _tables(view.question):
        table = known.get((schema, name))
        if table is None:
            return f"The table `{name}` is gone from `{schema}`, or may not be read any more{saved}."
        gone = list(dict.fromkeys(column for column, of in _columns(view.question) if of == alias and table.column(column) is None))
        if gone:
            named = " and ".join([", ".join(f"`{column}`" for column in gone[:-1]), f"`{gone[-1]}`"] if gone[1:] else [f"`{gone[0]}`"])
            if not saved and {(column, alias) for column in gone} <= set(_written(view.question)):
                # Typed, and not chosen from a list: it may never have been there.
                return f"There is no column {named} in `{name}`."
            return f"The {'columns' if gone[1:] else 'column'} {named} {'are' if gone[1:] else 'is'} gone from `{name}`{saved}."
    return None


def changed(error: QueryFailed, reason: str | None, *, saved_at: datetime | None) -> QueryFailed:
    """The failure with what changed as its sentence, or else the database's own with when the view was saved."""
    said = f" The view was saved on {typed.day(saved_at.date())}; its source may have changed since." if saved_at else ""
    failure = QueryFailed(
        f"{reason.removesuffix('.')}. Edit the view, or ask the owner of the database." if reason else f"{error.message}{said}"
    )
    failure.position = error.position
    failure.code = error.code
    return failure


def _tables(question: TableQuestion) -> list[tuple[str, str, str]]:
    joined = [(join.db_schema, join.table, join.alias) for join in question.joins if not join.off]
    return [(question.db_schema, question.table, question.table), *joined]


def _columns(question: TableQuestion) -> Iterator[tuple[str, str]]:
    """Each stored column that the question names, with the table or join that it is of."""
    computed = {one.name for one in question.computed}
    for join in question.joins:
        if not join.off:
            for pair in join.on:
                yield pair.column, pair.of or question.table
                yield pair.equals, join.alias
    yield from _written(question)
    for ref in _refs(question):
        if ref.of or ref.column not in computed:
            yield ref.column, ref.of or question.table


def _written(question: TableQuestion) -> Iterator[tuple[str, str]]:
    """Those in computed columns, as somebody typed them."""
    computed = {one.name for one in question.computed}
    for one in question.computed:
        if not one.off:
            yield from ((name, of or question.table) for name, of in _named_in(one.expression) if of or name not in computed)


def _refs(question: TableQuestion) -> Iterator[ColumnRef]:
    shown = [column for column in question.columns if not column.off]
    conditions = (*question.filters, *(one for column in shown for one in column.where))
    yield from (where for where in every_filter(conditions) if not where.off)
    yield from (ColumnRef(column=column.column, of=column.of) for column in shown if column.column is not None)


def _named_in(expression: str) -> list[tuple[str, str | None]]:
    named: list[tuple[str, str | None]] = []

    def note(names: tuple[str, ...]) -> Written:
        named.append((names[-1], names[0] if len(names) > 1 else None))
        return Written("x")

    try:
        write(expression, resolve=note)
    except BadInput:
        return []
    return named
