"""Every view one may open, with search, and the ways to make one; for those who build, the sources as a tree: `?list=Sources`."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.db.session import transaction
from nexus.ui.catalog_tree import draw_tree
from nexus.ui.lists import draw_list, frequency, search_box
from nexus.ui.page import run_page
from nexus.ui.view_drafts import draw_drafts, fresh
from nexus.views import runs
from nexus.views import service as views

VIEWS, SOURCES = "Views", "Sources"
WAYS = (("table", "By clicking", "table"), ("sql", "In SQL", "code"), ("yaml", "In YAML", "data_object"))


def page(user: User) -> None:
    builds = user.may(Permission.BUILD)
    with st.container(horizontal=True, vertical_alignment="center", key="data-head"):
        st.title("Data", anchor=False, width="content")
        st.space("stretch")
        if builds:
            draw_ways()
    shown = VIEWS
    if builds:
        shown = st.segmented_control(
            "List", [VIEWS, SOURCES], default=VIEWS, key="list", bind="query-params", label_visibility="collapsed", required=True
        )
    if shown == SOURCES:
        draw_tree(user, search_box("Search tables", placeholder="Table, column or comment"))
    else:
        draw_views(user, search_box("Search views"))


def draw_ways() -> None:
    st.page_link("pages/bring.py", label="Bring in a file", icon=":material/upload_file:")
    with st.popover("New view", icon=":material/add:", type="primary", key="new-view"):
        for way, label, icon in WAYS:
            draft = {} if way == "yaml" else {"draft": fresh()}
            st.page_link("pages/view.py", label=label, icon=f":material/{icon}:", query_params={"new": way, **draft})
        st.page_link("pages/ask.py", label="By asking", icon=":material/forum:")


def draw_views(user: User, search: str) -> None:
    with transaction() as session:
        found = views.list_views(session, reader=user, search=search)
        ran = runs.frequencies(session, reader=user, views=[item.name for item in found])
    draw_drafts(user)
    draw_list(
        found,
        page="pages/view.py",
        search=search,
        notes={name: frequency(often.runs, often.median_ms) for name, often in ran.items()},
        empty="There are no views yet. A view is a saved question to a database; dashboards, prompts and downloads are made of them.",
    )


run_page(page)
