"""Asking a source: what comes back, what is refused, and what ends a question."""

import threading
import time
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from nexus.accounts.spec import Role
from nexus.db import session as own
from nexus.sources import connect, run, service
from nexus.sources.address import Address
from nexus.sources.connect import Pool, Watch, pool_of
from nexus.sources.guard import Statement
from nexus.sources.spec import (
    Query,
    QueryFailed,
    QueryStopped,
    QueryTooSlow,
    Source,
    SourceBusy,
    SourceUnavailable,
)
from tests.asking import ANA, BEN, ask, limited
from tests.server import until


@pytest.fixture
def sample(shared_sample) -> Source:
    connect.close_all()
    run.answers.forget()
    with own.transaction() as session:
        return service.find(session, reader=ANA, name="sample")


# --- what comes back --------------------------------------------------------------------------------------


def test_a_question_with_dates_and_a_list_is_answered(sample):
    table = ask(
        sample,
        "select carrier, count(*) as flights from flights where make_date(year, month, day) between :from and :to and carrier = any(:carriers)"
        " group by 1 order by 2 desc",
        parameters={"from": date(2013, 6, 1), "to": date(2013, 6, 30), "carriers": ["UA", "B6"]},
    )
    assert table.rows == [("UA", 4975), ("B6", 4622)]
    assert [(column.name, column.kind) for column in table.columns] == [("carrier", "text"), ("flights", "number")]
    assert not table.truncated
    assert table.elapsed_ms > 0


def test_a_cleared_parameter_is_null(sample):
    sql = "select count(*) from flights where :carriers is null or carrier = any(:carriers)"
    assert ask(sample, sql, parameters={"carriers": None}).rows == [(336_776,)]
    assert ask(sample, sql, parameters={"carriers": ["UA"]}).rows == [(58_665,)]
    assert ask(sample, sql, parameters={"carriers": []}).rows == [(0,)]


def test_a_result_that_was_cut_says_so(sample):
    table = ask(sample, "select flight from flights", max_rows=1_000)
    assert (table.row_count, table.truncated, table.truncated_because) == (1_000, True, "first 1,000 rows")
    assert not ask(sample, "select carrier from airlines", max_rows=16).truncated


def test_nobody_gets_more_rows_than_the_source_allows(sample):
    assert ask(limited(sample, max_rows=50), "select flight from flights", max_rows=10_000).row_count == 50


def test_a_wide_result_is_cut_at_the_sources_bytes(sample):
    table = ask(limited(sample, max_bytes=200_000), "select repeat(tailnum, 100) from flights where tailnum is not null")
    assert table.truncated
    assert 100 < table.row_count < 10_000
    assert table.truncated_because.startswith(f"first {table.row_count:,} rows")


def test_a_result_too_wide_for_one_go_comes_whole_all_the_same(sample):
    table = ask(sample, "select flight, repeat('x', 1000) as wide from flights order by flight limit 6000")
    assert (table.row_count, table.truncated) == (6_000, False)
    assert len(pool_of(sample).wide) == 1
    assert ask(sample, "select flight, repeat('x', 1000) as wide from flights order by flight limit 6000", fresh=True).rows == table.rows


def test_the_database_may_share_the_work_among_its_workers(sample, postgres):
    def launched():
        with postgres.superuser(own.engine().url.database) as cursor:
            cursor.execute("select parallel_workers_launched from pg_stat_database where datname = current_database()")
            return cursor.fetchone()[0]

    before = launched()
    ask(sample, "select carrier, avg(arr_delay) from flights group by 1", fresh=True)
    connect.close_all()  # a backend that ends tells what it did
    until(lambda: launched() > before, within_s=20)


def test_a_cut_by_bytes_comes_where_it_says(sample):
    source = limited(sample, max_bytes=8 * 1024 * 1024)
    table = ask(source, "select flight, repeat('x', 1000) as wide from flights", max_rows=10_000)
    assert table.truncated_because.endswith(" 8 MB")
    assert 7_000 < table.row_count < 10_000


def test_values_are_pythons_where_python_has_them_and_text_where_not(sample):
    row = ask(
        sample,
        "select 1::smallint, 1.50, 'NaN'::numeric, 'infinity'::float8, true, 'a'::text, date '2013-01-31', 'infinity'::date,"
        " timestamp '2013-01-01 10:00', timestamptz '2013-01-01 10:00+02', interval '3 days 4 hours', interval '1 month',"
        " time '24:00', '\\x00'::bytea, '[1]'::json, array['2013-01-01'::date, null], null, row(1, 'x'), '10.0.0.1'::inet, '5 $'::text",
    ).rows[0]
    assert row[:2] == (1, Decimal("1.50"))
    assert row[2].is_nan()
    assert row[3] == float("inf")
    assert row[4:8] == (True, "a", date(2013, 1, 31), "infinity")
    assert row[8] == datetime(2013, 1, 1, 10)
    assert row[9].isoformat() == "2013-01-01T03:00:00-05:00"
    assert row[10:14] == (timedelta(days=3, hours=4), "1 mon", "24:00:00", b"\x00")
    assert row[14:] == ("[1]", [date(2013, 1, 1), None], None, "(1,x)", "10.0.0.1", "5 $")


