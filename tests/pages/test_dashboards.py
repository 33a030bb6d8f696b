"""Dashboards as people use them: found, opened, filtered by the address, changed as YAML."""

import re

import pytest
from sqlalchemy import event

from nexus.accounts import sharing
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard, Tab, TextPanel
from nexus.db import session as own
from nexus.ui.board import Board
from nexus.views import drafts
from nexus.views import service as views
from tests.pages.conftest import button, field, head, press, shown


def _metric(app, label: str) -> str:
    """The figure of a metric panel, as the sentence for those who listen has it."""
    found = re.search(rf'nexus-sentence">{label}: ([^,.]*(?:[.,]\d+)*)', _html(app))
    assert found, f"no metric {label!r}"
    return found[1]


def test_the_list_offers_every_dashboard_and_finds_by_word(sample, visit, viewer):
    app = visit("dashboards", viewer)
    assert "Weather and aircraft" in _links(app)
    app.text_input(key="q").set_value("punctuality").run()
    assert _links(app) == ["Delays at a glance"]
    app.text_input(key="q").set_value("no such thing [x](y)").run()
    assert "Nothing matches" in shown(app)


def test_a_long_list_is_read_page_by_page_and_its_address_says_where(database, visit, viewer, analyst):
    with own.transaction() as session:
        for number in range(65):
            spec = Dashboard(name=f"d{number}", title=f"Board {number:02}", panels=(TextPanel(name="a", text="x"),))
            dashboards.save_dashboard(session, user=analyst, dashboard=spec)
    app = visit("dashboards", viewer)
    assert (_links(app)[0], len(_links(app))) == ("Board 00", 30)
    app = visit("dashboards", viewer, page="3")
    assert _links(app) == [f"Board {number}" for number in range(60, 65)]
    app.text_input(key="q").set_value("board 41").run()
    assert _links(app) == ["Board 41"]
    assert len(_links(visit("dashboards", viewer, page="99"))) == 30


def _links(app) -> list[str]:
    return [
        element.proto.label.replace(":material/star: ", "").strip("*")
        for element in app.get("page_link")
        if element.proto.page.endswith("dashboard")
    ]


@pytest.mark.parametrize(("page", "its_list"), [("dashboard", "/dashboards"), ("view", "/data"), ("prompt", "/prompts")])
@pytest.mark.parametrize("name", ["nothing", "\0", "<b>", "x" * 5_000])
def test_a_name_that_nothing_has_is_said_so(sample, visit, viewer, page, its_list, name):
    app = visit(page, viewer, name=name)
    assert "no longer exists" in shown(app)
    assert f'href="{its_list}"' in _html(app)  # on a phone the page would otherwise be a dead end
    assert len(re.findall(r"<h1[ >]", _html(app))) + len(app.title) == 1


def test_a_dashboard_is_archived_after_asking_and_leaves_the_list(sample, visit, analyst):
    app = visit("dashboard", analyst, name="weather-and-aircraft", edit="versions")
    assert "leaves every list" in shown(app)
    button(app, "Archive it").click().run()
    assert "Weather and aircraft" not in _links(visit("dashboards", analyst))


def test_a_view_that_is_used_is_not_archived_and_says_where_it_is_used(sample, visit, analyst):
    app = visit("view", analyst, name="days", edit="1")
    button(app, "Archive it").click().run()
    assert "This view is used by dashboard “Weather and aircraft”" in shown(app)
    with own.transaction() as session:
        assert "days" in {listed.name for listed in views.list_views(session, reader=analyst)}


def test_only_those_who_may_build_are_offered_to(sample, visit, viewer, analyst):
    assert "New dashboard" not in [element.proto.label for element in visit("dashboards", viewer).get("page_link")]
    assert "New dashboard" in [element.proto.label for element in visit("dashboards", analyst).get("page_link")]


def test_a_dashboard_shows_its_figures_and_where_they_are_from(sample, visit, viewer):
    app = visit("dashboard", viewer, name="delays")
    assert _metric(app, "Flights") == "86,995"
    assert not app.error
    assert "14 rows · complete" in _html(app)


def _html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_the_address_decides_what_is_shown(sample, visit, viewer):
    app = visit("dashboard", viewer, name="delays", period="2013-01-01..2013-01-31", origin="JFK")
    assert _metric(app, "Flights") == "9,161"
    assert app.multiselect[0].value == ["JFK"]


