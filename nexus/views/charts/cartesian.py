"""Lines, bars, areas and points over an axis: one point a row and figure."""

from datetime import UTC, datetime
from typing import Any

from nexus.views import scale
from nexus.views.charts.drawing import Plot
from nexus.views.charts.subject import (
    MOST_NAMES,
    MOST_POINTS,
    MOST_SERIES,
    Measure,
    Row,
    Subject,
    axis_format,
    measure,
    natural,
    strongest,
    thinned,
)

BARS = ("bar", "stacked bar")
STACKED = ("stacked bar", "area")
MOST_BARS = 400
"""Along an axis of figures or time, where a missing name can be read between its neighbours."""
LONGEST_NAME = 30
"""Characters of a name below an axis; what is longer is cut."""
MOST_TURNED = 20
"""So many names can stand beside each other when they are turned; of more, some are left out."""
OTHERS = "all others"
Point = dict[str, Any]


def plot(subject: Subject) -> Plot:
    chart = subject.chart
    points, left_out = _points(subject)
    if chart.kind in STACKED and chart.color and len({point["c"] for point in points}) > MOST_SERIES:
        points = _gathered(subject, points)
    series, dropped = _series(subject, points)
    if dropped:
        points = [point for point in points if point["c"] in series]
    notes = [left_out]
    if dropped:
        notes.append(f"{len(series)} of {len(series) + dropped:,} series are drawn, those with the largest figures.")
    if chart.kind not in BARS and len(points) > MOST_POINTS:
        notes.append(f"{MOST_POINTS:,} of {len(points):,} points are drawn, evenly chosen.")
        points = thinned(points)
    x, y = _x_channel(subject, points), _y_channel(subject, points)
    lies = chart.horizontal and chart.kind in BARS
    encoding: dict[str, Any] = {"x": y, "y": x} if lies else {"x": x, "y": y}
    if series:
        encoding["color"] = _color(subject, series)
        if chart.kind == "bar":
            encoding["yOffset" if lies else "xOffset"] = {"field": "c", "type": "nominal", "sort": series}
    encoding |= _size(subject)
    encoding["tooltip"] = _tooltip(subject, bool(series))
    spec = {"data": {"values": points}, "mark": _mark(subject, points), "encoding": encoding}
    return Plot(spec=spec, note=" ".join(filter(None, notes)))


def x_measure(subject: Subject) -> Measure:
    """Bars stand side by side, so their x is a row of names, in order, whatever it is made of."""
    if subject.chart.kind in BARS:
        return "nominal"
    style = subject.formats.get(str(subject.chart.x))
    if style and style.style in ("weekday", "month"):
        return "nominal"
    return measure(subject.column(subject.chart.x))


def _points(subject: Subject) -> tuple[list[Point], str]:
    """One point a row and figure, in order of x, names in the order of the rows; and what is left out."""
    at_x = subject.at(subject.chart.x)
    names = subject.names(subject.chart.x)
    rows = subject.table.rows
    if names.ordered_by_value:
        rows = sorted((row for row in rows if row[at_x] is not None), key=lambda row: scale.order(row[at_x]))
    words = [names.word(row) for row in rows]
    kept, note = _kept(subject, words, ordered=names.ordered_by_value)
    kind = x_measure(subject)
    points: list[Point] = []
    for row, word in zip(rows, words, strict=True):
        x = _x_value(kind, row[at_x], word)
        if x is not None and word in kept:
            points += of_row(subject, row, x, word)
    return points, note


def _kept(subject: Subject, words: list[str], *, ordered: bool) -> tuple[set[str], str]:
    """The names that have room along the axis."""
    each = list(dict.fromkeys(words))
    most = MOST_BARS if ordered else MOST_NAMES
    if x_measure(subject) != "nominal" or len(each) <= most:
        return set(each), ""
    return set(each[:most]), f"The first {most} of {len(each):,} values of {subject.label(subject.chart.x)} are drawn."


def of_row(subject: Subject, row: Row, x: Any, word: str) -> list[Point]:
    chart, made = subject.chart, []
    for name in chart.y:
        value = row[subject.at(name)]
        y = scale.number(value)
        # A line shows a gap where a figure is missing; a bar or a dot has nothing to show.
        if y is None and chart.kind not in ("line", "area"):
            continue
        point = {"x": x, "y": y, "xt": word, "yt": subject.word(name, value)}
        if (series := _series_of(subject, name, row)) is not None:
            point["c"] = series
        if chart.kind == "scatter" and chart.size:
            size = scale.number(row[subject.at(chart.size)])
            if size is None:
                continue
            point |= {"s": size, "st": subject.word(chart.size, row[subject.at(chart.size)])}
        made.append(point)
    return made


def _x_value(kind: Measure, value: Any, word: str) -> Any:
    match kind:
        case "quantitative":
            return scale.number(value)
        case "temporal":
            return scale.milliseconds(value)
        case "nominal":
            return word


def _series_of(subject: Subject, name: str, row: Row) -> str | None:
    chart = subject.chart
    if chart.color is None:
        return subject.label(name) if len(chart.y) > 1 else None
    series = subject.word(chart.color, row[subject.at(chart.color)])
    return f"{series} · {subject.label(name)}" if len(chart.y) > 1 else series


