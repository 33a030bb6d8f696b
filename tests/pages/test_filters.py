"""Filters of a dashboard as people meet them: required, depending on each other, waiting for a button, saved; and what is clicked."""

import re

import pytest

from nexus.dashboards import filter_sets
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db import session as own
from nexus.views import service as views
from nexus.views.spec import View
from tests.pages.conftest import button, head, shown

AIRPORTS = "select * from (values ('North', 'Oslo', 3), ('North', 'Bergen', 4), ('South', 'Rome', 5)) t (region, city, flights)"
REGION = {"name": "region", "type": "choice", "choices": {"view": "places", "column": "region"}}
CITY = {"name": "city", "type": "choice", "choices": {"view": "places", "column": "city", "narrowed": {"region": "region"}}}
PANELS = [
    {"kind": "table", "name": "rows", "title": "Rows", "view": "places", "filtered": {"region": "region", "city": "city"}},
    {"kind": "chart", "name": "bars", "title": "Bars", "view": "places", "chart": {"kind": "bar", "x": "city", "y": ["flights"]}},
]


@pytest.fixture
def board(sample_database, admin):
    def make(**changes) -> None:
        view = View(name="places", title="Places", source="sample", question={"kind": "sql", "sql": AIRPORTS})
        made = {"name": "board", "title": "Board", "filters": [REGION, CITY], "panels": PANELS, **changes}
        with own.transaction() as session:
            views.save_view(session, user=admin, view=view)
            dashboards.save_dashboard(session, user=admin, dashboard=Dashboard(**made))

    return make


def feet(app) -> list[str]:
    """How many rows each panel says it has."""
    bodies = "".join(element.proto.body for element in app.get("html"))
    return re.findall(r"(\d+) rows? · complete", bodies)


def box(app, label: str):
    return next(one for one in app.selectbox if one.label.startswith(label))


def test_a_filter_over_a_column_and_the_choices_that_depend_on_it(board, visit, viewer):
    board()
    app = visit("dashboard", viewer, name="board", region="North")
    assert sorted(feet(app)) == ["2", "3"]
    assert box(app, "City").options == ["Oslo", "Bergen"]


def test_a_chosen_value_that_is_no_longer_offered_says_so(board, visit, viewer):
    board()
    app = visit("dashboard", viewer, name="board", region="North", city="Rome")
    assert box(app, "City").value == "Rome"
    assert "Rome (not offered)" in box(app, "City").options
    assert "No rows" in "".join(element.proto.body for element in app.get("html"))


def test_a_required_filter_says_what_to_choose_and_other_panels_stand(board, visit, viewer):
    board(filters=[{**REGION, "required": True}, CITY])
    app = visit("dashboard", viewer, name="board")
    assert "Choose “Region” above" in "".join(element.proto.body for element in app.get("html"))
    assert feet(app) == ["3"]
    assert box(app, "Region").label == "Region (required)"


def test_changes_wait_for_the_button_where_the_dashboard_says_so(board, visit, viewer):
    board(apply="button")
    app = visit("dashboard", viewer, name="board")
    box(app, "Region").set_value("South").run()
    assert "region" not in app.query_params
    assert box(app, "City").options == ["Rome"]
    # A reload keeps what waits; what no filter can hold does not wait.
    again = visit("dashboard", viewer, name="board", **{"g.pending": '{"region":["South"],"gone":["x"],"city":5}'})
    assert box(again, "Region").value == "South"
    assert button(again, "Apply 1 change")
    assert feet(again) == feet(visit("dashboard", viewer, name="board", **{"g.pending": "[" * 5_000}))
    button(app, "Apply 1 change").click().run()
    assert app.query_params["region"] in ("South", ["South"])
    # Only the panel that the filter narrows is drawn again.
    assert feet(app) == ["1"]


def test_what_the_address_says_was_clicked_narrows_the_others_and_a_chip_takes_it_back(board, visit, viewer):
    board()
    app = visit("dashboard", viewer, name="board", **{"g.pick": '[["bars",[{"city":"Oslo"}]]]'})
    assert sorted(feet(app)) == ["1", "3"]
    button(app, "city\\: Oslo").click().run()
    assert "g.pick" not in app.query_params
    assert feet(visit("dashboard", viewer, name="board")) == ["3", "3"]


@pytest.mark.parametrize("text", ["x", '[["bars",[{"city":{"a":1}}]]]', '[["bars",[{"a\\u0000":"b"}]]]', "[" * 400])
def test_a_forged_click_in_the_address_is_said_and_left_out(board, visit, viewer, text):
    board()
    app = visit("dashboard", viewer, name="board", **{"g.pick": text})
    assert "not readable in the address" in shown(app)
    assert feet(app) == ["3", "3"]


def test_a_click_of_hostile_text_is_shown_and_compared_literally(board, visit, viewer):
    board()
    app = visit("dashboard", viewer, name="board", **{"g.pick": '[["bars",[{"city":"**x** <b> \' or true --"}]]]'})
    assert not app.exception
    assert sorted(feet(app)) == ["0", "3"]
    assert any("or true" in one.label and "\\*\\*x" in one.label for one in app.button)


