"""A file in hand is hashed as it comes, whatever it is, and nothing is told to who may not know."""

import hashlib
import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from nexus.accounts.spec import Role
from nexus.reports import verifying
from tests.server import until

BODY = {"Content-Type": verifying.BODY}
ENDLESS = "select count(*) as endless from generate_series(1, 1000000) a, generate_series(1, 1000000) b"


def test_a_stranger_verifies_nothing(app_server):
    answer = app_server.client().post("/reports/verify", content=b"%PDF-1.7", headers=BODY)
    assert answer.status_code in (303, 401, 403)
    assert "sha256" not in answer.text


@pytest.mark.parametrize(
    ("content", "headers", "status", "words"),
    [
        (b"", BODY, 400, "not a PDF"),
        (b"%PD", BODY, 400, "not a PDF"),
        (b"MZ\x90" + b"\0" * 100_000, BODY, 400, "not a PDF"),
        (b"\n%PDF-1.7", BODY, 400, "not a PDF"),
        (b"%PDF-1.7", {"Content-Type": "multipart/form-data"}, 400, "press Verify a PDF"),
        (b"%PDF-1.7", {"Content-Type": "text/plain"}, 400, "press Verify a PDF"),
    ],
    ids=["empty", "short", "a program", "a line before", "a form", "text"],
)
def test_what_is_no_report_gets_one_sentence(app_server, content, headers, status, words):
    answer = app_server.person(Role.VIEWER).client().post("/reports/verify", content=content, headers=headers)
    assert (answer.status_code, words in answer.text) == (status, True)


def test_a_file_larger_than_any_report_is_refused_before_it_is_read(app_server):
    connection = http.client.HTTPConnection("localhost", app_server.port, timeout=30)
    connection.putrequest("POST", "/reports/verify")
    said = {"Cookie": f"nexus={app_server.person(Role.VIEWER).open_session()}", "Content-Length": str(verifying.MOST_BYTES + 1), **BODY}
    for name, value in {**said, "Origin": app_server.url}.items():
        connection.putheader(name, value)
    connection.endheaders(b"%PDF-1.7")
    answer = connection.getresponse()
    assert (answer.status, b"512 MB" in answer.read()) == (413, True)
    connection.close()


def test_a_report_is_known_by_its_bytes_and_its_subject_only_to_who_may_see_it(app_server):
    maker, other = app_server.person(Role.VIEWER), app_server.person(Role.VIEWER)
    file = b"%PDF-1.7 of nobody's business\n%%EOF"
    with app_server.database() as cursor:
        cursor.execute("insert into nexus.views (name, title, version, open_to_all) values ('shut-away', 'Shut away', 1, false)")
        cursor.execute(
            "insert into nexus.reports (kind, subject, subject_version, title, queries, file, sha256, size_bytes, pages, elapsed_ms, created_by)"
            " values ('view', 'shut-away', 1, 'Shut away', %s, %s, %s, 1, 1, 1, %s)",
            (json.dumps([{"panel": "rows", "view": "shut-away"}]), file, hashlib.sha256(file).hexdigest(), maker.id),
        )
    for person in (maker, other):
        answer = person.client().post("/reports/verify", content=file, headers=BODY)
        assert answer.status_code == 200
        assert set(answer.json()["issued"]) == {"created_at"}, "neither its name nor who made it"
        changed = person.client().post("/reports/verify", content=file + b" ", headers=BODY)
        assert changed.json()["issued"] is None
    with app_server.database() as cursor:
        cursor.execute("delete from nexus.views where name = 'shut-away'")


def test_who_closes_the_tab_takes_the_print_along_with_its_query(app_server):
    person = app_server.person(Role.VIEWER)
    spec = {"name": "left-alone", "title": "Endless", "source": "sample", "question": {"kind": "sql", "sql": ENDLESS}}
    connection = http.client.HTTPConnection("localhost", app_server.port)
    with app_server.database() as cursor:

        def asked() -> int:
            cursor.execute(
                "select count(*) from pg_stat_activity where state = 'active' and usename <> current_user and datname = current_database()"
            )
            return cursor.fetchone()[0]

        cursor.execute("insert into nexus.views (name, title, version) values ('left-alone', 'Endless', 1) returning id")
        view_id = cursor.fetchone()[0]
        try:
            cursor.execute("insert into nexus.view_versions (kept_id, version, spec) values (%s, 1, %s)", (view_id, json.dumps(spec)))
            connection.request("GET", "/views/left-alone.pdf", headers={"Cookie": f"nexus={person.open_session()}"})
            until(asked, within_s=30, what="the query")
            connection.close()
            # Sooner than the source would end it by itself, after ten seconds.
            until(lambda: not asked(), within_s=8, what="the end of the query")
        finally:
            cursor.execute("delete from nexus.views where id = %s", (view_id,))


def test_twenty_people_print_one_dashboard_at_once_and_all_get_it(app_server):
    def print_it(_: int) -> bytes:
        client = app_server.person(Role.VIEWER).client()
        client.timeout = 240
        answer = client.get("/dashboards/delays.pdf", params={"period": "2013-07-01..2013-07-31"})
        assert answer.status_code == 200, answer.text[:200]
        return answer.content

    with ThreadPoolExecutor(20) as pool:
        assert all(file.startswith(b"%PDF-") for file in pool.map(print_it, range(20)))
