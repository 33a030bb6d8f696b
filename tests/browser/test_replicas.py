"""Two replicas on one database, behind a balancer that sends every connection to the next one."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from nexus.accounts import service
from nexus.accounts.spec import Role
from nexus.workspace.service import apply_sample
from tests.round_robin import RoundRobin
from tests.server import Server, sign_in_by_form


@pytest.fixture(scope="module")
def replicas(shared_sample: str) -> Iterator[tuple[Server, Server]]:
    apply_sample(service.OPERATOR)
    servers = Server(shared_sample), Server(shared_sample)
    try:
        yield servers[0].wait(), servers[1].wait()
    finally:
        for server in servers:
            server.stop()


@pytest.fixture(scope="module")
def balancer(replicas: tuple[Server, Server]) -> Iterator[RoundRobin]:
    balancer = RoundRobin([server.port for server in replicas])
    yield balancer
    balancer.stop()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page.set_default_timeout(30_000)
    yield page
    page.close()


def drawn(page: Page) -> list[str]:
    """The figures of the dashboard's four metrics, once all are there."""
    figures = page.locator(".nexus-value")
    expect(figures).to_have_count(4)
    return figures.all_inner_texts()


def test_one_persons_walk_loses_nothing(replicas, balancer, page):
    ana = replicas[0].person(Role.ANALYST)

    page.goto(f"{balancer.url}/dashboard?name=delays")
    sign_in_by_form(page, ana)
    everything = drawn(page)

    page.goto(f"{balancer.url}/dashboard?name=delays&origin=JFK")
    filtered = drawn(page)
    assert filtered != everything
    for _ in range(3):
        page.reload()
        assert drawn(page) == filtered
        assert parse_qs(urlsplit(page.url).query) == {"name": ["delays"], "origin": ["JFK"]}

    page.get_by_label("Route to").fill("LAX")
    page.get_by_label("Route to").press("Enter")
    page.wait_for_url("**destination=LAX*")
    page.reload()
    expect(page.get_by_label("Route to")).to_have_value("LAX")

    with page.expect_download(timeout=60_000) as downloading:
        page.get_by_role("link", name="Download PDF").click()
    assert Path(downloading.value.path()).read_bytes().startswith(b"%PDF")

    # Scripts and styles of the grid may come from the replica that has not drawn one yet; browsers keep them.
    answers = []
    page.on("response", lambda response: answers.append(response) if "/bidi-components/" in response.url else None)
    page.goto(f"{balancer.url}/view?name=airports")
    expect(page.get_by_role("grid")).to_be_visible()
    assert {(answer.status, "immutable" in answer.headers["cache-control"]) for answer in answers} == {(200, True)}
    assert {Path(urlsplit(answer.url).path).suffix for answer in answers} == {".js", ".css"}

    assert all(balancer.sockets[server.port] for server in replicas), "the walk was served by one replica alone"
