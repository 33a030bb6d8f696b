"""The builder without a browser: what is clicked becomes the spec, drafts come back, and nobody's work is lost."""

import psycopg2
import pytest

from nexus.db import session as own
from nexus.views import drafts
from nexus.views import service as views
from nexus.views.question import TableQuestion
from tests.pages.conftest import button, field, shown


def _find(reader, name: str) -> views.OpenView:
    with own.transaction() as session:
        return views.find_view(session, reader=reader, name=name)


def _choose(app, label: str, option, nth: int = 0):
    """Choose in the `nth` field called `label`."""
    found = [element for element in app.selectbox if element.label == label]
    assert len(found) > nth, f"no choice {label!r} among {[element.label for element in app.selectbox]}"
    return found[nth].set_value(option).run()


def _open(app, step: str):
    """Open the card of a step."""
    found = [element for element in app.button if element.label.startswith(f"**{step}**")]
    assert found, f"no step {step!r} among {[element.label for element in app.button]}"
    return found[0].click().run()


def _several(app, label: str):
    return next(element for element in app.multiselect if element.label == label)


def _new_flights(visit, person, **query):
    app = visit("view", person, new="table", **query)
    return _choose(app, "Table", "sample.flights")


def _preview(app):
    assert not app.error, shown(app)
    return app.dataframe[-1].value


def _save(app, title: str):
    field(app, "Title").set_value(title).run()
    return button(app, "Save").click().run()


def test_a_table_shows_its_first_rows_as_soon_as_it_is_chosen(sample, visit, analyst):
    app = _new_flights(visit, analyst)
    assert len(_preview(app)) == 100


def test_groups_and_figures_by_clicking_are_the_spec(sample, visit, analyst):
    app = _new_flights(visit, analyst)
    _open(app, "Filters")
    _choose(app, "Column", (None, "month"))
    _choose(app, "How it compares", "between")
    low, high = [element for element in app.number_input if element.label in ("From", "To")]
    low.set_value(6.0)
    high.set_value(8.0).run()
    _open(app, "Columns")
    app.button_group[0].set_value("group").run()
    _several(app, "Group by").set_value([(None, "carrier"), (None, "time_hour")]).run()
    _choose(app, "Figure", "median")
    _choose(app, "Of which column", (None, "arr_delay"))
    next(element for element in app.toggle if element.label == "Keep only the top").set_value(True).run()
    assert _preview(app).columns.tolist() == ["carrier", "month", "arr_delay_median"]
    _save(app, "Worst carriers")
    question = _find(analyst, "worst-carriers").view.question
    assert question == TableQuestion.model_validate(
        {
            "schema": "sample",
            "table": "flights",
            "filters": [{"column": "month", "operator": "between", "value": [6, 8]}],
            "columns": [
                {"column": "carrier"},
                {"column": "time_hour", "grain": "month", "name": "month"},
                {"column": "arr_delay", "aggregate": "median"},
            ],
            "top": {"count": 5, "column": "carrier", "by": "arr_delay_median"},
        }
    )


def test_weekdays_and_shares_are_named_formatted_and_drawn_as_such(sample, visit, analyst):
    app = _new_flights(visit, analyst)
    _open(app, "Columns")
    app.button_group[0].set_value("group").run()
    _several(app, "Group by").set_value([(None, "origin"), (None, "time_hour")]).run()
    _choose(app, "Cut time by", "day of week")
    _choose(app, "Figure", "share where")
    _choose(app, "Column", (None, "dep_time"))
    _choose(app, "How it compares", "is empty")
    _open(app, "Chart")
    button(app, "Add a chart").click().run()
    _save(app, "Cancelled")
    view = _find(analyst, "cancelled").view
    assert view.chart.model_dump(exclude_defaults=True) == {"kind": "heatmap", "x": "weekday", "row": "origin", "y": ("share_where",)}
    assert {name: style.style for name, style in view.formats.items()} == {"weekday": "weekday", "share_where": "percent"}


def test_a_join_along_keys_is_offered_and_taken_with_one_click(sample, visit, analyst):
    app = _new_flights(visit, analyst)
    _open(app, "Joins")
    button(app, "weather on origin and time\\_hour").click().run()
    _save(app, "With weather")
    join = _find(analyst, "with-weather").view.question.joins[0]
    assert (join.table, join.kind, [(pair.column, pair.equals) for pair in join.on]) == (
        "weather",
        "left",
        [("origin", "origin"), ("time_hour", "time_hour")],
    )


