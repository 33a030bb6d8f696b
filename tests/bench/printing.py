"""The PDF of a six-panel dashboard beside the bare print of the very same HTML."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
from playwright.sync_api import Browser

from nexus.accounts.spec import User
from nexus.reports import service as reports
from nexus.reports.browser import PrintBrowser
from nexus.reports.layout import Layout
from tests.bench.figures import Figure, in_turn, seconds

PAUSE_S = 0.3
"""Before each print, so that neither side pays for what the other, or it itself, tidies up after the answer."""


class Recording(PrintBrowser):
    """The print browser, which also keeps what it was given."""

    html = ""

    def print(self, html: str, *, patient: bool = False, tagged: bool = True) -> bytes:
        self.html = html
        return super().print(html, patient=patient, tagged=tagged)


def document(user: User) -> str:
    """The HTML that our PDF of the dashboard is printed from."""
    printer = Recording()
    try:
        reports.print_dashboard(user=user, name="bench", values={}, layout=Layout(), printer=printer)
        return printer.html
    finally:
        printer.close()


@contextmanager
def bare(browser: Browser, html: str) -> Iterator[Callable[[], float]]:
    """Prints `html` in an open browser with nothing of ours around it."""
    context = browser.new_context(java_script_enabled=False, offline=True)

    def once() -> None:
        page = context.new_page()
        page.set_content(html)
        page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
        page.close()

    def rested() -> float:
        time.sleep(PAUSE_S)
        return seconds(once)

    yield rested
    context.close()


def figures(client: httpx.Client, user: User, browser: Browser) -> list[Figure]:
    def ours() -> float:
        time.sleep(PAUSE_S)
        started = time.perf_counter()
        response = client.get("/dashboards/bench.pdf", timeout=60)
        response.raise_for_status()
        assert response.content.startswith(b"%PDF")
        return time.perf_counter() - started

    cold = ours()
    with bare(browser, document(user)) as theirs:
        for _ in range(2):
            ours()
            theirs()
        mine, bare_s, ratio = in_turn(11, ours, theirs)
    return [
        Figure("PDF of a 6-panel dashboard, warm", f"{mine:.2f} s", f"{bare_s:.2f} s bare print", f"{ratio:.2f}", "≤ 1.3, ≤ 0.5 s"),
        Figure("  the first, with the browser's start", f"{cold:.2f} s"),
    ]
