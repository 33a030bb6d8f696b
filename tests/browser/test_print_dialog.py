"""The print dialog in a real browser: looked at before it is taken, with a password, and in the background."""

import json
import os

import pypdfium2
import pytest
from playwright.sync_api import Page, expect

from nexus.accounts.spec import Role
from tests.seen import barriers, settled
from tests.server import sign_in

LOOK = os.environ.get("LOOK_AT")


def shot(page: Page, name: str) -> None:
    if LOOK:
        page.screenshot(path=f"{LOOK}/{name}.png")


def test_a_print_is_looked_at_locked_and_fetched_when_it_is_ready(page, app_server):
    sign_in(page, app_server.person(Role.VIEWER))
    page.goto("/view?name=delays-by-carrier")
    page.get_by_role("button", name="Print").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Preview").click()
    first = dialog.get_by_role("img", name="Page 1 of")
    first.wait_for()
    expect(first).to_have_js_property("complete", True)
    assert first.evaluate("image => image.naturalWidth") == 1_000
    page.set_viewport_size({"width": 400, "height": 800})
    settled(page)
    places = [dialog.get_by_role("button", name=name, exact=True).bounding_box() for name in ("Back", "Next")]
    assert places[0]["y"] == places[1]["y"], "one line, also on a phone"
    shot(page, "preview")
    assert barriers(page) == []
    field = dialog.get_by_role("textbox", name="Password")
    field.fill("correct horse")
    field.press("Enter")
    expect(dialog.get_by_role("link", name="Download PDF")).to_be_hidden(timeout=15_000)
    shot(page, "password")
    dialog.get_by_role("button", name="Print in the background").click()
    ready = dialog.get_by_role("link", name="Download")
    ready.wait_for(timeout=30_000)
    shot(page, "ready")
    with page.expect_download() as download:
        ready.click()
    file = download.value.path().read_bytes()
    with pytest.raises(pypdfium2.PdfiumError):
        pypdfium2.PdfDocument(file)
    assert len(pypdfium2.PdfDocument(file, password="correct horse")) >= 1


def test_a_long_print_shows_how_far_it_is_on_the_reports_page_and_is_cancelled_there(page, app_server):
    person = app_server.person(Role.VIEWER)
    with app_server.database() as cursor:
        question = {"kind": "sql", "sql": "select n as a, n * 2 as b, 'Name ' || n as c from generate_series(1, 200000) n"}
        spec = {"name": "endless-rows", "title": "Endless rows", "source": "sample", "question": question}
        cursor.execute("insert into nexus.views (name, title, version) values ('endless-rows', 'Endless rows', 1) returning id")
        cursor.execute(
            "insert into nexus.view_versions (kept_id, version, spec) values (%s, 1, %s)", (cursor.fetchone()[0], json.dumps(spec))
        )
    sign_in(page, person)
    page.goto("/view?name=endless-rows")
    page.get_by_role("button", name="Print").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("this takes about").wait_for()
    shot(page, "long")
    expect(dialog.get_by_role("link", name="Download PDF")).to_be_hidden()
    dialog.get_by_role("button", name="Print in the background").click()
    dialog.get_by_text("You can leave this page").wait_for()
    page.goto("/reports")
    page.get_by_role("progressbar").wait_for()
    page.get_by_text("pages,").wait_for(timeout=60_000)
    shot(page, "running")
    assert barriers(page) == []
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("was not printed. You cancelled this print.").wait_for(timeout=60_000)
    shot(page, "cancelled")
