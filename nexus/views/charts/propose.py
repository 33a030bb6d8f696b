"""Which charts fit a result: by the types of its columns, how many values they have, and what they are called."""

import re
from collections.abc import Iterator

from nexus.sources.spec import Column, Table
from nexus.views.appearance import Chart
from nexus.views.charts.subject import measure

LATITUDE, LONGITUDE = re.compile(r"(?i)^(.*_)?lat(itude)?$"), re.compile(r"(?i)^(.*_)?(lon(gitude)?|lng)$")
MOST_SLICES = 8
MOST_SERIES = 12
MOST_NAMES = 60
"""Of a column that tells series or the rows of a heatmap apart."""
LOOKED_AT = 2_000
"""Rows whose values are counted to propose."""
_calendar = re.compile(r"(?i)(^|_)(quarter|month|week|weekday|day|hour|minute|second)$")
"""Parts of a date tell rows apart; as figures they come last."""
_identifier = re.compile(r"(?i)(^|_)(id|uuid|oid|key|code|zip|postcode|year)$|^(id|faa|icao|iata)$")


def propose(table: Table) -> Chart | None:
    """The chart that shows this result best; None where none makes sense."""
    return next(_proposals(table), None)


def alternatives(table: Table) -> list[Chart]:
    """Charts that fit, the best first, each kind once."""
    found: dict[str, Chart] = {}
    for chart in _proposals(table):
        found.setdefault(chart.kind, chart)
    return list(found.values())


def _proposals(table: Table) -> Iterator[Chart]:
    shape = _Shape(table)
    yield from _of_places(shape)
    if not shape.figures:
        return
    if len(table.rows) == 1:
        yield Chart(kind="big number", y=tuple(shape.figures[:2]))
    yield from _along_time(shape)
    yield from _of_names(shape)
    yield from _of_figures(shape)


class _Shape:
    """The columns by what they are good for; of two with the same name the first."""

    def __init__(self, table: Table) -> None:
        self.rows = table.rows[:LOOKED_AT]
        columns: dict[str, Column] = {}
        for column in table.columns:
            # A name longer than Postgres lets one be cannot be told in a spec.
            if column.name and len(column.name.encode()) <= 63:
                columns.setdefault(column.name, column)
        self.values = {name: {str(row[table.position(name)]) for row in self.rows} for name in columns}
        self.latitude = next((name for name, column in columns.items() if LATITUDE.match(name) and column.kind == "number"), None)
        self.longitude = next((name for name, column in columns.items() if LONGITUDE.match(name) and column.kind == "number"), None)
        places = {self.latitude, self.longitude} if self.latitude and self.longitude else set()
        kinds = {name: measure(column) for name, column in columns.items() if name not in places}
        self.times = [name for name, kind in kinds.items() if kind == "temporal"]
        self.figures = [name for name, kind in kinds.items() if kind == "quantitative" and not _identifier.search(name)]
        self.figures.sort(key=lambda name: bool(_calendar.search(name)))
        names = [name for name, kind in kinds.items() if kind == "nominal" and columns[name].kind in ("text", "boolean", "other")]
        self.names = [name for name in names if len(self.values[name]) > 1 or len(self.rows) == 1]
        self.groups = [
            name for name in kinds if kinds[name] == "quantitative" and _identifier.search(name) and len(self.values[name]) <= 100
        ]

    def count(self, name: str) -> int:
        return len(self.values[name])


def _of_places(shape: _Shape) -> Iterator[Chart]:
    if shape.latitude and shape.longitude:
        color = next((name for name in shape.names if shape.count(name) <= MOST_SERIES), None)
        label = next((name for name in shape.names if name != color), None)
        size = shape.figures[0] if shape.figures else None
        yield Chart(kind="map", latitude=shape.latitude, longitude=shape.longitude, x=label, color=color, size=size)


def _along_time(shape: _Shape) -> Iterator[Chart]:
    if not shape.times or len(shape.rows) == 1:
        return
    x, y = shape.times[0], shape.figures[0]
    several = shape.count(x) < len(shape.rows)
    series = min((name for name in shape.names if 1 < shape.count(name) <= MOST_NAMES), key=shape.count, default=None)
    if several and series:
        yield Chart(kind="line", x=x, y=(y,), color=series)
        yield Chart(kind="stacked bar", x=x, y=(y,), color=series)
        yield Chart(kind="area", x=x, y=(y,), color=series)
        yield Chart(kind="heatmap", x=x, row=series, y=(y,))
        yield Chart(kind="pivot", x=x, row=series, y=(y,), totals="sum")
    elif several:
        yield Chart(kind="scatter", x=x, y=(y,))
    else:
        yield Chart(kind="line", x=x, y=(y,))
        yield Chart(kind="area", x=x, y=(y,))
        yield Chart(kind="bar", x=x, y=(y,))
        yield Chart(kind="big number", x=x, y=(y,))


def _of_names(shape: _Shape) -> Iterator[Chart]:
    names, figures = [*shape.names, *shape.groups], shape.figures
    if not names:
        return
    first = names[0]
    if len(names) > 1 and _meet(shape, names[0], names[1]):
        # The longer list stands down, where there is room for names.
        across, down = sorted(names[:2], key=shape.count)
        yield Chart(kind="heatmap", x=across, row=down, y=(figures[0],))
        yield Chart(kind="stacked bar", x=down, y=(figures[0],), color=across)
        yield Chart(kind="pivot", x=across, row=down, y=(figures[0],), totals="sum")
    if len(shape.rows) > 3 * shape.count(first):
        yield Chart(kind="box", x=first, y=(figures[0],))
    else:
        yield Chart(kind="bar", x=first, y=(figures[0],), horizontal=shape.count(first) > MOST_SLICES)
        if shape.count(first) <= MOST_SLICES:
            yield Chart(kind="pie", x=first, y=(figures[0],))
        yield Chart(kind="pivot", row=first, y=tuple(figures[:5]), totals="sum")


def _meet(shape: _Shape, first: str, second: str) -> bool:
    """Whether two columns of names cross: each value of one comes with several of the other."""
    counts = shape.count(first), shape.count(second)
    return min(counts) > 1 and max(counts) <= MOST_NAMES and len(shape.rows) > max(counts) and len(shape.rows) <= counts[0] * counts[1]


def _of_figures(shape: _Shape) -> Iterator[Chart]:
    if len(shape.rows) < 2:
        return
    if len(shape.figures) > 1:
        size = shape.figures[2] if len(shape.figures) > 2 else None
        color = next((name for name in shape.names if 1 < shape.count(name) <= MOST_SERIES), None)
        yield Chart(kind="scatter", x=shape.figures[0], y=(shape.figures[1],), color=color, size=size)
    yield Chart(kind="histogram", x=shape.figures[0])
    yield Chart(kind="box", y=tuple(shape.figures[:4]))
