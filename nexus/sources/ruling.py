"""Which rules of its source hold for the columns of a result, wherever in the statement they come from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from nexus.accounts.spec import Permission, User, require
from nexus.sources.connect import pool_of
from nexus.sources.lineage import Unreadable, lineage, tables_in
from nexus.sources.relations import ROWS, Derived, Ref, Refs
from nexus.sources.relatives import Relatives, relatives
from nexus.sources.rules import Rule, Ruled, among, strictest
from nexus.sources.run import inquire
from nexus.sources.spec import Source, Table

COLUMNS = """
select a.attrelid::bigint, a.attnum::int, n.nspname, c.relname, a.attname
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attrelid = any(%(tables)s::oid[]) and a.attnum > 0
"""

RuleOf = Callable[[str, str, str], Rule]
"""By schema, table (or view) and column."""


@dataclass(frozen=True)
class _Made:
    """What each column of a result is made of, and what decides its rows; None where that is not known."""

    columns: tuple[Refs | None, ...]
    rows: Refs | None


def rules_of(source: Source, *, reader: User, table: Table) -> tuple[Ruled, ...]:
    """Of each column of a result, in order. What cannot be followed takes the strictest rule of the source.

    Where a column that never leaves decides which rows there are, or their order, nothing of the result leaves: it would tell of the column.
    Raises SourceUnavailable, QueryTooSlow: what a column is made of is asked of the source itself.
    """
    require(reader, Permission.SEE)
    if not _holds_back(source):
        return tuple(Ruled() for _ in table.columns)
    made, known = _made(source, reader, table)
    rows = _ruled(source, made.rows, known)
    by_rows = Ruled(rule=rows.rule, because=f"{rows.because}, which decides what rows there are") if rows.rule == "never" else Ruled()
    return tuple(strictest(_ruled(source, refs, known), by_rows) for refs in made.columns)


def rule_of_columns(source: Source, *, reader: User) -> RuleOf:
    """What may leave of a column that is asked for by name: of one of the database's own views by what it is made of, too.

    Good for one answer, as views change. Raises SourceUnavailable, QueryTooSlow.
    """
    require(reader, Permission.SEE)
    if not _holds_back(source):
        return lambda _schema, _table, _column: "send"
    known = relatives(source, reader=reader)

    @cache
    def rule(schema: str, table: str, column: str) -> Rule:
        return _ruled(source, frozenset({(schema, table, column)}), known).rule

    return rule


def _holds_back(source: Source) -> bool:
    return any(one.rule != "send" for one in source.rules)


def _made(source: Source, reader: User, table: Table) -> tuple[_Made, Relatives]:
    names = frozenset(table.query.parameters)
    try:
        known = relatives(source, reader=reader, tables=tables_in(table.query.sql, names))
        made = lineage(table.query.sql, names, known.own)
    except Unreadable:
        return _Made(tuple(None for _ in table.columns), None), Relatives()
    return _Made(tuple(_refs(source, table, made)), made.rows), known


def _refs(source: Source, table: Table, made: Derived) -> Iterable[Refs]:
    origins = _origins(source, table)
    for place, column in enumerate(table.columns):
        origin = table.origins[place] if place < len(table.origins) else (0, 0)
        yield made.spread(frozenset({origins[origin]})) if origin in origins else made.at(place, column.name)


def _origins(source: Source, table: Table) -> dict[tuple[int, int], Ref]:
    """By Postgres's numbers of table and column."""
    tables = sorted({number for number, _ in table.origins if number})
    if not tables:
        return {}
    rows = inquire(pool_of(source), sql=COLUMNS, parameters={"tables": tables})
    return {(number, place): (schema, name, column) for number, place, schema, name, column in rows}


def _ruled(source: Source, refs: Refs | None, known: Relatives) -> Ruled:
    found = None if refs is None else known.followed(refs)
    if found is None:
        strict = strictest(*(Ruled(rule=one.rule) for one in source.rules))
        return Ruled(rule=strict.rule, because="the source's strictest rule, because what the column is made of is not plain")
    columns = sorted((one for one in found if one[2] != ROWS), key=str)
    return strictest(*(among(source.rules, schema=schema, table=table, column=column) for schema, table, column in columns))
