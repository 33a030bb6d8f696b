"""The page on which a dashboard is built: its head, the panels with handles, and the form at the side."""

import re
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import Dashboard
from nexus.db.session import transaction
from nexus.ui import editor, filters, url
from nexus.ui.composing.adding import add_view, draw_adding
from nexus.ui.composing.canvas import BAR, EMPTY, HANDLES, HEAD, SIDE, STATE, TABS, Canvas, draw_canvas, framed
from nexus.ui.composing.draft import Composing, dashboard_of, shown_now
from nexus.ui.composing.filter_form import draw_filter_form
from nexus.ui.composing.handles import draw_handles
from nexus.ui.composing.page_form import draw_page_form
from nexus.ui.composing.panel_form import draw_panel_form
from nexus.ui.editing import draw_draft, draw_outcome, resume, save, save_as_new
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown, tab
from nexus.ui.tabs import draw_tabs, turn_whole
from nexus.ui.written import draw_unread, draw_written, read
from nexus.views import drafts

STYLE = Path(__file__).parents[1] / "static" / "compose.css"
WRITTEN = "What is changed here is on the page as soon as you leave the field, and is published with the rest."
MODES = {"page": "Page", "yaml": "YAML", "versions": "Versions"}
SIDES = ("Add", "Panel", "Filters", "Page")


def draw_new(user: User) -> None:
    """A dashboard that is not there yet; the address names its draft, so that a reload finds it again."""
    require(user, Permission.BUILD)
    named = st.query_params.get("draft", "")
    if not re.fullmatch(r"[0-9a-f]{8}", named):
        named = drafts.new_name().removeprefix(drafts.NEW)
        st.query_params["draft"] = named
    _draw(user, f"{drafts.NEW}{named}", None)


def draw_edit(user: User, opened: OpenDashboard) -> None:
    require(user, Permission.BUILD)
    _draw(user, opened.dashboard.name, opened)


def _draw(user: User, name: str, opened: OpenDashboard | None) -> None:
    st.html(STYLE)
    editing = resume(Composing, user, name, kind="dashboard", opened=opened, blank=lambda: {"title": "", "panels": []})
    shown = shown_now(editing.content)
    opened_tab = shown.tab(url.text("tab"))
    editing.follow = None
    _bring_in(editing, user, opened_tab)
    tab(shown.title)
    mode = _draw_head(editing)
    match mode:
        case "yaml":
            draw_written(editing, dashboard_of, where=WRITTEN)
        case "versions" if opened:
            _draw_versions(user, opened)
        case _:
            draw_unread(editing, lambda: url.go(**{"edit" if opened else "new": "yaml"}))
            _draw_page(editing, user, shown, opened_tab)


def _bring_in(editing: Composing, user: User, opened_tab: str | None) -> None:
    """A view that was made on the way: the address says which."""
    view = url.text("add")
    if view:
        add_view(editing, user, view, tab=opened_tab)
        url.go(add=None)
        st.rerun()


def _ready(editing: Composing) -> Dashboard:
    """The spec to publish. Raises NexusError while it is not finished."""
    if "yaml" in editing.content:
        written = read(editing)
        assert isinstance(written, Dashboard)
        return written
    return dashboard_of(editing.content)


def _draw_head(editing: Composing) -> str:
    """Title, steps, publishing, and the way to edit, which is returned."""
    st.fragment(_draw_top, key=HEAD)(editing)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compose-modes"):
        mode = _draw_modes(editing)
    st.fragment(_draw_state, key=STATE)(editing)
    return mode


def _draw_top(editing: Composing) -> None:
    scope = editing.scope
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compose-title"):
        st.title(plain(str(editing.content.get("title") or "")) or "New dashboard", anchor=False, width="content")
        st.space("stretch")
        if editing.opened is not None:
            st.button("Back to the dashboard", icon=":material/arrow_back:", type="tertiary", key="edit-back", on_click=_leave)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="edit-head"):
        at = f"{scope}-title"
        st.text_input(
            "Title",
            str(editing.content.get("title") or ""),
            key=at,
            max_chars=200,
            placeholder="What the dashboard shows",
            on_change=_take,
            args=(editing, "title", at),
            width="stretch",
        )
        _step(editing, "Undo", "undo", editing.past, editing.back)
        _step(editing, "Redo", "redo", editing.future, editing.again)
        _draw_publishing(editing)


