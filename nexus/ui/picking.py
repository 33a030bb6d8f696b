"""What a click in a panel does on a dashboard: filter the other panels, show the rows behind, or open another page. And the chips of it."""

import zlib
from array import array
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st

from nexus.dashboards import drilling
from nexus.dashboards import picks as picking
from nexus.dashboards.picks import Pick, Point, point_of
from nexus.dashboards.spec import ChartPanel, DataPanel, TablePanel
from nexus.db.session import transaction
from nexus.errors import BadInput, NexusError
from nexus.sources.spec import Table
from nexus.ui import clicks, crumbs, url
from nexus.ui.clicks import Clicks
from nexus.ui.forms import plain
from nexus.ui.tables import CellClicks
from nexus.views import behind
from nexus.views.columns import unique_names

if TYPE_CHECKING:
    from nexus.ui.board import Board

CHIPS = "dashboard-chips"
MOST_LISTED = 1_000
"""Values that the dialog lists."""


def read() -> tuple[tuple[Pick, ...], str]:
    """What the address says was clicked, and a sentence where that cannot be read."""
    try:
        return picking.read(st.query_params.get(picking.KEY, "")), ""
    except BadInput as error:
        return (), error.message


def of(board: "Board", panel: DataPanel) -> Clicks | None:
    """What clicks in the panel do; none where they do nothing."""
    if not board.listens or (panel.click == "nothing" and panel.drill is None):
        return None
    turn = st.session_state.get(_turn(board, panel.name), 0)
    chosen = next((pick.points for pick in board.picks if pick.panel == panel.name), ())
    return Clicks(f"marks-{panel.name}-{turn}", partial(act, board, panel), chosen, drilling.told(panel))


def act(board: "Board", panel: DataPanel, points: Sequence[Point], *, row: Point | None = None, figure: str | None = None) -> None:
    """For callbacks: `points` are what is chosen in the panel now; of a cell, `row` are the groups of its row, and `figure` is its column."""
    board.look_again()
    held = next((pick.points for pick in board.picks if pick.panel == panel.name), ())
    try:
        picks = picking.read(picking.written(picking.toggled(_others(board, panel), panel.name, points)))
    except (BadInput, ValueError):
        board.toast = "This cannot be filtered by. Click something else."
        return
    if panel.drill is not None:
        if points:
            drill(board, panel, points[0])
        return
    if tuple(points) == held:
        return
    if panel.click == "rows" or (points and not board.narrowed_by(picks, panel)):
        if points:
            show_rows(board, panel, row or points[0] if len(points) == 1 else None, points=points, figure=figure)
        return
    url.go(**{picking.KEY: picking.written(picks) or None})
    board.picked(picks, clicked=panel.name)


def show_rows(board: "Board", panel: DataPanel, point: Point | None, *, points: Sequence[Point] = (), figure: str | None = None) -> None:
    """Let the panel show the rows behind these marks when it is drawn next."""
    meant = Pick(panel=panel.name, points=tuple([point] if point else points))
    board.shows_rows_of, board.figure = panel.name, figure
    board.only = picking.conditions(meant, board.columns.get(panel.name, ()))


def _others(board: "Board", panel: DataPanel) -> tuple[Pick, ...]:
    return tuple(pick for pick in board.picks if pick.panel != panel.name)


def again(board: "Board", panel: str) -> None:
    """The panel's marks are drawn anew, with what is chosen now."""
    st.session_state[_turn(board, panel)] = st.session_state.get(_turn(board, panel), 0) + 1


def _turn(board: "Board", panel: str) -> str:
    return f"marks-turn-{board.opened.dashboard.name}-{panel}"


def drill(board: "Board", panel: DataPanel, point: Point) -> None:
    """Open what the panel leads to. For callbacks; ends them."""
    if panel.drill is None:
        return
    spec = board.opened.dashboard
    try:
        with transaction() as session:
            target = drilling.target(session, reader=board.user, drill=panel.drill, point=point, filters=spec.filters, values=board.values)
    except NexusError as error:
        board.toast = error.message
        return
    crumbs.go(target, came_from=spec.name)


def cells(board: "Board", panel: DataPanel, table: Table) -> CellClicks | None:
    """What a table needs so that its cells can be clicked; none where they cannot."""
    listening = of(board, panel)
    if listening is None:
        return None
    # A page keeps no rows, only what tells whether they are still the same: four bytes each.
    drawn = array("L", map(_trace, table.rows))

    def told(at: int | None, column: str) -> None:
        if at is None:
            listening.act(())
            return
        try:
            table = board.answer(panel).result()
        except NexusError as error:
            board.toast = error.message
            return
        row = _same(table, at, drawn)
        if row is None:
            again(board, panel.name)  # the grid would keep the cell, and say nothing of a second click on it
            board.toast = "The rows have changed meanwhile. Click once more."
            return
        board.drop(panel, table)
        figures = behind.figures(board.opened.view(panel.view).view)
        groups = [name for name in unique_names(table.columns) if name not in figures] if figures else []
        found = of_cell(board, panel, table, row, column)
        act(board, panel, (found,), row=point_of(table, row, groups) or None, figure=column)

    return CellClicks(listening.key, told)


