"""Making and changing a view: by choosing from a table, in SQL, or as YAML."""

import re
from typing import Any, Literal

import streamlit as st
from pydantic import ValidationError

from nexus.accounts.spec import Permission, User, require
from nexus.db import versions
from nexus.db.session import transaction
from nexus.errors import BadInput, Conflict, NexusError
from nexus.sources import service as sources
from nexus.sources.spec import Source
from nexus.ui import editor, url, view_form
from nexus.ui.builder import page as builder
from nexus.ui.builder import words
from nexus.ui.editing import Editing, draw_head, edit
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown
from nexus.ui.panels import provenance
from nexus.ui.view import draw_rows
from nexus.views import drafts
from nexus.views import service as views
from nexus.views.question import SqlQuestion, TableQuestion
from nexus.views.service import OpenView
from nexus.views.spec import View

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
    with transaction() as session:
        known = sources.all_sources(session, reader=user)
    if not known:
        st.info("There is no source to ask yet. An administrator connects one in Settings.")
        return
    saved: str | None = None
    match way:
        case "yaml":
            saved = editor.draw_yaml(TEMPLATE.format(source=known[0].name), kind="view", name=None, base_version=None, user=user)
        case "table":
            _draw_builder(user, known, None)
        case _:
            saved = _draw_form(user, "sql", known, None)
    _leave(saved)


def _new_draft() -> str:
    """The name of the draft that the address names, so that a reload finds it again; a new one where it names none."""
    named = st.query_params.get("draft", "")
    if not re.fullmatch(r"[0-9a-f]{8}", named):
        named = drafts.new_name().removeprefix(drafts.NEW)
        st.query_params["draft"] = named
    return f"{drafts.NEW}{named}"


def _draw_builder(user: User, known: list[Source], opened: OpenView | None) -> None:
    editing = edit(user, opened.view.name if opened else _new_draft(), opened=opened, blank=lambda: builder.blank(known[0].name))
    st.fragment(_head, key="edit-head")(editing, known)
    source = next((source for source in known if source.name == editing.content.get("source")), known[0])
    builder.draw_builder(user, editing, source)


def _head(editing: Editing, known: list[Source]) -> None:
    with errors_shown(where="view editor", user=editing.user):
        suggested = words.title(editing.content["question"])
        _leave(draw_head(editing, known, ready=lambda: builder.made_view(editing), title=suggested))


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
        if isinstance(opened.view.question, TableQuestion):
            _draw_builder(user, known, opened)
        else:
            saved = _draw_form(user, "sql", known, opened)
    with written:
        saved = editor.draw_yaml(editor.yaml_of(opened.view), kind="view", name=name, base_version=opened.version, user=user) or saved
    with history:
        restored = editor.draw_versions("view", name, listed)
        archived = editor.draw_archive("view", name, lambda session: views.archive_view(session, user=user, name=name))
    if archived:
        st.switch_page("pages/data.py")
    if restored is not None:
        with transaction() as session:
            views.restore_view(session, user=user, name=name, version=restored, base_version=listed[0].version)
        saved = name
    _leave(saved)


def _leave(saved: str | None) -> None:
    if saved:
        st.switch_page("pages/view.py", query_params={"name": saved})


def _draw_form(user: User, way: Literal["table", "sql"], known: list[Source], opened: OpenView | None) -> str | None:
    """Fields, preview and save. Returns the name of what was saved; a mistake leaves everything as it was typed."""
    before = opened.view if opened else None
    scope = f"form-view-{before.name if before else f'new-{way}'}"
    base = st.session_state.setdefault(f"{scope}-base", opened.version if opened else None)
    fields = view_form.draw_head(scope, before, [source.name for source in known])
    source = next((source for source in known if source.name == fields["source"]), known[0])
    if way == "table":
        question = before.question if before and isinstance(before.question, TableQuestion) else None
        fields["question"] = view_form.draw_table_question(scope, question, source, reader=user)
    else:
        text = before.question.sql if before and isinstance(before.question, SqlQuestion) else ""
        sql = st.text_area(
            "SQL", text, height=260, key=f"{scope}-sql", placeholder="select … from … where day >= :period_from", max_chars=100_000
        )
        fields["question"] = {"kind": "sql", "sql": sql}
    fields["parameters"] = view_form.draw_parameters(scope, before)
    fields["chart"] = view_form.draw_chart(scope, before.chart if before else None)
    with st.container(horizontal=True):
        previewed = st.button("Preview", key=f"{scope}-preview")
        pressed = st.button("Save", type="primary", key=f"{scope}-save")
    if not (previewed or pressed):
        return None
    try:
        view = _view(fields, before)
        if previewed:
            _preview(user, view, source)
            return None
        editor.save(view, user=user, base_version=base, note="")
    except Conflict as conflict:
        st.error(f"{sentence(conflict.message)} What you typed stays here; the YAML tab shows theirs when you save there.")
        return None
    except NexusError as error:
        st.error(sentence(error.message))
        return None
    editor.forget(scope)
    return view.name


def _view(fields: dict[str, Any], before: View | None) -> View:
    """The spec that the form means; what the form does not show stays. Raises BadInput with the first mistake."""
    stays = versions.plain(before) if before else {}
    try:
        view = View.model_validate({**stays, **{name: value for name, value in fields.items() if value is not None or name == "chart"}})
    except ValidationError as error:
        raise BadInput(f"The view was not saved. {versions.first_problem(error)}") from None
    views.check_view(view)
    return view


def _preview(user: User, view: View, source: Source) -> None:
    asked = OpenView.model_validate(
        {"view": view, "version": 0, "source": source, "owner": None, "saved_at": "1970-01-01T00:00:00Z", "saved_by": None}
    )
    table = views.ask(asked, reader=user, values={}, max_rows=200, fresh=True, purpose="preview")
    draw_rows(st, asked, table, chart=False, height=360)
    st.html(f'<div class="nexus-foot">{provenance(table)}</div>')
    if view.chart:
        draw_rows(st, asked, table, chart=True, height=300)