def test_nested_groups_of_filters_are_the_spec(sample, visit, analyst):
    app = _new_flights(visit, analyst)
    _open(app, "Filters")
    _choose(app, "Column", (None, "arr_delay"))
    next(element for element in app.number_input if element.label == "Value").set_value(180.0).run()
    button(app, "Add a group").click().run()
    _choose(app, "Column", (None, "origin"), nth=1)
    _several(app, "Values").set_value(["JFK"]).run()
    assert "LGA" in _several(app, "Values").options  # suggested from the data
    button(app, "Add a condition").click().run()
    _choose(app, "Column", (None, "tailnum"), nth=2)
    _choose(app, "How it compares", "is empty", nth=2)
    _save(app, "Late or unknown")
    spec = _find(analyst, "late-or-unknown").view.question
    assert spec.model_dump(exclude_defaults=True)["filters"] == (
        {"column": "arr_delay", "operator": ">", "value": 180},
        {
            "match": "any",
            "filters": ({"column": "origin", "operator": "in", "value": ["JFK"]}, {"column": "tailnum", "operator": "is empty"}),
        },
    )


def test_a_value_that_the_page_asks_becomes_a_parameter(sample, visit, analyst):
    app = _new_flights(visit, analyst)
    _open(app, "Filters")
    _choose(app, "Column", (None, "arr_delay"))
    next(element for element in app.number_input if element.label == "Value").set_value(60.0).run()
    next(element for element in app.button if element.label.startswith("Ask on the page")).click().run()
    _save(app, "Late, as asked")
    view = _find(analyst, "late-as-asked").view
    assert view.question.filters[0].parameter == "arr_delay"
    assert view.parameters[0].model_dump(exclude_defaults=True) == {"name": "arr_delay", "label": "Arr delay", "default": 60.0}
    app = visit("view", analyst, name="late-as-asked", edit="1")
    _open(app, "Filters")
    button(app, "Remove this filter").click().run()
    button(app, "Save").click().run()
    assert _find(analyst, "late-as-asked").view.parameters == ()


def test_a_view_goes_on_in_sql_with_the_same_rows(clicked, visit, analyst):
    before = _find(analyst, "clicked")
    app = visit("view", analyst, name="clicked", edit="1")
    next(element for element in app.toggle if element.label == "See the SQL").set_value(True).run()
    assert "sample.flights" in app.code[0].value
    button(app, "Continue this view in SQL").click().run()
    button(app, "Save").click().run()
    after = _find(analyst, "clicked")
    assert after.view.question.kind == "sql"
    assert views.ask(after, reader=analyst, values={}).rows == views.ask(before, reader=analyst, values={}).rows


def test_a_filter_that_is_not_finished_is_not_lost_by_saving(sample, visit, analyst):
    app = _new_flights(visit, analyst)
    _open(app, "Filters")
    _choose(app, "Column", (None, "arr_delay"))
    assert len(_preview(app)) == 100
    _save(app, "Half done")
    assert "has no value yet" in shown(app)
    assert field(app, "Title").value == "Half done"


def test_a_view_without_a_title_is_called_by_its_steps(sample, visit, analyst):
    app = _new_flights(visit, analyst)
    button(app, "Save").click().run()
    assert _find(analyst, "flights").view.title == "Flights"


def test_a_second_view_of_one_title_gets_a_name_of_its_own(sample, visit, analyst):
    for _ in range(2):
        _save(_new_flights(visit, analyst), "All flights")
    assert _find(analyst, "all-flights-2").view.title == "All flights"


def test_what_was_typed_is_there_again_after_a_new_sign_in(sample, visit, analyst):
    app = _new_flights(visit, analyst)
    field(app, "Title").set_value("Unfinished").run()
    draft = app.query_params["draft"]
    draft = draft[0] if isinstance(draft, list) else draft
    listed = visit("data", analyst)
    assert "Unfinished" in [element.proto.label for element in listed.get("page_link")]
    again = visit("view", analyst, new="table", draft=draft)
    assert field(again, "Title").value == "Unfinished"
    assert "Draft kept at" in shown(again)
    button(again, "Discard the draft").click().run()
    with own.transaction() as session:
        assert drafts.new_drafts(session, reader=analyst) == []


def test_somebody_elses_draft_is_not_found_by_its_address(sample, visit, analyst, make_user):
    app = _new_flights(visit, analyst)
    field(app, "Title").set_value("Mine alone").run()
    draft = app.query_params["draft"]
    other = visit("view", sample, new="table", draft=draft[0] if isinstance(draft, list) else draft)
    assert field(other, "Title").value == ""


