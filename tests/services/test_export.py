"""Whole results as CSV: what is written, what is made harmless, and what ends an export."""

import csv
import io
import threading
import time
import tracemalloc

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.exports.csv import CsvForm
from nexus.sources import connect, export, run, service
from nexus.sources.connect import pool_of
from nexus.sources.spec import Query, QueryFailed, QueryRefused, QueryStopped, QueryTooBig, QueryTooSlow, Source, SourceUnavailable

ANA = User(id=7, email="ana@example.org", name="Ana", role=Role.VIEWER)


@pytest.fixture
def sample(shared_sample) -> Source:
    connect.close_all()
    with own.transaction() as session:
        return service.find(session, reader=ANA, name="sample")


def limited(source, **limits):
    return source.model_copy(update={"limits": source.limits.model_copy(update=limits)})


def exported(source, sql, parameters=None, **more) -> bytes:
    chunks: list[bytes] = []
    export.export(
        source,
        query=Query(source=source.name, sql=sql, parameters=parameters or {}),
        reader=ANA,
        **{"put": chunks.append, "form": CsvForm()} | more,
    )
    return b"".join(chunks)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "never came true"


def running(postgres, marker) -> int:
    with postgres.superuser() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where query like %s and state = 'active' and pid <> pg_backend_pid()", (f"%{marker}%",)
        )
        return cursor.fetchone()[0]


# --- what is written --------------------------------------------------------------------------------------

VALUES = [
    ("true", "true"),
    ("false", "false"),
    ("null::boolean", ""),
    ("1::smallint", "1"),
    ("-9223372036854775807", "-9223372036854775807"),
    ("-1.50::numeric", "-1.50"),
    ("0.0000001::numeric", "0.0000001"),
    ("'NaN'::numeric", "NaN"),
    ("'-infinity'::numeric", "-Infinity"),
    ("'-infinity'::float8", "-Infinity"),
    ("-0.1::float8 - 0.2::float8", "-0.30000000000000004"),
    ("date '2013-01-31'", "2013-01-31"),
    ("date '0044-03-15 BC'", "0044-03-15 BC"),
    ("'-infinity'::date", "-infinity"),
    ("timestamp '294276-12-31 00:00'", "294276-12-31 00:00:00"),
    ("timestamptz '2013-01-01 10:00+00'", "2013-01-01 05:00:00-05"),
    ("time '24:00'", "24:00:00"),
    ("interval '1 month -2 hours'", "1 mon -02:00:00"),
    ("interval '-2 hours'", "-02:00:00"),
    ("'\\x00ff'::bytea", "\\x00ff"),
    ("array[1, null, -2]", "{1,NULL,-2}"),
    ("array['a b', 'c,d']", '{"a b","c,d"}'),
    ("row(null, 'x')", "(,x)"),
    ("'[1,5)'::int4range", "[1,5)"),
    ("'10.0.0.1'::inet", "10.0.0.1"),
    ("'{\"a\": -1}'::json", '{"a": -1}'),
    ("'\"=1+1\"'::jsonb", '"=1+1"'),
    ("'-5'::jsonb", "-5"),
    ("'ab'::character(4)", "ab  "),
    ("'x'::\"char\"", "x"),
    ("'-2.5'::text", "-2.5"),
    ("'\\.'::text", "\\."),
    ("'東京 ñ 😀'::text", "東京 ñ 😀"),
    ("'100%'::text", "100%"),
]


def test_values_are_written_as_postgres_writes_them(sample):
    sql = "select " + ", ".join(f"{sql} as v{number}" for number, (sql, _) in enumerate(VALUES))
    assert rows_of(exported(sample, sql))[1] == [text for _, text in VALUES]


FORMULAS = [
    ("'=1+1'::text", "'=1+1"),
    ("'@SUM(A1)'::varchar(20)", "'@SUM(A1)"),
    ("'-2+3'::character(6)", "'-2+3  "),
    ("'=x'::name", "'=x"),
    ("'='::\"char\"", "'="),
    ("'\tx'::text", "'\tx"),
    ("'\rx'::text", "'\rx"),
    ("'-5' || chr(10) || '=1'", "'-5\n=1"),
    ("'-1'::money", "'-$1.00"),
    ("'=cmd'::sample.mood", "'=cmd"),
    ("'=1+1'::sample.label", "'=1+1"),
    ("'-7'::sample.share", "-7"),
    ("'+1,234.5e3 %'::text", "+1,234.5e3 %"),
    ("'é=1'::text", "é=1"),
    ("':='::text", ":="),
]


def test_what_a_spreadsheet_would_run_is_made_harmless_in_every_type_that_can_hold_it(sample, postgres):
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(
            "create type sample.mood as enum ('=cmd'); create domain sample.label as text; create domain sample.share as numeric"
        )
    sql = "select " + ", ".join(f"{sql} as v{number}" for number, (sql, _) in enumerate(FORMULAS))
    assert rows_of(exported(sample, sql))[1] == [text for _, text in FORMULAS]