@pytest.mark.parametrize("period", ["2013-13-01..x", "..", "2013-02-02..2013-01-01", "'; drop table flights; --"])
def test_a_wrong_value_in_the_address_is_said_and_the_default_shown(sample, visit, viewer, period):
    app = visit("dashboard", viewer, name="delays", period=period)
    assert "The default is shown instead" in shown(app)
    assert _metric(app, "Flights") == "86,995"


def test_a_filter_goes_into_the_address(sample, visit, viewer):
    app = visit("dashboard", viewer, name="delays")
    app.multiselect[0].set_value(["LGA"]).run()
    assert (app.query_params["name"], app.query_params["origin"]) == ("delays", "LGA")


@pytest.mark.parametrize("others", [10, 10_000])
def test_a_dashboard_asks_little_of_nexus_own_tables_however_much_there_is(sample, visit, viewer, others):
    with own.transaction() as session:
        spec = Dashboard(name="other", title="Other", panels=(TextPanel(name="a", text="x"),))
        session.execute(
            own.text("""
                with many as (insert into nexus.dashboards (name, title, version) select 'other-' || n, 'Other', 1 from generate_series(1, :others) n returning id)
                insert into nexus.dashboard_versions (kept_id, version, spec) select id, 1, cast(:spec as jsonb) from many
            """),
            {"others": others, "spec": spec.model_dump_json()},
        )
    app = visit("dashboard", viewer, name="delays")
    asked: list[str] = []
    # The page runs on threads of its own, so the pool is asked, not this thread.
    event.listen(own.engine(), "before_cursor_execute", lambda *of: asked.append(of[2]))
    changes = {
        "loaded again": app.run,
        "a filter": lambda: app.multiselect[0].set_value(["LGA"]).run(),
        "refreshed": lambda: press(app, "refresh"),
    }
    for what, change in changes.items():
        asked.clear()
        change()
        assert 1 <= len(asked) <= 3, "\n\n".join([what, *asked])


@pytest.mark.parametrize("forged", ["edit", "delete", "", None, {"name": "edit"}, ["star"], "leave", 7])
def test_what_the_head_does_not_offer_cannot_be_pressed(sample, visit, viewer, forged):
    app = visit("dashboard", viewer, name="delays")
    assert "edit" not in {one["name"] for one in head(app)["buttons"]}
    press(app, forged)
    assert "edit" not in app.query_params
    assert not app.exception
    assert "made a mistake" not in shown(app)
    assert head(app)["star"] == {"on": False, "label": "Keep on my home page"}


def test_the_star_of_the_head_keeps_a_dashboard_and_lets_it_go(sample, visit, viewer):
    app = visit("dashboard", viewer, name="delays")
    assert head(press(app, "star"))["star"]["on"]
    assert head(visit("dashboard", viewer, name="delays"))["star"]["on"]
    assert not head(press(app, "star"))["star"]["on"]


def test_a_broken_panel_says_so_and_the_others_stand(sample, visit, viewer):
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=sample, name="delays")
        panels = tuple(
            panel.model_copy(update={"measure": "gone"}) if panel.name == "on-time" else panel for panel in opened.dashboard.panels
        )
        dashboards.save_dashboard(
            session, user=sample, dashboard=opened.dashboard.model_copy(update={"panels": panels}), base_version=opened.version
        )
    app = visit("dashboard", viewer, name="delays")
    assert _metric(app, "Flights") == "86,995"
    assert "needs the column <code>gone</code>" in _html(app)


def test_an_unknown_dashboard_is_one_sentence(sample, visit, viewer):
    app = visit("dashboard", viewer, name="none-such")
    assert [element.value for element in app.error] == [
        "This dashboard no longer exists, or you may not see it. Open another from the list."
    ]


def test_a_viewer_cannot_reach_the_editor_by_its_address(sample, visit, viewer):
    app = visit("dashboard", viewer, name="delays", edit="1")
    assert "Viewers may not change this" in shown(app)
    assert not app.text_area


def test_yaml_is_published_as_the_next_version(sample, visit, analyst):
    app = visit("dashboard", analyst, name="delays", edit="yaml")
    app.text_area[0].set_value(app.text_area[0].value.replace("title: Delays at a glance", "title: Delays today")).run()
    button(app, "Publish now").click().run()
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=analyst, name="delays")
    assert (opened.dashboard.title, opened.version) == ("Delays today", 2)


