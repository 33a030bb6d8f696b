"""Every kind of chart: the figures it shows are the ones that the rows hold, whatever else is in them."""

import json
import math
import statistics
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import get_args

import pytest

from nexus.sources.spec import Column, Query, Table
from nexus.views.appearance import Chart, ChartKind, Format, Highlight
from nexus.views.charts import ChartImpossible, Crosstab, Plot, Sentence, describe, draw
from nexus.views.charts.box import MOST_OUTLIERS, five
from nexus.views.charts.histogram import bins
from nexus.views.charts.subject import MOST_POINTS
from nexus.views.figure import Figure

KINDS = {
    "month": "date",
    "at": "time",
    "n": "number",
    "m": "number",
    "lat": "number",
    "lon": "number",
    "weekday": "number",
    "took": "duration",
}


def table(names: str, rows: list[tuple]) -> Table:
    return Table(
        columns=tuple(Column(name=name, kind=KINDS.get(name, "text"), type_name="") for name in names.split()),
        rows=rows,
        truncated=False,
        elapsed_ms=1,
        read_at=datetime.now(UTC),
        query=Query(source="s", sql="select 1"),
    )


def plot(chart: Chart, of: Table, **formats: Format) -> Plot:
    drawing = draw(chart, of, formats)
    assert isinstance(drawing, Plot), drawing
    json.dumps(drawing.spec, allow_nan=False)
    return drawing


def points(drawing: Plot) -> list[dict]:
    return drawing.spec["data"]["values"]


PIE = Chart(kind="pie", x="name", y=("n",))
HEAT = Chart(kind="heatmap", x="weekday", row="name", y=("n",))
PIVOT = Chart(kind="pivot", x="month", row="name", y=("n",), totals="sum")
EACH: dict[ChartKind, Chart] = {
    "line": Chart(kind="line", x="month", y=("n",), color="name"),
    "bar": Chart(kind="bar", x="name", y=("n",)),
    "stacked bar": Chart(kind="stacked bar", x="month", y=("n",), color="name"),
    "area": Chart(kind="area", x="month", y=("n",), color="name"),
    "scatter": Chart(kind="scatter", x="n", y=("m",), color="name", size="m"),
    "pie": PIE,
    "heatmap": HEAT,
    "histogram": Chart(kind="histogram", x="n"),
    "box": Chart(kind="box", x="name", y=("n",)),
    "big number": Chart(kind="big number", y=("n",)),
    "pivot": PIVOT,
    "map": Chart(kind="map", latitude="lat", longitude="lon", x="name", color="m", size="n"),
}
COLUMNS = "month name n m lat lon weekday"
BAD = [None, math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), 10**400, Decimal("1e5000")]


def test_every_kind_is_tried_here():
    assert set(EACH) == set(get_args(ChartKind))


@pytest.mark.parametrize("kind", EACH)
def test_no_rows_one_row_and_nothing_but_nulls_each_have_an_answer(kind):
    empty = draw(EACH[kind], table(COLUMNS, []), {})
    assert isinstance(empty, Sentence | Figure)
    one = draw(EACH[kind], table(COLUMNS, [(date(2013, 1, 1), "a", 5, 2.5, 40.6, -73.8, 1)]), {})
    assert not isinstance(one, Sentence)
    nothing = draw(EACH[kind], table(COLUMNS, [(None,) * 7] * 3), {})
    assert isinstance(nothing, Sentence | Figure)
    if isinstance(nothing, Sentence):
        assert nothing.words.endswith(".")
    else:
        assert nothing.value_text == "–"


@pytest.mark.parametrize("kind", EACH)
@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_what_is_no_figure_is_left_out_and_never_reaches_the_browser(kind, bad):
    rows = [
        (date(2013, 1, 1), "a", bad, bad, bad, bad, 1),
        (date(2013, 2, 1), "b", 3, 4, 40.6, -73.8, 2),
        (date(2013, 3, 1), "c", 5, 6, 42.3, -71.0, 3),
    ]
    drawing = draw(EACH[kind], table(COLUMNS, rows), {})
    if isinstance(drawing, Plot):
        json.dumps(drawing.spec, allow_nan=False)
        assert drawing.spec["data"]["values"]
    assert describe(EACH[kind], table(COLUMNS, rows))


