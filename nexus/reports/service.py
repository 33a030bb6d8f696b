"""Reports: print a dashboard, a view or a prompt's answer, list what was printed, hand it out again."""

import hashlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import OpenDashboard, PanelHidden
from nexus.dashboards.spec import Dashboard, DataPanel, DividerPanel, Panel, PromptPanel, SectionPanel, TextPanel
from nexus.db.session import Session, transaction
from nexus.errors import NexusError, NotFound
from nexus.prompts import service as prompts
from nexus.reports import browser, document, panels, store
from nexus.reports.browser import PrintBrowser
from nexus.reports.document import Document, Failed, Grid
from nexus.reports.layout import Layout
from nexus.reports.pdf import Pdf
from nexus.reports.spec import Kind, Report
from nexus.sources.spec import Table
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
    *, user: User, name: str, values: Mapping[str, Any], layout: Layout, zone: tzinfo = UTC, printer: PrintBrowser | None = None
) -> Report:
    """Print a dashboard as the person sees it with these values of its filters, and keep it.

    A panel that cannot be read says so on paper; the others stand. Raises NotFound, BadInput for a value
    that does not fit its filter, and what the print browser raises.
    """
    require(user, Permission.SEE)
    started = time.monotonic()
    with transaction() as session:
        opened = dashboards.open_dashboard(session, reader=user, name=name)
    spec = opened.dashboard
    checked = typed.check(spec.filters, values)
    subject = _subject("dashboard", spec, opened.version, spec.filters, checked)
    blocks = _blocks(opened, user=user, values=checked, zone=zone)
    return _keep(started, subject, blocks, user=user, layout=layout, zone=zone, printer=printer or browser.ours())


def print_view(
    *,
    user: User,
    name: str,
    values: Mapping[str, Any],
    layout: Layout,
    zone: tzinfo = UTC,
    excerpt: Excerpt | None = None,
    printer: PrintBrowser | None = None,
) -> Report:
    """Print a view, or an excerpt of it, with its chart, when it has one, and all rows that its source's limit lets through.

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
    table = views.ask(opened, reader=user, values=checked, purpose="report", asked=asked)
    blocks = _view_blocks(opened, table, checked, zone=zone)
    return _keep(started, subject, blocks, user=user, layout=layout, zone=zone, printer=printer or browser.ours())


def print_prompt_run(*, user: User, run_id: int, layout: Layout, zone: tzinfo = UTC, printer: PrintBrowser | None = None) -> Report:
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
    return _keep(started, subject, blocks, user=user, layout=layout, zone=zone, printer=printer or browser.ours(), more=sent)


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


def _blocks(opened: OpenDashboard, *, user: User, values: Mapping[str, Any], zone: tzinfo) -> list[_Block]:
    """All panels, their queries asked together, in the order of the dashboard."""
    asked = [panel for panel in opened.dashboard.panels if isinstance(panel, DataPanel)]
    with ThreadPoolExecutor(QUERIES_AT_ONCE, thread_name_prefix="report") as pool:
        # The context carries whose request this is into the log.
        running = {
            panel.name: pool.submit(copy_context().run, dashboards.ask_panel, opened, panel, reader=user, values=values, purpose="report")
            for panel in asked
        }
        answers: dict[str, Callable[[], Table]] = {name: future.result for name, future in running.items()}
        blocks: list[_Block] = []
        cells = panels.MOST_CELLS
        for tab, on_tab in opened.dashboard.pages():
            blocks += [_Block(panels.heading(tab))] if tab and on_tab else []
            for panel in on_tab:
                block = _block(opened, panel, answers, user=user, values=values, zone=zone, cells=cells)
                if isinstance(block.block, Grid):
                    cells -= len(block.block.rows) * len(block.block.heads)
                blocks.append(block)
    return blocks


def _block(
    opened: OpenDashboard,
    panel: Panel,
    answers: Mapping[str, Callable[[], Table]],
    *,
    user: User,
    values: Mapping[str, Any],
    zone: tzinfo,
    cells: int,
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
                shown = panels.data(panel, table, view, taken, zone=zone, cells=cells)
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


def _view_blocks(opened: OpenView, table: Table, values: Mapping[str, Any], *, zone: tzinfo) -> list[_Block]:
    view = opened.view
    shown = {"title": "Rows" if view.chart else view.title, "width": 12}
    rows = panels.grid(table, opened, values, shown=shown, columns=(), zone=zone, cells=panels.MOST_CELLS)
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
    pdf = _printed(page, printer)
    pdf.sign(author=page.prepared_by, subject=page.subject)
    file, pages = pdf.pack(), pdf.page_count
    elapsed_ms = round((time.monotonic() - started) * 1000)
    with transaction() as session:
        report_id = store.add(
            session,
            kind=subject.kind,
            subject=subject.name,
            subject_version=subject.version,
            title=subject.title,
            filters=dict(subject.filters),
            layout=layout.model_dump(),
            queries=[*(block.query for block in blocks if block.query is not None), *more],
            file=file,
            sha256=hashlib.sha256(file).hexdigest(),
            size_bytes=len(file),
            pages=pages,
            elapsed_ms=elapsed_ms,
            created_by=user.id,
        )
        audit.record(
            session,
            user_id=user.id,
            what="report.printed",
            subject=f"{subject.kind} {subject.name}",
            detail={"report": report_id, "version": subject.version, "pages": pages, "size_bytes": len(file)},
        )
        report = store.find(session, reader=user, report_id=report_id)
    assert report is not None
    log.info("report printed", extra={"report": report_id, "pages": pages, "size_bytes": len(file), "elapsed_ms": elapsed_ms})
    return report


def _printed(page: Document, printer: PrintBrowser) -> Pdf:
    """Twice when there is a table of contents: Chromium cannot count to a target, so the first print tells the pages."""
    drawings = printer.draw(document.specs(page))
    pdf = Pdf(printer.print(document.render(page, drawings)))
    if not page.layout.contents:
        return pdf
    pages = pdf.pages_of([entry.target for entry in document.contents(page)])
    del pdf  # two large reports at once are not needed
    return Pdf(printer.print(document.render(page, drawings, pages)))
