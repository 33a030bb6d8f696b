"""The settings and account pages in a real browser: what people press, what they see, and whether everybody can."""

import re

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.seen import barriers_of, drawn, width
from tests.server import PASSWORD, sign_in, sign_in_by_form

SECTIONS = ("people", "sources", "gemini", "signing_in", "status", "audit")
PAGES = ("/", "/account", "/reports", *(f"/settings?section={name}" for name in SECTIONS))
SCHEMES = ("light", "dark")


def open_as(page, person, address):
    sign_in(page, person)
    page.goto(address)
    drawn(page)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_page_of_an_administrator_is_accessible(chromium, app_server, scheme):
    admin = app_server.person(Role.ADMIN)
    found = barriers_of(chromium, admin, (*PAGES, f"/settings?section=people&person={admin.id}"), scheme=scheme)
    assert not found, "\n".join(found)


def test_nothing_sticks_out_of_a_phone(chromium, app_server):
    context = chromium.new_context(base_url=app_server.url, viewport={"width": 390, "height": 844})
    try:
        page = context.new_page()
        sign_in(page, app_server.person(Role.ADMIN))
        for address in PAGES:
            page.goto(address)
            drawn(page)
            assert width(page) <= 390, address
    finally:
        context.close()


def test_pages_ask_nobody_but_nexus_for_anything(page, app_server):
    asked, complaints = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    sign_in(page, app_server.person(Role.ADMIN))
    for address in PAGES:
        page.goto(address)
        drawn(page)
    foreign = [url for url in asked if not re.match(rf"{re.escape(app_server.url)}|data:|blob:", url)]
    assert not foreign
    assert not complaints
    assert any("inter-latin" in url for url in asked), "the font comes from Nexus"


def test_an_address_opens_its_page_at_once_also_after_a_start(make_server, chromium):
    """The first visit of a fresh process is to a page below the root; it has the frame like any other."""
    server = make_server()
    context = chromium.new_context(base_url=server.url)
    try:
        page = context.new_page()
        open_as(page, server.person(Role.ADMIN), "/settings?section=status")
        assert page.get_by_role("heading", name="Status").is_visible()
        assert page.title() == "Settings · Nexus"
        assert page.locator(".st-key-corner").is_visible()
        assert not page.get_by_role("link", name="account", exact=True).is_visible()
    finally:
        context.close()


def test_an_administrator_adds_a_colleague_who_signs_in(page, chromium, app_server):
    admin = app_server.person(Role.ADMIN)
    email = f"colleague{admin.id}@example.org"
    open_as(page, admin, "/settings")
    page.get_by_role("button", name="Add a person").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Name", exact=True).fill("Zoë Ångström 山田")
    page.get_by_text("Analyst: builds, runs prompts").first.click()
    page.get_by_role("button", name="Add", exact=True).dblclick()
    password = page.locator("[data-testid=stCode] code").inner_text().strip()
    assert re.fullmatch(r"[a-z0-9]{5}(-[a-z0-9]{5}){3}", password)
    # One success, and no complaint about the second press.
    expect(page.locator("[data-testid=stAlert]")).to_have_count(1)
    page.get_by_role("button", name="I have passed it on").click()
    page.locator("[data-testid=stCode]").wait_for(state="detached")

    context = chromium.new_context(base_url=app_server.url)
    try:
        theirs = context.new_page()
        theirs.goto("/login")
        theirs.fill("#email", email)
        theirs.fill("#password", password)
        theirs.press("#password", "Enter")
        theirs.fill("[name=new]", "harbour lantern mosaic tuba")
        theirs.fill("[name=again]", "harbour lantern mosaic tuba")
        theirs.press("[name=again]", "Enter")
        drawn(theirs)
        assert "Zoë Ångström 山田" in theirs.locator(".st-key-corner").inner_text()
        assert not theirs.get_by_role("link", name="Settings").is_visible()
    finally:
        context.close()


def test_a_disabled_person_is_shut_out_of_their_open_page(page, chromium, app_server):
    admin, other = app_server.person(Role.ADMIN), app_server.person(Role.ANALYST, name="Otto")
    context = chromium.new_context(base_url=app_server.url)
    try:
        theirs = context.new_page()
        open_as(theirs, other, "/account")
        open_as(page, admin, f"/settings?section=people&person={other.id}")
        page.get_by_role("button", name="Disable").click()
        page.get_by_text("They can no longer sign in.").wait_for()
        expect(theirs.get_by_text("Your account was disabled.")).to_be_visible()
        assert theirs.url.endswith("/login?next=%2Faccount")
    finally:
        context.close()


def test_a_reload_keeps_the_section(page, app_server):
    open_as(page, app_server.person(Role.ADMIN), "/settings")
    page.locator("[data-testid=stRadioOption]", has_text="Signing in").click()
    page.get_by_role("heading", name="Signing in").wait_for()
    assert "section=signing_in" in page.url
    page.reload()
    expect(page.get_by_role("heading", name="Signing in")).to_be_visible()


def test_sections_are_chosen_with_the_keyboard(page, app_server):
    open_as(page, app_server.person(Role.ADMIN), "/settings")
    page.get_by_role("radio", name="People").press("ArrowDown")
    page.get_by_role("heading", name="Sources").wait_for()
    assert page.evaluate("document.activeElement.type") == "radio"


def test_changing_the_password_ends_at_the_sign_in_page_and_the_new_one_works(page, app_server):
    person = app_server.person(Role.VIEWER)
    open_as(page, person, "/account")
    new = "harbour lantern mosaic tuba"
    page.get_by_label("Present password").fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("New password again").fill(new)
    page.get_by_role("button", name="Change password").click()
    page.wait_for_url("**/login**")
    assert "password was changed" in page.inner_text("body")
    sign_in_by_form(page, person, password=new)
    drawn(page)


def test_signing_out_from_the_foot_of_the_sidebar(page, app_server):
    person = app_server.person(Role.VIEWER)
    open_as(page, person, "/account")
    page.locator(".st-key-corner").get_by_role("button").click()
    page.get_by_role("link", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    with app_server.database() as cursor:
        cursor.execute("select ended_because from nexus.sessions where user_id = %s", (person.id,))
        assert cursor.fetchall() == [("signed out",)]
    page.goto("/account")
    assert page.url.endswith("/login?next=%2Faccount")
