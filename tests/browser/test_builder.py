"""An analyst who knows no SQL builds views by clicking alone; what they see is what SQL says."""

import json
import re
from datetime import date

import pytest
from playwright.sync_api import Page, expect

from nexus.accounts.spec import Role
from tests import seen
from tests.seen import settled
from tests.server import Server, sign_in, until


@pytest.fixture
def analyst(app_server: Server):
    return app_server.person(Role.ANALYST)


def choose(page: Page, label: str, words: str, nth: int = 0) -> None:
    """Type into a list to choose from, and take the first that it finds."""
    box = page.get_by_role("combobox", name=label).nth(nth)
    box.click()
    box.fill(words)
    expect(page.get_by_role("option", name=re.compile(re.escape(words), re.IGNORECASE)).first).to_be_visible()
    page.keyboard.press("Enter")
    settled(page)


def open_step(page: Page, title: str) -> None:
    page.get_by_role("button", name=re.compile(f"^(\\w+ )?{title}")).first.click()
    settled(page)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()
    settled(page)


def new_view_of(page: Page, person, table: str) -> None:
    sign_in(page, person)
    page.goto("/data")
    page.get_by_role("button", name="New view").click()
    page.get_by_role("link", name="By clicking").click()
    expect(page.get_by_role("combobox", name="Table")).to_be_visible()
    choose(page, "Table", table)


def set_day(page: Page, label: str, day: date) -> None:
    page.get_by_role("spinbutton", name=f"year, {label}").click()
    page.keyboard.type(f"{day:%Y%m%d}")
    page.keyboard.press("Escape")
    settled(page)


def save(page: Page, title: str) -> None:
    page.get_by_role("textbox", name="Title").fill(title)
    page.keyboard.press("Tab")
    settled(page)
    press(page, "Save")
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()


def saved_rows(server: Server, page: Page, person) -> list[list[str]]:
    """The saved view's rows, as its download has them."""
    name = re.search(r"name=([a-z0-9-]+)", page.url).group(1)
    with person.client() as client:
        answer = client.get(f"/views/{name}.csv")
    assert answer.status_code == 200, answer.text
    return [line.split(",") for line in answer.text.lstrip("\ufeff").splitlines()[1:]]


def sql_rows(server: Server, sql: str) -> list[tuple]:
    with server.database() as cursor:
        cursor.execute("set timezone to 'America/New_York'")
        cursor.execute(sql)
        return cursor.fetchall()


def test_the_worst_carriers_of_summer_by_month_as_a_chart(page: Page, app_server: Server, analyst):
    new_view_of(page, analyst, "flights")
    open_step(page, "Filters")
    choose(page, "Column", "time_hour")
    set_day(page, "From", date(2013, 6, 1))
    set_day(page, "To", date(2013, 8, 31))
    open_step(page, "Columns")
    press_radio(page, "Group and count")
    choose(page, "Group by", "carrier")
    choose(page, "Group by", "time_hour")
    page.keyboard.press("Escape")
    choose(page, "Figure", "Median of")
    choose(page, "Of which column", "arr_delay")
    page.get_by_text("Keep only the top").click()
    settled(page)
    open_step(page, "Chart")
    press(page, "Add a chart")
    expect(page.locator("[data-testid=stVegaLiteChart]")).to_be_visible()
    assert not seen.barriers(page)
    save(page, "Worst carriers of summer")
    rows = saved_rows(app_server, page, analyst)
    expected = sql_rows(
        app_server,
        """with summer as (select * from sample.flights where time_hour >= '2013-06-01' and time_hour < '2013-09-01'),
        worst as (
            select carrier from summer group by 1 order by percentile_cont(0.5) within group (order by arr_delay) desc nulls last limit 5
        )
        select carrier, date_trunc('month', time_hour)::date::text, percentile_cont(0.5) within group (order by arr_delay)
        from summer where carrier in (select carrier from worst) group by 1, 2""",
    )
    assert len({row[0] for row in rows}) == 5
    assert {(carrier, month[:10], float(delay)) for carrier, month, delay in rows} == set(expected)
    page.get_by_role("radio", name="Chart").click()
    expect(page.locator("[data-testid=stVegaLiteChart]")).to_be_visible()


