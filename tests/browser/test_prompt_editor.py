"""A prompt made from nothing in a real browser: written, completed, fed with data, tried, tested and saved."""

import os

from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.gemini_stand_in import streams
from tests.seen import barriers, settled, width
from tests.server import sign_in


def look(page, name):
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def test_a_prompt_is_made_from_nothing_tried_tested_and_saved(chromium, server, gemini):
    page = chromium.new_page(viewport={"width": 1360, "height": 900}, base_url=server.url)
    page.set_default_timeout(30_000)
    sign_in(page, server.person(Role.ANALYST))
    page.goto("/prompts")
    page.get_by_role("link", name="New prompt").click()
    page.wait_for_url("**draft=**")
    box = page.get_by_role("textbox", name="Template of the prompt")
    box.click()
    page.keyboard.type("Write to {{ tone }} readers about the airlines of New York: ")
    # A view's rows become data of a name, which the editor completes.
    settled(page)
    page.get_by_label("Add the rows of a view").fill("Carriers")
    page.get_by_role("option").filter(has_text="carriers").first.click()
    expect(page.get_by_label("Name in the template")).to_have_value("carriers")
    settled(page)
    box.click()
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("{{car")
    page.get_by_role("option", name="carriers").click()
    expect(box).to_contain_text("{{ carriers }}")
    expect(page.get_by_text("not finished")).to_have_count(0)
    look(page, "1-written")
    # Its variable is asked for at once, and the exact request follows.
    settled(page)
    page.get_by_label("Tone", exact=True).fill("curious")
    page.get_by_label("Tone", exact=True).press("Enter")
    expect(page.get_by_text("Write to curious readers").first).to_be_visible()
    gemini.will(streams("United Air Lines ", "leads."))
    page.get_by_role("button", name="Send to Gemini").click()
    expect(page.locator(".prose", has_text="United Air Lines leads.")).to_be_visible()
    assert "Write to curious readers" in gemini.generated[-1].text
    look(page, "2-tried")
    # A test case, run before it is saved.
    page.get_by_role("tab", name="Test cases").click()
    page.get_by_role("button", name="Add a test case").click()
    settled(page)
    words = page.get_by_label("Must hold")
    words.fill("United")
    words.press("Enter")
    words.press("Escape")
    page.get_by_label("Title", exact=True).fill("Airlines in words")
    page.get_by_label("Title", exact=True).press("Enter")
    settled(page)
    gemini.will(streams("United leads."))
    page.get_by_role("button", name="Test and save").click()
    page.wait_for_url("**name=airlines-in-words**")
    expect(page.get_by_role("heading", name="Airlines in words", level=1)).to_be_visible()
    page.goto("/prompts")
    expect(page.get_by_text("1 of 1 tests passed")).to_be_visible()
    look(page, "3-list")
    page.goto("/prompt?name=airlines-in-words&edit=1")
    expect(page.get_by_role("textbox", name="Template of the prompt")).to_contain_text("{{ carriers }}")
    expect(page.get_by_text("What will be sent")).to_be_visible()
    assert [found for found in barriers(page) if "<pre" not in found] == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 400, "height": 860})
    look(page, "4-phone-dark")
    assert width(page) <= 400
    page.close()
