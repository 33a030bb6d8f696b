"""How a panel hangs together with the rest: which filters narrow it, and what a click on it does."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards import service as dashboards
from nexus.dashboards.check import FITS
from nexus.dashboards.service import OpenDashboard
from nexus.db import versions
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources.spec import Table
from nexus.ui.composing.draft import Given
from nexus.ui.composing.fields import Fields, put
from nexus.ui.forms import plain
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.parameter import Parameter

CLICKS = {"filter": "filters the other panels", "rows": "shows the rows behind it", "nothing": "does nothing"}
LEADS = {"": "nowhere else", "dashboard": "a dashboard", "view": "a view"}


def draw_links(fields: Fields, opened: OpenDashboard, user: User, table: Table | None) -> None:
    with st.expander("Filters and clicks", key=f"{fields.scope}-links"):
        found = opened.views.get(fields.target.get("view") or "")
        columns = [column.name for column in table.columns if column.name] if table else []
        if found is not None and opened.dashboard.filters:
            _draw_parameters(fields, found.view.parameters, opened.dashboard.filters)
            _draw_filtered(fields, found.view.parameters, opened.dashboard.filters, columns)
        if fields.target.get("drill") is None:
            fields.choice("click", "A click on a mark", CLICKS, default="filter")
        _draw_drill(fields, user, columns)


def _draw_parameters(fields: Fields, parameters: tuple[Parameter, ...], filters: tuple[Parameter, ...]) -> None:
    """Which filter fills each parameter of the view; one of the same name does by itself."""
    mapping: Given = fields.target.get("parameters") or {}
    for parameter in parameters:
        fitting = {one.name: typed.label(one) for one in filters if one.type in FITS[parameter.type]}
        own = Fields(fields.editing, mapping, f"{fields.scope}-parameter", inside=(fields.target, "parameters"))
        own.choice(
            parameter.name,
            f"“{plain(typed.label(parameter))}” of the view",
            fitting,
            empty="the filter of that name" if parameter.name in fitting else "no filter: its default",
        )


def _draw_filtered(fields: Fields, parameters: tuple[Parameter, ...], filters: tuple[Parameter, ...], columns: list[str]) -> None:
    """A filter that fills no parameter may narrow by a column of the result."""
    held: dict[str, str] = fields.target.get("filtered") or {}
    mapping = fields.target.get("parameters") or {}
    filling = {mapping.get(parameter.name, parameter.name) for parameter in parameters}
    for one in filters:
        if one.name in filling:
            continue
        at = f"{fields.scope}-filtered-{one.name}"
        st.session_state[at] = next((column for column, name in held.items() if name == one.name), None)
        st.selectbox(
            f"“{plain(typed.label(one))}” narrows by",
            list(dict.fromkeys([*columns, *held])),
            index=None,
            placeholder="no column: not narrowed",
            key=at,
            on_change=_filter_by,
            args=(fields, one.name, at),
        )


def _filter_by(fields: Fields, name: str, at: str) -> None:
    column = st.session_state.get(at)
    held = {of: filter_name for of, filter_name in (fields.target.get("filtered") or {}).items() if filter_name != name}
    put(fields.target, "filtered", {**held, **({column: name} if column else {})} or None)
    fields.editing.keep()
    fields.editing.redraw()


def _draw_drill(fields: Fields, user: User, columns: list[str]) -> None:
    drill: Given = fields.target.get("drill") or {}
    at = f"{fields.scope}-leads"
    st.session_state[at] = next((kind for kind in ("dashboard", "view") if kind in drill), "")
    st.selectbox("It opens", list(LEADS), format_func=LEADS.__getitem__, key=at, on_change=_lead, args=(fields, at))
    if not drill:
        return
    kind = "dashboard" if "dashboard" in drill else "view"
    with transaction() as session:
        listed = dashboards.list_dashboards(session, reader=user) if kind == "dashboard" else views.list_views(session, reader=user)
    own = Fields(fields.editing, drill, f"{fields.scope}-drill-{kind}")
    own.choice(kind, f"Which {kind}", {one.name: one.title for one in listed})
    if drill.get(kind):
        _draw_values(fields, drill, kind, user, columns)


def _lead(fields: Fields, at: str) -> None:
    kind = st.session_state.get(at)
    put(fields.target, "drill", {kind: ""} if kind else None)
    fields.editing.keep()
    fields.editing.redraw()


def _draw_values(fields: Fields, drill: Given, kind: str, user: User, columns: list[str]) -> None:
    """What is filled in there, from the row that was clicked."""
    name = str(drill[kind])
    try:
        with transaction() as session:
            if kind == "dashboard":
                kept = versions.load(session, reader=user, kind="dashboard", name=name)
                there = [str(one.get("name")) for one in kept.spec.get("filters") or ()]
            else:
                there = [one.name for one in views.find_view(session, reader=user, name=name).view.parameters]
    except NexusError:
        return
    mapping: Given = drill.get("values") or {}
    own = Fields(fields.editing, mapping, f"{fields.scope}-drill-{kind}-values", inside=(drill, "values"))
    for parameter in dict.fromkeys([*there, *mapping]):
        own.choice(parameter, f"“{parameter}” there is", {column: column for column in columns}, empty="as it is here")