def test_very_late_flights_with_the_weather_at_that_hour(page: Page, app_server: Server, analyst):
    new_view_of(page, analyst, "flights")
    open_step(page, "Joins")
    press(page, "weather on origin and time_hour")
    open_step(page, "Filters")
    choose(page, "Column", "arr_delay")
    page.get_by_role("spinbutton", name="Value").fill("180")
    page.keyboard.press("Tab")
    settled(page)
    open_step(page, "Columns")
    press_radio(page, "Choose columns")
    for column in ("carrier", "flight", "arr_delay", "weather.temp", "weather.visib"):
        choose(page, "Columns", column)
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.get_by_role("button", name="Save")).to_be_in_viewport()
    assert seen.width(page) <= 400
    assert not seen.barriers(page)
    save(page, "Very late, and the weather")
    rows = saved_rows(app_server, page, analyst)
    expected = sql_rows(
        app_server,
        """select f.carrier, f.flight, f.arr_delay, w.temp, w.visib from sample.flights f
        left join sample.weather w on w.origin = f.origin and w.time_hour = f.time_hour where f.arr_delay > 180""",
    )
    assert sorted(map(figures, rows)) == sorted(map(figures, expected))


def test_the_share_of_cancelled_flights_by_origin_and_weekday_as_a_heatmap(page: Page, app_server: Server, analyst):
    new_view_of(page, analyst, "flights")
    open_step(page, "Columns")
    press_radio(page, "Group and count")
    choose(page, "Group by", "origin")
    choose(page, "Group by", "time_hour")
    page.keyboard.press("Escape")
    choose(page, "Cut time by", "day of week")
    choose(page, "Figure", "Share where")
    choose(page, "Column", "dep_time")
    choose(page, "How it compares", "is empty")
    open_step(page, "Chart")
    press(page, "Add a chart")
    expect(page.locator("[data-testid=stVegaLiteChart]")).to_be_visible()
    save(page, "Cancelled by weekday")
    rows = saved_rows(app_server, page, analyst)
    expected = sql_rows(
        app_server,
        """select origin, extract(isodow from time_hour)::int, avg((dep_time is null)::int)::float8
        from sample.flights group by 1, 2""",
    )
    found = {(origin, int(day)): float(share) for origin, day, share in rows}
    assert len(found) == 21
    assert found == pytest.approx({(origin, day): share for origin, day, share in expected})


def press_radio(page: Page, name: str) -> None:
    page.get_by_role("radio", name=name).click()
    settled(page)


def figures(row) -> list[str]:
    """Cells that can be compared, whether they came from a file or from the driver."""
    return ["" if cell in (None, "") else f"{float(cell):g}" if re.fullmatch(r"-?[\d.]+", str(cell)) else str(cell) for cell in row]


@pytest.fixture
def endless(app_server: Server):
    """A table of the source whose rows take ten minutes each; tells how many queries of it run in the database."""
    with app_server.database() as cursor:
        cursor.execute("create view sample.endless as select n, pg_sleep(600)::text as rest from generate_series(1, 1000) n")
        cursor.execute("grant select on sample.endless to public")
        cursor.execute("select spec from nexus.sources where name = 'sample'")
        (before,) = cursor.fetchone()
        patient = {**before, "limits": {**before.get("limits", {}), "timeout_ms": 300_000}}  # none of them ends by itself
        cursor.execute("update nexus.sources set spec = %s where name = 'sample'", (json.dumps(patient),))

    def under_way() -> int:
        with app_server.database() as cursor:
            cursor.execute(
                "select count(*) from pg_stat_activity where state = 'active' and query like '%endless%' and pid <> pg_backend_pid()"
            )
            return cursor.fetchone()[0]

    yield under_way
    with app_server.database() as cursor:
        cursor.execute("update nexus.sources set spec = %s where name = 'sample'", (json.dumps(before),))
        # Where one of them was not cancelled after all, the view could not go before it ends.
        cursor.execute("select pg_terminate_backend(pid) from pg_stat_activity where query like '%endless%' and pid <> pg_backend_pid()")
        cursor.execute("drop view sample.endless")


def test_a_preview_that_nobody_waits_for_any_more_ends_in_the_database(page: Page, app_server: Server, analyst, endless):
    new_view_of(page, analyst, "airlines")
    press(page, "Read the tables anew")
    page.mouse.move(0, 0)  # its hint lies over the box
    box = page.get_by_role("combobox", name="Table")

    def ask_endlessly() -> None:
        box.click()
        box.fill("endless")
        page.get_by_role("option", name=re.compile("endless")).first.wait_for()
        page.keyboard.press("Enter")
        until(endless, within_s=30, what="the preview's query")

    ask_endlessly()
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("You cancelled the preview")).to_be_visible()
    until(lambda: not endless(), within_s=30, what="the end of the query")
    page.get_by_role("button", name="Ask again").click()
    until(endless, within_s=30, what="the preview's query")
    choose(page, "Table", "airports")
    expect(page.get_by_text("1,458 rows").or_(page.get_by_text("first 100 rows"))).to_be_visible()
    until(lambda: not endless(), within_s=30, what="the end of a query that a newer step replaced")
    ask_endlessly()
    page.goto("/data")
    until(lambda: not endless(), within_s=30, what="the end of a query whose reader left")
