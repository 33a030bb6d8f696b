"""One panel of a dashboard as a picture: drawn by the print browser from the same document as its PDF, and by the same rights."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import picks as picked
from nexus.dashboards import service as dashboards
from nexus.dashboards.picks import Pick
from nexus.db.session import transaction
from nexus.errors import NotFound
from nexus.reports import browser, document, orders, service
from nexus.reports.browser import PrintBrowser
from nexus.reports.document import Document, Drawer, Grid, Piece, placed, render_piece
from nexus.reports.layout import GRID, Layout
from nexus.reports.orders import Given
from nexus.views import values as typed

ROWS = 60
"""Of a table: a picture is looked at, and not scrolled."""
SHARP = 2
"""Pixels of the picture for each of the page."""
EDGE = 12
LOOK = f"<style>html {{ zoom: {SHARP}; background: #fff; }} main {{ padding: {EDGE}px; }} .row {{ margin: 0 !important; }}</style></head>"


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
    spec, layout = opened.dashboard, Layout(queries=False)
    found = next((one for one in spec.panels if one.name == panel), None)
    if found is None:
        raise PanelGone()
    alone = spec.model_copy(update={"panels": (found.model_copy(update={"tab": None}),), "tabs": ()})
    (block,) = service.panel_blocks(
        opened.model_copy(update={"dashboard": alone}),
        user=user,
        values=typed.check(spec.filters, values),
        picks=picks,
        zone=zone,
        layout=layout,
        cancelled=lambda: False,
        whole=False,
    )
    page = Document(
        title=spec.title,
        subject=spec.title,
        prepared_by="",
        prepared_at=datetime.now(zone),
        layout=layout,
        panels=(_looked_at(block.block),),
    )
    printer = printer or browser.ours()
    draw = Drawer(page, printer.draw(document.specs(page)))
    html = render_piece(page, Piece(rows=[[draw.panel(at, width) for width, at in row] for row in placed(page)]))
    return printer.shoot(html.replace("</head>", LOOK, 1), width=round((layout.share(GRID) + 2 * EDGE) * SHARP))


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
