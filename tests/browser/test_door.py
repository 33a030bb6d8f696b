"""The door in a real browser: the form with and without JavaScript, on a phone, and what a person reads there."""

import re

import pytest
from playwright.sync_api import expect

from tests.seen import barriers
from tests.server import PASSWORD, sign_in, sign_in_by_form


def test_a_person_signs_in_with_the_keyboard_and_lands_where_they_wanted(app_server, page):
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    # A font that no page is set in, before the page has heard so: 170 KB.
    page.on("request", lambda request: problems.append(request.url) if "SourceSans" in request.url else None)
    page.goto("/account?from=2013")
    expect(page.locator("#email")).to_be_focused()
    page.keyboard.type(app_server.person().email)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/account?from=2013")
    expect(page.get_by_role("heading").first).to_be_visible()
    assert problems == []


def test_a_page_is_drawn_without_waiting_for_what_the_server_says_of_itself(app_server, page):
    sign_in(page, app_server.person())
    page.route(re.compile("/_stcore/(health|host-config)"), lambda _never_answered: None)
    page.goto("/account")
    expect(page.get_by_role("heading").first).to_be_visible()


def test_the_form_works_without_javascript(app_server, chromium):
    context = chromium.new_context(base_url=app_server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto("/login?next=/account")
    assert page.locator("button:visible").all_inner_texts() == ["Sign in"]
    person = app_server.person()
    sign_in_by_form(page, person, password="wrong wrong wrong")
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    expect(page.locator("#email")).to_have_value(person.email)
    sign_in_by_form(page, person)
    page.wait_for_url("**/account")
    page.goto("/logout")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("status")).to_contain_text("signed out")
    context.close()


def test_password_managers_find_what_they_look_for(app_server, page):
    page.goto("/login")
    assert page.get_attribute("#email", "autocomplete") == "username"
    assert page.get_attribute("#password", "autocomplete") == "current-password"
    sign_in(page, app_server.person(must_change_password=True))
    page.goto("/dashboards")
    assert page.get_attribute("[name=email]", "autocomplete") == "username"
    for field in ("#new", "#again"):
        assert page.get_attribute(field, "autocomplete") == "new-password"


def test_a_password_can_be_looked_at_and_hidden_again(page):
    page.goto("/login")
    page.fill("#password", "abc")
    page.get_by_role("button", name="Show the password").click()
    assert page.get_attribute("#password", "type") == "text"
    page.get_by_role("button", name="Show the password").click()
    assert page.get_attribute("#password", "type") == "password"


def test_someone_who_is_locked_out_reads_until_when(app_server, page):
    person = app_server.person()
    page.goto("/login")
    for _ in range(6):
        sign_in_by_form(page, person, password="wrong wrong wrong")
        page.get_by_role("alert").wait_for()
    expect(page.get_by_role("alert")).to_contain_text(re.compile(r"You can try again at \d?\d:\d\d"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_the_sign_in_page_can_be_read_and_used_by_everyone(app_server, page, scheme, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    page.goto("/login")
    sign_in_by_form(page, app_server.person(), password="wrong wrong wrong")
    page.get_by_role("alert").wait_for()
    assert barriers(page, advice=True) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_page_kept_open_comes_back_by_itself_when_the_server_does(make_server, chromium):
    server = make_server()
    context = chromium.new_context(base_url=server.url)
    page = context.new_page()
    sign_in(page, server.person())
    page.goto("/account")
    page.get_by_role("heading").first.wait_for()
    server.restart()
    page.wait_for_function("fetch('/_stcore/health').then((answer) => answer.ok)")
    assert page.url.endswith("/account")
    with server.database() as cursor:
        cursor.execute("update nexus.sessions set ended_at = now(), ended_because = 'ended by an administrator'")
    page.wait_for_url("**/login?next=%2Faccount")
    context.close()
