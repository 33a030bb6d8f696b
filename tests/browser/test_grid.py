"""A view's page as people read it: the grid sorted, filtered, turned, searched and looked into, by mouse and by keyboard."""

import re
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.views import service as views
from nexus.views.spec import View
from tests.seen import barriers, settled, width
from tests.server import sign_in, until


def place(page, column: str) -> int:
    expect(page.get_by_role("columnheader", name=re.compile(f"^{column}\\b")).first).to_be_visible()
    settled(page)
    heads = page.locator("table[role=grid] th").all_text_contents()
    return next(number for number, head in enumerate(heads) if re.match(rf"{column}\b", head))


def cells(page, column: str) -> list[str]:
    """What the column shows, as text."""
    at = place(page, column)
    return page.locator(f"table[role=grid] tbody tr td:nth-child({at + 1})").all_inner_texts()


def first(page, column: str, text: str | re.Pattern) -> None:
    """Wait until the first row shows `text` in the column."""
    at = place(page, column)
    expect(page.locator(f"table[role=grid] tbody tr:first-child td:nth-child({at + 1})")).to_have_text(text)


def choose(page, column: str, item: str) -> None:
    settled(page)
    page.locator("table[role=grid] th button", has_text=column).first.click()
    page.get_by_role("menuitem", name=item, exact=True).click()


@pytest.fixture(scope="module")
def view(app_server) -> str:
    """The address of a view of all airports and their flights."""
    maker = app_server.person(Role.ANALYST)
    user = User(id=maker.id, email=maker.email, name="Ana", role=maker.role)
    question = {"kind": "table", "schema": "sample", "table": "airports"}
    slow = {"kind": "sql", "sql": "select count(*) as n from sample.flights a, sample.flights b where a.dep_delay < b.dep_delay"}
    own.connect(app_server.database_url)
    try:
        with own.transaction() as session:
            made = View(name="all-airports", title="All airports", source="sample", question=question)
            views.save_view(session, user=user, view=made)
            views.save_view(session, user=user, view=View(name="slow-pairs", title="Slow", source="sample", question=slow))
    finally:
        own.disconnect()
    return "/view?name=all-airports"


def test_a_view_is_read_in_its_grid(page, app_server, view):
    sign_in(page, app_server.person(Role.VIEWER))
    page.goto(view)
    expect(page.get_by_role("grid", name="All airports")).to_be_visible()
    expect(page.get_by_text("rows in all")).to_be_visible()
    assert barriers(page) == []

    # Sorted by a head's menu; the address says so, and a reload keeps it.
    choose(page, "faa", "Sort descending")
    first(page, "faa", re.compile("^Z"))
    assert parse_qs(urlparse(page.url).query)["g.order"] == ["-faa"]
    top = cells(page, "faa")
    assert top == sorted(top, reverse=True)
    page.reload()
    first(page, "faa", top[0])
    expect(page.get_by_role("columnheader", name=re.compile("faa"))).to_have_attribute("aria-sort", "descending")

    # Turned to the next page, to the last and back, and by the browser's own button.
    page.get_by_role("button", name="next").click()
    expect(page.locator("table[role=grid] tbody td", has_text=re.compile(f"^{top[0]}$"))).to_have_count(0)
    second = cells(page, "faa")
    assert max(second) < min(top)
    page.get_by_role("button", name="last").click()
    expect(page.get_by_role("button", name="next")).to_be_disabled()
    page.go_back()
    first(page, "faa", second[0])
    page.get_by_role("button", name="first").click()
    first(page, "faa", top[0])

    # Wider by keyboard; the address keeps it.
    head = page.get_by_role("columnheader", name=re.compile("name"))
    before = head.bounding_box()["width"]
    head.get_by_role("button").focus()
    for _ in range(5):
        page.keyboard.press("Shift+ArrowRight")
    page.wait_for_url("**g.width=name*")
    page.reload()
    expect(page.get_by_role("grid")).to_be_visible()
    assert head.bounding_box()["width"] == pytest.approx(before + 50, abs=2)

    # From a value on.
    page.get_by_label("Jump to a value of faa").fill("JFK")
    page.keyboard.press("Enter")
    first(page, "faa", "JFK")

    # Filtered, with the editor that its type has; the chip says it, and takes it away.
    choose(page, "faa", "Filter…")
    editor = page.locator(".st-key-grid-editor")
    expect(editor).to_be_visible()
    editor.get_by_role("combobox", name="Condition").click()
    page.get_by_role("option", name="contains", exact=True).click()
    editor.get_by_role("textbox", name="Value").fill("'; drop--")
    editor.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("No rows. Change the filters, or remove one.")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Remove: faa contains")).click()
    expect(page.get_by_role("grid")).to_be_visible()


