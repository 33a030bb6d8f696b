"""Views as people use them: found, read with their parameters, and made in SQL, of a table or as YAML."""

import pytest
from sqlalchemy import event

from nexus.db import session as own
from nexus.views import drafts
from nexus.views import service as views
from tests.pages.conftest import button, field, grid, listed, shown


def _find(reader, name: str) -> views.OpenView:
    with own.transaction() as session:
        return views.find_view(session, reader=reader, name=name)


def _html(app) -> str:
    return "\n".join(element.proto.body for element in app.get("html"))


def test_the_list_offers_views_and_finds_by_word(sample, visit, viewer):
    app = visit("data", viewer)
    app.text_input(key="q").set_value("busiest").run()
    assert "Busiest aircraft" in [element.proto.label.strip("*") for element in app.get("page_link")]
    assert "Airlines" not in [element.proto.label.strip("*") for element in app.get("page_link")]


def test_a_view_shows_its_rows_and_offers_the_whole_file(sample, visit, viewer):
    app = visit("view", viewer, name="days", period="2013-03-08..2013-03-09")
    assert [row["cells"][0] for row in grid(app)["rows"]] == ["2013-03-08", "2013-03-09"]
    assert "2 rows · complete" in _html(app)
    links = [element.proto.url for element in app.get("link_button")]
    assert "/views/days.csv?period=2013-03-08..2013-03-09" in links


def test_a_page_takes_four_statements_at_most(sample, visit, viewer):
    """Who reads it, the view, its source, and the views that its choices come from."""
    asked = []

    def count(_connection, _cursor, statement, *_rest):
        asked.append(statement)

    app = visit("view", viewer, name="late-routes")
    event.listen(own.engine(), "before_cursor_execute", count)
    try:
        app.run()
        assert len(asked) <= 4, asked
        asked.clear()
        app.query_params["show"] = "Chart"
        app.run()
        assert len(asked) <= 4, asked
    finally:
        event.remove(own.engine(), "before_cursor_execute", count)


def test_the_list_says_when_one_opened_a_view_last_and_shows_what_one_keeps(sample, visit, viewer):
    assert "opened" not in listed(visit("data", viewer))
    app = visit("view", viewer, name="late-routes")
    button(app, "Keep among my favourites").click().run()
    assert button(app, "Take off my favourites")
    labels = [element.proto.label for element in visit("home", viewer).get("page_link")]
    assert "**Late flights by route**" in labels
    app = visit("data", viewer)
    assert "opened" in listed(app)
    assert next(element.proto.label for element in app.get("page_link") if "Late flights" in element.proto.label).startswith(
        ":material/star:"
    )


def test_the_chart_draws_the_rows_that_the_filters_leave(sample, visit, viewer):
    everything = visit("view", viewer, name="carriers", show="Chart")
    where = '[{"column":"carrier","operator":"in","value":["UA","AA"]}]'
    app = visit("view", viewer, name="carriers", show="Chart", **{"g.where": where, "g.order": "-carrier"})
    assert not app.error, shown(app)
    assert "2 rows · complete" in _html(app)
    assert "2 rows · complete" not in _html(everything)
    wrong = visit("view", viewer, name="carriers", show="Chart", **{"g.where": '[{"column":"gone","value":1}]'})
    assert "There is no column `gone`" in shown(wrong)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        (
            {"name": "late-routes", "g.order": "flights", "g.at": "abc"},
            "“abc” is not a value of `flights`, which is of the type bigint. This is the first page.",
        ),
        (
            {"name": "carriers", "g.order": "gone"},
            "There is no column `gone` to order by. Choose another. The rows are in their usual order.",
        ),
    ],
    ids=["value", "order"],
)
def test_an_address_that_asks_for_what_cannot_be_still_shows_rows_and_the_way_on(sample, visit, viewer, address, sentence):
    app = visit("view", viewer, **address)
    assert not app.error, shown(app)
    assert [warning.value for warning in app.warning] == [sentence]
    assert "rows" in _html(app)
    assert not visit("view", viewer, show="Chart", **address).error


