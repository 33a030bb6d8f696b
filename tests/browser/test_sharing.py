"""Sharing between two people in a real browser: one of them sees it vanish, and come back."""

import json

from playwright.sync_api import expect

from nexus.accounts.spec import Role
from tests.seen import barriers
from tests.server import sign_in

NAME, TITLE = "pay-slips", "Who earns what"
GONE = "This no longer exists, or you may not see it."


def private_view(server, owner) -> None:
    spec = {"name": NAME, "title": TITLE, "source": "sample", "question": {"kind": "sql", "sql": "select 987654 as pay"}}
    with server.database() as cursor:
        cursor.execute(
            "insert into nexus.views (name, title, version, owner_id) values (%s, %s, 2, %s) returning id", (NAME, TITLE, owner.id)
        )
        kept_id = cursor.fetchone()[0]
        for version, title in ((1, "Pay"), (2, TITLE)):
            cursor.execute(
                "insert into nexus.view_versions (kept_id, version, spec, saved_by) values (%s, %s, %s, %s)",
                (kept_id, version, json.dumps(spec | {"title": title}), owner.id),
            )


def test_what_is_shared_appears_and_what_is_taken_back_vanishes(page, chromium, app_server):
    ana = app_server.person(Role.ANALYST, name="Ana Ruiz")
    ben = app_server.person(Role.ANALYST, name="Ben Okafor", email="okafor@example.org")
    private_view(app_server, ana)
    sign_in(page, ana)
    context = chromium.new_context(base_url=app_server.url, viewport={"width": 400, "height": 800})
    context.set_default_timeout(30_000)
    theirs = context.new_page()
    sign_in(theirs, ben)
    try:
        walk(page, theirs, ben)
        see_as(page, app_server, ben)
    finally:
        context.close()


def walk(page, theirs, ben) -> None:
    page.goto(f"/view?name={NAME}")
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    theirs.goto(f"/view?name={NAME}")
    expect(theirs.get_by_role("heading", name=TITLE)).to_be_visible()

    page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Everybody who signs in")).to_be_visible()
    dialog.get_by_text("Only those named here").click()
    assert barriers(page) == []
    expect(dialog.get_by_text("Owner: Ana Ruiz")).to_be_visible()

    theirs.reload()
    expect(theirs.get_by_text(GONE)).to_be_visible()
    assert TITLE not in theirs.content()
    theirs.goto("/data")
    expect(theirs.get_by_role("heading", name="Data")).to_be_visible()
    expect(theirs.get_by_text(TITLE)).to_have_count(0)
    for format_ in ("csv", "xlsx", "parquet", "jsonl", "pdf"):
        refused, never = (theirs.request.get(f"/views/{name}.{format_}") for name in (NAME, "never-was"))
        assert (refused.status, refused.text()) == (404, never.text())

    dialog.get_by_label("Add somebody").fill("okafor")
    dialog.get_by_label("Add somebody").press("Enter")
    dialog.get_by_role("button", name="Add Ben Okafor").click()
    expect(dialog.get_by_text("okafor@example.org")).to_be_visible()
    theirs.goto(f"/view?name={NAME}")
    expect(theirs.get_by_role("heading", name=TITLE)).to_be_visible()
    expect(theirs.get_by_role("button", name="Edit", exact=True)).to_have_count(0)
    assert "987654" in theirs.request.get(f"/views/{NAME}.csv").text()

    dialog.get_by_label("What Ben Okafor may do").click()
    page.get_by_role("option", name="may change it").click()
    expect(dialog.get_by_label("What Ben Okafor may do")).to_have_value("may change it")
    assert barriers(page) == []
    theirs.reload()
    theirs.get_by_role("button", name="Edit", exact=True).click()
    theirs.get_by_role("tab", name="Versions").click()
    expect(theirs.get_by_text("Title: “Pay” became “Who earns what”.")).to_be_visible()
    assert barriers(theirs) == []

    dialog.get_by_role("button", name="Take Ben Okafor off").click()
    expect(dialog.get_by_text("okafor@example.org")).to_have_count(0)
    theirs.reload()
    expect(theirs.get_by_text(GONE)).to_be_visible()


def see_as(page, server, ben) -> None:
    admin = server.person(Role.ADMIN)
    page.context.clear_cookies()
    sign_in(page, admin)
    page.goto(f"/view?name={NAME}")
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="See it as somebody else").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Whose eyes").fill("okafor")
    dialog.get_by_label("Whose eyes").press("Enter")
    dialog.get_by_role("button", name="See as Ben Okafor").click()
    expect(page.get_by_text("As Ben Okafor (analyst) sees it")).to_be_visible()
    expect(page.get_by_text(GONE)).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    page.get_by_role("button", name="Runs", exact=True).click()
    expect(page.get_by_text("runs in 24 hours")).to_be_visible()
    assert barriers(page) == []
    with server.database() as cursor:
        cursor.execute("select detail ->> 'as' from nexus.audit_entries where what = 'person.seen as' and user_id = %s", (admin.id,))
        assert cursor.fetchall() == [(ben.email,)]
