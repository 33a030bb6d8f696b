"""Sessions from outside: cookies of every kind, sockets, and being shut out while a page is open."""

import contextlib

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from nexus.accounts import tokens
from nexus.accounts.spec import Role
from tests.security.test_sign_in import said
from tests.server import Person, Server, sign_in, until


def stream(server: Server, token: str | None, *, origin: str | None = "", session: str = "", **headers: str):
    """A websocket to the app as a browser opens it."""
    extra = {"cookie": f"nexus={token}", **headers} if token is not None else headers
    return connect(
        f"ws://localhost:{server.port}/_stcore/stream",
        origin=server.url if origin == "" else origin,
        subprotocols=["streamlit", "x", *([session] if session else [])],
        additional_headers=extra,
        max_size=None,
    )


def first_session_id(socket) -> str:
    """Streamlit's id of the session behind a socket, from the first message it sends."""
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    while True:
        message = ForwardMsg()
        message.ParseFromString(socket.recv(timeout=10))
        if message.WhichOneof("type") == "new_session":
            return message.new_session.initialize.session_id


def begin(socket) -> str:
    """Ask for the page, as the browser does. Streamlit's session id."""
    from streamlit.proto.BackMsg_pb2 import BackMsg

    message = BackMsg()
    message.rerun_script.query_string = ""
    socket.send(message.SerializeToString())
    return first_session_id(socket)


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "nexus=",
        "nexus=x",
        "nexus=" + "A" * 43,
        "nexus=" + "A" * 8000,
        "nexus=' or 1=1 --",
        "nexus=%00",
        "nexus=\u00e4",
        "__Host-nexus=TOKEN",
        "nexus-form=TOKEN",
        "NEXUS=TOKEN",
        "nexus=TOKEN; nexus=TOKEN",
        "nexus=TOKEN; nexus=x",
        "nexus=TOKENx",
        "nexus=HASH",
        "nexus=BASE64",
    ],
)
def test_no_other_cookie_than_the_right_one_once_opens_anything(app_server, cookie):
    import base64

    token = app_server.person().open_session()
    hashed = tokens.session_hash(token)
    value = cookie.replace("TOKEN", token).replace("HASH", hashed.hex()).replace("BASE64", base64.urlsafe_b64encode(hashed).decode())
    headers = {"cookie": value.encode("latin-1")} if value else {}
    answer = httpx.get(f"{app_server.url}/_stcore/health", headers=headers)
    assert answer.status_code in (401, 400)
    with (
        pytest.raises(InvalidStatus),
        connect(f"ws://localhost:{app_server.port}/_stcore/stream", origin=app_server.url, additional_headers=_text(headers)),
    ):
        pass
    assert httpx.get(f"{app_server.url}/_stcore/health", headers={"cookie": f"nexus={token}"}).status_code == 200


def _text(headers: dict[str, bytes]) -> dict[str, str]:
    return {name: value.decode("latin-1") for name, value in headers.items()}


ENDINGS = {
    "ran out": "update nexus.sessions set expires_at = now() - interval '1 second' where user_id = %s",
    "signed you out": "update nexus.sessions set ended_at = now(), ended_because = 'ended by an administrator' where user_id = %s",
    "role was changed": "update nexus.sessions set ended_at = now(), ended_because = 'role changed' where user_id = %s",
    "disabled": "update nexus.users set disabled_at = now() where id = %s",
    "": "delete from nexus.sessions where user_id = %s",
}


@pytest.mark.parametrize("reason", ENDINGS)
def test_a_session_that_ended_opens_nothing_and_the_sign_in_page_says_why(app_server, reason):
    person = app_server.person()
    with person.client() as client:
        assert client.get("/").status_code == 200
        token = client.cookies["nexus"]
        with app_server.database() as cursor:
            cursor.execute(ENDINGS[reason], (person.id,))
        assert client.get("/dashboard?name=delays").headers["location"] == "/login?next=%2Fdashboard%3Fname%3Ddelays"
        assert client.get("/_stcore/health", headers={"accept": "*/*"}).status_code == 401
        with pytest.raises(InvalidStatus), stream(app_server, token):
            pass
        assert reason in said(client.get("/login"))
        assert "nexus" not in client.cookies


def test_signing_out_ends_the_session_for_whoever_kept_the_cookie(app_server):
    person = app_server.person()
    with person.client() as client:
        token = client.cookies["nexus"]
        shown = client.get("/logout").text
        assert 'data-send="now"' not in shown
        form = tokens.form_token(client.cookies["nexus-form"])
        assert client.post("/logout", data={"form": "0" * 64}).status_code == 403
        assert client.get("/").status_code == 200
        assert "signed out" in said(client.post("/logout", data={"form": form}))
        assert client.get("/").status_code == 303
    assert httpx.get(f"{app_server.url}/_stcore/health", headers={"cookie": f"nexus={token}"}).status_code == 401


