"""A question in words in a real browser: asked, seen, gone on from, kept as a view, and put on a dashboard."""

import json

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.gemini_stand_in import hangs, streams
from tests.seen import barriers, width
from tests.server import sign_in


def replies(sql: str, answers: str, **more):
    return streams(json.dumps({"outcome": "sql", "sql": sql, "answers": answers, **more}))


class Ask:
    def __init__(self, page):
        self.page = page
        self.box = page.get_by_role("textbox", name="question").or_(page.get_by_role("textbox", name="Ask on"))

    def ask(self, question: str) -> None:
        self.box.fill(question)
        self.page.get_by_role("button", name="Ask", exact=True).click()


@pytest.mark.parametrize(("pixels", "scheme"), [(1280, "light"), (400, "dark")])
def test_a_question_is_asked_gone_on_from_and_kept(chromium, server, gemini, pixels, scheme):
    page = chromium.new_page(viewport={"width": pixels, "height": 900}, base_url=server.url, color_scheme=scheme)
    page.set_default_timeout(30_000)
    sign_in(page, server.person(Role.ANALYST))
    page.goto("/data")
    page.get_by_role("button", name="New view").click()
    page.get_by_role("link", name="By asking").click()
    ask = Ask(page)
    # What is sent is seen before; Gemini that says nothing is left.
    question = f"Which {pixels} airlines fly most?"  # an equal one would be answered from before
    ask.box.fill(question)
    page.get_by_role("button", name="See what is sent").click()
    expect(page.get_by_text("This is sent when you press Ask")).to_be_visible()
    gemini.will(hangs())
    page.get_by_role("button", name="Ask", exact=True).click()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_text("It was stopped before there was an answer.")).to_be_visible()
    expect(ask.box).to_have_value(question)
    # An answer with its sentence, chart and SQL.
    sql = "select carrier, count(*) as flights from sample.flights group by carrier order by flights desc"
    gemini.will(replies(sql, "Flights of 2013 by airline.", leaves_out="Their names.", title=f"Flights by airline {pixels}"))
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Not answered: Their names.")).to_be_visible()
    expect(page.locator("canvas, svg.marks").first).to_be_visible()
    expect(ask.box).to_have_value("")
    # On from there; the address finds it again.
    gemini.will(replies(sql.replace(" group", " where origin = 'JFK' group"), "The same, from JFK alone.", title=f"From JFK {pixels}"))
    ask.ask("Only from JFK <b>please</b>")
    expect(page.get_by_text("The same, from JFK alone.")).to_be_visible()
    assert "group by carrier" in gemini.generated[-1].text
    page.reload()
    expect(page.get_by_text("The same, from JFK alone.")).to_be_visible()
    expect(page.get_by_role("heading", name="Only from JFK <b>please</b>")).to_be_visible()
    assert [found for found in barriers(page) if "<pre" not in found] == []  # Streamlit's own box of code
    assert width(page) <= pixels
    # Reported in one click, and taken back.
    page.get_by_role("button", name="Report as wrong").click()
    page.get_by_role("button", name="Reported as wrong").click()
    expect(page.get_by_role("button", name="Report as wrong")).to_be_visible()
    # On a dashboard, and as a view.
    page.get_by_role("button", name="Put on a dashboard").click()
    page.get_by_role("button", name="Put it there").click()
    expect(page.get_by_role("heading", name=f"From JFK {pixels}")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Save as a view").click()
    page.get_by_role("textbox", name="Title").fill(f"JFK alone {pixels}")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", name=f"JFK alone {pixels}")).to_be_visible()
    # By hand from there on.
    page.go_back()
    page.get_by_role("button", name="Continue in SQL").click()
    expect(page.get_by_role("textbox", name="SQL of the view")).to_contain_text("origin = 'JFK'")
    page.close()
