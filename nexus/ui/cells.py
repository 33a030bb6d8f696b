"""Tables on screen as HTML: pivot tables, and rows with colours. A screen reader reads them cell by cell.

Streamlit's own grid takes colours from pandas alone, which costs 78 MB and a second walk over every cell.
"""

import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

import streamlit as st

from nexus.sources.spec import Column, Table
from nexus.ui.components import component
from nexus.views import colours
from nexus.views import format as written
from nexus.views.appearance import Format
from nexus.views.charts import Cell, Crosstab
from nexus.views.highlight import RULE, Mark, Tones

MOST_ROWS = 500
MOST_CHOSEN = 100
LONGEST = 400
"""Characters of one cell; the rest is in the download."""
_address = re.compile(r"https?://[^\s<>\"']+", re.IGNORECASE)


@dataclass(frozen=True)
class Picked:
    """What a click does: `act` hears the places that are chosen now, as row and column, a head's other place being -1. `chosen` hold already."""

    key: str
    act: Callable[[list[tuple[int, int]]], None]
    chosen: Sequence[tuple[int, int]] = ()
    heads: bool = False
    """Heads can be clicked too, and several cells can be chosen."""


_mount = component("cells", isolate_styles=False)


def draw(target: Any, shown: str, picked: Picked | None) -> None:
    """Draw what `crosstab` or `rows` made on `target`; with `picked` its cells can be clicked, and chosen by keyboard."""
    if picked is None:
        target.html(shown)
        return

    def acted() -> None:
        said = (st.session_state.get(picked.key) or {}).get("pick")
        found = said.get("cells") if isinstance(said, Mapping) else None
        # A browser can say anything.
        places = [tuple(one) for one in found if isinstance(one, list)] if isinstance(found, list) else []
        picked.act([one for one in places[:MOST_CHOSEN] if len(one) == 2 and all(type(at) is int for at in one)])

    with target.container():
        data = {"html": shown, "chosen": [list(place) for place in picked.chosen], "heads": picked.heads}
        _mount(key=picked.key, data=data, on_pick_change=acted)


def crosstab(table: Crosstab, *, label: str, height: int) -> str:
    """The table in a box of at most `height` pixels that scrolls; heads stay in sight."""
    note = f'<p class="nexus-waiting">{html.escape(table.note)}</p>' if table.note else ""
    return boxed(f"{_head(table)}<tbody>{''.join(_rows(table))}</tbody>", label=label, height=height - 30 * bool(note)) + note


def rows(
    table: Table, marks: Tones, *, formats: Mapping[str, Format], positions: Sequence[int], label: str, height: int, zone: tzinfo = UTC
) -> str:
    """The first rows of `table` with their colours, and a sentence where they are not all."""
    shapes = [
        (at, table.columns[at], written.alike((row[at] for row in table.rows), formats.get(table.columns[at].name))) for at in positions
    ]
    heads = "".join(
        f'<th scope="col"{aligned(written.align(column, style))}>{html.escape(written.label(column, style))}</th>'
        for _, column, style in shapes
    )
    lines = []
    for row, found in zip(table.rows[:MOST_ROWS], marks, strict=False):
        lines.append("".join(cell(row[at], found[at] if found else None, style, column, zone=zone) for at, column, style in shapes))
    cut = len(table.rows) > MOST_ROWS
    note = f'<p class="nexus-waiting">The first {MOST_ROWS} of {len(table.rows):,} rows; the file has them all.</p>' if cut else ""
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return boxed(f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>", label=label, height=height - 30 * cut) + note


def cell(value: Any, mark: Mark | None, style: Format | None, column: Column, *, zone: tzinfo = UTC) -> str:
    """One `<td>`, its value written as everywhere."""
    text = written.text(value, style, column, zone=zone)
    shown = html.escape(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
    if style and style.style == "link" and _address.fullmatch(text):
        shown = f'<a href="{html.escape(text)}" target="_blank" rel="noopener noreferrer">{shown}</a>'
    if style and style.style == "progress" and (share := written.share(value, style)) is not None:
        shown = f'<span class="nexus-bar" aria-hidden="true"><i style="width: {share:.0%}"></i></span>{shown}'
    look, sign = marked(mark)
    classes = " ".join(
        filter(None, ("nexus-rule" if sign else "", {"left": "nexus-left", "center": "nexus-center"}.get(written.align(column, style), "")))
    )
    return f"<td{look}{f' class={chr(34)}{classes}{chr(34)}' if classes else ''}>{sign}{shown}</td>"


def aligned(align: str) -> str:
    return "" if align == "right" else f' class="nexus-{align}"'


def boxed(inside: str, *, label: str, height: int) -> str:
    """A table that can be scrolled by keyboard."""
    name = html.escape(label)
    return (
        f'<div class="nexus-cells" role="region" aria-label="{name}" tabindex="0" style="max-height: {height}px">'
        f'<table aria-label="{name}">{inside}</table></div>'
    )


def marked(mark: Mark | None) -> tuple[str, str]:
    """The look of a cell for its mark and, of a rule, the sign that says it without colour."""
    if mark is None:
        return "", ""
    tone, strength = mark
    style = f' style="background: {colours.behind(tone, strength)}"'
    return (style, f'<span aria-hidden="true">{colours.SIGNS[tone]}</span> ') if strength == RULE else (style, "")


def _head(table: Crosstab) -> str:
    groups = "".join(f'<th scope="colgroup" colspan="{span}">{html.escape(name)}</th>' for name, span in table.groups)
    heads = "".join(
        f'<th scope="col"{" class=nexus-left" if not at else ""}>{html.escape(head)}</th>' for at, head in enumerate(table.heads)
    )
    return f"<thead>{f'<tr><td></td>{groups}</tr>' if groups else ''}<tr>{heads}</tr></thead>"


def _rows(table: Crosstab) -> list[str]:
    last = len(table.rows) - 1
    return [
        f'<tr{" class=nexus-total" if table.totals_row and at == last else ""}><th scope="row">{html.escape(head)}</th>'
        + "".join(map(_cell, cells))
        + "</tr>"
        for at, (head, cells) in enumerate(table.rows)
    ]


def _cell(cell: Cell) -> str:
    look, sign = marked(cell.mark)
    of = "nexus-total" if cell.total else "nexus-rule" if sign else ""
    return f"<td{look}{f' class={of}' if of else ''}>{sign}{html.escape(cell.text)}</td>"
