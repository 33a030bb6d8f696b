"""Filtering by clicking, in a real browser: a bar narrows the page, a row leads on and back, a set is kept."""

import re

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role, User
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db import session as own
from nexus.views import service as views
from nexus.views.spec import View
from nexus.workspace import service as workspace
from tests.browser.test_dashboard import panel
from tests.seen import barriers, drawn
from tests.server import Server, sign_in

BOARD = "/dashboard?name=clicked"
VIEWS = {
    "by-airline": "select carrier, count(*) as flights from sample.flights where (:origin is null or origin = :origin) group by 1 order by 2 desc",
    "by-origin": "select origin, carrier, count(*) as flights from sample.flights group by 1, 2 order by 3 desc",
    "total": "select count(*) as flights from sample.flights where (:carrier is null or carrier = any(:carrier)) and (:origin is null or origin = :origin)",
    "distances": "select distance, carrier from sample.flights where month = 1 and day = 1",
    "places": "select distinct origin, carrier from sample.flights order by 1, 2",
}
CARRIER = {
    "name": "carrier",
    "type": "multiple_choice",
    "choices": {"view": "places", "column": "carrier", "narrowed": {"origin": "origin"}},
}
MONTHS = {"kind": "bar", "x": "month", "y": ["cancelled"]}
BY_MONTH = {
    "kind": "table",
    "schema": "sample",
    "table": "flights",
    "columns": [
        {"column": "time_hour", "grain": "month", "name": "month"},
        {"aggregate": "count", "name": "cancelled", "where": [{"column": "dep_time", "operator": "is empty"}]},
    ],
    "order": [{"column": "month"}],
}
PIVOT = {"kind": "pivot", "x": "origin", "row": "carrier", "y": ["flights"], "totals": "sum"}
ORIGIN = {"name": "origin", "type": "choice", "choices": {"view": "places", "column": "origin"}}


@pytest.fixture(scope="module")
def sample(app_server) -> Server:
    """The shared app, with a dashboard of panels that narrow each other."""
    admin = app_server.person(Role.ADMIN)
    own.connect(app_server.database_url)
    user = User(id=admin.id, email=admin.email, name="Ana", role=Role.ADMIN)
    workspace.apply_sample(user)
    board = Dashboard(
        name="clicked",
        title="Flights by airline",
        filters=[ORIGIN, CARRIER],
        panels=[
            {
                "kind": "chart",
                "name": "bars",
                "title": "Airlines",
                "view": "by-airline",
                "chart": {"kind": "bar", "x": "carrier", "y": ["flights"]},
                "width": 6,
            },
            {"kind": "metric", "name": "total", "title": "Flights", "view": "total", "measure": "flights", "width": 3, "height": 2},
            {
                "kind": "table",
                "name": "rows",
                "title": "Origins",
                "view": "by-origin",
                "filtered": {"origin": "origin"},
                "drill": {"dashboard": "delays", "values": {"origin": "origin", "carrier": "carrier"}},
                "width": 6,
            },
        ],
    )
    cells = Dashboard(
        name="cells",
        title="Cells and bars",
        filters=[ORIGIN, CARRIER],
        panels=[
            {"kind": "chart", "name": "pivot", "title": "Airports", "view": "by-origin", "chart": PIVOT, "width": 6},
            {"kind": "table", "name": "shaded", "title": "Shaded", "view": "by-airline", "width": 6},
            {"kind": "chart", "name": "far", "title": "How far", "view": "distances", "chart": {"kind": "histogram", "x": "distance"}},
            {"kind": "metric", "name": "total", "title": "Flights", "view": "total", "measure": "flights", "width": 3, "height": 2},
            {"kind": "table", "name": "near", "title": "Distances", "view": "distances", "width": 3},
            {"kind": "chart", "name": "made", "title": "Months", "view": "by-month", "chart": MONTHS, "click": "rows", "width": 12},
        ],
    )
    with own.transaction() as session:
        if not [one for one in dashboards.list_dashboards(session, reader=user) if one.name == "clicked"]:
            for name, sql in VIEWS.items():
                parameters = [
                    {**one, "choices": {"values": ["JFK", "LGA", "EWR"]} if one is ORIGIN else {"view": "carriers", "column": "carrier"}}
                    for one in (ORIGIN, CARRIER)
                    if f":{one['name']}" in sql
                ]
                formats = {"flights": {"shade": "blue"}} if name == "by-airline" else {}
                question = {"kind": "sql", "sql": sql}
                view = View(name=name, title=name, source="sample", question=question, parameters=parameters, formats=formats)
                views.save_view(session, user=user, view=view)
            by_month = View(name="by-month", title="By month", source="sample", question=BY_MONTH, rows_behind=True)
            views.save_view(session, user=user, view=by_month)
            for one in (board, cells):
                dashboards.save_dashboard(session, user=user, dashboard=one)
    own.disconnect()
    return app_server


def open_board(page, server: Server, address: str = BOARD) -> None:
    sign_in(page, server.person(Role.VIEWER))
    page.goto(server.url + address)
    drawn(page)


def bar(page, name: str):
    return panel(page, "bars").locator(f"svg.marks path[aria-label*='{name}']").first


