"""A stranger gets the sign-in page, health and static files: every route, file, socket and method is tried."""

import base64
import hashlib
import re

import httpx
import pytest
import streamlit
from starlette.routing import Mount, Route, WebSocketRoute
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from nexus import server
from nexus.accounts.spec import Role

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
OPEN = {
    "/login",
    "/logout",
    "/healthz",
    "/readyz",
    "/favicon.ico",
    "/favicon.png",
    "/robots.txt",
    "/door/door.js",
    "/door/answers.js",
    "/door/login.js",
    "/door/mark.svg",
}


@pytest.fixture(scope="module")
def routes():
    """Every route of the app as it is served, ours and Streamlit's. It is only built, never asked: no database."""
    return server.application()._build_starlette_app().routes


def addresses(routes) -> set[str]:
    found = set()
    for route in routes:
        if isinstance(route, (Route, WebSocketRoute, Mount)):
            found.add(re.sub(r"\{[^}]*\}", "1", route.path) or "/")
    return found


def test_every_route_and_method_turns_a_stranger_away(app_server, routes):
    tried = addresses(routes)
    assert {"/_stcore/stream", "/_stcore/metrics", "/login", "/healthz", "/metrics", "/login/password"} <= tried
    tried |= {"/", "/Home", "/dashboard", "/dashboards/delays.pdf", "/views/x.csv", "/reports/1.pdf", "/index.html", "/manifest.json"}
    tried |= {
        "/_stcore/agent/interact",
        "/_stcore/agent/mcp",
        "/_stcore/upload_file/1/2",
        "/media/1.png",
        "/component/x/index.html",
        "/docs",
    }
    with app_server.client() as client:
        for path in sorted(tried - OPEN - {"/door/1"}):
            for method in METHODS:
                answer = client.request(method, path)
                if method == "GET":
                    assert answer.status_code == 303, f"{method} {path}: {answer.status_code}"
                    assert answer.headers["location"].startswith("/login")
                else:
                    assert answer.status_code == 401, f"{method} {path}: {answer.status_code}"
                    assert len(answer.content) < 40


@pytest.mark.parametrize("path", sorted(OPEN))
def test_what_is_open_does_nothing_but_what_it_says(app_server, path):
    with app_server.client() as client:
        assert client.get(path).status_code == 200
        for method in ("PUT", "PATCH", "DELETE"):
            assert client.request(method, path).status_code == 405


def test_static_files_are_streamlits_and_nothing_else(app_server):
    with app_server.client() as client:
        page = client.get("/login").text
        found = set(re.findall(r'(?:href|src)="(/static/[^"]+|/door/[^"]+\.js[^"]*)"', page))
        assert any(address.startswith("/door/login.js?v=") for address in found)
        for address in found:
            answer = client.get(address)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
        for address in ("/door/login.js", "/door/login.js?v=", "/door/login.js?v=00000000"):
            # Of another release, perhaps: what is found there now is not kept under that name.
            assert client.get(address).headers["cache-control"] == "no-cache"
        for strange in (
            "/static/",
            "/static/../index.html",
            "/static/%2e%2e/index.html",
            "/static/js/../../index.html",
            "/static/..%2f..%2fconfig.py",
        ):
            assert raw(app_server, f"GET {strange} HTTP/1.1").startswith(("HTTP/1.1 404", "HTTP/1.1 400")), strange


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example/",
        "/login/../dashboard",
        "/login/..%2f_stcore/metrics",
        "/%2e%2e/etc/passwd",
        "/healthz/../metrics",
        "/door/..%2froutes.py",
        "/door/../../etc/passwd",
        "/app/static/..%2f..%2fpyproject.toml",
        "/app/static/../../pyproject.toml",
        "/login%00",
        "/LOGIN",
        "/login/",
        "/healthz;x=/_stcore/metrics",
        "/\\evil.example",
        "http://evil.example/_stcore/metrics",
    ],
)
def test_no_spelling_of_an_address_gets_around_the_gate(app_server, path):
    answer = raw(app_server, f"GET {path} HTTP/1.1")
    assert re.match(r"HTTP/1.1 (303|400|401|404|421) ", answer), answer[:200]
    assert "sqlalchemy" not in answer
    assert "root:" not in answer


def test_home_typed_by_hand_leads_to_the_home_page(app_server):
    with app_server.person().client() as client:
        answer = client.get("/home?q=a")
        assert (answer.status_code, answer.headers["location"]) == (307, "/?q=a")
    with app_server.client() as stranger:
        assert stranger.get("/home").headers["location"].startswith("/login")


def test_no_socket_opens_for_a_stranger(app_server):
    for path in ("/_stcore/stream", "/", "/login", "/healthz", "/static/x", "/dashboard/_stcore/stream", "/_stcore/agent/mcp"):
        with pytest.raises(InvalidStatus) as refused, connect(f"ws://localhost:{app_server.port}{path}", origin=app_server.url):
            pass
        assert refused.value.response.status_code == 403


