"""Which cells of a column a figure says."""

import re
from collections.abc import Iterator

from nexus.prompts import units
from nexus.prompts.figures import MINUTES, Figure
from nexus.prompts.sent import Column
from nexus.prompts.wording import is_named, stems


def matches(figure: Figure, column: Column, words: str) -> Iterator[tuple[int, int, bool]]:
    """Rows whose value the figure says, the digits that count, and whether the value stands there as it is written."""
    for reading, (low, high) in zip(figure.readings, figure.bounds, strict=True):
        digits = 3 if figure.in_words and figure.hedge else reading.digits
        scales: list[tuple[float, bool]] = [(1 / by, True) for by in units.factors(figure, column.name)]
        if figure.role in {"percent", "points"}:
            scales = [(0.01, True)] if column.is_share else [(1.0, True)] if column.is_called_share or "%" in column.name else []
            if figure.role == "points" and not column.is_share and stems(column.name) & _POINTS:
                scales = [(1.0, True)]
        elif figure.role in {"times", "rank", "top"}:
            scales = []
        elif figure.unit:
            unit = unit_of(column)
            plain = [(1 / MINUTES[figure.unit], True)] if figure.unit in MINUTES and is_named(column, words) else []
            scales = [(1 / MINUTES[unit], True)] if unit else [(1.0, figure.unit == "min"), *plain]
        for scale, as_is in scales:
            for row in column.between(low * scale, high * scale):
                yield row, digits, as_is
            if not figure.signed and low > 0:
                for row in column.between(-high * scale, -low * scale):
                    yield row, digits, as_is


def unit_of(column: Column) -> str:
    """The unit that the name of a column of durations says; empty where it says none."""
    found = _UNIT_OF.search(column.name.lower()) if not column.is_key else None
    return (found.lastgroup or "") if found else ""


_UNIT_OF = re.compile(
    r"(?P<h>hour|hora|stunde|(?:_|^)(?:h|hrs?)(?:_|$))|(?P<day>day|dias|tage)|(?P<ms>milli|(?:_|^)ms(?:_|$))"
    r"|(?P<s>second|segundo|sekunde|(?:_|^)(?:s|secs?)(?:_|$))|(?P<min>minut|(?:_|^)mins?(?:_|$))"
)
_POINTS = stems("points puntos punkte score")
