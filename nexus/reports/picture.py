"""One panel of a dashboard as a picture: drawn by the print browser from the same document as its PDF, and by the same rights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from html import escape
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import picks as picked
from nexus.dashboards import service as dashboards
from nexus.dashboards.picks import Pick
from nexus.db.session import transaction
from nexus.errors import NotFound
from nexus.reports import band, browser, document, orders, theme
from nexus.reports import letterhead as letterheads
from nexus.reports.blocks import dashboard_blocks
from nexus.reports.browser import PrintBrowser
from nexus.reports.circumstances import Circumstances
from nexus.reports.document import Document, Grid, placed
from nexus.reports.layout import GRID, Layout
from nexus.reports.letterhead import Letterhead
from nexus.reports.orders import Given
from nexus.reports.rendering import Drawer, Piece, render_piece
from nexus.views import values as typed

ROWS = 60
"""Of a table: a picture is looked at, and not scrolled."""
SHARP = 2
"""Pixels of the picture for each of the page."""
EDGE = 12
LOOK = f"<style>.band {{ display: flex; gap: 16px; justify-content: space-between; align-items: center; color: {theme.FAINT}; font-size: 10px; margin-bottom: 10px; }} .band img {{ max-width: 220px; max-height: 34px; }} .band span {{ unicode-bidi: plaintext; margin-left: auto; }} .band.foot {{ margin: 10px 0 0; }} .band.foot span {{ margin: 0; }} html {{ zoom: {SHARP}; background: #fff; }} main {{ padding: {EDGE}px; }} .row {{ margin: 0 !important; }}</style></head>"


class PanelGone(NotFound):
    message = "This panel no longer exists, or you may not see its dashboard. Open the dashboard again."


def panel_png(
    *,
    user: User,
    name: str,
    panel: str,
    values: Mapping[str, Any],
    picks: Sequence[Pick] = (),
    zone: tzinfo = UTC,
    printer: PrintBrowser | None = None,
) -> bytes:
    """The panel with these values of its dashboard's filters, as a PNG. One that cannot be read says so in the picture.

    Raises PanelGone, NotFound, BadInput for a value that does not fit its filter, and what the print browser raises.
    """
    require(user, Permission.SEE)
    with transaction() as session:
        opened = dashboards.open_dashboard(session, reader=user, name=name, visit=False)
        common = letterheads.find(session, reader=user)
    spec, layout = opened.dashboard, Layout(queries=False)
    found = next((one for one in spec.panels if one.name == panel), None)
    if found is None:
        raise PanelGone()
    alone = spec.model_copy(update={"panels": (found.model_copy(update={"tab": None}),), "tabs": ()})
    how = Circumstances(user=user, layout=layout, zone=zone, printer=printer or browser.ours(), look=lambda *_: None)
    (block,) = dashboard_blocks(
        opened.model_copy(update={"dashboard": alone}),
        how,
        values=typed.check(spec.filters, values),
        picks=picks,
    )
    page = Document(
        title=spec.title,
        subject=spec.title,
        prepared_by="",
        prepared_at=datetime.now(zone),
        layout=layout,
        panels=(_looked_at(block.block),),
        letterhead=letterheads.of_print(common, spec.print, wanted=True),
    )
    draw = Drawer(page, how.printer.draw(document.specs(page)))
    html = render_piece(page, Piece(rows=[[draw.panel(at, width) for width, at in row] for row in placed(page)]))
    return how.printer.shoot(_framed(html, page.letterhead), width=round((layout.share(GRID) + 2 * EDGE) * SHARP))


def _framed(html: str, letterhead: Letterhead) -> str:
    """The page as the picture has it: its letterhead above and below the panel."""
    logo = f'<img alt="" src="{band.source(letterhead)}">' if letterhead.logo else ""
    head = f'<div class="band">{logo}<span>{escape(letterhead.header)}</span></div>' if letterhead.headed else ""
    foot = f'<div class="band foot"><span>{escape(letterhead.footer)}</span></div>' if letterhead.footer else ""
    return html.replace("</head>", LOOK, 1).replace("<main>", f"<main>{head}", 1).replace("</main>", f"{foot}</main>", 1)


def ordered(*, user: User, name: str, panel: str, given: Given) -> bytes:
    """The panel as an address asks for it. Raises as `panel_png`."""
    require(user, Permission.SEE)
    with transaction() as session:
        filters = dashboards.open_dashboard(session, reader=user, name=name, visit=False).dashboard.filters
    picks = picked.read((given.get(picked.KEY) or [""])[-1])
    zone = orders.paper(given, filters)["zone"]
    return panel_png(user=user, name=name, panel=panel, values=typed.parse(filters, given), picks=picks, zone=zone)


def _looked_at(block: document.Panel) -> document.Panel:
    """A table's first rows, which say how many there are."""
    if not isinstance(block, Grid) or len(block.rows) <= ROWS:
        return block
    note = f"{block.note} The first {ROWS} of {len(block.rows):,} rows.".strip()
    return replace(block, rows=block.rows[:ROWS], marks=block.marks[:ROWS], strong_row=None, note=note)
