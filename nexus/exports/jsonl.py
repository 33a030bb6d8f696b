"""JSON lines: one object a row, made by the database.

UTF-8, with `\\n` between rows. Numbers are written with every digit that the database holds; NaN and infinity, which JSON
does not have, as the texts `"NaN"` and `"Infinity"`. Moments are texts in ISO form with the source's offset, bytes are texts
as `"\\\\x00ff"`, arrays are arrays, rows are objects, and JSON stands as itself. A second column called `a` is `a_2`.
"""

from collections.abc import Sequence

from nexus.exports import statement
from nexus.exports.statement import BARE, FIXED, SIZE_OF_BYTES, SIZE_OF_TEXT, TEXT, quoted, told_apart
from nexus.sources.export import Head, Outlet

ONE_LINE = "pg_catalog.translate(pg_catalog.to_json({0})::pg_catalog.text, e'\\n\\r\\t', '   ')::pg_catalog.json"
"""Inside strings JSON escapes these three, so where they stand they only lay it out."""
SIZED = dict.fromkeys(FIXED, "") | {17: SIZE_OF_BYTES, 1700: SIZE_OF_TEXT} | dict.fromkeys(TEXT, SIZE_OF_TEXT)


class JsonLinesForm:
    def copy(self, template: str, heads: Sequence[Head], *, version: int) -> str:
        names = [quoted(name) for name in told_apart(heads)]
        sizes = [SIZED.get(head.oid, SIZE_OF_TEXT).format(f'"nexus row".{name}') for head, name in zip(heads, names, strict=True)]
        return statement.copy(
            template=template,
            read=[(f"c{number}" if head.oid in SIZED else ONE_LINE.format(f"c{number}")) for number, head in enumerate(heads)],
            names=names,
            sizes=[size for size in sizes if size],
            shown='pg_catalog.row_to_json("nexus row".*)' if heads else "'{}'",
            options=BARE,
        )

    def begin(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def write(self, rows: bytes) -> None:
        self._outlet.write(rows)

    def end(self, rows: int) -> None:
        """The last row is the end."""
