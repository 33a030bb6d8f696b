"""A spreadsheet: the database writes the rows as XML, and here they are zipped and split into sheets.

XlsxWriter with `constant_memory` took 6 times as long for 336,776 × 19, all of it in Python, so that other people's pages
waited; and it writes to files on disk and has the first byte when the last row is in. Straight into a zip that is never
sought in, the first byte is there at once, and a file that breaks off has no table of contents: every program says that it is broken.

Nothing here makes zip64 parts, with which Excel offers a repair: a sheet ends before 2 GB of XML, as it does at Excel's row limit.
"""

import re
import zipfile
from collections.abc import Mapping, Sequence
from datetime import datetime

from nexus.exports import cells, statement, workbook
from nexus.exports.cells import CUT_CELL
from nexus.exports.spec import Provenance
from nexus.exports.statement import BARE, FIXED, SIZE_OF_BYTES, SIZE_OF_TEXT
from nexus.exports.workbook import Styles
from nexus.sources.export import Head, Outlet
from nexus.views.appearance import Format

MOST_ROWS = 1_048_576
"""Of a sheet, the head among them."""
MOST_BYTES = 1_900_000_000
"""Of a sheet's XML; zip has 2 GiB."""
LEVEL = 1
SIZED = dict.fromkeys(FIXED, "") | {17: SIZE_OF_BYTES}

_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


class XlsxForm:
    """`most_rows` is Excel's, and smaller in tests."""

    def __init__(self, provenance: Provenance, formats: Mapping[str, Format], *, most_rows: int = MOST_ROWS) -> None:
        self._provenance, self._formats, self._most_rows = provenance, formats, most_rows
        self._styles = Styles()
        self._heads: Sequence[Head] = ()
        self._sheets: list[int] = []
        """Rows of each, without the head."""
        self._size = self._cut = 0
        self._rest = b""
        self._start = b""
        """What every sheet begins with, once the first rows have told how wide their columns are."""

    def copy(self, template: str, heads: Sequence[Head], *, version: int) -> str:
        self._heads = heads
        made = []
        for number, head in enumerate(heads):
            style = self._styles.of(head, self._formats.get(head.name))
            made.append(cells.cell(f"c{number}", head, style))
        sizes = [SIZED.get(head.oid, SIZE_OF_TEXT).format(f"c{number}") for number, head in enumerate(heads)]
        return statement.copy(
            template=template,
            read=[cells.read(number, head) for number, head in enumerate(heads)],
            sizes=[size for size in sizes if size],
            shown=statement.joined(["'<row>'", *made, "'</row>'"]),
            options=BARE,
        )

    def begin(self, outlet: Outlet) -> None:
        self._outlet = outlet
        self._zip = zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL)

    def write(self, rows: bytes) -> None:
        # Only whole rows are looked at, so nothing that is searched for lies across two pieces.
        end = rows.rfind(b"\n") + 1
        if not end:
            self._rest += rows
            return
        block, self._rest = self._rest + rows[:end], rows[end:]
        if not self._start:
            self._start = workbook.sheet_start(self._heads, self._formats, workbook.widths(self._heads, self._formats, block))
        self._cut += block.count(CUT_CELL.encode())
        if _CONTROL.search(block):
            block = _CONTROL.sub(lambda found: b"\t" if found[0] == b"\t" else b"_x%04X_" % found[0][0], block)
        self._add(block)

    def _add(self, block: bytes) -> None:
        """Onto the sheet, and onto further ones when it is full."""
        while block:
            if not self._sheets or self._sheets[-1] >= self._most_rows - 1 or self._size + len(block) > MOST_BYTES:
                self._next_sheet()
            room = self._most_rows - 1 - self._sheets[-1]
            count = block.count(b"\n")
            end = len(block) if count <= room else _after_lines(block, room)
            self._sheet.write(block[:end])
            self._size += end
            self._sheets[-1] += min(count, room)
            block = block[end:]

    def _next_sheet(self) -> None:
        self._end_sheet()
        self._sheets.append(0)
        when = datetime.now(self._provenance.at.tzinfo)
        name = zipfile.ZipInfo(workbook.sheet_path(len(self._sheets)), date_time=when.timetuple()[:6])
        name.compress_type, name._compresslevel = zipfile.ZIP_DEFLATED, LEVEL  # type: ignore[attr-defined]
        self._sheet = self._zip.open(name, "w")
        self._size = self._sheet.write(self._start)

    def _end_sheet(self) -> None:
        if self._sheets:
            self._sheet.write(workbook.SHEET_END)
            self._sheet.close()

    def end(self, rows: int) -> None:
        if not self._sheets:
            self._start = workbook.sheet_start(self._heads, self._formats, workbook.widths(self._heads, self._formats, b""))
            self._next_sheet()
        self._end_sheet()
        notes = workbook.notes(self._heads, timezone=self._provenance.timezone, cut=self._cut, sheets=self._sheets)
        for path, content in workbook.rest(self._provenance, self._styles, sheets=self._sheets, notes=notes):
            self._zip.writestr(path, content)
        self._zip.close()


def _after_lines(block: bytes, count: int) -> int:
    """Where the first `count` lines end."""
    at = 0
    for _ in range(count):
        at = block.index(b"\n", at) + 1
    return at
