"""A pivot table: one column's values across, another's down, figures where they meet, and totals at the ends."""

from collections.abc import Callable, Sequence
from typing import Any

from nexus.views import format as written
from nexus.views import highlight, scale
from nexus.views.appearance import Format, Totals
from nexus.views.charts.drawing import Cell, Crosstab
from nexus.views.charts.subject import Subject

MOST_COLUMNS, MOST_ROWS = 60, 500
SUMS: dict[Totals, Callable[[Sequence[float]], float]] = {
    "sum": sum,
    "average": lambda values: sum(values) / len(values),
    "min": min,
    "max": max,
}
HEADS: dict[Totals, str] = {"sum": "Total", "average": "Average", "min": "Lowest", "max": "Highest"}
Places = dict[tuple[str, str, str], list[Any]]


def pivot(subject: Subject) -> Crosstab:
    """Every row of the table counts, also in totals: these sum up rows, not cells. Rows that share a cell are summed up alike."""
    chart = subject.chart
    down = subject.names(chart.row)
    across = subject.names(chart.x) if chart.x else None
    every_row, every_column = down.all(), across.all() if across else [""]
    rows, columns = every_row[:MOST_ROWS], every_column[: max(MOST_COLUMNS // len(chart.y), 1)]
    places: Places = {}
    for row in subject.table.rows:
        x, r = across.word(row) if across else "", down.word(row)
        for name in chart.y:
            value = scale.number(row[subject.at(name)])
            if value is not None:
                for place in ((name, x, r), (name, "\0", r), (name, x, "\0"), (name, "\0", "\0")):
                    places.setdefault(place, []).append(value)
    sides = [*columns, *(["\0"] if chart.totals and across else [])]
    made = [(row, [(name, x) for x in sides for name in chart.y]) for row in [*rows, *(["\0"] if chart.totals else [])]]
    marked, styles = _marks(subject, places, rows, columns), _styles(subject, places)
    cells = tuple(
        (_head(subject, row), tuple(_cell(subject, places, (name, x, row), marked, styles) for name, x in line)) for row, line in made
    )
    return Crosstab(
        heads=_heads(subject, sides),
        groups=_groups(subject, sides),
        rows=cells,
        totals_row=chart.totals is not None,
        totals_columns=len(chart.y) if chart.totals and across else 0,
        note=_note(len(every_row), len(rows), len(every_column), len(columns)),
    )


def _summed(subject: Subject, values: list[Any] | None) -> float | None:
    if not values:
        return None
    return values[0] if len(values) == 1 else SUMS[subject.chart.totals or "sum"](values)


def _styles(subject: Subject, places: Places) -> dict[str, Format | None]:
    """How each figure is written in every cell, totals among them."""
    return {
        name: written.alike((_summed(subject, values) for place, values in places.items() if place[0] == name), subject.formats.get(name))
        for name in subject.chart.y
    }


def _cell(
    subject: Subject,
    places: Places,
    place: tuple[str, str, str],
    marked: dict[tuple[str, str, str], highlight.Mark],
    styles: dict[str, Format | None],
) -> Cell:
    value = _summed(subject, places.get(place))
    text = "" if value is None else written.text(value, styles[place[0]], subject.column(place[0]))
    return Cell(text=text, total="\0" in place[1:], mark=marked.get(place))


def _marks(subject: Subject, places: Places, rows: list[str], columns: list[str]) -> dict[tuple[str, str, str], highlight.Mark]:
    """Colours of the cells by the formats of their figures; totals would outshine all others, so they have none."""
    found: dict[tuple[str, str, str], highlight.Mark] = {}
    for name in subject.chart.y:
        style = subject.formats.get(name)
        if style is None or not (style.highlights or style.shade):
            continue
        cells = [(name, x, row) for row in rows for x in columns]
        marks = highlight.marks([_summed(subject, places.get(place)) for place in cells], style, subject.column(name))
        found |= {place: mark for place, mark in zip(cells, marks, strict=True) if mark}
    return found


def _head(subject: Subject, word: str) -> str:
    return HEADS[subject.chart.totals or "sum"] if word == "\0" else word


def _heads(subject: Subject, sides: list[str]) -> tuple[str, ...]:
    chart = subject.chart
    corner = subject.label(chart.row)
    if chart.x is None or len(chart.y) > 1:
        return (corner, *(subject.label(name) for _ in sides for name in chart.y))
    return (corner, *(_head(subject, side) for side in sides))


def _groups(subject: Subject, sides: list[str]) -> tuple[tuple[str, int], ...]:
    if subject.chart.x is None or len(subject.chart.y) == 1:
        return ()
    return tuple((_head(subject, side), len(subject.chart.y)) for side in sides)


def _note(rows: int, shown_rows: int, columns: int, shown_columns: int) -> str:
    said = []
    if rows > shown_rows:
        said.append(f"the first {shown_rows:,} of {rows:,} rows")
    if columns > shown_columns:
        said.append(f"the first {shown_columns:,} of {columns:,} columns")
    return f"Shown are {' and '.join(said)}; totals count all." if said else ""
