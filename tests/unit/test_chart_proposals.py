"""Which chart a result is given before anybody chose one."""

from datetime import UTC, date, datetime

import pytest

from nexus.sources.spec import Column, Query, Table
from nexus.views.charts import Sentence, alternatives, draw, propose


def table(columns: dict[str, str], rows: list[tuple]) -> Table:
    return Table(
        columns=tuple(Column(name=name, kind=kind, type_name="") for name, kind in columns.items()),
        rows=rows,
        truncated=False,
        elapsed_ms=1,
        read_at=datetime.now(UTC),
        query=Query(source="s", sql="select 1"),
    )


MONTHS = [date(2013, month, 1) for month in range(1, 7)]
CASES = {
    "a date and a figure": (table({"month": "date", "flights": "number"}, [(month, 5) for month in MONTHS]), "line", {"x": "month"}),
    "a figure for each name": (table({"carrier": "text", "flights": "number"}, [("UA", 1), ("AA", 2), ("B6", 3)]), "bar", {"x": "carrier"}),
    "dates and names": (
        table({"month": "date", "carrier": "text", "late": "number"}, [(month, name, 1) for month in MONTHS for name in ("UA", "AA")]),
        "line",
        {"color": "carrier"},
    ),
    "parts of a date beside a figure": (
        table({"day": "number", "at": "time", "delay": "number"}, [(1, datetime(2013, 1, at), at) for at in range(1, 9)]),
        "line",
        {"x": "at", "y": ("delay",)},
    ),
    "two names that meet": (
        table({"origin": "text", "sky": "text", "late": "number"}, [(a, b, 1) for a in ("EWR", "JFK", "LGA") for b in ("dry", "wet")]),
        "heatmap",
        {"x": "sky", "row": "origin"},
    ),
    "two figures": (table({"wind": "number", "delay": "number"}, [(at, at * 2) for at in range(50)]), "scatter", {"x": "wind", "y": ("delay",)}),
    "places": (
        table({"faa": "text", "lat": "number", "lon": "number", "alt": "number"}, [(f"A{at}", at, at, at) for at in range(30)]),
        "map",
        {"latitude": "lat", "longitude": "lon", "size": "alt"},
    ),
    "one figure": (table({"flights": "number"}, [(336776,)]), "big number", {"y": ("flights",)}),
    "many figures of one column": (table({"delay": "number"}, [(at % 7,) for at in range(500)]), "histogram", {"x": "delay"}),
    "raw rows of few names": (table({"origin": "text", "delay": "number"}, [(("EWR", "JFK")[at % 2], at) for at in range(500)]), "box", {"x": "origin"}),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_proposal_follows_the_types(case):
    of, kind, has = CASES[case]
    chart = propose(of)
    assert chart is not None
    assert chart.kind == kind
    assert {name: getattr(chart, name) for name in has} == has


@pytest.mark.parametrize("case", CASES)
def test_every_alternative_can_be_drawn_and_comes_once(case):
    of = CASES[case][0]
    found = alternatives(of)
    assert found[0] == propose(of)
    assert len({chart.kind for chart in found}) == len(found)
    for chart in found:
        assert not isinstance(draw(chart, of, {}), Sentence), chart


@pytest.mark.parametrize(
    "of",
    [
        table({}, []),
        table({"name": "text"}, [("a",), ("b",)]),
        table({"x": "json", "y": "binary"}, [("{}", b"")]),
        table({"id": "number"}, [(1,), (2,)]),
        table({"n": "number", "n ": "number"}, []),
        table({"": "number", "x" * 90: "number"}, [(1, 2)]),
    ],
)
def test_where_nothing_fits_nothing_is_forced(of):
    for chart in alternatives(of):
        draw(chart, of, {})


def test_numbers_that_only_name_are_no_figures():
    chart = propose(table({"customer_id": "number", "year": "number", "total": "number"}, [(at, 2013, at * 3) for at in range(9)]))
    assert chart is not None
    assert "total" in (*chart.y, chart.x)
    assert "customer_id" not in chart.y
