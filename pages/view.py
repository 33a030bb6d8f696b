"""One view: `?name=…` and a value for each parameter; `&edit=1` or `?new=table|sql|yaml` for its form, of a table with `&source=…&schema=…&table=…`."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.ui import url
from nexus.ui.crumbs import draw_crumbs
from nexus.ui.page import run_page, tab
from nexus.ui.view import draw_view
from nexus.ui.view_editor import draw_editor, draw_new
from nexus.ui.viewing import reader_of
from nexus.views import service as views


def page(user: User) -> None:
    name = url.name()
    if name is None:
        if "new" not in st.query_params:
            st.switch_page("pages/data.py")
        draw_new(user, st.query_params["new"])
        return
    reader = reader_of(user, subject=f"view {name}")
    with transaction() as session:
        opened = views.find_view(session, reader=reader, name=name)
        views.note_visit(session, reader=reader, opened=opened)
    tab(opened.view.title)
    if "edit" in st.query_params:
        draw_editor(user, opened)
    else:
        draw_crumbs(reader, opened.view.title)
        draw_view(reader, opened)


run_page(page)
