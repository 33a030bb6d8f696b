"""Reports: print a dashboard, a view or a prompt's answer, list what was printed, hand it out again."""

import hashlib
import logging
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import IO, Any

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import service as dashboards
from nexus.dashboards import showing
from nexus.dashboards.service import OpenDashboard, PanelHidden
from nexus.dashboards.showing import Before
from nexus.dashboards.spec import Dashboard, DataPanel, DividerPanel, Panel, PromptPanel, SectionPanel, TablePanel, TextPanel
from nexus.db.session import Session, transaction
from nexus.errors import NexusError, NotFound
from nexus.prompts import service as prompts
from nexus.reports import browser, document, panels, store
from nexus.reports import press as presses
from nexus.reports.browser import PrintBrowser
from nexus.reports.document import Document, Failed, Grid
from nexus.reports.layout import Layout
from nexus.reports.press import Told
from nexus.reports.seal import Seal
from nexus.reports.spec import Kind, Report
from nexus.sources.spec import Table
from nexus.sources.spool import run_whole
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.excerpt import Excerpt, query_of_excerpt
from nexus.views.parameter import Parameter
from nexus.views.service import OpenView
from nexus.views.spec import View

log = logging.getLogger(__name__)

QUERIES_AT_ONCE = 6
"""Of one report. The source's own limit holds over all of them."""
LISTED = 100
KEPT_WHOLE = 4 * 1024 * 1024
"""A file up to here lies in its record; a larger one in parts of so many bytes, so that none takes more memory."""


def _untold(_: presses.Progress) -> None:
    """Nobody asks how far it is."""


def _uncancelled() -> bool:
    return False


class ReportNotFound(NotFound):
    message = "This report no longer exists, or it is someone else's. Open another from the list."


@dataclass(frozen=True)
class _Subject:
    """What is printed."""

    kind: Kind
    name: str
    title: str
    description: str
    version: int
    filters: Mapping[str, list[str]]
    """As they stand in a URL."""
    shown: Sequence[tuple[str, str]]
    """The filters, and what part of it is printed, as label and text."""


def _subject(kind: Kind, spec: Dashboard | View, version: int, filters: Sequence[Parameter], values: Mapping[str, Any]) -> _Subject:
    shown, kept = typed.describe(filters, values), typed.unparse(filters, values)
    return _Subject(kind, spec.name, spec.title, spec.description, version, kept, tuple(shown))


@dataclass(frozen=True)
class _Block:
    """A block of the document, and what the record says of its query; nothing for a panel without data."""

    block: document.Panel
    query: dict[str, Any] | None = None


def print_dashboard(
    *,
    user: User,
    name: str,
    values: Mapping[str, Any],
    layout: Layout,
    zone: tzinfo = UTC,
    printer: PrintBrowser | None = None,
    seal: Seal | None = None,
    told: Told = _untold,
    cancelled: Callable[[], bool] = _uncancelled,
) -> Report:
    """Print a dashboard as the person sees it with these values of its filters, and keep it.

    A panel that cannot be read says so on paper; the others stand. Raises NotFound, BadInput for a value
    that does not fit its filter, what the print browser raises, and what `told` does, which hears how far it is. With `seal`
    the file is behind a password, also in the ledger.
    """
    require(user, Permission.SEE)
    started = time.monotonic()
    with transaction() as session:
        opened = dashboards.open_dashboard(session, reader=user, name=name)
    spec = opened.dashboard
    checked = typed.check(spec.filters, values)
    subject = _subject("dashboard", spec, opened.version, spec.filters, checked)
    blocks = _blocks(opened, user=user, values=checked, zone=zone, layout=layout, cancelled=cancelled)
    return _keep(started, subject, blocks, user=user, layout=layout, zone=zone, printer=printer or browser.ours(), seal=seal, told=told)


