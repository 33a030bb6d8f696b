"""A dashboard of six panels beside an equal hand-written page and the bare queries, in one Chromium, warm and cold."""

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import psycopg2
from playwright.sync_api import Page

from tests.bench.figures import Figure, in_turn, median_of, seconds
from tests.bench.processes import clean_environment, free_port, program, wait_for
from tests.bench.questions import QUESTIONS

CHART = "[data-testid=stVegaLiteChart] canvas.marks, [data-testid=stVegaLiteChart] svg.marks"

STREAMLIT_HEALTH = "/_stcore/health"


def wait_until_drawn(page: Page) -> None:
    """Until the sixth chart has its marks. A locator, because our policy lets no string become a script."""
    page.locator(CHART).nth(5).wait_for(state="attached", timeout=60_000)


def open_and_draw(page: Page, url: str, *, start: str = "/healthz") -> float:
    """Seconds from the navigation to the last of six charts, coming from `start`, a page of the same server that draws nothing.

    From another site, or from an empty tab, the browser would begin a new process and read every script from disk again.
    """

    def walk() -> None:
        page.goto(url, wait_until="commit")
        wait_until_drawn(page)

    page.goto(urljoin(url, start))
    return seconds(walk)


@contextmanager
def handwritten(database_url: str, log: Path, *, cached: bool) -> Iterator[str]:
    port = free_port()
    environment = clean_environment(DATABASE_URL=database_url, PYTHONPATH=".", CACHED="1" if cached else "0")
    arguments = (
        sys.executable,
        "-m",
        "streamlit",
        "run",
        "tests/bench/handwritten.py",
        f"--server.port={port}",
        "--server.address=127.0.0.1",
        "--server.headless=true",
        "--browser.gatherUsageStats=false",
    )
    with program(*arguments, environment=environment, log=log):
        wait_for(f"http://127.0.0.1:{port}{STREAMLIT_HEALTH}")
        yield f"http://127.0.0.1:{port}"


def ask(connection: Any) -> None:
    """The six queries, one after another."""
    with connection.cursor() as cursor:
        for question in QUESTIONS:
            cursor.execute(question.sql)
            cursor.fetchall()


def bare_queries(database_url: str, *, warm: bool) -> float:
    """Seconds for the six queries, on one open connection or each time on a new one."""

    def connect_and_ask() -> None:
        with closing(psycopg2.connect(database_url)) as connection:
            ask(connection)

    if not warm:
        return median_of(5, lambda: seconds(connect_and_ask))
    with closing(psycopg2.connect(database_url)) as connection:
        ask(connection)
        return median_of(5, lambda: seconds(lambda: ask(connection)))


OpenTab = Callable[[], Page]
"""A page in a new context, which has no script of the server yet."""


def cold(tab: OpenTab, url: str, *, start: str) -> float:
    page = tab()
    try:
        return open_and_draw(page, url, start=start)
    finally:
        page.context.close()


def figures(ours_tab: OpenTab, their_tab: OpenTab, *, ours: str, database_url: str, log: Path) -> list[Figure]:
    """`ours_tab` is signed in to Nexus; both are of one browser."""
    queries = {warm: bare_queries(database_url, warm=warm) for warm in (True, False)}
    page, other, found = ours_tab(), their_tab(), []
    for cached in (False, True):
        address = f"{ours}/dashboard?name=bench" + ("" if cached else "-uncached")
        with handwritten(database_url, log, cached=cached) as theirs:
            for _ in range(3):  # both browsers hold every script, both servers have imported everything
                open_and_draw(page, address)
                open_and_draw(other, theirs, start=STREAMLIT_HEALTH)
            warm = in_turn(
                7,
                lambda address=address: open_and_draw(page, address),
                lambda url=theirs: open_and_draw(other, url, start=STREAMLIT_HEALTH),
            )
            new = in_turn(
                5,
                lambda address=address: cold(ours_tab, address, start="/healthz"),
                lambda url=theirs: cold(their_tab, url, start=STREAMLIT_HEALTH),
            )
        how = "cached" if cached else "queries run"
        found.append(_figure(f"dashboard of 6 panels, warm browser, {how}", warm, queries[True], "≤ 1.25"))
        found.append(_figure(f"dashboard of 6 panels, new browser context, {how}", new, queries[False]))
    return found


def _figure(what: str, taken: tuple[float, float, float], queries: float, goal: str = "") -> Figure:
    mine, theirs, ratio = taken
    return Figure(what, f"{mine:.2f} s", f"{theirs:.2f} s hand-written page, {queries * 1000:.0f} ms bare queries", f"{ratio:.2f}", goal)