def test_a_mistake_in_yaml_is_shown_with_its_line_and_nothing_is_lost(sample, visit, analyst):
    app = visit("dashboard", analyst, name="delays", edit="yaml")
    typed = app.text_area[0].value.replace("view: key-figures", "view: key-figure", 1)
    app.text_area[0].set_value(typed).run()
    line = next(number for number, text in enumerate(typed.splitlines(), 1) if "view: key-figure" in text and not text.endswith("s"))
    assert f"Line {line}" in shown(app)
    button(app, "Publish now").click().run()
    with own.transaction() as session:
        assert dashboards.open_dashboard(session, reader=analyst, name="delays").version == 1
    again = visit("dashboard", analyst, name="delays", edit="yaml")  # after a crash, or on another replica
    assert again.text_area[0].value == typed


def test_yaml_of_what_is_new_needs_no_name_and_the_page_says_what_is_not_on_it(sample, visit, analyst):
    app = visit("dashboard", analyst, new="yaml", draft="0a1b2c3d")
    panel = "panels:\n- kind: text\n  name: hello\n  title: Hello\n  text: A word.\n"
    app.text_area[0].set_value("kind: dashboard\ntitle: ''\n" + panel).run()
    assert "Line 2, `title`: must not be empty" in shown(app)
    assert "`name`" not in shown(app)
    app.text_area[0].set_value("kind: dashboard\ntitle: By hand\n" + panel + panel.partition("\n")[2]).run()
    assert "two panels have the same name, `hello`" in shown(app)
    app = visit("dashboard", analyst, new="page", draft="0a1b2c3d")
    assert "what was typed there is not on this page" in shown(app)
    button(app, "Open the YAML").click().run()
    app.text_area[0].set_value("kind: dashboard\ntitle: By hand\n" + panel).run()
    choice(app, "Way to edit").set_value("page").run()
    assert "not on this page" not in shown(app)
    button(app, "Publish now").click().run()
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=analyst, name="by-hand")
    assert [one.title for one in opened.dashboard.panels] == ["Hello"]


def test_two_people_editing_lose_nothing(sample, visit, analyst):
    app = visit("dashboard", analyst, name="delays", edit="1")
    field(app, "Title").set_value("Mine").run()
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=sample, name="delays")
        theirs = opened.dashboard.model_copy(update={"title": "Theirs"})
        dashboards.save_dashboard(session, user=sample, dashboard=theirs, base_version=opened.version)
    button(app, "Publish now").click().run()
    assert "saved version 2" in shown(app)
    app.toggle[0].set_value(True).run()
    assert "-title: Theirs" in shown(app)
    assert field(app, "Title").value == "Mine"
    button(app, "Save mine on top").click().run()
    with own.transaction() as session:
        assert dashboards.open_dashboard(session, reader=analyst, name="delays").dashboard.title == "Mine"


@pytest.mark.parametrize("press", ["Publish now", ":material/notes: Text"])
def test_who_loses_the_right_to_a_dashboard_while_changing_it_is_told_and_sees_no_more_of_it(sample, visit, analyst, press):
    app = visit("dashboard", analyst, name="delays", edit="1")
    field(app, "Title").set_value("Mine").run()
    with own.transaction() as session:
        sharing.set_open(session, user=sample, kind="dashboard", name="delays", open_to_all=False)
    if press not in [one.label for one in app.button]:
        choice(app, "Form").set_value("Add").run()
    else:
        button(app, press).click().run()
    assert not app.exception
    assert "may not see it" in shown(app)
    assert "Delays at a glance" not in shown(visit("dashboard", analyst, name="delays"))
    with own.transaction() as session:
        assert dashboards.open_dashboard(session, reader=sample, name="delays").version == 1


def test_a_view_made_on_the_way_comes_back_as_a_panel_of_the_draft(sample, visit, analyst):
    app = visit("dashboard", analyst, new="page", draft="0a1b2c3d", add="days")
    with own.transaction() as session:
        kept = drafts.find_draft(session, reader=analyst, name="new:0a1b2c3d", kind="dashboard")
    assert [(panel["kind"], panel["view"]) for panel in kept.content["panels"]] == [("chart", "days")]
    assert "add" not in app.query_params
    assert "Untitled" in [element.proto.label for element in visit("dashboards", analyst).get("page_link")]
    assert "Untitled" not in [element.proto.label for element in visit("dashboards", sample).get("page_link")]


def test_a_view_that_one_may_not_see_is_not_brought_in_by_its_name(sample, visit, analyst):
    app = visit("dashboard", analyst, new="page", draft="0a1b2c3d", add="none-such")
    assert "Nothing is on this page yet" in shown(app)
    assert "none-such" not in shown(app)


