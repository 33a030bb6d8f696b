"""Every hostile statement, twice: before the guard, and past it against the role and the read-only transaction alone."""

import json
import resource
import time
from contextlib import suppress
from pathlib import Path

import psycopg2
import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import NexusError
from nexus.exports.csv import CsvForm
from nexus.sample import load as sample
from nexus.sources import connect, export, run, store
from nexus.sources.connect import Watch, pool_of
from nexus.sources.guard import Statement
from nexus.sources.question import Question
from nexus.sources.spec import Query, QueryFailed, QueryRefused, QueryTooBig, QueryTooSlow, Table

STATEMENTS = json.loads((Path(__file__).parent / "hostile_sql.json").read_text())
for one in STATEMENTS:
    # Statements of many equal parts are kept as a recipe.
    one.setdefault("sql", "".join(part * times for part, times in one.pop("recipe", ())))

READER = User(id=1, email="ana@example.org", name="Ana", role=Role.VIEWER)
SECRET = "planted-secret-4711"


BREAKOUTS = [
    "select 1) q) r; commit; begin read write; create table public.evil (a int); select * from (select * from (select 1",
    "select 1; commit; set default_transaction_read_only = off; insert into sample.airlines values ('ZZ', 'x')",
    "select 1; rollback; select password_hash from nexus.users",
    "select set_config('search_path', 'nexus', false); rollback; set search_path = nexus",
    "select 1; rollback; set role postgres",
    "select 1; rollback; set session authorization postgres",
    "select 1; rollback; create temporary table flights (a int)",
    "select 1; rollback; prepare evil as select 1; listen evil; select pg_advisory_lock(1)",
]
STATEMENTS += [{"id": f"B{number:02}", "sql": sql, "expect": "refused"} for number, sql in enumerate(BREAKOUTS)]


def statements(*expected):
    return pytest.mark.parametrize("one", [one for one in STATEMENTS if one["expect"] in expected], ids=lambda one: one["id"])


class Server:
    """A database with the sample, the things that the statements name, and secrets that nobody may see."""

    def __init__(self, postgres, name):
        self.postgres, self.name = postgres, name
        with postgres.superuser(name) as cursor:
            cursor.execute(f"""
                create table public.t (a jsonb, b int);
                insert into public.t values ('"{SECRET}"', 1);
                create materialized view public.mv as select * from public.t;
                create sequence public.s;
                create function public.f() returns int language sql as 'select 1';
                create procedure public.p() language sql as 'insert into public.t values (null, 2)';
                revoke all on public.t, public.mv from public;
                insert into nexus.users (email, name, role, password_hash) values ('x@example.org', 'X', 'admin', '{SECRET}');
                select lo_from_bytea(4711, '{SECRET}');
            """)

    def state(self):
        """All that a statement could change: rows, definitions, roles, settings, sequences, large objects."""
        with self.postgres.superuser(self.name) as cursor:
            cursor.execute("""
                select (select array_agg(t order by b) from public.t), (select array_agg(m) from public.mv m), (select count(*) from nexus.users),
                    (select count(*) from sample.airlines), (select count(*) from sample.flights),
                    (select array_agg((relname, relnamespace, relacl, relkind, reloptions) order by oid) from pg_class
                        where relnamespace not in ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)),
                    (select array_agg((proname, prosrc, proacl) order by oid) from pg_proc where oid >= 16384),
                    (select array_agg((nspname, nspacl) order by oid) from pg_namespace),
                    (select array_agg(r order by rolname) from pg_roles r), (select array_agg(s) from pg_db_role_setting s),
                    (select array_agg(extname) from pg_extension), (select last_value from public.s),
                    (select count(*) from pg_largeobject_metadata), (select count(*) from pg_prepared_xacts),
                    (select array_agg((name, setting) order by name) from pg_settings where source not in ('session', 'client')),
                    (select count(*) from pg_locks where locktype = 'advisory'), pg_conf_load_time()
            """)
            return [str(value) for value in cursor.fetchone()]

    def settles_at(self, state):
        """Nothing changed; what a connection that was given up still holds may take a moment to go."""
        deadline = time.monotonic() + 10
        while (now := self.state()) != state and time.monotonic() < deadline:
            pass
        assert now == state


@pytest.fixture(scope="module")
def server(postgres, sample_template):
    name = postgres.database(sample_template)
    own.connect(postgres.url_of(name))
    sample.load()
    try:
        yield Server(postgres, name)
    finally:
        connect.close_all()
        run.answers.forget()
        own.disconnect()
        postgres.drop(name)


@pytest.fixture
def source(server):
    with own.transaction() as session:
        found = store.find(session, name="sample")
    limits = found.limits.model_copy(update={"timeout_ms": 700})
    return found.model_copy(update={"limits": limits})


def ask(source, sql):
    return run.run(source, query=Query(source="sample", sql=sql), reader=READER, fresh=True)


def past_the_guard(source, sql):
    return Question(source, Query(source="sample", sql=""), Statement(sql.replace("%", "%%"), frozenset()), {}, READER)


def outcome_of(source, sql):
    """The table, or the limit that the statement met."""
    try:
        return ask(source, sql)
    except (QueryTooSlow, QueryTooBig) as limit:
        return limit


@statements("refused")
def test_the_guard_refuses_it_with_a_sentence_and_opens_no_connection(source, one):
    connect.close_all()
    with pytest.raises(QueryRefused) as refusal:
        ask(source, one["sql"])
    assert refusal.value.message.endswith(".")
    assert not connect._pools


