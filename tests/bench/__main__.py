"""`make bench`: prints the figures that Nexus holds itself to, each beside its baseline of the same run."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cryptography.fernet import Fernet

SECRETS = {"SECRET_KEY": "only for the bench, long enough to be taken", "ENCRYPTION_KEY": Fernet.generate_key().decode()}
os.environ.update(SECRETS)  # before any module of Nexus reads them

import httpx
import psutil
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from nexus.reports import chromium
from tests.bench import dashboard, exports, grid, grounding, many, memory, printing, session, starting
from tests.bench.figures import print_table
from tests.bench.processes import MemoryGroup, clean_environment, free_port, nexus, program, wait_for
from tests.bench.setup import Ground, ground

LIMIT_BYTES = 512 * 1024 * 1024
VIEWPORT: ViewportSize = {"width": 1280, "height": 1400}


@contextmanager
def served(on: Ground, group: MemoryGroup | None = None) -> Iterator[tuple[str, psutil.Process]]:
    port = free_port()
    environment = clean_environment(DATABASE_URL=on.url, PORT=str(port), **SECRETS)
    with program(*nexus("serve"), environment=environment, log=on.log, cgroup=group if group and group.available else None) as process:
        wait_for(f"http://127.0.0.1:{port}/readyz")
        yield f"http://127.0.0.1:{port}", process


def client(on: Ground, address: str) -> httpx.Client:
    return httpx.Client(base_url=address, cookies={"nexus": on.token()}, headers={"Accept-Encoding": "identity"}, timeout=60)


def signed_in(on: Ground, browser: Browser, address: str) -> Page:
    context = browser.new_context(viewport=VIEWPORT)
    context.add_cookies([{"name": "nexus", "value": on.token(), "url": address}])
    return context.new_page()


def main() -> None:
    wanted = set(sys.argv[1:]) or {"door", "dashboard", "export", "print", "memory", "start", "grid", "grounding"}
    if "grounding" in wanted:
        print_table("Grounding", grounding.figures())
        wanted.remove("grounding")
    if not wanted:
        return
    with ground() as on, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        if "grid" in wanted:
            print_table("A view of ten million rows", grid.figures(on.url, on.user))
        with served(on) as (address, process):
            if "door" in wanted:
                print_table("The door", session.figures(on, browser, address))
            if "dashboard" in wanted:
                found = dashboard.figures(
                    lambda: signed_in(on, browser, address),
                    lambda: browser.new_context(viewport=VIEWPORT).new_page(),
                    ours=address,
                    database_url=on.url,
                    log=on.log,
                )
                print_table("A dashboard", found)
            if wanted & {"dashboard", "many"}:
                print_table("A dashboard of a hundred panels", many.figures(lambda: signed_in(on, browser, address), ours=address))
            if "export" in wanted:
                print_table("An export", exports.figures(client(on, address), process, on.url))
            if "print" in wanted:
                print_table("A PDF", printing.figures(client(on, address), on.user, browser))
        if "memory" in wanted:
            _memory(on, browser)
        if "start" in wanted:
            environment = clean_environment(DATABASE_URL=on.url, **SECRETS)
            print_table("A start", starting.figures(environment, on.log))
        browser.close()


def _memory(on: Ground, browser: Browser) -> None:
    group = MemoryGroup(LIMIT_BYTES)
    try:
        with served(on, group) as (address, process):
            page = signed_in(on, browser, address)
            dashboard.open_and_draw(page, f"{address}/dashboard?name=bench")
            page.goto("about:blank")
            time.sleep(3)
            found = [memory.idle(process)]
            pages = [signed_in(on, browser, address) for _ in range(5)]
            visits: list[Callable[[], None]] = [
                lambda page=page: dashboard.open_and_draw(page, f"{address}/dashboard?name=bench") for page in pages
            ]
            clients = [client(on, address) for _ in range(3)]
            print_table(
                "Memory in a container of 512 MB without swap",
                found
                + memory.under_load(group, process, visits, clients, "/dashboards/bench.pdf")
                + memory.long_print(group, process, on.user, clients[0]),
            )
    finally:
        group.close()


if __name__ == "__main__":
    main()
