"""What tells the rows of a view's result apart: keys of the source's tables, then what the view groups by."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from nexus.accounts.spec import Permission, User, require
from nexus.errors import NexusError
from nexus.sources import catalog
from nexus.sources.anatomy import anatomy
from nexus.sources.catalog import CatalogTable
from nexus.views.compile import bind_names, texts_of
from nexus.views.question import Join, SelectedColumn, SqlQuestion, TableQuestion
from nexus.views.service import OpenView

KeyOf = Literal["table", "groups"]
Keys = tuple[KeyOf, tuple[str, ...]]
"""Where a key comes from, and the names that its columns have in the result."""


def keys(opened: OpenView, *, reader: User, shown: Collection[str]) -> list[Keys]:
    """The surest first, of those that are `shown` whole. None where neither tables nor groups tell, or the source does not answer."""
    require(reader, Permission.SEE)
    question = opened.view.question
    try:
        found = _of_statement(opened, question, reader) if isinstance(question, SqlQuestion) else _of_tables(opened, question, reader)
    except NexusError:
        found = None
    known: list[Keys] = [("table", found)] if found else []
    if isinstance(question, TableQuestion) and (groups := _groups(question)) and groups != found:
        known.append(("groups", groups))
    return [key for key in known if set(key[1]) <= set(shown)]


def _groups(question: TableQuestion) -> tuple[str, ...]:
    selected = [column for column in question.columns if not column.off]
    grouped = any(column.aggregate for column in selected)
    return tuple(column.result_name for column in selected if not column.aggregate) if grouped else ()


def _of_tables(opened: OpenView, question: TableQuestion, reader: User) -> tuple[str, ...] | None:
    """Of the question's table, and of each joined one of which a row may meet several: all of their keys together."""
    joins = [join for join in question.joins if not join.off]
    table = catalog.find_table(opened.source, reader=reader, schema=question.db_schema, name=question.table)
    found = _shown_key(table, _names(question, (None, question.table), table, alone=not joins))
    for join in joins:
        other = catalog.find_table(opened.source, reader=reader, schema=join.db_schema, name=join.table)
        if found is None or other is None:
            return None
        if not _meets_one(join, other):
            more = _shown_key(other, _names(question, (join.alias,), other, alone=False))
            found = (*found, *more) if more is not None else None
    return found


def _names(question: TableQuestion, owners: tuple[str | None, ...], table: CatalogTable | None, *, alone: bool) -> dict[str, str]:
    """What the result calls each column of a table that it shows as it is."""
    selected = [column for column in question.columns if not column.off]
    if not selected and alone and table is not None:
        return {column.name: column.name for column in table.columns}
    made = {one.name for one in question.computed}
    return {str(one.column): one.result_name for one in selected if one.of in owners and _as_it_is(one) and one.column not in made}


def _as_it_is(column: SelectedColumn) -> bool:
    return column.column is not None and not (column.aggregate or column.grain or column.bin)


def _meets_one(join: Join, other: CatalogTable) -> bool:
    matched = {pair.equals for pair in join.on}
    return any(set(key) <= matched for key in _keys_of(other))


def _keys_of(table: CatalogTable) -> Iterator[tuple[str, ...]]:
    """The primary key, then unique ones of columns that are never empty: several empty cells tell no rows apart."""
    if table.primary_key:
        yield table.primary_key
    never = {column.name for column in table.columns if not column.nullable}
    for key in table.unique_keys:
        if key != table.primary_key and set(key) <= never:
            yield key


def _shown_key(table: CatalogTable | None, names: Mapping[str, str]) -> tuple[str, ...] | None:
    if table is None:
        return None
    return next((tuple(names[column] for column in key) for key in _keys_of(table) if set(key) <= names.keys()), None)


def _of_statement(opened: OpenView, question: SqlQuestion, reader: User) -> tuple[str, ...] | None:
    """Where each row of the result is one of a single table."""
    parameters = opened.view.parameters
    found = anatomy(texts_of(question, parameters)[0], frozenset(bind_names(parameters)))
    if found.table is None:
        return None
    schema, name = found.table
    # Without a schema the role's search path decides, which is not known here: only a name that is there once is sure.
    known = [one for one in catalog.tables(opened.source, reader=reader) if one.name == name and schema in (None, one.schema)]
    if len(known) != 1:
        return None
    names = {column: result for result, column in found.columns}
    return _shown_key(known[0], names | ({column.name: column.name for column in known[0].columns} if found.every else {}))
