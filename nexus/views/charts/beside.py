"""What stands beside the figures of a chart with axes: a target, the same figures of an earlier period, and what happened on a day."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from nexus.sources.spec import Table
from nexus.views import period, scale
from nexus.views.charts import cartesian
from nexus.views.charts.cartesian import BARS, STACKED, Point
from nexus.views.charts.drawing import Plot
from nexus.views.charts.subject import Row, Subject, measure
from nexus.views.period import Shift

KINDS = ("line", "bar", "stacked bar", "area", "scatter")
MOST_NOTES = 60
"""Of one chart: more lines could not be told apart."""
LINES, LINE = 3, 12
"""Labels of notes stand in so many lines, so that close ones do not cover each other; pixels of one."""
LONGEST_LABEL, WIDEST_LABEL = 40, 160
"""Characters, and pixels."""
CHARACTER, LENGTH, HEIGHT = 6.2, 420, 160
"""Pixels of a letter, and about what a chart in half a page has for its axes: a wider one could name more notes."""
Layer = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Note:
    """What happened on a day, or from one to another."""

    text: str
    first: date
    last: date | None = None

    @property
    def words(self) -> str:
        """`12 May 2013: strike`."""
        return f"{period.words(self.first, self.last or self.first)}: {self.text}"


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """The same question for days before; `words` name these."""

    table: Table
    shift: Shift
    words: str


@dataclass(frozen=True, kw_only=True)
class Beside:
    target: float | None = None
    target_label: str = "Target"
    earlier: Earlier | None = None
    notes: tuple[Note, ...] = ()


NOTHING = Beside()


def along_time(subject: Subject) -> bool:
    """Whether notes and an earlier period have a place in the chart."""
    chart = subject.chart
    return chart.kind in KINDS and chart.x is not None and measure(subject.column(chart.x)) == "temporal"


def add(subject: Subject, plot: Plot, beside: Beside) -> Plot:
    """The plot with what stands beside its figures, as layers; `plot` itself where there is nothing of it."""
    if subject.chart.kind not in KINDS:
        return plot
    frame = _Frame(subject, plot.spec)
    timed = along_time(subject)
    notes = near(subject, beside.notes) if timed else ()
    drawn = _some(notes)
    behind, above = frame.notes(drawn)
    earlier = frame.earlier(beside.earlier) if timed and beside.earlier else []
    target = [] if beside.target is None else frame.target(beside.target, beside.target_label)
    if not (behind or above or earlier or target):
        return plot
    main = {name: plot.spec[name] for name in ("mark", "encoding")}
    spec = {name: part for name, part in plot.spec.items() if name not in main} | {"layer": [*behind, *earlier, main, *target, *above]}
    said = [plot.note, f"Dashed: {beside.earlier.words}." if earlier and beside.earlier else ""]
    if frame.named < len(notes):
        lines = f", {len(drawn):,} as lines" if len(drawn) < len(notes) else ""
        said.append(f"{frame.named:,} of {len(notes):,} notes are named{lines}.")
    unwritten = tuple(note.words for note in notes if note not in frame.written)
    return replace(plot, spec=spec, note=" ".join(filter(None, said)), unwritten=unwritten)


def describe(subject: Subject, beside: Beside) -> str:
    """The same in words, for those who do not see it."""
    said = []
    if beside.target is not None and subject.chart.kind in KINDS and subject.chart.y:
        said.append(f"{beside.target_label or 'Target'}: {subject.word(subject.chart.y[0], beside.target)}.")
    if along_time(subject) and (notes := near(subject, beside.notes)):
        said.append(f"Notes: {'; '.join(note.words for note in notes)}.")
    return " ".join(said)


def near(subject: Subject, notes: Sequence[Note]) -> tuple[Note, ...]:
    """Those that fall into the time that the rows cover, by day."""
    moments = _moments(subject)
    if not moments:
        return ()
    first, last = scale.at(moments[0]).date(), scale.at(moments[-1] + _step(moments) - 1).date()
    return tuple(sorted((one for one in notes if one.first <= last and (one.last or one.first) >= first), key=lambda one: one.first))


def _moments(subject: Subject) -> list[int]:
    at = subject.at(subject.chart.x)
    found = {scale.milliseconds(row[at]) for row in subject.table.rows}
    return sorted(moment for moment in found if moment is not None)


def _step(moments: Sequence[int]) -> int:
    """For how long a point of the axis stands: until the next one, and a day at least."""
    return max(min((after - moment for moment, after in pairwise(moments)), default=0), scale.ONE_DAY)


def _some(notes: tuple[Note, ...]) -> tuple[Note, ...]:
    """As many as can be drawn, evenly chosen."""
    return notes if len(notes) <= MOST_NOTES else tuple(notes[at * len(notes) // MOST_NOTES] for at in range(MOST_NOTES))


class _Room:
    """The lines for labels along an axis of `length` pixels."""

    def __init__(self, length: float) -> None:
        self._length = length
        self._taken: list[list[tuple[float, float]]] = [[] for _ in range(LINES)]

    def line(self, place: float, size: float, *, late: bool) -> int | None:
        """The first line with room for `size` pixels from `place`, a share of the axis, on; up to it where `late`. None where all are full there."""
        edge = place * self._length
        start, end = (edge - size, edge) if late else (edge, edge + size)
        for number, taken in enumerate(self._taken):
            if all(end <= begins or start >= ends for begins, ends in taken):
                taken.append((start, end))
                return number
        return None


class _Frame:
    """The axes of a plot: `along` is the one of time, `up` that of the figures."""

    def __init__(self, subject: Subject, spec: dict[str, Any]) -> None:
        self._subject = subject
        self._encoding: dict[str, Any] = spec["encoding"]
        self._points: list[Point] = spec["data"]["values"]
        lies = subject.chart.horizontal and subject.chart.kind in BARS
        self._along, self._up = ("y", "x") if lies else ("x", "y")
        self._named = self._encoding[self._along]["type"] == "nominal"
        self.named = 0
        self.written: set[Note] = set()
        """Of the notes that are drawn, those whose words found room."""

    def target(self, figure: float, label: str) -> list[Layer]:
        if not math.isfinite(figure):
            return []
        values = [{"y": figure, "t": label}]
        channel = self._channel(self._up)
        place = {"align": "left", "baseline": "bottom", "dy": -2} if self._up == "y" else {"align": "left", "baseline": "top", "dx": 3}
        return [
            {"data": {"values": values}, "mark": {"type": "rule", "style": "target"}, "encoding": {self._up: channel}},
            *_written(values, place, {self._up: channel, self._along: {"value": 2}}),
        ]

    def notes(self, notes: Sequence[Note]) -> tuple[list[Layer], list[Layer]]:
        """Bands behind the figures, and rules with their labels above them."""
        moments = _moments(self._subject)
        if not notes or not moments:
            return [], []
        names = {scale.milliseconds(row[self._at]): self._word(row) for row in self._subject.table.rows} if self._named else {}
        bands: list[Point] = []
        rules: list[Point] = []
        room, covered = _Room(LENGTH if self._along == "x" else HEIGHT), (moments[-1] - moments[0]) or 1
        for note in notes:
            text = note.text if len(note.text) <= LONGEST_LABEL else note.text[: LONGEST_LABEL - 1] + "…"
            start, end = self._reach(note, moments)
            first = self._bucket(moments, start)
            place = first / len(moments) if self._named else (start - moments[0]) / covered
            size = min(len(text) * CHARACTER, WIDEST_LABEL) + 6 if self._along == "x" else LINE
            late = place > 0.6
            line = room.line(place, size, late=late and self._along == "x")
            self.named += line is not None
            if line is not None and text == note.text and len(text) * CHARACTER <= WIDEST_LABEL:
                self.written.add(note)
            point = {"t": text, "xt": note.words, "line": line, "late": late}
            rules.append({**point, "x": names[moments[first]] if self._named else start})
            if note.last is not None and self._named:
                bands += [{**point, "x": names[moment]} for moment in moments[first : self._bucket(moments, end - 1) + 1]]
            elif note.last is not None:
                bands.append({**point, "x": start, "x2": end})
        return self._bands(bands), [self._rules(rules), *self._labels(rules)]

    @property
    def _at(self) -> int:
        return self._subject.at(self._subject.chart.x)

    def _word(self, row: Row) -> str:
        return self._subject.names(self._subject.chart.x).word(row)

    def _reach(self, note: Note, moments: Sequence[int]) -> tuple[int, int]:
        """From when to when it is drawn: no further than the rows go."""
        last = moments[-1] + (_step(moments) if self._named else 0)
        start, end = scale.milliseconds(note.first) or 0, (scale.milliseconds(note.last or note.first) or 0) + scale.ONE_DAY
        start = min(max(start, moments[0]), last)
        return start, min(max(end, start + 1), max(last, start + 1))

    @staticmethod
    def _bucket(moments: Sequence[int], moment: int) -> int:
        return min(max(bisect_right(moments, moment) - 1, 0), len(moments) - 1)

    def _bands(self, points: list[Point]) -> list[Layer]:
        if not points:
            return []
        encoding = {self._along: self._channel(self._along), "tooltip": _tooltip()}
        if not self._named:
            encoding[f"{self._along}2"] = {"field": "x2"}
        return [{"data": {"values": points}, "mark": {"type": "rect", "style": "note-band"}, "encoding": encoding}]

    def _rules(self, points: list[Point]) -> Layer:
        encoding = {self._along: self._channel(self._along), "tooltip": _tooltip()}
        return {"data": {"values": points}, "mark": {"type": "rule", "style": "note"}, "encoding": encoding}

    def _labels(self, points: list[Point]) -> list[Layer]:
        """Right of their rules, and left of those near the end."""
        made = []
        for late in (False, True):
            for line in range(LINES):
                values = [point for point in points if point["late"] == late and point["line"] == line]
                if values:
                    place = {"align": "right" if late else "left", "dx": -3 if late else 3, "dy": line * LINE, "baseline": "top"}
                    if self._along == "y":
                        place = {"align": "right", "baseline": "bottom", "dy": -2, "dx": -line * LINE}
                    edge = {"value": 0} if self._up == "y" else {"value": {"expr": "width"}}
                    encoding = {self._along: self._channel(self._along), self._up: edge, "tooltip": _tooltip()}
                    made += _written(values, {"limit": WIDEST_LABEL, **place}, encoding)
        return made

    def earlier(self, earlier: Earlier) -> list[Layer]:
        """A dashed line, or a tick where the present figures are bars; of stacks it is their height."""
        points = self._shifted(earlier)
        if not points:
            return []
        encoding: dict[str, Any] = {axis: self._channel(axis) for axis in (self._along, self._up)}
        if self._subject.chart.kind in STACKED:
            points = _heights(points)
        elif "color" in self._encoding:
            series = set(self._encoding["color"]["sort"])
            points = [point for point in points if point["c"] in series]
            encoding |= {name: self._encoding[name] for name in ("color", "xOffset", "yOffset") if name in self._encoding}
        shown = [("xt", "Before"), ("yt", self._subject.label(self._subject.chart.y[0]))]
        encoding["tooltip"] = cartesian.tooltip(shown)
        mark = {"bar": "tick", "stacked bar": "tick", "scatter": "point"}.get(self._subject.chart.kind, "line")
        return [
            {
                "data": {"values": points},
                "mark": {"type": mark, "style": "earlier" if mark == "line" else "earlier-mark"},
                "encoding": encoding,
            }
        ]

    def _shifted(self, earlier: Earlier) -> list[Point]:
        subject = Subject(self._subject.chart, earlier.table, self._subject.formats)
        there = {point["x"] for point in self._points}
        step = scale.step(row[self._at] for row in self._subject.table.rows)
        names = subject.names(subject.chart.x)
        made: list[Point] = []
        for row in sorted(earlier.table.rows, key=lambda row: scale.order(row[self._at])):
            value = row[self._at]
            moved = earlier.shift.forward(value) if isinstance(value, date) else None
            x = None if moved is None else scale.moment(moved, step) if self._named else scale.milliseconds(moved)
            if x is not None and (x in there or not self._named):
                made += cartesian.of_row(subject, row, x, names.word(row))
        return made

    def _channel(self, axis: str) -> dict[str, Any]:
        """The same axis, scale and title again: what differs between layers, Vega would show twice."""
        return {name: part for name, part in self._encoding[axis].items() if name != "stack"}


def _heights(points: list[Point]) -> list[Point]:
    sums: dict[Any, Point] = {}
    for point in points:
        sum_ = sums.setdefault(point["x"], {**point, "y": 0.0})
        sum_["y"] += point["y"] or 0
        sum_["yt"] = f"{sum_['y']:,.6g}"
    return list(sums.values())


def _written(values: list[Point], place: Layer, encoding: Layer) -> list[Layer]:
    """Words that can be read over whatever is drawn below them: first as a rim in the colour of the page."""
    encoding = {**encoding, "text": {"field": "t"}}
    marks = [{"type": "text", "style": style, "aria": False, **place} for style in ("note-rim", "note-label")]
    return [{"data": {"values": values}, "mark": mark, "encoding": encoding} for mark in marks]


def _tooltip() -> list[dict[str, Any]]:
    return cartesian.tooltip([("xt", "Note")])
