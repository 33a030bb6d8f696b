from contextlib import suppress

import pytest

from nexus.sources import guard
from nexus.sources.functions import ALLOWED
from nexus.sources.spec import QueryRefused, QueryTooBig


def template(sql, **values):
    return guard.check(sql, names=values).template


def test_a_parameter_is_bound_and_never_pasted():
    assert template("select a from t where b = :b", b=1) == "select a from t where b = %(b)s "


@pytest.mark.parametrize(
    "untouched",
    [
        "select ':b'",
        "select $$ :b $$",
        "select $tag$ :b $tag$",
        "select E'\\':b'",
        'select 1 as ":b"',
        "select 1 -- :b",
        "select 1 /* :b /* :b */ */",
        "select a::b from t",
        "select a[1:2] from t",
        "select a[x:y] from t",
        "select a[:2], a[1:] from t",
        "select U&'\\0041:b'",
    ],
)
def test_a_colon_that_is_no_parameter_stays(untouched):
    assert template(untouched, b=1) == untouched


def test_a_parameter_can_bound_a_slice():
    assert template("select a[:first:3], a[1:last] from t", first=1).startswith("select a[%(first)s :3], a[1:last]")


def test_one_parameter_used_twice_is_one_value():
    statement = guard.check("select :from where :from is null", names=["from", "unused"])
    assert statement.parameters == {"from"}
    assert statement.template == "select %(from)s  where %(from)s  is null"


def test_percent_and_question_mark_are_operators_of_the_database():
    assert template("select a ? 'k', b % 2, 'x%' like '%s' from t") == "select a ? 'k', b %% 2, 'x%%' like '%%s' from t"


def test_an_unknown_parameter_is_named_with_its_place():
    with pytest.raises(QueryRefused, match=r":carier \(line 2, column 10\) is not defined"):
        guard.check("select 1\n   where :carier = 'UA'", names=["carrier"])


def test_a_mistake_after_a_parameter_is_found_where_it_was_typed():
    with pytest.raises(QueryRefused, match=r'at or near "z" \(line 2, column 7\)'):
        guard.check("select :a_rather_long_name,\n  x y z", names=["a_rather_long_name"])


def test_functions_are_postgres_own_whatever_the_search_path_says():
    assert template('select lower(a), "upper"(b), pg_catalog.now(), substring(c from 1 for 2), count(*) filter (where d) from t') == (
        'select pg_catalog.lower(a), pg_catalog."upper"(b), pg_catalog.now(), substring(c from 1 for 2), '
        "pg_catalog.count(*) filter (where d) from t"
    )


