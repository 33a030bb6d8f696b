"""What a dashboard or a view becomes on paper, block by block: asked, drawn, and each with its record for the ledger."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

from nexus.accounts.spec import User
from nexus.dashboards import service as dashboards
from nexus.dashboards import showing
from nexus.dashboards.picks import Pick
from nexus.dashboards.service import OpenDashboard, PanelHidden
from nexus.dashboards.showing import Before
from nexus.dashboards.spec import DataPanel, DividerPanel, Panel, PromptPanel, SectionPanel, TablePanel, TextPanel
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import originals
from nexus.prompts import service as prompts
from nexus.reports import document, panels, recorded, snapshot
from nexus.reports import press as presses
from nexus.reports.circumstances import Circumstances
from nexus.reports.document import Failed, Grid
from nexus.reports.keeping import Block
from nexus.sources.spec import Table
from nexus.sources.spool import run_whole
from nexus.views import values as typed
from nexus.views.service import OpenView

QUERIES_AT_ONCE = 6
"""Of one report. The source's own limit holds over all of them."""
PREVIEWED = 4_000
"""Cells of tables that a preview has."""


def whole_table(table: Table, ask: Callable[..., Table], *, short: bool) -> Table:
    """The rows that a page may hold, or all of them where there are more, as many as are ever printed. Raises TooLong with `short`."""
    if not table.truncated:
        return table
    most = presses.LONG if short else panels.MOST_CELLS
    whole = ask(read=run_whole, max_rows=max(most // max(len(table.columns), 1), 1))
    if short and whole.truncated:
        raise presses.TooLong()
    return whole


def dashboard_blocks(opened: OpenDashboard, how: Circumstances, *, values: Mapping[str, Any], picks: Sequence[Pick]) -> list[Block]:
    """All panels, their queries asked together, in the order of the dashboard."""
    asked = [panel for panel in opened.dashboard.panels if isinstance(panel, DataPanel)]
    with ThreadPoolExecutor(QUERIES_AT_ONCE, thread_name_prefix="report") as pool:
        # The context carries whose request this is into the log.
        running = {
            panel.name: pool.submit(
                copy_context().run,
                _rows,
                opened,
                panel,
                how,
                values=values,
                picks=picks,
            )
            for panel in asked
        }
        before = {
            panel.name: pool.submit(
                copy_context().run,
                showing.ask_before,
                opened,
                panel,
                reader=how.user,
                values=values,
                picks=picks,
                purpose="report",
                cancelled=how.cancelled,
            )
            for panel in asked
            if showing.compares(panel)
        }
        answers: dict[str, Callable[[], Table]] = {name: future.result for name, future in running.items()}
        blocks: list[Block] = []
        cells = panels.MOST_CELLS if how.whole else PREVIEWED
        for tab, on_tab in opened.dashboard.pages():
            blocks += [Block(panels.heading(tab))] if tab and on_tab else []
            for panel in on_tab:
                earlier = before[panel.name].result() if panel.name in before else None
                block = _block(opened, panel, how, answers, values=values, cells=cells, before=earlier)
                if isinstance(block.block, Grid):
                    cells -= len(block.block.rows) * len(block.block.heads)
                blocks.append(block)
    return blocks


def _rows(opened: OpenDashboard, panel: DataPanel, how: Circumstances, *, values: Mapping[str, Any], picks: Sequence[Pick]) -> Table:
    """A table's rows are all printed; a chart has those that it has on screen."""

    def ask(**more: Any) -> Table:
        return dashboards.ask_panel(
            opened, panel, reader=how.user, values=values, picks=picks, purpose="report", cancelled=how.cancelled, **more
        )

    return whole_table(ask(), ask, short=how.short) if isinstance(panel, TablePanel) and how.whole else ask()


def _block(
    opened: OpenDashboard,
    panel: Panel,
    how: Circumstances,
    answers: Mapping[str, Callable[[], Table]],
    *,
    values: Mapping[str, Any],
    cells: int,
    before: Before | None = None,
) -> Block:
    match panel:
        case TextPanel():
            return Block(panels.text(panel), said=lambda: snapshot.of_text(panel.name, panel.title, panel.text))
        case PromptPanel():
            return _answer(opened, panel, user=how.user, values=values)
        case SectionPanel():
            return Block(panels.heading(panel))
        case DividerPanel():
            return Block(panels.divider(panel))
        case _:
            record = {"panel": panel.name, "view": panel.view}
            try:
                table, view = answers[panel.name](), opened.view(panel.view)
                taken = dashboards.panel_values(opened, panel, values)
                notes = [one.note for one in opened.annotations]
                shown = panels.data(
                    panel, table, view, taken, zone=how.zone, cells=cells, totals=how.layout.totals, before=before, notes=notes
                )
            except PanelHidden as error:
                return _failed(panel, error, {"panel": panel.name})
            except NexusError as error:
                return _failed(panel, error, record)
            return Block(
                shown,
                record | _record(table, view, taken, shown),
                lambda: snapshot.of_data(panel, table, view, reader=how.user, zone=how.zone),
            )


def _failed(panel: Panel, error: NexusError, record: dict[str, Any] | None) -> Block:
    """The sentence instead of the panel, on paper and in the record; without `record` the panel asks nothing that is recorded."""
    query = None if record is None else {**record, "error": error.message}
    said = snapshot.of_text(panel.name, panel.title, error.message, kind="failed")
    return Block(panels.failed(panel, error.message), query, lambda: said)


def _answer(opened: OpenDashboard, panel: PromptPanel, *, user: User, values: Mapping[str, Any]) -> Block:
    """The latest answer to these filters. Nothing is sent anywhere by printing."""
    try:
        with transaction() as session:
            found = prompts.open_on_dashboard(session, reader=user, name=panel.prompt, owner=opened.owner)
        prompt = found.opened.prompt
        taken = typed.check(prompt.variables, prompts.take(prompt.variables, values))
        run = found.answer_for(prompts.variables_of(prompt, taken, filters=opened.dashboard.filters, filter_values=values))
    except NexusError as error:
        return _failed(panel, error, None)
    if run is None:
        return _failed(panel, NexusError("This prompt has not been run with these filters."), None)
    stand_ins = originals.known(reader=user, run=run)
    query = {"panel": panel.name, "prompt": run.prompt, "version": run.prompt_version, "run": run.id} | restored(stand_ins)
    said = snapshot.of_text(panel.name, panel.title or run.prompt_title, run.answer or run.error or "")
    try:
        draw = panels.answer if panel.shows == "answer" else recorded.block
        shown = draw(panel, run, stand_ins)
    except NexusError as error:
        return _failed(panel, error, query)
    return Block(shown, {**query, "views": [block.view for block in run.blocks]}, lambda: said)


def restored(found: Mapping[str, str]) -> dict[str, Any]:
    """For the record: the pseudonyms that were printed as what stands for them, which itself is not in it."""
    return {"originals": sorted(found)} if found else {}


def _record(table: Table, view: OpenView, values: Mapping[str, Any], block: document.Panel) -> dict[str, Any]:
    return {
        "version": view.version,
        "parameters": typed.unparse(view.view.parameters, values),
        "rows": table.row_count,
        "printed_rows": len(block.rows) if isinstance(block, Grid) else table.row_count,
        "complete": block.asked is not None and not block.asked.cut,
        "elapsed_ms": round(table.elapsed_ms, 1),
        "read_at": table.read_at.isoformat(),
        "cached": table.cached,
    }


def view_blocks(opened: OpenView, how: Circumstances, table: Table, values: Mapping[str, Any]) -> list[Block]:
    view = opened.view
    shown = {"title": "Rows" if view.chart else view.title, "width": 12}
    rows = panels.grid(
        table,
        opened,
        values,
        shown=shown,
        columns=(),
        zone=how.zone,
        cells=panels.MOST_CELLS if how.whole else PREVIEWED,
        totals=how.layout.totals,
    )
    record = {"panel": "rows", "view": view.name} | _record(table, opened, values, rows)
    blocks = [Block(rows, record, lambda: snapshot.of_rows(table, opened, reader=how.user, name="rows", title=view.title, zone=how.zone))]
    if view.chart is not None:
        try:
            blocks.insert(
                0, Block(panels.picture(view.chart, table, opened, values, shown={"title": view.title, "width": 12, "height": 6}))
            )
        except NexusError as error:
            blocks.insert(0, Block(Failed(title=view.title, width=12, sentence=error.message)))
    return blocks
