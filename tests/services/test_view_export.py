"""Downloads of a view: whole, safe in a spreadsheet, and visibly broken when they break off."""

import csv
import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.db.tables import AuditRow, ExportRow
from nexus.exports import routes, transfer
from nexus.exports import service as exports
from nexus.sources import store
from nexus.sources.export import Progress
from nexus.sources.spec import Limits
from nexus.views import service
from nexus.views.spec import View
from tests.people import add_person
from tests.served import served

ENDLESS = "select f.*, repeat('x', 1000) as y from sample.flights f cross join sample.airports"


@pytest.fixture(scope="module")
def person(shared_sample) -> User:
    return add_person(Role.ANALYST, email="ana@example.org")


@pytest.fixture(scope="module")
def address(person) -> Iterator[str]:
    with served(routes.routes, person=person) as address:
        yield address


@contextmanager
def saved(person: User, sql: str, **changes) -> Iterator[str]:
    """A view with this SQL; its name."""
    name = f"view-{time.monotonic_ns()}"
    view = View(**{"name": name, "title": name, "source": "sample", "question": {"kind": "sql", "sql": sql}, **changes})
    with own.transaction() as session:
        service.save_view(session, user=person, view=view)
    yield name


def rows_of(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


def test_a_download_holds_every_row_of_the_view(person, address):
    with saved(person, "select * from sample.flights") as name, httpx.stream("GET", f"{address}/views/{name}.csv") as answer:
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
        assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
        assert answer.headers["content-encoding"] == "identity"
        lines = sum(chunk.count(b"\n") for chunk in answer.iter_raw())
    assert lines == 336_776 + 1


def test_cells_that_a_spreadsheet_would_run_are_made_harmless_and_numbers_are_not(person, address):
    cells = [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\n=1",
        "-5",
        "+4.5",
        "-1,234.50",
        "a=b",
        "",
        'say "hi", ok',
        "line\nbreak",
        "東京 ñ ß",
    ]
    listed = ", ".join("('" + cell.replace("'", "''") + "')" for cell in cells)
    with saved(person, f'select t as "=head", -5 as number, null as nothing, true as yes from (values {listed}) v(t)') as name:
        head, *rows = rows_of(httpx.get(f"{address}/views/{name}.csv").text)
    assert head == ["'=head", "number", "nothing", "yes"]
    assert [row[0] for row in rows] == [
        "'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "'\tx", "'\rx", "'\n=1", "-5", "+4.5", "-1,234.50", "a=b", "", 'say "hi", ok', "line\nbreak", "東京 ñ ß",
    ]  # fmt: skip
    assert {tuple(row[1:]) for row in rows} == {("-5", "", "true")}


def test_parameters_in_the_address_narrow_the_download(person, address):
    several = [{"name": "carrier", "type": "multiple_choice", "choices": {"values": ["UA", "AA", "HA"]}}]
    sql = "select carrier from sample.airlines where :carrier is null or carrier = any(:carrier) order by 1"
    with saved(person, sql, parameters=several) as name:
        assert rows_of(httpx.get(f"{address}/views/{name}.csv?carrier=UA&carrier=HA").text) == [["carrier"], ["HA"], ["UA"]]
        refused = httpx.get(f"{address}/views/{name}.csv?carrier=XX")
    assert refused.status_code == 400
    assert "`carrier`" in refused.text


def test_a_view_without_rows_is_a_head(person, address):
    with saved(person, "select carrier, name from sample.airlines where false") as name:
        assert httpx.get(f"{address}/views/{name}.csv").text == "carrier,name\n"
        lines = httpx.get(f"{address}/views/{name}.jsonl")
    assert (lines.status_code, lines.text) == (200, "")


def test_an_error_before_the_first_row_is_a_sentence(person, address):
    with saved(person, "select nothing from sample.airlines") as name:
        broken = httpx.get(f"{address}/views/{name}.csv")
    assert broken.status_code == 400
    assert "nothing" in broken.text
    assert httpx.get(f"{address}/views/no-such-view.csv").status_code == 404
    assert httpx.get(f"{address}/views/..%2Fx.csv").status_code == 404


def test_a_download_that_breaks_off_is_seen_to_be_broken(person, address):
    # The division fails on a row far behind the first batch, when part of the file is already with the client.
    with saved(person, "select 1 / (200000 - n) as x, repeat('x', 100) as y from generate_series(1, 300000) n") as name:
        received = 0
        with httpx.stream("GET", f"{address}/views/{name}.csv") as answer:
            assert answer.status_code == 200
            parts = answer.iter_raw()
            received += len(next(parts))
            with pytest.raises(httpx.RemoteProtocolError):
                list(parts)
    assert received > 0


def test_a_client_that_goes_away_stops_the_query(person, address, postgres):
    with saved(person, ENDLESS) as name:
        with httpx.stream("GET", f"{address}/views/{name}.csv") as answer:
            next(answer.iter_raw())
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with postgres.superuser() as cursor:
                cursor.execute(
                    "select count(*) from pg_stat_activity where state <> 'idle' and query like '%%fetch%%' and pid <> pg_backend_pid()"
                )
                if cursor.fetchone()[0] == 0 and transfer.places._value == transfer.AT_ONCE:
                    return
            time.sleep(0.05)
    pytest.fail("the query still runs")


def test_too_many_downloads_at_once_are_told_to_come_back(person, address):
    with saved(person, ENDLESS) as name:
        url = f"{address}/views/{name}.csv"
        opened = [httpx.stream("GET", url) for _ in range(transfer.AT_ONCE)]
        try:
            for stream in opened:
                assert stream.__enter__().status_code == 200
            assert httpx.get(url).status_code == 503
        finally:
            for stream in opened:
                stream.__exit__(None, None, None)


def test_asking_only_for_the_head_runs_no_query(person, address):
    with saved(person, "select nothing from sample.airlines") as name:
        answer = httpx.head(f"{address}/views/{name}.csv")
    assert (answer.status_code, answer.text) == (200, "")


def test_who_took_what_is_in_the_audit_log(person, address):
    with saved(person, "select 1 as one") as name:
        httpx.get(f"{address}/views/{name}.csv")
    with own.transaction() as session:
        entries = session.query(AuditRow).filter(AuditRow.what == "view.exported", AuditRow.subject == f"view {name}").all()
    assert [(entry.user_id, entry.detail) for entry in entries] == [(person.id, {"format": "csv", "version": 1})]


# --- every kind of file, and how far it is ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "type_", "begin"),
    [("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK"), ("parquet", "application/vnd.apache.parquet", b"PAR1"),
     ("jsonl", "application/jsonl; charset=utf-8", b'{"one":1}\n')],
)  # fmt: skip
def test_a_view_is_taken_in_every_form(person, address, kind, type_, begin):
    with saved(person, "select 1 as one") as name:
        answer = httpx.get(f"{address}/views/{name}.{kind}")
        assert httpx.head(f"{address}/views/{name}.{kind}").headers["content-type"] == type_
    assert answer.headers["content-type"] == type_
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.{kind}"'
    assert answer.content.startswith(begin)
    with own.transaction() as session:
        entries = session.query(AuditRow).filter(AuditRow.what == "view.exported", AuditRow.subject == f"view {name}").all()
    assert [entry.detail for entry in entries] == [{"format": kind, "version": 1}]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "jsonl"])
