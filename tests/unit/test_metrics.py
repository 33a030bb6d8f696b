"""Metrics as HTML: what they say to those who look and to those who listen, and nothing that a value could break out with."""

import html

from nexus.ui.metrics import markup
from nexus.views.figure import Figure


def test_a_metric_shows_its_figure_its_change_and_its_course():
    drawn = markup(
        Figure(
            label="Flights",
            value=2,
            value_text="2",
            comparison=1,
            comparison_text="1",
            comparison_label="before",
            change=1,
            change_text="100 %",
            direction="up",
            good=True,
            spark=(1, None, 2),
        )
    )
    assert 'nexus-value">2<' in drawn
    assert 'nexus-change nexus-good">▲ 100 %<' in drawn
    assert "Flights: 2, up 100 % from 1 before." in drawn
    assert "mask-image" in drawn


def test_a_metric_without_a_past_is_its_figure_alone():
    drawn = markup(Figure(label="Flights", value=None, value_text="–", spark=(1,)))
    assert "nexus-change" not in drawn
    assert "mask-image" not in drawn


def test_names_and_values_are_shown_as_they_are():
    hostile = "<img src=x onerror=alert(1)>\"'"
    drawn = markup(
        Figure(label=hostile, value=hostile, value_text=hostile, comparison_label=hostile, change_text=hostile, direction="down")
    )
    assert "<img" not in drawn
    assert html.escape(hostile) in drawn


def test_a_flat_course_is_a_line():
    assert "2.0,30.0" in markup(Figure(label="x", value=1, value_text="1", spark=(5.0, 5.0))).replace("%2C", ",")
