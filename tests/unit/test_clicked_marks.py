"""What the marks of charts stand for when they are clicked: bars of a histogram, cells of a heatmap and of a pivot table."""

import json
from datetime import date, datetime
from typing import Any

import pytest

from nexus.dashboards.picks import point_of
from nexus.sources.spec import Column, Query, Table
from nexus.ui import clicks
from nexus.ui.clicks import Clicks
from nexus.views import charts
from nexus.views.appearance import Chart
from nexus.views.charts import marks
from nexus.views.charts.subject import Subject


def table(columns: dict[str, tuple[str, str]], rows: list[tuple[Any, ...]]) -> Table:
    made = tuple(Column(name=name, kind=kind, type_name=type_name) for name, (kind, type_name) in columns.items())
    query = Query(source="s", sql="select")
    return Table(columns=made, rows=rows, truncated=False, elapsed_ms=0, read_at=datetime(2026, 1, 1), query=query)


def spans(kind: str, type_name: str, values: list[Any], bins: int | None = None) -> dict[str, dict[str, Any]]:
    found = table({"v": (kind, type_name)}, [(value,) for value in values])
    return {words: point["v"] for words, point in clicks.bars(Chart(kind="histogram", x="v", bins=bins), found, {}).items()}


def test_a_bar_of_a_histogram_is_a_range():
    assert spans("number", "integer", [0, 5, 12, 39, 39, 55], bins=6) == {
        "0 to 9": {"from": 0, "to": 10},
        "10 to 19": {"from": 10, "to": 20},
        "30 to 39": {"from": 30, "to": 40},
        "50 to 59": {"from": 50, "to": 60},
    }
    june = [date(2013, 6, day) for day in range(1, 31)]
    bars = spans("date", "date", june, bins=6).values()
    assert [sum(1 for day in june if one["from"] <= day.isoformat() < one["to"]) for one in bars] == [3, 10, 10, 7]
    moments = [datetime(2013, 6, 1, 10), datetime(2013, 6, 1, 11)]
    assert spans("time", "timestamp without time zone", moments)
    assert all("+" not in one["from"] for one in spans("time", "timestamp without time zone", moments).values())


def test_every_value_lies_in_the_range_of_the_bar_that_counts_it():
    values = [0.1 * number for number in range(50)]
    found = spans("number", "double precision", values, bins=7).values()
    assert sum(sum(1 for value in values if one["from"] <= value < one["to"]) for one in found) == len(values)


ROWS = table(
    {"airline": ("text", "text"), "month": ("number", "integer"), "flights": ("number", "bigint"), "code": ("text", "text")},
    [("United", 1, 10, "UA"), ("United", 2, 20, "UA"), ("Delta", 1, 5, "DL"), (None, 2, 1, None)],
)


def pivot(**more: Any) -> tuple[Chart, marks.Cells]:
    chart = Chart(**{"kind": "pivot", "x": "month", "row": "airline", "y": ("flights",), "totals": "sum"} | more)
    return chart, marks.cells(Subject(chart, ROWS, {}), charts.draw(chart, ROWS, {}), more=("code",), point_of=point_of)


def test_a_cell_of_a_pivot_table_is_its_row_and_its_column_and_a_head_or_total_is_one_of_them():
    _, cells = pivot()
    assert cells.point(0, 1) == {"month": 2, "airline": "United", "code": "UA"}
    assert cells.point(0, -1) == cells.point(0, 2) == {"airline": "United"}
    assert cells.point(-1, 0) == cells.point(3, 0) == {"month": 1}
    assert cells.point(2, 1) == {"month": 2, "airline": None, "code": None}
    assert cells.point(3, 2) == cells.point(99, 99) == cells.point(-5, -5) == {}
    assert cells.places([{"airline": "United"}]) == [(0, -1)]


def test_a_pivot_table_without_columns_or_with_two_figures_is_clicked_alike():
    _, alone = pivot(x=None, totals=None)
    assert alone.point(1, 0) == {"airline": "Delta", "code": "DL"}
    _, two = pivot(y=("flights", "flights"))
    assert [two.point(1, column) for column in (0, 1)] == [{"month": 1, "airline": "Delta", "code": "DL"}] * 2
    assert two.point(-1, 3) == {"month": 2}


@pytest.mark.parametrize(
    ("chart", "point"),
    [
        (Chart(kind="heatmap", x="month", row="airline", y=("flights",)), {"month": 1, "airline": "United"}),
        (Chart(kind="histogram", x="flights"), {"flights": {"from": 1, "to": 2}}),
    ],
)
def test_marks_hear_clicks_and_say_what_they_stand_for(chart, point):
    spec = charts.draw(chart, ROWS, {}).spec
    assert clicks.listen(spec, chart, ROWS, {}, Clicks("key", lambda _points: None))["key"] == "key"
    assert point in [json.loads(one[marks.KEY]) for one in spec["data"]["values"] if marks.KEY in one]
