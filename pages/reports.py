"""Reports: every PDF that was made, of what, by whom and with which filters; each can be taken away again."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.reports import ledger as reports
from nexus.ui import forms
from nexus.ui.page import run_page
from nexus.ui.print_jobs import draw_jobs
from nexus.ui.reports import draw_report

SHOWN = 25


def page(user: User) -> None:
    st.title("Reports", anchor=False)
    search = (
        st.text_input(
            "Search reports",
            key="q",
            type="search",
            bind="query-params",
            placeholder="Title, name or person",
            label_visibility="collapsed",
            max_chars=200,
        )
        or ""
    )
    draw_jobs(user)
    # The place in the list is the id of a report, and belongs to one search: new reports do not move it.
    place = st.session_state.get("reports-place", ("", None))
    before = place[1] if place[0] == search else None
    with transaction() as session:
        found = reports.list_reports(session, reader=user, search=search, before=before)
    if not found:
        forms.empty(
            "No report matches. Search for a part of its title, or of the name of who made it."
            if search
            else "There is no report yet. Open a dashboard and press **Download PDF**: the file is kept here, with its filters and figures."
        )
        return
    with st.container(key="rows-reports"):
        for report in found[:SHOWN]:
            draw_report(report)
    with st.container(horizontal=True):
        if before is not None:
            st.button("Newest", icon=":material/first_page:", on_click=go, args=(search, None))
        if len(found) > SHOWN:
            st.button("Older", icon=":material/chevron_right:", icon_position="right", on_click=go, args=(search, found[SHOWN - 1].id))


def go(search: str, before: int | None) -> None:
    st.session_state["reports-place"] = (search, before)


run_page(page)
