"""What stands beside the figures of a chart: targets, the period before, and notes."""

import json
from datetime import UTC, date, datetime

import pytest

from nexus.dashboards.metric import metric
from nexus.dashboards.showing import Before
from nexus.dashboards.spec import MetricPanel
from nexus.sources.spec import Column, Query, Table
from nexus.views import charts, period
from nexus.views.appearance import Chart
from nexus.views.charts import Beside, Earlier, Note, Plot
from nexus.views.period import Shift

READ_AT = datetime(2026, 1, 1, tzinfo=UTC)


def table(*rows, columns=(("day", "date"), ("flights", "number"))) -> Table:
    return Table(
        columns=tuple(Column(name=name, kind=kind, type_name=kind) for name, kind in columns),
        rows=list(rows),
        truncated=False,
        elapsed_ms=1,
        read_at=READ_AT,
        query=Query(source="s", sql="select 1"),
    )


DAYS = table(*((date(2013, 5, day), day * 10) for day in range(1, 32)))
LINE = Chart(kind="line", x="day", y=("flights",))


def drawn(beside: Beside, chart: Chart = LINE, rows: Table = DAYS) -> Plot:
    plot = charts.draw(chart, rows, {}, beside)
    assert isinstance(plot, Plot)
    return plot


def layers(plot: Plot, kind: str) -> list[dict]:
    def kind_of(layer) -> str:
        return layer["mark"] if isinstance(layer["mark"], str) else layer["mark"].get("style", layer["mark"]["type"])

    return [layer for layer in plot.spec.get("layer", []) if kind_of(layer) == kind]


@pytest.mark.parametrize(
    ("span", "year", "found"),
    [
        ((date(2013, 6, 1), date(2013, 6, 30)), False, (date(2013, 5, 1), date(2013, 5, 31), Shift(months=1))),
        ((date(2013, 6, 1), date(2013, 8, 31)), False, (date(2013, 3, 1), date(2013, 5, 31), Shift(months=3))),
        ((date(2013, 6, 10), date(2013, 6, 12)), False, (date(2013, 6, 7), date(2013, 6, 9), Shift(days=3))),
        ((date(2024, 2, 1), date(2024, 2, 29)), True, (date(2023, 2, 1), date(2023, 2, 28), Shift(months=12))),
        ((date(2023, 2, 1), date(2023, 2, 28)), True, (date(2022, 2, 1), date(2022, 2, 28), Shift(months=12))),
        ((date(2024, 2, 29), date(2024, 2, 29)), True, (date(2023, 2, 28), date(2023, 2, 28), Shift(months=12))),
        ((date(1, 1, 1), date(1, 1, 5)), False, None),
        ((date(1, 1, 1), date(9998, 12, 31)), False, None),
        ((date(1, 3, 1), date(1, 3, 31)), True, None),
        ((date(2013, 6, 2), date(2013, 6, 1)), False, None),
    ],
)
def test_the_period_before_is_as_long_or_whole_months(span, year, found):
    assert period.before(*span, year=year) == found


def test_a_day_that_the_month_does_not_have_stands_for_none():
    assert Shift(months=1).forward(date(2013, 5, 31)) is None
    assert Shift(months=12).forward(datetime(2012, 6, 1, 12, tzinfo=UTC)) == datetime(2013, 6, 1, 12, tzinfo=UTC)
    assert Shift(months=12).forward(date(9999, 1, 1)) is None


def test_a_chart_with_nothing_beside_it_is_drawn_as_before():
    assert drawn(charts.NOTHING).spec == charts.draw(LINE, DAYS, {}).spec
    assert "layer" not in drawn(charts.NOTHING).spec


def test_a_target_is_a_line_across_with_its_name():
    plot = drawn(Beside(target=200, target_label="Goal"))
    assert layers(plot, "target")[0]["data"]["values"] == [{"y": 200, "t": "Goal"}]
    assert "Goal: 200" in plot.spec["description"]


@pytest.mark.parametrize("kind", ["bar", "stacked bar", "area", "line", "scatter"])
def test_the_period_before_stands_where_its_days_stand_now(kind):
    rows = table(*((date(2013, month, 1), month) for month in (4, 5, 6)))
    earlier = table(*((date(2012, month, 1), month * 2) for month in (4, 5, 6)))
    plot = drawn(
        Beside(earlier=Earlier(table=earlier, shift=Shift(months=12), words="2012")), Chart(kind=kind, x="day", y=("flights",)), rows
    )
    main = plot.spec["data"]["values"]
    (before,) = [layer for layer in plot.spec["layer"] if str(layer["mark"].get("style", "")).startswith("earlier")]
    assert [(point["x"], point["y"]) for point in before["data"]["values"]] == [(point["x"], point["y"] * 2) for point in main]
    assert "2012" in plot.note


