"""CSV: encoding, delimiter and head are found out, and the rows read line by line."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from nexus.imports.cells import fits
from nexus.imports.spec import LONGEST_CELL, Layout, UnreadableFile

ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1")
DELIMITERS = (",", ";", "\t", "|")
SAMPLE_BYTES = 256 * 1024
BINARY = frozenset(range(32)) - {9, 10, 11, 12, 13, 27}
"""Bytes that no text holds; a NUL may be the half of a character in UTF-16."""

Row = tuple[int, list[str | None]]
"""Its number as a spreadsheet counts, and its cells; None is an empty one."""


class CsvFile:
    """`heads` are the first row, or empty texts where the file has no head. `rows()` may be asked once."""

    sheets: tuple[str, ...] = ()
    even = True
    """Every row has as many cells as the head; others are mistakes."""

    def __init__(self, file: BinaryIO, given: dict[str, Any]) -> None:
        """`given` are the fields of the layout that a person chose; the others are found out."""
        self._file = file
        self._size = max(1, file.seek(0, io.SEEK_END))
        file.seek(0)
        self.layout = _found(file.read(SAMPLE_BYTES), given)
        file.seek(0)
        first = next(self._records(), None)
        if first is None:
            raise UnreadableFile("This file has no rows. Save it again with some, and upload that.")
        self.heads = [cell or "" for cell in first[1]]
        if "header" not in given:
            self.layout = replace(self.layout, header=is_head(first[1]))
        if not self.layout.header:
            self.heads = [""] * len(self.heads)
        file.seek(0)

    @property
    def share(self) -> float:
        """How much has been read, from 0 to 1."""
        return min(1.0, self._file.tell() / self._size)

    def rows(self) -> Iterator[Row]:
        records = self._records()
        if self.layout.header:
            next(records)
        return records

    def _records(self) -> Iterator[Row]:
        """Rows that are not blank, numbered with the blank ones."""
        layout, number = self.layout, 0
        csv.field_size_limit(LONGEST_CELL)
        quoting: Any = csv.QUOTE_MINIMAL if layout.quote else csv.QUOTE_NONE
        text = io.TextIOWrapper(_Kept(self._file), encoding=_strict(layout.encoding), newline="")
        try:
            reader = csv.reader(_lines(text), delimiter=layout.delimiter, quotechar=layout.quote or None, quoting=quoting, strict=True)
            for number, record in enumerate(reader, start=1):
                if record:
                    yield number, [cell or None for cell in record]
        except csv.Error as error:
            raise UnreadableFile(_said(str(error), number + 1)) from None
        except UnicodeError:
            raise UnreadableFile(
                f"After row {number:,} come bytes that are not {layout.encoding}. Choose another encoding, or save the file as UTF-8."
            ) from None
        finally:
            text.detach()


class _Kept(io.BufferedReader):
    """Keeps the file open when the text around it is thrown away."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file, 64 * 1024)  # type: ignore[arg-type]

    def close(self) -> None:
        pass


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Lines, none of which is longer than a cell may be: a file without line breaks must not fill the memory."""
    while line := text.readline(LONGEST_CELL + 1):
        if len(line) > LONGEST_CELL:
            raise csv.Error("field larger than field limit")
        yield line


def _strict(encoding: str) -> str:
    if encoding not in ENCODINGS:
        raise UnreadableFile("This encoding is not known here. Choose another.")
    return encoding


def _said(error: str, number: int) -> str:
    if "larger than" in error:
        return f"Row {number:,} has a cell or line of more than {LONGEST_CELL // 1_048_576} million characters. Is a quote not closed? Correct it, or choose no quote."
    if "unexpected end" in error:
        return f"A quote that opens in row {number:,} is never closed. Correct it, or choose no quote."
    if "expected after" in error:
        return f"In row {number:,} something stands between a closing quote and the next cell. Correct it, or choose no quote."
    return f"Row {number:,} cannot be read as CSV. Correct it, and upload the file again."


# --- finding out -------------------------------------------------------------------------------------------


def _found(start: bytes, given: dict[str, Any]) -> Layout:
    encoding = _strict(given["encoding"]) if "encoding" in given else encoding_of(start)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(start)
    if not text.strip("\ufeff \t\r\n\0"):
        raise UnreadableFile("This file is empty. Save it again with a head and rows, and upload that.")
    found: dict[str, Any] = {"encoding": encoding, "delimiter": given.get("delimiter") or _delimiter(text)} | given
    return Layout(**(found | {"kind": "csv"}))


def encoding_of(start: bytes) -> str:
    """Raises UnreadableFile for what is no text in any encoding."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    strange = sum(count for byte, count in Counter(start).items() if byte in BINARY and byte)
    if strange > len(start) / 1000 + 1 or start.count(0) > len(start) / 100 + 8:
        raise UnreadableFile()
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(start)
    except UnicodeDecodeError:
        return "cp1252" if not any(byte in start for byte in b"\x81\x8d\x8f\x90\x9d") else "latin-1"
    return "utf-8"


def _delimiter(text: str) -> str:
    """The one that cuts the first lines into the same number of cells, and into most."""
    lines = text.splitlines(keepends=True)[:100]
    if len(lines) > 1 and not lines[-1].endswith(("\n", "\r")):
        lines.pop()

    def score(delimiter: str) -> tuple[float, int]:
        try:
            widths = [len(record) for record in csv.reader(lines, delimiter=delimiter) if record]
        except csv.Error:
            return 0.0, 0
        width, count = Counter(widths).most_common(1)[0] if widths else (1, 0)
        return (count / len(widths), width) if width > 1 else (0.0, 0)

    return max(DELIMITERS, key=score)


def is_head(cells: Sequence[str | None]) -> bool:
    """Heads are texts, and years beside texts; a row with another number, a date or the like in it holds data."""
    typed = [cell.strip() for cell in cells if cell and fits(cell.strip() or "x")]
    return any(cells) and (not typed or (len(typed) < sum(map(bool, cells)) and all(_YEAR.fullmatch(cell) for cell in typed)))


_YEAR = re.compile("(?:19|20)[0-9]{2}")
