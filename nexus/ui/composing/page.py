"""The page on which a dashboard is built: its head, the panels with handles, and the form at the side."""

import re
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import Dashboard, Panel
from nexus.db.session import transaction
from nexus.ui import editor, filters, url
from nexus.ui.board import Board
from nexus.ui.composing.adding import add_view, draw_adding
from nexus.ui.composing.draft import Composing, dashboard_of, shown_now
from nexus.ui.composing.filter_form import draw_filter_form
from nexus.ui.composing.handles import HANDLES, SIDE, draw_handles
from nexus.ui.composing.page_form import draw_page_form
from nexus.ui.composing.panel_form import draw_panel_form
from nexus.ui.composing.written import draw_written, read
from nexus.ui.dashboard import draw_tabs, offered
from nexus.ui.editing import draw_draft, draw_outcome, resume, save, save_as_new
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown, tab
from nexus.ui.panels import STYLE as PANELS
from nexus.ui.panels import draw_panels
from nexus.views import drafts

STYLE = Path(__file__).parents[1] / "static" / "compose.css"
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
    st.html(PANELS)
    st.html(STYLE)
    editing = resume(Composing, user, name, kind="dashboard", opened=opened, blank=lambda: {"title": "", "panels": []})
    shown = shown_now(editing.content)
    opened_tab = shown.tab(url.text("tab"))
    _bring_in(editing, user, opened_tab)
    tab(shown.title)
    mode = _draw_head(editing)
    match mode:
        case "yaml":
            draw_written(editing)
        case "versions" if opened:
            _draw_versions(user, opened)
        case _:
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
        return read(editing, editing.content["yaml"])
    return dashboard_of(editing.content)


def _draw_head(editing: Composing) -> str:
    """Title, steps, publishing, and the way to edit, which is returned."""
    scope = editing.scope
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compose-title"):
        st.title(plain(str(editing.content.get("title") or "")) or "New dashboard", anchor=False, width="content")
        st.space("stretch")
        if editing.opened is not None:
            st.button(
                "Back to the dashboard",
                icon=":material/arrow_back:",
                type="tertiary",
                key="edit-back",
                on_click=url.go,
                kwargs={"edit": None},
            )
    mine = editing.opened is None or editing.opened.may_edit
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="edit-head"):
        at = f"{scope}-title"
        st.text_input(
            "Title",
            str(editing.content.get("title") or ""),
            key=at,
            max_chars=200,
            placeholder="What the dashboard shows",
            on_change=editing.take,
            args=(editing.content, "title", at, lambda value: (value or "").strip()),
            width="stretch",
        )
        _step(editing, "Undo", "undo", editing.past, editing.back)
        _step(editing, "Redo", "redo", editing.future, editing.again)
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
            st.button(label, type="primary", key=f"{scope}-publish", on_click=act, args=(editing, lambda: _ready(editing)))
            st.caption("Everybody who may see the dashboard then sees it like this." if mine else "It becomes a dashboard of your own.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="compose-modes"):
        mode = _draw_modes(editing)
    st.fragment(_draw_state, key="compose-state")(editing)
    return mode


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
    st.button(label, icon=f":material/{icon}:", key=key, disabled=not steps, help=label, on_click=act)


def _draw_page(editing: Composing, user: User, shown: Dashboard, opened_tab: str | None) -> None:
    """The page as readers will see it at the left, its form at the right."""
    with transaction() as session:
        saved = editing.opened if isinstance(editing.opened, OpenDashboard) else None
        opened = dashboards.open_draft(session, reader=user, dashboard=shown, opened=saved)
    frames = _frames(editing, shown.on(opened_tab))
    framed = shown.model_copy(update={"panels": frames, "tabs": ()})
    board = Board(opened=opened.model_copy(update={"dashboard": framed}), user=user, drawn=editing.drawn)
    board.values, _ = url.read(shown.filters)
    board.ask(frames)
    with st.container(key="compose"):
        with st.container(key="compose-page"):
            filters.draw_filters(
                shown.filters,
                scope=f"draft-{editing.name.replace(':', '-')}",
                options=lambda one: offered(board, one),
                changed=lambda _: None,
            )
            draw_tabs(shown, opened_tab)
            with st.container(key="compose-board"):
                st.fragment(_draw_handles, key=HANDLES)(editing, shown, opened_tab, frames)
                draw_panels(board)
            if not frames:
                _draw_empty(editing)
        with st.container(key="compose-side"):
            st.fragment(_draw_side, key=SIDE)(editing, user, opened, board.values, opened_tab)
    board.whole = True


def _frames(editing: Composing, panels: tuple[Panel, ...]) -> tuple[Panel, ...]:
    """In the order in which they first came on the page: the handles put them in reading order."""
    names = [panel.name for panel in panels]
    editing.seen = [name for name in editing.seen if name in names] + [name for name in names if name not in editing.seen]
    return tuple(sorted(panels, key=lambda panel: editing.seen.index(panel.name)))


def _draw_empty(editing: Composing) -> None:
    with st.container(border=True, key="compose-empty"):
        st.markdown(
            "**Nothing is on this page yet.** Choose a view at the side to show it as a figure, a chart or a table; or add a text, "
            "a section or a prompt. Everything is kept as a draft that only you see until you publish it."
        )


def _draw_handles(editing: Composing, shown: Dashboard, opened_tab: str | None, frames: tuple[Panel, ...]) -> None:
    with errors_shown(where="dashboard handles", user=editing.user):
        draw_handles(editing, shown, opened_tab, frames)


def _draw_side(editing: Composing, user: User, opened: OpenDashboard, values: dict[str, object], opened_tab: str | None) -> None:
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
                draw_panel_form(editing, panel, opened, user, dict(values))
            case "Filters":
                draw_filter_form(editing, opened, user)
            case "Page":
                draw_page_form(editing)
            case _:
                draw_adding(editing, user, opened_tab)


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
