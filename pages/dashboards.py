"""Every dashboard one may open, with search."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.dashboards import service as dashboards
from nexus.db.session import transaction
from nexus.ui.lists import draw_list, search_box
from nexus.ui.page import run_page
from nexus.ui.view_drafts import draw_drafts, fresh


def page(user: User) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Dashboards", anchor=False)
        if user.may(Permission.BUILD):
            st.page_link("pages/dashboard.py", label="New dashboard", icon=":material/add:", query_params={"new": "page", "draft": fresh()})
    draw_drafts(user, "dashboard")
    search = search_box("Search dashboards")
    with transaction() as session:
        found = dashboards.list_dashboards(session, reader=user, search=search)
    draw_list(
        found,
        page="pages/dashboard.py",
        search=search,
        empty="There are no dashboards yet. A dashboard shows views as figures, charts and tables on one page, with filters that all of them share.",
    )


run_page(page)
