"""What a chart becomes: a Vega-Lite plot, a table of totals, one large figure, or a sentence."""

from dataclasses import dataclass, field
from typing import Any

from nexus.views.figure import Figure
from nexus.views.highlight import Mark

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


@dataclass(frozen=True, kw_only=True)
class Plot:
    """A Vega-Lite spec with its data inline, without `config`, width or height: those belong to screen and paper.

    `note` is a sentence where not everything is drawn; empty otherwise. `unwritten` are the notes on days that do not stand in it in full.
    """

    spec: dict[str, Any] = field(repr=False)
    note: str = ""
    unwritten: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Cell:
    """Of a pivot table; `mark` is its colour."""

    text: str
    total: bool = False
    mark: Mark | None = None


@dataclass(frozen=True, kw_only=True)
class Crosstab:
    """A pivot table: `heads` with the head of the rows first, then rows, each with its own head first.

    With several figures `groups` stand above `heads`: a name, and how many columns it spans.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    groups: tuple[tuple[str, int], ...] = ()
    totals_row: bool = False
    """The last row holds totals."""
    totals_columns: int = 0
    """So many columns at the end hold totals."""
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """Why nothing is drawn, and what to do."""

    words: str


Drawing = Plot | Crosstab | Figure | Sentence