@pytest.mark.parametrize("kind", EACH)
def test_ten_thousand_rows_stay_drawable_and_what_is_left_out_is_said(kind):
    rows = [
        (date(2013, 1, 1) + timedelta(days=at % 300), f"name {at % 1000}", at, at % 97, at % 60, at % 120, at % 7 + 1)
        for at in range(10_000)
    ]
    drawing = draw(EACH[kind], table(COLUMNS, rows), {})
    match drawing:
        case Plot():
            assert len(points(drawing)) <= MOST_POINTS
            assert drawing.note or kind in ("histogram", "area", "stacked bar"), "everything is in the bins, or in `all others`"
        case Crosstab():
            assert "first 500 of 1,000 rows" in drawing.note
            assert drawing.rows[-1][1][-1].text == f"{sum(range(10_000)):,}", "totals count what is not shown, too"


def test_slices_are_sorted_shares_of_the_whole_with_the_small_ones_together():
    drawing = plot(PIE, table("name n", [(f"n{at}", at) for at in range(1, 13)] + [("n12", 8)]))
    assert [(point["xt"], point["y"]) for point in points(drawing)] == [
        ("n12", 20), ("n11", 11), ("n10", 10), ("n9", 9), ("n8", 8), ("n7", 7), ("n6", 6), ("other", 15),
    ]  # fmt: skip
    assert sum(point["y"] for point in points(drawing)) == 86
    assert points(drawing)[0]["pt"] == "23\N{NO-BREAK SPACE}%"
    assert drawing.note == "“other” holds the 5 smallest."


@pytest.mark.parametrize(("rows", "said"), [([("a", 1), ("b", -1)], "falls below zero"), ([("a", 0), ("b", 0)], "comes to zero")])
def test_a_pie_of_what_is_no_whole_is_a_sentence(rows, said):
    drawing = draw(PIE, table("name n", rows), {})
    assert isinstance(drawing, Sentence)
    assert said in drawing.words


def test_a_heatmap_keeps_weekdays_in_order_and_missing_cells_empty():
    of = table("weekday name n", [(7, "EWR", 1), (1, "EWR", 2), (3, "JFK", 4), (3, "JFK", 6)])
    drawing = plot(HEAT, of, weekday=Format(style="weekday"))
    assert drawing.spec["encoding"]["x"]["sort"] == ["Monday", "Wednesday", "Sunday"]
    assert {(point["x"], point["r"]): point["y"] for point in points(drawing)} == {
        ("Sunday", "EWR"): 1,
        ("Monday", "EWR"): 2,
        ("Wednesday", "JFK"): 5,
    }
    assert drawing.note == "Where several rows share a cell, it shows their average."


def test_names_of_weekdays_and_months_are_in_their_own_order():
    words = plot(EACH["bar"], table("name n", [("Sun", 1), ("Mon", 2), ("Wed", 3)]))
    assert words.spec["encoding"]["x"]["sort"] == ["Mon", "Wed", "Sun"]
    months = plot(EACH["bar"], table("name n", [("December", 1), ("may", 2), ("January", 3)]))
    assert months.spec["encoding"]["x"]["sort"] == ["January", "may", "December"]


def test_figures_in_cells_are_readable_on_their_colours():
    drawing = plot(HEAT, table("weekday name n", [(1, "a", -10), (2, "a", 0), (3, "a", 5)]))
    assert [point["s"] for point in points(drawing)] == [1, 0, 0.5]
    assert drawing.spec["layer"][0]["encoding"]["color"]["scale"] == {"domain": [-10, 10], "range": "diverging"}
    assert (
        plot(HEAT, table("weekday name n", [(at, "a", at * 100_000.123) for at in range(1, 4)])).spec["data"]["values"][0]["l"] == "100,000"
    )


def test_whole_numbers_are_counted_in_whole_bins():
    drawing = plot(Chart(kind="histogram", x="n"), table("n", [(at,) for at in (0, 0, 1, 1, 1, 3, 9)]))
    assert [(point["x"], point["x2"], point["y"]) for point in points(drawing)][:4] == [(0, 1, 2), (1, 2, 3), (2, 3, 0), (3, 4, 1)]
    assert points(drawing)[0]["xt"] == "0"
    assert sum(point["y"] for point in points(drawing)) == 7


