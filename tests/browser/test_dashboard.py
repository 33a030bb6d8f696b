"""Dashboards and views in a real browser: what is drawn, what a filter redraws, and what a link shows to others."""

import re

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.workspace import service as workspace
from tests.seen import barriers, barriers_of, drawn, width
from tests.server import Server, sign_in, until

DELAYS = "/dashboard?name=delays"
PAGES = (DELAYS, "/dashboards", "/data", "/view?name=days", "/view?name=busiest-aircraft&edit=1", "/dashboard?name=delays&edit=1")


@pytest.fixture(scope="module")
def sample(app_server) -> Server:
    """The shared app, with the sample workspace in it."""
    admin = app_server.person(Role.ADMIN)
    own.connect(app_server.database_url)
    workspace.apply_sample(User(id=admin.id, email=admin.email, name="Ana", role=Role.ADMIN))
    own.disconnect()
    return app_server


@pytest.fixture
def complaints(page) -> list[str]:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def open_as(page, server: Server, address: str, role: Role = Role.VIEWER) -> None:
    sign_in(page, server.person(role))
    page.goto(server.url + address)
    drawn(page)


def panel(page, name: str):
    return page.locator(".stGridCell").filter(has=page.locator(f"#panel-{name}"))


def provenance(page) -> dict[str, str]:
    """When each panel's rows were read, as its foot says to the second, with how long that took."""
    script = "() => Object.fromEntries([...document.querySelectorAll('.nexus-panel-head')].map(head => [head.id, head.nextElementSibling?.textContent.replace(/ · cached.*/, '')]).filter(pair => pair[1]))"
    return page.evaluate(script)


def test_every_panel_is_drawn_and_says_where_its_rows_are_from(sample, page, complaints):
    open_as(page, sample, DELAYS)
    expect(panel(page, "flights")).to_contain_text("86,995")
    expect(panel(page, "by-carrier").locator("svg.marks")).to_be_visible()
    expect(panel(page, "by-hour").locator("svg.marks")).to_be_visible()
    expect(panel(page, "late-routes").locator("canvas").first).to_be_visible()
    expect(panel(page, "late-routes")).to_contain_text(re.compile(r"\d\d:\d\d:\d\d · \d+\.\d\d s · 100 rows · complete"))
    expect(page.get_by_text(re.compile(r"as of \d\d:\d\d"))).to_be_visible()
    assert not complaints


def test_a_time_axis_names_its_days(sample, page):
    open_as(page, sample, DELAYS)
    labels = panel(page, "by-carrier").locator("svg.marks .role-axis-label text")
    assert "10 Jun" in labels.all_text_contents()


def test_a_filter_redraws_only_the_panels_that_use_it_and_stays_in_the_address(sample, page, complaints):
    open_as(page, sample, DELAYS)
    before = provenance(page)
    page.get_by_role("textbox", name="Route to").fill("Denver Intl")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("destination=Denver"))
    until(
        lambda: page.wait_for_timeout(50) or provenance(page)["panel-late-routes"] != before["panel-late-routes"],
        what="the routes are read again",
    )
    after = provenance(page)
    assert {name for name in before if before[name] != after[name]} == {"panel-late-routes"}
    page.reload()
    drawn(page)
    expect(page.get_by_role("textbox", name="Route to")).to_have_value("Denver Intl")
    page.get_by_role("button", name="Clear", exact=True).click()
    page.wait_for_url(lambda url: "destination" not in url)
    expect(page.get_by_role("textbox", name="Route to")).to_have_value("")
    assert not complaints


def test_the_back_button_brings_the_former_filter_back(sample, page):
    open_as(page, sample, DELAYS)
    page.get_by_role("spinbutton", name="Route with at least").fill("250")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("minimum_flights=250"))
    # Streamlit lets a way back overtake a change that is still being drawn.
    expect(panel(page, "late-routes")).not_to_contain_text("Port Columbus Intl")
    drawn(page)
    page.go_back()
    expect(page.get_by_role("spinbutton", name="Route with at least")).to_have_value("100")


def test_another_process_shows_the_same_page_for_the_same_address(sample, chromium):
    other = Server(sample.database_url)
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    try:
        page = context.new_page()
        sign_in(page, sample.person())
        for server in (sample, other.wait()):
            page.goto(f"{server.url}{DELAYS}&period=2013-01-01..2013-01-31&origin=JFK")
            drawn(page)
            expect(panel(page, "flights")).to_contain_text("9,161")
            expect(page.get_by_text("JFK John F Kennedy Intl").first).to_be_visible()
    finally:
        context.close()
        other.stop()


