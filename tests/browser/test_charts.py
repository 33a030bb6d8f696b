"""Charts in a browser: the sample's are drawn, told to those who do not see them, and chosen by a form."""

import re

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.seen import barriers, width
from tests.server import sign_in


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cancelled-by-weekday", r"Heatmap of Cancelled by Weekday and Airport\..*highest 4\.1.% \(Thursday, LGA\)"),
        ("destinations", r"Map of 101 places by latitude and longitude, coloured by Median delay, sized by Flights"),
    ],
)
def test_a_chart_of_the_sample_says_what_it_shows_and_fits_a_phone(page, app_server, name, said):
    sign_in(page, app_server.person(Role.VIEWER))
    page.set_viewport_size({"width": 400, "height": 800})
    page.goto(f"/view?name={name}&show=Chart")
    expect(page.get_by_test_id("stVegaLiteChart").get_by_role("img").first).to_be_visible()
    expect(page.get_by_role("button", name=re.compile(f"Show data: .*{said}"))).to_be_attached()
    assert width(page) <= 400
    assert barriers(page) == []


def test_a_pivot_table_is_read_by_heads_and_scrolled_by_keyboard(page, app_server):
    sign_in(page, app_server.person(Role.VIEWER))
    page.goto("/view?name=airlines-by-month&show=Chart")
    table = page.get_by_role("table", name="Flights by airline and month")
    expect(table.get_by_role("rowheader", name="Total")).to_be_visible()
    expect(table.get_by_role("row").last.get_by_role("cell").last).to_have_text("336,776")
    page.get_by_role("region", name="Flights by airline and month").focus()
    assert barriers(page) == []
