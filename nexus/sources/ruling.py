"""Which rules of its source hold for the columns of a result, wherever in the statement they come from."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from nexus.accounts.spec import Permission, User, require
from nexus.sources.connect import pool_of
from nexus.sources.lineage import ANYTHING, NOTHING, Derived, Ref, Refs, Unreadable, lineage
from nexus.sources.rules import EVERY, Rule, Ruled, among, strictest
from nexus.sources.run import inquire
from nexus.sources.spec import Source, Table

MOST_NESTED = 12
"""How far views of the database are followed into one another."""

COLUMNS = """
select a.attrelid::bigint, a.attnum::int, n.nspname, c.relname, a.attname
from pg_catalog.pg_attribute a
join pg_catalog.pg_class c on c.oid = a.attrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where a.attrelid = any(%(tables)s::oid[]) and a.attnum > 0
"""
# Without a path each name in a definition has its schema, but those of the database itself.
VIEWS = """
select pg_catalog.set_config('search_path', 'pg_catalog', true);
select n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid)
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('v', 'm') and n.nspname <> 'pg_catalog'
"""

Definitions = Mapping[str, Sequence[tuple[str, str]]]
"""Of a view's name its schema and its text, once for each schema that has one of that name."""
RuleOf = Callable[[str, str, str], Rule]
"""By schema, table (or view) and column."""


def rules_of(source: Source, *, reader: User, table: Table) -> tuple[Ruled, ...]:
    """Of each column of a result, in order. What cannot be followed takes the strictest rule of the source.

    Raises SourceUnavailable, QueryTooSlow: what a column is made of is asked of the source itself.
    """
    require(reader, Permission.SEE)
    if not _holds_back(source):
        return tuple(Ruled() for _ in table.columns)
    definitions = _definitions(source)
    return tuple(_ruled(source, refs, definitions) for refs in _refs(source, table))


def rule_of_columns(source: Source, *, reader: User) -> RuleOf:
    """What may leave of a column that is asked for by name: of one of the database's own views by what it is made of, too.

    Good for one answer, as views change. Raises SourceUnavailable, QueryTooSlow.
    """
    require(reader, Permission.SEE)
    if not _holds_back(source):
        return lambda _schema, _table, _column: "send"
    definitions = _definitions(source)

    @cache
    def rule(schema: str, table: str, column: str) -> Rule:
        return _ruled(source, frozenset({(schema, table, column)}), definitions).rule

    return rule


def _holds_back(source: Source) -> bool:
    return any(one.rule != "send" for one in source.rules)


def _refs(source: Source, table: Table) -> Iterable[Refs | None]:
    """What each column is made of; None where that is not known."""
    known = _known(source, table)
    try:
        made: Derived | None = lineage(table.query.sql, frozenset(table.query.parameters))
    except Unreadable:
        made = None
    for place, column in enumerate(table.columns):
        origin = table.origins[place] if place < len(table.origins) else (0, 0)
        if origin in known:
            yield frozenset({known[origin]})
        else:
            yield made.at(place, column.name) if made else None


def _known(source: Source, table: Table) -> dict[tuple[int, int], Ref]:
    """By Postgres's numbers of table and column."""
    tables = sorted({number for number, _ in table.origins if number})
    if not tables:
        return {}
    rows = inquire(pool_of(source), sql=COLUMNS, parameters={"tables": tables})
    return {(number, place): (schema, name, column) for number, place, schema, name, column in rows}


def _definitions(source: Source) -> Definitions:
    """Of the database's own views. What was looked up is gone with the answer: a view can be another one the next time."""
    found: dict[str, list[tuple[str, str]]] = {}
    for schema, name, text in inquire(pool_of(source), sql=VIEWS, parameters={}):
        found.setdefault(name, []).append((schema, text))
    return found


def _ruled(source: Source, refs: Refs | None, definitions: Definitions) -> Ruled:
    found = None if refs is None else _followed(refs, definitions)
    if found is None:
        strict = strictest(*(Ruled(rule=one.rule) for one in source.rules))
        return Ruled(rule=strict.rule, because="the source's strictest rule, because what the column is made of is not plain")
    return strictest(*(among(source.rules, schema=schema, table=table, column=column) for schema, table, column in sorted(found, key=str)))


def _followed(refs: Refs, definitions: Definitions) -> Refs | None:
    """Those, and what the views among them are made of; None where that does not end or is not plain."""
    found, new = NOTHING, refs
    for _ in range(MOST_NESTED):
        found |= new
        if ANYTHING in new:
            return None
        try:
            new = frozenset(ref for one in new for ref in _behind(one, definitions)) - found
        except Unreadable:
            return None
        if not new:
            return found
    return None


def _behind(ref: Ref, definitions: Definitions) -> Refs:
    schema, table, column = ref
    made = NOTHING
    for of, text in definitions.get(table, ()):
        if schema in (None, of):
            derived = lineage(text, frozenset())
            made |= derived.every() if column == EVERY else derived.column(column)
    return made
