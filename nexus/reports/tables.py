"""A table's rows as markup, in as many parts as its columns need."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from nexus.reports.layout import Columns, Layout, fit
from nexus.views import colours
from nexus.views.highlight import RULE, Mark

if TYPE_CHECKING:
    from nexus.reports.document import Grid

MOST_CHARACTERS = 2_000
"""Of one cell; what is longer is cut and says so."""


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
    longest = [text[:MOST_CHARACTERS] for text in longest]
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


def body(panel: "Grid", positions: tuple[int, ...], start: int, stop: int) -> Markup:
    """`<tr>` elements. Escaped a row at a time: a template loop over 100,000 cells takes seconds."""
    lines = []
    strong = len(panel.heads) - panel.strong_columns
    plain = (
        ["<td>"] * len(panel.heads)
        if not panel.strong_columns
        else ["<td>" if at < strong else "<td class=total>" for at in range(len(panel.heads))]
    )
    marked = panel.marks[start:stop] if panel.marks else None
    for number, row in enumerate(panel.rows[start:stop]):
        marks = marked[number] if marked else None
        opens = plain if marks is None else [_opening(mark) or plain[at] for at, mark in enumerate(marks)]
        lines.append(_line(row, positions, opens, total=start + number == panel.strong_row))
    if panel.totals and stop == len(panel.rows):
        lines.append(_line(panel.totals, positions, plain, total=True))
    return Markup("".join(lines))  # noqa: S704 - every cell went through escape


def _line(row: Sequence[str], positions: tuple[int, ...], opens: Sequence[str], *, total: bool) -> str:
    texts = str(escape("\x00".join(_cell(row[at]) for at in positions))).split("\x00")
    line = "".join(f"{opens[at]}{text}" for at, text in zip(positions, texts, strict=True))
    return f"<tr class=total>{line}" if total else f"<tr>{line}"


def _opening(mark: Mark | None) -> str:
    """A coloured cell's start. A rule is told by bold figures and a sign as well, for paper without colour."""
    if mark is None:
        return ""
    tone, strength = mark
    colour = f' style="background: {colours.behind(tone, strength)}"'
    return f"<td{colour} class=rule><i>{colours.SIGNS[tone]}</i> " if strength == RULE else f"<td{colour}>"


def _cell(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        text = f"{text[:MOST_CHARACTERS]} … (cut, {len(text):,} characters)"
    return text.replace("\x00", "\ufffd")