@pytest.fixture
def clicked(sample):
    """A view that was built by clicking."""
    view = views.View.model_validate(
        {
            "name": "clicked",
            "title": "Clicked",
            "source": "sample",
            "question": {
                "kind": "table",
                "schema": "sample",
                "table": "flights",
                "filters": [
                    {"column": "carrier", "operator": "in", "value": ["UA", "AA"]},
                    {"column": "month", "operator": ">", "value": 3},
                ],
                "columns": [{"column": "origin"}, {"aggregate": "count", "name": "flights"}],
                "order": [{"column": "flights", "descending": True}],
                "limit": 10,
            },
            "formats": {"flights": {"label": "Flights", "style": "number"}},
        }
    )
    with own.transaction() as session:
        views.save_view(session, user=sample, view=view)
    return view


def test_looking_at_every_step_changes_nothing(clicked, visit, analyst):
    app = visit("view", analyst, name="clicked", edit="1")
    for step in (
        "Table",
        "Joins",
        "Computed columns",
        "Filters",
        "Columns",
        "Conditions on the result",
        "Order",
        "Limit",
        "Formats",
        "Chart",
    ):
        _open(app, step)
    assert "Draft kept at" not in shown(app)
    field(app, "Title").set_value("Another title").run()
    button(app, "Save").click().run()
    assert _find(analyst, "clicked").view == clicked.model_copy(update={"title": "Another title"})


def test_two_analysts_edit_one_view_and_the_second_is_told_and_loses_nothing(clicked, visit, analyst, sample):
    mine, theirs = visit("view", analyst, name="clicked", edit="1"), visit("view", sample, name="clicked", edit="1")
    _open(mine, "Limit")
    next(element for element in mine.number_input if element.label == "At most so many rows").set_value(5.0).run()
    _save(theirs, "Theirs")
    _save(mine, "Mine")
    assert "saved version 2" in shown(mine)
    assert sample.name in shown(mine)
    assert field(mine, "Title").value == "Mine"
    next(element for element in mine.toggle if element.label == "Show the difference").set_value(True).run()
    assert "-title: Theirs" in mine.code[0].value
    assert "+title: Mine" in mine.code[0].value
    assert _find(sample, "clicked").view.title == "Theirs"
    again = visit("view", analyst, name="clicked", edit="1")  # after a crash, or on another replica
    assert field(again, "Title").value == "Mine"
    assert "saved version 2" in shown(again)
    button(again, "Save mine on top").click().run()
    saved = _find(analyst, "clicked")
    assert (saved.version, saved.view.title, saved.view.question.limit) == (3, "Mine", 5)


def test_the_second_may_save_theirs_as_a_new_view(clicked, visit, analyst, sample):
    mine = visit("view", analyst, name="clicked", edit="1")
    field(mine, "Title").set_value("Mine").run()
    _save(visit("view", sample, name="clicked", edit="1"), "Theirs")
    button(mine, "Save").click().run()
    button(mine, "Save mine as a new view").click().run()
    assert _find(analyst, "clicked").view.title == "Theirs"
    assert _find(analyst, "clicked-2").view.title == "Mine"


HOSTILE = '<b>"quoted" [link](http://x.org) :red[x] **y** 🛫'


def test_names_that_look_like_markup_are_shown_as_they_are_and_can_be_asked(sample, sample_database, visit, analyst):
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    with psycopg2.connect(sample_database) as connection, connection.cursor() as cursor:
        cursor.execute(f"create table sample.{quoted} ({quoted} integer primary key)")
        cursor.execute(f"comment on table sample.{quoted} is '**bold** ![x](http://example.org/x.png)'")
        cursor.execute(f"insert into sample.{quoted} values (7)")
        cursor.execute(f"grant select on sample.{quoted} to public")
    app = visit("view", analyst, new="table")
    _choose(app, "Table", f"sample.{HOSTILE}")
    assert "![x]" not in shown(app)
    _open(app, "Filters")
    _choose(app, "Column", (None, HOSTILE))
    _choose(app, "How it compares", "=")
    next(element for element in app.number_input if element.label == "Value").set_value(7.0).run()
    _open(app, "Columns")
    app.button_group[0].set_value("group").run()
    _several(app, "Group by").set_value([(None, HOSTILE)]).run()
    assert _preview(app).to_numpy().tolist() == [[7, 1]]
    assert "[link](" not in "".join(element.value for element in app.markdown)
