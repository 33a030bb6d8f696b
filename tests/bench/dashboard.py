"""A dashboard of six panels beside an equal hand-written page and the bare queries, in one Chromium."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
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


def bare_queries(database_url: str) -> float:
    """Seconds for the six queries, one after another, on one open connection."""
    connection = psycopg2.connect(database_url)
    try:
        with connection.cursor() as cursor:

            def ask() -> None:
                for question in QUESTIONS:
                    cursor.execute(question.sql)
                    cursor.fetchall()

            ask()
            return median_of(5, lambda: seconds(ask))
    finally:
        connection.close()


def figures(page: Page, other: Page, *, ours: str, database_url: str, log: Path) -> list[Figure]:
    """`page` is signed in to Nexus; `other` is a page of another context of the same browser, for the hand-written one."""
    found = []
    for cached in (False, True):
        with handwritten(database_url, log, cached=cached) as theirs:
            address = f"{ours}/dashboard?name=bench" + ("" if cached else "-uncached")
            for _ in range(3):  # both browsers hold every script, both servers have imported everything
                open_and_draw(page, address)
                open_and_draw(other, theirs, start=STREAMLIT_HEALTH)
            mine, their, ratio = in_turn(
                7,
                lambda address=address: open_and_draw(page, address),
                lambda url=theirs: open_and_draw(other, url, start=STREAMLIT_HEALTH),
            )
        found.append(
            Figure(
                f"dashboard of 6 panels, warm browser, {'cached' if cached else 'queries run'}",
                f"{mine:.2f} s",
                f"{their:.2f} s hand-written page",
                f"{ratio:.2f}",
                "≤ 1.25",
            )
        )
    found.append(Figure("its six queries alone, one after another", "", f"{bare_queries(database_url) * 1000:.0f} ms bare psycopg2"))
    return found
