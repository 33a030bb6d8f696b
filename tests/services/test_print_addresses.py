"""A PDF's own address: what is short comes at once; what is long is a job, to which browsers are led and of which programs learn."""

from collections.abc import Iterator
from io import BytesIO

import httpx
import pypdf
import pytest

from nexus.accounts.spec import Role, User
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db import session as own
from nexus.db.tables import UserRow
from nexus.views import service as views
from nexus.views.spec import View
from nexus.workspace import service as workspace
from tests.server import Server, until

PROGRAM = {"accept": "application/pdf"}


@pytest.fixture(scope="module")
def server(shared_sample: str) -> Iterator[Server]:
    with own.transaction() as session:
        row = UserRow(email="ada@example.org", name="Ada", role="admin")
        session.add(row)
        session.flush()
        ada = User(id=row.id, email=row.email, name=row.name, role=Role.ADMIN)
    workspace.apply_sample(ada)
    with own.transaction() as session:
        for name, rows in (("short", 40), ("long", 31_000), ("endless", 400_000)):
            question = {"kind": "sql", "sql": f"select n as a, 'Name ' || n as b from generate_series(1, {rows}) n"}
            views.save_view(session, user=ada, view=View(name=name, title=name.capitalize(), source="sample", question=question))
    server = Server(shared_sample)
    yield server.wait()
    server.stop()


@pytest.fixture
def client(server: Server) -> httpx.Client:
    client = server.person(Role.VIEWER).client()
    client.timeout = 120
    return client


def test_a_browser_is_led_to_the_job_of_a_long_print_and_a_program_learns_its_address(server, client):
    assert client.get("/views/short.pdf").headers["content-type"] == "application/pdf"
    led = client.get("/views/endless.pdf")
    assert led.status_code == 303
    job = int(led.headers["location"].removeprefix("/reports?job="))
    assert client.get(f"/print-jobs/{job}").headers["location"] == f"/reports?job={job}"
    told = client.get("/views/endless.pdf", headers=PROGRAM)
    assert told.status_code == 202
    second = told.headers["location"]
    assert told.json() == {"job": second, "page": f"/reports?job={second.rsplit('/', 1)[1]}"}
    far = client.get(second, headers=PROGRAM).json()
    assert far["state"] in ("waiting", "running")
    for stranger in (server.person(Role.ANALYST).client(),):
        assert stranger.get(second, headers=PROGRAM).status_code == 404
        assert stranger.delete(second).status_code == 404
    for address in (second, f"/print-jobs/{job}"):
        assert client.delete(address).status_code == 204
        until(lambda address=address: client.get(address, headers=PROGRAM).json()["state"] == "stopped", within_s=60)


def test_who_prefers_to_wait_gets_the_whole_file_and_who_does_not_a_job(client):
    whole = client.get("/views/long.pdf", headers={**PROGRAM, "prefer": "wait"})
    assert whole.status_code == 200
    assert "31,000" in pypdf.PdfReader(BytesIO(whole.content)).pages[-1].extract_text()
    soon = client.get("/views/short.pdf", headers={**PROGRAM, "prefer": "respond-async"})
    assert soon.status_code == 202
    done = until(lambda: (answer := client.get(soon.headers["location"], headers=PROGRAM)).status_code == 303 and answer, within_s=60)
    assert client.get(done.headers["location"]).content.startswith(b"%PDF-")
    assert client.get("/views/endless.pdf", headers={**PROGRAM, "prefer": "wait=1"}).status_code == 202


def test_a_full_queue_says_when_to_come_again(client):
    asked = [client.get("/views/endless.pdf", headers={**PROGRAM, "prefer": "respond-async"}) for _ in range(11)]
    refused = next(one for one in asked if one.status_code != 202)
    assert refused.status_code == 503
    assert int(refused.headers["retry-after"]) > 0
    assert refused.text.count(".") >= 1
    for one in asked:
        if one.status_code == 202:
            client.delete(one.headers["location"])


def test_what_nobody_may_print_or_does_not_exist_becomes_no_job(server, client):
    for address, status in (("/views/nothing.pdf", 404), ("/views/endless.pdf?paper=A0", 400)):
        assert client.get(address, headers={**PROGRAM, "prefer": "respond-async"}).status_code == status
    assert server.client().get("/print-jobs/1", headers=PROGRAM).status_code in (303, 401)


SECRETS = ("salar", "kim's", "99731", "99,731")
"""Of the view and its rows, in small letters."""


def test_who_lost_the_right_to_a_view_finds_neither_its_rows_nor_its_name_at_any_address(server):
    ada, ana = server.person(Role.ADMIN).client(), server.person(Role.ANALYST)
    client = ana.client()
    client.timeout = ada.timeout = 120
    with own.transaction() as session:
        owner = User(id=ana.id, email=ana.email, name="Ana", role=Role.ADMIN)
        question = {"kind": "sql", "sql": "select 'Kim''s' as salary_of, 99731 as salary"}
        views.save_view(session, user=owner, view=View(name="salaries", title="Salaries", source="sample", question=question))
        panels = [{"kind": "table", "name": "paid", "view": "salaries"}, {"kind": "table", "name": "open", "view": "short"}]
        dashboards.save_dashboard(
            session, user=owner, dashboard=Dashboard.model_validate({"name": "house", "title": "House", "panels": panels})
        )
    made = [
        client.get(f"/{path}.pdf", headers=PROGRAM) for path in ("views/salaries", "views/salaries", "dashboards/house", "dashboards/house")
    ]
    assert [answer.status_code for answer in made] == [200] * 4
    assert "99731" in text_of(made[2].content).replace(",", "")
    reports = [answer.headers["x-report"] for answer in made]
    with server.database() as cursor:
        cursor.execute("update nexus.views set open_to_all = false, owner_id = null where name = 'salaries'")

    asked = ["views/salaries.pdf", "views/salaries.csv", *(f"reports/{number}.pdf" for number in reports)]
    for path in asked:
        answer = client.get(f"/{path}", headers=PROGRAM)
        assert answer.status_code == 404, path
        assert not said(answer.text.replace("`salaries`", "")), "what one typed oneself may be said back"
    printed = client.get("/dashboards/house.pdf", headers=PROGRAM)
    assert printed.status_code == 200, "the rest of the dashboard is theirs to see"
    assert not said(text_of(printed.content))
    assert "Name 40" in text_of(printed.content)
    assert ada.get(f"/reports/{reports[0]}.pdf").content == made[0].content, "administrators see all"


def said(text: str) -> list[str]:
    return [word for word in SECRETS if word in text.lower()]


def text_of(file: bytes) -> str:
    return " ".join(page.extract_text() for page in pypdf.PdfReader(BytesIO(file)).pages)