def test_my_default_set_holds_where_the_address_says_nothing_and_not_for_others(board, visit, viewer, analyst):
    board()
    with own.transaction() as session:
        filter_sets.save(session, user=viewer, dashboard="board", name="South", query={"region": ["South"]})
        (mine,) = dashboards.open_dashboard(session, reader=viewer, name="board").filter_sets
        filter_sets.make_default(session, user=viewer, dashboard="board", set_id=mine.id)
    app = visit("dashboard", viewer, name="board")
    assert box(app, "Region").value == "South"
    assert box(visit("dashboard", analyst, name="board"), "Region").value is None
    assert box(visit("dashboard", viewer, name="board", region="North"), "Region").value == "North"
    assert box(visit("dashboard", viewer, name="board", **{"g.set": "none"}), "Region").value is None


def test_the_way_back_names_only_what_i_may_see(board, visit, viewer, admin):
    board()
    with own.transaction() as session:
        dashboards.save_dashboard(session, user=admin, dashboard=Dashboard(name="secret", title="Secret plans"), open_to_all=False)
        dashboards.save_dashboard(session, user=admin, dashboard=Dashboard(name="open", title="Open plans"))
    for came_from, seen in (("secret?region=x", False), ("open?region=North&x=%00", True), ("nothing", False)):
        app = visit("dashboard", viewer, name="board", **{"g.back": came_from})
        labels = [one.label for one in app.button]
        assert ("Open plans" in labels) is seen
        assert "Secret plans" not in labels
        assert not app.exception


EVERY = [
    {"name": "words", "type": "text"},
    {"name": "least", "type": "number", "minimum": 0, "maximum": 100, "default": 2},
    {"name": "late", "type": "boolean"},
    {"name": "day", "type": "date"},
    {"name": "period", "type": "date_range"},
    REGION,
    CITY,
    {"name": "cities", "type": "multiple_choice", "choices": {"view": "places", "column": "city"}},
]
HOSTILE = {
    "of every type": dict.fromkeys(("least", "late", "day", "period"), "' or true; drop table nexus.views; --"),
    "no numbers": {"least": "NaN", "day": "0000-01-01"},
    "no finite number": {"least": "1e400", "day": "10000-01-01"},
    "out of bounds": {"least": "101", "period": "9999-12-31..0001-01-01"},
    "the first and the last day": {"day": "0001-01-01", "period": "0001-01-01..9999-12-31"},
    "the last day": {"day": "9999-12-31", "period": "9999-12-31..9999-12-31"},
    "lists for one value": {"least": ["1", "2"], "day": ["2013-01-01", "2013-01-02"], "region": ["North", "South"], "words": ["a", "b"]},
    "10,000 characters": {"words": "x" * 10_000, "region": "y" * 10_000, "cities": "z" * 10_000, "least": "9" * 10_000},
    "900 values": {"cities": [f"city {number}" for number in range(900)]},
    "signs and pictures": {"words": "🛫 <b>x</b> **y** $x$ :smile: \u202e", "region": "🛫", "cities": ["🛫", "\u200b", "é", "e\u0301"]},
    "NUL and halves": {"words": "\0", "region": "\0", "cities": ["\0", "a"], "least": "\0", "day": "\0"},
    "filters that are none": {"nothing": "1", "p.name": "x", "g.pending": "{}", "g.set": "x" * 5_000, "": "y", "city[]": "Oslo"},
    "what waits is forged": {"g.pending": '{"least":["NaN"],"region":[["North"]],"day":[null],"cities":"Oslo"}'},
}


@pytest.mark.parametrize("apply", ["live", "button"])
@pytest.mark.parametrize("forged", HOSTILE)
def test_an_address_that_no_filter_made_is_said_or_left_out_and_the_page_stands(board, visit, viewer, forged, apply):
    board(filters=EVERY, apply=apply)
    app = visit("dashboard", viewer, name="board", **HOSTILE[forged])
    assert not app.exception
    assert "made a mistake" not in shown(app)
    assert head(app)["title"]
    assert {one.label for one in app.selectbox} >= {"Region", "City"}
    assert len(feet(app)) == 2


def test_choices_of_a_region_that_is_gone_offer_nothing_and_another_region_brings_them_back(board, visit, viewer):
    board()
    app = visit("dashboard", viewer, name="board", region="Atlantis", city="Oslo")
    assert "Atlantis (not offered)" in box(app, "Region").options
    assert box(app, "City").options == ["Oslo (not offered)"]
    box(app, "Region").set_value("North").run()
    assert box(app, "City").options == ["Oslo", "Bergen"]


def test_a_set_with_a_filter_that_was_taken_off_brings_the_others(board, visit, viewer, admin):
    board()
    with own.transaction() as session:
        filter_sets.save(
            session, user=viewer, dashboard="board", name="North", query={"region": ["North"], "city": ["Oslo"], "least": ["x"]}
        )
        opened = dashboards.open_dashboard(session, reader=admin, name="board")
        less = opened.dashboard.model_copy(update={"filters": opened.dashboard.filters[:1], "panels": opened.dashboard.panels[1:]})
        dashboards.save_dashboard(session, user=admin, dashboard=less, base_version=opened.version)
    app = visit("dashboard", viewer, name="board")
    button(app, "North").click().run()
    assert (box(app, "Region").value, dict(app.query_params).get("city"), app.exception) == ("North", None, [])
