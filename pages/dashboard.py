"""One dashboard: `?name=…` and a value for each filter, `&tab=…`; `&edit=1` to change it, `?new=page` for a new one."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards import service as dashboards
from nexus.db.session import transaction
from nexus.ui import url
from nexus.ui.board import Board
from nexus.ui.composing.page import draw_edit, draw_new
from nexus.ui.dashboard import draw_dashboard
from nexus.ui.page import run_page, tab
from nexus.ui.viewing import reader_of


def page(user: User) -> None:
    name = url.name()
    if name is None:
        if "new" not in st.query_params:
            st.switch_page("pages/dashboards.py")
        draw_new(user)
        return
    reader = reader_of(user, subject=f"dashboard {name}")
    with transaction() as session:
        opened = dashboards.open_dashboard(session, reader=reader, name=name)
    tab(opened.dashboard.title)
    if "edit" in st.query_params:
        draw_edit(reader, opened)
    else:
        draw_dashboard(Board(opened=opened, user=reader, favourite=opened.favourite))


run_page(page)