def test_days_are_the_sources_own(sample):
    assert sample.timezone == "America/New_York"
    sql = "select count(*), max(time_hour) from flights where time_hour::date = '2013-12-31'"
    count, last = ask(sample, sql).rows[0]
    assert (count, last.isoformat()) == (776, "2013-12-31T23:00:00-05:00")
    assert ask(sample.model_copy(update={"timezone": "UTC"}), sql, fresh=True).rows[0][0] != count
    with pytest.raises(QueryFailed, match="TimeZone"):
        ask(sample.model_copy(update={"timezone": "Mars/Olympus"}), "select 1", fresh=True)


# --- limits -----------------------------------------------------------------------------------------------


def test_a_slow_query_is_stopped_with_the_limit_in_the_sentence(sample):
    with pytest.raises(QueryTooSlow, match=r"0\.3 s"):
        ask(limited(sample, timeout_ms=300), "select count(*) from flights a, flights b where a.dep_time < b.arr_time")


def test_a_query_that_lifts_its_own_time_limit_is_stopped_from_here(sample):
    source = limited(sample, timeout_ms=100)
    sql = "select 1 from (select set_config('statement_timeout', '0', true)) s, pg_sleep(60)"
    question = run.Question(source, Query(source="sample", sql=sql), Statement(sql, frozenset()), {}, ANA)
    with pytest.raises(QueryTooSlow):
        run._ask(question, max_rows=1, stopped=lambda: False)
    assert ask(source, "select 1").rows == [(1,)]


def test_a_reader_who_leaves_stops_the_query_on_the_server(sample, postgres):
    left = threading.Event()
    running = "select count(*) from pg_stat_activity where query like '%%left behind%%' and state = 'active' and pid <> pg_backend_pid()"

    def leave():
        with postgres.superuser() as cursor:

            def active():
                cursor.execute(running)
                return cursor.fetchone()[0]

            until(active, within_s=20)
            left.set()

    leaving = threading.Thread(target=leave)
    leaving.start()
    with pytest.raises(QueryStopped):
        ask(sample, "select count(*) /* left behind */ from flights a, flights b where a.dep_time < b.arr_time", cancelled=left.is_set)
    leaving.join()
    with postgres.superuser() as cursor:

        def gone():
            cursor.execute(running)
            return cursor.fetchone()[0] == 0

        until(gone, within_s=20)


def test_too_many_queries_at_once_wait_and_then_say_so(sample):
    pool = Pool(limited(sample, concurrent_queries=1), pool_of(sample).address)
    with (
        pool.connection(Watch(time.monotonic() + 10, 1000)) as _taken,
        pytest.raises(SourceBusy),
        pool.connection(Watch(time.monotonic() + 0.05, 1000)),
    ):
        pass
    with pool.connection(Watch(time.monotonic() + 10, 1 << 20)) as free:
        assert free.execute("select 1", None, Watch(time.monotonic() + 10, 1 << 20)).fetchall() == [(1,)]
    pool.close()