def test_streamlits_own_pages_are_behind_the_gate_when_a_visit_is_the_first(app_server):
    """`pages/` beside Home.py would be served by file name until the navigation has run once."""
    with app_server.client() as client:
        for path in ("/settings", "/account", "/Home", "/pages/settings.py"):
            assert client.get(path).status_code == 303


def test_people_who_are_signed_in_do_not_reach_metrics_uploads_media_or_the_agent_api_either(app_server):
    with app_server.person().client() as client:
        for path in (
            "/_stcore/metrics",
            "/_stcore/script-health-check",
            "/_stcore/upload_file/1/2",
            "/_stcore/agent/openapi.json",
            "/_stcore/agent/interact",
            "/_stcore/agent/mcp",
            "/media/abc.png",
            "/auth/login",
            "/oauth2callback",
            "/index.html",
        ):
            for method in METHODS:
                assert client.request(method, path).status_code in (404, 405), f"{method} {path}"
        assert client.put("/_stcore/host-config").status_code == 405
        assert client.get("/_stcore/host-config").status_code == 200


def test_the_policy_lets_the_pages_two_inline_scripts_run_and_no_other(app_server):
    with app_server.person().client() as client:
        answer = client.get("/")
    policy = answer.headers["content-security-policy"]
    scripts = next(part for part in policy.split("; ") if part.startswith("script-src"))
    assert "unsafe" not in scripts
    inline = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    hashes = {"'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'" for script in inline}
    assert len(hashes) == 2  # Streamlit's own, and the door's
    assert set(scripts.split()) == {"script-src", "'self'", *hashes}
    for rule in ("frame-ancestors 'none'", "object-src 'none'", "base-uri 'none'", "form-action 'self'", "img-src 'self' data: blob:"):
        assert rule in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "server" not in answer.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "", "127.0.0.1:1@evil.example", "[::1", "localhost:x"]
)
def test_foreign_hosts_are_refused(app_server, host):
    answer = raw(app_server, "GET /login HTTP/1.1", host=host)
    assert re.match(r"HTTP/1.1 (400|421) ", answer), answer[:100]


def test_two_hosts_in_one_request_are_refused(app_server):
    answer = raw(app_server, f"GET /login HTTP/1.1\r\nHost: localhost:{app_server.port}", host="evil.example")
    assert re.match(r"HTTP/1.1 (400|421) ", answer)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://localhost", "file://", "http://localhost:1"])
def test_forms_from_foreign_pages_are_refused(app_server, origin):
    with app_server.person().client() as client:
        for path in ("/login", "/logout", "/login/password"):
            assert client.post(path, data={"form": "x"}, headers={"origin": origin}).status_code == 403
        assert client.get("/_stcore/health").status_code == 200


def test_nothing_says_what_stands_behind(app_server):
    with app_server.client() as client:
        text = client.get("/login").text.lower() + str(client.get("/dashboards/x.pdf").headers).lower()
    for word in ("uvicorn", "starlette", streamlit.__version__):
        assert word not in text


def raw(app_server, first_line: str, *, host: str | None = None) -> str:
    """The answer to a request that no HTTP library would send."""
    import socket

    with socket.create_connection(("localhost", app_server.port), timeout=10) as connection:
        name = f"localhost:{app_server.port}" if host is None else host
        connection.sendall(f"{first_line}\r\nHost: {name}\r\nAccept: text/html\r\nConnection: close\r\n\r\n".encode("latin-1"))
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer.decode("latin-1")


def test_the_probe_of_a_platform_is_answered_whatever_it_calls_us(app_server):
    for path in ("/healthz", "/readyz"):
        assert httpx.get(f"{app_server.url}{path}", headers={"host": "10.0.0.7:8501"}).status_code == 200


def test_figures_are_for_administrators_and_for_the_scrapers_token(make_server):
    server = make_server(METRICS_TOKEN="a-token-for-the-scraper")
    with server.client(accept="*/*") as client:
        for authorization in ("", "Bearer", "Bearer wrong", "bearer a-token-for-the-scraper", "Basic a-token-for-the-scraper"):
            assert client.get("/metrics", headers={"authorization": authorization}).status_code == 401
        shown = client.get("/metrics", headers={"authorization": "Bearer a-token-for-the-scraper"})
    assert shown.status_code == 200
    assert 'nexus_requests_total{method="GET",part="metrics",status="401"} 5' in shown.text
    for figure in (
        "nexus_request_seconds_count",
        "process_resident_memory_bytes",
        "nexus_open_sessions 0",
        "nexus_database_up 1",
        "nexus_open_pages 0",
    ):
        assert figure in shown.text
    with server.person().client() as client:
        assert client.get("/metrics").status_code == 403
    with server.person(Role.ADMIN).client() as client:
        assert client.get("/metrics").status_code == 200
