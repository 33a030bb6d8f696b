"""Charts say what the data says, and nothing that a name or value smuggles in."""

import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from nexus.sources.spec import Column, Query, Table
from nexus.views.appearance import Chart, Format
from nexus.views.charts import ChartImpossible, Sentence, describe, draw, vega_lite

KINDS = {"month": "date", "at": "time", "carrier": "text", "flights": "number", "late": "number", "hour": "number"}


def table(names: list[str], rows: list[tuple], **changes) -> Table:
    return Table(
        columns=tuple(Column(name=name, kind=KINDS.get(name, "text"), type_name="") for name in names),
        rows=rows,
        **{"truncated": False, "elapsed_ms": 1, "read_at": datetime.now(UTC), "query": Query(source="s", sql="select 1"), **changes},
    )


MONTHS = table(
    ["month", "carrier", "flights", "late"],
    [
        (date(2013, 2, 1), "UA", 20, Decimal("0.25")),
        (date(2013, 1, 1), "UA", 10, Decimal("0.125")),
        (date(2013, 1, 1), "AA", 30, None),
    ],
)


def test_a_line_runs_along_time_whatever_the_order_of_the_rows():
    spec = vega_lite(Chart(kind="line", x="month", y=("flights",), color="carrier"), MONTHS, {})
    assert spec["encoding"]["x"]["type"] == "temporal"
    assert [(point["c"], point["xt"], point["y"]) for point in spec["data"]["values"]] == [
        ("UA", "Jan 2013", 10),
        ("AA", "Jan 2013", 30),
        ("UA", "Feb 2013", 20),
    ]
    assert spec["encoding"]["x"]["axis"]["values"] == [{"expr": "1356998400000"}, {"expr": "1359676800000"}]
    assert spec["encoding"]["color"]["sort"] == ["AA", "UA"]


def test_bars_keep_the_order_of_the_rows_for_names_and_of_figures_for_hours():
    by_name = vega_lite(Chart(kind="bar", x="carrier", y=("flights",)), table(["carrier", "flights"], [("Z", 1), ("A", 2), ("M", 3)]), {})
    assert by_name["encoding"]["x"]["sort"] == ["Z", "A", "M"]
    by_hour = vega_lite(Chart(kind="bar", x="hour", y=("flights",)), table(["hour", "flights"], [(10, 1), (9, 2), (23, 3)]), {})
    assert by_hour["encoding"]["x"]["sort"] == ["9", "10", "23"]


def test_several_figures_are_series_with_their_labels():
    chart = Chart(kind="stacked bar", x="carrier", y=("flights", "late"))
    spec = vega_lite(chart, MONTHS, {"flights": Format(label="Flights")})
    assert spec["encoding"]["color"]["sort"] == ["Flights", "late"]
    assert spec["encoding"]["y"]["stack"] == "zero"


def test_bars_can_lie_down():
    spec = vega_lite(Chart(kind="bar", x="carrier", y=("flights",), horizontal=True), MONTHS, {})
    assert (spec["encoding"]["y"]["field"], spec["encoding"]["x"]["field"]) == ("x", "y")


def test_a_missing_figure_is_a_gap_in_a_line_and_no_bar():
    line = vega_lite(Chart(kind="line", x="month", y=("late",)), MONTHS, {})
    assert [point["y"] for point in line["data"]["values"]] == [0.125, None, 0.25]
    bar = vega_lite(Chart(kind="bar", x="carrier", y=("late",)), MONTHS, {})
    assert [point["y"] for point in bar["data"]["values"]] == [0.25, 0.125]


@pytest.mark.parametrize("value", [math.nan, math.inf, Decimal("NaN"), Decimal("-Infinity"), 10**400, None])
def test_what_is_no_figure_never_reaches_the_browser_as_one(value):
    spec = vega_lite(Chart(kind="line", x="hour", y=("flights",)), table(["hour", "flights"], [(1, value), (2, 3)]), {})
    assert [point["y"] for point in spec["data"]["values"]] == [None, 3]
    json.dumps(spec, allow_nan=False)


def test_exact_figures_are_in_the_tooltip_as_in_tables():
    spec = vega_lite(Chart(kind="line", x="month", y=("late",)), MONTHS, {"late": Format(label="Late", style="percent", decimals=1)})
    assert spec["data"]["values"][0]["yt"] == "12.5\N{NO-BREAK SPACE}%"
    assert [field["title"] for field in spec["encoding"]["tooltip"]] == ["month", "Late"]
    assert spec["encoding"]["y"]["axis"]["format"] == ".1~%"


@pytest.mark.parametrize("name", ["a.b", "a[0]", "x\\y", "__proto__", "datum.x", "'; alert(1)//", "</script>", "東京", "c", "yt"])
def test_names_of_columns_mean_nothing_to_vega(name):
    odd = Table(
        **{
            **dict(MONTHS),
            "columns": (Column(name=name, kind="text", type_name=""), Column(name="n", kind="number", type_name="")),
            "rows": [(name, 1)],
        }
    )
    spec = vega_lite(Chart(kind="bar", x=name, y=("n",), color=name), odd, {})
    fields = {channel["field"] for channel in spec["encoding"].values() if isinstance(channel, dict)}
    assert fields <= {"x", "y", "c"}
    assert spec["data"]["values"] == [{"x": name, "y": 1, "xt": name, "yt": "1", "c": name}]


def test_a_column_that_is_gone_is_named():
    with pytest.raises(ChartImpossible, match="`delay`"):
        vega_lite(Chart(kind="bar", x="carrier", y=("delay",)), MONTHS, {})


@pytest.mark.parametrize("kind", ["line", "bar", "stacked bar", "area", "scatter"])
def test_a_chart_without_rows_is_a_sentence_that_says_what_to_do(kind):
    drawing = draw(Chart(kind=kind, x="month", y=("flights",)), table(["month", "flights"], []), {})
    assert drawing == Sentence(words="No rows. Widen the filters, or clear them.")


def test_the_chart_is_told_to_those_who_do_not_see_it():
    told = describe(Chart(kind="line", x="month", y=("flights",), color="carrier"), MONTHS, {"flights": Format(label="Flights")})
    assert told == "Line chart of Flights by month and carrier. Flights: lowest 10 (2013-01-01, UA), highest 30 (2013-01-01, AA)."
    cut = Table(**{**dict(MONTHS), "truncated": True, "truncated_because": "first 3 rows"})
    assert describe(Chart(kind="line", x="month", y=("flights",)), cut).endswith("Not complete: first 3 rows.")


@pytest.mark.parametrize(
    ("moments", "words"),
    [
        ([datetime(2013, 1, 1, 5), datetime(2013, 1, 1, 6, 30)], ["05:00", "06:30"]),
        ([datetime(2013, 1, 1, 5), datetime(2013, 1, 3)], ["1 Jan 05:00", "3 Jan 00:00"]),
        ([datetime(2013, 1, 1, tzinfo=UTC), datetime(2013, 1, 3, tzinfo=UTC)], ["1 Jan", "3 Jan"]),
        ([datetime(2012, 12, 31), datetime(2013, 1, 3)], ["31 Dec 2012", "3 Jan 2013"]),
        ([datetime(2012, 1, 1), datetime(2013, 1, 1)], ["2012", "2013"]),
        ([datetime(2013, 1, 1)], ["Jan 2013"]),
    ],
)
def test_moments_are_written_as_short_as_their_step_allows(moments, words):
    spec = vega_lite(Chart(kind="bar", x="at", y=("flights",)), table(["at", "flights"], [(moment, 1) for moment in moments]), {})
    assert [point["x"] for point in spec["data"]["values"]] == words
