"""A view's page: its parameters as filters, its rows as table, chart and statistics, and where they come from."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources.spec import Query, QueryStopped, Table
from nexus.ui import charts, filters, grid_address, tables, url, view_filters, waiting
from nexus.ui.choices import options_of
from nexus.ui.forms import sentence
from nexus.ui.keeping import draw_foot
from nexus.ui.panels import provenance
from nexus.ui.view_head import CHART, FRESH, STATISTICS, draw_head
from nexus.ui.view_statistics import draw_statistics_tab
from nexus.ui.view_table import draw_table_tab
from nexus.views import behind
from nexus.views import service as views
from nexus.views.charts.propose import propose
from nexus.views.excerpt import WHERE_IT_LIES, Excerpt, query_of_excerpt
from nexus.views.page import Page, WrongOrder
from nexus.views.reading import reading_of
from nexus.views.service import OpenView

STYLE = Path(__file__).parent / "static" / "view.css"
HEIGHT = 560


def draw_view(user: User, opened: OpenView) -> None:
    st.html(STYLE)
    if said := url.text(behind.KEY):
        opened = behind.asked_for(opened, reader=user, said=said)
    view = opened.view
    values, _ = url.read(view.parameters)
    with transaction() as session:
        origins = views.find_origins(session, reader=user, opened=opened)
    shown = draw_head(user, opened, values)
    if said:
        _draw_way_back()
    values = filters.draw_filters(
        view.parameters,
        scope=view.name,
        options=lambda parameter: options_of(user, parameter, origins, beside=view.parameters, values=values),
        changed=lambda _values, _also: None,
    )
    body = st.container(key="view-body")
    foot = draw_foot(user, opened, values)
    with body:
        match shown:
            case _ if shown == CHART:
                _draw_chart_tab(user, opened, values, foot)
            case _ if shown == STATISTICS:
                draw_statistics_tab(user, opened, values, foot)
            case _:
                draw_table_tab(user, opened, values, foot)


def _draw_way_back() -> None:
    """From the rows behind the figures to the figures."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="behind"):
        st.caption("These are the rows that the figures of the view are made of.", width="content")
        changes = dict.fromkeys((behind.KEY, "g.where", "g.order", "g.hide", "g.row", *WHERE_IT_LIES))
        st.button("Show the figures", icon=":material/functions:", key="behind-off", type="tertiary", on_click=url.go, kwargs=changes)


def _draw_chart_tab(user: User, opened: OpenView, values: Mapping[str, Any], said: Any) -> None:
    """Of the rows that the grid's filters leave, in its order."""
    address = grid_address.read()
    for problem in address.problems:
        st.warning(sentence(problem), icon=":material/link_off:")
    chips, slot = st.container(gap="small"), st.skeleton(height=HEIGHT)
    fresh = bool(st.session_state.get(FRESH))
    try:
        reading = reading_of(opened.view, opened.source, reader=user, values=values, fresh=fresh)
        with chips:
            view_filters.draw_filters(user, reading, replace(address, hidden=()))
        asked = _asked_of_chart(user, opened, values, address.page)
        if waiting.cancelled("chart"):
            raise QueryStopped()
        wait = waiting.patience(slot, key="chart")
        table = views.ask(opened, reader=user, values=values, fresh=fresh, asked=asked, cancelled=wait)
        draw_rows(slot, opened, table, chart=True)
    except QueryStopped as error:
        slot.info(sentence(error.message), icon=":material/stop_circle:")
        return
    except NexusError as error:
        slot.error(sentence(error.message), icon=":material/error:")
        return
    said.html(f'<span class="nexus-foot">{provenance(table)}</span>', width="content")


def _asked_of_chart(user: User, opened: OpenView, values: Mapping[str, Any], page: Page) -> Query | None:
    """What is asked instead of the view itself; none where the address narrows nothing. An order that cannot be is left out."""

    def asked(**changes: Any) -> Query | None:
        excerpt = Excerpt(Page(where=page.where, **changes))
        return None if excerpt.whole else query_of_excerpt(opened, reader=user, values=values, excerpt=excerpt)

    try:
        return asked(order=page.order)
    except WrongOrder:
        return asked()


def draw_rows(slot: Any, opened: OpenView, table: Table, *, chart: bool, height: int = HEIGHT) -> None:
    """The rows on `slot`, as the view's chart, or the one that fits them, or as a table."""
    view = opened.view
    if not table.rows:
        slot.info("No rows. Widen the filters, or clear them.")
        return
    drawn = (view.chart or propose(table)) if chart else None
    if drawn:
        charts.draw_chart(slot, drawn, table, formats=view.formats, height=height, label=view.title)
        return
    if chart:
        slot.info("These rows have no figures to draw. Edit the view to choose a chart.")
        return
    # As high as its rows, so that a short result leaves no empty grid.
    tables.draw_table(slot, table, formats=view.formats, height=min(height, tables.height_of(table)), label=view.title)
