"""Two analysts change one dashboard at once: the second is told and loses nothing, and steps back outlive a reload."""

import json
import re

from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.seen import barriers
from tests.server import sign_in

TEXTS = [{"kind": "text", "name": name, "title": name.title(), "text": f"About {name}."} for name in ("first", "second")]


def keep(server, owner, name: str) -> None:
    spec = {"name": name, "title": "Shared", "panels": TEXTS}
    with server.database() as cursor:
        cursor.execute(
            "insert into nexus.dashboards (name, title, version, owner_id) values (%s, 'Shared', 1, %s) returning id", (name, owner.id)
        )
        cursor.execute(
            "insert into nexus.dashboard_versions (kept_id, version, spec, saved_by) values (%s, 1, %s, %s)",
            (cursor.fetchone()[0], json.dumps(spec), owner.id),
        )


def titles(server, name: str) -> list[list[str]]:
    """Of the panels of all versions, the oldest version first."""
    with server.database() as cursor:
        cursor.execute(
            "select v.spec->'panels' from nexus.dashboard_versions v join nexus.dashboards k on k.id = v.kept_id where k.name = %s order by v.version",
            (name,),
        )
        return [[panel["title"] for panel in panels] for (panels,) in cursor.fetchall()]


def rested(page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def headings(page):
    return page.locator(".st-key-compose-board h3")


def retitle(page, before: str, after: str) -> None:
    page.locator(".layer").get_by_role("button", name=re.compile(f"^{before}, ")).click()
    box = page.locator(".st-key-compose-side").get_by_role("textbox", name="Title")
    expect(box).to_have_value(before)
    rested(page)
    box.fill(after)
    box.press("Enter")
    expect(headings(page).get_by_text(after, exact=True)).to_be_visible()
    rested(page)


def publish(page) -> None:
    page.get_by_role("button", name="Publish").click()
    page.get_by_role("button", name="Publish now").click()


def test_the_second_is_told_who_published_and_steps_back_outlive_a_reload(page, chromium, app_server):
    ana, ben = app_server.person(Role.ANALYST, name="Ana Ruiz"), app_server.person(Role.ADMIN, name="Ben <b>Okafor</b>")
    keep(app_server, ana, "two-composers")
    context = chromium.new_context(base_url=app_server.url)
    context.set_default_timeout(30_000)
    theirs = context.new_page()
    try:
        for at, person in ((page, ana), (theirs, ben)):
            sign_in(at, person)
            at.goto("/dashboard?name=two-composers&edit=1")
            expect(headings(at)).to_have_text(["First", "Second"])
            rested(at)
        for before, after in (("First", "Mine"), ("Mine", "Mine again"), ("Second", "Mine too")):
            retitle(page, before, after)
        retitle(theirs, "First", "Of Ben")
        publish(theirs)
        expect(theirs.locator(".st-key-panels h3").first).to_have_text("Of Ben")

        publish(page)
        expect(page.get_by_text("Ben <b>Okafor</b> saved version 2")).to_be_visible()
        expect(page.get_by_text("Nothing of yours is lost.")).to_be_visible()
        expect(headings(page)).to_have_text(["Mine again", "Mine too"])
        assert titles(app_server, "two-composers") == [["First", "Second"], ["Of Ben", "Second"]]
        page.keyboard.press("Escape")
        page.get_by_text("Show the difference").click()
        expect(page.get_by_test_id("stCode")).to_contain_text("+  title: Mine too")
        rested(page)
        assert barriers(page) == []

        page.reload()
        expect(page.get_by_text("saved version 2")).to_be_visible()
        expect(headings(page)).to_have_text(["Mine again", "Mine too"])
        undo, redo = (page.get_by_role("button", name=name) for name in ("Undo", "Redo"))
        for shown in (["Mine again", "Second"], ["Mine", "Second"], ["First", "Second"]):
            undo.click()
            expect(headings(page)).to_have_text(shown)
            rested(page)
        expect(undo).to_be_disabled()
        page.reload()
        expect(undo).to_be_disabled()
        for shown in (["Mine", "Second"], ["Mine again", "Second"], ["Mine again", "Mine too"]):
            redo.click()
            expect(headings(page)).to_have_text(shown)
            rested(page)
        expect(redo).to_be_disabled()

        page.get_by_role("button", name="Save mine on top").click()
        page.wait_for_url(lambda address: "edit=" not in address)
        expect(page.locator(".st-key-panels h3")).to_have_text(["Mine again", "Mine too"])
        assert titles(app_server, "two-composers")[1:] == [["Of Ben", "Second"], ["Mine again", "Mine too"]]
    finally:
        context.close()