@pytest.mark.parametrize(
    "sql",
    [
        "select * from t where a like 'x!%' escape '!' and b similar to 'c' and d between 1 and 2",
        "with a as (select 1 as x), b as materialized (select * from a) select * from b union all table a",
        "with recursive n(i) as (values (1) union all select i + 1 from n where i < 9) select * from n",
        "select a, sum(b) over w, grouping(a) from t group by rollup (a), b window w as (partition by a order by b rows 2 preceding)",
        "select percentile_cont(0.5) within group (order by a) from t",
        "select extract(year from a), a at time zone 'UTC', date_trunc('month', a), current_date, interval '1 day' from t",
        "select case when a then 1 else 2 end, coalesce(a, b), greatest(1, 2), nullif(a, b), (a, b) = (1, 2), array[1, 2] from t",
        "select a -> 'b' ->> 'c', a #>> '{d}', jsonb_path_query_first(a, '$.x'), json_object('k': 1) from t",
        "select * from t, lateral (select 1) x cross join generate_series(1, 3) with ordinality as g(i, n)",
        "select * from rows from (generate_series(1, 2), unnest(array[1])) as r",
        "select t.a, (t.b).c, (t.d)[1].e from s.t tablesample system (1)",
        "select exists (select 1), a in (select 1), a = any (array[1]) from t order by 1 desc nulls last limit 3 offset 1",
        "select distinct on (a) a::numeric(10, 2), cast(b as mood), 'x'::public.mood from t",
        "select 'é', lower('ß'), '😀', upper('x')",
        "select a::region, b::public.registration, '1/2'::pg_lsn, to_tsvector('english'::regconfig, c) from t tablesample bernoulli (1)",
        "select pg_input_is_valid(a, 'integer'), pg_input_is_valid(b, 'numeric(10, 2)'), pg_input_is_valid(c, 'timestamp(3) with time zone') from t",
    ],
)
def test_plain_questions_pass(sql):
    guard.check(sql)


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("select 1; select 2", "several statements"),
        (";", "There is none"),
        ("-- nothing", "There is none"),
        ("update t set a = 1", "this is UPDATE"),
        ("create function f() returns int language sql as ''", "this is CREATE FUNCTION"),
        ("do $$ begin end $$", "this is DO"),
        ("with d as (delete from t returning *) select * from d", "DELETE is not allowed"),
        ("select 1 where exists (with d as (update t set a = 1 returning a) select 1 from d)", "UPDATE is not allowed"),
        ("select a into b from t", "SELECT INTO"),
        ("select * from t for share", "lock rows"),
        ("select * from (select * from t for update) q", "lock rows"),
        ("select pg_sleep(1)", r"pg_sleep\(\) is not allowed here \(line 1, column 8\)"),
        ("select * from pg_sleep(1)", "pg_sleep"),
        ("select 1 from t order by pg_sleep(1)", "pg_sleep"),
        ("select 1 limit (select 1 from pg_sleep(9))", "pg_sleep"),
        ("values (pg_sleep(1))", "pg_sleep"),
        ("select count(*) filter (where pg_sleep(1) is null)", "pg_sleep"),
        ("select sum(1) over (partition by pg_sleep(1))", "pg_sleep"),
        ('select U&"\\0070g_sleep"(1)', "pg_sleep"),
        ("select public.lower('x')", "in another schema"),
        ("select public.f(1)", "in another schema"),
        ("select nextval('s')", "nextval"),
        ("select (t).pg_sleep from t", "as a column"),
        ("select t.set_config from t", "as a column"),
        ("select (row(1)).lo_unlink", "as a column"),
        ("select 'pg_authid'::regclass", "regclass"),
        ("select regrole '10'", "regrole"),
        ("select cast(:x as pg_catalog.regproc)", "regproc"),
        ("select array['a']::regtype[]", "regtype"),
        ("select '{pg_authid}'::_regclass", "_regclass looks into the catalog"),
        ("select null::pg_catalog.pg_authid", "pg_authid looks into the catalog"),
        ("select * from json_to_record('{}') as x(a _regproc)", "_regproc"),
        ("select json_populate_record(null::pg_aggregate, '{}')", "pg_aggregate"),
        ("select null::nexus.users", "nexus.users belongs"),
        ("select null::pg_toast.x", "pg_toast.x belongs"),
        ("select pg_input_is_valid('nexus.users', 'regclass')", "regclass"),
        ("select pg_input_is_valid('pg_authid', 'reg' || 'class')", "plain name of a type"),
        ("select pg_input_is_valid('pg_authid', U&'\"\\0072egclass\"')", "plain name of a type"),
        ("select * from t tablesample public.own(1)", "BERNOULLI or SYSTEM"),
        ("select 1 operator(public.+) 2", "operators"),
        ("select 1 = any (select 1) order by 1 using operator(evil.<)", "operators"),
        ("select current_user", "CURRENT_USER"),
        ("select session_user", "SESSION_USER"),
        ("select system_user", "system_user"),
        ("select current_catalog, current_schema", "CURRENT_(CATALOG|SCHEMA)"),
        ("select current_setting('data_directory')", "current_setting"),
        ("select current_setting('nex' || 'us.user_id')", "current_setting"),
        ("select * from pg_class", "pg_class"),
        ("select * from pg_catalog.pg_class", "pg_class"),
        ('select * from U&"\\0070g_class"', "pg_class"),
        ("with pg_authid as (select 1) select 1 from pg_authid", "pg_authid"),
        ("select * from information_schema.tables", "information_schema"),
        ("select * from nexus.users", "nexus.users"),
        ('select * from "nexus"."users"', "nexus.users"),
        ("select (select 1 from nexus.sessions)", "nexus.sessions"),
        ("select * from db.public.t", "names a database"),
        ("select * from pg_temp.t", "pg_temp"),
        ("select $1", "Name parameters as :name"),
        ("select :a :b", "not valid SQL"),
        ("select 'x\0y'", "no text can hold"),
        ("select '\ud800'", "no text can hold"),
        ("select 'never ends", "not valid SQL"),
        ("select /* never ends", "not valid SQL"),
        ("explain select 1", "EXPLAIN"),
        ("show all", "only SELECT|Only SELECT"),
    ],
)
def test_everything_else_is_refused_with_a_sentence(sql, sentence):
    with pytest.raises(QueryRefused, match=sentence):
        guard.check(sql, names=["x", "a", "b"])


def test_what_nexus_told_the_database_about_the_reader_may_be_read():
    assert "current_setting('nexus.user_email')" in template("select current_setting('nexus.user_email')")


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "(" * 6000 + "1" + ")" * 6000,
        "select " + "(" * 101 + "1" + ")" * 101,
        "select " + "case when true then " * 150 + "1" + " end" * 150,
        "select a" + "[1" * 200 + "]" * 200,
        "values " + ",".join(["(1)"] * 50_000),
        "select " + "+".join(["1"] * 9000),
        "select '" + "x" * 100_000 + "'",
        "select repeat('x', 1000000000)",
        "select rpad('x', 1000000001)",
    ],
)
def test_what_is_too_big_is_said_to_be_so_before_it_is_read(sql):
    with pytest.raises(QueryTooBig):
        guard.check(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "select " + "- " * 9_900 + "1",
        "select " + "not " * 9_900 + "true",
        "select " + "+".join(["1"] * 4_900),
        "select 1" + "::int" * 4_900,
        " union ".join(["select 1"] * 3_300),
        "select a" + " at local" * 4_900,
        "select a" + " isnull" * 9_900,
        "select " + " or ".join(["a"] * 4_900),
        "select from a" + " natural join a" * 3_300,
    ],
    ids=lambda sql: sql[:24],
)
def test_the_longest_chains_neither_crash_nor_stall(sql):
    with suppress(QueryRefused):  # where Postgres's own grammar gives up
        guard.check(sql)
    assert template("select 1") == "select 1"


@pytest.mark.parametrize(
    "name", ["pg_sleep", "set_config", "query_to_xml", "ts_stat", "lo_import", "nextval", "version", "dblink", "system"]
)
def test_dangerous_functions_are_not_on_the_list(name):
    assert name not in ALLOWED


def test_columns_called_like_those_of_people_may_say_of_which_table_they_are():
    assert guard.check("select lo.lo_orderkey, p.has_children from lineorder lo, people p")


def test_each_function_of_the_server_that_begins_as_columns_may_is_refused_as_a_column(postgres):
    with postgres.superuser() as cursor:
        cursor.execute("select distinct proname from pg_proc where proname ~ '^(lo|has)_'")
        names = [row[0] for row in cursor.fetchall()]
    assert len(names) > 20
    for name in names:
        with pytest.raises(QueryRefused, match="as a column"):
            guard.check(f"select o.{name} from unnest('{{1}}'::oid[]) as o")
