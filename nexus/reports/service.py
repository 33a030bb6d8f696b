"""Reports: print a dashboard, a view or a prompt's answer, list what was printed, hand it out again."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from nexus.accounts.spec import Permission, require
from nexus.dashboards import picks as picked
from nexus.dashboards import service as dashboards
from nexus.dashboards.picks import Pick
from nexus.dashboards.spec import ChartPanel, Dashboard
from nexus.db.session import transaction
from nexus.errors import BadInput, NotFound
from nexus.prompts import originals
from nexus.prompts import service as prompts
from nexus.prompts.request import PromptRun
from nexus.reports import panels, snapshot
from nexus.reports.blocks import dashboard_blocks, restored, view_blocks, whole_table
from nexus.reports.circumstances import Circumstances
from nexus.reports.keeping import Block, Subject, keep
from nexus.reports.spec import Asked, Kind, Report
from nexus.sources.spec import Table
from nexus.sources.spool import closing
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.behind import asked_for
from nexus.views.excerpt import Excerpt, query_of_excerpt
from nexus.views.parameter import DateParameter, DateRangeParameter, Parameter
from nexus.views.spec import View


def _subject(
    kind: Kind,
    spec: Dashboard | View,
    version: int,
    filters: Sequence[Parameter],
    values: Mapping[str, Any],
    *,
    how: Circumstances,
    more: Sequence[tuple[str, str]] = (),
) -> Subject:
    with typed.in_zone(how.zone):
        shown, kept = [*typed.describe(filters, values), *more], typed.unparse(filters, values)
        moving = [one for one in filters if typed.moves(one) and one.name not in kept]
        days = typed.unparse(moving, {one.name: values.get(one.name) for one in moving}, for_good=True)
    words = {one.name: str(one.default) for one in moving if isinstance(one, DateParameter | DateRangeParameter)}
    asked = Asked(query={**how.address, "zone": [str(how.zone)]}, meant=shown, moving=words, days=days)
    return Subject(kind, spec.name, spec.title, spec.description, version, kept, tuple(shown), asked, how.issue_of, spec.print)


@closing()
def print_dashboard(how: Circumstances, *, name: str, values: Mapping[str, Any], picks: Sequence[Pick] = ()) -> Report:
    """Print a dashboard as the person sees it with these values of its filters, and keep it.

    A panel that cannot be read says so on paper; the others stand. Raises NotFound, BadInput for a value
    that does not fit its filter, TooLong where only a short print is wanted, what the print browser raises, and what `how.told` does.
    """
    require(how.user, Permission.SEE)
    started = time.monotonic()
    with transaction() as session:
        opened = dashboards.open_dashboard(session, reader=how.user, name=name)
    spec = opened.dashboard
    checked = typed.check(spec.filters, values)
    clicked = [("Picked", picked.words(pick)) for pick in picks]
    subject = _subject("dashboard", spec, opened.version, spec.filters, checked, how=how, more=clicked)
    how.printer.prepare(charts=any(isinstance(panel, ChartPanel) for panel in spec.panels))  # while the queries run
    return keep(started, how, subject, dashboard_blocks(opened, how, values=checked, picks=picks))


@closing()
def print_view(how: Circumstances, *, name: str, values: Mapping[str, Any], excerpt: Excerpt | None = None) -> Report:
    """Print a view, or an excerpt of it, with its chart, when it has one, and all rows, up to a million cells.

    Raises as `print_dashboard`.
    """
    require(how.user, Permission.SEE)
    started = time.monotonic()
    with transaction() as session:
        opened = views.find_view(session, reader=how.user, name=name)
    spec = opened.view
    checked = typed.check(spec.parameters, values)
    asked = query_of_excerpt(opened, reader=how.user, values=checked, excerpt=excerpt) if excerpt and not excerpt.whole else None
    part = excerpt.words() if excerpt else ()
    shown = asked_for(opened, reader=how.user, said=excerpt.behind) if excerpt else opened
    subject = _subject("view", spec, opened.version, spec.parameters, checked, how=how, more=part)
    how.printer.prepare(charts=spec.chart is not None)

    def ask(**more: Any) -> Table:
        return views.ask(opened, reader=how.user, values=checked, purpose="report", asked=asked, cancelled=how.cancelled, **more)

    table = whole_table(ask(), ask, short=how.short) if how.whole else ask()
    return keep(started, how, subject, view_blocks(shown, how, table, checked))


def print_prompt_run(how: Circumstances, *, run_id: int) -> Report:
    """Print an answer as it was recorded, with what it was given. Nothing is asked again, of the data or of Gemini.

    Raises NotFound, and what the print browser raises.
    """
    require(how.user, Permission.SEE)
    started = time.monotonic()
    with transaction() as session:
        run = prompts.find_run(session, reader=how.user, run_id=run_id)
    found = originals.known(reader=how.user, run=run)
    texts = {name: list(map(str, said)) if isinstance(said, list | tuple) else [str(said)] for name, said in run.variables.items()}
    subject = Subject(
        "prompt-run",
        str(run.id),
        run.prompt_title,
        "",
        run.prompt_version,
        texts,
        _chosen(run, texts, found, how=how),
        Asked(query={**how.address, "zone": [str(how.zone)]}, meant=_chosen(run, texts, {}, how=how)),
        how.issue_of,
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
        blocks.append(Block(panels.sent(run, zone=how.zone)))
    return keep(started, how, subject, blocks, more=sent)


def _chosen(run: PromptRun, texts: Mapping[str, list[str]], found: Mapping[str, str], *, how: Circumstances) -> list[tuple[str, str]]:
    """Label and words of every variable that the answer was given, also of those at their default, and of its dashboard's filters."""
    try:
        with transaction() as session:
            variables = prompts.find_prompt(session, reader=how.user, name=run.prompt, version=run.prompt_version).prompt.variables
    except NotFound:
        variables = ()
    known = {one.name: (typed.label(one), _said(one, run, texts, found)) for one in variables}
    return [*known.values(), *((name, ", ".join(originals.in_texts(said, found))) for name, said in texts.items() if name not in known)]


def _said(variable: Parameter, run: PromptRun, texts: Mapping[str, list[str]], found: Mapping[str, str]) -> str:
    said = texts.get(variable.name)
    if said is None and typed.moves(variable):
        # Today's days would not be those that it was asked about.
        return str(variable.default)
    try:
        if variable.name not in run.masked:
            return typed.describe([variable], typed.parse([variable], texts))[0][1]
    except BadInput:
        pass
    return ", ".join(originals.in_texts(said or [], found))