def test_every_form_that_breaks_off_is_seen_to_be_broken(person, address, kind):
    sql = "select 1 / (399000 - n) as x, md5(n::text) as y from generate_series(1, 400000) n"
    with saved(person, sql) as name, httpx.stream("GET", f"{address}/views/{name}.{kind}") as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx.RemoteProtocolError):
            list(answer.iter_raw())


def told(address: str, key: str) -> dict:
    answer = httpx.get(f"{address}/exports/{key}")
    assert answer.status_code == 200
    return answer.json()


def test_a_download_with_a_key_tells_how_it_ended(person, address):
    with saved(person, "select n from generate_series(1, 5000) n") as name:
        assert httpx.get(f"{address}/views/{name}.csv?export.key=complete-{name}").status_code == 200
        assert httpx.get(f"{address}/views/{name}.csv?export.key=complete-{name}").status_code == 409
    found = told(address, f"complete-{name}")
    assert {**found, "started_at": 0} == {
        "key": f"complete-{name}", "view": name, "kind": "csv", "state": "complete", "rows": 5000, "size_bytes": 23_895, "expected_rows": 5000,
        "note": "", "started_at": 0,
    }  # fmt: skip


def test_what_went_wrong_before_the_first_row_and_after_it_is_told(person, address):
    several = [{"name": "carrier", "type": "choice", "choices": {"values": ["UA"]}}]
    with saved(person, "select nothing") as early, saved(person, "select 1 / (399000 - n) from generate_series(1, 400000) n") as late:
        with saved(person, "select 1 where :carrier = '1'", parameters=several) as refused:
            httpx.get(f"{address}/views/{refused}.csv?carrier=XX&export.key=refused-{refused}")
        httpx.get(f"{address}/views/{early}.xlsx?export.key=early-{early}")
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"{address}/views/{late}.csv?export.key=late-{late}")
    httpx.get(f"{address}/views/not-there.csv?export.key=not-there-at-all-1")
    assert "`carrier`" in told(address, f"refused-{refused}")["note"]
    assert (told(address, f"early-{early}")["state"], told(address, "not-there-at-all-1")["state"]) == ("failed", "failed")
    assert "nothing" in told(address, f"early-{early}")["note"]
    assert told(address, f"late-{late}")["note"] == "The database says: division by zero. The file that was saved so far is not the whole."


