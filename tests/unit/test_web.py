"""What can be decided about a request without a server: who calls, what is same, what goes into the log."""

import json
import logging
import socket

import pytest

from nexus import log, server, settings
from nexus.accounts.sign_in import network
from nexus.sources.spec import Limits
from nexus.web import frontend
from nexus.web.address import client_address
from nexus.web.headers import host_of, same_origin


def scope(*headers: tuple[str, str], peer: str = "192.0.2.1") -> dict:
    return {"headers": [(name.encode(), value.encode()) for name, value in headers], "client": (peer, 1234)}


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ([], "192.0.2.1"),
        ([("x-real-ip", "203.0.113.9")], "203.0.113.9"),
        ([("x-real-ip", " 2001:db8::1 ")], "2001:db8::1"),
        ([("x-forwarded-for", "203.0.113.9")], "192.0.2.1"),
        ([("x-forwarded-for", "1.1.1.1, 203.0.113.9"), ("forwarded", "for=1.1.1.1"), ("x-real-ip", "203.0.113.9")], "203.0.113.9"),
        ([("x-real-ip", "203.0.113.9"), ("x-real-ip", "203.0.113.10")], "192.0.2.1"),
        ([("x-real-ip", "203.0.113.9, 1.1.1.1")], "192.0.2.1"),
        ([("x-real-ip", "localhost")], "192.0.2.1"),
        ([("x-real-ip", "")], "192.0.2.1"),
        ([("true-client-ip", "1.1.1.1"), ("cf-connecting-ip", "1.1.1.1"), ("x-client-ip", "1.1.1.1")], "192.0.2.1"),
    ],
)
def test_behind_the_proxy_only_what_the_proxy_sets_says_who_calls(headers, address):
    assert client_address(scope(*headers), behind_proxy=True) == address
    assert client_address(scope(*headers), behind_proxy=False) == "192.0.2.1"


def test_everyone_in_one_ipv6_network_counts_as_one_address():
    assert network("2001:db8:1:2::1") == network("2001:db8:1:2:ffff::7") == "2001:db8:1:2::/64"
    assert network("2001:db8:1:3::1") != network("2001:db8:1:2::1")
    assert network("192.0.2.1") == "192.0.2.1"
    assert network("unknown") == "unknown"


@pytest.mark.parametrize(
    ("origin", "same"),
    [
        ("http://localhost:8501", True),
        ("https://LOCALHOST:8501", True),
        ("http://localhost", False),
        ("http://localhost:8501.evil.example", False),
        ("http://localhost:8501@evil.example", False),
        ("http://evil.example/localhost:8501", False),
        ("null", False),
        ("", False),
        ("javascript://localhost:8501", False),
        ("http://[", False),
    ],
)
def test_an_origin_is_the_same_only_when_it_is_this_host_and_port(origin, same):
    assert same_origin([origin], host="localhost:8501") is same
    assert not same_origin([], host="localhost:8501")
    assert not same_origin([origin, origin], host="localhost:8501")


@pytest.mark.parametrize(
    "host", ["", "a b", "a/b", "a\\b", "u@h", "h?x", "h#x", "h,g", "h:x", "[::1", "h;script-src *", "h'", "h;x", "h:", "ü.example"]
)
def test_a_host_header_that_is_no_host_is_none(host):
    assert host_of(scope(("host", host))) is None
    assert host_of(scope(("host", "a.example"), ("host", "a.example"))) is None
    assert host_of(scope(("host", "A.Example.:8501"))) == ("a.example.:8501", "a.example")
    assert host_of(scope(("host", "[::1]:8501"))) == ("[::1]:8501", "::1")


def line(record_arguments: dict, *, secrets: list[str] | None = None) -> dict:
    record = logging.LogRecord("nexus", logging.INFO, "x.py", 1, "", None, None)
    record.__dict__.update(record_arguments)
    text = log.JsonLines(secrets or []).format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_line_of_the_log_loses_credentials_secrets_and_query_values():
    environment = {
        "SECRET_KEY": "a-secret-key-of-more-than-32-characters",
        "DATABASE_URL": "postgresql://owner:p%40ss@db.example/nexus?sslmode=require",
        "METRICS_TOKEN": "scraper-token",
    }
    secrets = log.secrets_of(settings.read(environment))
    message = "at postgresql://owner:other@db/x with a-secret-key-of-more-than-32-characters, scraper-token and GET /a?name=Ana&key=1 done\r\nnext"
    said = line({"msg": message}, secrets=secrets)["message"]
    assert said == "at postgresql://•••@db/x with •••, ••• and GET /a?••• done\r\nnext"
    assert line({"msg": environment["DATABASE_URL"]}, secrets=secrets)["message"] == "•••"


