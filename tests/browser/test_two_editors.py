"""Two analysts edit one view at once, each in a browser of their own: the second is told, and loses nothing."""

import json

import pytest
from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.seen import barriers, settled
from tests.server import sign_in

QUESTIONS = {
    "by-clicking": {
        "kind": "table",
        "schema": "sample",
        "table": "airlines",
        "columns": [{"column": "carrier"}, {"column": "name"}],
    },
    "in-sql": {"kind": "sql", "sql": "select carrier, name from sample.airlines"},
}


def keep(server, owner, name: str, question: dict) -> None:
    spec = {"name": name, "title": "Airlines", "source": "sample", "question": question}
    with server.database() as cursor:
        cursor.execute(
            "insert into nexus.views (name, title, version, owner_id) values (%s, 'Airlines', 1, %s) returning id", (name, owner.id)
        )
        cursor.execute(
            "insert into nexus.view_versions (kept_id, version, spec, saved_by) values (%s, 1, %s, %s)",
            (cursor.fetchone()[0], json.dumps(spec), owner.id),
        )


def titles(server, name: str) -> list[str]:
    """Of all versions, the oldest first."""
    with server.database() as cursor:
        cursor.execute(
            "select v.spec->>'title' from nexus.view_versions v join nexus.views k on k.id = v.kept_id where k.name = %s order by v.version",
            (name,),
        )
        return [title for (title,) in cursor.fetchall()]


def retitle(page, title: str) -> None:
    page.get_by_role("textbox", name="Title").fill(title)
    page.keyboard.press("Tab")
    settled(page)


@pytest.mark.parametrize("way", QUESTIONS)
def test_the_second_is_told_who_saved_and_loses_nothing(page, chromium, app_server, way):
    ana, ben = app_server.person(Role.ANALYST, name="Ana Ruiz"), app_server.person(Role.ANALYST, name="Ben <b>Okafor</b>")
    name = f"two-editors-{way}"
    keep(app_server, ana, name, QUESTIONS[way])
    context = chromium.new_context(base_url=app_server.url)
    context.set_default_timeout(30_000)
    theirs = context.new_page()
    try:
        for at, person in ((page, ana), (theirs, ben)):
            sign_in(at, person)
            at.goto(f"/view?name={name}&edit=1")
            expect(at.get_by_role("textbox", name="Title")).to_have_value("Airlines")
        retitle(page, "Airlines of Ana")
        retitle(theirs, "Airlines of Ben")
        theirs.get_by_role("button", name="Save").first.click()
        expect(theirs.get_by_role("heading", name="Airlines of Ben", level=1)).to_be_visible()

        page.get_by_role("button", name="Save").first.click()
        expect(page.get_by_text("Ben <b>Okafor</b> saved version 2")).to_be_visible()
        expect(page.get_by_text("Nothing of yours is lost.")).to_be_visible()
        expect(page.get_by_role("textbox", name="Title")).to_have_value("Airlines of Ana")
        assert titles(app_server, name) == ["Airlines", "Airlines of Ben"]
        assert barriers(page) == []
        # After a reload it is all still there.
        page.reload()
        expect(page.get_by_text("saved version 2")).to_be_visible()
        expect(page.get_by_role("textbox", name="Title")).to_have_value("Airlines of Ana")
        page.get_by_role("button", name="Save mine on top").click()
        expect(page.get_by_role("heading", name="Airlines of Ana", level=1)).to_be_visible()
        assert titles(app_server, name) == ["Airlines", "Airlines of Ben", "Airlines of Ana"]
    finally:
        context.close()
