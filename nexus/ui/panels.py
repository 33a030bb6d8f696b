"""Panels of a dashboard: each in a frame of its final size, drawn when its own data is there."""

import html
from datetime import UTC, datetime
from typing import Any, assert_never

import streamlit as st

from nexus.dashboards import showing
from nexus.dashboards.metric import metric
from nexus.dashboards.service import PanelWaits
from nexus.dashboards.showing import Before
from nexus.dashboards.spec import (
    ChartPanel,
    DividerPanel,
    MetricPanel,
    Panel,
    PromptPanel,
    SectionPanel,
    TablePanel,
    TextPanel,
)
from nexus.errors import NexusError
from nexus.sources.spec import Table
from nexus.ui import charts, metrics, panel_menu, picking, prompt, redrawing, tables, when
from nexus.ui.board import Board
from nexus.ui.forms import sentence
from nexus.ui.page import errors_shown
from nexus.ui.prose import draw_prose
from nexus.views.appearance import Chart
from nexus.views.charts import Beside
from nexus.views.spec import View

ROW = 64
GAP = 16
"""A panel of `height` rows covers the gaps between them: 80 pixels a row, less one gap."""
LARGE_ROW = 84
"""Of a wall screen."""
_FRAME = 2 * 12 + 2
"""Padding and border of a panel, in pixels; `panels.css` sets them."""
_HEAD, _FOOT, _BETWEEN = 22, 20, 6
COLUMN = 88
"""About what one of the twelve columns has in a common window, in pixels."""


def draw_panels(board: Board) -> None:
    """Draw the grid: frames and skeletons first, then each panel on its own thread as its answer comes."""
    grid = frame()
    for panel in board.panels:
        with grid.cell(column_span=panel.width, row_span=panel.height):
            st.fragment(draw_panel, parallel=True, key=board.key_of(panel))(board, panel)


def frame() -> Any:
    """The grid, for cells."""
    # The style sheet sets the height of the rows: given here, the browser would measure every panel again and again.
    return st.container(key="panels").grid(12, min_column_width=1, wrap=False, gap=GAP, border=True)


def draw_panel(board: Board, panel: Panel) -> None:
    """One panel in its cell. For fragments."""
    # Every element counts on a page of many panels: no container of its own, and one element for head and foot.
    with errors_shown():
        height = panel.height * ((LARGE_ROW if board.large else ROW) + GAP) - GAP - _FRAME - _HEAD - _BETWEEN
        match panel:
            case TextPanel():
                st.html(_head(panel))
                draw_prose(panel.text, region=panel.title or panel.name, height=height)
            case SectionPanel():
                note = f"<p>{html.escape(panel.note)}</p>" if panel.note else ""
                st.html(f'<div class="nexus-section" id="panel-{panel.name}"><h2>{html.escape(panel.title)}</h2>{note}</div>')
            case DividerPanel():
                st.html(f'<hr class="nexus-divider" id="panel-{panel.name}">')
            case PromptPanel() if not board.sees(panel.name):
                _draw_unseen(panel, height)
            case PromptPanel():
                _draw_prompt(board, panel, height)
            case TablePanel() | ChartPanel() | MetricPanel():
                _draw_data(board, panel, height - _FOOT - _BETWEEN)
            case _:
                assert_never(panel)
    board.drawn.add(panel.name)


def _head(panel: Panel, foot: str = "") -> str:
    note = f'<span class="nexus-note" title="{html.escape(panel.note)}">{html.escape(panel.note)}</span>' if panel.note else ""
    return f'<div class="nexus-panel-head" id="panel-{panel.name}"><h3>{html.escape(panel.title)}</h3>{note}</div>{foot}'


def _draw_prompt(board: Board, panel: PromptPanel, height: int) -> None:
    st.html(_head(panel))
    shown = None
    with st.container(height=height, border=False), errors_shown():
        as_table = panel.name in board.as_table
        shown = prompt.draw_prompt_panel(board.opened, panel, user=board.user, values=board.values, as_table=as_table)
    panel_menu.draw_menu(board, panel, shown)


def _draw_unseen(panel: Panel, height: int) -> None:
    st.html(_head(panel))
    st.skeleton(height=height)


