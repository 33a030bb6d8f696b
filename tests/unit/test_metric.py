"""One figure, and what has become of it."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from nexus.dashboards.metric import MetricImpossible, metric
from nexus.dashboards.spec import MetricPanel
from nexus.sources.spec import Column, Query, Table
from nexus.views.appearance import Format
from nexus.views.figure import Figure


def of(rows: list[tuple], *, style: Format | None = None, **panel) -> Figure:
    table = Table(
        columns=tuple(Column(name=name, kind="number", type_name="") for name in ("now", "before", "week")),
        rows=rows,
        truncated=False,
        elapsed_ms=1,
        read_at=datetime.now(UTC),
        query=Query(source="s", sql="select 1"),
    )
    asked = MetricPanel(**{"name": "m", "title": "Flights", "view": "v", "measure": "now", "comparison": "before", **panel})
    return metric(asked, table, {"now": style} if style else {})


PERCENT = Format(style="percent", decimals=1)
MINUTES = Format(style="number", decimals=0, unit="min")
SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("now", "before", "style", "shown"),
    [
        (110, 100, None, ("up", f"10.0{SPACE}%")),
        (Decimal("86995"), 85960, None, ("up", f"1.2{SPACE}%")),
        (50, 100, None, ("down", f"50.0{SPACE}%")),
        (100, 100, None, ("same", f"0.0{SPACE}%")),
        (0.706, Decimal("0.750"), PERCENT, ("down", "4.4 points")),
        (-1, -3, MINUTES, ("up", f"2{SPACE}min")),
        (5, 0, MINUTES, ("up", f"5{SPACE}min")),
        (-5, 10, MINUTES, ("down", f"15{SPACE}min")),
        (5, None, None, (None, "")),
        (None, 5, None, (None, "")),
        (float("nan"), 5, None, (None, "")),
    ],
)
def test_a_change_is_told_in_the_unit_that_makes_sense(now, before, style, shown):
    drawn = of([(now, before, 1)], style=style)
    assert (drawn.direction, drawn.change_text) == shown


@pytest.mark.parametrize(
    ("up_is_good", "now", "good"),
    [(True, 2, True), (True, 0, False), (False, 2, False), (False, 0, True), (None, 2, None), (True, 1, None)],
)
def test_whether_a_change_is_welcome_is_said_by_the_panel(up_is_good, now, good):
    assert of([(now, 1, 1)], up_is_good=up_is_good).good is good


def test_the_figure_is_the_last_rows_and_the_sparkline_all_rows():
    drawn = of([(1, 1, 5), (2, 1, None), (3, 1, 7)], sparkline="week")
    assert (drawn.value, drawn.spark) == (3, (5.0, None, 7.0))


def test_a_view_without_rows_shows_a_dash():
    drawn = of([], sparkline="week")
    assert (drawn.value_text, drawn.direction, drawn.spark) == ("–", None, ())
    assert drawn.sentence == "Flights: –."


def test_a_column_that_is_gone_is_named():
    with pytest.raises(MetricImpossible, match="`later`"):
        of([(1, 1, 1)], measure="later")


def test_without_a_title_it_is_called_as_its_column():
    assert of([(1, 1, 1)], title="", style=Format(label="On time")).label == "On time"


def test_the_change_is_told_to_those_who_do_not_see_arrows():
    assert of([(110, 100, 1)], comparison_label="last week").sentence == f"Flights: 110, up 10.0{SPACE}% from 100 last week."
    assert of([(100, 100, 1)], comparison_label="last week").sentence == "Flights: 100, unchanged from 100 last week."
