"""A chart as a Vega-Lite specification, for the screen and for paper alike.

Colours, fonts and sizes belong to the caller's `config`; here is only what the data says. Fields of the
data are called `x`, `y` and `c`, so that no name of a column can mean something to Vega.
"""

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from nexus.errors import BadInput
from nexus.sources.spec import Column, Table
from nexus.views import format as written
from nexus.views.appearance import Chart, Format

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
Measure = Literal["temporal", "nominal", "quantitative"]
Formats = Mapping[str, Format]
KINDS = {"line": "Line chart", "bar": "Bar chart", "stacked bar": "Stacked bar chart", "area": "Area chart", "scatter": "Scatter plot"}


class ChartImpossible(BadInput):
    """The chart names a column that its view does not return; `message` says which."""


def vega_lite(
    chart: Chart, table: Table, formats: Formats, *, width: int | str | None = None, height: int | str | None = None
) -> dict[str, Any]:
    """The chart with its data inline, without `config`. Raises ChartImpossible when a column is not there."""
    _require_columns(chart, table)
    points = _points(chart, table, formats)
    horizontal = chart.horizontal and chart.kind in ("bar", "stacked bar")
    x, y = _x_channel(chart, table, formats, points), _y_channel(chart, table, formats, points)
    encoding: dict[str, Any] = {"x": y, "y": x} if horizontal else {"x": x, "y": y}
    series = _series(chart, table, formats, points)
    if series:
        encoding["color"] = {
            "field": "c",
            "type": "nominal",
            "sort": series,
            "title": _label(table, formats, chart.color) if chart.color else None,
            "legend": {"symbolLimit": 30},
        }
        if chart.kind == "bar":
            encoding["yOffset" if horizontal else "xOffset"] = {"field": "c", "type": "nominal", "sort": series}
    encoding["tooltip"] = _tooltip(chart, table, formats, bool(series))
    spec: dict[str, Any] = {
        "$schema": SCHEMA,
        "description": describe(chart, table, formats),
        "data": {"values": points},
        "mark": _mark(chart, points),
        "encoding": encoding,
    }
    spec.update({name: size for name, size in (("width", width), ("height", height)) if size is not None})
    return spec


def describe(chart: Chart, table: Table, formats: Formats | None = None) -> str:
    """The chart in a few sentences, for those who do not see it: what it shows, and its lowest and highest figure."""
    _require_columns(chart, table)
    formats = formats or {}
    figures = _listed([_label(table, formats, name) for name in chart.y])
    by = f" and {_label(table, formats, chart.color)}" if chart.color else ""
    sentences = [f"{KINDS[chart.kind]} of {figures} by {_label(table, formats, _x(chart))}{by}."]
    if not table.rows:
        return f"{sentences[0]} There are no rows."
    for name in chart.y[:3]:
        at = table.position(name)
        known = [row for row in table.rows if _number(row[at]) is not None]
        if known:
            ends = (min(known, key=lambda row: row[at]), max(known, key=lambda row: row[at]))
            low, high = (f"{_word(table, formats, name, row)} ({_place(chart, table, formats, row)})" for row in ends)
            sentences.append(f"{_label(table, formats, name)}: lowest {low}, highest {high}.")
    if table.truncated:
        sentences.append(f"Not complete: {table.truncated_because or 'more rows exist'}.")
    return " ".join(sentences)


def _x(chart: Chart) -> str:
    """The column along the axis; every kind that is drawn here has one."""
    if chart.x is None or chart.kind not in KINDS:
        raise ChartImpossible(f"A {chart.kind} chart cannot be drawn here. Choose another kind.")
    return chart.x


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def measure(column: Column) -> Measure:
    """How a column is drawn: along time, as figures, or as names."""
    if column.kind in ("number", "duration"):
        return "quantitative"
    return "temporal" if column.kind in ("date", "time") else "nominal"


def _require_columns(chart: Chart, table: Table) -> None:
    there = {column.name for column in table.columns}
    for name in (_x(chart), *chart.y, *([chart.color] if chart.color else [])):
        if name not in there:
            raise ChartImpossible(f"This chart needs the column `{name}`, which its view does not return. Choose another column.")


def _label(table: Table, formats: Formats, name: str) -> str:
    return written.label(table.columns[table.position(name)], formats.get(name))


