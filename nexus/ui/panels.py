"""Panels of a dashboard: each in a frame of its final size, drawn when its own data is there."""

import html
import time
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, assert_never

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards import service as dashboards
from nexus.dashboards.metric import metric
from nexus.dashboards.service import OpenDashboard, PanelBroken
from nexus.dashboards.spec import (
    ChartPanel,
    DataPanel,
    DividerPanel,
    MetricPanel,
    Panel,
    PanelBase,
    PromptPanel,
    SectionPanel,
    TablePanel,
    TextPanel,
)
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources.spec import Table
from nexus.ui import charts, metrics, prompt, tables, url, when
from nexus.ui.forms import plain
from nexus.ui.page import errors_shown
from nexus.ui.prose import draw_prose
from nexus.views.spec import View

STYLE = Path(__file__).parent / "static" / "panels.css"
HEAD, AS_OF = "dashboard-head", "dashboard-as-of"
ROW = 64
GAP = 16
"""A panel of `height` rows covers the gaps between them: 80 pixels a row, less one gap."""
_FRAME = 2 * 12 + 2
"""Padding and border of a panel, in pixels; `panels.css` sets them."""
_HEAD, _FOOT, _BETWEEN = 22, 20, 6
COLUMN = 88
"""About what one of the twelve columns has in a common window, in pixels."""
_AT_ONCE = 8
_SLOW_SECONDS = 1.0
REFRESH, ROWS = "Refresh", "Rows and query"
AS_TABLE, AS_CHART = "As a table", "As a chart"