def _series(subject: Subject, points: list[Point]) -> tuple[list[str], int]:
    """The names of the series, by alphabet, so that a filter does not shuffle them, or as the figures are listed; and how many are left out."""
    chart = subject.chart
    if chart.color is None:
        return (
            ([subject.label(name) for name in chart.y][:MOST_SERIES], max(len(chart.y) - MOST_SERIES, 0)) if len(chart.y) > 1 else ([], 0)
        )
    everyone = {point["c"] for point in points}
    kept = strongest(points) if len(everyone) > MOST_SERIES else sorted(everyone)
    return natural(kept), len(everyone) - len(kept)


def _gathered(subject: Subject, points: list[Point]) -> list[Point]:
    """Of stacks the small series go into one, or the stack would be too low."""
    kept = set(strongest(points, most=MOST_SERIES - 1))
    others: dict[Any, Point] = {}
    for point in points:
        if point["c"] not in kept:
            sum_ = others.setdefault(point["x"], {**point, "c": OTHERS, "y": 0})
            sum_["y"] += point["y"] or 0
            sum_["yt"] = subject.word(subject.chart.y[0], sum_["y"])
    return [point for point in points if point["c"] in kept] + list(others.values())


def _color(subject: Subject, series: list[str]) -> dict[str, Any]:
    ordered = [name for name in series if name != OTHERS] + [name for name in series if name == OTHERS]
    title = subject.label(subject.chart.color) if subject.chart.color else None
    return {"field": "c", "type": "nominal", "sort": ordered, "title": title, "legend": {"symbolLimit": 30}}


def _size(subject: Subject) -> dict[str, Any]:
    chart = subject.chart
    if chart.kind != "scatter" or not chart.size:
        return {}
    return {"size": {"field": "s", "type": "quantitative", "scale": {"range": [12, 400]}, "legend": None}}


def _x_channel(subject: Subject, points: list[Point]) -> dict[str, Any]:
    chart, kind = subject.chart, x_measure(subject)
    axis: dict[str, Any] = {"labelOverlap": True, "grid": chart.kind == "scatter"}
    channel: dict[str, Any] = {"field": "x", "type": kind, "title": subject.title(chart.x), "axis": axis}
    match kind:
        case "temporal":
            moments = sorted({point["x"] for point in points})
            axis["format"] = scale.step([datetime.fromtimestamp(moment / 1000, UTC) for moment in moments])
            if 0 < len(moments) <= 40:
                # Ticks where the data are: Vega's own would name days that no row stands for.
                # As expressions: of a plain number the interpreter that a strict CSP needs makes a year.
                axis["values"] = [{"expr": str(moment)} for moment in moments]
            channel["scale"] = {"type": "utc"}
        case "nominal":
            names = natural(list(dict.fromkeys(point["x"] for point in points)))
            channel |= {"sort": names}
            axis |= turned(names, lies=chart.horizontal and chart.kind in BARS)
        case "quantitative":
            axis["format"] = axis_format(subject.formats.get(str(chart.x)), [point["x"] for point in points])
            channel["scale"] = {"zero": False, "nice": True}
    return channel


def turned(names: list[str], *, lies: bool = False) -> dict[str, Any]:
    """How names stand along an axis: level where they fit the width that the chart turns out to have, else turned."""
    longest = min(max(map(len, names), default=0), LONGEST_NAME)
    if lies or longest <= 4:
        return {"labelLimit": 180, "labelAngle": 0}
    tight = f"width < {len(names) * (longest * 6 + 10)}"
    return {
        "labelLimit": 180,
        "labelOverlap": len(names) > MOST_TURNED,
        "labelAngle": {"expr": f"{tight} ? -45 : 0"},
        "labelAlign": {"expr": f"{tight} ? 'right' : 'center'"},
        "labelBaseline": "top",
    }


def _y_channel(subject: Subject, points: list[Point]) -> dict[str, Any]:
    chart = subject.chart
    only = chart.y[0] if len(chart.y) == 1 else None
    return {
        "field": "y",
        "type": "quantitative",
        "title": subject.title(only) if only else None,
        "stack": "zero" if chart.kind in STACKED else None,
        "scale": {"zero": chart.kind in (*BARS, "area"), "nice": True},
        "axis": {"format": axis_format(subject.formats.get(chart.y[0]), [point["y"] for point in points]), "tickCount": 5},
    }


def _tooltip(subject: Subject, series: bool) -> list[dict[str, Any]]:
    chart = subject.chart
    shown = [("xt", subject.label(chart.x))]
    if series:
        shown.append(("c", subject.label(chart.color) if chart.color else "Figure"))
    shown.append(("yt", subject.label(chart.y[0]) if len(chart.y) == 1 else "Value"))
    if chart.kind == "scatter" and chart.size:
        shown.append(("st", subject.label(chart.size)))
    return tooltip(shown)


def tooltip(shown: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"field": field, "type": "nominal", "title": title} for field, title in shown]


def _mark(subject: Subject, points: list[Point]) -> dict[str, Any]:
    match subject.chart.kind:
        case "line":
            # A lone point of a line would not be seen.
            few = len({point["x"] for point in points}) <= 31
            return {"type": "line", "point": {"size": 24} if few else False, "strokeWidth": 2}
        case "area":
            return {"type": "area", "opacity": 0.75, "line": True}
        case "scatter":
            look: dict[str, Any] = {} if subject.chart.size else {"size": 36}
            return {"type": "point", "filled": True, "opacity": 0.6, **look}
        case _:
            return {"type": "bar"}