def print_view(
    *,
    user: User,
    name: str,
    values: Mapping[str, Any],
    layout: Layout,
    zone: tzinfo = UTC,
    excerpt: Excerpt | None = None,
    printer: PrintBrowser | None = None,
    seal: Seal | None = None,
    told: Told = _untold,
    cancelled: Callable[[], bool] = _uncancelled,
) -> Report:
    """Print a view, or an excerpt of it, with its chart, when it has one, and all rows, up to a million cells.

    Raises as `print_dashboard`.
    """
    require(user, Permission.SEE)
    started = time.monotonic()
    with transaction() as session:
        opened = views.find_view(session, reader=user, name=name)
    spec = opened.view
    checked = typed.check(spec.parameters, values)
    asked = query_of_excerpt(opened, reader=user, values=checked, excerpt=excerpt) if excerpt and not excerpt.whole else None
    subject = _subject("view", spec, opened.version, spec.parameters, checked)
    if excerpt:
        subject = replace(subject, shown=(*subject.shown, *excerpt.words()))

    def ask(**how: Any) -> Table:
        return views.ask(opened, reader=user, values=checked, purpose="report", asked=asked, cancelled=cancelled, **how)

    table = _whole(ask(), ask)
    blocks = _view_blocks(opened, table, checked, zone=zone, layout=layout)
    return _keep(started, subject, blocks, user=user, layout=layout, zone=zone, printer=printer or browser.ours(), seal=seal, told=told)


def print_prompt_run(
    *,
    user: User,
    run_id: int,
    layout: Layout,
    zone: tzinfo = UTC,
    printer: PrintBrowser | None = None,
    seal: Seal | None = None,
    told: Told = _untold,
) -> Report:
    """Print an answer as it was recorded, with what it was given. Nothing is asked again, of the data or of Gemini.

    Raises NotFound, and what the print browser raises.
    """
    require(user, Permission.SEE)
    started = time.monotonic()
    with transaction() as session:
        run = prompts.find_run(session, reader=user, run_id=run_id)
    texts = {name: list(map(str, said)) if isinstance(said, list | tuple) else [str(said)] for name, said in run.variables.items()}
    subject = _Subject(
        "prompt-run",
        str(run.id),
        run.prompt_title,
        "",
        run.prompt_version,
        texts,
        [(name, ", ".join(said)) for name, said in texts.items()],
    )
    answer = {"panel": "answer", "prompt": run.prompt, "version": run.prompt_version, "run": run.id}
    sent = [
        {
            "panel": block.name,
            "view": block.view,
            "version": block.view_version,
            "parameters": block.parameters,
            "rows": block.rows,
            "complete": block.complete,
            "read_at": block.read_at.isoformat(),
        }
        for block in run.blocks
    ]
    blocks = [_Block(panels.whole_answer(run), answer)]
    if run.blocks:
        blocks.append(_Block(panels.sent(run, zone=zone)))
    printer = printer or browser.ours()
    return _keep(started, subject, blocks, user=user, layout=layout, zone=zone, printer=printer, seal=seal, told=told, more=sent)


def list_reports(session: Session, *, reader: User, search: str = "", before: int | None = None) -> list[Report]:
    """One's own reports, the newest first, at most 100 a time; administrators see all. `before` is the last id of the page before."""
    require(reader, Permission.SEE)
    return store.newest(session, reader=reader, words=search.replace("\0", " ").split()[:10], before=before, limit=LISTED)


def find_report(session: Session, *, reader: User, report_id: int) -> Report:
    """Raises ReportNotFound."""
    require(reader, Permission.SEE)
    report = store.find(session, reader=reader, report_id=report_id)
    if report is None:
        raise ReportNotFound()
    return report


def file_of(session: Session, *, reader: User, report_id: int) -> bytes:
    """The PDF, byte for byte as it was printed. Raises ReportNotFound."""
    require(reader, Permission.SEE)
    file = store.file(session, reader=reader, report_id=report_id)
    if file is None:
        raise ReportNotFound()
    return file


def chunks_of(*, reader: User, report_id: int) -> Iterator[bytes]:
    """The file in pieces of a few megabytes; of a large one no two are in memory. Raises ReportNotFound with the first."""
    require(reader, Permission.SEE)
    position = 0
    while True:
        with transaction() as session:
            chunk = store.chunk(session, reader=reader, report_id=report_id, position=position)
        if chunk is None and position == 0:
            raise ReportNotFound()
        if chunk is None:
            return
        yield chunk
        position += 1