def _word(table: Table, formats: Formats, name: str, row: tuple[Any, ...]) -> str:
    at = table.position(name)
    return written.text(row[at], formats.get(name), table.columns[at])


def _place(chart: Chart, table: Table, formats: Formats, row: tuple[Any, ...]) -> str:
    names = (_x(chart), chart.color) if chart.color else (_x(chart),)
    return ", ".join(_moment_word(row[table.position(name)]) or _word(table, formats, name, row) for name in names)


def _moment_word(value: Any) -> str:
    """Midnight is left out of what is said of a moment."""
    midnight = isinstance(value, datetime) and (value.hour, value.minute, value.second) == (0, 0, 0)
    return value.date().isoformat() if midnight else ""


def _x_measure(chart: Chart, table: Table) -> Measure:
    """Bars stand side by side, so their x is a row of names, in order, whatever it is made of."""
    return "nominal" if chart.kind in ("bar", "stacked bar") else measure(table.columns[table.position(_x(chart))])


def _points(chart: Chart, table: Table, formats: Formats) -> list[dict[str, Any]]:
    """One point a row and figure, in order of x; names keep the order of the rows."""
    at_x = table.position(_x(chart))
    rows = table.rows
    if measure(table.columns[at_x]) != "nominal":
        rows = sorted((row for row in rows if row[at_x] is not None), key=lambda row: _order(row[at_x]))
    kind = _x_measure(chart, table)
    say_day = _step([row[at_x] for row in rows])
    points = []
    for row in rows:
        x = _x_value(kind, row[at_x], say_day, _word(table, formats, _x(chart), row))
        x_word = _moment(row[at_x], say_day) or _word(table, formats, _x(chart), row)
        if x is None:
            continue
        for name in chart.y:
            y = _number(row[table.position(name)])
            # A line shows a gap where a figure is missing; a bar or a dot has nothing to show.
            if y is None and chart.kind not in ("line", "area"):
                continue
            point = {"x": x, "y": y, "xt": x_word, "yt": _word(table, formats, name, row)}
            series = _series_of(chart, table, formats, name, row)
            if series is not None:
                point["c"] = series
            points.append(point)
    return points


def _x_value(kind: Measure, value: Any, step: str, word: str) -> Any:
    match kind:
        case "quantitative":
            return _number(value)
        case "temporal":
            return _milliseconds(value)
        case "nominal":
            return _moment(value, step) or word


def _series_of(chart: Chart, table: Table, formats: Formats, name: str, row: tuple[Any, ...]) -> str | None:
    figure = _label(table, formats, name)
    if chart.color is None:
        return figure if len(chart.y) > 1 else None
    series = _word(table, formats, chart.color, row)
    return f"{series} · {figure}" if len(chart.y) > 1 else series


def _series(chart: Chart, table: Table, formats: Formats, points: list[dict[str, Any]]) -> list[str]:
    """The names of the series: by alphabet, so that a filter does not shuffle them, or as the figures are listed."""
    if chart.color is None:
        return [_label(table, formats, name) for name in chart.y] if len(chart.y) > 1 else []
    return sorted({point["c"] for point in points})


def _x_channel(chart: Chart, table: Table, formats: Formats, points: list[dict[str, Any]]) -> dict[str, Any]:
    kind = _x_measure(chart, table)
    axis: dict[str, Any] = {"labelOverlap": True, "grid": chart.kind == "scatter"}
    channel: dict[str, Any] = {"field": "x", "type": kind, "title": _title(table, formats, _x(chart)), "axis": axis}
    match kind:
        case "temporal":
            moments = sorted({point["x"] for point in points})
            axis["format"] = _step([datetime.fromtimestamp(moment / 1000, UTC) for moment in moments])
            if 0 < len(moments) <= 40:
                # Ticks where the data are: Vega's own would name days that no row stands for.
                # As expressions: of a plain number the interpreter that a strict CSP needs makes a year.
                axis["values"] = [{"expr": str(moment)} for moment in moments]
            channel["scale"] = {"type": "utc"}
        case "nominal":
            names = list(dict.fromkeys(point["x"] for point in points))
            channel["sort"] = names
            axis["labelLimit"] = 180
            fits = sum(len(name) + 2 for name in names) <= 90
            axis["labelAngle"] = 0 if chart.horizontal or fits or all(len(name) <= 4 for name in names) else -45
        case "quantitative":
            axis["format"] = _axis_format(formats.get(_x(chart)), [point["x"] for point in points])
            channel["scale"] = {"zero": False, "nice": True}
    return channel