def test_heads_are_the_names_of_the_columns_whatever_is_in_them(sample):
    names = ["a", "a", "A b", 'say "hi"', "50% %s %(x)s", "x,y", "{0}", "=1+1", "-5", "é" * 31, "@" + "x" * 62]
    listed = ", ".join('1 as "' + name.replace('"', '""') + '"' for name in names)
    assert rows_of(exported(sample, f"select {listed}")) == [
        ["a", "a", "A b", 'say "hi"', "50% %s %(x)s", "x,y", "{0}", "'=1+1", "'-5", "é" * 31, "'@" + "x" * 62],
        ["1"] * 11,
    ]


def test_a_row_of_one_empty_cell_is_still_a_row(sample):
    assert exported(sample, "select nullif(n, 2) as n from generate_series(1, 3) n") == b'n\n1\n""\n3\n'


def test_without_rows_there_is_a_head(sample):
    assert exported(sample, "select carrier, name from airlines where false") == b"carrier,name\n"


def test_rows_keep_their_order_and_their_values_those_of_a_page(sample):
    sql = "select flight, tailnum, dep_delay from flights where carrier = any(:carriers) order by time_hour, flight, tailnum limit 500"
    parameters = {"carriers": ["UA", "it's % \\ fine"]}
    table = run.run(sample, query=Query(source="sample", sql=sql, parameters=parameters), reader=ANA)
    shown = [["" if value is None else str(value) for value in row] for row in table.rows]
    assert rows_of(exported(sample, sql, parameters))[1:] == shown


def test_the_database_is_told_who_exports(sample):
    source = sample.model_copy(update={"per_reader": True})
    assert exported(source, "select current_setting('nexus.user_email') as who") == b"who\nana@example.org\n"


def test_comments_and_semicolons_at_the_end_are_harmless(sample):
    assert exported(sample, "select 1 as one; -- done") == b"one\n1\n"


# --- what ends an export ----------------------------------------------------------------------------------


def test_every_row_comes_in_chunks_and_little_memory(sample):
    sizes, lines = [], 0

    def put(chunk):
        nonlocal lines
        sizes.append(len(chunk))
        lines += chunk.count(b"\n")

    tracemalloc.start()
    exported(sample, "select * from flights", put=put)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert lines == 336_776 + 1
    assert max(sizes) <= export.CHUNK_BYTES
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize(
    "wide",
    [
        "repeat('x', 100 * (n + 50000))",
        "repeat('x', 1000 * (n + 50000))::bytea",
        "(select jsonb_agg(g) from generate_series(1, 900000) g where n > 0)",
        "('1e' || (100000 + n))::numeric" + ", ('1e' || (100000 + n))::numeric" * 50,
    ],
    ids=["text", "bytes", "json", "numbers"],
)
def test_a_row_that_is_too_big_ends_it_with_a_sentence_and_stays_on_the_server(sample, wide):
    received = []
    with pytest.raises(QueryTooBig, match="One row"):
        exported(sample, f"select n, {wide} from generate_series(4000, 4001) n", put=received.append)
    assert received == []


def test_an_error_in_the_middle_is_ours_and_comes_after_what_was_written(sample):
    received = []
    with pytest.raises(QueryFailed, match="division by zero"):
        exported(sample, "select 1 / (336000 - n) as x from generate_series(1, 400000) n", put=received.append)
    assert 0 < sum(chunk.count(b"\n") for chunk in received) <= 336_000


def test_what_is_refused_on_a_page_is_refused_here(sample):
    with pytest.raises(QueryRefused):
        exported(sample, "delete from flights")


def test_a_query_that_gives_nothing_for_too_long_is_stopped(sample, postgres):
    with pytest.raises(QueryTooSlow):
        exported(
            limited(sample, timeout_ms=300), "select count(*) /* gives nothing */ from flights a, flights b where a.dep_time < b.arr_time"
        )
    until(lambda: running(postgres, "gives nothing") == 0)


def test_the_limit_of_time_is_for_each_chunk_and_not_for_the_reader_who_takes_them(sample):
    source, started = limited(sample, timeout_ms=100), time.monotonic()

    def slowly(_chunk):
        while time.monotonic() - started < 2:
            threading.Event().wait(0.1)

    exported(source, "select * from flights limit 20000", put=slowly)
    assert time.monotonic() - started >= 2


def test_a_reader_who_leaves_stops_it_on_the_server_and_frees_the_place(sample, postgres):
    left = threading.Event()
    leaving = threading.Thread(target=lambda: (until(lambda: running(postgres, "left behind") > 0), left.set()))
    leaving.start()
    with pytest.raises(QueryStopped):
        exported(sample, "select count(*) /* left behind */ from flights a, flights b where a.dep_time < b.arr_time", cancelled=left.is_set)
    leaving.join()
    until(lambda: running(postgres, "left behind") == 0)
    assert pool_of(sample)._taken == 0


def test_a_reader_who_takes_no_more_stops_it_on_the_server(sample, postgres):
    def refuse(_chunk):
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        exported(sample, "select f.* /* took no more */ from flights f, airports", put=refuse)
    until(lambda: running(postgres, "took no more") == 0)


def test_a_server_that_is_lost_midway_ends_it(sample, postgres, sample_role):
    received = []

    def put(chunk):
        if not received:
            with postgres.superuser() as cursor:
                cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = %s", (sample_role,))
        received.append(chunk)

    with pytest.raises(SourceUnavailable):
        exported(sample, "select f.* from flights f, airlines", put=put)
