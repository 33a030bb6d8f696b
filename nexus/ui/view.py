"""A view's page: its parameters as filters, its rows as table and chart, where they come from, and the file."""

from typing import Any

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources.spec import Table
from nexus.ui import charts, filters, tables, url
from nexus.ui.forms import plain, sentence
from nexus.ui.panels import STYLE, provenance
from nexus.views import service as views
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.service import OpenView

TABLE, CHART = "Table", "Chart"
HEIGHT = 560


def draw_view(user: User, opened: OpenView) -> None:
    st.html(STYLE)
    view = opened.view
    values, _ = url.read(view.parameters)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="view-head"):
        st.title(plain(view.title), anchor=False, width="content")
        st.space("stretch")
        shown = TABLE
        if view.chart:
            shown = st.segmented_control(
                "Show", [TABLE, CHART], default=TABLE, key="show", bind="query-params", label_visibility="collapsed", required=True
            )
        st.button("Refresh", icon=":material/refresh:", key="view-fresh")
        st.link_button("Download CSV", url.link(f"/views/{view.name}.csv", view.parameters, values), icon=":material/download:")
        if user.may(Permission.BUILD):
            st.button("Edit", icon=":material/edit:", key="edit", on_click=url.go, kwargs={"edit": "1"})
    if view.description:
        st.caption(plain(view.description))
    values = filters.draw_filters(
        view.parameters, scope=view.name, options=lambda parameter: _options(user, parameter), changed=lambda _values: None
    )
    slot = st.skeleton(height=HEIGHT)
    try:
        table = views.ask(opened, reader=user, values=values, fresh=bool(st.session_state.get("view-fresh")))
        draw_rows(slot, opened, table, chart=shown == CHART)
    except NexusError as error:
        slot.error(sentence(error.message), icon=":material/error:")
        return
    st.html(f'<div class="nexus-foot">{provenance(table)}</div>')
    _more(user, opened, table)


def draw_rows(slot: Any, opened: OpenView, table: Table, *, chart: bool, height: int = HEIGHT) -> None:
    """The rows on `slot`, as the view's chart or as a table."""
    view = opened.view
    if chart and view.chart:
        charts.draw_chart(slot, view.chart, table, formats=view.formats, height=height, label=view.title)
        return
    if not table.rows:
        slot.info("No rows. Widen the filters, or clear them.")
        return
    # As high as its rows, so that a short result leaves no empty grid.
    tables.draw_table(slot, table, formats=view.formats, height=min(height, tables.height_of(table)), label=view.title)


def _more(user: User, opened: OpenView, table: Table) -> None:
    with st.expander("Query and where this view is used", key="view-more", on_change="rerun") as more:
        pass
    if not more.open:
        return
    with more:
        st.code(table.query.sql.strip(), language="sql", wrap_lines=True)
        with transaction() as session:
            uses = views.used_by(session, reader=user, name=opened.view.name)
        for use in uses:
            if use.kind in ("dashboard", "prompt"):
                st.page_link(f"pages/{use.kind}.py", label=plain(use.title), query_params={"name": use.name})
        if not uses:
            st.caption("No dashboard or prompt uses this view.")


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
