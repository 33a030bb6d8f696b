"""A dashboard built from nothing in the browser, without a line of YAML, then read and printed: by mouse, by keyboard, and on a phone."""

import csv
import re

from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests import printed
from tests.seen import barriers, drawn, settled
from tests.server import sign_in, until

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
    settled(page)


def side(page, name: str) -> None:
    chosen = page.locator(".st-key-compose-side").get_by_role("radio", name=name, exact=True)
    if chosen.get_attribute("aria-checked") != "true":
        chosen.click()
    expect(chosen).to_have_attribute("aria-checked", "true")
    settled(page)


def order(page) -> list[str]:
    """Titles of the panels as one reads them."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.st-key-compose-board .stGridCell')].filter(cell => cell.offsetWidth).map(cell => [cell.getBoundingClientRect(), cell])
            .sort(([one], [other]) => one.top - other.top || one.left - other.left)
            .map(([_, cell]) => cell.querySelector('h2, h3')?.textContent ?? '')"""
    )


def choose(page, label: str, option: str) -> None:
    box, wanted = page.get_by_role("combobox", name=label, exact=True), page.get_by_role("option", name=option, exact=True)
    box.focus()
    # A list shuts when what is around it moves.
    until(lambda: wanted.is_visible() or box.press("ArrowDown") or page.wait_for_timeout(300), what=f"the list of {label} opens")
    wanted.click()
    settled(page)


def links(page, words: str) -> None:
    """Open the part of a panel's form that says what a click on it does."""
    title = page.locator(".st-key-compose-side").get_by_role("textbox", name="Title", exact=True)
    if not title.input_value().startswith(words):
        handle(page, words).click()
        expect(title).to_have_value(re.compile(f"^{words}"))
        settled(page)
    page.get_by_text("Filters and clicks", exact=True).click()
    expect(page.get_by_role("combobox", name="It opens", exact=True)).to_be_visible()
    page.get_by_test_id("stExpander").evaluate("it => Promise.all(it.getAnimations({subtree: true}).map(one => one.finished))")


def titled(page, title: str):
    """The panel of a dashboard that is read."""
    return page.locator(".st-key-panels .stGridCell").filter(has=page.get_by_role("heading", name=title, exact=True))


def test_a_dashboard_is_built_from_nothing_published_read_by_clicks_and_printed(page, app_server):
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
        settled(page)

    # By keyboard, and the focus stays where it is.
    section = handle(page, "Section, Section")
    section.focus()
    for _ in range(11):
        page.keyboard.press("ArrowLeft")
    expect(section).to_have_attribute("aria-label", "Section, Section, 1 of 12, 12 of 12 columns wide, 1 row high")
    expect(section).to_be_focused()
    settled(page)
    # By mouse: the figures stand beside each other, then a chart is made wider.
    assert order(page)[:3] == ["Section", "Key figures", "Key figures"]
    chart = handle(page, "Departures by hour, Chart")
    chart.click()
    title = page.locator(".st-key-compose-side").get_by_role("textbox", name="Title")
    expect(title).to_have_value("Departures by hour")
    title.fill(HOSTILE)
    title.press("Tab")
    expect(page.locator(".st-key-compose-board h3").get_by_text(HOSTILE)).to_be_visible()
    settled(page)
    chart = handle(page, "Tower")
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 8, box["y"] + box["height"] - 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] + 90, box["y"] + box["height"] + 80, steps=5)
    page.mouse.up()
    expect(chart).to_have_attribute("aria-label", re.compile("8 of 12 columns wide, 5 rows high"))
    width = page.get_by_role("spinbutton", name="Columns of 12")
    expect(width).to_have_value("8")
    settled(page)
    page.get_by_role("button", name="Undo").click()
    expect(width).to_have_value("6")
    expect(chart).to_have_attribute("aria-label", re.compile("6 of 12 columns wide, 4 rows high"))
    page.get_by_role("button", name="Redo").click()
    expect(chart).to_have_attribute("aria-label", re.compile("8 of 12 columns wide, 5 rows high"))
    settled(page)
    assert barriers(page) == []

    # What a click does: a bar of one chart filters, a row of the table opens another dashboard.
    links(page, "Tower")
    choose(page, "A click on a mark", "shows the rows behind it")
    choose(page, "A click on a mark", "filters the other panels")
    links(page, "Late flights by route")
    choose(page, "It opens", "a dashboard")
    choose(page, "Which dashboard", "Delays at a glance")
    choose(page, "“destination” there is", "destination")

    # What was done is there after a reload.
    before = order(page)
    page.reload()
    expect(page.locator(".layer .box")).to_have_count(12)
    page.get_by_role("textbox", name="Title", exact=True).fill("Built by hand")
    page.keyboard.press("Tab")
    settled(page)
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("button", name="Publish now").click()
    expect(page.get_by_role("heading", name="Built by hand", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("name=built-by-hand"))
    expect(page.locator(".st-key-panels .stGridCell")).to_have_count(12)
    shown = page.locator(".st-key-panels").locator("h2, h3").all_inner_texts()
    assert [title for title in shown if title] == [title for title in before if title]
    assert page.evaluate("window.hit") is None
    note_a_day(page, "Blizzard <b>Nemo</b>", "2013-02-08")
    sign_in(page, app_server.person(Role.VIEWER))
    page.reload()
    drawn(page)
    read_by_clicks(page)
    check_print(page, shown)


def note_a_day(page, text: str, day: str) -> None:
    drawn(page)
    page.get_by_role("button", name="More", exact=True).click()
    page.get_by_text("Notes", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="What happened").fill(text)
    dialog.get_by_role("group", name="Day", exact=True).get_by_role("spinbutton").first.focus()
    page.keyboard.type(day.replace("-", ""))
    page.keyboard.press("Escape")
    settled(page)
    dialog.get_by_role("button", name="Add the note").click()
    expect(dialog.get_by_text(f"{text}", exact=False).first).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def read_by_clicks(page) -> None:
    """A bar narrows the panels that know its hour, a row leads on and back."""
    expect(titled(page, "Delay by carrier and month").locator("svg.marks")).to_contain_text("Blizzard <b>Nemo</b>")
    figure, table = titled(page, "Departures by hour"), titled(page, "Late flights by route")
    expect(figure).to_contain_text("20 rows")
    titled(page, HOSTILE).locator("svg.marks path[aria-label*='Hour: 8']").first.click()
    chip = page.get_by_role("button", name=re.compile("hour: 8"))
    expect(figure).to_contain_text("1 row ")
    expect(table).to_contain_text("100 rows")
    drawn(page)
    assert barriers(page) == []
    table.scroll_into_view_if_needed()
    box = table.locator("canvas").first.bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 48)  # as a hand does: the grid shows its toolbar first
    settled(page)
    page.mouse.click(box["x"] + 30, box["y"] + 48, delay=50)
    page.wait_for_url(re.compile("name=delays"))
    drawn(page)
    assert "destination=" in page.url
    page.get_by_role("button", name="Built by hand").click()
    page.wait_for_url(re.compile("name=built-by-hand"))
    drawn(page)
    expect(figure).to_contain_text("1 row ")
    chip.click()
    expect(chip).to_have_count(0)
    expect(figure).to_contain_text("20 rows")