def test_equal_questions_at_once_are_asked_once_and_different_ones_side_by_side(sample, postgres):
    tables = []
    sql = "select count(*), :n from flights where dep_delay > :n"
    asking = [threading.Thread(target=lambda n=n: tables.append(ask(sample, sql, parameters={"n": n % 3}))) for n in range(12)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert len(tables) == 12
    assert len({(table.rows[0], table.read_at) for table in tables}) == 3


# --- who asks ---------------------------------------------------------------------------------------------


def test_the_database_is_told_who_reads_and_answers_are_kept_apart(sample):
    source = sample.model_copy(update={"per_reader": True})
    sql = "select current_setting('nexus.user_id'), current_setting('nexus.user_email'), current_setting('nexus.region', true)"
    assert ask(source, sql).rows == [("7", "ana@example.org", "east")]
    assert ask(source, sql, reader=BEN).rows[0][:2] == ("8", "ben@example.org")
    assert ask(source, sql).cached


def test_where_equal_readers_share_they_do_and_no_others(sample):
    """The database hears nothing by which it could tell them apart."""
    source = sample.model_copy(update={"per_reader": True, "equal_readers_share": True})
    sql = "select current_setting('nexus.region', true), current_setting('nexus.user_role'), current_setting('nexus.user_id', true)"
    like_ana = BEN.model_copy(update={"attributes": ANA.attributes, "role": ANA.role})
    first = ask(source, sql)
    assert first.rows[0][:2] == ("east", ANA.role.value)
    assert first.rows[0][2] in (None, "")
    assert ask(source, sql, reader=like_ana).cached
    for other in (
        like_ana.model_copy(update={"attributes": {"region": "west"}}),
        like_ana.model_copy(update={"attributes": {}}),
        like_ana.model_copy(update={"role": Role.ADMIN}),
    ):
        apart = ask(source, sql, reader=other)
        assert not apart.cached
        assert apart.rows != first.rows


def test_a_former_readers_attributes_do_not_stay_on_the_connection(sample):
    source = sample.model_copy(update={"per_reader": True})
    ask(source, "select 1")
    assert ask(source, "select current_setting('nexus.region', true)", reader=BEN).rows in ([(None,)], [("",)])


def test_a_source_for_everybody_shares_its_answers(sample):
    assert not sample.per_reader
    assert not ask(sample, "select 42").cached
    assert ask(sample, "select 42", reader=BEN).cached
    assert not ask(sample, "select 42", reader=BEN, fresh=True).cached


# --- trouble ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        (
            "select carier from flights",
            'The database says: column "carier" does not exist. Perhaps you meant to reference the column "flights.carrier".',
        ),
        ("select * from flight", 'The database says: relation "flight" does not exist.'),
        ("select 1 / (flight - flight) from flights", "The database says: division by zero."),
        ("select 'x'::int", 'The database says: invalid input syntax for type integer: "x".'),
        ("select * from flights where carrier = 5", "The database says: operator does not exist: text = integer."),
    ],
)
def test_the_databases_own_error_is_one_sentence(sample, sql, sentence):
    with pytest.raises(QueryFailed) as failure:
        ask(sample, sql)
    assert failure.value.message == sentence
    assert failure.value.__cause__ is None
    assert ask(sample, "select 1").rows == [(1,)]


def test_a_wrong_password_says_nothing_of_the_server(sample):
    stored = pool_of(sample).address
    wrong = Address(host="", port=0, database="", user=stored.user, password="wrong", own=True)
    with pytest.raises(SourceUnavailable) as failure, Pool(sample, wrong).connection(Watch(time.monotonic() + 10, 1 << 20)):
        pass
    assert stored.user not in str(failure.value)
    assert failure.value.reason == "The server refused the user or the password."


def test_a_connection_goes_back_clean(sample):
    pool, watch = pool_of(sample), Watch(time.monotonic() + 20, 1 << 20)
    with pool.connection(watch) as first:
        first.execute(
            "begin; select pg_advisory_lock(7), set_config('work_mem', '9MB', false); prepare p as select 1; listen c; commit; begin",
            None,
            watch,
        )
    with pool.connection(watch) as second:
        assert second is first
        left = second.execute(
            "select (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()), current_setting('work_mem') = '9MB',"
            " (select count(*) from pg_prepared_statements), (select count(*) from pg_listening_channels())",
            None,
            watch,
        )
        assert left.fetchall() == [(0, False, 0, 0)]


def pid(connection, watch) -> int:
    return connection.execute("select pg_backend_pid()", None, watch).fetchone()[0]


def test_a_transaction_ends_with_its_reader_and_not_with_the_next_one(sample, postgres):
    pool, watch = pool_of(sample), Watch(time.monotonic() + 20, 1 << 20)
    with pool.connection(watch) as first:
        mine = pid(first, watch)
        first.execute("begin; lock table sample.airports in access share mode; select pg_advisory_lock(11)", None, watch)

    def over() -> bool:
        with postgres.superuser() as cursor:
            cursor.execute("select state from pg_stat_activity where pid = %s", (mine,))
            state = cursor.fetchone()[0]
            cursor.execute("select count(*) from pg_locks where pid = %s", (mine,))
            return state == "idle" and cursor.fetchone()[0] == 0

    until(over, what="the end of the transaction")


def test_a_connection_that_was_not_cleaned_to_the_end_is_handed_to_nobody(sample, postgres):
    pool, watch = pool_of(sample), Watch(time.monotonic() + 20, 1 << 20)
    with pool.connection(watch) as first:
        dirty = pid(first, watch)
        # The cleaning is sent all the same, and nobody is there to do it.
        first.execute("begin; set local role none", None, watch)
        with postgres.superuser() as cursor:
            cursor.execute("select pg_terminate_backend(%s, 5000)", (dirty,))
    with pool.connection(watch) as second:
        assert second is not first
        assert not second.reused
        assert pid(second, watch) != dirty


def test_pools_can_be_closed_at_any_time(sample):
    ask(sample, "select 1")
    connect.close_all()
    assert ask(sample, "select 2").rows == [(2,)]