def test_what_parquet_could_not_hold_is_told(person, address):
    with saved(person, "select 'infinity'::date as d") as name:
        httpx.get(f"{address}/views/{name}.parquet?export.key=lost-{name}")
    assert told(address, f"lost-{name}")["note"] == "`d`: 1 values are infinite, and left empty."


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_cancelling_ends_the_query_and_breaks_the_file_off(person, address, postgres, kind):
    with saved(person, ENDLESS.replace("select", f"select /* cancelled {kind} */")) as name:
        key = f"cancel-{kind}-{name}"
        with httpx.stream("GET", f"{address}/views/{name}.{kind}?export.key={key}") as answer:
            parts = answer.iter_raw()
            next(parts)
            assert told(address, key)["state"] == "running"
            assert httpx.post(f"{address}/exports/{key}/cancel").status_code == 204
            with pytest.raises(httpx.RemoteProtocolError):
                list(parts)
    found = told(address, key)
    assert (found["state"], found["size_bytes"] > 0) == ("stopped", True)
    with postgres.superuser() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where query like %s and state = 'active' and pid <> pg_backend_pid()",
            (f"%cancelled {kind}%",),
        )
        assert cursor.fetchone()[0] == 0


def test_a_query_that_has_given_nothing_yet_can_be_cancelled(person, address):
    with saved(person, "select count(*) from sample.flights a, sample.flights b where a.dep_time < b.arr_time") as name:
        key = f"nothing-yet-{name}"
        answers = []
        asking = threading.Thread(target=lambda: answers.append(httpx.get(f"{address}/views/{name}.csv?export.key={key}", timeout=30)))
        asking.start()
        deadline = time.monotonic() + 20
        while httpx.post(f"{address}/exports/{key}/cancel").status_code != 204:
            assert time.monotonic() < deadline
        asking.join()
    assert answers[0].status_code == 499
    assert told(address, key)["state"] == "stopped"


def test_nobody_sees_or_cancels_someone_elses_download(person, address):
    other = add_person(Role.ADMIN, email="other@example.org")
    with own.transaction() as session:
        exports.begin(session, user=other, key="someone-elses-key", view="late", kind="csv")
    assert httpx.get(f"{address}/exports/someone-elses-key").status_code == 404
    assert httpx.post(f"{address}/exports/someone-elses-key/cancel").status_code == 404
    with own.transaction() as session:
        assert exports.find_export(session, reader=other, key="someone-elses-key").state == "running"
        assert not exports.tell(session, user=other, key="someone-elses-key", progress=Progress())


@pytest.mark.parametrize("key", ["short", "x" * 65, "with spaces and more", "quote'quote'quote'", "ключключключключ"])
def test_a_key_that_is_none_is_refused(person, address, key):
    with saved(person, "select 1 as one") as name:
        assert httpx.get(f"{address}/views/{name}.csv", params={"export.key": key}).status_code == 400


def test_a_file_whose_writer_died_is_told_as_lost(person, address):
    with own.transaction() as session:
        exports.begin(session, user=person, key="the-writer-is-dead", view="late", kind="csv")
        session.query(ExportRow).filter(ExportRow.key == "the-writer-is-dead").update({"told_at": datetime.now(UTC) - timedelta(minutes=1)})
    assert told(address, "the-writer-is-dead")["state"] == "failed"
    assert "Take it again" in told(address, "the-writer-is-dead")["note"]


def test_the_limit_of_rows_of_a_page_does_not_cut_a_download(person, address):
    with own.transaction() as session:
        source = store.find(session, name="sample")
        store.put(session, source=source.model_copy(update={"limits": Limits(max_rows=10)}), address=None, changed_by=None)
    with saved(person, "select n from generate_series(1, 5000) n") as name:
        assert len(rows_of(httpx.get(f"{address}/views/{name}.csv").text)) == 5_001
