"""What a file holds, how it is read, and what is wrong with it.

Plain values of the standard library: the process that reads files loads nothing else.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from nexus.errors import BadInput, Conflict, NexusError, NotFound, Unavailable

FileKind = Literal["csv", "xlsx", "parquet"]

MOST_COLUMNS = 1_600
"""Postgres's own limit for a table."""
MOST_PROBLEMS = 100
"""Problems that are named; the rest is counted."""
SAMPLE_ROWS = 50
SAMPLE_CHARACTERS = 300
"""Of a cell in the preview."""
LONGEST_CELL = 16 * 1024 * 1024
"""Characters of one cell, and of one line of a CSV."""


class UnreadableFile(BadInput):
    """The file is not what it says, or holds what no table can. The sentence says where and what to do."""

    message = "This file cannot be read as CSV, XLSX or Parquet. Save it again in one of these, and upload that."


class UploadNotFound(NotFound):
    message = "This upload is no longer there; files that wait are thrown away after a day. Upload it again."


class TooLarge(NexusError):
    message = "This file is larger than may be brought in."
    status = 413


class TooManyUploads(Conflict):
    message = "Five of your files wait already. Bring one of them in, or throw one away, and upload again."


class UploadBroken(BadInput):
    message = "The upload did not arrive whole. Try it again."


class TooManyImports(Unavailable):
    message = "Other files are being read right now. Try again in a minute; yours is kept."


class WrongTable(BadInput):
    """A name or type of the new table does not do."""


@dataclass(frozen=True)
class Layout:
    """How a file is read. Of a CSV everything applies, of the others what their format leaves open."""

    kind: FileKind
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    decimal: str = "."
    dates: str = "dmy"
    """How `3/4/2024` is meant: `dmy` or `mdy`. Dates that begin with the year need no choice."""
    sheet: str = ""
    nulls: tuple[str, ...] = ()
    """Words that mean empty in columns that are not text."""


@dataclass(frozen=True)
class FileColumn:
    """A column as found: its head, and the name and type that are proposed because every row fits them."""

    head: str
    name: str
    type: str


@dataclass(frozen=True)
class Problem:
    """`row` counts as a spreadsheet does, with the head as row 1 where there is one; `column` is a head, empty for the whole row."""

    row: int
    column: str
    why: str

    @property
    def sentence(self) -> str:
        where = f"Row {self.row:,}, column `{self.column.replace('`', '')}`" if self.column else f"Row {self.row:,}"
        return f"{where}: {self.why}."


@dataclass(frozen=True)
class FileLook:
    """What a whole pass over a file found. `sample` holds the first rows as texts, long cells cut; None is an empty cell."""

    layout: Layout
    columns: tuple[FileColumn, ...]
    rows: int
    sample: tuple[tuple[str | None, ...], ...]
    sheets: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    problem_count: int = 0
    either_dates: bool = False
    """Some column's dates read both ways, so the choice between d/m/y and m/d/y is the person's."""


@dataclass(frozen=True)
class Outcome:
    """`problem_count` of 0 means that the table is there, with `rows` rows."""

    rows: int = 0
    problems: tuple[Problem, ...] = ()
    problem_count: int = 0
    elapsed_ms: float = 0.0


@dataclass(frozen=True)
class Progress:
    """How far the reading is: rows seen, and the share of the file from 0 to 1."""

    rows: int
    share: float


@dataclass
class Problems:
    """Problems on the way: the first are kept, all are counted."""

    first: list[Problem] = field(default_factory=list)
    count: int = 0

    def add(self, row: int, column: str, why: str) -> None:
        self.count += 1
        if len(self.first) < MOST_PROBLEMS:
            self.first.append(Problem(row, column[:80], why))


def problems_of(raw: list[dict[str, Any]]) -> tuple[Problem, ...]:
    return tuple(Problem(**one) for one in raw)
