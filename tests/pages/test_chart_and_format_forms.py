"""Choosing a chart and formats: each form begins with what is there or fits, offers what the types allow, and gives the spec."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from nexus.views.appearance import Chart, Format


def _chart_app() -> None:
    """Runs as a script of its own: a form over a small table, and what it gives."""
    from datetime import UTC, date, datetime

    import streamlit as st

    from nexus.sources.spec import Column, Query, Table
    from nexus.ui.chart_form import draw_chart_form
    from nexus.views.appearance import Chart

    kinds = {"month": "date", "carrier": "text", "flights": "number", "late": "number"}
    table = Table(
        columns=tuple(Column(name=name, kind=kind, type_name="") for name, kind in kinds.items()),
        rows=[(date(2013, month, 1), carrier, month, month * 2) for month in range(1, 7) for carrier in ("UA", "AA")],
        truncated=False,
        elapsed_ms=1,
        read_at=datetime.now(UTC),
        query=Query(source="s", sql="select 1"),
    )
    held = st.session_state.get("held")
    st.session_state.made = draw_chart_form("f", Chart.model_validate(held) if held else None, table)


def _format_app() -> None:
    import streamlit as st

    from nexus.sources.spec import Column
    from nexus.ui.format_form import draw_formats
    from nexus.views.appearance import Format

    kinds = {"route": "text", "late": "number", "day": "date", "ok": "boolean"}
    columns = tuple(Column(name=name, kind=kind, type_name="") for name, kind in kinds.items())
    held = {name: Format.model_validate(style) for name, style in st.session_state.get("held", {}).items()}
    st.session_state.made = draw_formats("f", held, columns)


@pytest.fixture
def form() -> Callable[..., AppTest]:
    def run(script, held=None) -> AppTest:
        app = AppTest.from_function(script, default_timeout=20)
        if held is not None:
            app.session_state["held"] = held
        app.run()
        assert not app.exception, app.exception
        return app

    return run


def made(app: AppTest):
    return app.session_state["made"]


def choose(app: AppTest, kind: str) -> AppTest:
    return app.button_group(key="f-chart-kind").set_value(kind).run()


def test_it_begins_with_the_chart_that_fits(form):
    app = form(_chart_app)
    assert Chart.model_validate(made(app)) == Chart(kind="line", x="month", y=("flights",), color="carrier")
    assert [box.label for box in app.selectbox] == ["Along", "A line for each (optional)"]


def test_it_begins_with_the_chart_that_the_view_has_and_keeps_a_column_that_is_gone(form):
    held = {"kind": "bar", "x": "gone", "y": ["late"], "horizontal": True}
    app = form(_chart_app, held)
    assert Chart.model_validate(made(app)) == Chart.model_validate(held)
    assert "gone" in app.selectbox[0].options
    assert "needs the column `gone`" in app.warning[0].value.replace("\\", "")


def test_another_kind_has_its_own_fields_and_only_columns_that_fit(form):
    app = choose(form(_chart_app), "map")
    assert [box.label for box in app.selectbox][:2] == ["Latitude", "Longitude"]
    assert app.selectbox[0].options == ["flights", "late"]
    app = choose(app, "histogram")
    assert app.selectbox[0].options == ["month", "flights", "late"]
    assert "color" not in made(app)


@pytest.mark.parametrize(
    "kind", ["line", "bar", "stacked bar", "area", "scatter", "pie", "heatmap", "histogram", "box", "big number", "pivot", "map"]
)
def test_every_kind_is_complete_as_soon_as_it_is_chosen(form, kind):
    app = choose(form(_chart_app), kind)
    assert not app.exception
    assert not app.info, "nothing is left to choose"
    assert Chart.model_validate(made(app)).kind == kind


def test_what_is_still_missing_is_said(form):
    app = form(_chart_app)
    app.multiselect[0].set_value([]).run()
    assert app.info[0].value == "Choose a column for “Figures”."


def test_no_chart_is_a_choice(form):
    app = form(_chart_app)
    app.button_group(key="f-chart-kind").set_value(None).run()
    assert made(app) is None


def test_formats_that_nobody_touched_stay_as_they_are(form):
    held = {
        "late": {
            "label": "Late",
            "style": "percent",
            "decimals": 1,
            "highlights": [{"operator": ">", "value": 0.3, "tone": "red", "whole_row": True}],
        },
        "day": {"shade": "blue", "highlights": [{"operator": "within", "value": "last 30 days", "tone": "green"}]},
        "route": {"highlights": [{"operator": "in", "value": ["a", "b"], "tone": "grey"}, {"operator": "is empty", "tone": "amber"}]},
        "ok": {"hidden": True},
    }
    app = form(_format_app, held)
    for name in (*held, "route"):
        app.selectbox(key="f-format-column").set_value(name).run()
        assert not app.exception
    assert {name: Format.model_validate(style) for name, style in made(app).items()} == {
        name: Format.model_validate(style) for name, style in held.items()
    }


def test_a_rule_is_added_changed_and_removed_while_another_column_is_looked_at(form):
    app = form(_format_app)
    app.selectbox(key="f-format-column").set_value("late").run()
    app.button(key="f-format-late-add").click().run()
    app.text_input(key="f-format-late-rule-0-value").set_value("−12.5").run()
    app.selectbox(key="f-format-late-rule-0-operator").set_value("<=").run()
    app.text_input(key="f-format-late-label").set_value("Delay").run()
    app.selectbox(key="f-format-column").set_value("route").run()
    app.selectbox(key="f-format-column").set_value("late").run()
    rule = {"operator": "<=", "value": -12.5, "tone": "red", "whole_row": False}
    assert made(app) == {"late": {"label": "Delay", "highlights": [rule]}}
    assert app.text_input(key="f-format-late-label").value == "Delay"
    app.button(key="f-format-late-add").click().run()
    app.text_input(key="f-format-late-rule-1-value").set_value("7").run()
    app.button(key="f-format-late-rule-0-icon-remove").click().run()
    assert [rule["value"] for rule in made(app)["late"]["highlights"]] == [7]


@pytest.mark.parametrize("typed", ["", "many", "1e999", "nan", "<b>", "9" * 400, "1, 2, 3"])
def test_a_value_that_fits_nothing_never_breaks_the_form(form, typed):
    app = form(_format_app)
    app.selectbox(key="f-format-column").set_value("late").run()
    app.button(key="f-format-late-add").click().run()
    for operator in ("<", "between", "in"):
        app.selectbox(key="f-format-late-rule-0-operator").set_value(operator).run()
        app.text_input(key="f-format-late-rule-0-value").set_value(typed).run()
        assert not app.exception
        Format.model_validate(made(app)["late"])


def test_only_styles_that_mean_something_to_a_column_are_offered(form):
    app = form(_format_app)
    assert app.selectbox(key="f-format-route-style").options == ["plain", "link"]
    app.selectbox(key="f-format-column").set_value("late").run()
    assert "progress" in app.selectbox(key="f-format-late-style").options
    app.selectbox(key="f-format-late-style").set_value("progress").run()
    assert [field.label for field in app.number_input] == ["Decimals", "Full at"]
