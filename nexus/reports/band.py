"""What stands in the margins of every page: the letterhead, the title, and which page it is of how many."""

import base64
import html
import unicodedata

from nexus.reports import theme
from nexus.reports.layout import MARGINS, MILLIMETRE, PAPERS, Layout
from nexus.reports.letterhead import Letterhead

LOGO = (60.0, 9.0)
"""Millimetres that a logo takes at most."""
HEAD = 9.0
FOOT = 8.0
"""Millimetres that a head, and a footer of up to three lines, add to the margins of the page."""
GAP = 3.5
"""Millimetres between the head and what is printed."""
TITLE = 90
"""Characters of the title at the foot."""


def margins(layout: Layout, letterhead: Letterhead) -> tuple[float, float, float]:
    """Top, left and right, bottom, in millimetres."""
    top, side, bottom = MARGINS[layout.margins]
    return top + HEAD * letterhead.headed, side, bottom + FOOT * bool(letterhead.footer)


def lower(layout: Layout, letterhead: Letterhead) -> float:
    """So many CSS pixels less of a page's height are printed on."""
    return (margins(layout, letterhead)[0] - MARGINS[layout.margins][0] + FOOT * bool(letterhead.footer)) * MILLIMETRE


def direction(text: str) -> str:
    """As its first letter runs; margin boxes cannot find out."""
    strong = next((kind for kind in map(unicodedata.bidirectional, text) if kind in ("L", "R", "AL")), "L")
    return "ltr" if strong == "L" else "rtl"


def source(letterhead: Letterhead) -> str:
    """The address of the logo, which is the logo."""
    return f"data:image/png;base64,{base64.b64encode(letterhead.logo).decode()}"


def sheet_style(layout: Layout) -> str:
    """The style of `sheet`s."""
    paper = layout.paper
    return (
        f"@page {{ size: {paper} portrait; margin: 0 }} @page wide {{ size: {paper} landscape; margin: 0 }} .wide {{ page: wide }} body {{ margin: 0 }} "
        f".sheet {{ position: relative; overflow: hidden; break-after: page; font: 400 7.5pt {theme.FONT}; color: {theme.FAINT}; "
        "font-variant-numeric: tabular-nums; text-rendering: geometricPrecision } .sheet:last-child { break-after: auto } "
        ".sheet > * { position: absolute; line-height: normal } span span { display: block; unicode-bidi: plaintext } "
        f"img {{ max-width: {LOGO[0]}mm; max-height: {LOGO[1]}mm }} .head {{ display: flex; align-items: center; justify-content: flex-end }} "
        f".left span {{ text-align: left }} .head span {{ text-align: right }} .left {{ right: 30mm; height: {4 + FOOT}mm; overflow: hidden }}"
    )


def sheet(title: str, number: int, total: int, *, layout: Layout, letterhead: Letterhead, wide: bool) -> str:
    """A page with nothing but its margins, where the margin boxes of a whole document have it. A cover has no number."""
    width, height = sorted(PAPERS[layout.paper], reverse=wide)
    top, side, bottom = (length * MILLIMETRE for length in margins(layout, letterhead))
    foot = height - bottom + 4 * MILLIMETRE
    lines = [title[:TITLE]] if number > 1 or not layout.cover else []
    left = "".join(f"<span>{html.escape(line)}</span>" for line in [*lines, letterhead.footer] if line)
    parts = [f'<span class=left style="top:{foot:.1f}px;left:{side:.1f}px">{left}</span>' if left else ""]
    if lines:
        parts.append(f'<span style="top:{foot:.1f}px;right:{side:.1f}px">Page {number} of {total}</span>')
    if letterhead.headed:
        at = f"top:{top - (HEAD + GAP) * MILLIMETRE:.1f}px"
        if letterhead.logo:
            parts.append(f'<img alt="" src="{source(letterhead)}" style="{at};left:{side:.1f}px">')
        beside = side + (LOGO[0] * MILLIMETRE if letterhead.logo else 0)
        parts.append(
            f'<span class=head style="{at};height:{HEAD}mm;right:{side:.1f}px;left:{beside:.1f}px"><span>{html.escape(letterhead.header)}</span></span>'
        )
    return f'<div class="sheet{" wide" if wide else ""}" style="width:{width:.1f}px;height:{height - 1:.1f}px">{"".join(parts)}</div>'
