"""How often figures of a column come: counted here, in steps that people would choose."""

import math
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from nexus.views import scale
from nexus.views.charts.cartesian import tooltip
from nexus.views.charts.drawing import Plot
from nexus.views.charts.subject import Subject, axis_format, measure

MOST_BINS = 200
FEW = 40
"""Whole numbers as near together as this each get a bin of their own."""


def histogram(subject: Subject) -> Plot:
    """Of every row once or, where `y` names a column of counts, as often as it says."""
    chart = subject.chart
    temporal = measure(subject.column(chart.x)) == "temporal"
    place = scale.milliseconds if temporal else scale.number
    counted = [
        (x, weight)
        for row in subject.table.rows
        if (x := place(row[subject.at(chart.x)])) is not None and (weight := _weight(subject, row))
    ]
    whole = all(isinstance(x, int) for x, _ in counted)
    first, width = bins([x for x, _ in counted], wanted=chart.bins, whole=whole and not temporal, days=temporal)
    counts: dict[int, float] = defaultdict(int)
    for x, weight in counted:
        counts[math.floor((x - first) / width + 1e-9)] += weight
    points = [_bar(subject, first + at * width, width, counts[at], temporal=temporal, whole=whole) for at in range(max(counts) + 1)]
    figure = subject.label(chart.y[0]) if chart.y else "Rows"
    spec = {
        "data": {"values": points},
        # A rounded end, which the screen's look gives bars, would make Vega-Lite draw those between two ends without any width.
        "mark": {"type": "bar", "binSpacing": 1, "cornerRadiusEnd": 0},
        "encoding": {
            "x": _x_channel(subject, points, temporal=temporal),
            "x2": {"field": "x2"},
            "y": {
                "field": "y",
                "type": "quantitative",
                "title": figure,
                "scale": {"zero": True, "nice": True},
                "axis": {"format": axis_format(None, [point["y"] for point in points]), "tickCount": 5},
            },
            "tooltip": tooltip([("xt", subject.label(chart.x)), ("yt", figure)]),
        },
    }
    lost = len(subject.table.rows) - len(counted)
    return Plot(
        spec=spec, note=f"{lost:,} of {len(subject.table.rows):,} rows hold no figure and are not counted." if lost and not chart.y else ""
    )


def _weight(subject: Subject, row: tuple[Any, ...]) -> float:
    if not subject.chart.y:
        return 1
    return max(scale.number(row[subject.at(subject.chart.y[0])]) or 0, 0)


def bins(values: Sequence[float], *, wanted: int | None = None, whole: bool = False, days: bool = False) -> tuple[float, float]:
    """Where the first bin begins, and how wide each is: 1, 2 or 5 times a power of ten, so that ends are round.

    As many as `wanted` at most; without it about as many as Sturges' and Freedman–Diaconis' rules say. `whole` figures get
    bins of whole numbers; `days` are moments in milliseconds, and get bins of whole days where there is more than one.
    """
    low, high = min(values), max(values)
    if high == low:
        width = scale.ONE_DAY if days else 1.0
        return (math.floor(low / width) * width if days else low if whole else low - width / 2), width
    unit = scale.ONE_DAY if days and high - low > 2 * scale.ONE_DAY else 60_000 if days else 1.0
    span = (high - low) / unit
    by_one = whole and span < FEW and span < (wanted or FEW)
    width = 1.0 if by_one else _round_up(span / (min(wanted or _count(values), MOST_BINS)))
    if whole or days:
        width = max(1.0, width)
    while math.floor(high / unit / width) - math.floor(low / unit / width) + 1 > (wanted or MOST_BINS):
        width = _round_up(width * 1.01)
    return math.floor(low / unit / width) * width * unit, width * unit


def _count(values: Sequence[float]) -> int:
    ordered = sorted(values)
    quarter = len(ordered) // 4
    spread = ordered[-1 - quarter] - ordered[quarter]
    sturges = math.ceil(math.log2(len(ordered))) + 1
    if spread <= 0:
        return max(sturges, 10)
    freedman = math.ceil((ordered[-1] - ordered[0]) / (2 * spread / len(ordered) ** (1 / 3)))
    return max(sturges, min(freedman, 50))


def _round_up(width: float) -> float:
    """The next of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(width))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= width * (1 - 1e-9))


def _bar(subject: Subject, start: float, width: float, count: float, *, temporal: bool, whole: bool) -> dict[str, Any]:
    end = start + width
    return {
        "x": _shown(start),
        "x2": _shown(end),
        "y": count,
        "xt": _words(subject, start, end, temporal=temporal, whole=whole),
        "yt": f"{count:,}",
    }


def _shown(value: float) -> float | int:
    return int(value) if float(value).is_integer() else float(f"{value:.12g}")


def _words(subject: Subject, start: float, end: float, *, temporal: bool, whole: bool) -> str:
    """What lies in a bin: `3`, `10 to 19`, `0.5 to below 1`."""
    if temporal:
        ends: list[datetime] = [scale.at(int(start)), scale.at(int(end - 1))]
        step = scale.step(ends) if end - start < scale.ONE_DAY else "%-d %b %Y"
        words = list(dict.fromkeys(scale.moment(day, step) for day in ends))
        return " to ".join(words)
    first, last = subject.word(subject.chart.x, _shown(start)), subject.word(subject.chart.x, _shown(end - 1 if whole else end))
    if whole:
        return first if first == last else f"{first} to {last}"
    return f"{first} to below {last}"


def _x_channel(subject: Subject, points: list[dict[str, Any]], *, temporal: bool) -> dict[str, Any]:
    chart = subject.chart
    axis: dict[str, Any] = {"labelOverlap": True, "grid": False}
    channel = {
        "field": "x",
        "type": "temporal" if temporal else "quantitative",
        "bin": "binned",
        "title": subject.title(chart.x),
        "axis": axis,
    }
    if temporal:
        axis["format"] = scale.step([scale.at(int(point["x"])) for point in points])
        channel["scale"] = {"type": "utc"}
    else:
        axis["format"] = axis_format(subject.formats.get(str(chart.x)), [point["x"] for point in points])
        channel["scale"] = {"zero": False, "nice": False}
    return channel
