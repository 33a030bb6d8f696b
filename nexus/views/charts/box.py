"""How figures of each name are spread: half of them in the box, whiskers as Tukey drew them, the rest as points."""

import statistics
from collections.abc import Sequence
from typing import Any

from nexus.views import scale
from nexus.views.charts.cartesian import tooltip, turned
from nexus.views.charts.drawing import Plot
from nexus.views.charts.subject import Subject, axis_format

MOST_BOXES = 40
MOST_OUTLIERS = 50
"""Of one box, the farthest."""


def box(subject: Subject) -> Plot:
    """A box for each value of `x`, or for each figure where there is no `x`."""
    groups = _groups(subject)
    names = list(groups)[:MOST_BOXES]
    spread = {name: five(groups[name]) for name in names}
    points = [_box(subject, name, spread[name], len(groups[name])) for name in names]
    notes = (
        [f"The first {MOST_BOXES} of {len(groups):,} values of {subject.label(subject.chart.x)} are drawn."]
        if len(groups) > MOST_BOXES
        else []
    )
    cut = False
    for name in names:
        out = _outside(groups[name], spread[name])
        cut = cut or len(out) > MOST_OUTLIERS
        points += [{"x": name, "o": value, "xt": name, "yt": subject.word(subject.chart.y[0], value)} for value in out[:MOST_OUTLIERS]]
    if cut:
        notes.append(f"Of the points outside the whiskers, the {MOST_OUTLIERS} farthest of each box are drawn.")
    return Plot(spec=_spec(subject, names, points), note=" ".join(notes))


def five(values: Sequence[float]) -> tuple[float, float, float, float, float]:
    """Lower whisker, quartiles, upper whisker. Quartiles as Postgres's `percentile_cont`; whiskers reach the last figure within 1.5 of the box's height."""
    ordered = sorted(values)
    if len(ordered) == 1:
        q1 = median = q3 = ordered[0]
    else:
        q1, median, q3 = statistics.quantiles(ordered, n=4, method="inclusive")
    reach = 1.5 * (q3 - q1)
    inside = [value for value in ordered if q1 - reach <= value <= q3 + reach]
    return min(inside[0], q1), q1, median, q3, max(inside[-1], q3)


def _groups(subject: Subject) -> dict[str, list[float]]:
    chart = subject.chart
    groups: dict[str, list[float]] = {}
    if chart.x is None:
        groups = {subject.label(name): [value for value in subject.figures(name) if value is not None] for name in chart.y}
    else:
        names = subject.names(chart.x)
        groups = {name: [] for name in names.all()}
        at = subject.at(chart.y[0])
        for row in subject.table.rows:
            value = scale.number(row[at])
            if value is not None:
                groups[names.word(row)].append(value)
    return {name: values for name, values in groups.items() if values}


def _outside(values: Sequence[float], spread: tuple[float, float, float, float, float]) -> list[float]:
    low, _, median, _, high = spread
    return sorted((value for value in values if not low <= value <= high), key=lambda value: -abs(value - median))


def _box(subject: Subject, name: str, spread: tuple[float, ...], count: int) -> dict[str, Any]:
    low, q1, median, q3, high = spread
    words = [subject.word(subject.chart.y[0], value) for value in spread]
    figures_ = {"lo": low, "q1": q1, "y": median, "q3": q3, "hi": high}
    return {
        "x": name,
        **figures_,
        "xt": name,
        "yt": words[2],
        "qt": f"{words[1]} to {words[3]}",
        "wt": f"{words[0]} to {words[4]}",
        "nt": f"{count:,}",
    }


def _spec(subject: Subject, names: list[str], points: list[dict[str, Any]]) -> dict[str, Any]:
    chart = subject.chart
    lies = chart.horizontal
    along, up, up2 = ("y", "x", "x2") if lies else ("x", "y", "y2")
    title = subject.title(chart.y[0]) if chart.x or len(chart.y) == 1 else None
    values = [value for point in points for value in (point.get("lo"), point.get("hi"), point.get("o"))]
    axis = {"format": axis_format(subject.formats.get(chart.y[0]), values), "tickCount": 5}

    def from_to(start: str, end: str) -> dict[str, Any]:
        return {up: {"field": start, "type": "quantitative", "title": title, "axis": axis, "scale": {"zero": False}}, up2: {"field": end}}

    def one(field: str) -> dict[str, Any]:
        return {up: {"field": field, "type": "quantitative", "title": title}}

    shown = tooltip(
        [
            ("xt", subject.label(chart.x) if chart.x else "Figure"),
            ("yt", "Median"),
            ("qt", "Middle half"),
            ("wt", "Whiskers"),
            ("nt", "Figures"),
        ]
    )
    label = subject.label(chart.x) if chart.x else "Figure"
    place: dict[str, Any] = {"field": "x", "type": "nominal", "sort": names, "title": subject.title(chart.x) if chart.x else None}
    place["axis"] = {"labelOverlap": True, "grid": False, **turned(names, lies=lies)}
    boxes, outliers = [{"filter": "isValid(datum.q1)"}], [{"filter": "isValid(datum.o)"}]
    half = {"band": 0.5}
    return {
        "data": {"values": points},
        "encoding": {along: place},
        "layer": [
            {"transform": boxes, "mark": {"type": "rule", "style": "whisker"}, "encoding": from_to("lo", "hi")},
            {
                "transform": boxes,
                "mark": {"type": "bar", "width" if not lies else "height": half, "cornerRadiusEnd": 0},
                "encoding": {**from_to("q1", "q3"), "tooltip": shown},
            },
            {
                "transform": boxes,
                "mark": {"type": "tick", "thickness": 2, "style": "median", "height" if lies else "width": half},
                "encoding": one("y"),
            },
            {
                "transform": outliers,
                "mark": {"type": "point", "size": 14, "opacity": 0.6},
                "encoding": {**one("o"), "tooltip": tooltip([("xt", label), ("yt", subject.label(chart.y[0]))])},
            },
        ],
    }
