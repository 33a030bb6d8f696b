"""One large figure: the last along its axis, compared with the one before, or with a second column of the same row."""

from collections.abc import Sequence
from typing import Any

from nexus.views import figure, scale
from nexus.views.charts.drawing import Sentence
from nexus.views.charts.subject import Row, Subject, measure
from nexus.views.figure import Figure


def big_number(subject: Subject) -> Figure | Sentence:
    """Along time it is the latest figure, with its course; without `x`, or along names, that of the last row."""
    chart = subject.chart
    name, at = chart.y[0], subject.at(chart.y[0])
    rows = _in_order(subject)
    if _along_time(subject) and len({row[subject.at(chart.x)] for row in rows}) < len(rows):
        label = subject.label(chart.x)
        return Sentence(words=f"Several rows share one {label}, so there is no one latest figure. Group the view by {label} alone.")
    value = rows[-1][at] if rows else None
    found: dict[str, Any] = {"label": subject.label(name), "value": value, "value_text": subject.word(name, value)}
    style, column = subject.formats.get(name), subject.column(name)
    if len(chart.y) > 1 and rows:
        before = rows[-1][subject.at(chart.y[1])]
        found |= figure.compared(value, before, style, column, label=subject.label(chart.y[1]))
    elif _along_time(subject) and len(rows) > 1:
        names = subject.names(chart.x)
        found |= figure.compared(value, rows[-2][at], style, column, label=f"in {names.word(rows[-2])}")
        found["label"] = f"{found['label']}, {names.word(rows[-1])}"
    if _along_time(subject):
        found["spark"] = tuple(figure.number(row[at]) for row in _spread(rows))
    return Figure(**found)


def _along_time(subject: Subject) -> bool:
    return subject.chart.x is not None and measure(subject.column(subject.chart.x)) == "temporal"


def _in_order(subject: Subject) -> Sequence[Row]:
    if not _along_time(subject):
        return subject.table.rows
    at = subject.at(subject.chart.x)
    return sorted((row for row in subject.table.rows if row[at] is not None), key=lambda row: scale.order(row[at]))


def _spread(rows: Sequence[Row], most: int = 200) -> Sequence[Row]:
    """As many rows as a small line can show, the last among them."""
    every = -(-len(rows) // most) if rows else 1
    return rows[::-1][::every][::-1]
