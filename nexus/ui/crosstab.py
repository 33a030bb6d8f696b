"""Pivot tables and coloured cells on screen, as HTML tables: a screen reader reads them cell by cell."""

import html

from nexus.views import colours
from nexus.views.charts import Cell, Crosstab
from nexus.views.highlight import RULE, Mark


def markup(table: Crosstab, *, label: str, height: int) -> str:
    """The table in a box of at most `height` pixels that scrolls; heads stay in sight."""
    note = f'<p class="nexus-waiting">{html.escape(table.note)}</p>' if table.note else ""
    return boxed(f"{_head(table)}<tbody>{''.join(_rows(table))}</tbody>", label=label, height=height - 30 * bool(note)) + note


def boxed(inside: str, *, label: str, height: int) -> str:
    """A table that can be scrolled by keyboard."""
    name = html.escape(label)
    return (
        f'<div class="nexus-cells" role="region" aria-label="{name}" tabindex="0" style="max-height: {height}px">'
        f'<table aria-label="{name}">{inside}</table></div>'
    )


def marked(mark: Mark | None) -> tuple[str, str]:
    """The attributes of a cell for its mark, and the sign that says it without colour."""
    if mark is None:
        return "", ""
    tone, strength = mark
    style = f' style="background: {colours.behind(tone, strength)}"'
    return (f'{style} class="nexus-rule"', f'<span aria-hidden="true">{colours.SIGNS[tone]}</span> ') if strength == RULE else (style, "")


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
    return f"<td{' class=nexus-total' if cell.total else look}>{sign}{html.escape(cell.text)}</td>"
