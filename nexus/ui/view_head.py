"""The head of a view's page: what it is, the way it is shown, and what can be done with it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.db.session import transaction
from nexus.ui import url
from nexus.ui.downloads import draw_downloads
from nexus.ui.forms import plain
from nexus.ui.keeping import draw_more
from nexus.ui.page import errors_shown
from nexus.ui.sharing import draw_share
from nexus.views import service as views
from nexus.views.service import OpenView

TABLE, CHART, STATISTICS = "Table", "Chart", "Statistics"
FRESH = "view-fresh"


def draw_head(user: User, opened: OpenView, values: Mapping[str, Any]) -> str:
    """Returns which tab is shown."""
    view = opened.view
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="view-head"):
        st.title(plain(view.title), anchor=False, width="content")
        if user.looked_at_by is None:
            _draw_star(user, opened)
        st.space("stretch")
        shown = _draw_tabs()
        st.button("Refresh", icon=":material/refresh:", key=FRESH)
        if user.looked_at_by is None:
            draw_downloads(opened.view, values, page=shown == TABLE)
            draw_share(user, "view", view.name)
        if opened.may_edit and user.may(Permission.BUILD):
            st.button("Edit", icon=":material/edit:", key="edit", on_click=url.go, kwargs={"edit": "1"})
        draw_more(user, "view", view.name, view.title, opened=opened)
    if view.description:
        st.caption(plain(view.description))
    return shown


def _draw_star(user: User, opened: OpenView) -> None:
    label, icon = ("Take off my favourites", "star") if opened.favourite else ("Keep among my favourites", "star_outline")
    with st.container(width="content", key="star-on" if opened.favourite else "star-off"):
        st.button(label, icon=f":material/{icon}:", type="tertiary", key="icon-favourite", on_click=_toggle, args=(user, opened.view.name))


def _toggle(user: User, name: str) -> None:
    with errors_shown(where="favourite", user=user), transaction() as session:
        views.toggle_favourite(session, user=user, name=name)


def _draw_tabs() -> str:
    return st.segmented_control(
        "Show", [TABLE, CHART, STATISTICS], default=TABLE, key="show", bind="query-params", label_visibility="collapsed", required=True
    )