def _trace(row: Sequence[Any]) -> int:
    return zlib.crc32(repr(row).encode(errors="surrogatepass"))


def _same(table: Table, at: int, drawn: Sequence[int]) -> Sequence[Any] | None:
    """The row that was drawn at a place, where it is in the table now; none where it is gone."""
    if not 0 <= at < len(drawn):
        return None
    if at < len(table.rows) and _trace(table.rows[at]) == drawn[at]:
        return table.rows[at]
    return next((row for row in table.rows if _trace(row) == drawn[at]), None)


def of_cell(board: "Board", panel: DataPanel, table: Table, row: Sequence[Any], column: str) -> Point:
    """What a click on a cell means: its column, or where no other panel knows that, the columns of its row that some know."""
    if panel.drill is not None:
        return point_of(table, row, tuple(dict.fromkeys((column, *drilling.told(panel)))))
    known = _known(board, panel)
    if column in known:
        return point_of(table, row, (column,))
    names = [name for name, of in zip(unique_names(table.columns), table.columns, strict=True) if name in known and of.kind != "number"]
    return point_of(table, row, names or (column,))


def _known(board: "Board", panel: DataPanel) -> set[str]:
    """Columns of the panel that mean something to another one: it has them too, or a filter stands for them."""
    others = {name for other, columns in board.columns.items() if other != panel.name for name in columns}
    there = {one.name for one in board.opened.dashboard.filters}
    return others | there | {column for column, name in panel.filtered.items() if name in there}


def choices(board: "Board", panel: DataPanel, table: Table) -> None:
    """The same without a mouse, and for figures and pivots: a column and one of its values, in a dialog."""
    names = unique_names(table.columns)
    shown = panel.columns if isinstance(panel, TablePanel) and panel.columns else names
    known = _known(board, panel) | set(drilling.told(panel))
    columns = [name for name in shown if name in names and name in known] or [name for name in shown if name in names]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        column = st.selectbox("Column", columns, key=f"by-column-{panel.name}", width=200)
        if column is None:
            return
        points = _bars(board, panel, table, column)
        for row in table.rows if not points else ():
            value = point_of(table, row, (column,))
            word = picking.words(Pick(panel=panel.name, points=(value,))).removeprefix(f"{column}: ") if value else ""
            if value and word not in points and len(points) < MOST_LISTED:
                points[word] = value | point_of(table, row, drilling.told(panel)) if panel.drill else value
        word = st.selectbox("Value", list(points), key=f"by-value-{panel.name}-{column}", width=260)
        label = "Open" if panel.drill else "Filter the page"
        if not st.button(label, key=f"by-act-{panel.name}", type="primary", disabled=word is None) or word is None:
            return
    if panel.drill:
        drill(board, panel, points[word])
        return
    if panel.click == "rows":
        show_rows(board, panel, points[word])
        board.redraw([panel])
        return
    picks = picking.toggled(_others(board, panel), panel.name, [points[word]])
    url.go(**{picking.KEY: picking.written(picks) or None})
    again(board, panel.name)
    st.rerun()


def _bars(board: "Board", panel: DataPanel, table: Table, column: str) -> dict[str, Point]:
    """What can be chosen of a histogram's own column: its bars. Nothing for any other."""
    view = board.opened.view(panel.view).view
    chart = (panel.chart or view.chart) if isinstance(panel, ChartPanel) else None
    if chart is None or chart.kind != "histogram" or chart.x != column:
        return {}
    return clicks.bars(chart, table, view.formats)


def draw_chips(board: "Board") -> None:
    """What was clicked, each with a way to take it back."""
    if not board.picks:
        return
    titles = {panel.name: panel.title or panel.name for panel in board.opened.dashboard.panels}
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="picks"):
        for pick in board.picks:
            words = plain(picking.words(pick)[:120])
            st.button(
                words,
                key=f"pick-{pick.panel}",
                icon=":material/close:",
                icon_position="right",
                help=f"Clicked in {plain(titles.get(pick.panel, pick.panel))}. Press to take it away.",
                on_click=remove,
                args=(board, pick.panel),
            )


def remove(board: "Board", panel: str) -> None:
    picks = tuple(pick for pick in board.picks if pick.panel != panel)
    url.go(**{picking.KEY: picking.written(picks) or None})
    board.look_again()
    board.picked(picks)
