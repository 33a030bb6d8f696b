"""What hostile and endless reports leave behind in the server that printed them: nothing."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

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

POOLS = 12
"""Connections to databases that are kept open for what comes next: the server's own, and those of the source."""


def role_of(process: psutil.Process) -> str:
    """`node` is the driver; of the browser's processes the type, or its program where it is the browser itself."""
    command = process.cmdline() or [process.name()]
    named = [argument.partition("=")[2] for argument in command if argument.startswith(("--type=", "--utility-sub-type="))]
    return " ".join(named) or Path(command[0]).name


def file_names(process: psutil.Process) -> Iterator[str]:
    """Of each open file, as `socket:` or a path; where the system does not tell names, as many as there are."""
    folder = Path(f"/proc/{process.pid}/fd")
    if not folder.exists():
        yield from ["socket:"] * process.num_fds()
        return
    for link in folder.iterdir():
        with suppress(OSError):
            # `socket:[4711]`: the number is another each time.
            yield str(link.readlink()).partition("[")[0]


class Held:
    """What a server holds at a moment, counted by name: open files, and processes under it."""

    def __init__(self, server: Server) -> None:
        root = psutil.Process(server.process.pid)
        with server.database() as cursor:
            cursor.execute("select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()")
            self.connections = cursor.fetchone()[0]
        self.files = Counter(file_names(root))
        # Which of the pools' connections are open is no matter of what was printed.
        self.files["socket:"] -= self.connections
        self.processes: Counter[str] = Counter()
        for process in root.children(recursive=True):
            with suppress(psutil.Error):
                self.processes[role_of(process)] += 1

    def more_than(self, before: "Held") -> dict[str, int]:
        """What there is more of, and by how many."""
        return {**(self.files - before.files), **(self.processes - before.processes)}


def nothing_left(server: Server, before: Held) -> None:
    """Wait until the server holds no more than before. What it still holds is in the failure."""
    more: dict[str, int] = {}

    def none() -> bool:
        nonlocal more
        held = Held(server)
        more = held.more_than(before)
        assert held.connections <= POOLS
        return not more

    try:
        until(none, within_s=60)
    except AssertionError as error:
        raise AssertionError(f"the server still holds {more} more than before") from error


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
    client = server.person(Role.ANALYST).client()
    client.timeout = 600
    for way in ("wait", "wait, respond-async"):  # at once, and as a job
        assert print_view(client, "hostile", prefer=way) >= 1
    # An empty sheet lies ready for the next report as soon as the last is thrown away.
    before = until(lambda: held if (held := Held(server)).processes["renderer"] == 1 else None, within_s=60, what="an empty sheet")
    memory = psutil.Process(server.process.pid).memory_info().rss
    for _ in range(4):
        assert print_view(client, "hostile") >= 1
    pages = print_view(client, "many")
    assert pages == 0 or pages > 1_000, "all of it, or one sentence"
    nothing_left(server, before)
    assert psutil.Process(server.process.pid).memory_info().rss - memory < KEPT
    assert print_view(client, "hostile") >= 1