def total(page):
    return panel(page, "total").locator(".nexus-value")


def test_a_bar_narrows_the_page_a_row_leads_on_and_back_and_a_set_is_kept(sample, page):
    open_board(page, sample)
    expect(total(page)).to_have_text("336,776")
    bar(page, "UA").click()
    chip = page.get_by_role("button", name=re.compile("carrier: UA"))
    expect(chip).to_be_visible()
    expect(total(page)).to_have_text("58,665")
    expect(panel(page, "rows")).to_contain_text("3 rows")
    expect(panel(page, "bars")).to_contain_text("16 rows")
    assert "g.pick=" in page.url

    # A colleague's link, and a reload, show the same.
    page.reload()
    drawn(page)
    expect(total(page)).to_have_text("58,665")
    expect(bar(page, "DL")).to_have_attribute("opacity", re.compile(r"0\.\d"))

    # The set is kept, the chip taken away, and the set put back.
    page.get_by_role("button", name="Saved sets").click()
    page.get_by_role("textbox", name="Save this set as").fill("United")
    page.get_by_role("button", name="Save this set").click()
    expect(page.get_by_role("button", name="United", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    chip.click()
    expect(total(page)).to_have_text("336,776")
    expect(chip).to_have_count(0)
    assert "g.pick=" not in page.url
    page.get_by_role("button", name="Saved sets").click()
    page.get_by_role("button", name="United", exact=True).click()
    expect(total(page)).to_have_text("58,665")
    page.get_by_role("heading", name="Flights by airline").click()
    expect(page.get_by_role("textbox", name="Save this set as")).to_be_hidden()
    drawn(page)

    # A row opens the detail, with what was clicked filled in; the way back brings the chip again.
    grid = panel(page, "rows").locator("canvas").first
    box = grid.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 48)
    page.mouse.click(box["x"] + 30, box["y"] + 48, delay=50)
    page.wait_for_url(re.compile("name=delays"))
    drawn(page)
    assert re.search(r"origin=\w{3}", page.url)
    assert "carrier=UA" in page.url
    back = page.get_by_role("button", name="Flights by airline")
    expect(back).to_be_visible()
    assert not barriers(page)
    back.click()
    page.wait_for_url(re.compile("name=clicked"))
    drawn(page)
    expect(chip).to_be_visible()
    expect(total(page)).to_have_text("58,665")


def test_cells_of_pivots_and_of_shaded_tables_and_bars_of_histograms_narrow_the_page(sample, page):
    open_board(page, sample, "/dashboard?name=cells")
    pivot = page.get_by_role("grid", name="Airports")
    pivot.get_by_role("row", name=re.compile("^UA ")).get_by_role("gridcell").first.click()
    expect(page.get_by_role("button", name=re.compile("origin: EWR · carrier: UA"))).to_be_visible()
    expect(total(page)).to_have_text("46,087")
    page.reload()
    drawn(page)
    expect(total(page)).to_have_text("46,087")
    expect(pivot.locator("[aria-selected=true]")).to_have_text("46,087")

    # By keyboard: the head of the next row stands for all of it, and the same key takes it back.
    pivot.locator("[aria-selected=true]").press("ArrowLeft")
    page.keyboard.press("Enter")
    expect(total(page)).to_have_text("58,665")
    page.keyboard.press("Enter")
    expect(total(page)).to_have_text("336,776")
    assert "g.pick=" not in page.url

    # Rows with colours of their own hear clicks as others do.
    page.get_by_role("grid", name="Shaded").get_by_role("gridcell", name="DL", exact=True).click()
    expect(total(page)).to_have_text("48,110")
    assert not barriers(page)
    page.get_by_role("button", name=re.compile("carrier: DL")).click()
    expect(total(page)).to_have_text("336,776")

    panel(page, "far").locator("svg.marks path[aria-label]").first.click()
    expect(page.get_by_role("button", name=re.compile(r"distance: [\d,]+ to below [\d,]+"))).to_be_visible()
    expect(panel(page, "near")).not_to_contain_text("842 rows")


def test_a_bar_shows_the_rows_that_it_was_made_of_and_leads_to_all_of_them(sample, page):
    open_board(page, sample, "/dashboard?name=cells")
    panel(page, "made").locator("svg.marks path[aria-label*='Oct']").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile("time_hour .*2013-10-01 · time_hour .*2013-11-01"))
    expect(dialog.get_by_test_id("stDataFrame")).to_be_visible()
    dialog.get_by_role("button", name="Next").click()
    expect(dialog.get_by_role("button", name="Previous")).to_be_enabled()
    file = page.request.get(sample.url + dialog.get_by_role("link", name="Download CSV").get_attribute("href"))
    assert len(file.text().strip().splitlines()) == 237
    page.goto(dialog.get_by_role("link", name="Open view").get_attribute("href"))
    expect(page.get_by_text("These are the rows that the figures of the view are made of.")).to_be_visible()
    page.get_by_role("button", name="count exactly").click()
    expect(page.get_by_text("236 rows")).to_be_visible()
    assert not barriers(page)
    page.get_by_role("button", name="Show the figures").click()
    expect(page.get_by_role("columnheader", name="cancelled")).to_be_visible()
