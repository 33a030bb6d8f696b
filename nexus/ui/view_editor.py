"""Making and changing a view: by choosing from a table, in SQL, or as YAML."""

import re

import streamlit as st

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.sources import service as sources
from nexus.sources.spec import Source
from nexus.ui import column_rules, editor, url
from nexus.ui.builder import page as builder
from nexus.ui.builder import words
from nexus.ui.editing import Content, Editing, draw_head, edit
from nexus.ui.forms import plain
from nexus.ui.page import errors_shown
from nexus.ui.sql_editor import page as sql_page
from nexus.ui.sql_editor.tables import statement_of
from nexus.views import drafts
from nexus.views import service as views
from nexus.views.service import OpenView

TEMPLATE = """\
kind: view
name: my-view
title: My view
source: {source}
question:
  kind: sql
  sql: |
    select 1 as one
"""


def draw_new(user: User, way: str) -> None:
    """An empty form; afterwards the page of the new view."""
    require(user, Permission.BUILD)
    st.title("New view", anchor=False)
    if url.text("to"):
        st.caption("Once it is saved, it is put on the dashboard that you came from.")
    with transaction() as session:
        known = sources.all_sources(session, reader=user)
    if not known:
        st.info("There is no source to ask yet. An administrator connects one in Settings.")
        return
    saved: str | None = None
    match way:
        case "yaml":
            saved = editor.draw_yaml(TEMPLATE.format(source=known[0].name), kind="view", name=None, base_version=None, user=user)
        case _:
            _draw_form(user, known, None, "table" if way == "table" else "sql")
    _leave(saved)


def _new_draft() -> str:
    """The name of the draft that the address names, so that a reload finds it again; a new one where it names none."""
    named = st.query_params.get("draft", "")
    if not re.fullmatch(r"[0-9a-f]{8}", named):
        named = drafts.new_name().removeprefix(drafts.NEW)
        st.query_params["draft"] = named
    return f"{drafts.NEW}{named}"


def _draw_form(user: User, known: list[Source], opened: OpenView | None, way: str) -> None:
    """The form of what is typed: a view built by clicking may have a draft that goes on in SQL."""
    editing = edit(
        user,
        opened.view.name if opened else _new_draft(),
        opened=opened,
        blank=lambda: _asked_for(user, known, way),
    )
    source = next((source for source in known if source.name == editing.content.get("source")), known[0])
    in_sql = editing.content["question"].get("kind") == "sql"
    st.fragment(_head, key="edit-head")(editing, known, in_sql)
    if in_sql:
        sql_page.draw_sql_editor(user, editing, source)
    else:
        builder.draw_builder(user, editing, source)


def _head(editing: Editing, known: list[Source], in_sql: bool) -> None:
    with errors_shown(where="view editor", user=editing.user):
        suggested = "" if in_sql else words.title(editing.content["question"])
        made_view = sql_page.made_view if in_sql else builder.made_view
        _leave(draw_head(editing, known, ready=lambda: made_view(editing), title=suggested))


def _asked_for(user: User, known: list[Source], way: str) -> Content:
    """A view of nothing yet, or of the table that the address names: `&source=…&schema=…&table=…`."""
    named, schema, table = (url.text(key) for key in ("source", "schema", "table"))
    source = next((source for source in known if source.name == named), None)
    content = (sql_page if way == "sql" else builder).blank((source or known[0]).name)
    if source is None or not (schema and table):
        return content
    if way == "sql":
        content["question"]["sql"] = statement_of(source, schema, table, reader=user)
    else:
        content["question"] |= {"schema": schema, "table": table}
    return content


def draw_editor(user: User, opened: OpenView) -> None:
    """The form that fits the view's question, its YAML, and its versions."""
    require(user, Permission.BUILD)
    name = opened.view.name
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.title(plain(opened.view.title), anchor=False, width="content")
        st.space("stretch")
        st.button(
            "Back to the view", icon=":material/arrow_back:", type="tertiary", key="edit-back", on_click=url.go, kwargs={"edit": None}
        )
    form, written, history = st.tabs(["Form", "YAML", "Versions"])
    with transaction() as session:
        known = sources.all_sources(session, reader=user)
        listed = views.view_versions(session, reader=user, name=name)
    saved: str | None = None
    with form:
        _draw_form(user, known, opened, opened.view.question.kind)
    with written:
        saved = editor.draw_yaml(editor.yaml_of(opened.view), kind="view", name=name, base_version=opened.version, user=user) or saved
    with history:
        restored = editor.draw_versions("view", name, listed, user=user)
        archived = editor.draw_archive("view", name, lambda session: views.archive_view(session, user=user, name=name))
    with st.expander("What prompts may send", icon=":material/shield:", key="edit-rules", on_change="rerun") as rules:
        if rules.open:
            column_rules.draw_view_rules(user, opened)
    if archived:
        st.switch_page("pages/data.py")
    if restored is not None:
        with transaction() as session:
            views.restore_view(session, user=user, name=name, version=restored, base_version=listed[0].version)
        saved = name
    _leave(saved)


def _leave(saved: str | None) -> None:
    """To the view; or to the dashboard that it was made for, which puts it on its page."""
    if not saved:
        return
    to = url.text("to")
    if to.startswith(drafts.NEW):
        draft = {"new": "page", "draft": to.removeprefix(drafts.NEW)}
        st.switch_page("pages/dashboard.py", query_params={**draft, "add": saved})
    if to:
        st.switch_page("pages/dashboard.py", query_params={"name": to, "edit": "1", "add": saved})
    st.switch_page("pages/view.py", query_params={"name": saved})
