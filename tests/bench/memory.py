"""Memory: idle, and with five people on dashboards and three PDFs at once inside a container's limit."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import psutil
import pypdfium2

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.views import service as views
from nexus.views.spec import View
from tests.bench.figures import Figure
from tests.bench.processes import MemoryGroup, pss_mb


class Peak:
    """Samples the group's anonymous memory and the processes' PSS while the block runs."""

    def __init__(self, group: MemoryGroup, server: psutil.Process) -> None:
        self.group, self.server = group, server
        self.anonymous_mb = 0.0
        self.pss_mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(0.1):
            if self.group.available:
                self.anonymous_mb = max(self.anonymous_mb, self.group.anonymous_mb())
            self.pss_mb = max(self.pss_mb, sum(pss_mb(self.server).values()))


def idle(server: psutil.Process) -> Figure:
    sizes = pss_mb(server)
    return Figure("idle after a first visit, PSS of all but Postgres", f"{sum(sizes.values()):.0f} MB", goal="≤ 220 MB")


def under_load(
    group: MemoryGroup, server: psutil.Process, read: list[Callable[[], None]], clients: list[httpx.Client], path: str
) -> list[Figure]:
    """`read` are five people's visits (each draws a whole dashboard), `clients` three people who want its PDF at once."""

    def pdf(client: httpx.Client) -> int:
        response = client.get(path, timeout=90)
        return response.status_code if response.content.startswith(b"%PDF") else -1

    with Peak(group, server) as peak, ThreadPoolExecutor(len(clients)) as printers:
        for _ in range(3):
            answers = [printers.submit(pdf, client) for client in clients]
            for visit in read:
                visit()
            statuses = [answer.result() for answer in answers]
        time.sleep(0.5)
    alive = server.is_running() and server.status() != psutil.STATUS_ZOMBIE
    figures = [
        Figure(
            "  five people on dashboards, three PDFs at once",
            "served" if alive and statuses == [200] * len(clients) else f"failed: {statuses}",
        ),
        Figure("  peak PSS of all but Postgres", f"{peak.pss_mb:.0f} MB"),
    ]
    if group.available:
        figures += [
            Figure("  peak of anonymous memory in the cgroup", f"{peak.anonymous_mb:.0f} MB", goal="≤ 400 MB the aim"),
            Figure("  the kernel's peak, page cache included", f"{group.peak_mb():.0f} MB", goal="512 MB is the limit"),
            Figure("  OOM kills", str(group.oom_kills()), goal="0"),
        ]
    else:
        figures.append(Figure("  no memory cgroup here", group.why_not))
    return figures


def long_print(group: MemoryGroup, server: psutil.Process, user: User, client: httpx.Client) -> list[Figure]:
    """A view of 20,000 rows and 25 columns as one file, printed in pieces: its time, and what it takes while it is printed."""
    columns = ", ".join(f"(n * {at}) % 1000 as c{at}" for at in range(1, 25))
    with transaction() as session:
        question = {"kind": "sql", "sql": f"select n as row_number, {columns} from generate_series(1, 20000) n"}
        views.save_view(session, user=user, view=View(name="bench-long", title="Long", source="sample", question=question))
    started = time.perf_counter()
    with Peak(group, server) as peak:
        answer = client.get("/views/bench-long.pdf", headers={"Prefer": "wait"}, timeout=900)
    took = time.perf_counter() - started
    pages = len(pypdfium2.PdfDocument(answer.content)) if answer.content.startswith(b"%PDF") else 0
    figures = [
        Figure("  20,000 rows of 25 columns as one PDF", f"{pages:,} pages, {len(answer.content) / 1e6:.0f} MB, {took:.0f} s"),
        Figure("  peak PSS of all but Postgres", f"{peak.pss_mb:.0f} MB"),
    ]
    if group.available:
        figures += [
            Figure("  peak of anonymous memory in the cgroup", f"{peak.anonymous_mb:.0f} MB", goal="≤ 400 MB the aim"),
            Figure("  OOM kills", str(group.oom_kills()), goal="0"),
        ]
    return figures
