"""The process that reads files: alone, with little memory, and without an address of any database.

A file may be made to break whatever reads it. Here that ends this process and one person's import, and nothing else.
It is told what to do as JSON on its standard input, writes rows for COPY to its standard output, and reports on a pipe.
"""

import gc
import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any, BinaryIO, Protocol

from nexus.imports import cells, names
from nexus.imports.cells import EMPTY_WORDS, EVERY, Wrong, converter, fits, proposed
from nexus.imports.csvfile import CsvFile, Row
from nexus.imports.spec import MOST_COLUMNS, SAMPLE_CHARACTERS, SAMPLE_ROWS, FileColumn, FileLook, Layout, Problems, UnreadableFile

MEMORY_BYTES = 288 * 1024 * 1024
CPU_SECONDS = 1_200
BUFFER = 256 * 1024
REPORT_SECONDS = 0.25
NULL = "\\N"

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OTHERS = {
    b"%PDF": "a PDF",
    b"\x1f\x8b": "a gzip archive",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"SQLite": "an SQLite database",
}


class File(Protocol):
    layout: Layout
    heads: list[str]
    sheets: tuple[str, ...]
    even: bool

    @property
    def share(self) -> float: ...
    def rows(self) -> Iterator[Row]: ...


def opened(file: BinaryIO, given: dict[str, Any]) -> File:
    """By what the file begins with; its name says nothing. Raises UnreadableFile."""
    start = file.read(8)
    file.seek(0)
    if not start:
        raise UnreadableFile("This file is empty. Save it again with a head and rows, and upload that.")
    if start.startswith(OLE):
        raise UnreadableFile(_old(file))
    for mark, what in OTHERS.items():
        if start.startswith(mark):
            raise UnreadableFile(f"This is {what}. Upload a CSV, XLSX or Parquet file.")
    if start.startswith(b"PK\x03\x04"):
        from nexus.imports.workbook import Workbook

        return Workbook(file, given)
    if start.startswith(b"PAR1"):
        from nexus.imports.parquet import ParquetFile

        return ParquetFile(file, given)
    return CsvFile(file, given)


def _old(file: BinaryIO) -> str:
    locked = "EncryptedPackage".encode("utf-16-le") in file.read(1 << 20)
    if locked:
        return "This workbook is locked with a password. Open it, save it without one, and upload that."
    return "This is a workbook of the old kind (.xls). Save it as .xlsx or CSV, and upload that."


# --- look --------------------------------------------------------------------------------------------------


_UNDECIDED = frozenset({0, cells.NUMBER, cells.BOOLEAN, cells.UUID, cells.JSON})
"""What most cells fit, and what says nothing of decimal signs or the order of dates."""


class _Shape:
    """What the cells of each column fit, all rows together."""

    def __init__(self, width: int, nulls: frozenset[str]) -> None:
        self.masks = [EVERY] * width
        self.words: list[set[str]] = [set() for _ in range(width)]
        self.nulls = nulls
        self.slashed: set[int] = set()
        """Columns with dates such as `3/4/2024`, which read both ways."""
        self.votes: Counter[str] = Counter()

    def widen(self, width: int) -> None:
        self.masks += [EVERY] * (width - len(self.masks))
        self.words += [set() for _ in range(width - len(self.words))]

    def take(self, row: list[str | None]) -> None:
        masks = self.masks
        for at, cell in enumerate(row):
            if cell and masks[at]:
                if cell in self.nulls:
                    self.words[at].add(cell)
                elif stripped := cell.strip():
                    masks[at] &= (bits := fits(stripped))
                    if bits not in _UNDECIDED:
                        self._vote(at, stripped, bits)

    def _vote(self, at: int, text: str, bits: int) -> None:
        """A cell that reads one way only decides for its file, also where its column turns out to be a text."""
        if bool(bits & cells.DOUBLE_COMMA) != bool(bits & cells.DOUBLE_POINT):
            self.votes["," if bits & cells.DOUBLE_COMMA else "."] += 1
        if bits & cells.DATES:
            if bool(bits & cells.TIME_DMY) != bool(bits & cells.TIME_MDY):
                self.votes["dmy" if bits & cells.TIME_DMY else "mdy"] += 1
            if text[1] in "/-" or text[2] in "/-":
                self.slashed.add(at)


def look(file: File, given: dict[str, Any], report: Callable[..., None]) -> FileLook:
    """One pass over all rows. Raises UnreadableFile."""
    heads, problems = list(file.heads), Problems()
    shape = _Shape(len(heads), frozenset(given["nulls"]) if "nulls" in given else EMPTY_WORDS)
    sample: list[tuple[str | None, ...]] = []
    rows = 0
    _check_width(len(heads))
    for number, row in file.rows():
        rows += 1
        if len(row) != len(heads):
            if file.even:
                problems.add(number, "", _ragged(row, heads))
                row = row[: len(heads)]  # noqa: PLW2901 - the cells that have a column count
            elif len(row) > len(heads):
                heads += [""] * (len(row) - len(heads))
                shape.widen(len(heads))
        shape.take(row)
        if len(sample) < SAMPLE_ROWS:
            sample.append(tuple(_short(cell) for cell in row))
        if rows % 1000 == 0:
            report(rows=rows, share=file.share)
    layout = _completed(file.layout, given, shape)
    types = getattr(file, "types", None) or [_type(mask, layout) for mask in shape.masks]
    named = names.unique(heads)
    return FileLook(
        layout=layout,
        columns=tuple(FileColumn(head=head[:300], name=name, type=type_) for head, name, type_ in zip(heads, named, types, strict=True)),
        rows=rows,
        sample=tuple(row + (None,) * (len(heads) - len(row)) for row in sample),
        sheets=file.sheets,
        problems=tuple(problems.first),
        problem_count=problems.count,
        either_dates=any(_either(shape.masks[at]) for at in shape.slashed),
    )


