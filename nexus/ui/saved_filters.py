"""Filter sets: the filters of a dashboard as they are, kept under a name, and put back with one click."""

from typing import TYPE_CHECKING

import streamlit as st

from nexus.dashboards import filter_sets, picks
from nexus.dashboards.filter_sets import FilterSet, Query
from nexus.dashboards.spec import Dashboard
from nexus.db.session import Session, transaction
from nexus.errors import NexusError
from nexus.ui import filters, url
from nexus.ui.forms import plain, sentence

if TYPE_CHECKING:
    from collections.abc import Callable

    from nexus.ui.board import Board

CHOSEN = "g.set"
"""Of an address: `none` where the person's default set is not wanted."""


def begin(board: "Board") -> None:
    """Put the person's default set into an address that says nothing."""
    spec = board.opened.dashboard
    chosen = filter_sets.default_of(board.opened.filter_sets)
    if chosen is not None and CHOSEN not in url.given() and not _now(spec):
        url.put({**url.given(), **_known(spec, chosen.query)})


def _now(spec: Dashboard) -> Query:
    """What the address says of filters and picks."""
    return _known(spec, url.given())


def _known(spec: Dashboard, query: Query) -> Query:
    keys = url.keys(spec.filters) | {picks.KEY}
    return {key: texts for key, texts in query.items() if key in keys}


def clear(board: "Board") -> None:
    """Every filter at its default, and nothing picked."""
    spec = board.opened.dashboard
    filters.Held(spec.name, spec.filters, lambda _also: None).release()
    filters.clear(spec.filters, spec.name)
    url.go(**{picks.KEY: None, CHOSEN: "none" if filter_sets.default_of(board.opened.filter_sets) else None})


def draw_sets(board: "Board") -> None:
    """Clear, and the sets: apply one, keep this one, and what else can be done with them."""
    spec = board.opened.dashboard
    with st.container(horizontal=True, gap="small", width="content", key=f"filter-tail-{spec.name}"):
        st.button(
            "Clear", key=f"filter-clear-{spec.name}", type="tertiary", icon=":material/filter_alt_off:", on_click=clear, args=(board,)
        )
        if board.user.looked_at_by is None:
            _popover(board)


def _popover(board: "Board") -> None:
    spec = board.opened.dashboard
    with st.popover("Saved sets", icon=":material/bookmark:", type="tertiary", key=f"filter-sets-{spec.name}"):
        if problem := st.session_state.pop("filter-set-problem", None):
            st.error(sentence(problem))
        sets = board.opened.filter_sets
        if not sets:
            st.caption("Keep the filters as they are now under a name, and come back to them with one click. Only you see your sets.")
        for one in sets:
            _draw_set(board, one)
        with st.form("filter-set-new", border=False, clear_on_submit=True):
            at = "filter-set-name"
            st.text_input("Save this set as", key=at, max_chars=filter_sets.LONGEST_NAME, placeholder="Summer, JFK")
            st.form_submit_button("Save this set", icon=":material/bookmark_add:", on_click=_save, args=(board, at))


def _draw_set(board: "Board", one: FilterSet) -> None:
    at = f"filter-set-{one.id}"
    if st.session_state.get(f"{at}-renamed"):
        with st.form(f"{at}-form", border=False):
            st.text_input("New name", one.name, key=f"{at}-name", max_chars=filter_sets.LONGEST_NAME)
            st.form_submit_button("Rename", on_click=_rename, args=(board, one, f"{at}-name"))
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=at):
        st.button(plain(one.name), key=f"{at}-apply", type="tertiary", icon=":material/filter_alt:", on_click=_apply, args=(board, one))
        st.space("stretch")
        star, label = (":material/star:", "No longer the default") if one.is_default else (":material/star_outline:", "Make it the default")
        st.button(
            f"{label}: {plain(one.name)}", key=f"icon-{at}-default", icon=star, type="tertiary", on_click=_make_default, args=(board, one)
        )
        st.button(
            f"Rename: {plain(one.name)}",
            key=f"icon-{at}-rename",
            icon=":material/edit:",
            type="tertiary",
            on_click=st.session_state.__setitem__,
            args=(f"{at}-renamed", True),
        )
        st.button(
            f"Delete: {plain(one.name)}",
            key=f"icon-{at}-delete",
            icon=":material/delete:",
            type="tertiary",
            on_click=_remove,
            args=(board, one),
        )


def _apply(board: "Board", one: FilterSet) -> None:
    spec = board.opened.dashboard
    filters.Held(spec.name, spec.filters, lambda _also: None).release()
    kept = {key: texts for key, texts in url.given().items() if key not in url.keys(spec.filters) | {picks.KEY, CHOSEN}}
    query = _known(spec, one.query)
    url.put({**kept, **query, **({} if query else {CHOSEN: "none"})})


def _save(board: "Board", at: str) -> None:
    name, query = str(st.session_state.get(at) or ""), _now(board.opened.dashboard)
    _tried(lambda session: filter_sets.save(session, user=board.user, dashboard=board.opened.dashboard.name, name=name, query=query))


def _rename(board: "Board", one: FilterSet, at: str) -> None:
    name = str(st.session_state.get(at) or "")
    st.session_state.pop(f"filter-set-{one.id}-renamed", None)
    _tried(lambda session: filter_sets.rename(session, user=board.user, dashboard=board.opened.dashboard.name, set_id=one.id, name=name))


def _remove(board: "Board", one: FilterSet) -> None:
    _tried(lambda session: filter_sets.remove(session, user=board.user, dashboard=board.opened.dashboard.name, set_id=one.id))


def _make_default(board: "Board", one: FilterSet) -> None:
    chosen = None if one.is_default else one.id
    _tried(lambda session: filter_sets.make_default(session, user=board.user, dashboard=board.opened.dashboard.name, set_id=chosen))
    # A default that was just taken off or chosen changes nothing that is on the page.
    if not _now(board.opened.dashboard):
        url.go(**{CHOSEN: "none"})


def _tried(act: "Callable[[Session], None]") -> None:
    try:
        with transaction() as session:
            act(session)
    except NexusError as error:
        st.session_state["filter-set-problem"] = error.message
