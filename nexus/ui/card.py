"""The small live chart on a favourite's card: what its dashboard shows first, with its filters at their defaults."""

from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards import service as dashboards
from nexus.dashboards import showing
from nexus.dashboards.metric import metric
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import ChartPanel, MetricPanel
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.ui import charts, metrics, redrawing, url
from nexus.ui.board import Board
from nexus.ui.page import errors_shown

HEIGHT, WIDTH = 132, 320


def draw_card(user: User, name: str) -> None:
    """Its place now, and the chart after the page: no card waits for another."""
    st.fragment(_draw, parallel=True, key=f"card-{name}")(user, name)


def _draw(user: User, name: str) -> None:
    slot = st.skeleton(height=HEIGHT)
    with errors_shown(where="card", user=user):
        try:
            with transaction() as session:
                opened = dashboards.open_dashboard(session, reader=user, name=name, visit=False)
            _draw_panel(slot, user, opened)
        except NexusError as error:
            slot.html(f'<p class="nexus-waiting">{metrics.words(error.message)}</p>')


def _draw_panel(place: Any, user: User, opened: OpenDashboard) -> None:
    """The first chart, or else the first figure, among the panels that the reader may see."""
    panels = [panel for panel in opened.dashboard.panels if isinstance(panel, ChartPanel | MetricPanel) and panel.view in opened.views]
    panel = next((one for one in panels if isinstance(one, ChartPanel)), panels[0] if panels else None)
    if panel is None:
        place.html('<p class="nexus-waiting">Texts and tables only.</p>')
        return
    board = Board(opened=opened, user=user, values={one.name: url.default(one) for one in opened.dashboard.filters})
    table = redrawing.answer(board, board.answer(panel), place)
    view = opened.view(panel.view).view
    if isinstance(panel, MetricPanel):
        place.html(metrics.large(metric(panel, table, view.formats)))
    elif chart := panel.chart or view.chart:
        label = panel.title or view.title
        charts.draw_chart(place, chart, table, formats=view.formats, height=HEIGHT, label=label, width=WIDTH, beside=showing.beside(panel))
