"""An analyst looks around in the sources, by keyboard as by mouse, and goes on from a table to a view or to SQL."""

import re

import pytest
from playwright.sync_api import Page, expect

from nexus.accounts.spec import Role
from tests import seen
from tests.seen import settled
from tests.server import Server, sign_in


@pytest.fixture
def analyst(app_server: Server):
    return app_server.person(Role.ANALYST)


def fits(page: Page) -> None:
    """The page as it stands is for everybody: by ear, in the dark, and on a phone."""
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        settled(page)
        assert not seen.barriers(page)
    page.set_viewport_size({"width": 400, "height": 800})
    settled(page)
    assert seen.width(page) <= 400
    page.set_viewport_size({"width": 1280, "height": 800})
    settled(page)


def test_from_the_tree_to_a_table_and_on_to_a_view_or_sql(page: Page, analyst):
    sign_in(page, analyst)
    page.goto("/data")
    page.get_by_role("button", name="New view").press("Enter")
    expect(page.get_by_role("link", name="In YAML")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("radio", name="Views").press("ArrowRight")
    page.keyboard.press("Enter")
    schema = page.locator("summary", has_text=re.compile(r"^sample "))
    expect(schema).to_be_visible()
    settled(page)
    if not page.get_by_role("link", name="flights", exact=True).is_visible():
        schema.press("Enter")
    expect(page.get_by_role("link", name="flights", exact=True)).to_be_visible()
    settled(page)
    page.reload()
    expect(page.get_by_role("link", name="flights", exact=True)).to_be_visible()
    fits(page)
    page.get_by_role("textbox", name="Search tables").fill("tail number")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="sample.planes")).to_be_visible()
    page.get_by_role("link", name="sample.flights").press("Enter")

    expect(page.get_by_role("heading", name="flights", level=1)).to_be_visible()
    columns = page.get_by_role("table", name="Columns of flights")
    expect(columns.get_by_role("rowheader", name="time_hour")).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
    fits(page)
    page.evaluate("window.unloaded = false")
    page.get_by_role("link", name="sample.airlines").click()
    expect(page.get_by_role("heading", name="airlines", level=1)).to_be_visible()
    assert page.evaluate("window.unloaded") is False, "the page was not loaded anew"
    expect(page.get_by_role("link", name="sample.flights")).to_be_visible()

    page.get_by_role("button", name="New view of this table").click()
    expect(page.get_by_role("button", name=re.compile("Table.*airlines"))).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="airlines", level=1)).to_be_visible()
    page.get_by_role("button", name="Write SQL").click()
    editor = page.get_by_role("textbox", name="SQL of the view")
    expect(editor).to_contain_text("from sample.airlines")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_test_id("stDataFrame")).to_be_visible()
