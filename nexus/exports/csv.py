"""CSV, in the database's own words.

RFC 4180 in UTF-8, with `\\n` between rows; null is an empty cell. Values are written as Postgres writes them,
moments in ISO form and in the source's time zone; booleans as `true` and `false`. What begins like a formula gets
an apostrophe in front, which spreadsheets do not show: `COPY` is given that as part of the SELECT.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from nexus.exports import statement
from nexus.exports.statement import AS_WRITTEN, FIXED, SIZE_OF_BYTES, SIZE_OF_TEXT, TEXT
from nexus.sources.export import Head, Outlet

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A cell that begins so may be run as a formula."""


@dataclass(frozen=True)
class _Shape:
    """How a column of a type is read, and what is done to its text. `{0}` is the column."""

    read: str = "{0}"
    sized: str = ""
    typed: bool = False
    """Holds what a person may have typed."""


SHAPES = dict.fromkeys(FIXED, _Shape()) | {
    16: _Shape(read="{0}::pg_catalog.text"),
    17: _Shape(sized=SIZE_OF_BYTES),
    # A number of 200 bytes may be written with 100,000 digits.
    1700: _Shape(read="{0}::pg_catalog.text", sized=SIZE_OF_TEXT),
    **dict.fromkeys(TEXT, _Shape(sized=SIZE_OF_TEXT, typed=True)),
}
OTHERS = _Shape(read=AS_WRITTEN, sized=SIZE_OF_TEXT, typed=True)
"""Enums, JSON, arrays, rows, padded and unknown texts."""

NUMBER = r"^[+-]?(?:[0-9]+(?:[.,][0-9]+)*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s?%%?$"
# Letters and most else is told apart by one comparison of bytes; the patterns see what is left.
SAFE = (
    """case when {0}::pg_catalog.text operator(pg_catalog.<) 'A' collate "C" and {0}::pg_catalog.text operator(pg_catalog.~) '^[=+@\\t\\r\\n-]' """
    f"and {{0}}::pg_catalog.text operator(pg_catalog.!~) '{NUMBER}' then pg_catalog.concat('''', {{0}}) else {{0}} end"
)


class CsvForm:
    """Rows as COPY writes them, under a line of names."""

    def __init__(self) -> None:
        self._head = b""

    def copy(self, template: str, heads: Sequence[Head], *, version: int) -> str:
        self._head = _head([head.name for head in heads])
        shapes = [(f"c{number}", SHAPES.get(head.oid, OTHERS)) for number, head in enumerate(heads)]
        shown = [SAFE.format(name) if shape.typed else name for name, shape in shapes]
        if len(shown) == 1:
            # A row of one null would be an empty line, which most readers skip.
            shown = [f"coalesce(({shown[0]})::pg_catalog.text, '')"]
        return statement.copy(
            template=template,
            read=[shape.read.format(name) for name, shape in shapes],
            sizes=[shape.sized.format(name) for name, shape in shapes if shape.sized],
            shown=", ".join(shown),
        )

    def begin(self, outlet: Outlet) -> None:
        self._outlet = outlet
        outlet.write(self._head)

    def write(self, rows: bytes) -> None:
        self._outlet.write(rows)

    def end(self, rows: int) -> None:
        """The last row is the end."""


def _head(names: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["'" + name if name.startswith(FORMULA) else name for name in names])
    return text.getvalue().encode()
