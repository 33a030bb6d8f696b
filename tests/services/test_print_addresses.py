"""A PDF's own address: what is short comes at once; what is long is a job, to which browsers are led and of which programs learn."""

from collections.abc import Iterator
from io import BytesIO

import httpx
import pypdf
import pytest

from nexus.accounts.spec import Role, User
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
