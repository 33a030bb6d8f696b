"""What an open dashboard does by itself as time passes, by a clock that the test turns: tabs that turn, and data that is asked again."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from nexus.accounts.spec import Role
from tests.seen import barriers
from tests.server import Server, sign_in

SEEN, HIDDEN = "visible", "hidden"


@pytest.fixture
def ticking(app_server) -> Iterator[Server]:
    """A dashboard of two tabs with a figure that says when the database was asked; it asks again every minute."""
    owner = app_server.person(Role.ANALYST)
    with app_server.database() as cursor:
        # As the sample's, but no answer is kept: the server's own clock stands still while the browser's is turned.
        cursor.execute(
            """insert into nexus.sources (name, url, spec) select 'unkept', url, jsonb_set(
                case when spec ? 'name' then jsonb_set(spec, '{name}', '"unkept"') else spec end,
                '{limits}', coalesce(spec->'limits', '{}') || '{"cache_seconds": 0}') from nexus.sources where name = 'sample'"""
        )
    panels = [{"kind": "text", "name": name, "title": f"On {name}", "text": "Text.", "tab": name} for name in ("one", "two")]
    figure = {"kind": "metric", "name": "moment", "view": "ticking-moment", "title": "Moment", "measure": "moment"}
    view = {
        "name": "ticking-moment",
        "title": "Moment",
        "source": "unkept",
        "question": {"kind": "sql", "sql": "select extract(epoch from clock_timestamp())::numeric(20, 6) as moment"},
    }
    tabs = [{"name": name, "title": name.title()} for name in ("one", "two")]
    spec = {"name": "ticking", "title": "Ticking", "tabs": tabs, "panels": [figure, *panels], "refresh_seconds": 60}
    for kind, kept in (("view", view), ("dashboard", spec)):
        with app_server.database() as cursor:
            cursor.execute(
                f"insert into nexus.{kind}s (name, title, version, owner_id) values (%s, %s, 1, %s) returning id",
                (kept["name"], kept["title"], owner.id),
            )
            cursor.execute(
                f"insert into nexus.{kind}_versions (kept_id, version, spec, saved_by) values (%s, 1, %s, %s)",
                (cursor.fetchone()[0], json.dumps(kept), owner.id),
            )
    yield app_server
    with app_server.database() as cursor:
        cursor.execute("delete from nexus.dashboards where name = 'ticking'; delete from nexus.views where name = 'ticking-moment'")
        cursor.execute("delete from nexus.sources where name = 'unkept'")


def look(page, state: str) -> None:
    """As if somebody took the browser's tab to the front, or another one over it."""
    page.evaluate(
        """state => {
            Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });
            document.dispatchEvent(new Event('visibilitychange'));
        }""",
        state,
    )


def _whole_run(frame) -> list[str]:
    """Something, where the frame ends a run of the whole page."""
    told = ForwardMsg.FromString(frame) if isinstance(frame, bytes) else ForwardMsg()
    return ["run"] if told.WhichOneof("type") == "script_finished" and told.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY else []


def rested(page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def test_time_turns_tabs_and_asks_again_while_somebody_looks_and_nobody_pauses(ticking, page):
    sign_in(page, ticking.person(Role.VIEWER))
    page.clock.install()
    whole: list[str] = []
    page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: whole.extend(_whole_run(frame))))
    figure, open_tab = page.locator(".nexus-value"), page.locator(".st-key-panels h3").last
    page.goto("/dashboard?name=ticking")
    expect(figure).to_have_count(1)
    first = figure.inner_text()
    rested(page)
    pause = page.get_by_role("button", name=re.compile("Refreshes every 1 min"))
    expect(pause).to_be_visible()

    # Not before its time, then at it.
    page.clock.run_for(50_000)
    rested(page)
    assert figure.inner_text() == first
    page.clock.run_for(12_000)
    expect(figure).not_to_have_text(first)
    second = figure.inner_text()
    rested(page)
    page.clock.run_for(62_000)
    expect(figure).not_to_have_text(second)
    second = figure.inner_text()
    rested(page)

    # Paused, also after a reload, until somebody goes on.
    pause.click()
    go_on = page.get_by_role("button", name="Paused · Go on")
    expect(go_on).to_have_attribute("aria-pressed", "true")
    page.clock.run_for(200_000)
    rested(page)
    assert figure.inner_text() == second
    assert barriers(page) == []
    page.reload()
    expect(go_on).to_be_visible()
    rested(page)
    paused = figure.inner_text()
    page.clock.run_for(200_000)
    rested(page)
    assert figure.inner_text() == paused
    go_on.click()
    page.clock.run_for(62_000)
    expect(figure).not_to_have_text(paused)
    rested(page)

    # Nobody looks: nothing is asked. Once somebody does, what was due is made up for.
    unseen = figure.inner_text()
    look(page, HIDDEN)
    page.clock.run_for(90_000)
    rested(page)
    assert figure.inner_text() == unseen
    look(page, SEEN)
    expect(figure).not_to_have_text(unseen)
    rested(page)

    # On a wall screen tabs turn, round and round, as long as somebody looks.
    page.goto("/dashboard?name=ticking&present=1&turn=30")
    expect(open_tab).to_have_text("On one")
    rested(page)
    turning = page.get_by_role("button", name=re.compile("Turns every 30 s"))
    expect(turning).to_be_visible()
    assert barriers(page) == []
    whole.clear()
    for shown in ("two", "one"):
        page.clock.run_for(31_000)
        expect(open_tab).to_have_text(f"On {shown}")
        page.wait_for_url(re.compile(f"tab={shown}"))
        rested(page)
    assert whole == [], "the whole page was drawn for a tab"
    turning.click()
    page.clock.run_for(100_000)
    rested(page)
    expect(open_tab).to_have_text("On one")
    page.keyboard.press("Escape")
    page.wait_for_url(lambda address: "present" not in address)
    expect(page.get_by_role("button", name="Edit")).to_have_count(0)
