"""Reports: print a dashboard, a view or a prompt's answer, list what was printed, hand it out again."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, tzinfo
from types import MappingProxyType
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import picks as picked
from nexus.dashboards import service as dashboards
from nexus.dashboards.picks import Pick
from nexus.dashboards.spec import Dashboard
from nexus.db.session import transaction
from nexus.prompts import originals
from nexus.prompts import service as prompts
from nexus.reports import browser, panels, snapshot
from nexus.reports import press as presses
from nexus.reports.blocks import PREVIEWED, dashboard_blocks, restored, view_blocks, whole_table
from nexus.reports.browser import PrintBrowser
from nexus.reports.keeping import Block, Look, Subject, keep
from nexus.reports.layout import Layout
from nexus.reports.press import Told
from nexus.reports.seal import Seal
from nexus.reports.spec import Asked, Kind, Report
from nexus.sources.spec import Table
from nexus.sources.spool import closing
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.behind import asked_for
from nexus.views.excerpt import Excerpt, query_of_excerpt
from nexus.views.parameter import DateParameter, DateRangeParameter, Parameter
from nexus.views.spec import View

_NOTHING: Mapping[str, list[str]] = MappingProxyType({})


def _untold(_: presses.Progress) -> None:
    """Nobody asks how far it is."""


def _uncancelled() -> bool:
    return False


def _subject(
    kind: Kind,
    spec: Dashboard | View,
    version: int,
    filters: Sequence[Parameter],
    values: Mapping[str, Any],
    *,
    zone: tzinfo,
    address: Mapping[str, list[str]],
    more: Sequence[tuple[str, str]] = (),
    issue_of: int | None = None,
) -> Subject:
    with typed.in_zone(zone):
        shown, kept = [*typed.describe(filters, values), *more], typed.unparse(filters, values)
        moving = [one for one in filters if typed.moves(one) and one.name not in kept]
        days = typed.unparse(moving, {one.name: values.get(one.name) for one in moving}, for_good=True)
    words = {one.name: str(one.default) for one in moving if isinstance(one, DateParameter | DateRangeParameter)}
    asked = Asked(query={**address, "zone": [str(zone)]}, meant=shown, moving=words, days=days)
    return Subject(kind, spec.name, spec.title, spec.description, version, kept, tuple(shown), asked, issue_of, spec.print)


@closing()
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
    look: Look | None = None,
    cancelled: Callable[[], bool] = _uncancelled,
    picks: Sequence[Pick] = (),
    address: Mapping[str, list[str]] = _NOTHING,
    issue_of: int | None = None,
    short: bool = False,
) -> Report:
    """Print a dashboard as the person sees it with these values of its filters, and keep it.

    A panel that cannot be read says so on paper; the others stand. Raises NotFound, BadInput for a value
    that does not fit its filter, what the print browser raises, and what `told` does, which hears how far it is. With `seal`
    the file is behind a password, also in the ledger. `address` is what else its address says, `issue_of` the report that
    this one issues again: for the record. With `short` it is only printed where that is quickly done: TooLong otherwise.
    """
    require(user, Permission.SEE)
    started = time.monotonic()
    with transaction() as session:
        opened = dashboards.open_dashboard(session, reader=user, name=name)
    spec = opened.dashboard
    checked = typed.check(spec.filters, values)
    clicked = [("Picked", picked.words(pick)) for pick in picks]
    subject = _subject(
        "dashboard", spec, opened.version, spec.filters, checked, zone=zone, address=address, more=clicked, issue_of=issue_of
    )
    blocks = dashboard_blocks(
        opened, user=user, values=checked, picks=picks, zone=zone, layout=layout, cancelled=cancelled, whole=look is None, short=short
    )
    return keep(
        started,
        subject,
        blocks,
        user=user,
        layout=layout,
        zone=zone,
        printer=printer or browser.ours(),
        seal=seal,
        told=told,
        look=look,
        short=short,
    )


@closing()
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
    look: Look | None = None,
    cancelled: Callable[[], bool] = _uncancelled,
    address: Mapping[str, list[str]] = _NOTHING,
    issue_of: int | None = None,
    short: bool = False,
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
    part = excerpt.words() if excerpt else ()
    shown = asked_for(opened, reader=user, said=excerpt.behind) if excerpt else opened
    subject = _subject("view", spec, opened.version, spec.parameters, checked, zone=zone, address=address, more=part, issue_of=issue_of)

    def ask(**how: Any) -> Table:
        return views.ask(opened, reader=user, values=checked, purpose="report", asked=asked, cancelled=cancelled, **how)

    table = ask() if look else whole_table(ask(), ask, short=short)
    blocks = view_blocks(shown, table, checked, user=user, zone=zone, layout=layout, cells=PREVIEWED if look else panels.MOST_CELLS)
    return keep(
        started,
        subject,
        blocks,
        user=user,
        layout=layout,
        zone=zone,
        printer=printer or browser.ours(),
        seal=seal,
        told=told,
        look=look,
        short=short,
    )


def print_prompt_run(
    *,
    user: User,
    run_id: int,
    layout: Layout,
    zone: tzinfo = UTC,
    printer: PrintBrowser | None = None,
    seal: Seal | None = None,
    told: Told = _untold,
    look: Look | None = None,
    address: Mapping[str, list[str]] = _NOTHING,
    issue_of: int | None = None,
    short: bool = False,
) -> Report:
    """Print an answer as it was recorded, with what it was given. Nothing is asked again, of the data or of Gemini.

    Raises NotFound, and what the print browser raises.
    """
    require(user, Permission.SEE)
    started = time.monotonic()
    with transaction() as session:
        run = prompts.find_run(session, reader=user, run_id=run_id)
    found = originals.known(reader=user, run=run)
    texts = {name: list(map(str, said)) if isinstance(said, list | tuple) else [str(said)] for name, said in run.variables.items()}
    subject = Subject(
        "prompt-run",
        str(run.id),
        run.prompt_title,
        "",
        run.prompt_version,
        texts,
        [(name, ", ".join(originals.in_texts(said, found))) for name, said in texts.items()],
        Asked(query={**address, "zone": [str(zone)]}, meant=[(name, ", ".join(said)) for name, said in texts.items()]),
        issue_of,
    )
    answer = {"panel": "answer", "prompt": run.prompt, "version": run.prompt_version, "run": run.id} | restored(found)
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
    said = snapshot.of_text("answer", "Answer", run.answer or run.error or "")
    blocks = [Block(panels.whole_answer(run, found), answer, lambda: said)]
    if run.blocks:
        blocks.append(Block(panels.sent(run, zone=zone)))
    printer = printer or browser.ours()
    return keep(
        started,
        subject,
        blocks,
        user=user,
        layout=layout,
        zone=zone,
        printer=printer,
        seal=seal,
        told=told,
        look=look,
        more=sent,
        short=short,
    )