@pytest.mark.parametrize(
    "values",
    [
        [0.1, 0.2, 0.31, 0.4],
        [1e-9, 2e-9, 3e-9],
        [1e18, 2e18, 5e18],
        [-5, -4.5, 3],
        [7],
        [7, 7, 7],
        [0.5],
        list(range(5_000)),
        [0] * 999 + [10**9],
    ],
)
@pytest.mark.parametrize("wanted", [None, 2, 7, 200])
def test_every_figure_falls_into_one_bin(values, wanted):
    drawing = plot(Chart(kind="histogram", x="n", bins=wanted), table("n", [(value,) for value in values]))
    found = points(drawing)
    assert sum(point["y"] for point in found) == len(values)
    assert len(found) <= (wanted or 200)
    assert found[0]["x"] <= min(values)
    assert found[-1]["x2"] >= max(values)


def test_days_are_counted_by_the_day_and_rows_by_their_weight():
    days = [(date(2013, 1, 1) + timedelta(days=at), at) for at in range(10)]
    drawing = plot(Chart(kind="histogram", x="month", y=("n",)), table("month n", days))
    assert sum(point["y"] for point in points(drawing)) == sum(range(10))
    assert all((point["x2"] - point["x"]) % 86_400_000 == 0 for point in points(drawing))
    assert bins([0, 100], whole=True)[1] >= 1


@pytest.mark.parametrize("values", [[1], [1, 2], [1, 2, 3, 4, 100], list(range(100)), [5] * 10, [-3, 0.5, 9, 9, 200, -300]])
def test_a_box_is_made_of_the_quartiles_of_the_database_and_tukeys_whiskers(values):
    low, q1, median, q3, high = five(values)
    assert median == statistics.median(values)
    assert low <= q1 <= median <= q3 <= high
    reach = 1.5 * (q3 - q1)
    assert all(q1 - reach <= value <= q3 + reach or not low <= value <= high for value in values)
    if len(values) == 5:
        assert (q1, q3) == (2, 4), "as percentile_cont"


def test_of_many_points_outside_the_whiskers_the_farthest_are_drawn():
    drawing = plot(EACH["box"], table("name n", [("a", at % 10) for at in range(1_000)] + [("a", 1_000 + at) for at in range(60)]))
    outside = [point["o"] for point in points(drawing) if "o" in point]
    assert outside == list(range(1_059, 1_059 - MOST_OUTLIERS, -1))
    assert "50 farthest" in drawing.note


def test_the_latest_figure_is_compared_with_the_one_before_it():
    of = table("month n", [(date(2013, 3, 1), 30), (date(2013, 1, 1), 10), (date(2013, 2, 1), 20)])
    figure = draw(Chart(kind="big number", x="month", y=("n",)), of, {"n": Format(label="Flights")})
    assert isinstance(figure, Figure)
    assert figure.sentence == "Flights, Mar 2013: 30, up 50.0\N{NO-BREAK SPACE}% from 20 in Feb 2013."
    assert figure.spark == (10, 20, 30)
    twice = draw(Chart(kind="big number", x="month", y=("n",)), table("month n", [(date(2013, 3, 1), 30), (date(2013, 3, 1), 10)]), {})
    assert isinstance(twice, Sentence), "which of them would be the latest?"


def test_a_pivot_table_has_totals_of_its_rows_columns_and_of_all():
    of = table("month name n", [(date(2013, 2, 1), "a", 2), (date(2013, 1, 1), "a", 1), (date(2013, 1, 1), "b", 10)])
    drawing = draw(PIVOT, of, {})
    assert isinstance(drawing, Crosstab)
    assert drawing.heads == ("name", "Jan 2013", "Feb 2013", "Total")
    assert [(head, [cell.text for cell in cells]) for head, cells in drawing.rows] == [
        ("a", ["1", "2", "3"]),
        ("b", ["10", "", "10"]),
        ("Total", ["11", "2", "13"]),
    ]


def test_the_cells_of_a_pivot_table_are_written_as_its_totals_are():
    of = table("month name n", [(date(2013, 1, 1), "a", 6_000), (date(2013, 2, 1), "a", 7_000)])
    drawing = draw(PIVOT, of, {})
    assert isinstance(drawing, Crosstab)
    assert [cell.text for cell in drawing.rows[0][1]] == ["6,000", "7,000", "13,000"]


@pytest.mark.parametrize(("totals", "last"), [("average", "4"), ("min", "1"), ("max", "7")])
def test_totals_of_a_pivot_table_are_taken_over_rows(totals, last):
    of = table("month name n", [(date(2013, 1, 1), "a", 1), (date(2013, 2, 1), "a", 4), (date(2013, 1, 1), "b", 7)])
    drawing = draw(Chart(kind="pivot", x="month", row="name", y=("n",), totals=totals), of, {})
    assert isinstance(drawing, Crosstab)
    assert drawing.rows[-1][1][-1].text == last


