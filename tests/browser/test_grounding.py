"""A checked answer in a real browser: what it says leads to the rows behind it, and what is nowhere is seen at once."""

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.gemini_stand_in import streams
from tests.seen import barriers, settled, width
from tests.server import sign_in

ANSWER = (
    "From June to August, **86,995** flights left New York City. United Air Lines was late more often than Zephyr Air, "
    "with an average delay of 99.97 minutes.\n\n- Flights a day in the first week: see above"
)


@pytest.mark.parametrize(("pixels", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_figure_leads_to_its_rows_and_one_that_is_nowhere_is_marked(chromium, server, gemini, pixels, scheme):
    gemini.will(streams(ANSWER))
    page = chromium.new_page(viewport={"width": pixels, "height": 900}, base_url=server.url, color_scheme=scheme)
    page.set_default_timeout(30_000)
    sign_in(page, server.person(Role.ANALYST))
    page.goto("/prompt?name=morning-brief")
    page.get_by_role("button", name="Send to Gemini").or_(page.get_by_role("button", name="Run again")).click()
    settled(page)  # what was answered before stands there until then
    expect(page.get_by_text("figures and names found in the data")).to_be_visible()
    settled(page)
    doubtful = page.locator(".prose .ground.unfound")
    expect(doubtful.filter(has_text="99.97")).to_be_visible()
    figure = page.locator(".prose a.ground.found", has_text="86,995")
    why = page.locator(".why:visible")
    expect(why).to_have_count(0)
    figure.focus()
    page.keyboard.press("Enter")
    expect(why).to_contain_text("is 86995")
    expect(why.locator("td").first).to_be_visible()
    expect(page.get_by_role("heading", name="Morning brief", level=1)).to_have_count(1)
    assert "name=morning-brief" in page.url
    assert [found for found in barriers(page) if "<pre" not in found] == []  # Streamlit's own box of code
    assert width(page) <= pixels
    page.reload()
    expect(page.locator(".prose .ground.unfound", has_text="99.97")).to_be_visible()
    expect(why).to_contain_text("is 86995")
    expect(why).to_be_in_viewport()
    page.close()
