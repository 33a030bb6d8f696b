"""A table's rows as markup, in as many parts as its columns need."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from nexus.reports.layout import Columns, Layout, fit
from nexus.views import colours
from nexus.views.highlight import RULE, Mark
from nexus.views.printed import em

if TYPE_CHECKING:
    from nexus.reports.document import Grid

MOST_CHARACTERS = 32_767
"""Of one cell, as in a spreadsheet; what is longer is cut and says so."""
FEW_CHARACTERS = 2_000
"""Of one cell, in a table whose longest texts could add up to more than `MOST_TEXT`."""
MOST_TEXT = 4_000_000
TALL = 12
"""A row of more lines may break between pages. What breaks is read less well, but a page is not left empty before it."""


@dataclass(frozen=True)
class Stretch:
    """Some rows of one part of a table."""

    part: int
    start: int
    stop: int


def parts(panel: "Grid", beside: float | None, layout: Layout) -> list[Columns]:
    """How the columns stand on paper; in `beside` pixels where the table stands beside another panel."""
    if not panel.heads:
        return []
    longest = panel.longest or longest_of(panel.rows, len(panel.heads))
    if panel.totals:
        longest = [max(pair, key=len) for pair in zip(longest, panel.totals, strict=True)]
    longest = [text[:FEW_CHARACTERS] for text in longest]
    if panel.marks or panel.totals:
        # The sign before a figure, and its bold digits, take room as well.
        longest = [f"{text}00" for text in longest]
    found = fit(panel.heads, longest, panel.numeric, layout)
    if beside is None or found[0].turned:
        return found
    first = found[0]
    share = min(1.0, beside / sum(first.widths))
    return [Columns(positions=first.positions, widths=tuple(width * share for width in first.widths), size=first.size)]


def longest_of(rows: Sequence[Sequence[str]], columns: int) -> list[str]:
    """The longest text of each column."""
    return [max((row[at] for row in rows), key=len, default="") for at in range(columns)]


def body(panel: "Grid", columns: Columns, start: int, stop: int) -> Markup:
    """`<tr>` elements. Escaped a row at a time: a template loop over 100,000 cells takes seconds."""
    lines = []
    strong = len(panel.heads) - panel.strong_columns
    plain = (
        ["<td>"] * len(panel.heads)
        if not panel.strong_columns
        else ["<td>" if at < strong else "<td class=total>" for at in range(len(panel.heads))]
    )
    marked = panel.marks[start:stop] if panel.marks else None
    most = _most_characters(panel)
    for number, row in enumerate(panel.rows[start:stop]):
        marks = marked[number] if marked else None
        opens = plain if marks is None else [_opening(mark) or plain[at] for at, mark in enumerate(marks)]
        line = _line(row, columns.positions, opens, most)
        lines.append(f"{_row(row, columns, total=start + number == panel.strong_row)}{line}")
    if panel.totals and stop == len(panel.rows):
        lines.append(f"<tr class=total>{_line(panel.totals, columns.positions, plain, most)}")
    return Markup("".join(lines))  # noqa: S704 - every cell went through escape


def _most_characters(panel: "Grid") -> int:
    """Of each cell, so that the whole table stays what a browser lays out."""
    longest = sum(map(len, panel.longest or longest_of(panel.rows, len(panel.heads))))
    return MOST_CHARACTERS if len(panel.rows) * min(longest, MOST_CHARACTERS) <= MOST_TEXT else FEW_CHARACTERS


def _row(row: Sequence[str], columns: Columns, *, total: bool) -> str:
    if total:
        return "<tr class=total>"
    return (
        "<tr class=tall>"
        if any(_is_tall(row[at], width / columns.size) for at, width in zip(columns.positions, columns.widths, strict=True))
        else "<tr>"
    )


def _is_tall(text: str, width: float) -> bool:
    """Whether a text takes more than `TALL` lines in a column so many em wide."""
    # Cheap first: almost no cell is that long.
    return (len(text) > TALL * width or "\n" in text) and text.count("\n") + em(text) / width > TALL


def _line(row: Sequence[str], positions: tuple[int, ...], opens: Sequence[str], most: int) -> str:
    texts = str(escape("\x00".join(_cell(row[at], most) for at in positions))).split("\x00")
    return "".join(f"{opens[at]}{text}" for at, text in zip(positions, texts, strict=True))


def _opening(mark: Mark | None) -> str:
    """A coloured cell's start. A rule is told by bold figures and a sign as well, for paper without colour."""
    if mark is None:
        return ""
    tone, strength = mark
    colour = f' style="background: {colours.behind(tone, strength)}"'
    return f"<td{colour} class=rule><i>{colours.SIGNS[tone]}</i> " if strength == RULE else f"<td{colour}>"


def _cell(text: str, most: int) -> str:
    if len(text) > most:
        text = f"{text[:most]} … (cut, {len(text):,} characters)"
    return text.replace("\x00", "\ufffd")
