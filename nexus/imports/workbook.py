"""XLSX: the sheets of a workbook, read cell by cell in constant memory but for its shared texts.

Written for what is asked here: it takes untrusted files, and stops at limits. Libraries that load a sheet whole
can be made to reserve 17 billion cells by a file with two of them.
"""

import re
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, BinaryIO

from nexus.imports.csvfile import Row, is_head
from nexus.imports.spec import LONGEST_CELL, MOST_COLUMNS, Layout, UnreadableFile
from nexus.imports.xmlpart import BOMB, Attributes, Part, local

MOST_ROWS = 1_048_576
MOST_PARTS = 10_000
MOST_SHARED_BYTES = 96 * 1024 * 1024
MOST_SHARED = 1_000_000
"""Shared texts lie in memory while a sheet is read."""
MOST_INFLATED = 2 * 1024 * 1024 * 1024
RATIO = 200
"""How many times its size a part may grow, beyond the first megabytes: deflate itself allows 1,000."""
FREE_BYTES = 64 * 1024 * 1024

NO_WORKBOOK = "This file is no Excel workbook. Save it as .xlsx or CSV, and upload that."
TOO_MANY_TEXTS = "This workbook holds more different texts than fit into memory. Save the sheet as CSV, and upload that."


class Workbook:
    """As `CsvFile`, of one sheet. Formulas give the values that they had when the file was saved."""

    even = False

    def __init__(self, file: BinaryIO, given: dict[str, Any]) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError):
            raise UnreadableFile(NO_WORKBOOK) from None
        names = self._zip.namelist()
        if len(names) > MOST_PARTS or "xl/workbook.xml" not in names:
            raise UnreadableFile(NO_WORKBOOK)
        sheets, self._from_1904 = self._read_workbook()
        self.sheets = tuple(sheets)
        wanted = given.get("sheet") or self.sheets[0]
        if wanted not in sheets:
            raise UnreadableFile("This workbook has no sheet of that name. Choose another.")
        self._part = sheets[wanted]
        self._kinds = self._read_styles()
        self._texts = self._read_shared()
        self._sheet: Part | None = None
        first = next(self._records(), None)
        if first is None:
            raise UnreadableFile(f"The sheet `{wanted}` is empty. Choose another, or save the file again with rows.")
        self.heads = [cell or "" for cell in first[1]]
        self.layout = Layout(**({"header": is_head(first[1])} | given | {"kind": "xlsx", "sheet": wanted}))
        if not self.layout.header:
            self.heads = [""] * len(self.heads)

    @property
    def share(self) -> float:
        return self._sheet.share if self._sheet else 0.0

    def rows(self) -> Iterator[Row]:
        records = self._records()
        if self.layout.header:
            next(records)
        return records

    # --- parts ---

    def _open(self, name: str) -> Part:
        try:
            info = self._zip.getinfo(name)
        except KeyError:
            raise UnreadableFile(NO_WORKBOOK) from None
        most = min(MOST_INFLATED, FREE_BYTES + info.compress_size * RATIO)
        if info.file_size > most:
            raise UnreadableFile(BOMB)
        return Part(self._zip, info, most=most)

    def _read_workbook(self) -> tuple[dict[str, str], bool]:
        """Sheet names with their parts, in order, and whether days are counted from 1904."""
        targets: dict[str, str] = {}
        sheets: dict[str, str] = {}
        from_1904 = False

        def relation(tag: str, given: Attributes) -> None:
            if tag == "Relationship" and "Target" in given:
                target = given["Target"]
                path = target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
                targets[given.get("Id", "")] = path

        def entry(tag: str, given: Attributes) -> None:
            nonlocal from_1904
            if tag == "workbookPr":
                from_1904 = given.get("date1904", "0") in ("1", "true")
            elif tag == "sheet":
                key = next((value for name, value in given.items() if local(name) == "id" and name != "id"), "")
                if targets.get(key) in self._zip.namelist() and "worksheets" in targets[key]:
                    sheets.setdefault(given.get("name", key), targets[key])

        self._open("xl/_rels/workbook.xml.rels").read(start=relation)
        self._open("xl/workbook.xml").read(start=entry)
        if not sheets:
            raise UnreadableFile(NO_WORKBOOK)
        return sheets, from_1904

    def _read_styles(self) -> list[str]:
        """Of each cell style: `date`, `datetime`, `time`, or nothing for plain numbers."""
        if "xl/styles.xml" not in self._zip.namelist():
            return []
        formats: dict[str, str] = {}
        kinds: list[str] = []
        inside = False

        def start(tag: str, given: Attributes) -> None:
            nonlocal inside
            if tag == "cellXfs":
                inside = True
            elif tag == "numFmt":
                formats[given.get("numFmtId", "")] = kind_of_format(given.get("formatCode", ""))
            elif tag == "xf" and inside:
                number = given.get("numFmtId", "0")
                kinds.append(formats.get(number, BUILT_IN.get(number, "")))

        def end(tag: str) -> None:
            nonlocal inside
            inside = inside and tag != "cellXfs"

        self._open("xl/styles.xml").read(start=start, end=end)
        return kinds

    def _read_shared(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._zip.namelist():
            return []
        texts: list[str] = []
        pieces: list[str] = []
        held = 0
        phonetic = wanted = False

        def start(tag: str, _given: Attributes) -> None:
            nonlocal phonetic, wanted
            if tag == "si":
                pieces.clear()
            elif tag == "rPh":
                phonetic = True
            wanted = tag == "t" and not phonetic

        def end(tag: str) -> None:
            nonlocal phonetic, wanted, held
            wanted = False
            if tag == "rPh":
                phonetic = False
            elif tag == "si":
                texts.append(unescaped("".join(pieces)))
                held += 60
                if len(texts) > MOST_SHARED:
                    raise UnreadableFile(TOO_MANY_TEXTS)

        def data(text: str) -> None:
            nonlocal held
            if wanted:
                pieces.append(text)
                held += len(text) * (1 if text.isascii() else 3)
                if held > MOST_SHARED_BYTES:
                    raise UnreadableFile(TOO_MANY_TEXTS)

        self._open("xl/sharedStrings.xml").read(start=start, end=end, data=data)
        return texts

    # --- cells ---

    def _records(self) -> Iterator[Row]:
        """Rows that are not empty, with the numbers that Excel shows."""
        self._sheet = self._open(self._part)
        found: list[Row] = []
        cells: list[str | None] = []
        pieces: list[str] = []
        number = column = size = 0
        kind = style = ""
        wanted = False

        def start(tag: str, given: Attributes) -> None:
            nonlocal number, column, kind, style, wanted, size
            if tag == "c":
                column = _column(given.get("r", ""), column + 1)
                kind, style = given.get("t", "n"), given.get("s", "0")
                pieces.clear()
                size = 0
            elif tag == "row":
                given_number = given.get("r", "")
                number = int(given_number) if given_number.isdecimal() and len(given_number) < 9 else number + 1
                if number > MOST_ROWS:
                    raise UnreadableFile(f"This sheet has more than the {MOST_ROWS:,} rows that Excel knows. Save it as CSV.")
                cells.clear()
                column = 0
            wanted = tag in ("v", "t")

        def end(tag: str) -> None:
            nonlocal wanted
            wanted = False
            if tag == "c" and pieces:
                text = self._text("".join(pieces), kind, style)
                if text is not None:
                    if column > len(cells):
                        cells.extend([None] * (column - len(cells)))
                    cells[column - 1] = text
            elif tag == "row" and cells:
                found.append((number, cells[:]))

        def data(text: str) -> None:
            nonlocal size
            if wanted:
                size += len(text)
                if size > LONGEST_CELL:
                    raise UnreadableFile(f"Row {number:,} has a cell of more than 16 million characters. Shorten it.")
                pieces.append(text)

        for _ in self._sheet.feed(start=start, end=end, data=data):
            yield from found
            found.clear()
        yield from found

    def _text(self, raw: str, kind: str, style: str) -> str | None:
        """The value of a cell as a person would type it; None for nothing, and for `#N/A`, which says that there is none."""
        match kind:
            case "s":
                at = int(raw) if raw.isdecimal() and len(raw) < 10 else -1
                if not 0 <= at < len(self._texts):
                    raise UnreadableFile(NO_WORKBOOK)
                return self._texts[at] or None
            case "n":
                shown = self._kinds[int(style)] if style.isdecimal() and len(style) < 9 and int(style) < len(self._kinds) else ""
                return number_text(raw.strip(), shown, from_1904=self._from_1904)
            case "b":
                return "true" if raw.strip() in ("1", "true") else "false"
            case "e":
                return None if raw.strip() == "#N/A" else raw.strip()
            case "d":
                return raw.strip().replace("T", " ").removesuffix(" 00:00:00") or None
        return unescaped(raw) or None


# --- numbers and texts -------------------------------------------------------------------------------------

BUILT_IN = (
    {str(number): "date" for number in (14, 15, 16, 17, *range(27, 32), 34, 35, 36, *range(50, 59))}
    | {"22": "datetime"}
    | {str(number): "time" for number in (18, 19, 20, 21, 32, 33, 45, 46, 47)}
)
"""Number formats that files do not spell out."""


def kind_of_format(code: str) -> str:
    """What a number format shows: `yyyy-mm-dd` a date, `[h]:mm` a length of time, `0.00 "days"` a number."""
    first = code.split(";", 1)[0]
    plain = re.sub(r'"[^"]*"|\\.|_.|\*.', "", first).lower()
    if re.search(r"\[(?:h+|m+|s+)\]", plain):
        return "time"
    plain = re.sub(r"\[[^\]]*\]", "", plain)
    if plain.strip() == "general":
        return ""
    day, clock = bool(re.search(r"[yd]|mmm", plain)), bool(re.search(r"[hs]", plain))
    return "datetime" if day and clock else "date" if day else "time" if clock else ""


def number_text(raw: str, shown: str, *, from_1904: bool) -> str | None:
    """`45292` shown as a date is `2024-01-01`; shown plainly, itself. Numbers are as exact as the file has them."""
    if not raw:
        return None
    try:
        value = float(raw)
    except ValueError:
        return raw
    if not shown:
        return _shortest(raw, value)
    if shown == "time" and 0 <= value < 100_000:
        seconds = round(value * 86_400)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    # Day 60 is the 29th of February 1900, which Lotus believed in and Excel keeps. Days in a sheet know no zone.
    first = (1904, 1, 1) if from_1904 else (1899, 12, 31) if value < 60 else (1899, 12, 30)
    day = datetime(*first)  # noqa: DTZ001
    try:
        moment = day + timedelta(milliseconds=round(value * 86_400_000))
    except OverflowError:
        return _shortest(raw, value)
    if value < 0:
        return _shortest(raw, value)
    if shown == "date" and value == int(value):
        return moment.date().isoformat()
    return moment.isoformat(sep=" ")


def _shortest(raw: str, value: float) -> str:
    """Without the noise of the file's seventeenth digit: `0.30000000000000004` is written so, and `3.0` as `3`."""
    if value == int(value) if abs(value) < 1e15 else False:
        return str(int(value))
    short = repr(value)
    return short if "e" not in short and "n" not in short else raw


_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """Excel writes control characters as `_x000D_`."""
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def _column(reference: str, otherwise: int) -> int:
    """The number of the column in `BC12`. Raises UnreadableFile beyond what a table may have."""
    number = 0
    for letter in reference.upper().rstrip("0123456789")[:4]:
        number = number * 26 + ord(letter) - 64
    number = number if reference else otherwise
    if not 1 <= number <= MOST_COLUMNS:
        raise UnreadableFile(
            f"This sheet has cells beyond column {MOST_COLUMNS:,}, which is all that a table may have. Save it with fewer."
        )
    return number
