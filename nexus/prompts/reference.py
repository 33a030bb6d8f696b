"""Figures of rows that a passage refers to without naming them: the extreme of a column, and the row before in time."""

import re

from nexus.prompts.comparisons import is_in_time
from nexus.prompts.evidence import Evidence, Rows
from nexus.prompts.figures import Figure
from nexus.prompts.sent import Column, Sent
from nexus.prompts.wording import ordered

_EXTREME = re.compile(
    r"\b(?:height|peak\w*|high|highest|maximum|max|record|low|lowest|minimum|min|best|worst|most|least|top|bottom|longest|shortest"
    r"|máximo|mínimo|pico|récord|höchst\w*|tiefst\w*|spitze\w*|rekord\w*)\b[^\d.;:|\n]{0,16}$",
    re.I,
)
_BEFORE = re.compile(
    r"\b(?:from|against|versus|vs\.?|previous(?:ly)?|before|desde|de|frente a|anterior|von|gegenüber|vorher|zuvor)\W{1,3}(?:[^\W\d]+ ){0,2}$",
    re.I,
)


def is_extreme(text: str, figure: Figure) -> bool:
    """Whether the words before the figure say that it is the greatest or least: `peaked at 5,120`."""
    return bool(_EXTREME.search(text[max(0, figure.start - 40) : figure.start]))


def referred(text: str, figure: Figure, data: Sent, rows: dict[int, Rows], words: str) -> Evidence | None:
    """The figure as the greatest or least of a column, or of the row before the one that is spoken of, where the words lead there."""
    before = text[max(0, figure.start - 40) : figure.start]
    is_extreme, is_before = bool(_EXTREME.search(before)), bool(_BEFORE.search(before))
    for at, own in rows.items() if is_extreme or is_before else ():
        table = data.tables[at]
        for column in ordered(table, words):
            place = (at, table.columns.index(column))
            if is_extreme and (found := _extreme(figure, column)) is not None:
                word = "greatest" if column.numbers[found] == column.in_order[0][-1] else "least"
                return _of(column, place, found, f"the {word}")
            if is_before and len(own) == 1 and (row := min(own)) and is_in_time(table) and _says(figure, column, row - 1):
                return _of(column, place, row - 1, "the one before")
    return None


def _extreme(figure: Figure, column: Column) -> int | None:
    _, rows = column.in_order
    return next((row for row in (rows[-1], rows[0]) if _says(figure, column, row)), None) if rows else None


def _says(figure: Figure, column: Column, row: int) -> bool:
    value = column.numbers[row]
    if value is None or figure.role not in ("number", "percent", "duration") or (figure.role == "percent") != column.is_share:
        return False
    meant = value * (100 if column.is_share else 1)
    return any(reading.digits >= 2 for reading in figure.readings) and any(low <= meant <= high for low, high in figure.bounds)


def _of(column: Column, place: tuple[int, int], row: int, which: str) -> Evidence:
    how = f"`{column.name}` of row {row + 1}, {which}, is {column.texts[row]}"
    return Evidence(how, {place[0]: frozenset((row,))}, False, column.numbers[row], place)