@pytest.mark.parametrize("origin", [None, "http://evil.example", "null", "http://localhost:1", "https://localhost.evil.example"])
def test_a_socket_from_a_foreign_page_is_refused(app_server, origin):
    token = app_server.person().open_session()
    with pytest.raises(InvalidStatus) as refused, stream(app_server, token, origin=origin):
        pass
    assert refused.value.response.status_code == 403


def test_another_persons_streamlit_session_id_opens_a_session_of_ones_own(app_server):
    victim, thief = app_server.person(Role.ADMIN), app_server.person()
    victims_token = victim.open_session()
    with stream(app_server, victims_token) as open_page:
        session_id = begin(open_page)
        with stream(app_server, thief.open_session(), session=session_id) as stolen:
            assert begin(stolen) != session_id
        open_page.ping().wait(5)
    # Also when the page is closed and its state waits for a reload.
    with stream(app_server, thief.open_session(), session=session_id) as stolen:
        assert begin(stolen) != session_id
    # Another session of the same person is another sign-in: it gets its own state too.
    with stream(app_server, victim.open_session(), session=session_id) as elsewhere:
        assert begin(elsewhere) != session_id
    with stream(app_server, victims_token, session=session_id) as reloaded:
        assert begin(reloaded) == session_id


def test_who_one_is_cannot_be_claimed_in_a_header(app_server):
    admin, viewer = app_server.person(Role.ADMIN), app_server.person()
    admin.open_session()
    with app_server.database() as cursor:
        cursor.execute("select id from nexus.sessions where user_id = %s", (admin.id,))
        claimed = str(cursor.fetchone()[0])
    for spelling in ("X-Nexus-User", "x-nexus-user", "X-NEXUS-USER"):
        assert httpx.get(f"{app_server.url}/_stcore/health", headers={spelling: claimed}).status_code == 401
        with stream(app_server, viewer.open_session(), **{spelling: claimed}) as socket:
            begin(socket)
            sessions = until(lambda: seen(app_server, viewer))
            assert claimed not in sessions


def seen(server: Server, person: Person) -> list[str]:
    with server.database() as cursor:
        cursor.execute("select id::text from nexus.sessions where user_id = %s", (person.id,))
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize("reason", ENDINGS)
def test_an_open_socket_is_closed_within_two_seconds_of_its_sessions_end(app_server, reason):
    person = app_server.person()
    with stream(app_server, person.open_session()) as socket:
        begin(socket)
        with app_server.database() as cursor:
            cursor.execute(ENDINGS[reason], (person.id,))
        with pytest.raises(ConnectionClosed) as closed:
            deadline_reads(socket, seconds=2)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401


def deadline_reads(socket, *, seconds: float) -> None:
    """Read until the socket closes; a timeout of the last read is the failure."""
    import time

    deadline = time.monotonic() + seconds
    while True:
        socket.recv(timeout=max(deadline - time.monotonic(), 0.01))


def test_a_person_whose_page_is_open_lands_on_the_sign_in_page_with_where_they_were(app_server, page):
    person = app_server.person()
    sign_in(page, person)
    page.goto("/?name=delays")
    page.get_by_role("heading").first.wait_for()
    with app_server.database() as cursor:
        cursor.execute(ENDINGS["signed you out"], (person.id,))
    page.wait_for_url("**/login?next=%2F%3Fname%3Ddelays")
    assert "signed you out" in page.inner_text(".say")


def test_others_pages_stay_open_while_one_is_shut_out(app_server):
    leaving, staying = app_server.person(), app_server.person()
    with stream(app_server, leaving.open_session()) as gone, stream(app_server, staying.open_session()) as kept:
        begin(gone)
        begin(kept)
        with app_server.database() as cursor:
            cursor.execute(ENDINGS["disabled"], (leaving.id,))
        with pytest.raises(ConnectionClosed):
            deadline_reads(gone, seconds=2)
        kept.ping().wait(5)


@pytest.mark.parametrize("payload", [b"", b"\xff" * 100, b"\x00" * 1_000_000, "text"])
def test_a_socket_that_talks_nonsense_is_closed_and_the_server_lives(app_server, payload):
    with stream(app_server, app_server.person().open_session()) as socket:
        socket.send(payload)
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            deadline_reads(socket, seconds=1)
    assert httpx.get(f"{app_server.url}/readyz").status_code == 200
