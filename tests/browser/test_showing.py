"""A dashboard on a wall screen and a panel on the whole page, in a real browser: entered by their menus, left by a key."""

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.workspace import service as workspace
from tests.seen import barriers, drawn
from tests.server import Server, sign_in


@pytest.fixture(scope="module")
def sample(app_server) -> Server:
    """The shared app, with the sample workspace in it."""
    admin = app_server.person(Role.ADMIN)
    own.connect(app_server.database_url)
    workspace.apply_sample(User(id=admin.id, email=admin.email, name="Ana", role=Role.ADMIN))
    own.disconnect()
    return app_server


def test_what_a_menu_enters_the_escape_key_leaves_at_once(sample, page):
    sign_in(page, sample.person(Role.VIEWER))
    page.goto(f"{sample.url}/dashboard?name=delays")
    drawn(page)
    leave = page.locator(".nexus-deed-leave")
    for menu, entry, words, query in (
        (".st-key-more-by-carrier button", "Full screen", "Back to the dashboard (Esc)", "panel=by-carrier"),
        (".nexus-deed-more", "Present", "Leave (Esc)", "present=1"),
    ):
        for slowly in (False, True):
            page.locator(menu).click()
            page.get_by_role("menuitem", name=entry).click()
            page.wait_for_url(f"**{query}**")
            if slowly:
                expect(leave).to_contain_text(words)
                drawn(page)
                assert barriers(page) == []
            page.keyboard.press("Escape")
            page.wait_for_url(lambda address, query=query: query not in address)
            expect(leave).to_have_count(0)
            drawn(page)


def test_the_escape_key_shuts_an_open_menu_and_stays(sample, page):
    sign_in(page, sample.person(Role.VIEWER))
    page.goto(f"{sample.url}/dashboard?name=delays&panel=by-carrier")
    drawn(page)
    page.locator(".st-key-more-by-carrier button").click()
    expect(page.get_by_role("menuitem", name="Image")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menuitem")).to_have_count(0)
    drawn(page)
    assert "panel=by-carrier" in page.url
    page.keyboard.press("Escape")
    page.wait_for_url(lambda address: "panel=" not in address)


def test_the_menu_of_the_head_is_worked_by_keyboard_and_gives_its_place_back(sample, page):
    sign_in(page, sample.person(Role.ADMIN))
    page.goto(f"{sample.url}/dashboard?name=delays")
    drawn(page)
    more, entries = page.get_by_role("button", name="More", exact=True), page.get_by_role("menuitem")
    more.focus()
    page.keyboard.press("Enter")
    expect(entries.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(entries.last).to_be_focused()
    page.keyboard.press("Escape")
    expect(entries).to_have_count(0)
    expect(more).to_be_focused()
    page.keyboard.press("Enter")
    expect(entries.first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Notes")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    star = page.get_by_role("button", name="Keep on my home page")
    star.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Take off my home page")).to_be_focused()
