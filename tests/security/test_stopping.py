"""Starting and stopping the real process."""

import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import psutil
import pytest
from websockets.sync.client import connect

from nexus.accounts import tokens
from tests.security.test_sign_in import form, submit
from tests.server import PASSWORD, until


def test_the_first_administrator_is_told_once_and_kept_by_the_next_start(make_server):
    server = make_server(first=True, NEXUS_ADMIN_EMAIL="Owner@Example.org")
    printed = "".join(server.output)
    password = printed.split("one-time password ")[1].split()[0]
    assert "owner@example.org" in printed
    assert password not in "".join(server.lines)
    with server.client() as client:
        assert submit(client, "owner@example.org", password).status_code == 303
    server.output.clear()
    server.restart()
    assert "one-time" not in "".join(server.output)
    with server.client() as client:
        assert submit(client, "owner@example.org", password).status_code == 303


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_stop_ends_it_while_pages_are_open_and_leaves_no_process(make_server, stop):
    server = make_server()
    token = server.person().open_session()
    children = psutil.Process(server.process.pid).children(recursive=True)
    with connect(
        f"ws://localhost:{server.port}/_stcore/stream",
        origin=server.url,
        subprotocols=["streamlit"],
        additional_headers={"cookie": f"nexus={token}"},
    ):
        server.process.send_signal(stop)
        # Far less than the 30 s that requests may take: an open page is no request.
        assert server.process.wait(10) == 0
    until(lambda: not any(child.is_running() for child in children), what="the end of its processes")


def test_changing_the_secret_key_ends_sessions_and_keeps_passwords(make_server):
    server = make_server()
    person = server.person()
    token = person.open_session()
    assert tokens.session_hash(token)
    server.environment["SECRET_KEY"] = "another secret that is long enough too"
    server.restart()
    with server.client() as client:
        client.cookies.set("nexus", token, domain="localhost.local")
        assert client.get("/").status_code == 303
        assert submit(client, person.email, PASSWORD).status_code == 303


def test_a_request_that_is_open_when_the_stop_comes_is_answered(make_server, postgres):
    server = make_server()
    person = server.person()
    name = urlsplit(server.database_url).path[1:]
    with server.client() as client, postgres.superuser(name) as cursor, ThreadPoolExecutor(1) as pool:
        shown = form(client)
        # Signing in waits behind this lock.
        cursor.execute("select pg_advisory_lock(2, hashtext('127.0.0.1'))")
        fields = {"email": person.email, "password": PASSWORD, "next": "/", "form": shown}
        waiting = pool.submit(client.post, "/login", data=fields)
        until(lambda: blocked(cursor), what="the request")
        server.process.terminate()
        until(lambda: not listens(server), what="the end of listening")
        cursor.execute("select pg_advisory_unlock(2, hashtext('127.0.0.1'))")
        assert waiting.result().status_code == 303
    assert server.process.wait(10) == 0


def blocked(cursor) -> bool:
    cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and not granted")
    return cursor.fetchone() != (0,)


def listens(server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0
