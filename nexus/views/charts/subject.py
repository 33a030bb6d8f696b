"""A chart with the table that it draws: labels, words and the order of names, the same for every kind."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from nexus.errors import BadInput
from nexus.sources.spec import Column, Table
from nexus.views import format as written
from nexus.views import scale
from nexus.views.appearance import Chart, Format

Measure = Literal["temporal", "nominal", "quantitative"]
Row = tuple[Any, ...]

MOST_POINTS = 5_000
"""Of one chart: more are not told apart, and weigh on browser and print alike."""
MOST_NAMES = 100
MOST_SERIES = 12
"""As many as there are colours."""


class ChartImpossible(BadInput):
    """The chart names a column that its view does not return, or figures that its kind cannot show; `message` says which."""


def measure(column: Column) -> Measure:
    """How a column is drawn: along time, as figures, or as names."""
    if column.kind in ("number", "duration"):
        return "quantitative"
    return "temporal" if column.kind in ("date", "time") else "nominal"


@dataclass(frozen=True)
class Subject:
    """What is drawn. Raises ChartImpossible when the table lacks a column that the chart names."""

    chart: Chart
    table: Table
    formats: Mapping[str, Format]

    def __post_init__(self) -> None:
        there = {column.name for column in self.table.columns}
        for name in self.chart.columns:
            if name not in there:
                raise ChartImpossible(f"This chart needs the column `{name}`, which its view does not return. Choose another column.")

    def at(self, name: str | None) -> int:
        return self.table.position(str(name))

    def column(self, name: str | None) -> Column:
        return self.table.columns[self.at(name)]

    def label(self, name: str | None) -> str:
        return written.label(self.column(name), self.formats.get(str(name)))

    def title(self, name: str | None) -> str:
        """Of an axis: the label, and the unit."""
        style = self.formats.get(str(name))
        return f"{self.label(name)} ({style.unit})" if style and style.unit else self.label(name)

    def word(self, name: str | None, value: Any) -> str:
        """`value` of the column as tables write it."""
        return written.text(value, self.formats.get(str(name)), self.column(name))

    def brief(self, name: str | None, value: float) -> str:
        """`value` as short as a cell of a chart needs it: three digits that count where the format leaves them open, and no unit."""
        style = self.formats.get(str(name)) or Format()
        if style.style in ("percent", "duration", "progress") or style.decimals is not None:
            return self.word(name, value).removesuffix(f"\N{NO-BREAK SPACE}{style.unit}" if style.unit else "")
        if abs(value) >= 1_000_000:
            return f"{value:.3g}".replace("-", "−")
        decimals = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
        return written.text(
            value, Format(style="number", decimals=min(decimals, 6)) if not float(value).is_integer() else Format(style="number")
        )

    def names(self, name: str | None) -> "Names":
        return Names(self, str(name))

    def figures(self, name: str) -> list[float | int | None]:
        return [scale.number(value) for value in self.table.values(name)]


class Names:
    """The values of a column as names along an axis, in their own order: of figures, moments, weekdays, months, or of the rows."""

    def __init__(self, subject: Subject, name: str) -> None:
        self._subject, self._name = subject, name
        self._at = subject.at(name)
        self.ordered_by_value = measure(subject.column(name)) != "nominal"
        self._step = scale.step(row[self._at] for row in subject.table.rows)

    def word(self, row: Row) -> str:
        return scale.moment(row[self._at], self._step) or self._subject.word(self._name, row[self._at])

    def all(self, rows: Iterable[Row] | None = None) -> list[str]:
        """Each once. Null stands last."""
        rows = list(self._subject.table.rows if rows is None else rows)
        if self.ordered_by_value:
            rows = sorted(rows, key=lambda row: (row[self._at] is None, scale.order(row[self._at])))
        words = list(dict.fromkeys(self.word(row) for row in rows))
        return words if self.ordered_by_value else natural(words)


_CALENDARS = (
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"],
)


def natural(words: list[str]) -> list[str]:
    """Weekdays and months, written out or as three letters, in their order; anything else as it stands."""
    for calendar in _CALENDARS:
        places = {name[:length]: at for at, name in enumerate(calendar) for length in (3, len(name))}
        known = [word for word in words if word != written.NOTHING]
        if known and all(word.strip().lower() in places for word in known):
            return sorted(words, key=lambda word: places.get(word.strip().lower(), len(calendar)))
    return words


def strongest(points: Iterable[Mapping[str, Any]], *, most: int = MOST_SERIES) -> list[str]:
    """The names in `c` of the series with the largest figures in `y`, at most so many, by alphabet."""
    totals: Counter[str] = Counter()
    for point in points:
        totals[point["c"]] += abs(point["y"] or 0)
    return sorted(name for name, _ in totals.most_common(most))


def thinned(points: list[dict[str, Any]], *, most: int = MOST_POINTS) -> list[dict[str, Any]]:
    """At most so many points, evenly chosen, the first and the last among them."""
    if len(points) <= most:
        return points
    return [points[round(at * (len(points) - 1) / (most - 1))] for at in range(most)]


def axis_format(style: Format | None, values: Iterable[float | int | None]) -> str:
    """A format of d3 for the figures of an axis."""
    if style and style.style == "percent":
        return f".{2 if style.decimals is None else style.decimals}~%"
    if style and style.decimals is not None:
        return f",.{style.decimals}~f"
    largest = max((abs(value) for value in values if value is not None), default=0)
    return "~s" if largest >= 10_000 else ",~r"


def counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
