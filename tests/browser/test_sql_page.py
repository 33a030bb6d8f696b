"""The SQL page as an analyst works on it: typing, completing, running, mistakes, values, plan, history, draft and saving."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.seen import barriers, width
from tests.server import sign_in, until

HOSTILE = {one["id"]: one.get("sql") for one in json.loads((Path(__file__).parents[1] / "security/hostile_sql.json").read_text())}
ENDLESS = "select count(*) from sample.flights a, sample.flights b, sample.flights c"


@pytest.fixture
def analyst(page, app_server):
    person = app_server.person(Role.ANALYST)
    sign_in(page, person)
    return person


class SqlPage:
    def __init__(self, page):
        self.page = page
        self.box = page.get_by_role("textbox", name="SQL of the view")
        page.goto("/view?new=sql")
        expect(self.box).to_be_visible()

    def write(self, sql):
        self.box.click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(sql)

    def run(self, sql):
        self.write(sql)
        self.page.keyboard.press("ControlOrMeta+Enter")

    def tab(self, name):
        self.page.get_by_role("radio", name=name, exact=True).or_(self.page.get_by_role("button", name=name, exact=True)).first.click()


def test_a_question_is_written_completed_run_explained_and_saved(page, app_server, analyst):
    sql = SqlPage(page)
    # Completion behind an alias knows the columns and their types.
    sql.box.click()
    page.keyboard.type("select f.dest from sample.flights f where f.dep_d")
    completion = page.get_by_role("option", name="dep_delay")
    expect(completion).to_contain_text("smallint")
    completion.click()
    page.keyboard.insert_text(" > :late [[ and f.dest = :dest ]]\ngroup by 1 order by 1")
    expect(page.get_by_label("Dest", exact=True)).to_be_visible()
    page.get_by_label("Late", exact=True).fill("600")
    page.get_by_label("Late", exact=True).press("Enter")
    page.wait_for_url("**late=600**")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".nexus-foot")).to_contain_text("complete")
    # A mistake is marked where it is, and what is typed stays.
    sql.run("select f.dest,\n  wrong from sample.flights f where f.dep_delay > :late")
    expect(page.get_by_role("alert")).to_contain_text('column "wrong" does not exist')
    expect(page.locator(".cm-lintRange-error")).to_have_text("wrong")
    sql.write("select f.dest, pg_sleep(1) from sample.flights f")
    expect(page.locator(".cm-lintRange-error")).to_have_text("pg_sleep")
    # The plan, and what was run before.
    sql.run("select f.dest, count(*) from sample.flights f where f.dep_delay > :late group by 1 order by 2 desc")
    expect(page.locator(".nexus-foot")).to_contain_text("rows · complete")
    page.get_by_role("button", name="Explain", exact=True).first.click()
    expect(page.locator(".nexus-plan")).to_contain_text("Sequential scan of flights (f): reads all 336,77")
    expect(page.locator(".nexus-plan .costly")).to_contain_text("No index on")
    assert barriers(page) == []
    sql.tab("History")
    page.get_by_role("button", name="select f.dest, wrong from").click()
    expect(page.locator(".cm-content")).to_contain_text("wrong from")
    # A selection runs alone.
    sql.write("select 1 as one\nunion all\nselect 2")
    page.keyboard.press("ControlOrMeta+Home")
    page.keyboard.press("Shift+End")
    page.get_by_role("button", name="Run selection").click()
    expect(page.locator(".nexus-foot")).to_contain_text("1 row · complete")
    # What ran comes back with its value, also where the text has none any more.
    sql.write("select count(*) from sample.flights where dep_delay > :late")
    page.get_by_label("Late").fill("300")
    page.get_by_label("Late").press("Tab")
    page.wait_for_url("**late=300**")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_test_id("stDataFrame").or_(page.locator(".nexus-foot")).first).to_be_visible()
    sql.write("select 1 as one")
    expect(page.get_by_label("Late")).to_have_count(0)
    sql.tab("History")
    expect(page.get_by_text("Late: 300")).to_be_visible()
    page.get_by_role("button", name="select count(*) from sample.flights where dep_delay > :late").click()
    expect(page.get_by_label("Late")).to_have_value("300")
    # Format, then a reload finds the draft again, and it is saved.
    sql.write("select carrier,count(*) as flights from sample.flights where dep_delay>:late group by 1 -- all")
    page.get_by_role("button", name="Format").click()
    expect(page.locator(".cm-line").nth(2)).to_have_text("where dep_delay>:late")
    page.reload()
    expect(page.locator(".cm-line").nth(3)).to_have_text("group by 1 -- all")
    sql.tab("Parameters")
    page.get_by_label("Must be filled in").press(" ")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("title")
    page.get_by_label("Title").fill("Flights by carrier")
    page.get_by_label("Title").press("Tab")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**name=flights-by-carrier**")
    with app_server.database() as cursor:
        cursor.execute(
            "select v.spec from nexus.view_versions v join nexus.views k on k.id = v.kept_id where k.name = 'flights-by-carrier'"
        )
        spec = cursor.fetchone()[0]
    assert spec["question"]["sql"].startswith("select carrier, count(*) as flights\nfrom sample.flights\n")
    assert spec["parameters"] == [{"name": "late", "type": "text", "required": True}]


def test_a_long_query_is_cancelled_and_ends_in_the_database(page, app_server, analyst):
    def running():
        with app_server.database() as cursor:
            cursor.execute(
                "select count(*) from pg_stat_activity where state = 'active' and application_name = 'nexus' and datname = current_database()"
            )
            return cursor.fetchone()[0]

    sql = SqlPage(page)
    sql.run(ENDLESS)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("alert")).to_contain_text("stopped")
    until(lambda: not running(), what="the end of the query")
    assert sql.page.locator(".cm-content").inner_text().startswith("select count(*)")


@pytest.mark.parametrize("one", ["M05", "M03"])
def test_hostile_sql_is_a_sentence_and_stays_text(page, analyst, one):
    hostile = HOSTILE.get(one) or "select 1; drop table sample.flights"
    sql = SqlPage(page)
    sql.run(hostile)
    expect(page.get_by_role("alert").first).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text(hostile.strip().splitlines()[0][:20])


def test_names_from_the_catalog_keyboards_darkness_and_phones(page, analyst):
    sql = SqlPage(page)
    page.get_by_label("Tables and columns").fill("tailnum")
    page.get_by_label("Tables and columns").press("Enter")
    page.get_by_text("sample.planes").click()
    page.get_by_role("button", name="Insert sample.planes").click()
    expect(page.locator(".cm-content")).to_have_text("sample.planes")
    # Tab indents; after Escape it leaves.
    sql.box.click()
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.classList.contains('cm-content')")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 400, "height": 800})
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    assert width(page) <= 400
    assert barriers(page) == []