def test_one_panel_is_asked_again_alone(sample, page):
    open_as(page, sample, DELAYS)
    before = provenance(page)
    panel(page, "by-hour").get_by_role("button", name="More on Departures by hour").click()
    page.get_by_text("Refresh", exact=True).last.click()
    until(lambda: page.wait_for_timeout(50) or provenance(page)["panel-by-hour"] != before["panel-by-hour"], what="the panel is read again")
    assert {name for name, said in provenance(page).items() if said != before[name]} == {"panel-by-hour"}


def test_a_chart_gives_its_rows_and_its_query(sample, page):
    open_as(page, sample, DELAYS)
    panel(page, "by-carrier").get_by_role("button", name="More on Arrival delay of the busiest airlines").click()
    page.get_by_text("Rows and query").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("canvas").first).to_be_visible()
    expect(dialog.get_by_text("sample.flights").first).to_be_visible()
    assert (
        dialog.get_by_role("link", name="Download CSV")
        .get_attribute("href")
        .startswith("/views/delays-by-carrier.csv?period=2013-06-01..2013-08-31")
    )


def test_a_pdf_is_saved_at_one_click(sample, page):
    open_as(page, sample, DELAYS)
    page.route("**/dashboards/delays.pdf*", lambda route: route.fulfill(body=b"%PDF-1.7", headers=_pdf_headers("Delays 今日.pdf")))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download PDF").click()
    assert download.value.suggested_filename == "Delays 今日.pdf"
    expect(page.get_by_role("status").filter(has_text="Saved Delays")).to_be_visible()


def test_how_a_pdf_looks_is_chosen_by_keyboard_and_stays_in_the_address(sample, page):
    open_as(page, sample, DELAYS)
    page.get_by_role("button", name="Print").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("A3", exact=True).click()
    page.wait_for_url(re.compile(r"print\.paper=A3"))
    dialog.get_by_text("Table of contents").click()
    page.wait_for_url(re.compile(r"print\.contents=yes"))
    dialog.get_by_role("slider").press("ArrowLeft")
    page.wait_for_url(re.compile(r"print\.scale=95"))
    link = dialog.get_by_role("link", name="Download PDF")
    for said in ("paper=A3", "contents=yes", "scale=95", "orientation=landscape"):
        expect(link).to_have_attribute("href", re.compile(said))
    assert barriers(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Download PDF")).to_have_attribute("href", re.compile("paper=A3"))
    page.reload()
    expect(page.get_by_role("link", name="Download PDF")).to_have_attribute("href", re.compile("paper=A3.*scale=95"))


def _pdf_headers(name: str) -> dict[str, str]:
    from urllib.parse import quote

    return {"Content-Type": "application/pdf", "Content-Disposition": f"attachment; filename=\"x.pdf\"; filename*=UTF-8''{quote(name)}"}


def test_a_pdf_that_cannot_be_made_says_why(sample, page):
    open_as(page, sample, DELAYS)
    sentence = "The print browser is busy. Try again in a minute."
    page.route(
        "**/dashboards/delays.pdf*", lambda route: route.fulfill(status=503, body=sentence, content_type="text/plain; charset=utf-8")
    )
    page.get_by_role("link", name="Download PDF").click()
    expect(page.get_by_role("alert").filter(has_text=sentence)).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_dashboards_and_views_are_accessible(sample, chromium, scheme):
    found = barriers_of(chromium, sample.person(Role.ANALYST), PAGES, scheme=scheme)
    assert not found, "\n".join(found)


def test_on_a_phone_nothing_sticks_out_and_the_filters_open_with_a_switch(sample, chromium):
    context = chromium.new_context(base_url=sample.url, viewport={"width": 390, "height": 844})
    try:
        page = context.new_page()
        sign_in(page, sample.person(Role.ANALYST))
        for address in PAGES:
            page.goto(address)
            drawn(page)
            assert width(page) <= 390, address
        page.goto(DELAYS)
        drawn(page)
        route_to = page.get_by_role("textbox", name="Route to")
        expect(route_to).to_be_hidden()
        page.get_by_text("Filters", exact=True).first.click()
        expect(route_to).to_be_visible()
    finally:
        context.close()


def test_on_the_sample_an_airline_narrows_everything_else_and_a_day_leads_to_its_delays(sample, page):
    open_as(page, sample, DELAYS)
    panel(page, "airlines").locator("svg.marks path[aria-label*='B6']").first.click()
    expect(page.get_by_role("button", name=re.compile("carrier: B6"))).to_be_visible()
    expect(panel(page, "flights")).to_contain_text("14,558")
    expect(panel(page, "by-carrier")).to_contain_text("14 rows")
    page.goto(sample.url + "/dashboard?name=weather-and-aircraft")
    drawn(page)
    cells = panel(page, "worst-days").locator("canvas").first
    cells.scroll_into_view_if_needed()
    box = cells.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 48)
    page.mouse.click(box["x"] + 30, box["y"] + 48, delay=50)
    page.wait_for_url(re.compile(r"name=delays.*period=2013-03-08\.\.2013-03-08"))
