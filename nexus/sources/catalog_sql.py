"""The statements that ask a database for its catalog. Each is one, however many tables there are."""

MAX_BYTES = 7_000_000
"""Most text of a catalog that is kept: about 150,000 columns."""

KINDS = {"r": "table", "p": "table", "v": "view", "m": "materialized view", "f": "foreign table"}

# What the role may not read is not there: tables, columns, and keys that name either.
_LISTING = """
with shown as materialized (
    select c.oid, n.nspname, c.relname, c.relkind::text as kind, c.reltuples,
        pg_catalog.has_table_privilege(c.oid, 'select') as whole
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition
    and n.nspname not in ('pg_catalog', 'information_schema', 'nexus') and n.nspname !~ '^pg_'
    and pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_any_column_privilege(c.oid, 'select')
), listed as materialized (
    select * from shown {one}
), keys as materialized (
    select k.conname, k.conrelid, k.confrelid, k.contype, names.here, names.there
    from pg_catalog.pg_constraint k
    cross join lateral (
        select pg_catalog.json_agg(a.attname order by place) as here,
            pg_catalog.json_agg(b.attname order by place) as there,
            pg_catalog.bool_and(
                pg_catalog.has_column_privilege(k.conrelid, a.attnum, 'select')
                and (b.attnum is null or pg_catalog.has_column_privilege(k.confrelid, b.attnum, 'select'))
            ) as readable
        from pg_catalog.generate_subscripts(k.conkey, 1) as place
        join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[place]
        left join pg_catalog.pg_attribute b on b.attrelid = k.confrelid and b.attnum = k.confkey[place]
    ) names
    where k.contype in ('f', 'p', 'u') and names.readable
    and (k.conrelid in (select oid from listed) or k.confrelid in (select oid from listed))
), columns as (
    select l.oid, pg_catalog.json_agg(pg_catalog.json_build_array(
        a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.atttypid::bigint, t.typcategory::text, not a.attnotnull, d.description
    ) order by a.attnum) as columns
    from listed l
    join pg_catalog.pg_attribute a on a.attrelid = l.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_description d on d.objoid = l.oid and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objsubid = a.attnum
    where l.whole or pg_catalog.has_column_privilege(l.oid, a.attnum, 'select')
    group by l.oid
), away as (
    select k.conrelid as oid, pg_catalog.json_agg(
        pg_catalog.json_build_array(k.conname, k.here, s.nspname, s.relname, k.there) order by k.conname
    ) as keys
    from keys k join shown s on s.oid = k.confrelid where k.contype = 'f' group by k.conrelid
), home as (
    select k.confrelid as oid, pg_catalog.json_agg(
        pg_catalog.json_build_array(k.conname, k.there, s.nspname, s.relname, k.here) order by s.nspname, s.relname, k.conname
    ) as keys
    from keys k join shown s on s.oid = k.conrelid where k.contype = 'f' group by k.confrelid
), unique_ones as (
    select k.conrelid as oid, pg_catalog.json_agg(k.here order by k.contype, k.conname) as keys
    from keys k where k.contype in ('p', 'u') group by k.conrelid
), primary_ones as (
    select conrelid as oid, here as key from keys where contype = 'p'
), index_columns as (
    select i.indexrelid, i.indrelid as oid, place, a.attname,
        (i.indoption[place] & 1) <> 0 as descending, (i.indoption[place] & 2) <> 0 as nulls_first,
        -- An expression, another collation or another way to compare ends what an order can use.
        pg_catalog.bool_and(
            a.attnum is not null and o.opcdefault and i.indcollation[place] = a.attcollation
            and (l.whole or pg_catalog.has_column_privilege(l.oid, a.attnum, 'select'))
        ) over (partition by i.indexrelid order by place) as usable
    from listed l
    join pg_catalog.pg_index i on i.indrelid = l.oid and i.indisvalid and i.indpred is null
    join pg_catalog.pg_class x on x.oid = i.indexrelid
    join pg_catalog.pg_am m on m.oid = x.relam and m.amname = 'btree'
    cross join lateral pg_catalog.generate_series(0, i.indnkeyatts - 1) as place
    join pg_catalog.pg_opclass o on o.oid = i.indclass[place]
    left join pg_catalog.pg_attribute a on a.attrelid = l.oid and a.attnum = i.indkey[place] and a.attnum > 0
), index_keys as (
    select oid, indexrelid, pg_catalog.json_agg(
        pg_catalog.json_build_array(attname, descending, nulls_first) order by place
    ) as columns
    from index_columns where usable group by oid, indexrelid
), indexes as (
    select oid, pg_catalog.json_agg(columns order by indexrelid) as indexes from index_keys group by oid
), partitioned as (
    select l.oid, pg_catalog.sum(p.reltuples) filter (where p.reltuples >= 0) as reltuples
    from listed l
    cross join lateral pg_catalog.pg_partition_tree(l.oid) as t
    join pg_catalog.pg_class p on p.oid = t.relid and t.isleaf
    where l.kind = 'p' group by l.oid
), written as (
    select l.oid, l.nspname, l.relname, l.kind, l.reltuples, p.key::text as primary_key,
        pg_catalog.json_build_array(c.columns, a.keys, h.keys, u.keys, i.indexes)::text as written
    from listed l
    join columns c on c.oid = l.oid
    left join away a on a.oid = l.oid
    left join home h on h.oid = l.oid
    left join unique_ones u on u.oid = l.oid
    left join primary_ones p on p.oid = l.oid
    left join indexes i on i.oid = l.oid
), held as (
    select *, pg_catalog.sum(pg_catalog.octet_length(written) + 200) over (order by nspname, relname) as bytes,
        pg_catalog.count(*) over () as every
    from written
)
select w.nspname, w.relname, w.kind, d.description,
    case when w.kind = 'p' then p.reltuples::bigint when w.reltuples >= 0 then w.reltuples::bigint end,
    w.primary_key, w.written, w.every
from held w
left join pg_catalog.pg_description d on d.objoid = w.oid and d.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objsubid = 0
left join partitioned p on p.oid = w.oid
where w.bytes <= {most}
order by w.nspname, w.relname
"""

