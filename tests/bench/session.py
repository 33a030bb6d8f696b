"""The sign-in page, the way from it to a dashboard, and how fast a revoked session is shut out."""

import statistics
import time

import httpx
from playwright.sync_api import Browser

from nexus.accounts import service as accounts
from nexus.db import session as own
from tests.bench.dashboard import wait_until_drawn
from tests.bench.figures import Figure, median_of, seconds
from tests.bench.setup import EMAIL, PASSWORD, Ground


def figures(on: Ground, browser: Browser, address: str) -> list[Figure]:
    with httpx.Client(base_url=address) as stranger:
        stranger.get("/login")
        page_ms = median_of(50, lambda: seconds(lambda: stranger.get("/login").raise_for_status())) * 1000
        floor_ms = median_of(50, lambda: seconds(lambda: stranger.get("/healthz").raise_for_status())) * 1000
    return [
        Figure("sign-in page, server time", f"{page_ms:.1f} ms", f"{floor_ms:.1f} ms the same server's /healthz", goal="≤ 20 ms"),
        Figure(
            "sign-in submitted to dashboard drawn, a browser that was here before",
            f"{_sign_in(browser, address, times=4):.2f} s",
            goal="≤ 1.2 s",
        ),
        Figure("  a browser that has only the sign-in page yet", f"{median_of(3, lambda: _sign_in(browser, address, times=1)):.2f} s"),
        Figure(
            "revoked session, on an open page, at /login", f"{median_of(3, lambda: _shut_out(on, browser, address)):.2f} s", goal="≤ 2 s"
        ),
    ]


def _sign_in(browser: Browser, address: str, *, times: int) -> float:
    """Seconds from the form to the last chart, in a new browser profile; of several times, the median without the first."""
    context = browser.new_context(viewport={"width": 1280, "height": 1400})
    try:
        page, taken = context.new_page(), []
        for _ in range(times):
            context.clear_cookies()
            # What the sign-in page fetches while a person types is there when they submit.
            page.goto(f"{address}/login?next=/dashboard%3Fname%3Dbench", wait_until="networkidle")
            page.fill("input[name=email]", EMAIL)
            page.fill("input[name=password]", PASSWORD)
            started = time.perf_counter()
            page.click("button.main")
            wait_until_drawn(page)
            taken.append(time.perf_counter() - started)
        return statistics.median(taken[1:] or taken)
    finally:
        context.close()


def _shut_out(on: Ground, browser: Browser, address: str) -> float:
    context = browser.new_context()
    try:
        context.add_cookies([{"name": "nexus", "value": on.token(), "url": address}])
        page = context.new_page()
        page.goto(f"{address}/dashboard?name=bench")
        wait_until_drawn(page)
        started = time.perf_counter()
        with own.transaction() as session:
            accounts.end_all_sessions(session, user=on.user, person_id=on.user.id)
        page.wait_for_url("**/login**", timeout=20_000, wait_until="commit")
        return time.perf_counter() - started
    finally:
        context.close()
