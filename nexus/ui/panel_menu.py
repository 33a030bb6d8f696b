"""The menu of a panel, and the dialogs that it opens."""

import html

import streamlit as st

from nexus.dashboards import picks
from nexus.dashboards.spec import ChartPanel, DataPanel, PromptPanel
from nexus.sources.spec import Table
from nexus.ui import picking, recorded, rows_behind, url
from nexus.ui.board import Board
from nexus.ui.forms import plain
from nexus.ui.recorded import Recorded

REFRESH, ROWS, FILTER_BY, FULL, IMAGE = "Refresh", "Rows and query", "Choose a value", "Full screen", "Image"
RECORDS = "Rows and origin"
AS_TABLE, AS_CHART = "As a table", "As a chart"


def draw_menu(board: Board, panel: DataPanel | PromptPanel, shown: Table | Recorded | None) -> None:
    """`shown` is what the panel has drawn: rows of a view, or of an answer; none where it says why there are none, or answers in words."""
    key = f"more-{panel.name}"
    st.menu_button(
        f"More on {plain(panel.title or panel.name)}",
        _offered(board, panel, shown),
        icon=":material/more_horiz:",
        type="tertiary",
        key=key,
        on_click=_choose,
        args=(board, panel, key),
    )
    _draw_dialog(board, panel, shown)


def _offered(board: Board, panel: DataPanel | PromptPanel, shown: Table | Recorded | None) -> list[str]:
    look = AS_CHART if panel.name in board.as_table else AS_TABLE
    own = [REFRESH, ROWS] if isinstance(panel, DataPanel) else [RECORDS] if shown else []
    return [
        # A chart is a table for those who would rather read it.
        *([look] if isinstance(panel, ChartPanel) or (isinstance(panel, PromptPanel) and panel.chart) else []),
        *own,
        *([FILTER_BY] if isinstance(panel, DataPanel) and picking.of(board, panel) else []),
        *([] if board.alone else [FULL]),
        # A file is made with one's own rights, not with those of the person as whom one looks.
        *([] if board.user.looked_at_by is not None else [IMAGE]),
    ]


def _choose(board: Board, panel: DataPanel | PromptPanel, key: str) -> None:
    # Through the board, which a full run replaces: a dialog can only open from a fragment's own run.
    board.look_again()
    chosen = st.session_state.get(key)
    if chosen == REFRESH:
        board.ask([panel], fresh=True)
    elif chosen in (AS_TABLE, AS_CHART):
        board.as_table ^= {panel.name}
    elif chosen == FILTER_BY:
        board.filters_by = panel.name
    elif chosen == IMAGE:
        board.shows_image_of = panel.name
    elif chosen == FULL:
        url.go(panel=panel.name)
        st.rerun()
    else:
        board.only, board.figure = (), None
        board.shows_rows_of = panel.name


def _draw_dialog(board: Board, panel: DataPanel | PromptPanel, shown: Table | Recorded | None) -> None:
    title = plain(panel.title or panel.name)
    if board.shows_rows_of == panel.name and shown:
        meant, board.shows_rows_of, board.only, board.figure = rows_behind.Meant(board.only, board.figure), None, (), None
        if isinstance(panel, DataPanel) and isinstance(shown, Table):
            rows_behind.begin(panel)
            st.dialog(title, width="large")(rows_behind.draw_rows_behind)(board, panel, shown, meant)
        elif isinstance(panel, PromptPanel) and isinstance(shown, Recorded):
            st.dialog(title, width="large")(recorded.draw_rows)(shown, panel, board.user)
    if board.shows_image_of == panel.name:
        board.shows_image_of = None
        st.dialog(title, width="large")(_draw_image)(board, panel)
    if board.filters_by == panel.name and isinstance(panel, DataPanel) and isinstance(shown, Table):
        board.filters_by = None
        st.dialog(title)(picking.choices)(board, panel, shown)


def _draw_image(board: Board, panel: DataPanel | PromptPanel) -> None:
    """The picture that the print browser makes of the panel, and the way to take it along."""
    spec = board.opened.dashboard
    clicked = {picks.KEY: picks.written(board.picks)} if board.picks else {}
    more = {"zone": st.context.timezone or "UTC", **clicked}
    address = url.link(f"/dashboards/{spec.name}/panels/{panel.name}.png", spec.filters, board.values, **more)
    said = html.escape(f"Picture of {panel.title or panel.name}")
    st.html(f'<img class="nexus-picture" src="{html.escape(address)}" alt="{said}">')
    st.link_button("Download PNG", address, icon=":material/image:", type="primary")