DETAIL = """
with this as materialized (
    select c.oid, c.relkind, pg_catalog.has_table_privilege(c.oid, 'select') as whole
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where n.nspname = %(schema)s and c.relname = %(name)s
)
select (
    select pg_catalog.sum(pg_catalog.pg_total_relation_size(coalesce(t.relid, this.oid)))::bigint
    from (select 1) one left join lateral pg_catalog.pg_partition_tree(this.oid) t on this.relkind = 'p'
    where this.relkind in ('r', 'p', 'm')
), (
    select pg_catalog.json_agg(pg_catalog.json_build_array(
        a.attname, pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated <> '', a.attidentity <> ''
    ))
    from pg_catalog.pg_attribute a
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = this.oid and a.attnum > 0 and not a.attisdropped and (d.oid is not null or a.attidentity <> '')
    -- What a default or a generated column is made of may name columns that the role may not read.
    and this.whole
)::text, (
    select pg_catalog.json_agg(pg_catalog.json_build_array(
        x.relname, pg_catalog.pg_get_indexdef(i.indexrelid), i.indisunique, i.indisprimary, i.indisvalid
    ) order by not i.indisprimary, x.relname)
    from pg_catalog.pg_index i join pg_catalog.pg_class x on x.oid = i.indexrelid
    where i.indrelid = this.oid and (this.whole or (i.indexprs is null and i.indpred is null and (
        select pg_catalog.bool_and(pg_catalog.has_column_privilege(this.oid, attnum, 'select')) from pg_catalog.unnest(i.indkey) attnum
    )))
)::text
from this
"""
"""Size (of a partitioned table the sum of its parts), defaults, and indexes as the database writes them."""


def listing(*, one: bool = False) -> str:
    """Tables with all that is told of them; with `one`, that of `%(schema)s` and `%(name)s` alone."""
    return _LISTING.format(one="where nspname = %(schema)s and relname = %(name)s" if one else "", most=MAX_BYTES)
