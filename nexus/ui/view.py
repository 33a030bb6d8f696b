"""A view's page: its parameters as filters, its rows as table, chart and statistics, and where they come from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources.spec import Table
from nexus.ui import charts, filters, tables, url
from nexus.ui.forms import sentence
from nexus.ui.panels import STYLE as PANELS
from nexus.ui.panels import provenance
from nexus.ui.view_head import CHART, FRESH, STATISTICS, draw_head
from nexus.ui.view_statistics import draw_statistics_tab
from nexus.ui.view_table import draw_table_tab
from nexus.views import service as views
from nexus.views.charts.propose import propose
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.service import OpenView

STYLE = Path(__file__).parent / "static" / "view.css"
HEIGHT = 560


def draw_view(user: User, opened: OpenView) -> None:
    st.html(PANELS)
    st.html(STYLE)
    view = opened.view
    values, _ = url.read(view.parameters)
    shown = draw_head(user, opened, values)
    values = filters.draw_filters(
        view.parameters, scope=view.name, options=lambda parameter: _options(user, parameter), changed=lambda _values: None
    )
    match shown:
        case _ if shown == CHART:
            _draw_chart_tab(user, opened, values)
        case _ if shown == STATISTICS:
            draw_statistics_tab(user, opened, values)
        case _:
            draw_table_tab(user, opened, values)
    _more(user, opened, values)


def _draw_chart_tab(user: User, opened: OpenView, values: Mapping[str, Any]) -> None:
    slot = st.skeleton(height=HEIGHT)
    try:
        table = views.ask(opened, reader=user, values=values, fresh=bool(st.session_state.get(FRESH)))
        draw_rows(slot, opened, table, chart=True)
    except NexusError as error:
        slot.error(sentence(error.message), icon=":material/error:")
        return
    st.html(f'<div class="nexus-foot">{provenance(table)}</div>')


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


def _more(user: User, opened: OpenView, values: Mapping[str, Any]) -> None:
    with st.expander("Query", icon=":material/code:", key="view-more", on_change="rerun") as more:
        pass
    if not more.open:
        return
    with more:
        try:
            st.code(views.query_of(opened, reader=user, values=values).sql.strip(), language="sql", wrap_lines=True)
        except NexusError as error:
            st.error(sentence(error.message), icon=":material/error:")


def _options(user: User, parameter: Parameter) -> list[filters.Option]:
    if not isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
        return []
    try:
        origin = None
        if parameter.choices.view:
            with transaction() as session:
                origin = views.find_view(session, reader=user, name=parameter.choices.view)
        return views.read_choices(parameter, origin, reader=user)
    except NexusError as error:
        st.caption(f":material/error: {sentence(error.message)}")
        return []
