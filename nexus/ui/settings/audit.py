"""The audit log: newest first, searched, page by page."""

import json

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.status import service as status
from nexus.ui import forms, when


def draw(user: User) -> None:
    search = (
        st.text_input(
            "Search the audit log", key="find", type="search", placeholder="Event, subject, person or address", bind="query-params"
        )
        or ""
    )
    # The place in the log belongs to one search; it is the id of an entry, so that new entries do not move it.
    before = st.session_state.get("audit-before") if st.session_state.get("audit-search") == search else None
    with transaction() as session:
        page = status.recent_entries(session, reader=user, search=search, before=before)
    if not page.entries:
        forms.empty("Nothing in the log matches. Search for a person, as `ana@example.org`, or an event, as `signed in`.")
        return
    st.dataframe(
        {
            "When": [when.moment(entry.at) for entry in page.entries],
            "Who": [entry.by or "–" for entry in page.entries],
            "What": [entry.what for entry in page.entries],
            "Subject": [entry.subject for entry in page.entries],
            "Detail": [json.dumps(entry.detail, ensure_ascii=False) if entry.detail else "" for entry in page.entries],
            "Address": [entry.address for entry in page.entries],
        },
        hide_index=True,
        height="content",
        alt="Entries of the audit log, newest first",
    )
    with st.container(horizontal=True):
        if before is not None:
            st.button("Newest", icon=":material/first_page:", on_click=_go, args=(search, None))
        if page.older is not None:
            st.button("Older", icon=":material/chevron_right:", icon_position="right", on_click=_go, args=(search, page.older))


def _go(search: str, before: int | None) -> None:
    st.session_state["audit-search"], st.session_state["audit-before"] = search, before