def check_print(page, shown: list[str]) -> None:
    """Page by page: what the dashboard shows with a filter set is on paper, complete, as text, and can be found."""
    page.get_by_role("combobox", name=re.compile("Origin")).click()
    page.get_by_role("option", name=re.compile("JFK")).click()
    page.wait_for_url(re.compile("origin=JFK"))
    page.keyboard.press("Escape")
    drawn(page)
    link = page.get_by_role("link", name="Download PDF")
    expect(link).to_have_attribute("href", re.compile("origin=JFK"))
    answer = page.request.get(link.get_attribute("href"), timeout=120_000)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/pdf")
    file = answer.body()
    pages, marks = printed.texts(file), printed.bookmarks(file)
    assert all(f"Page {number} of {len(pages)}" in text for number, text in enumerate(pages, 1))
    assert "Blizzard <b>Nemo</b>" in "".join(pages)

    titles = ["Built by hand", *filter(None, shown), "How these figures were read"]
    assert [title for title, _ in marks][: len(titles)] == titles
    assert all(title in pages[number - 1] for title, number in marks)
    assert [number for _, number in marks] == sorted(number for _, number in marks)

    rows = list(csv.DictReader(page.request.get("/views/late-routes.csv?origin=JFK").text().splitlines()))
    lines = re.findall(r"(JFK → \w{3}) (.+?) ([\d,]+) [\d.]+ % −?\d+ min ([\d,]+) min", " ".join(pages))
    assert len(rows) > 60
    assert [(route, flights, longest) for route, _, flights, longest in lines] == [
        (row["route"], f"{int(row['flights']):,}", f"{int(row['longest_delay']):,}") for row in rows
    ]

    assert {True} == set(printed.fonts(file).values())
    assert printed.pictures(file) == 0
    found = printed.tags(file)
    airports, airlines = 3 * 2, 16 * 2
    assert (found["/H1"], found["/Figure"], found["/Table"], found["/TD"]) == (1, 3, 3, len(rows) * 6 + airports + airlines)


def test_panels_move_by_touch_on_a_phone_and_between_tabs(chromium, app_server):
    ben = app_server.person(Role.ANALYST, name="Bea Mora")
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
        page.locator(".st-key-compose-side").get_by_role("button", name=re.compile("Tab$")).click()
        expect(page.get_by_role("radio", name="Tab 2")).to_have_attribute("aria-checked", "true")
        expect(page.locator(".layer .box")).to_have_count(0)
        expect(page).to_have_url(re.compile("tab=tab-2"))
        page.get_by_role("radio", name="Tab 1").click()
        expect(page.locator(".layer .box")).to_have_count(3)
        assert barriers(page) == []
    finally:
        context.close()
