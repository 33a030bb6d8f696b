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
from nexus.dashboards.narrowing import Contradiction, Narrowed
from nexus.dashboards.picks import Pick
from nexus.dashboards.service import OpenDashboard, PanelBroken, PanelWaits
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
from nexus.ui import charts, filters, metrics, picking, prompt, tables, url, when
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown
from nexus.ui.prose import draw_prose
from nexus.views.columns import unique_names
from nexus.views.excerpt import words
from nexus.views.offered import Offered, narrowing
from nexus.views.page import written_filters
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.question import Condition

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
REFRESH, ROWS, FILTER_BY = "Refresh", "Rows and query", "Choose a value"
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
    filters_by: str | None = None
    """The panel of which a value is being chosen."""
    as_table: set[str] = field(default_factory=set)
    """Charts that somebody asked to read as a table."""
    tab: str | None = None
    """The one that is open."""
    picks: tuple[Pick, ...] = ()
    """What was clicked, and narrows the other panels."""
    listens: bool = False
    """Marks and cells can be clicked."""
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of the columns of each panel that has answered."""
    offers: dict[str, Future[Offered]] = field(default_factory=dict)
    """What the choices among the filters offer, under way or known."""
    offered_for: dict[str, Any] = field(default_factory=dict)
    """The values that choices were looked for last."""
    toast: str = ""
    """What a click could not do: one sentence, said by the panel when it is drawn next."""
    redraw_also: tuple[str, ...] = ()
    """Keys of fragments that every change draws anew."""
    only: tuple[Condition, ...] = ()
    """Of the rows that are shown of a panel: those of the mark that was clicked."""

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
        return dashboards.ask_panel(self.opened, panel, reader=self.user, values=values, picks=self.picks, fresh=fresh)

    def offer(self, filters: Iterable[Parameter], values: dict[str, Any]) -> None:
        """Start to look for what choices offer, together and beside the panels."""
        wanted = [one for one in filters if isinstance(one, ChoiceParameter | MultipleChoiceParameter)]
        if not wanted:
            return
        self.offered_for = dict(values)
        pool = ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(wanted)), thread_name_prefix="choices")
        for one in wanted:
            self.offers[one.name] = pool.submit(copy_context().run, self.offered, one, dict(values))
        pool.shutdown(wait=False)

    def offered(self, one: Parameter, values: dict[str, Any], search: str = "") -> Offered:
        return dashboards.filter_choices(self.opened, one, reader=self.user, values=values, search=search)

    def drop(self, panel: DataPanel, table: Table | None) -> None:
        """The panel is drawn: what is on screen is in the browser, and the rows need no second place here."""
        if table is None:
            self.read_at.pop(panel.name, None)
        else:
            self.read_at[panel.name] = table.read_at
            self.columns[panel.name] = unique_names(table.columns)
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
        affected = [panel for panel in self.panels if panel.name not in self.drawn or self._differs(panel, values, self.picks)]
        dependent = self.offer_again(values)
        self.values = values
        self.ask(affected)
        self.redraw(affected, dependent)

    def offer_again(self, values: dict[str, Any]) -> list[str]:
        """The choices that other values narrow otherwise than before; the keys of their boxes."""
        spec, held = self.opened.dashboard, self.offered_for
        others = [one for one in spec.filters if narrowing(one, spec.filters, values) != narrowing(one, spec.filters, held)]
        self.offer(others, values)
        return [filters.choice_key(spec.name, one.name) for one in others]

    def picked(self, picks: tuple[Pick, ...], *, clicked: str | None = None) -> None:
        """Other marks are chosen: ask again what depends on them. In the panel that was `clicked` they are seen already."""
        if not self.whole:
            return
        affected = [panel for panel in self.panels if panel.name not in self.drawn or self._differs(panel, self.values, picks)]
        held = [{pick.panel: pick.points for pick in some} for some in (self.picks, picks)]
        marked = {name for name in {*held[0], *held[1]} if held[0].get(name) != held[1].get(name)} - {clicked}
        for name in marked:
            picking.again(self, name)
        self.picks = picks
        self.ask(affected)
        self.redraw([panel for panel in self.panels if panel in affected or panel.name in marked])

    def narrowed_by(self, picks: tuple[Pick, ...], clicked: DataPanel) -> bool:
        """Whether another panel, on any tab, shows other rows for `picks`. One that is not drawn yet may."""
        panels = [one for one in self.opened.dashboard.panels if isinstance(one, DataPanel) and one.name != clicked.name]
        return any(one.name not in self.columns or self._differs(one, self.values, picks) for one in panels)

    def look_again(self) -> None:
        """The rights of now: a page stays open for long, and what is shared may be taken back meanwhile. For callbacks; may end them."""
        try:
            with transaction() as session:
                self.opened = dashboards.still_readable(session, reader=self.user, opened=self.opened)
        except NexusError:
            # The page says it, where there was one.
            st.rerun()

    def redraw(self, panels: Iterable[Panel], more: Iterable[str] = ()) -> None:
        """Run the fragments of `panels`, of the head, and those of the keys in `more`. For callbacks; ends them."""
        if not self.whole:
            return
        st.rerun([*(_key(panel) for panel in panels), HEAD, picking.CHIPS, *more, *self.redraw_also])

    def _differs(self, panel: Panel, values: dict[str, Any], picks: tuple[Pick, ...]) -> bool:
        match panel:
            case TextPanel() | SectionPanel() | DividerPanel():
                return False
            case PromptPanel():
                return values != self.values
            case _:
                columns = self.columns.get(panel.name)
                if columns is None and picks != self.picks:
                    return True
                try:
                    now, then = (
                        (self._narrowed(panel, *held, columns or ()), dashboards.waits_for(self.opened, panel, held[0]))
                        for held in ((values, picks), (self.values, self.picks))
                    )
                except PanelBroken:
                    return False
                return now != then

    def _narrowed(self, panel: DataPanel, values: dict[str, Any], picks: tuple[Pick, ...], columns: tuple[str, ...]) -> Narrowed | str:
        try:
            return dashboards.panel_narrowed(self.opened, panel, values, picks, columns)
        except Contradiction as error:
            return error.message


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
        _draw_body(board, body, panel, table, height)
    except PanelWaits as error:
        top.html(_head(panel))
        body.html(f'<p class="nexus-waiting" role="status">{metrics.words(error.message)}</p>')
    except NexusError as error:
        if table is None:
            top.html(_head(panel))
        body.html(_sentence(error.message))
    board.drop(panel, table)
    key = f"more-{panel.name}"
    st.menu_button(
        f"More on {plain(panel.title or panel.name)}",
        [*_other_look(board, panel), REFRESH, ROWS, *([FILTER_BY] if picking.of(board, panel) else [])],
        icon=":material/more_horiz:",
        type="tertiary",
        key=key,
        on_click=_choose,
        args=(board, panel, key),
    )
    if board.toast:
        said, board.toast = board.toast, ""
        st.toast(sentence(said), icon=":material/info:")
    if board.shows_rows_of == panel.name and table:
        only, board.shows_rows_of, board.only = board.only, None, ()
        st.dialog(plain(panel.title or panel.name), width="large")(_draw_more)(board, panel, table, only)
    if board.filters_by == panel.name and table:
        board.filters_by = None
        st.dialog(plain(panel.title or panel.name))(picking.choices)(board, panel, table)


def _choose(board: Board, panel: DataPanel, key: str) -> None:
    # Through the board, which a full run replaces: a dialog can only open from a fragment's own run.
    board.look_again()
    chosen = st.session_state.get(key)
    if chosen == REFRESH:
        board.ask([panel], fresh=True)
    elif chosen in (AS_TABLE, AS_CHART):
        board.as_table ^= {panel.name}
    elif chosen == FILTER_BY:
        board.filters_by = panel.name
    else:
        board.only = ()
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


def _draw_body(board: Board, target: Any, panel: TablePanel | ChartPanel | MetricPanel, table: Table, height: int) -> None:
    view = board.opened.view(panel.view).view
    label = panel.title or view.title
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
            )
        case TablePanel() | ChartPanel():
            columns = panel.columns if isinstance(panel, TablePanel) else ()
            listening = picking.cells(board, panel, table)
            tables.draw_table(target, table, formats=view.formats, columns=columns, height=height, label=label, **listening)
        case MetricPanel():
            target.html(metrics.markup(metric(panel, table, view.formats)))
        case _:
            assert_never(panel)


def _draw_more(board: Board, panel: DataPanel, table: Table, only: tuple[Condition, ...] = ()) -> None:
    """The rows behind a panel, or behind the mark that was clicked: as a table that a screen reader reads, as a file, and as the query."""
    opened = board.opened.view(panel.view)
    view = opened.view
    narrowed = dashboards.rows_narrowed(board.opened, panel, reader=board.user, values=board.values, picks=board.picks)
    if only:
        table = dashboards.ask_panel(board.opened, panel, reader=board.user, values=board.values, picks=board.picks, only=only)
        st.caption(plain(" · ".join(words(one) for one in only)))
    tables.draw_table(st, table, formats=view.formats, height=360, label=f"Rows of {panel.title or view.title}")
    where = (*narrowed.where, *only)
    more = {"g.where": written_filters(where)} if where else {}
    with st.container(horizontal=True):
        st.link_button(
            "Download CSV", url.link(f"/views/{view.name}.csv", view.parameters, narrowed.values, **more), icon=":material/download:"
        )
        st.link_button("Open view", url.page("/view", view.parameters, narrowed.values, name=view.name, **more), icon=":material/table:")
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
