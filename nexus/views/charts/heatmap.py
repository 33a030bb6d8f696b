"""A field of cells: two columns across and down, and the figure as colour."""

from typing import Any

from nexus.views import scale
from nexus.views.charts.cartesian import tooltip, turned
from nexus.views.charts.drawing import Plot
from nexus.views.charts.subject import Subject, axis_format

MOST_ACROSS, MOST_DOWN = 60, 60
LABELLED_ACROSS, LABELLED_CELLS = 16, 180
"""Up to so many cells each says its figure."""
STRONG = 0.6
"""From this strength on, colours need the ink for strong ones."""


def heatmap(subject: Subject) -> Plot:
    chart = subject.chart
    figure = chart.y[0]
    across, down = subject.names(chart.x), subject.names(chart.row)
    every = [(row, across.word(row), down.word(row)) for row in subject.table.rows]
    columns, rows = across.all()[:MOST_ACROSS], down.all()[:MOST_DOWN]
    cells: dict[tuple[str, str], list[float]] = {}
    for row, x, r in every:
        value = scale.number(row[subject.at(figure)])
        if value is not None:
            cells.setdefault((x, r), []).append(value)
    means = {place: sum(values) / len(values) for place, values in cells.items() if place[0] in set(columns) and place[1] in set(rows)}
    low, high = min(means.values()), max(means.values())
    diverges = low < 0 < high
    ends = (-max(-low, high), max(-low, high)) if diverges else (low, high)
    points = [_cell(subject, place, value, ends) for place, value in means.items()]
    labelled = len(columns) <= LABELLED_ACROSS and len(columns) * len(rows) <= LABELLED_CELLS
    spec = {
        "data": {"values": points},
        "encoding": {
            "x": _axis(subject, chart.x, "x", columns),
            "y": _axis(subject, chart.row, "r", rows),
        },
        "layer": [_rectangles(subject, points, ends, diverges=diverges), *(_labels() if labelled else [])],
    }
    return Plot(spec=spec, note=_note(cells, len(across.all()), len(down.all())))


def _cell(subject: Subject, place: tuple[str, str], value: float, ends: tuple[float, float]) -> dict[str, Any]:
    low, high = ends
    strength = (value - low) / (high - low) if high > low else 0.5
    return {
        "x": place[0],
        "r": place[1],
        "y": value,
        "yt": subject.word(subject.chart.y[0], value),
        "l": subject.brief(subject.chart.y[0], value),
        # How far from the middle of a scale of two colours, or from the low end of one: says which ink can be read on it.
        "s": round(abs(strength - 0.5) * 2 if low < 0 < high else strength, 4),
    }


def _axis(subject: Subject, name: str | None, field: str, names: list[str]) -> dict[str, Any]:
    look = {"labelOverlap": True, "grid": False, "ticks": False, "domain": False}
    return {
        "field": field,
        "type": "nominal",
        "sort": names,
        "scale": {"domain": names, "paddingInner": 0.03},
        "title": subject.title(name),
        "axis": {**look, **(turned(names) if field == "x" else {"labelLimit": 180})},
    }


def _rectangles(subject: Subject, points: list[dict[str, Any]], ends: tuple[float, float], *, diverges: bool) -> dict[str, Any]:
    figure = subject.chart.y[0]
    shown = [("x", subject.label(subject.chart.x)), ("r", subject.label(subject.chart.row)), ("yt", subject.label(figure))]
    color = {
        "field": "y",
        "type": "quantitative",
        "title": subject.title(figure),
        "scale": {"domain": list(ends), "range": "diverging" if diverges else "heatmap"},
        "legend": {"format": axis_format(subject.formats.get(figure), [point["y"] for point in points]), "gradientLength": 120},
    }
    return {"mark": {"type": "rect"}, "encoding": {"color": color, "tooltip": tooltip(shown)}}


def _labels() -> list[dict[str, Any]]:
    """The figures in two inks, for weak and for strong colours; which ink is which belongs to screen and paper."""
    text = {"text": {"field": "l", "type": "nominal"}}
    return [
        {"transform": [{"filter": f"datum.s {sign} {STRONG}"}], "mark": {"type": "text", "style": f"on-{style}"}, "encoding": text}
        for sign, style in (("<=", "weak"), (">", "strong"))
    ]


def _note(cells: dict[tuple[str, str], list[float]], across: int, down: int) -> str:
    said = []
    if across > MOST_ACROSS or down > MOST_DOWN:
        said.append(f"The first {min(across, MOST_ACROSS)} of {across:,} columns and {min(down, MOST_DOWN)} of {down:,} rows are drawn.")
    if any(len(values) > 1 for values in cells.values()):
        said.append("Where several rows share a cell, it shows their average.")
    return " ".join(said)