def _draw_publishing(editing: Composing) -> None:
    scope = editing.scope
    mine = editing.opened is None or editing.opened.may_edit
    with st.popover("Publish", icon=":material/publish:", key=f"{scope}-publish-menu", type="primary"):
        at = f"{scope}-note"
        st.text_input(
            "What changed (for the list of versions)",
            str(editing.content.get("note") or ""),
            key=at,
            max_chars=500,
            on_change=editing.take,
            args=(editing.content, "note", at),
        )
        label, act = ("Publish now", save) if mine else ("Publish as a new dashboard", save_as_new)
        st.button(label, type="primary", key=f"{scope}-publish", on_click=_publish, args=(editing, act))
        st.caption("Everybody who may see the dashboard then sees it like this." if mine else "It becomes a dashboard of your own.")


def _leave() -> None:
    url.go(edit=None)
    st.rerun()


def _publish(editing: Composing, act: Callable[[Composing, Callable[[], Dashboard]], None]) -> None:
    act(editing, lambda: _ready(editing))
    st.rerun()


def _take(editing: Composing, name: str, at: str) -> None:
    editing.take(editing.content, name, at, lambda value: (value or "").strip())
    editing.redraw()


def _draw_state(editing: Composing) -> None:
    """The draft, and what became of publishing it."""
    with errors_shown(where="dashboard editor", user=editing.user):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            draw_draft(editing)
        if editing.unkept:
            st.error(sentence(editing.unkept), icon=":material/error:")
        saved = draw_outcome(editing, lambda: _ready(editing))
        if saved:
            st.switch_page("pages/dashboard.py", query_params={"name": saved})


def _draw_modes(editing: Composing) -> str:
    """The page itself, its YAML, or its versions; which one stands in the address."""
    where = "edit" if editing.opened else "new"
    modes = [mode for mode in MODES if editing.opened or mode != "versions"]
    held = url.text(where)
    mode = held if held in modes else "page"
    key = f"compose-mode-{editing.name}"
    st.session_state[key] = mode
    st.segmented_control(
        "Way to edit",
        modes,
        format_func=MODES.__getitem__,
        key=key,
        label_visibility="collapsed",
        required=True,
        on_change=_turn_to,
        args=(where, key),
    )
    return mode


def _turn_to(where: str, key: str) -> None:
    url.go(**{where: st.session_state.get(key) or "page"})


def _step(editing: Composing, label: str, icon: str, steps: list[str], act: Callable[[], None]) -> None:
    key = f"icon-{label.lower()}"
    st.button(label, icon=f":material/{icon}:", key=key, disabled=not steps, help=label, on_click=_walk, args=(editing, act))


def _walk(editing: Composing, act: Callable[[], None]) -> None:
    act()
    editing.redraw()


def _draw_page(editing: Composing, user: User, shown: Dashboard, opened_tab: str | None) -> None:
    """The page as readers will see it at the left, its form at the right."""
    saved = editing.opened if isinstance(editing.opened, OpenDashboard) else None
    with transaction() as session:
        draft = dashboards.open_draft(session, reader=user, dashboard=shown, opened=saved)
    page = framed(editing, draft, opened_tab)
    canvas = Canvas(opened=page, user=user, drawn=editing.drawn, tab=opened_tab, editing=editing, shown=shown, whole_draft=draft)
    canvas.beside, editing.follow = (HANDLES,), canvas.follow
    canvas.values, _ = url.read(shown.filters)
    canvas.begin()
    canvas.ask(canvas.in_sight)
    with st.container(key="compose"):
        with st.container(key="compose-page"):
            bar, tabs = st.container(gap=None), st.container(gap=None)
            with st.container(key="compose-board"):
                st.fragment(_draw_handles, key=HANDLES)(canvas)
                draw_canvas(canvas)
            st.fragment(_draw_empty, key=EMPTY)(canvas)
            with bar:
                st.fragment(_draw_filters, key=BAR)(canvas)
            with tabs:
                st.fragment(_draw_tabs, key=TABS)(canvas)
        with st.container(key="compose-side"):
            st.fragment(_draw_side, key=SIDE)(canvas)
    canvas.whole = True