def test_a_pivot_table_of_several_figures_groups_them_and_colours_by_their_rules():
    of = table("month name n m", [(date(2013, 1, 1), "a", 1, 2), (date(2013, 2, 1), "a", 9, 4)])
    rule = Format(highlights=(Highlight(operator=">", value=5, tone="red"),))
    drawing = draw(Chart(kind="pivot", x="month", row="name", y=("n", "m"), totals="sum"), of, {"n": rule})
    assert isinstance(drawing, Crosstab)
    assert drawing.groups == (("Jan 2013", 2), ("Feb 2013", 2), ("Total", 2))
    assert [cell.mark for cell in drawing.rows[0][1]] == [None, None, ("red", 1.0), None, None, None], "a total is no cell"


def test_a_map_shows_what_is_on_earth_and_says_what_is_not():
    of = table(
        "name lat lon n m", [("Newark", 40.7, -74.2, 9, 1), ("nowhere", 91, 0, 1, 1), ("unknown", None, 3, 1, 1), ("far", 10, 190, 1, 1)]
    )
    drawing = plot(EACH["map"], of)
    assert [point["xt"] for point in points(drawing)] == ["Newark"]
    assert drawing.note == "3 of 4 rows have no place on the map."
    land = drawing.spec["layer"][1]["data"]["values"][0]["geometry"]["coordinates"]
    assert land, "there is land around Newark"
    everywhere = [place for polygon in land for ring in polygon for place in ring]
    assert all(-180 <= x <= 180 for x, _ in everywhere)
    assert isinstance(draw(EACH["map"], table("name lat lon n m", [("x", 99, 0, 1, 1)]), {}), Sentence)


def test_a_stack_adds_up_what_has_no_colour_of_its_own():
    rows = [(date(2013, month, 1), f"s{at:02}", at) for month in (1, 2) for at in range(1, 31)]
    drawing = plot(EACH["area"], table("month name n", rows))
    january = [point for point in points(drawing) if point["xt"] == "Jan 2013"]
    assert len(january) == 12
    assert sum(point["y"] for point in january) == sum(range(1, 31))
    assert next(point["y"] for point in january if point["c"] == "all others") == sum(range(1, 20))


def test_of_many_lines_the_largest_are_drawn_and_the_rest_is_said():
    drawing = plot(EACH["line"], table("month name n", [(date(2013, 1, 1), f"s{at:02}", at) for at in range(40)]))
    assert {point["c"] for point in points(drawing)} == {f"s{at}" for at in range(28, 40)}
    assert drawing.note == "12 of 40 series are drawn, those with the largest figures."


@pytest.mark.parametrize("kind", EACH)
def test_a_column_that_is_gone_is_named_by_every_kind(kind):
    with pytest.raises(ChartImpossible, match="which its view does not return"):
        draw(EACH[kind], table("other", [(1,)]), {})


@pytest.mark.parametrize("name", ["a.b", "a[0]", "x\\y", "__proto__", "datum.x", "'; alert(1)//", "</script>", "東京", "c", "yt"])
@pytest.mark.parametrize("kind", [kind for kind in EACH if kind != "pivot"])
def test_no_name_means_anything_to_vega(kind, name):
    renamed = EACH[kind].model_dump()
    of = table(COLUMNS, [(date(2013, 1, 1), name, 5, 2.5, 40.6, -73.8, 1)] * 3)
    swapped = {field: (name if value == "name" else value) for field, value in renamed.items()}
    columns = tuple(column.model_copy(update={"name": name}) if column.name == "name" else column for column in of.columns)
    drawing = draw(Chart.model_validate(swapped), of.model_copy(update={"columns": columns}), {})
    if isinstance(drawing, Plot):
        assert _fields(drawing.spec) <= {
            "x",
            "x2",
            "y",
            "y2",
            "r",
            "c",
            "s",
            "o",
            "l",
            "lo",
            "hi",
            "q1",
            "q3",
            "xt",
            "yt",
            "ct",
            "st",
            "lt",
            "pt",
            "qt",
            "wt",
            "nt",
        }


def _fields(part) -> set[str]:
    match part:
        case dict():
            own = {part["field"]} if isinstance(part.get("field"), str) else set()
            return own.union(*(_fields(value) for name, value in part.items() if name != "data"))
        case list():
            return set().union(*map(_fields, part))
        case _:
            return set()