def test_the_fields_of_an_answer_become_a_table_or_a_chart_without_yaml(sample, visit, analyst):
    app = visit("dashboard", analyst, new="page", draft="0a1b2c3d")
    choice(app, "A prompt").set_value("classify-remarks").run()
    button(app, ":material/add: Add the prompt").click().run()
    assert panel_of_the_draft(analyst).get("shows", "answer") == "answer"
    choice(app, "Shown as").set_value("chart").run()
    drawn = panel_of_the_draft(analyst)
    assert (drawn["shows"], drawn["chart"]["kind"], drawn["chart"]["y"]) == ("chart", "line", ["minutes"])
    choice(app, "Chart").set_value("bar").run()
    choice(app, "A bar for each").set_value("points_to").run()
    assert panel_of_the_draft(analyst)["chart"]["x"] == "points_to"
    choice(app, "Chart").set_value(None).run()
    assert panel_of_the_draft(analyst)["shows"] == "table"
    choice(app, "Shown as").set_value("answer").run()
    assert not {"shows", "chart"} & set(panel_of_the_draft(analyst))
    choice(app, "Prompt").set_value("morning-brief").run()
    assert "Shown as" not in [element.label for element in app.get("button_group")]


def panel_of_the_draft(user) -> dict:
    with own.transaction() as session:
        return drafts.find_draft(session, reader=user, name="new:0a1b2c3d", kind="dashboard").content["panels"][0]


def choice(app, label: str):
    """The first select box or row of buttons called `label`."""
    return next(element for element in (*app.selectbox, *app.button_group) if element.label == label)


def test_a_filter_is_called_by_its_label_where_it_is_built(sample, visit, analyst):
    app = visit("dashboard", analyst, name="delays", edit="1")
    choice(app, "Form").set_value("Filters").run()
    heads = [element.value for element in app.markdown]
    assert {"**Date**", "**Route to**"} <= set(heads)
    assert ":period_from" not in shown(app)


def test_only_the_panels_of_the_open_tab_are_asked(sample, visit, viewer):
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=sample, name="delays")
        tabs = tuple(Tab(name=name, title=name.title()) for name in ("one", "two", "three"))
        panels = tuple(panel.model_copy(update={"tab": "two" if panel.name == "on-time" else "one"}) for panel in opened.dashboard.panels)
        made = opened.dashboard.model_copy(update={"tabs": tabs, "panels": panels})
        dashboards.save_dashboard(session, user=sample, dashboard=made, base_version=opened.version)
    first, second = visit("dashboard", viewer, name="delays"), visit("dashboard", viewer, name="delays", tab="two")
    assert 'id="panel-on-time"' not in _html(first)
    assert re.findall(r'id="panel-([\w-]+)"', _html(second)) == ["on-time"]
    # A tab without any panels says so, and not a word of editing to who cannot.
    assert "This tab has no panels yet. Who may edit" in shown(visit("dashboard", viewer, name="delays", tab="three"))


def test_turning_to_a_tab_asks_its_panels_and_gives_up_those_that_are_left(sample, viewer):
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=sample, name="delays")
        tabs = tuple(Tab(name=name, title=name.title()) for name in ("one", "two", "three"))
        places = {"flights": None, "on-time": "one", "airlines": "two", "how-to-read": "two"}
        panels = tuple(panel.model_copy(update={"tab": places[panel.name]}) for panel in opened.dashboard.panels if panel.name in places)
        made = opened.dashboard.model_copy(update={"tabs": tabs, "panels": panels})
        dashboards.save_dashboard(session, user=sample, dashboard=made, base_version=opened.version)
        opened = dashboards.open_dashboard(session, reader=viewer, name="delays")
    board = Board(opened=opened, user=viewer, tab="one")
    board.ask(board.in_sight)
    assert set(board.answers) == {"flights", "on-time"}
    for panel in board.in_sight:
        board.drawn.add(panel.name)
        board.drop(panel, board.answer(panel).result())
    left = board.stops["on-time"]
    board.turn_to("two")
    # What is on every tab stays where it is, and is asked as it was; what is left counts no more.
    assert (set(board.answers), board.drawn, left.is_set()) == ({"flights", "airlines"}, {"flights"}, True)
    assert board.answers["flights"].result().cached
    assert set(board.read_at) == {"flights"}
    board.turn_to("three")
    assert (set(board.answers), [panel.name for panel in board.panels]) == ({"flights"}, ["flights"])