@dataclass
class Board:
    """One drawing of a dashboard: what its fragments and callbacks share until the page runs anew."""

    opened: OpenDashboard
    user: User
    values: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Future[Table]] = field(default_factory=dict)
    read_at: dict[str, datetime] = field(default_factory=dict)
    drawn: set[str] = field(default_factory=set)
    favourite: bool = False
    whole: bool = False
    """The page has been drawn to its end, so that fragments alone can bring it up to date."""
    shows_rows_of: str | None = None
    as_table: set[str] = field(default_factory=set)
    """Charts that somebody asked to read as a table."""
    tab: str | None = None
    """The one that is open."""

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Those that are on the page: only these are asked."""
        return self.opened.dashboard.on(self.tab)

    def answer(self, panel: DataPanel) -> Future[Table]:
        """The question of `panel` under way, or a new one."""
        if panel.name not in self.answers:
            self.ask([panel])
        return self.answers[panel.name]

    def ask(self, panels: Iterable[PanelBase], *, fresh: bool = False) -> None:
        """Start the questions of `panels` together, each on a thread of its own. Equal ones are asked once by the source."""
        asked = [panel for panel in panels if isinstance(panel, DataPanel)]
        if not asked:
            return
        pool = ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(asked)), thread_name_prefix="panel")
        for panel in asked:
            self.answers[panel.name] = pool.submit(copy_context().run, self._ask, panel, dict(self.values), fresh)
        pool.shutdown(wait=False)

    def _ask(self, panel: DataPanel, values: dict[str, Any], fresh: bool) -> Table:
        return dashboards.ask_panel(self.opened, panel, reader=self.user, values=values, fresh=fresh)

    def drop(self, panel: DataPanel, table: Table | None) -> None:
        """The panel is drawn: what is on screen is in the browser, and the rows need no second place here."""
        if table is None:
            self.read_at.pop(panel.name, None)
        else:
            self.read_at[panel.name] = table.read_at
        self.answers.pop(panel.name, None)

    def pending(self) -> list[Future[Table]]:
        """The questions without an answer yet. One that is answered counts no more, drawn or not: who waits for these would turn in circles."""
        return [future for future in list(self.answers.values()) if not future.done()]

    def oldest(self) -> datetime | None:
        """Of the answers that are there, drawn or about to be."""
        arrived = [future.result().read_at for future in list(self.answers.values()) if future.done() and not future.exception()]
        return min([*self.read_at.values(), *arrived], default=None)

    def changed(self, values: dict[str, Any]) -> None:
        """A person changed a filter: ask again what depends on it, and draw only that.

        Before the page was drawn to its end nothing is done here, and it is drawn anew as a whole.
        """
        if not self.whole:
            return
        self.look_again()
        affected = [panel for panel in self.panels if panel.name not in self.drawn or self._differs(panel, values)]
        self.values = values
        self.ask(affected)
        self.redraw(affected)

    def look_again(self) -> None:
        """The rights of now: a page stays open for long, and what is shared may be taken back meanwhile. For callbacks; may end them."""
        try:
            with transaction() as session:
                self.opened = dashboards.still_readable(session, reader=self.user, opened=self.opened)
        except NexusError:
            # The page says it, where there was one.
            st.rerun()

    def redraw(self, panels: Iterable[Panel]) -> None:
        """Run the fragments of `panels` and of the head. For callbacks; ends them."""
        if not self.whole:
            return
        st.rerun([*(_key(panel) for panel in panels), HEAD])

    def _differs(self, panel: Panel, values: dict[str, Any]) -> bool:
        match panel:
            case TextPanel() | SectionPanel() | DividerPanel():
                return False
            case PromptPanel():
                return True
            case _:
                try:
                    return dashboards.panel_values(self.opened, panel, values) != dashboards.panel_values(self.opened, panel, self.values)
                except PanelBroken:
                    return False


def draw_panels(board: Board) -> None:
    """Draw the grid: frames and skeletons first, then each panel on its own thread as its answer comes."""
    # The style sheet sets the height of the rows: given here, the browser would measure every panel again and again.
    grid = st.container(key="panels").grid(12, min_column_width=1, wrap=False, gap=GAP, border=True)
    for panel in board.panels:
        with grid.cell(column_span=panel.width, row_span=panel.height):
            st.fragment(_draw, parallel=True, key=_key(panel))(board, panel)


def _key(panel: Panel) -> str:
    return f"panel-{panel.name}"


def _draw(board: Board, panel: Panel) -> None:
    # Every element counts on a page of many panels: no container of its own, and one element for head and foot.
    with errors_shown():
        height = panel.height * (ROW + GAP) - GAP - _FRAME - _HEAD - _BETWEEN
        match panel:
            case TextPanel():
                st.html(_head(panel))
                draw_prose(panel.text)
            case SectionPanel():
                note = f"<p>{html.escape(panel.note)}</p>" if panel.note else ""
                st.html(f'<div class="nexus-section" id="panel-{panel.name}"><h2>{html.escape(panel.title)}</h2>{note}</div>')
            case DividerPanel():
                st.html(f'<hr class="nexus-divider" id="panel-{panel.name}">')
            case PromptPanel():
                st.html(_head(panel))
                with st.container(height=height, border=False):
                    prompt.draw_prompt_panel(board.opened, panel, user=board.user, values=board.values)
            case TablePanel() | ChartPanel() | MetricPanel():
                _draw_data(board, panel, height - _FOOT - _BETWEEN)
            case _:
                assert_never(panel)
    board.drawn.add(panel.name)


def _head(panel: Panel, foot: str = "") -> str:
    note = f'<span class="nexus-note" title="{html.escape(panel.note)}">{html.escape(panel.note)}</span>' if panel.note else ""
    return f'<div class="nexus-panel-head" id="panel-{panel.name}"><h3>{html.escape(panel.title)}</h3>{note}</div>{foot}'


def _draw_data(board: Board, panel: TablePanel | ChartPanel | MetricPanel, height: int) -> None:
    future = board.answer(panel)
    # On a fresh page a skeleton of the final size; later what is on screen stays until the answer is there.
    waits = not future.done() and panel.name not in board.drawn
    top: Any = st.html(_head(panel)) if waits else st
    body: Any = st.skeleton(height=height) if waits else st
    table = None
    try:
        table = _wait(future, body if waits else None)
        top.html(_head(panel, f'<div class="nexus-foot">{provenance(table)}</div>'))
        _draw_body(body, panel, board.opened.view(panel.view).view, table, height, as_table=panel.name in board.as_table)
    except NexusError as error:
        if table is None:
            top.html(_head(panel))
        body.html(_sentence(error.message))
    board.drop(panel, table)
    key = f"more-{panel.name}"
    st.menu_button(
        f"More on {plain(panel.title or panel.name)}",
        [*_other_look(board, panel), REFRESH, ROWS],
        icon=":material/more_horiz:",
        type="tertiary",
        key=key,
        on_click=_choose,
        args=(board, panel, key),
    )
    if board.shows_rows_of == panel.name and table:
        board.shows_rows_of = None
        st.dialog(plain(panel.title or panel.name), width="large")(_draw_more)(board, panel, table)


def _choose(board: Board, panel: DataPanel, key: str) -> None:
    # Through the board, which a full run replaces: a dialog can only open from a fragment's own run.
    board.look_again()
    chosen = st.session_state.get(key)
    if chosen == REFRESH:
        board.ask([panel], fresh=True)
    elif chosen in (AS_TABLE, AS_CHART):
        board.as_table ^= {panel.name}
    else:
        board.shows_rows_of = panel.name


def _other_look(board: Board, panel: DataPanel) -> list[str]:
    """A chart is a table for those who would rather read it."""
    if not isinstance(panel, ChartPanel):
        return []
    return [AS_CHART if panel.name in board.as_table else AS_TABLE]


def _sentence(message: str) -> str:
    return f'<p class="nexus-error" role="alert">{metrics.words(message)}</p>'


def _wait(future: Future[Table], slot: Any) -> Table:
    """The answer. Says how long it has been waiting, which is also where Streamlit may stop the run."""
    began = time.monotonic()
    while True:
        try:
            return future.result(timeout=_SLOW_SECONDS)
        except NotYet:
            if slot is not None:
                slot.html(f'<p class="nexus-waiting" role="status">Still running, {time.monotonic() - began:.0f} s</p>')


def _draw_body(
    target: Any, panel: TablePanel | ChartPanel | MetricPanel, view: View, table: Table, height: int, *, as_table: bool = False
) -> None:
    label = panel.title or view.title
    if not table.rows and not isinstance(panel, MetricPanel):
        target.html('<p class="nexus-waiting">No rows. Widen the filters, or clear them.</p>')
        return
    match panel:
        case TablePanel():
            tables.draw_table(target, table, formats=view.formats, columns=panel.columns, height=height, label=label)
        case ChartPanel() if (chart := panel.chart or view.chart) and not as_table:
            charts.draw_chart(target, chart, table, formats=view.formats, height=height, label=label, width=panel.width * COLUMN - _FRAME)
        case ChartPanel():
            tables.draw_table(target, table, formats=view.formats, height=height, label=label)
        case MetricPanel():
            target.html(metrics.markup(metric(panel, table, view.formats)))
        case _:
            assert_never(panel)


def _draw_more(board: Board, panel: DataPanel, table: Table) -> None:
    """The rows behind a panel, as a table that a screen reader reads, as a file, and as the query."""
    view = board.opened.view(panel.view).view
    tables.draw_table(st, table, formats=view.formats, height=360, label=f"Rows of {panel.title or view.title}")
    values = dashboards.panel_values(board.opened, panel, board.values)
    with st.container(horizontal=True):
        st.link_button("Download CSV", url.link(f"/views/{view.name}.csv", view.parameters, values), icon=":material/download:")
        st.link_button("Open view", url.page("/view", view.parameters, values, name=view.name), icon=":material/table:")
    st.code(table.query.sql.strip(), language="sql", wrap_lines=True, height=200)


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
