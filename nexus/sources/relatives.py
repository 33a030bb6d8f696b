"""What tables are made of and stand for, as the database's own catalog knows it: views, parts, parents, generated columns, foreign tables."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nexus.accounts.spec import Permission, User, require
from nexus.sources.connect import pool_of
from nexus.sources.lineage import Unreadable, lineage
from nexus.sources.relations import ANYTHING, NOTHING, NOTHING_OF_ITS_OWN, ROWS, Own, Ref, Refs, union
from nexus.sources.rules import EVERY
from nexus.sources.run import inquire
from nexus.sources.spec import Source

MOST_NESTED = 12
"""How far views, parts and generated columns are followed into one another."""

# Without a path each name in a definition has its schema, but those of the database itself.
# Somebody's function is one that came after the database was made, in a language in which it can read tables.
RELATIVES = """
select pg_catalog.set_config('search_path', 'pg_catalog', true);
with own as materialized (
    select p.oid, p.proname, p.pronargs, p.pronargdefaults from pg_catalog.pg_proc p
    join pg_catalog.pg_language l on l.oid = p.prolang
    where p.oid >= 16384 and l.lanname not in ('internal', 'c')
), casts as materialized (
    select k.castfunc, k.casttarget, k.castcontext from pg_catalog.pg_cast k join own on own.oid = k.castfunc
)
select (
    select pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid), exists (
        select from pg_catalog.pg_rewrite r join pg_catalog.pg_depend d on d.objid = r.oid
        where r.ev_class = c.oid and d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_proc'::regclass
        and d.refobjid in (select castfunc from casts)
    )))
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('v', 'm') and n.nspname <> 'pg_catalog'
)::text, (
    select pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, pn.nspname, p.relname))
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_class p on p.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    where c.relkind in ('r', 'p', 'f')
)::text, (
    select pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, a.attname, (
        select pg_catalog.json_agg(distinct b.attname)
        from pg_catalog.pg_depend d
        join pg_catalog.pg_attribute b on b.attrelid = c.oid and b.attnum = d.refobjsubid and b.attnum <> a.attnum
        where d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and (
            (d.classid = 'pg_attrdef'::regclass and d.objid = e.oid)
            or (d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = a.attnum)
        )
    ), exists (
        select from pg_catalog.pg_depend d
        where d.classid = 'pg_attrdef'::regclass and d.objid = e.oid
        and (
            (d.refclassid = 'pg_proc'::regclass and d.refobjid in (select oid from own))
            or (d.refclassid = 'pg_operator'::regclass and d.refobjid in (
                select o.oid from pg_catalog.pg_operator o where o.oprcode in (select oid from own)
            ))
        )
    )))
    from pg_catalog.pg_attrdef e
    join pg_catalog.pg_attribute a on a.attrelid = e.adrelid and a.attnum = e.adnum and a.attgenerated <> ''
    join pg_catalog.pg_class c on c.oid = e.adrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
)::text, (
    select pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname,
        (select o.option_value from pg_catalog.pg_options_to_table(f.ftoptions) o where o.option_name = 'schema_name'),
        (select o.option_value from pg_catalog.pg_options_to_table(f.ftoptions) o where o.option_name = 'table_name'), (
            select pg_catalog.json_agg(pg_catalog.json_build_array(a.attname, o.option_value))
            from pg_catalog.pg_attribute a cross join lateral pg_catalog.pg_options_to_table(a.attfdwoptions) o
            where a.attrelid = c.oid and o.option_name = 'column_name'
        )
    ))
    from pg_catalog.pg_foreign_table f
    join pg_catalog.pg_class c on c.oid = f.ftrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
)::text, (
    select pg_catalog.json_agg(distinct p.proname) from pg_catalog.pg_proc p
    where p.oid >= 16384 and p.pronargs >= 1 and p.pronargs - p.pronargdefaults <= 1
)::text, (
    select pg_catalog.json_agg(distinct o.oprname) from pg_catalog.pg_operator o where o.oprcode in (select oid from own)
)::text, (
    select pg_catalog.json_agg(distinct t.typname) from casts join pg_catalog.pg_type t on t.oid = casts.casttarget
)::text, (
    select pg_catalog.json_agg(distinct castcontext::text) from casts where castcontext = 'i'
)::text, (
    select pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, c.relname, (
        select pg_catalog.json_agg(a.attname) from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    )))
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relname = any(%(tables)s::text[]) and c.relkind in ('r', 'p', 'v', 'm', 'f')
)::text
"""

Place = tuple[str, str]
"""Schema and table."""


@dataclass(frozen=True)
class Relatives:
    """Good for one answer: a view can be another one the next time."""

    views: dict[Place, tuple[str, bool]] = field(default_factory=dict)
    """The text of each, and whether a cast in it runs somebody's function."""
    parents: dict[Place, set[Place]] = field(default_factory=dict)
    """Of a part or a child the tables that it belongs to; of a foreign table the one that it stands for."""
    parts: dict[Place, set[Place]] = field(default_factory=dict)
    made: dict[tuple[str, str, str], Refs] = field(default_factory=dict)
    """Of a generated column, and of a foreign one that is called otherwise there, those that it is made of."""
    own: Own = NOTHING_OF_ITS_OWN

    def followed(self, refs: Refs) -> Refs | None:
        """Those, and all that they are made of; None where that does not end or is not plain."""
        found, new = NOTHING, refs
        for _ in range(MOST_NESTED):
            found |= new
            if ANYTHING in new:
                return None
            try:
                new = union(self._behind(one) for one in new) - found
            except Unreadable:
                return None
            if not new:
                return found | self._inherited(found)
        return None

    def _behind(self, ref: Ref) -> Refs:
        schema, table, column = ref
        found = NOTHING
        for place in self._places(schema, table, self.views):
            found |= self._of_view(place, column)
        for place in self._places(schema, table, self.parts):
            found |= frozenset((*part, column) for part in self.parts[place])
        for (of, name, made), sources in self.made.items():
            if name == table and schema in (None, of) and column in (made, EVERY):
                found |= sources
        return found

    def _of_view(self, place: Place, column: str) -> Refs:
        text, runs_own = self.views[place]
        if runs_own:
            return frozenset({ANYTHING})
        derived = lineage(text, frozenset(), self.own)
        return derived.rows if column == ROWS else derived.every() if column == EVERY else derived.column(column)

    def _inherited(self, refs: Refs) -> Refs:
        """The same columns of the tables above: their rules hold for what lies below."""
        found, pending = set(refs), list(refs)
        while pending:
            schema, table, column = pending.pop()
            for place in self._places(schema, table, self.parents):
                above = {(*parent, column) for parent in self.parents[place]} - found
                found |= above
                pending += above
        return frozenset(found)

    @staticmethod
    def _places(schema: str | None, table: str, known: Mapping[Place, object]) -> list[Place]:
        if schema is None:
            return [place for place in known if place[1] == table]
        return [(schema, table)] if (schema, table) in known else []