def _check_width(width: int) -> None:
    if width > MOST_COLUMNS:
        raise UnreadableFile(
            f"This file has {width:,} columns, and a table may have {MOST_COLUMNS:,}. Save it with fewer, and upload that."
        )


def _ragged(row: list[str | None], heads: list[str]) -> str:
    return f"it has {len(row):,} {'cell' if len(row) == 1 else 'cells'}, and the first row has {len(heads):,}"


def _short(cell: str | None) -> str | None:
    return cell if cell is None or len(cell) <= SAMPLE_CHARACTERS else cell[:SAMPLE_CHARACTERS] + "…"


def _either(mask: int) -> bool:
    """Whether the dates of a column read both ways."""
    return bool(mask & (cells.DATE_DMY | cells.TIME_DMY)) and bool(mask & (cells.DATE_MDY | cells.TIME_MDY))


def _completed(layout: Layout, given: dict[str, Any], shape: _Shape) -> Layout:
    """With what only all rows together tell: decimal sign, order of dates, words for nothing."""
    found: dict[str, Any] = {}
    masks = [mask for mask in shape.masks if mask != EVERY]
    if shape.votes[","] > shape.votes["."]:
        found["decimal"] = ","
    elif (
        not shape.votes["."]
        and layout.delimiter in ";\t"
        and any(mask & cells.COMMA and mask & cells.POINT and not mask & cells.WHOLE for mask in masks)
    ):
        # `1,234`: where commas part no cells, they stand before decimals.
        found["decimal"] = ","
    if shape.votes["mdy"] > shape.votes["dmy"]:
        found["dates"] = "mdy"
    typed = [words for mask, words in zip(shape.masks, shape.words, strict=True) if mask not in (0, EVERY)]
    found["nulls"] = tuple(sorted(set().union(*typed)))
    return replace(layout, **{name: value for name, value in found.items() if name not in given})


def _type(mask: int, layout: Layout) -> str:
    return "text" if mask == EVERY else proposed(mask, decimal=layout.decimal, dates=layout.dates)


# --- write -------------------------------------------------------------------------------------------------


def write(file: File, columns: list[tuple[int, str]], width: int, out: BinaryIO, report: Callable[..., None]) -> tuple[int, Problems]:
    """Every row as a line for COPY; from the first problem on only problems. How many rows, and what is wrong."""
    problems, rows = Problems(), 0
    nulls = frozenset(file.layout.nulls)
    heads = [file.heads[at] or f"column {at + 1}" if at < len(file.heads) else f"column {at + 1}" for at in range(width)]
    plan = [(at, type_ == "text", converter(type_, file.layout)) for at, type_ in columns]
    for number, row in file.rows():
        rows += 1
        if len(row) != width:
            if file.even:
                problems.add(number, "", _ragged(row, heads))
                continue
            row.extend([None] * (width - len(row)))
        line = []
        for at, is_text, convert in plan:
            cell = row[at]
            if cell is not None and not is_text and (cell in nulls or not cell.strip()):
                cell = None
            if cell is None:
                line.append(NULL)
                continue
            try:
                line.append(convert(cell))
            except Wrong as error:
                problems.add(number, heads[at], f"“{_shown(cell)}” {error}")
        if not problems.count:
            out.write("\t".join(line).encode() + b"\n")
        if rows % 1000 == 0:
            report(rows=rows, share=file.share)
    return rows, problems


def _shown(cell: str) -> str:
    plain = "".join(character if character.isprintable() else "·" for character in cell[:60])
    return plain + ("…" if len(cell) > 60 else "")


# --- the process -------------------------------------------------------------------------------------------


def main() -> None:
    request = json.load(sys.stdin)
    _limit()
    reports = os.fdopen(request["report"], "w", encoding="utf-8", errors="replace")
    at = 0.0

    def report(**what: Any) -> None:
        nonlocal at
        if "rows" in what and time.monotonic() - at < REPORT_SECONDS:
            return
        at = time.monotonic()
        reports.write(json.dumps(what) + "\n")
        reports.flush()

    with os.fdopen(request["file"], "rb") as file:
        try:
            _do(request, file, report)
        except UnreadableFile as error:
            report(refused=error.message)
        except MemoryError:
            gc.collect()
            report(refused="This file needs more memory than one import may take. Save it as CSV, or in parts, and upload that.")
    reports.close()


def _do(request: dict[str, Any], file: BinaryIO, report: Callable[..., None]) -> None:
    given = request["given"]
    if request["job"] == "look":
        report(look=asdict(_look_twice(file, given, report)))
        return
    out = os.fdopen(1, "wb", BUFFER)
    rows, problems = write(opened(file, given), [tuple(pair) for pair in request["columns"]], request["width"], out, report)
    out.flush()
    report(done=rows, problems=[asdict(problem) for problem in problems.first], problem_count=problems.count)


def _look_twice(file: BinaryIO, given: dict[str, Any], report: Callable[..., None]) -> FileLook:
    """A text that began as UTF-8 and went on as something else is read again as what Windows writes."""
    found = opened(file, given)
    try:
        return look(found, given, report)
    except UnreadableFile as error:
        if found.layout.kind != "csv" or "encoding" in given or found.layout.encoding != "utf-8" or "not utf-8" not in error.message:
            raise
    file.seek(0)
    return look(opened(file, given | {"encoding": "cp1252"}), given | {"encoding": "cp1252"}, report)


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_DATA, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        resource.setrlimit(what, (most, most))
    # People on pages come before a file.
    os.nice(5)


if __name__ == "__main__":
    main()