def _y_channel(chart: Chart, table: Table, formats: Formats, points: list[dict[str, Any]]) -> dict[str, Any]:
    only = chart.y[0] if len(chart.y) == 1 else None
    stacked = chart.kind in ("stacked bar", "area")
    return {
        "field": "y",
        "type": "quantitative",
        "title": _title(table, formats, only) if only else None,
        "stack": "zero" if stacked else None,
        "scale": {"zero": chart.kind in ("bar", "stacked bar", "area"), "nice": True},
        "axis": {"format": _axis_format(formats.get(chart.y[0]), [point["y"] for point in points]), "tickCount": 5},
    }


def _title(table: Table, formats: Formats, name: str) -> str:
    unit = formats[name].unit if name in formats else ""
    return f"{_label(table, formats, name)} ({unit})" if unit else _label(table, formats, name)


def _tooltip(chart: Chart, table: Table, formats: Formats, series: bool) -> list[dict[str, Any]]:
    shown = [("xt", _label(table, formats, _x(chart)))]
    if series:
        shown.append(("c", _label(table, formats, chart.color) if chart.color else "Figure"))
    shown.append(("yt", _label(table, formats, chart.y[0]) if len(chart.y) == 1 else "Value"))
    return [{"field": field, "type": "nominal", "title": title} for field, title in shown]


def _mark(chart: Chart, points: list[dict[str, Any]]) -> dict[str, Any]:
    match chart.kind:
        case "line":
            # A lone point of a line would not be seen.
            few = len({point["x"] for point in points}) <= 31
            return {"type": "line", "point": {"size": 24} if few else False, "strokeWidth": 2}
        case "area":
            return {"type": "area", "opacity": 0.75, "line": True}
        case "scatter":
            return {"type": "point", "filled": True, "opacity": 0.6, "size": 36}
        case _:
            return {"type": "bar"}


def _axis_format(style: Format | None, figures: list[Any]) -> str:
    if style and style.style == "percent":
        return f".{2 if style.decimals is None else style.decimals}~%"
    if style and style.decimals is not None:
        return f",.{style.decimals}~f"
    largest = max((abs(figure) for figure in figures if figure is not None), default=0)
    return "~s" if largest >= 10_000 else ",~r"


def _number(value: Any) -> float | int | None:
    match value:
        case bool() | None:
            return None
        case int():
            # Beyond 2^53 the browser's numbers lose digits anyway, and JSON readers differ.
            return value if abs(value) <= 2**53 else float(value) if abs(value) < 10**300 else None
        case float() | Decimal():
            return float(value) if written.finite(value) and math.isfinite(float(value)) else None
        case timedelta():
            return value.total_seconds()
        case _:
            return None


def _order(value: Any) -> Any:
    if isinstance(value, date):
        return _milliseconds(value)
    number = _number(value)
    return -math.inf if number is None else number


def _milliseconds(value: Any) -> int | None:
    """Since 1970 in UTC; what has no zone is taken as it stands."""
    if isinstance(value, datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        return None
    return int((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1))


def _step(values: list[Any]) -> str:
    """How the moments of an axis are written, as short as their step allows; a format of d3 and of `_moment`."""
    moments = sorted({moment for value in values if (moment := _milliseconds(value)) is not None})
    days = [datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=moment) for moment in moments]
    if any((day.hour, day.minute, day.second) != (0, 0, 0) for day in days):
        return "%H:%M" if days[-1] - days[0] < timedelta(days=1) else "%-d %b %H:%M"
    if all(day.day == 1 for day in days):
        return "%Y" if len(days) > 1 and all(day.month == 1 for day in days) else "%b %Y"
    return "%-d %b" if days and days[0].year == days[-1].year else "%-d %b %Y"


def _moment(value: Any, step: str) -> str:
    """A date or moment as its axis writes it; empty for anything else."""
    milliseconds = _milliseconds(value)
    if milliseconds is None:
        return ""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    return moment.strftime(step.replace("%-d", str(moment.day)))
