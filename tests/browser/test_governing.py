"""What prompts may send and spend, set and seen in a real browser: rules, budgets, and the runs that there were."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.gemini_stand_in import streams
from tests.seen import barriers, width
from tests.server import sign_in

ANSWERS = ("From June to August, 86,995 flights left.", "From June to August, 86,996 flights left New York.")
RULES = '[{"schema": "sample", "table": "airlines", "column": "name", "rule": "mask"}]'


def look(page, name: str) -> None:
    """For people who run this by hand with a folder for pictures."""
    if folder := os.environ.get("PICTURES"):
        page.wait_for_timeout(800)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize(("pixels", "scheme"), [(1280, "light"), (400, "dark")])
def test_rules_budgets_and_runs(chromium, server, gemini, pixels, scheme):
    with server.database() as cursor:
        cursor.execute("update nexus.sources set spec = spec || jsonb_build_object('rules', %s::jsonb)", (RULES,))
        cursor.execute(
            "insert into nexus.saved_settings (name, value) values ('budgets', %s), ('gemini_prices', %s) on conflict do nothing",
            (
                '{"value": [{"of": "person", "tokens": 90000, "usd": 2.5, "warn_percent": 1}]}',
                '{"value": {"gemini-3.8-flash": {"input": 0.5, "output": 3}}}',
            ),
        )
    page = chromium.new_page(viewport={"width": pixels, "height": 900}, base_url=server.url, color_scheme=scheme)
    page.set_default_timeout(30_000)
    sign_in(page, server.person(Role.ADMIN))

    for answer in ANSWERS:
        gemini.will(streams(answer, prompt_tokens=2_000, answer_tokens=500))
        page.goto("/prompt?name=morning-brief")
        page.get_by_role("button", name="Send to Gemini").or_(page.get_by_role("button", name="Run again")).click()
        expect(page.locator(".prose", has_text=answer.split()[-2])).to_be_visible()
    expect(page.get_by_text("of your budget for")).to_be_visible()
    expect(page.get_by_text("as pseudonyms: airline by the source's rule for sample.airlines.name").first).to_be_visible()
    look(page, f"prompt-{pixels}")

    page.goto("/runs")
    expect(page.get_by_role("heading", name="Prompt runs")).to_be_visible()
    page.locator("[data-testid=stDataFrame]").click(position={"x": 12, "y": 52})
    expect(page.locator(".prose", has_text="86,996")).to_be_visible()
    page.get_by_text("Compared with run").click()
    expect(page.locator(".nexus-compared ins", has_text="86,996")).to_be_visible()
    expect(page.get_by_text("Figures that are new")).to_be_visible()
    page.get_by_text("good", exact=True).click()
    page.get_by_role("textbox", name="Comment").fill("As it was")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    look(page, f"runs-{pixels}")
    assert barriers(page) == []
    assert width(page) <= pixels
    page.goto("/runs?q=nothing-is-called-so")
    expect(page.get_by_text("No run holds")).to_be_visible()
    file = page.request.get("/prompt-runs.csv?q=86,996")
    assert file.headers["content-disposition"] == 'attachment; filename="prompt-runs.csv"'
    assert "As it was" in file.text()

    page.goto("/account")
    expect(page.get_by_text("5,000 of 90,000 tokens")).to_be_visible()
    look(page, f"account-{pixels}")

    page.goto("/settings?section=budgets")
    expect(page.get_by_role("heading", name="What was spent")).to_be_visible()
    expect(page.locator("[data-testid=stDataFrame]")).to_have_count(3)
    look(page, f"budgets-{pixels}")
    assert width(page) <= pixels

    page.goto("/settings?section=sources&source=sample")
    expect(page.get_by_text("What prompts may send of this source's columns")).to_be_visible()
    look(page, f"sources-{pixels}")
    page.close()
