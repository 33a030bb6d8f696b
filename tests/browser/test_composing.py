"""A dashboard built from nothing in the browser, without a line of YAML: by mouse, by keyboard, and on a phone."""

import re

from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.seen import barriers
from tests.server import sign_in

HOSTILE = "Tower <b>log</b> [x](javascript:alert(1)) :smile: $x$"
PANELS = (
    ("Key figures", "Figure"),
    ("Key figures", "Figure"),
    ("Departures by hour", "Figure"),
    ("Departures by hour", "Chart"),
    ("Delay by carrier and month", "Chart"),
    ("Late flights by route", "Table"),
    ("Airports of departure", "Table"),
    ("Airlines", "Table"),
    ("Weather and delays", "Chart"),
)


def rested(page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def handle(page, words: str):
    """The handle of the panel whose name begins with `words`."""
    return page.locator(".layer").get_by_role("button", name=re.compile(f"^{re.escape(words)}"))


def add(page, view: str, look: str) -> None:
    side(page, "Add")
    count = page.locator(".layer .box").count()
    box = page.get_by_role("combobox", name="From a view")
    box.click()
    box.fill(view)
    page.get_by_role("option", name=view, exact=True).click()
    page.get_by_role("button", name=look).and_(page.locator(".st-key-add-looks button")).click()
    opened(page, count + 1)


def add_other(page, kind: str) -> None:
    side(page, "Add")
    count = page.locator(".layer .box").count()
    page.locator(".st-key-compose-side").get_by_role("button", name=kind).click()
    opened(page, count + 1)


def opened(page, count: int) -> None:
    """So many panels are there, and the form of the newest is open."""
    expect(page.locator(".layer .box")).to_have_count(count)
    expect(page.get_by_role("button", name="Close the form")).to_be_visible()
    expect(page.locator(".st-key-compose-side").get_by_role("radio", name="Panel")).to_have_attribute("aria-checked", "true")
    rested(page)


def side(page, name: str) -> None:
    chosen = page.locator(".st-key-compose-side").get_by_role("radio", name=name, exact=True)
    if chosen.get_attribute("aria-checked") != "true":
        chosen.click()
    expect(chosen).to_have_attribute("aria-checked", "true")
    rested(page)


def order(page) -> list[str]:
    """Titles of the panels as one reads them."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.st-key-compose-board .stGridCell')].map(cell => [cell.getBoundingClientRect(), cell])
            .sort(([one], [other]) => one.top - other.top || one.left - other.left)
            .map(([_, cell]) => cell.querySelector('h2, h3')?.textContent ?? '')"""
    )


def test_a_dashboard_is_built_from_nothing_and_published(page, app_server):
    ana = app_server.person(Role.ANALYST, name="Ana Ruiz")
    sign_in(page, ana)
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto("/dashboards")
    page.get_by_role("link", name="New dashboard").click()
    expect(page.get_by_text("Nothing is on this page yet.")).to_be_visible()
    assert barriers(page) == []
    for view, look in PANELS:
        add(page, view, look)
    for kind in ("Text", "Section", "Divider"):
        add_other(page, kind)
        if kind == "Text":
            text = page.locator(".st-key-compose-side").get_by_role("textbox", name="Text")
            text.fill("What the **tower** says. <script>window.hit = 1</script>")
            text.press("Control+Enter")
            expect(page.locator(".st-key-compose-board strong")).to_have_text("tower")
    expect(page.locator(".layer .box")).to_have_count(12)

    # Two filters: what the views ask is a click away.
    side(page, "Filters")
    for label in ("Date", "Origin"):
        page.locator(".st-key-compose-side").get_by_role("button", name=label, exact=False).first.click()
        expect(page.locator("[class*=st-key-filter-bar]").get_by_text(label, exact=True).first).to_be_visible()
        rested(page)

    # By keyboard, and the focus stays where it is.
    section = handle(page, "Section, Section")
    section.focus()
    for _ in range(11):
        page.keyboard.press("ArrowLeft")
    expect(section).to_have_attribute("aria-label", "Section, Section, 1 of 12, 12 of 12 columns wide, 1 row high")
    expect(section).to_be_focused()
    rested(page)
    # By mouse: the figures stand beside each other, then a chart is made wider.
    assert order(page)[:3] == ["Section", "Key figures", "Key figures"]
    chart = handle(page, "Departures by hour, Chart")
    chart.click()
    title = page.locator(".st-key-compose-side").get_by_role("textbox", name="Title")
    expect(title).to_have_value("Departures by hour")
    title.fill(HOSTILE)
    title.press("Tab")
    expect(page.locator(".st-key-compose-board h3").get_by_text(HOSTILE)).to_be_visible()
    rested(page)
    chart = handle(page, "Tower")
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] - 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 90, box["y"] + box["height"] + 80, steps=5)
    page.mouse.up()
    expect(chart).to_have_attribute("aria-label", re.compile("8 of 12 columns wide, 5 rows high"))
    width = page.get_by_role("spinbutton", name="Columns of 12")
    expect(width).to_have_value("8")
    rested(page)
    page.get_by_role("button", name="Undo").click()
    expect(width).to_have_value("6")
    expect(chart).to_have_attribute("aria-label", re.compile("6 of 12 columns wide, 4 rows high"))
    page.get_by_role("button", name="Redo").click()
    expect(chart).to_have_attribute("aria-label", re.compile("8 of 12 columns wide, 5 rows high"))
    rested(page)
    assert barriers(page) == []

    # What was done is there after a reload.
    before = order(page)
    page.reload()
    expect(page.locator(".layer .box")).to_have_count(12)
    page.get_by_role("textbox", name="Title", exact=True).fill("Built by hand")
    page.keyboard.press("Tab")
    rested(page)
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("button", name="Publish now").click()
    expect(page.get_by_role("heading", name="Built by hand", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("name=built-by-hand"))
    expect(page.locator(".st-key-panels .stGridCell")).to_have_count(12)
    shown = page.locator(".st-key-panels").locator("h2, h3").all_inner_texts()
    assert [title for title in shown if title] == [title for title in before if title]
    assert page.evaluate("window.hit") is None


def test_panels_move_by_touch_on_a_phone_and_between_tabs(chromium, app_server):
    ben = app_server.person(Role.ANALYST, name="Ben Okafor")
    context = chromium.new_context(base_url=app_server.url, viewport={"width": 400, "height": 800}, color_scheme="dark", has_touch=True)
    context.set_default_timeout(30_000)
    page = context.new_page()
    try:
        sign_in(page, ben)
        page.goto("/dashboard?new=page")
        for kind in ("Section", "Divider", "Text"):
            add_other(page, kind)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        assert barriers(page) == []
        page.locator(".st-key-panel-form-head").get_by_role("button", name="Move earlier").click()
        expect(handle(page, "text, Text")).to_have_attribute("aria-label", re.compile("2 of 3"))
        side(page, "Add")
        page.locator(".st-key-compose-side").get_by_role("button", name="Tab", exact=False).last.click()
        expect(page.get_by_role("radio", name="Tab 2")).to_have_attribute("aria-checked", "true")
        expect(page.locator(".layer .box")).to_have_count(0)
        expect(page).to_have_url(re.compile("tab=tab-2"))
        page.get_by_role("radio", name="Tab 1").click()
        expect(page.locator(".layer .box")).to_have_count(3)
        assert barriers(page) == []
    finally:
        context.close()
