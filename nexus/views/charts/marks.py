"""Which rows a mark of a chart stands for: what a click on it means, as columns and their values."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from nexus.sources.spec import Table
from nexus.views.charts.subject import Row, Subject

KEY = "k"
"""Field of a mark's datum: JSON of its columns and values."""
PointOf = Callable[[Table, Row, Sequence[str]], dict[str, Any]]
"""The values of some columns of a row, without those that cannot be compared."""


def clickable(subject: Subject) -> tuple[str, ...]:
    """The columns that a mark of the chart stands for; empty where marks are not made of names or moments."""
    chart = subject.chart
    match chart.kind:
        case "line" | "bar" | "stacked bar" | "area" | "scatter":
            named: tuple[str | None, ...] = (chart.x, chart.color)
        case "pie" | "box" | "map":
            named = (chart.x,)
        case "heatmap" | "pivot":
            named = (chart.x, chart.row)
        case _:
            named = ()
    return tuple(dict.fromkeys(name for name in named if name))


def mark(subject: Subject, points: Sequence[dict[str, Any]], *, more: Sequence[str], point_of: PointOf) -> int:
    """Give each of `points` its `KEY`, where it is known what it stands for; says how many have one.

    `more` are columns that are told too, where all rows of a mark agree about them.
    """
    columns = clickable(subject)
    if not columns:
        return 0
    rows: dict[tuple[Any, ...], list[Row]] = {}
    for row, place in _places(subject):
        rows.setdefault(place, []).append(row)
    marked = 0
    keys: dict[tuple[Any, ...], str] = {}
    for point in points:
        place = _place_of(subject, point)
        found = rows.get(place)
        if not found:
            continue
        if place not in keys:
            keys[place] = _key(subject.table, found, columns, more, point_of)
        if keys[place]:
            point[KEY] = keys[place]
            marked += 1
    return marked


def _places(subject: Subject) -> list[tuple[Row, tuple[Any, ...]]]:
    """Each row with the words that its mark bears."""
    chart, rows = subject.chart, subject.table.rows
    across = subject.names(chart.x)
    if chart.kind in ("heatmap", "pivot"):
        down = subject.names(chart.row)
        return [(row, (across.word(row), down.word(row))) for row in rows]
    if chart.kind == "map":
        return [(row, (subject.word(chart.x, row[subject.at(chart.x)]),)) for row in rows]
    if chart.kind in ("pie", "box") or not chart.color:
        return [(row, (across.word(row),)) for row in rows]
    at = subject.at(chart.color)
    return [(row, (across.word(row), subject.word(chart.color, row[at]))) for row in rows]


def _place_of(subject: Subject, point: dict[str, Any]) -> tuple[Any, ...]:
    chart = subject.chart
    if chart.kind == "heatmap":
        return (point.get("x"), point.get("r"))
    if chart.kind in ("pie", "box", "map") or not chart.color:
        return (point.get("xt"),)
    series = str(point.get("c"))
    if len(chart.y) > 1:
        series = next((series.removesuffix(end) for name in chart.y if series.endswith(end := f" · {subject.label(name)}")), series)
    return (point.get("xt"), series)


def _key(table: Table, rows: Sequence[Row], columns: Sequence[str], more: Sequence[str], point_of: PointOf) -> str:
    first = point_of(table, rows[0], columns)
    if set(first) != set(columns) or any(point_of(table, row, columns) != first for row in rows[1:]):
        return ""
    for name in more:
        told = point_of(table, rows[0], (name,))
        if told and all(point_of(table, row, (name,)) == told for row in rows[1:]):
            first |= told
    return json.dumps(first, ensure_ascii=False, separators=(",", ":"))
