"""The filters of a dashboard: those that its panels' views ask for are a click away, others are made by type."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards import narrowing
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import DataPanel
from nexus.db import versions
from nexus.db.session import transaction
from nexus.ui.composing.draft import Composing, Given
from nexus.ui.composing.fields import change, put
from nexus.ui.forms import plain, slug
from nexus.ui.parameter_form import TYPES, by_label, draw_parameters
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.parameter import TAKEN, Parameter

MOST_OFFERED = 8


def draw_filter_form(editing: Composing, opened: OpenDashboard, user: User) -> None:
    filters: list[Given] = editing.content.get("filters") or []
    if not filters:
        st.caption("Filters stand above the panels and narrow all that know them.")
    _draw_offered(editing, opened)
    _draw_new(editing)
    if not filters:
        return
    with transaction() as session:
        listed = [one.name for one in views.list_views(session, reader=user)]
    found = [name for one in filters for name in _names(one)]
    made = draw_parameters(f"{editing.scope}-filters", filters, found=found, views=listed, written=by_label)
    for at, one in enumerate(filters):
        label = f"Remove the filter {plain(str(one.get('label') or one['name']))}"
        st.button(
            label,
            icon=":material/delete:",
            key=f"{editing.scope}-filter-off-{one['name']}",
            on_click=change,
            args=(editing, _remove, editing, at),
        )
    if made != filters:
        editing.content["filters"] = made
        editing.keep()
        editing.redraw()


def _names(one: Given) -> list[str]:
    name = str(one["name"])
    return [f"{name}_from", f"{name}_to"] if one.get("type") == "date_range" else [name]


def _draw_offered(editing: Composing, opened: OpenDashboard) -> None:
    """What the views of the panels ask, and no filter gives them yet."""
    offered = asked_for(opened)
    if not offered:
        return
    st.markdown("**What the panels can be asked**")
    with st.container(horizontal=True, gap="xsmall"):
        for parameter in offered[:MOST_OFFERED]:
            label = f":material/add: {plain(typed.label(parameter))}"
            key = f"{editing.scope}-filter-of-{parameter.name}"
            st.button(label, key=key, on_click=change, args=(editing, _add, editing, versions.plain(parameter)))


def asked_for(opened: OpenDashboard) -> list[Parameter]:
    """Parameters of the panels' views that no filter fills, each name once."""
    found: dict[str, Parameter] = {}
    for panel in opened.dashboard.panels:
        view = opened.views.get(panel.view) if isinstance(panel, DataPanel) else None
        if view is None or not isinstance(panel, DataPanel):
            continue
        filled = narrowing.filled(opened.dashboard, panel, view.view)
        for parameter in view.view.parameters:
            if parameter.name not in filled:
                found.setdefault(parameter.name, parameter)
    taken = {one.name for one in opened.dashboard.filters}
    return [parameter for name, parameter in found.items() if name not in taken]


def _draw_new(editing: Composing) -> None:
    with st.popover("Another filter", icon=":material/add:", key=f"{editing.scope}-filter-new"):
        label = st.text_input("Label", key=f"{editing.scope}-filter-label", max_chars=100, placeholder="Region")
        kind = st.selectbox("Type", list(TYPES), format_func=TYPES.__getitem__, key=f"{editing.scope}-filter-type")
        st.button(
            "Add the filter",
            type="primary",
            key=f"{editing.scope}-filter-add",
            disabled=not label.strip(),
            on_click=change,
            args=(editing, _add_new, editing, label.strip(), kind),
        )


def _add_new(editing: Composing, label: str, kind: str) -> None:
    stem = slug(label).replace("-", "_").lstrip("0123456789_") or "filter"
    taken = {one["name"] for one in editing.content.get("filters") or ()} | TAKEN
    name = next(name for name in (stem, *(f"{stem}_{count}" for count in range(2, 10_000))) if name not in taken)
    _add(editing, {"name": name, "type": kind, "label": label})


def _add(editing: Composing, parameter: Given) -> None:
    editing.content.setdefault("filters", []).append(parameter)


def _remove(editing: Composing, at: int) -> None:
    gone = editing.content["filters"].pop(at)
    for panel in editing.panels:
        for field in ("parameters", "filtered"):
            held = panel.get(field) or {}
            put(panel, field, {key: name for key, name in held.items() if name != gone["name"]})
    if not editing.content["filters"]:
        del editing.content["filters"]
