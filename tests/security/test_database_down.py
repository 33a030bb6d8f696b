"""When Nexus cannot reach its own database, the door stays shut and says so."""

from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.security.test_sign_in import form, said
from tests.server import PASSWORD, until


@pytest.fixture
def without_database(make_server, postgres):
    """A server whose database just went away, and somebody who is signed in."""
    server = make_server()
    person = server.person()
    client = person.client()
    token = form(client, "/login/password")
    allow_connections(server, postgres, False)
    until(lambda: httpx.get(f"{server.url}/readyz").status_code == 503, what="the loss of the database")
    yield server, person, client, token
    allow_connections(server, postgres, True)
    client.close()


def allow_connections(server, postgres, allow: bool) -> None:
    name = urlsplit(server.database_url).path[1:]
    with postgres.superuser() as cursor:
        cursor.execute(f'alter database "{name}" allow_connections {allow}')
        if not allow:
            cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,))


def test_nobody_gets_in_and_everybody_is_told(without_database, postgres):
    server, person, client, token = without_database
    session = client.cookies["nexus"]
    assert httpx.get(f"{server.url}/healthz").status_code == 200
    for path in ("/", "/dashboard", "/_stcore/health", "/reports/1.pdf"):
        answer = client.get(path)
        assert answer.status_code == 503, path
        assert "cannot reach its own database" in answer.text
    with (
        pytest.raises(InvalidStatus),
        connect(f"ws://localhost:{server.port}/_stcore/stream", origin=server.url, additional_headers={"cookie": f"nexus={session}"}),
    ):
        pass
    shown = client.get("/login")
    assert shown.status_code == 503
    assert "cannot reach" in said(shown)
    tried = client.post("/login", data={"email": person.email, "password": PASSWORD, "next": "/", "form": token})
    assert tried.status_code == 503
    assert "set-cookie" not in tried.headers or "nexus=" not in tried.headers["set-cookie"]
    assert "nexus_database_up" not in client.get("/metrics").text
    # A stranger's first page still comes, and the cookie is still good when the database is back.
    assert httpx.get(f"{server.url}/login").status_code == 200
    allow_connections(server, postgres, True)
    until(lambda: client.get("/").status_code == 200, what="the way back in")
