"""Rows as CSV: RFC 4180, UTF-8, one batch after the other, safe to open in a spreadsheet."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from nexus.sources.spec import Column

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so may be run as a formula. It gets an apostrophe in front, which spreadsheets do not show."""

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d+)*|\.\d+)([eE][+-]?\d+)?\s?%?", re.ASCII)
_HARMLESS = frozenset({"number", "boolean", "date", "time"})
"""Kinds whose texts never hold what a person typed."""


def csv_parts(columns: tuple[Column, ...], batches: Iterable[list[tuple[Any, ...]]]) -> Iterator[bytes]:
    """The head, then each batch of rows, as bytes. Null is an empty cell."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow([safe(column.name) for column in columns])
    shaped = [(at, shape) for at, column in enumerate(columns) if (shape := _shape(column)) is not None]
    for rows in batches:
        writer.writerows(_shaped(rows, shaped) if shaped else rows)
        yield buffer.getvalue().encode("utf-8", errors="replace")
        buffer.seek(0)
        buffer.truncate()
    # The head alone, where there were no rows.
    rest = buffer.getvalue()
    if rest:
        yield rest.encode("utf-8", errors="replace")


def safe(text: str) -> str:
    """The text, unless a spreadsheet would run it; plain numbers stay as they are, negative ones too."""
    if text.startswith(FORMULA) and not _NUMBER.fullmatch(text):
        return "'" + text
    return text


def _shaped(rows: list[tuple[Any, ...]], shaped: list[tuple[int, Callable[[Any], Any]]]) -> Iterator[list[Any]]:
    for row in rows:
        cells = list(row)
        for at, shape in shaped:
            if cells[at] is not None:
                cells[at] = shape(cells[at])
        yield cells


def _shape(column: Column) -> Callable[[Any], Any] | None:
    """What is done to each cell of a column; none where the writer's own text is right."""
    if column.kind == "boolean":
        return lambda value: "true" if value else "false"
    if column.kind == "binary":
        return lambda value: "\\x" + bytes(value).hex()
    if column.kind in _HARMLESS:
        return None
    return lambda value: safe(value if isinstance(value, str) else str(value))
