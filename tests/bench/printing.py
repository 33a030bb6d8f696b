"""The PDF of a six-panel dashboard beside the bare print of the very same HTML, in a browser that is warm and in a new one."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import httpx
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from nexus.accounts.spec import User
from nexus.reports import chromium
from nexus.reports import service as reports
from nexus.reports.browser import PrintBrowser
from nexus.reports.circumstances import Circumstances
from nexus.reports.layout import Layout
from tests.bench.figures import Figure, in_turn, seconds

PAUSE_S = 0.3
"""Before each print, so that neither side pays for what the other, or it itself, tidies up after the answer."""


class Recording(PrintBrowser):
    """The print browser, which also keeps what it was given."""

    html = ""

    def print(self, html: str, **how: Any) -> bytes:
        self.html = html
        return super().print(html, **how)


def print_ours(user: User) -> str:
    """Print the dashboard in a browser of its own, driver and all; the HTML that it was printed from."""
    with closing(Recording()) as printer:
        reports.print_dashboard(Circumstances(user=user, layout=Layout(), printer=printer), name="bench", values={})
        return printer.html


def print_bare(context: BrowserContext, html: str) -> None:
    page = context.new_page()
    page.set_content(html)
    page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
    page.close()


def open_context(browser: Browser) -> BrowserContext:
    return browser.new_context(java_script_enabled=False, offline=True)


@contextmanager
def bare(browser: Browser, html: str) -> Iterator[Callable[[], float]]:
    """Prints `html` in an open browser with nothing of ours around it."""
    with open_context(browser) as context:
        yield rested(lambda: print_bare(context, html))


def print_bare_cold(html: str) -> None:
    """With a driver and a browser of its own, as `print_ours`. To be called in a thread of its own, as Playwright has one driver in each."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        print_bare(open_context(browser), html)
        browser.close()


def rested(call: Callable[[], object]) -> Callable[[], float]:
    def measure() -> float:
        time.sleep(PAUSE_S)
        return seconds(call)

    return measure


def figures(client: httpx.Client, user: User, browser: Browser) -> list[Figure]:
    def download() -> None:
        response = client.get("/dashboards/bench.pdf", timeout=60)
        response.raise_for_status()
        assert response.content.startswith(b"%PDF")

    first = rested(download)()
    html = print_ours(user)
    ours = rested(download)
    with bare(browser, html) as theirs:
        for _ in range(2):
            ours()
            theirs()
        warm = in_turn(11, ours, theirs)
    with ThreadPoolExecutor(1) as apart:
        cold = in_turn(5, rested(lambda: print_ours(user)), rested(lambda: apart.submit(print_bare_cold, html).result()))
    return [
        _figure("PDF of a 6-panel dashboard, warm browser", warm, "≤ 1.3, ≤ 0.5 s"),
        _figure("PDF of a 6-panel dashboard, new browser, charts not drawn before", cold),
        Figure("  the very first of a server, with all that it loads", f"{first:.2f} s"),
    ]


def _figure(what: str, taken: tuple[float, float, float], goal: str = "") -> Figure:
    mine, theirs, ratio = taken
    return Figure(what, f"{mine:.2f} s", f"{theirs:.2f} s bare print", f"{ratio:.2f}", goal)
