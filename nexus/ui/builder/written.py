"""What the steps mean in SQL: to read, and to go on from."""

import streamlit as st

from nexus.db import versions
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources import catalog
from nexus.ui.builder import asking
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import question_of
from nexus.ui.editing import Content
from nexus.ui.forms import sentence
from nexus.views import drafts
from nexus.views.written import as_sql, sql_of


def draw_sql(b: Builder) -> None:
    """The statement, and the ways to go on in SQL."""
    try:
        view = asking.view_of(b, question_of(b.form))
        st.code(sql_of(view, {}, lookup=catalog.lookup(b.source, reader=b.user)), language="sql", wrap_lines=True)
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")
        return
    scope, new = b.editing.scope, b.editing.opened is None
    with st.container(horizontal=True, gap="small"):
        if not new:
            st.button("Continue this view in SQL", key=f"{scope}-same-sql", icon=":material/edit:", on_click=_continue, args=(b, True))
        words = "Continue in SQL" if new else "Make a new view in SQL of it"
        st.button(words, key=f"{scope}-new-sql", icon=":material/arrow_forward:", on_click=_continue, args=(b, False))


def _continue(b: Builder, same: bool) -> None:
    """Callback: the question in SQL as a draft, of this view or of a new one, and the editor of SQL over it."""
    try:
        content = _in_sql(b)
        name = b.editing.name if same else drafts.new_name()
        if not same and b.editing.opened:
            content |= {"name": "", "title": ""}
        with transaction() as session:
            base = b.editing.base_version if same else None
            drafts.keep_draft(session, user=b.user, name=name, content=content, base_version=base)
    except NexusError as error:
        b.editing.unkept = error.message
        return
    b.editing.leave()
    if not same:
        st.query_params.from_dict({"new": "sql", "draft": name.removeprefix(drafts.NEW)})
    st.rerun()


def _in_sql(b: Builder) -> Content:
    view = as_sql(asking.view_of(b, question_of(b.form)), lookup=catalog.lookup(b.source, reader=b.user))
    return {**b.editing.content, "question": versions.plain(view.question), "parameters": b.editing.content.get("parameters", [])}
