"""One dashboard: `?name=…` and a value for each filter; `&edit=1` or `?new=yaml` for its YAML."""

import streamlit as st

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import service as dashboards
from nexus.db.session import transaction
from nexus.ui import url
from nexus.ui.dashboard import draw_dashboard
from nexus.ui.editor import draw_archive, draw_versions, draw_yaml, yaml_of
from nexus.ui.forms import plain
from nexus.ui.page import run_page, tab
from nexus.ui.panels import Board

TEMPLATE = """\
kind: dashboard
name: my-dashboard
title: My dashboard
filters: []
panels:
- name: about
  title: About
  kind: text
  width: 12
  height: 2
  text: |
    What this page shows, and for whom.
"""


def page(user: User) -> None:
    name = url.name()
    if name is None:
        if "new" not in st.query_params:
            st.switch_page("pages/dashboards.py")
        new(user)
        return
    with transaction() as session:
        opened = dashboards.open_dashboard(session, reader=user, name=name)
    tab(opened.dashboard.title)
    if "edit" in st.query_params:
        edit(user, opened)
    else:
        draw_dashboard(Board(opened=opened, user=user, favourite=opened.favourite))


def new(user: User) -> None:
    require(user, Permission.BUILD)
    st.title("New dashboard", anchor=False)
    saved = draw_yaml(TEMPLATE, kind="dashboard", name=None, base_version=None, user=user)
    if saved:
        st.switch_page("pages/dashboard.py", query_params={"name": saved})


def edit(user: User, opened: dashboards.OpenDashboard) -> None:
    require(user, Permission.BUILD)
    name = opened.dashboard.name
    st.title(plain(opened.dashboard.title), anchor=False)
    st.button("Back without saving", icon=":material/arrow_back:", type="tertiary", key="edit-back", on_click=url.go, kwargs={"edit": None})
    written, history = st.tabs(["YAML", "Versions"])
    with written:
        saved = draw_yaml(yaml_of(opened.dashboard), kind="dashboard", name=name, base_version=opened.newest, user=user)
    with history:
        with transaction() as session:
            listed = dashboards.dashboard_versions(session, reader=user, name=name)
        restored = draw_versions("dashboard", name, listed, user=user)
        archived = draw_archive("dashboard", name, lambda session: dashboards.archive_dashboard(session, user=user, name=name))
        if restored is not None:
            with transaction() as session:
                dashboards.restore_dashboard(session, user=user, name=name, version=restored, base_version=listed[0].version)
    if archived:
        st.switch_page("pages/dashboards.py")
    if saved or restored is not None:
        st.switch_page("pages/dashboard.py", query_params={"name": name})


run_page(page)