def test_a_viewer_gets_no_form(sample, visit, viewer):
    for query in ({"name": "days", "edit": "1"}, {"new": "sql"}, {"new": "table"}, {"new": "yaml"}):
        app = visit("view", viewer, **query)
        assert "Viewers may not change this" in shown(app)
        assert not app.text_area


def typed(user, sql, **content):
    """What was typed on the SQL page before, as its draft has it; the address that leads back to it."""
    with own.transaction() as session:
        content = {"title": "", "source": "sample", "question": {"kind": "sql", "sql": sql}, "parameters": [], **content}
        drafts.keep_draft(session, user=user, name="new:0a1b2c3d", content=content, base_version=None)
    return {"new": "sql", "draft": "0a1b2c3d"}


def test_a_view_is_made_in_sql(sample, visit, analyst):
    app = visit("view", analyst, **typed(analyst, "select carrier, count(*) as flights from sample.flights group by 1"))
    field(app, "Title").set_value("Größte Fluglinien")
    field(app, "Name in addresses").set_value("largest-airlines")
    button(app, "Save").click().run()
    assert not app.error
    assert _find(analyst, "largest-airlines").view.title == "Größte Fluglinien"
    assert [element.value for element in app.title] == ["Größte Fluglinien"]


def test_sql_without_a_title_is_kept_and_not_saved(sample, visit, analyst):
    app = visit("view", analyst, **typed(analyst, "select 1"))
    button(app, "Save").click().run()
    assert "title" in shown(app)


@pytest.mark.parametrize(("sql", "said"), [("delete from sample.flights", "SELECT"), ("selec 1", "syntax"), ("", "question")])
def test_sql_that_cannot_be_asked_is_refused_and_stays_as_typed(sample, visit, analyst, sql, said):
    address = typed(analyst, sql)
    app = visit("view", analyst, **address)
    field(app, "Title").set_value("Mine")
    button(app, "Save").click().run()
    assert said in shown(app)
    assert field(app, "Title").value == "Mine"
    with own.transaction() as session:
        assert drafts.find_draft(session, reader=analyst, name="new:0a1b2c3d").content["question"]["sql"] == sql


def test_names_in_the_sql_become_parameters_by_themselves(sample, visit, analyst):
    address = typed(analyst, "select * from sample.flights where dep_delay > :late and time_hour between :day_from and :day_to")
    app = visit("view", analyst, **address)
    field(app, "Title").set_value("Late")
    button(app, "Save").click().run()
    assert [(one.name, one.type) for one in _find(analyst, "late").view.parameters] == [("late", "text"), ("day", "date_range")]


@pytest.mark.parametrize("name", ["busiest-aircraft", "days", "late-routes", "weather-and-delays"])
def test_the_form_changes_nothing_that_nobody_changed(sample, visit, analyst, name):
    before = _find(analyst, name).view
    app = visit("view", analyst, name=name, edit="1")
    field(app, "Title").set_value("Another title")
    button(app, "Save").click().run()
    assert not app.error, shown(app)
    after = _find(analyst, name)
    assert after.version == 2
    assert after.view == before.model_copy(update={"title": "Another title"})


def test_a_form_does_not_overwrite_what_someone_saved_meanwhile(sample, visit, analyst):
    app = visit("view", analyst, name="days", edit="1")
    opened = _find(sample, "days")
    with own.transaction() as session:
        views.save_view(session, user=sample, view=opened.view.model_copy(update={"title": "Theirs"}), base_version=opened.version)
    field(app, "Title").set_value("Mine")
    button(app, "Save").click().run()
    assert "saved version 2" in shown(app)
    assert field(app, "Title").value == "Mine"
    assert _find(sample, "days").view.title == "Theirs"


def test_an_earlier_version_comes_back(sample, visit, analyst):
    opened = _find(sample, "days")
    with own.transaction() as session:
        views.save_view(session, user=sample, view=opened.view.model_copy(update={"title": "Wrong"}), base_version=opened.version)
    app = visit("view", analyst, name="days", edit="1")
    button(app, "Restore").click().run()
    assert _find(analyst, "days").view == opened.view