def _draw_data(board: Board, panel: TablePanel | ChartPanel | MetricPanel, height: int) -> None:
    if not board.sees(panel.name):
        _draw_unseen(panel, height)
        return
    future = board.answer(panel)
    # On a fresh page a skeleton of the final size; later what is on screen stays until the answer is there.
    waits = not future.done() and panel.name not in board.drawn
    top: Any = st.html(_head(panel)) if waits else st
    body: Any = st.skeleton(height=height) if waits else st
    table = None
    try:
        table = redrawing.answer(board, future, body if waits else None)
        before = redrawing.answer(board, board.befores[panel.name], None) if panel.name in board.befores else None
        top.html(_head(panel, f'<div class="nexus-foot">{provenance(table)}</div>'))
        _draw_body(board, body, panel, table, height=height, before=before)
    except PanelWaits as error:
        top.html(_head(panel))
        body.html(f'<p class="nexus-waiting" role="status">{metrics.words(error.message)}</p>')
    except NexusError as error:
        if table is None:
            top.html(_head(panel))
        body.html(_sentence(error.message))
    board.drop(panel, table)
    panel_menu.draw_menu(board, panel, table)
    if board.toast:
        said, board.toast = board.toast, ""
        st.toast(sentence(said), icon=":material/info:")


def _sentence(message: str) -> str:
    return f'<p class="nexus-error" role="alert">{metrics.words(message)}</p>'


def _draw_body(
    board: Board, target: Any, panel: TablePanel | ChartPanel | MetricPanel, table: Table, *, height: int, before: Before | None
) -> None:
    view = board.opened.view(panel.view).view
    label, problem = panel.title or view.title, before.problem if before else ""
    if problem:
        target, height = target.container(gap="xxsmall"), height - charts.LINE - 6
    if not table.rows and not isinstance(panel, MetricPanel):
        target.html('<p class="nexus-waiting">No rows. Widen the filters, or clear them.</p>')
        return
    match panel:
        case ChartPanel() if (chart := panel.chart or view.chart) and panel.name not in board.as_table:
            charts.draw_chart(
                target,
                chart,
                table,
                formats=view.formats,
                height=height,
                label=label,
                width=panel.width * COLUMN - _FRAME,
                clicks=picking.of(board, panel),
                large=board.large,
                beside=_beside(board, panel, before),
            )
        case TablePanel() | ChartPanel():
            columns = panel.columns if isinstance(panel, TablePanel) else ()
            said = charts.beside_in_words(_chart_of(panel, view), table, view.formats, _beside(board, panel, before))
            if said:
                target, height = target.container(gap="xxsmall"), height - charts.LINE - 6
            listening = picking.cells(board, panel, table)
            tables.draw_table(target, table, formats=view.formats, columns=columns, height=height, label=label, clicks=listening)
            if said:
                target.html(f'<p class="nexus-left-out" title="{html.escape(said)}">{html.escape(said)}</p>')
        case MetricPanel():
            target.html(metrics.markup(metric(panel, table, view.formats, before)))
        case _:
            assert_never(panel)
    if problem:
        target.html(f'<p class="nexus-left-out">{html.escape(problem)}</p>')


def _chart_of(panel: Panel, view: View) -> Chart | None:
    return panel.chart or view.chart if isinstance(panel, ChartPanel) else None


def _beside(board: Board, panel: Panel, before: Before | None) -> Beside:
    return showing.beside(panel, before, [one.note for one in board.opened.annotations])


def provenance(table: Table) -> str:
    """When, how long, how many rows, all or not: as HTML, made of numbers and our own words alone."""
    read = table.read_at.astimezone(when.zone())
    moment = f'<time datetime="{table.read_at.isoformat()}" title="{read:%Y-%m-%d %H:%M:%S} {html.escape(str(read.tzinfo))}">{read:%H:%M:%S}</time>'
    parts = [
        f"{table.row_count:,} row{'' if table.row_count == 1 else 's'}",
        f'<strong class="nexus-cut">{html.escape(table.truncated_because or "cut")}</strong>' if table.truncated else "complete",
    ]
    if table.cached:
        age = max(0, (datetime.now(UTC) - read).total_seconds())
        parts.append(f'<span class="nexus-cached">cached {age:.0f} s ago</span>')
    took = f'<span class="nexus-took">{table.elapsed_ms / 1000:.2f} s · </span>'
    return f'<span class="nexus-when">{moment} · </span>{took}' + " · ".join(parts)