def _draw_filters(canvas: Canvas) -> None:
    with errors_shown(where="dashboard filters", user=canvas.user):
        spec = canvas.opened.dashboard
        canvas.offer(spec.filters, canvas.values)
        filters.draw_filters(
            spec.filters,
            scope=spec.name,
            options=lambda one: canvas.offers.get(one.name, ()),
            search=lambda one, text: canvas.offered(one, canvas.values, text),
            changed=canvas.changed,
            tail=lambda: _draw_clear(canvas),
        )


def _draw_clear(canvas: Canvas) -> None:
    if len(canvas.opened.dashboard.filters) > 1:
        st.button("Clear", key="compose-clear", type="tertiary", icon=":material/filter_alt_off:", on_click=_clear, args=(canvas,))


def _clear(canvas: Canvas) -> None:
    spec = canvas.opened.dashboard
    filters.clear(spec.filters, spec.name)
    canvas.redraw_also = (BAR,)
    canvas.changed({one.name: url.default(one) for one in spec.filters})


def _draw_tabs(canvas: Canvas) -> None:
    draw_tabs(canvas.shown, canvas.tab, turn=turn_whole)


def _draw_empty(canvas: Canvas) -> None:
    if canvas.panels:
        return
    with st.container(border=True, key="compose-empty"):
        st.markdown(
            "**Nothing is on this page yet.** Choose a view at the side to show it as a figure, a chart or a table; or add a text, "
            "a section or a prompt. Everything is kept as a draft that only you see until you publish it."
        )


def _draw_handles(canvas: Canvas) -> None:
    with errors_shown(where="dashboard handles", user=canvas.user):
        draw_handles(canvas)


def _draw_side(canvas: Canvas) -> None:
    editing, user, opened = canvas.editing, canvas.user, canvas.whole_draft
    with errors_shown(where="dashboard editor", user=user):
        panel = editing.panel(editing.chosen)
        if panel is None and editing.side == "Panel":
            editing.side = "Add"
        key = f"{editing.scope}-side"
        st.session_state[key] = editing.side
        sides = [side for side in SIDES if side != "Panel" or panel]
        st.segmented_control(
            "Form", sides, key=key, label_visibility="collapsed", width="stretch", on_change=_turn, args=(editing, key), required=True
        )
        match editing.side:
            case "Panel" if panel:
                draw_panel_form(editing, panel, opened, user, dict(canvas.values))
            case "Filters":
                draw_filter_form(editing, opened, user)
            case "Page":
                draw_page_form(editing)
            case _:
                draw_adding(editing, user, canvas.tab)


def _turn(editing: Composing, key: str) -> None:
    editing.side = st.session_state.get(key) or editing.side


def _draw_versions(user: User, opened: OpenDashboard) -> None:
    name = opened.dashboard.name
    with transaction() as session:
        listed = dashboards.dashboard_versions(session, reader=user, name=name)
    restored = editor.draw_versions("dashboard", name, listed, user=user)
    archived = editor.draw_archive("dashboard", name, lambda session: dashboards.archive_dashboard(session, user=user, name=name))
    if archived:
        st.switch_page("pages/dashboards.py")
    if restored is not None:
        with transaction() as session:
            dashboards.restore_dashboard(session, user=user, name=name, version=restored, base_version=listed[0].version)
        st.switch_page("pages/dashboard.py", query_params={"name": name})