def relatives(source: Source, *, reader: User, tables: Iterable[str] = ()) -> Relatives:
    """With the columns of `tables`, which are names without schemas. Raises SourceUnavailable, QueryTooSlow."""
    require(reader, Permission.SEE)
    (found,) = inquire(pool_of(source), sql=RELATIVES, parameters={"tables": list(tables)})
    views, inherits, generated, foreign, functions, operators, types, implicit, columns = (json.loads(one or "[]") for one in found)
    parents, parts = defaultdict(set), defaultdict(set)
    for schema, table, of_schema, of_table in inherits:
        parents[schema, table].add((of_schema, of_table))
        parts[of_schema, of_table].add((schema, table))
    made: dict[tuple[str, str, str], Refs] = {
        (schema, table, column): frozenset({ANYTHING} if runs_own else {(schema, table, one) for one in of or ()})
        for schema, table, column, of, runs_own in generated
    }
    for schema, table, there, name, called in foreign:
        parents[schema, table].add((there or schema, name or table))
        made |= {(schema, table, column): frozenset({(schema, table, other)}) for column, other in called or ()}
    known = {(schema, table): frozenset(names or ()) for schema, table, names in columns}
    own = Own(frozenset(functions), frozenset(operators), frozenset(types), bool(implicit), known)
    return Relatives({(schema, name): (text, runs_own) for schema, name, text, runs_own in views}, parents, parts, made, own)
