"""Every view one may open, with search, and the ways to make one."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.db.session import transaction
from nexus.ui.lists import draw_list, frequency, search_box
from nexus.ui.page import run_page
from nexus.ui.view_drafts import draw_drafts
from nexus.views import runs
from nexus.views import service as views


def page(user: User) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title("Data", anchor=False)
        if user.may(Permission.BUILD):
            for way, label, icon in (
                ("table", "New view of a table", "table"),
                ("sql", "in SQL", "code"),
                ("yaml", "in YAML", "data_object"),
            ):
                st.page_link("pages/view.py", label=label, icon=f":material/{icon}:", query_params={"new": way})
            st.page_link("pages/bring.py", label="Bring in a file", icon=":material/upload_file:")
    search = search_box("Search views")
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
