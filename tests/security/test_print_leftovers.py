"""What hostile and endless reports leave behind in the server that printed them: nothing."""

import json
from collections.abc import Iterator

import httpx
import psutil
import pypdfium2
import pytest

from nexus.accounts.spec import Role
from tests.server import Server, until

HOSTILE = """select text as "<b>h</b>", text || n as "</table>" from generate_series(1, 20) n, unnest(array[
'<script>for(;;){}</script>', '<iframe src="file:///etc/passwd"></iframe>', '</td></tr></table></main>', '<!--', '<style>*{display:none}</style>',
'<img src="http://169.254.169.254/">', '<meta http-equiv=refresh content="0;url=file:///etc/passwd">', repeat('<div>', 5000), repeat('x', 20000), U&'\\202E\\0301'
]) text"""
ROWS = "select n as row_number from generate_series(1, 70000) n"
KEPT = 96_000_000
"""Bytes that the server may have grown by: what Python and its allocator keep for the next report."""


@pytest.fixture
def server(make_server) -> Iterator[Server]:
    server = make_server(first=True)
    with server.database() as cursor:
        for name, sql in (("hostile", HOSTILE), ("many", ROWS)):
            spec = {"name": name, "title": name, "source": "sample", "question": {"kind": "sql", "sql": sql}}
            cursor.execute("insert into nexus.views (name, title, version) values (%s, %s, 1) returning id", (name, name))
            cursor.execute(
                "insert into nexus.view_versions (kept_id, version, spec) values (%s, 1, %s)", (cursor.fetchone()[0], json.dumps(spec))
            )
    return server


def print_view(client: httpx.Client, name: str, *, prefer: str = "wait") -> int:
    """How many pages it has; 0 where one sentence was the answer."""
    answer = client.get(f"/views/{name}.pdf", headers={"Prefer": prefer, "Accept": "application/pdf"})
    if answer.status_code == 200:
        return len(pypdfium2.PdfDocument(answer.content))
    assert answer.status_code in (413, 503, 504)
    assert len(answer.text) < 300
    assert "Traceback" not in answer.text
    return 0


def test_a_server_that_printed_hostile_and_endless_reports_is_as_it_was(server):
    process = psutil.Process(server.process.pid)

    def held() -> tuple[int, int]:
        return process.num_fds(), len(process.children(recursive=True))

    client = server.person(Role.ANALYST).client()
    client.timeout = 600
    for way in ("wait", "wait, respond-async"):  # at once, and as a job
        assert print_view(client, "hostile", prefer=way) >= 1
    (files, processes), memory = held(), process.memory_info().rss
    for _ in range(4):
        assert print_view(client, "hostile") >= 1
    pages = print_view(client, "many")
    assert pages == 0 or pages > 1_000, "all of it, or one sentence"
    until(lambda: held()[0] <= files and held()[1] <= processes, within_s=30, what="the files and processes of before")
    assert process.memory_info().rss - memory < KEPT
    assert print_view(client, "hostile") >= 1
