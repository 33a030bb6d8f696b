"""Notes on days, as a list in a dialog: read by all, and written by those who may."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.dashboards import annotations
from nexus.dashboards.annotations import LONGEST_TEXT, Annotation
from nexus.dashboards.service import OpenDashboard
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown
from nexus.views import period
from nexus.views.values import EARLIEST, LATEST

A_PAGE = 10
HERE, EVERYWHERE = "On this dashboard", "On every dashboard"


def draw_notes(user: User, opened: OpenDashboard) -> None:
    """The dialog. What was changed shows in the charts once it is shut."""
    st.dialog("Notes", width="medium", on_dismiss="rerun")(_draw)(user, opened.dashboard.name, opened.may_edit)


def _draw(user: User, dashboard: str, may_edit: bool) -> None:
    with errors_shown(where="notes", user=user):
        with transaction() as session:
            listed = annotations.list_annotations(session, reader=user, dashboard=dashboard)
        writes = user.may(Permission.BUILD) and user.looked_at_by is None
        editing = st.session_state.get("note-edited")
        if not listed:
            st.caption("No notes yet. A note on a day, as “strike”, shows in every chart along time that covers the day.")
        if writes and editing is None:
            # Above the list, which may be long.
            _form(user, dashboard, may_edit, None)
        for one in _some(listed):
            if one.id == editing and one.may_change:
                _form(user, dashboard, may_edit, one)
            else:
                _line(user, dashboard, one)


def _some(listed: Sequence[Annotation]) -> Sequence[Annotation]:
    """The latest days first, a page of them; of many those with the words that are looked for."""
    found = sorted(listed, key=lambda one: (one.first_day, one.id), reverse=True)
    if len(found) <= A_PAGE:
        return found
    words = st.text_input(
        "Search the notes", key="notes-search", icon=":material/search:", placeholder="Words of a note, or a year", max_chars=200
    )
    sought = words.casefold().split()
    found = [one for one in found if all(word in f"{one.text} {_days(one)}".casefold() for word in sought)]
    if not found:
        st.caption(f"Nothing matches “{plain(words)}”. Try fewer letters.")
    pages = max(-(-len(found) // A_PAGE), 1)
    page = st.pagination(pages, key=f"notes-page-{pages}-{words}") if pages > 1 else 1
    return found[(page - 1) * A_PAGE : page * A_PAGE]


def _days(one: Annotation) -> str:
    return period.words(one.first_day, one.last_day or one.first_day)


def _line(user: User, dashboard: str, one: Annotation) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"note-{one.id}"):
        where = " · on every dashboard" if one.everywhere else ""
        by = f" · {plain(one.author)}" if one.author else ""
        st.markdown(
            f"**{_days(one)}** {plain(one.text)}  \n:small[{where.removeprefix(' · ')}{by if where else by.removeprefix(' · ')}]",
            width="stretch",
        )
        if one.may_change and user.looked_at_by is None:
            said = plain(one.text[:60])
            st.button(
                f"Change {said}", key=f"icon-note-change-{one.id}", icon=":material/edit:", type="tertiary", on_click=_edit, args=(one,)
            )
            st.button(
                f"Remove {said}", key=f"icon-note-remove-{one.id}", icon=":material/delete:", type="tertiary", on_click=_remove, args=(user, dashboard, one.id)
            )  # fmt: skip


def _form(user: User, dashboard: str, may_edit: bool, one: Annotation | None) -> None:
    number = one.id if one else f"new-{st.session_state.get('notes-added', 0)}"
    at = f"note-form-{number}"
    with st.container(border=True, key=at):
        st.text_input(
            "What happened", one.text if one else "", key=f"{at}-text", max_chars=LONGEST_TEXT, placeholder="Strike of the ground crew"
        )
        with st.container(horizontal=True, gap="small", vertical_alignment="bottom"):
            bounds: dict[str, Any] = {"min_value": EARLIEST, "max_value": LATEST, "format": "YYYY-MM-DD", "width": 150}
            st.date_input("Day", one.first_day if one else None, key=f"{at}-first", **bounds)
            st.date_input("Last day, of a period", one.last_day if one else None, key=f"{at}-last", **bounds)
            if one is None:
                places = [HERE, EVERYWHERE] if may_edit else [EVERYWHERE]
                st.selectbox("Where it shows", places, key=f"{at}-where", width=200)
        if problem := st.session_state.pop(f"{at}-problem", ""):
            st.error(sentence(problem), icon=":material/error:")
        with st.container(horizontal=True, gap="small"):
            st.button(
                "Save the note" if one else "Add the note",
                key=f"{at}-save",
                type="primary",
                on_click=_save,
                args=(user, dashboard, one, at),
            )
            if one:
                st.button("Back", key=f"{at}-back", type="tertiary", on_click=_edit, args=(None,))


def _edit(one: Annotation | None) -> None:
    st.session_state["note-edited"] = one.id if one else None


def _save(user: User, dashboard: str, one: Annotation | None, at: str) -> None:
    held = st.session_state
    try:
        new = annotations.written(held.get(f"{at}-text") or "", _day(held.get(f"{at}-first")), _day(held.get(f"{at}-last")))
        with transaction() as session:
            if one is None:
                everywhere = held.get(f"{at}-where") == EVERYWHERE
                annotations.add_annotation(session, user=user, dashboard=dashboard, new=new, everywhere=everywhere)
            else:
                annotations.change_annotation(session, user=user, dashboard=dashboard, annotation_id=one.id, new=new)
    except NexusError as error:
        held[f"{at}-problem"] = error.message
        return
    held["note-edited"] = None
    held["notes-added"] = held.get("notes-added", 0) + 1


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) else None


def _remove(user: User, dashboard: str, annotation_id: int) -> None:
    with errors_shown(where="notes", user=user), transaction() as session:
        annotations.remove_annotation(session, user=user, dashboard=dashboard, annotation_id=annotation_id)