def test_a_note_is_drawn_in_its_place_and_left_out_where_the_chart_does_not_reach():
    notes = (
        Note(text="strike", first=date(2013, 5, 12)),
        Note(text="fog", first=date(2013, 5, 30), last=date(2013, 6, 4)),
        Note(text="other year", first=date(2014, 5, 12)),
    )
    plot = drawn(Beside(notes=notes))
    (rules,) = layers(plot, "note")
    assert [point["t"] for point in rules["data"]["values"]] == ["strike", "fog"]
    assert rules["data"]["values"][0]["x"] == int(datetime(2013, 5, 12, tzinfo=UTC).timestamp() * 1000)
    (bands,) = layers(plot, "note-band")
    assert bands["data"]["values"][0]["x2"] == int(datetime(2013, 5, 31, tzinfo=UTC).timestamp() * 1000)
    assert "12 May 2013: strike; 30 May – 4 June 2013: fog" in plot.spec["description"]
    assert "other year" not in json.dumps(plot.spec)


def test_a_note_falls_into_the_bar_of_its_month():
    rows = table(*((date(2013, month, 1), month) for month in (4, 5, 6)))
    plot = drawn(Beside(notes=(Note(text="strike", first=date(2013, 5, 12)),)), Chart(kind="bar", x="day", y=("flights",)), rows)
    assert layers(plot, "note")[0]["data"]["values"][0]["x"] == "May 2013"


def test_a_chart_without_time_shows_no_notes_and_no_period_before():
    rows = table(("AA", 1), ("BB", 2), columns=(("carrier", "text"), ("flights", "number")))
    beside = Beside(notes=(Note(text="strike", first=date(2013, 5, 12)),), earlier=Earlier(table=rows, shift=Shift(days=1), words="before"))
    assert "layer" not in drawn(beside, Chart(kind="bar", x="carrier", y=("flights",)), rows).spec


def test_words_of_people_stay_values_and_are_never_expressions():
    hostile = "'+datum.x+' </script><img src=x> {{7*7}} \u202e"
    plot = drawn(Beside(notes=(Note(text=hostile, first=date(2013, 5, 12)),), target=1, target_label=hostile))
    without = json.dumps([{**layer, "data": None} for layer in plot.spec["layer"]])
    assert "datum.x+" not in without
    assert "img" not in without


def test_many_notes_are_cut_and_say_so():
    notes = tuple(Note(text=f"n{number}", first=date(2013, 5, 12)) for number in range(150))
    plot = drawn(Beside(notes=notes))
    assert len(layers(plot, "note")[0]["data"]["values"]) == 60
    assert sum(len(layer["data"]["values"]) for layer in layers(plot, "note-label")) == 3, "no word covers another"
    assert "3 of 150 notes are named, 60 as lines" in plot.note


def panel(**changes) -> MetricPanel:
    return MetricPanel(name="m", view="v", measure="flights", title="Flights", **changes)


def test_a_metric_is_compared_with_the_same_figure_of_the_period_before():
    before = Before(table(("x", 200), columns=(("day", "date"), ("flights", "number"))))
    figure = metric(panel(compare_with="previous year", up_is_good=True), DAYS, before=before)
    assert (figure.direction, figure.good) == ("up", True)
    assert figure.sentence == "Flights: 310, up 55.0\N{NO-BREAK SPACE}% from 200 a year before."


@pytest.mark.parametrize(
    ("target", "up_is_good", "words"), [(300, None, "reached"), (320, True, "missed"), (300, False, "missed"), (320, False, "reached")]
)
def test_a_target_is_reached_from_the_right_side(target, up_is_good, words):
    assert metric(panel(target=target, up_is_good=up_is_good), DAYS).sentence == f"Flights: 310, target {target}, {words}."


def test_the_highest_threshold_that_is_passed_gives_the_colour():
    marks = [{"at": 0, "tone": "red"}, {"at": 300, "tone": "green"}, {"at": 200, "tone": "amber"}]
    assert metric(panel(thresholds=marks), DAYS).tone == "green"
    assert metric(panel(thresholds=[{"at": 311, "tone": "red"}]), DAYS).tone is None


def test_what_a_chart_has_no_room_to_say_of_a_day_is_told_for_paper():
    long = "a storm that closed every runway of the whole city for most of the afternoon"
    notes = (Note(text="strike", first=date(2013, 5, 3)), Note(text=long, first=date(2013, 5, 12)))
    assert drawn(Beside(notes=notes[:1])).unwritten == ()
    assert drawn(Beside(notes=notes)).unwritten == (f"12 May 2013: {long}",)
    many = tuple(Note(text=f"n{number}", first=date(2013, 5, 12)) for number in range(150))
    assert len(drawn(Beside(notes=many)).unwritten) == 147