def test_what_a_database_says_about_values_stays_out_of_the_log():
    import psycopg2

    try:
        raise psycopg2.DataError('invalid input syntax for type integer: "secret value"')
    except psycopg2.Error as error:
        told = line({"msg": "failed", "exc_info": (type(error), error, error.__traceback__)})
    assert "secret value" not in json.dumps(told)
    assert told["error"] == "DataError"
    assert told["trace"][-1].startswith("tests/unit/test_web.py:")


def test_what_a_validation_or_a_decoder_says_about_values_stays_out_of_the_log():
    for raises in (
        lambda: Limits(timeout_ms="secret value"),
        b"secret value \xff".decode,
        "secret value \ud800".encode,
    ):
        try:
            raises()
        except ValueError as error:
            told = line({"msg": "failed", "exc_info": (type(error), error, error.__traceback__)})
        assert "secret value" not in json.dumps(told)
        assert told["says"]


def test_the_page_of_the_app_is_streamlits_with_our_script_before_all_others(tmp_path):
    (tmp_path / "index.html").write_text(
        '<html><head><!-- pointer to the agent API --><link rel="service-desc" href="./_stcore/agent/openapi.json" />'
        '<link rel="shortcut icon" href="./favicon.png" /><link rel="preload" href="./static/media/S.woff2" as="font" crossorigin />'
        "<title>Streamlit</title><script>a = 1</script>"
        '<script type="module" crossorigin src="./static/js/index.js"></script><link rel="stylesheet" href="./static/css/i.css"></head>'
        "<body><noscript>the agent API</noscript></body></html>"
    )
    scripts = tmp_path / "static" / "js"
    scripts.mkdir(parents=True)
    (scripts / "ArrowVegaLiteChart.Ab1.js").write_text('import{a}from"./embed.Cd2.js";import"./index.js";')
    (scripts / "embed.Cd2.js").write_text('import{b}from"./embed.Cd2.js";')
    (scripts / "Html.Ef3.js").write_text('import"./index.js";')
    (tmp_path / "static" / "media").mkdir()
    (tmp_path / "static" / "media" / "MaterialSymbols-Rounded.Gh4.woff2").touch()
    (tmp_path / "ours.css").write_text(".ours { color: red }")
    front = frontend.read(tmp_path, door="window.door = 1", scripts=["/door/a.js?v=1"], styles=[tmp_path / "ours.css"])
    page = front.page.decode()
    assert page.index("<script>window.door = 1</script>") < page.index("<script>a = 1")
    assert '<script src="/door/a.js?v=1" async></script>' in page
    assert front.inline_hashes == (
        "'sha256-qTALHpUIYXBujVvQs/u21+Xb/VoPAuUFDflM3kiM4rY='",
        "'sha256-tbwf/ZCRL7GL7259gJCRksemSSiWMgFW1n+68QTGVEo='",
    )
    assert front.preload == (
        "/static/js/index.js",
        "/static/css/i.css",
        *front.styles,
        "/static/js/Html.Ef3.js",
        "/static/js/ArrowVegaLiteChart.Ab1.js",
        "/static/js/embed.Cd2.js",
        "/static/fonts/inter-latin-wght-normal.woff2",
        "/static/media/MaterialSymbols-Rounded.Gh4.woff2",
    )
    assert list(front.styles.values()) == [tmp_path / "ours.css"]
    assert page.index(f'<link rel="stylesheet" href="{next(iter(front.styles))}">') > page.index("<body")
    assert "S.woff2" not in page
    assert "inter-latin-wght-normal.woff2" in page
    assert "embed.Cd2.js" in front.page_at("dashboard").decode()
    assert "embed.Cd2.js" not in front.page_at("people").decode()
    assert "agent" not in page
    assert '"./' not in page


def test_answers_do_not_wait_for_acknowledgements():
    """asyncio sets TCP_NODELAY on connections of a listener that names its protocol, and on no other."""
    with server.bound(address="127.0.0.1", port=0) as listening:
        assert listening.proto == socket.IPPROTO_TCP
