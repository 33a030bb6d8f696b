"""The menu for taking rows away: what is on its way says how far it is, and can be cancelled."""

import json

import pytest
from playwright.sync_api import Page, expect

from nexus.accounts.spec import Role
from tests.seen import barriers
from tests.server import sign_in, until

SPEC = {
    "name": "endless",
    "title": "Endless",
    "source": "sample",
    "question": {"kind": "sql", "sql": "select f.*, g from sample.flights f, generate_series(1, 100) g /* endless download */"},
}


@pytest.fixture
def slow(app_server) -> str:
    """A view of 33 million rows."""
    with app_server.database() as cursor:
        cursor.execute(
            "insert into nexus.views (name, title, version) values ('endless', 'Endless', 1) on conflict do nothing returning id"
        )
        if made := cursor.fetchone():
            cursor.execute("insert into nexus.view_versions (kept_id, version, spec) values (%s, 1, %s)", (made[0], json.dumps(SPEC)))
    return "endless"


def open_menu(page: Page) -> None:
    page.locator(".st-key-downloads").get_by_role("button").press("Enter")
    expect(page.get_by_role("link", name="Parquet").first).to_be_visible()


def running(app_server) -> int:
    with app_server.database() as cursor:
        cursor.execute(
            "select count(*) from pg_stat_activity where state = 'active' and query like '%endless download%' and pid <> pg_backend_pid()"
        )
        return cursor.fetchone()[0]


def test_a_download_says_how_far_it_is_and_is_cancelled(page, app_server, slow):
    sign_in(page, app_server.person(Role.VIEWER))
    page.goto(f"/view?name={slow}")
    open_menu(page)
    with page.expect_download() as begun:
        page.get_by_role("link", name="CSV").first.press("Enter")
    box = page.get_by_role("group", name="endless.csv")
    expect(box).to_contain_text("of about 33,677,600 rows")
    assert barriers(page) == []
    box.get_by_role("button", name="Cancel").press("Enter")
    expect(box).to_contain_text("Cancelled. The file that was saved so far is not the whole")
    assert begun.value.failure()
    until(lambda: running(app_server) == 0, what="the end of the query")


def test_a_file_is_saved_and_its_rows_are_said(page, app_server):
    sign_in(page, app_server.person(Role.VIEWER))
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto("/view?name=days")
    open_menu(page)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Spreadsheet").first.press("Enter")
    assert saved.value.failure() is None
    assert saved.value.suggested_filename == "days.xlsx"
    expect(page.get_by_role("group", name="days.xlsx").get_by_role("status")).to_contain_text("Saved days.xlsx: 365 rows")
