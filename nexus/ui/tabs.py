"""The tabs of a dashboard: which one is open stands in the address, and a change of it draws the panels alone."""

from collections.abc import Callable
from concurrent.futures import wait

import streamlit as st

from nexus.dashboards.spec import Dashboard
from nexus.ui import redrawing, url
from nexus.ui.board import Board
from nexus.ui.forms import plain
from nexus.ui.panels import draw_panels

TABS, GRID = "dashboard-tabs", "dashboard-panels"
AT_ONCE_S = 0.15
"""So long the panels of a tab are waited for together; those that need longer come one by one, each when it is there."""


def draw_page(board: Board) -> None:
    """The tabs, and the panels of the one that is open."""
    if board.alone is None and board.opened.dashboard.tabs:
        st.fragment(_draw_tabs, key=TABS)(board)
    st.fragment(_draw_grid, key=GRID)(board)


def draw_tabs(spec: Dashboard, opened: str | None, *, turn: Callable[[str], None]) -> None:
    """`turn` hears the name of the tab that somebody opens."""
    if not spec.tabs:
        return
    titles = {tab.name: plain(tab.title) for tab in spec.tabs}
    key = f"tabs-{spec.name}"
    st.session_state[key] = opened
    st.segmented_control(
        "Tabs",
        list(titles),
        key=key,
        format_func=lambda name: titles.get(name, name),
        label_visibility="collapsed",
        on_change=lambda: turn(str(st.session_state.get(key) or opened)),
    )


def turn_whole(name: str) -> None:
    """Open the tab by drawing the whole page. For callbacks; ends them."""
    url.go(tab=name)
    st.rerun()


def turn(board: Board, name: str) -> None:
    """Open the tab: its panels are asked and drawn, and nothing else of the page. For callbacks; ends them."""
    if not board.whole:
        turn_whole(name)
    url.go(tab=name)
    board.look_again()
    board.turn_to(board.opened.dashboard.tab(name))
    st.rerun([TABS, GRID])


def _draw_tabs(board: Board) -> None:
    draw_tabs(board.opened.dashboard, board.tab, turn=lambda name: turn(board, name))


def _draw_grid(board: Board) -> None:
    if redrawing.of_fragments():
        # Inside this fragment panels are drawn one after the other: the first that waits would hold up the rest.
        wait(board.pending(), timeout=AT_ONCE_S)
        board.later = board.waiting()
    draw_panels(board)
    later, board.later = [board.key_of(panel) for panel in board.panels if panel.name in board.later], set()
    if not board.panels:
        what = "tab" if board.opened.dashboard.panels else "dashboard"
        way = "Edit the dashboard to add some." if board.opened.may_edit else "Who may edit the dashboard can add some."
        st.info(f"This {what} has no panels yet. {way}")
    redrawing.afterwards([*later, *board.beside])