def _whole(table: Table, ask: Callable[..., Table]) -> Table:
    """The rows that a page may hold, or all of them where there are more, as many as are ever printed."""
    if not table.truncated:
        return table
    return ask(read=run_whole, max_rows=max(panels.MOST_CELLS // max(len(table.columns), 1), 1))


def _blocks(
    opened: OpenDashboard, *, user: User, values: Mapping[str, Any], zone: tzinfo, layout: Layout, cancelled: Callable[[], bool]
) -> list[_Block]:
    """All panels, their queries asked together, in the order of the dashboard."""
    asked = [panel for panel in opened.dashboard.panels if isinstance(panel, DataPanel)]
    with ThreadPoolExecutor(QUERIES_AT_ONCE, thread_name_prefix="report") as pool:
        # The context carries whose request this is into the log.
        running = {
            panel.name: pool.submit(copy_context().run, _rows, opened, panel, user=user, values=values, cancelled=cancelled)
            for panel in asked
        }
        before = {
            panel.name: pool.submit(
                copy_context().run, showing.ask_before, opened, panel, reader=user, values=values, purpose="report", cancelled=cancelled
            )
            for panel in asked
            if showing.compares(panel)
        }
        answers: dict[str, Callable[[], Table]] = {name: future.result for name, future in running.items()}
        blocks: list[_Block] = []
        cells = panels.MOST_CELLS
        for tab, on_tab in opened.dashboard.pages():
            blocks += [_Block(panels.heading(tab))] if tab and on_tab else []
            for panel in on_tab:
                earlier = before[panel.name].result() if panel.name in before else None
                block = _block(opened, panel, answers, user=user, values=values, zone=zone, cells=cells, layout=layout, before=earlier)
                if isinstance(block.block, Grid):
                    cells -= len(block.block.rows) * len(block.block.heads)
                blocks.append(block)
    return blocks


def _rows(opened: OpenDashboard, panel: DataPanel, *, user: User, values: Mapping[str, Any], cancelled: Callable[[], bool]) -> Table:
    """A table's rows are all printed; a chart has those that it has on screen."""

    def ask(**how: Any) -> Table:
        return dashboards.ask_panel(opened, panel, reader=user, values=values, purpose="report", cancelled=cancelled, **how)

    return _whole(ask(), ask) if isinstance(panel, TablePanel) else ask()


def _block(
    opened: OpenDashboard,
    panel: Panel,
    answers: Mapping[str, Callable[[], Table]],
    *,
    user: User,
    values: Mapping[str, Any],
    zone: tzinfo,
    cells: int,
    layout: Layout,
    before: Before | None = None,
) -> _Block:
    match panel:
        case TextPanel():
            return _Block(panels.text(panel))
        case PromptPanel():
            return _answer(opened, panel, user=user, values=values)
        case SectionPanel():
            return _Block(panels.heading(panel))
        case DividerPanel():
            return _Block(panels.divider(panel))
        case _:
            record = {"panel": panel.name, "view": panel.view}
            try:
                table, view = answers[panel.name](), opened.view(panel.view)
                taken = dashboards.panel_values(opened, panel, values)
                notes = [one.note for one in opened.annotations]
                shown = panels.data(panel, table, view, taken, zone=zone, cells=cells, totals=layout.totals, before=before, notes=notes)
            except PanelHidden as error:
                return _Block(panels.failed(panel, error.message), {"panel": panel.name, "error": error.message})
            except NexusError as error:
                return _Block(panels.failed(panel, error.message), {**record, "error": error.message})
            return _Block(shown, record | _record(table, view, taken, shown))


def _answer(opened: OpenDashboard, panel: PromptPanel, *, user: User, values: Mapping[str, Any]) -> _Block:
    """The latest answer to these filters. Nothing is sent anywhere by printing."""
    try:
        with transaction() as session:
            found = prompts.open_on_dashboard(session, reader=user, name=panel.prompt, owner=opened.owner)
        prompt = found.opened.prompt
        taken = typed.check(prompt.variables, prompts.take(prompt.variables, values))
        run = found.answer_for(prompts.variables_of(prompt, taken, filters=opened.dashboard.filters, filter_values=values))
    except NexusError as error:
        return _Block(panels.failed(panel, error.message))
    if run is None:
        return _Block(panels.failed(panel, "This prompt has not been run with these filters."))
    return _Block(panels.answer(panel, run), {"panel": panel.name, "prompt": run.prompt, "version": run.prompt_version, "run": run.id})


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


def _view_blocks(opened: OpenView, table: Table, values: Mapping[str, Any], *, zone: tzinfo, layout: Layout) -> list[_Block]:
    view = opened.view
    shown = {"title": "Rows" if view.chart else view.title, "width": 12}
    rows = panels.grid(table, opened, values, shown=shown, columns=(), zone=zone, cells=panels.MOST_CELLS, totals=layout.totals)
    blocks = [_Block(rows, {"panel": "rows", "view": view.name} | _record(table, opened, values, rows))]
    if view.chart is not None:
        try:
            blocks.insert(
                0, _Block(panels.picture(view.chart, table, opened, values, shown={"title": view.title, "width": 12, "height": 6}))
            )
        except NexusError as error:
            blocks.insert(0, _Block(Failed(title=view.title, width=12, sentence=error.message)))
    return blocks


def _keep(
    started: float,
    subject: _Subject,
    blocks: Sequence[_Block],
    *,
    user: User,
    layout: Layout,
    zone: tzinfo,
    printer: PrintBrowser,
    seal: Seal | None,
    told: Told,
    more: Sequence[dict[str, Any]] = (),
) -> Report:
    """Print, then keep the file with its record: no transaction is open while the browser works. `more` are queries of no block."""
    page = Document(
        title=subject.title,
        description=subject.description,
        subject=f"{subject.kind.replace('-', ' ').capitalize()} {subject.name}, version {subject.version}",
        filters=tuple(subject.shown),
        prepared_by=f"{user.name} ({user.email})" if user.name else user.email,
        prepared_at=datetime.now(zone),
        layout=layout,
        panels=tuple(block.block for block in blocks),
    )
    with tempfile.TemporaryFile(prefix="nexus-report-") as out:
        pages = presses.press(page, printer, out, seal=seal, told=told)
        return _kept(started, subject, blocks, page=page, out=out, pages=pages, user=user, locked=seal is not None, more=more)


def _kept(
    started: float,
    subject: _Subject,
    blocks: Sequence[_Block],
    *,
    page: Document,
    out: IO[bytes],
    pages: int,
    user: User,
    locked: bool,
    more: Sequence[dict[str, Any]],
) -> Report:
    size_bytes = out.tell()
    out.seek(0)
    sha256 = hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type] # an open file is one
    elapsed_ms = round((time.monotonic() - started) * 1000)
    out.seek(0)
    with transaction() as session:
        report_id = store.add(
            session,
            kind=subject.kind,
            subject=subject.name,
            subject_version=subject.version,
            title=subject.title,
            filters=dict(subject.filters),
            layout=page.layout.model_dump(),
            queries=[*(block.query for block in blocks if block.query is not None), *more],
            file=out.read(KEPT_WHOLE),
            sha256=sha256,
            size_bytes=size_bytes,
            pages=pages,
            elapsed_ms=elapsed_ms,
            created_by=user.id,
            locked=locked,
        )
        store.add_parts(session, report_id=report_id, parts=iter(lambda: out.read(KEPT_WHOLE), b""))
        audit.record(
            session,
            user_id=user.id,
            what="report.printed",
            subject=f"{subject.kind} {subject.name}",
            detail={"report": report_id, "version": subject.version, "pages": pages, "size_bytes": size_bytes},
        )
        report = store.find(session, reader=user, report_id=report_id)
    assert report is not None
    log.info("report printed", extra={"report": report_id, "pages": pages, "size_bytes": size_bytes, "elapsed_ms": elapsed_ms})
    return report