@statements("refused")
def test_past_the_guard_the_role_and_the_transaction_let_nothing_out_or_through(server, source, one):
    before = server.state()
    pool, watch = pool_of(source), Watch(deadline=time.monotonic() + 20, max_bytes=1 << 24)
    rows = []
    with suppress(psycopg2.Error, QueryTooBig), pool.connection(watch) as connection:
        connection.execute("begin isolation level repeatable read read only; set local statement_timeout = 700; select 1", None, watch)
        cursor = connection.execute(one["sql"], None, watch)
        rows = cursor.fetchall() if cursor.description else []
    assert SECRET not in repr(rows)
    assert "SCRAM-SHA-256$" not in repr(rows)
    server.settles_at(before)
    # The next reader finds a clean connection.
    assert ask(source, "select count(*) from sample.airlines").rows == [(16,)]


@pytest.mark.parametrize("text", [run.SELECT, run.CURSOR], ids=["one go", "cursor"])
@statements("refused")
def test_past_the_guard_it_breaks_out_of_no_select_and_no_cursor(server, source, one, text):
    before = server.state()
    question = past_the_guard(source, one["sql"])
    watch = Watch(deadline=time.monotonic() + 20, max_bytes=1 << 24)
    rows = []
    with suppress(psycopg2.Error, QueryFailed), pool_of(source).connection(watch) as connection:
        rows = run.begin(connection, question, text, limit=10, rows=10, watch=watch).fetchall()
    assert SECRET not in repr(rows)
    server.settles_at(before)


@statements("refused")
def test_past_the_guard_it_breaks_out_of_no_copy(server, source, one):
    before = server.state()
    received = []
    with suppress(NexusError):
        export._write(
            past_the_guard(source, one["sql"]), CsvForm(), put=received.append, cancelled=lambda: False, progress=export.Progress()
        )
    assert SECRET.encode() not in b"".join(received)
    server.settles_at(before)


@statements("bounded")
def test_a_statement_without_bounds_meets_one_and_memory_stays_flat(source, one):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcome = outcome_of(source, one["sql"])
    if isinstance(outcome, Table):
        assert outcome.row_count <= source.limits.max_rows
    else:
        assert outcome.message.endswith(".")
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 60
    assert ask(source, "select 1").rows == [(1,)]


@statements("run")
def test_what_is_harmless_runs_and_is_shown_literally(server, source, sample_role, one):
    # R23 asks a table of its own; here it may be read.
    with server.postgres.superuser(server.name) as cursor:
        cursor.execute(f"grant select on public.t to {sample_role}; grant usage on schema public to {sample_role}")
    sql = one["sql"].replace("FROM t ", "FROM public.t ")
    try:
        table = ask(source, sql)
    finally:
        with server.postgres.superuser(server.name) as cursor:
            cursor.execute(f"revoke select on public.t from {sample_role}")
    shown = {
        "M07": [(1,)],
        "M09": [("'; DELETE FROM t; --",)],
        "R15": [(1, 2, 3)],
        "R17": [('=HYPERLINK("http://x")',)],
        "R19": [("0001-01-01 BC", "294276-12-31 00:00:00")],
        "R21": [(b"\x00\xff", [[1, 2], [3, 4]], "(1,2)", '{"a": 1}', "[1,5)")],
        "R23": [],
    }
    assert table.rows == shown[one["id"]]
    if one["id"] == "R15":
        assert [column.name for column in table.columns] == ["a", "a", "a"]


HUGE = [
    "select repeat('x', 1000 * g) from generate_series(200000, 200000) g",
    "select string_agg(repeat('x', 1000), '') from generate_series(1, 200000)",
    "select array_agg(g) from generate_series(1, 3000000) g",
    "select jsonb_agg(g) from generate_series(1, 900000) g",
    "select repeat('x', 100 * (5000 + g)) from generate_series(1, 1000) g",
    "select case when g < 2400 then 'x' else repeat('x', 1000 * (3000 + g % 2)) end from generate_series(1, 5000) g",
    "select ('1e' || (100000 + g))::numeric from generate_series(1, 5000) g",
]


@pytest.mark.parametrize("sql", HUGE)
def test_huge_values_never_reach_this_process(source, sql):
    patient = source.model_copy(update={"limits": source.limits.model_copy(update={"timeout_ms": 60_000})})
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with suppress(QueryTooBig):
        assert ask(patient, sql).truncated
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 120


HOSTILE_VALUES = ["'; drop table t; --", "%s", "%(name)s", "{{ 7 * 7 }}", ":x", "\\'", "$$", "a\nb", "é😀", "", "\u202e"]


@pytest.mark.parametrize("value", HOSTILE_VALUES)
def test_a_parameter_is_a_value_whatever_is_in_it(source, value):
    query = Query(source="sample", sql="select :x, :x || '%', length(:x)", parameters={"x": value})
    assert run.run(source, query=query, reader=READER).rows == [(value, value + "%", len(value))]


@pytest.mark.parametrize(
    "value",
    ["a\0b", "\ud800", {"a": 1}, [[1]], object(), tuple([1] * 10_001), 10**5000, "x" * 1_000_001],
    ids=lambda value: type(value).__name__,
)
def test_a_value_that_cannot_be_bound_is_refused_by_name(source, value):
    with pytest.raises(NexusError, match="parameter x"):
        run.run(source, query=Query(source="sample", sql="select :x", parameters={"x": value}), reader=READER)
