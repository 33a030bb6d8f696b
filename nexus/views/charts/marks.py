"""Which rows a mark of a chart stands for: what a click on it means, as columns and their values."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from nexus.sources.spec import Column, Table
from nexus.views import scale
from nexus.views.charts.drawing import Crosstab
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
        case "pie" | "box" | "map" | "histogram":
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
    if subject.chart.kind == "histogram":
        return _mark_bars(subject, points)
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


@dataclass(frozen=True)
class Cells:
    """What the cells of a pivot table stand for: `rows` and `columns` as they are drawn, without totals, and of single cells what is told more."""

    rows: tuple[Mapping[str, Any], ...]
    columns: tuple[Mapping[str, Any], ...]
    more: Mapping[tuple[int, int], Mapping[str, Any]]

    def point(self, row: int, column: int) -> dict[str, Any]:
        """Of a cell, of a head (whose other place is -1), or of a total, which lies past the end. Nothing for the total of all."""
        of_row = self.rows[row] if 0 <= row < len(self.rows) else {}
        of_column = self.columns[column] if 0 <= column < len(self.columns) else {}
        return {**of_column, **of_row, **self.more.get((row, column), {})}

    def places(self, points: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
        """Where the cells and heads of `points` are; what is not drawn is nowhere."""
        rows, columns = range(-1, len(self.rows)), range(-1, len(self.columns))
        return [(row, column) for row in rows for column in columns if row >= 0 or column >= 0 if self.point(row, column) in points]


def cells(subject: Subject, drawing: Crosstab, *, more: Sequence[str], point_of: PointOf) -> Cells:
    """Of a pivot table as it was drawn. A name that several values are written as stands for none of them."""
    chart = subject.chart
    down, across = subject.names(chart.row), subject.names(chart.x) if chart.x else None
    count = len(drawing.rows) - drawing.totals_row
    width = (len(drawing.rows[0][1]) if drawing.rows else 0) - drawing.totals_columns
    rows, columns = down.all()[:count], across.all()[: width // len(chart.y)] if across else []
    held: dict[tuple[str, str], list[Row]] = {}
    for row in subject.table.rows:
        x, r = across.word(row) if across else "", down.word(row)
        for place in {("", r), (x, ""), (x, r)}:
            held.setdefault(place, []).append(row)
    sides = [_agreed(subject.table, held[x, ""], (str(chart.x),), point_of) for x in columns for _ in chart.y]
    told: dict[tuple[int, int], Mapping[str, Any]] = {}
    for at, r in enumerate(rows if more else ()):
        for side, x in enumerate([x for x in columns for _ in chart.y] or [""] * width):
            told[at, side] = _told(subject.table, held.get((x, r), []), more, point_of)
    return Cells(tuple(_agreed(subject.table, held["", r], (str(chart.row),), point_of) for r in rows), tuple(sides or [{}] * width), told)


def _agreed(table: Table, rows: Sequence[Row], columns: Sequence[str], point_of: PointOf) -> dict[str, Any]:
    """What all `rows` are in `columns`; nothing where they differ, or cannot be compared."""
    first = point_of(table, rows[0], columns)
    return first if set(first) == set(columns) and all(point_of(table, row, columns) == first for row in rows[1:]) else {}


def _told(table: Table, rows: Sequence[Row], more: Sequence[str], point_of: PointOf) -> dict[str, Any]:
    """Those of the columns `more` about which all rows agree."""
    found: dict[str, Any] = {}
    for name in more if rows else ():
        found |= _agreed(table, rows, (name,), point_of)
    return found


def _mark_bars(subject: Subject, points: Sequence[dict[str, Any]]) -> int:
    """Of a histogram: each bar stands for what lies between its ends."""
    column, marked = subject.column(subject.chart.x), 0
    for point in points:
        ends = tuple(_end(column, point[name]) for name in ("x", "x2"))
        # A bar of some hours of a day holds dates only where one begins in it.
        if None not in ends and ends[0] != ends[1]:
            point[KEY] = _written({str(subject.chart.x): dict(zip(("from", "to"), ends, strict=True))})
            marked += 1
    return marked


def _end(column: Column, value: float) -> float | str | None:
    """An end of a bar as a value of the column: what is not before it is in the bar, or past it. None for what a pick cannot hold."""
    match column.kind:
        case "number":
            return value
        case "time":
            moment = scale.at(int(value))
            return (moment if "with time zone" in column.type_name else moment.replace(tzinfo=None)).isoformat()
        case "date":
            moment = scale.at(int(value))
            return (moment.date() + timedelta(days=moment.time() != time())).isoformat()
        case _:
            return None


def _written(point: Mapping[str, Any]) -> str:
    return json.dumps(point, ensure_ascii=False, separators=(",", ":"))


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
    first = _agreed(table, rows, columns, point_of)
    return _written(first | _told(table, rows, more, point_of)) if first else ""