def test_a_filter_offers_the_values_that_the_column_has(page, app_server, view):
    sign_in(page, app_server.person(Role.VIEWER))
    page.goto(view)
    choose(page, "tzone", "Filter…")
    editor = page.locator(".st-key-grid-editor")
    editor.get_by_role("combobox", name="Values").click()
    page.get_by_role("option", name="America/Phoenix", exact=True).click()
    page.keyboard.press("Escape")
    editor.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("button", name=re.compile("^Remove: tzone"))).to_be_visible()
    assert set(cells(page, "tzone")) == {"America/Phoenix"}
    # The chart beside it is of the same rows.
    page.get_by_role("radio", name="Chart").or_(page.get_by_role("button", name="Chart", exact=True)).first.click()
    expect(page.get_by_role("button", name=re.compile("^Remove: tzone"))).to_be_visible()
    expect(page.get_by_text("38 rows")).to_be_visible()
    assert barriers(page) == []


def test_a_row_opens_by_keyboard_with_what_belongs_to_it(page, app_server, view):
    sign_in(page, app_server.person(Role.ANALYST))
    page.goto(f"{view}&g.order=faa&g.where=" + '[{"column":"faa","value":"JFK"}]')
    grid = page.get_by_role("grid")
    expect(grid).to_be_visible()
    first(page, "faa", "JFK")
    grid.locator("tbody td").first.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.get_by_role("menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("menu")).to_have_count(0)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    side = page.locator(".st-key-grid-row")
    expect(side.get_by_text("John F Kennedy Intl").first).to_be_visible()
    expect(side.get_by_text(re.compile("^flights with this")).first).to_be_visible()
    expect(side.get_by_text("more than 1,000").first).to_be_visible()
    # The rest is on the table's own page, from which a view is made.
    expect(side.get_by_role("link", name="the table flights").first).to_have_attribute(
        "href", "/table?source=sample&schema=sample&table=flights"
    )
    assert barriers(page) == []
    page.reload()
    expect(side.get_by_text("John F Kennedy Intl").first).to_be_visible()
    page.set_viewport_size({"width": 400, "height": 800})
    assert width(page) <= 400
    side.get_by_role("button", name="Close").click()
    expect(side).to_have_count(0)
    expect(grid).to_be_visible()


def test_statistics_and_addresses_that_say_nonsense(page, app_server, view):
    sign_in(page, app_server.person(Role.VIEWER))
    page.goto(f"{view}&show=Statistics&g.column=alt")
    expect(page.get_by_text("How the values lie")).to_be_visible()
    expect(page.get_by_text(re.compile(r"Over all 1,\d{3} rows"))).to_be_visible()
    assert barriers(page) == []
    for query in ("g.after=x", "g.order=nothing", "g.where=[", "g.size=7", "g.row=x", "g.at=1&g.order=alt&g.hide=faa,faa,nothing"):
        page.goto(f"{view}&{query}")
        expect(page.get_by_role("alert").or_(page.get_by_role("grid")).first).to_be_visible()
        expect(page.get_by_text("Nexus made a mistake")).to_have_count(0)


def test_a_slow_question_says_so_and_cancelling_it_ends_it_in_the_database(page, app_server, view):
    def running() -> int:
        with app_server.database() as cursor:
            cursor.execute(
                "select count(*) from pg_stat_activity where datname = current_database() and state = 'active' and usename <> current_user"
            )
            return cursor.fetchone()[0]

    sign_in(page, app_server.person(Role.VIEWER))
    page.goto(view.replace("all-airports", "slow-pairs"))
    expect(page.get_by_text("Still running")).to_be_visible()
    assert running() >= 1
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("This query was stopped before it ended.")).to_be_visible()
    until(lambda: running() == 0, within_s=8, what="the end of the query")
