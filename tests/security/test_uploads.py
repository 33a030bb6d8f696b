"""`POST /uploads`: who may, from where, how much, and what an upload that breaks off leaves."""

import socket
import threading

import pytest

from nexus.accounts.spec import Role
from tests.server import until

TYPE = {"content-type": "application/octet-stream"}


@pytest.fixture(scope="module")
def taking(app_server):
    """The app with a writing role for the sample; its address leads nowhere, which an upload does not ask."""
    from nexus.db.encrypted import encrypt

    with app_server.database() as cursor:
        cursor.execute("update nexus.sources set writer_url = %s where name = 'sample'", (encrypt("postgresql://w:x@127.0.0.1:1/x"),))
    yield app_server
    with app_server.database() as cursor:
        cursor.execute("update nexus.sources set writer_url = null where name = 'sample'; delete from nexus.uploads")


def left(server, person) -> int:
    with server.database() as cursor:
        cursor.execute("select count(*) from nexus.uploads where user_id = %s", (person.id,))
        return cursor.fetchone()[0]


def address(source="sample", filename="a.csv"):
    return f"/uploads?source={source}&filename={filename}"


def raw(server, person, head: str, body: bytes = b"", *, shut: bool = True) -> str:
    """The answer to a request as it is typed; with `shut`, our side ends when the body is sent."""
    cookie = person.open_session()
    with socket.create_connection(("localhost", server.port), timeout=20) as line:
        line.sendall(
            f"POST {address()} HTTP/1.1\r\nHost: localhost:{server.port}\r\nOrigin: {server.url}\r\nCookie: nexus={cookie}\r\n"
            f"Content-Type: application/octet-stream\r\n{head}\r\n\r\n".encode()
            + body
        )
        if shut:
            line.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := line.recv(65_536):
            answer += piece
            if b"\r\n\r\n" in answer and not shut:
                break
        return answer.decode()


def test_an_analysts_file_is_kept_with_its_size_and_hash(taking):
    analyst = taking.person(Role.ANALYST)
    content = b"a,b\n" + b"1,2\n" * 700_000
    with analyst.client() as client:
        answer = client.post(address(filename="..%2F..%2Fetc%2F%3Cb%3E%0D%0AX-A:1.CSV"), content=content, headers=TYPE)
    assert answer.status_code == 201
    with taking.database() as cursor:
        cursor.execute(
            "select filename, size_bytes, sha256 = encode(sha256((select string_agg(content, ''::bytea order by position) from nexus.upload_chunks where upload_id = u.id)), 'hex'),"
            " complete, (select max(length(content)) from nexus.upload_chunks where upload_id = u.id) from nexus.uploads u where id = %s",
            (answer.json()["upload"],),
        )
        assert cursor.fetchone() == ("<b>X-A:1.CSV", len(content), True, True, 1024 * 1024)


def test_a_stranger_and_a_viewer_upload_nothing(taking):
    viewer = taking.person(Role.VIEWER)
    with taking.client(**TYPE) as client:
        assert client.post(address(), content=b"a\n1\n").status_code == 401
    with viewer.client() as client:
        answer = client.post(address(), content=b"a\n1\n", headers=TYPE)
    assert (answer.status_code, "analyst role" in answer.text, left(taking, viewer)) == (403, True, 0)


def test_another_site_uploads_nothing_in_somebodys_name(taking):
    analyst = taking.person(Role.ANALYST)
    with analyst.client() as client:
        for origin in ("https://evil.example", "null", f"{taking.url}.evil.example"):
            assert client.post(address(), content=b"a\n1\n", headers=TYPE | {"origin": origin}).status_code == 403
        for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""):
            assert client.post(address(), content=b"a\n1\n", headers={"content-type": kind}).status_code == 400
    assert left(taking, analyst) == 0


@pytest.mark.parametrize("source", ["", "gone", "sample%00", "../sample", "x" * 3000])
def test_a_source_that_is_not_there_takes_nothing(taking, source):
    analyst = taking.person(Role.ANALYST)
    with analyst.client() as client:
        answer = client.post(address(source), content=b"a\n1\n", headers=TYPE)
    assert (answer.status_code, left(taking, analyst)) == (404, 0)


def test_a_file_over_the_limit_is_refused_before_and_while_it_comes(taking):
    analyst = taking.person(Role.ANALYST)
    with taking.database() as cursor:
        cursor.execute("""insert into nexus.saved_settings (name, value) values ('upload_mb', '{"value": 1}')""")
    try:
        with analyst.client() as client:
            said = client.post(address(), content=b"x" * 1_048_577, headers=TYPE)
        assert (said.status_code, "larger than the 1 MB" in said.text) == (413, True)
        assert "413" in raw(taking, analyst, f"Content-Length: {10**12}", shut=False)
        # Without a length, it is counted while it comes.
        pieces = (b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536)) * 17
        assert "413" in raw(taking, analyst, "Transfer-Encoding: chunked", pieces, shut=False)
        assert left(taking, analyst) == 0
    finally:
        with taking.database() as cursor:
            cursor.execute("delete from nexus.saved_settings where name = 'upload_mb'")


def test_a_file_without_a_length_is_taken(taking):
    analyst = taking.person(Role.ANALYST)
    answer = raw(taking, analyst, "Transfer-Encoding: chunked", b"4\r\na\n1\n\r\n0\r\n\r\n", shut=False)
    assert "201" in answer.partition("\r\n")[0]
    assert left(taking, analyst) == 1


def test_a_body_that_is_shorter_than_it_says_leaves_nothing(taking):
    analyst = taking.person(Role.ANALYST)
    raw(taking, analyst, "Content-Length: 3000000", b"x" * 2_500_000)
    until(lambda: left(taking, analyst) == 0, what="throwing the rest away")


def test_an_empty_file_is_a_sentence(taking):
    analyst = taking.person(Role.ANALYST)
    with analyst.client() as client:
        answer = client.post(address(), content=b"", headers=TYPE)
    assert (answer.status_code, answer.text, left(taking, analyst)) == (400, "This file is empty. Choose another.", 0)


def test_of_many_uploads_at_once_five_are_taken(taking):
    analyst = taking.person(Role.ANALYST)
    found = []

    def send():
        with analyst.client() as client:
            found.append(client.post(address(), content=b"a\n1\n" * 1000, headers=TYPE).status_code)

    threads = [threading.Thread(target=send) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sorted(found), left(taking, analyst)) == ([201] * 5 + [409] * 4, 5)
