"""Issues of one report: made again with the data of today, found by what they are of, and laid beside each other."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import service as dashboards
from nexus.db.session import Session, transaction
from nexus.errors import BadInput
from nexus.reports import ledger, orders
from nexus.reports.browser import PrintBrowser
from nexus.reports.compare import PanelChange, compare
from nexus.reports.snapshot import unpack
from nexus.reports.spec import Report, Wanted
from nexus.reports.store import records
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.parameter import Parameter


class NothingToCompare(BadInput):
    message = (
        "What this report said is not kept as values, so there is nothing to compare. Issue it again, and compare the issues from then on."
    )


class Moved(BaseModel, frozen=True):
    """A filter that stood at a relative date: its words, the days that they meant then, and those that they mean now."""

    label: str
    words: str
    then: str
    now: str


class Again(BaseModel, frozen=True):
    """How a report would be issued now. `version` is that of what it is of; `notes` are sentences on what cannot be as it was."""

    version: int
    meant: list[tuple[str, str]] = []
    """The filters with their values, as label and text; those that moved mean the days of now."""
    moved: list[Moved] = []
    notes: list[str] = []


class Difference(BaseModel, frozen=True):
    """A setting, filter or version that is not the same in two issues; `then` or `now` is empty where it is in one alone."""

    label: str
    then: str
    now: str


class Comparison(BaseModel, frozen=True):
    before: Report
    after: Report
    settings: list[Difference]
    panels: list[PanelChange]


def history(session: Session, *, reader: User, report: Report, before: int | None = None) -> list[Report]:
    """The reports of the same dashboard, view or answer that the reader may see, the newest first, at most 100 a time."""
    require(reader, Permission.SEE)
    return ledger.list_reports(session, reader=reader, wanted=Wanted(kind=report.kind, subject=report.subject), before=before)


def understood(session: Session, *, reader: User, report: Report) -> Again:
    """How the filters of a report would be read today. Raises NotFound when what it is of is gone, or not the reader's to see."""
    require(reader, Permission.SEE)
    version, filters = _asked_of(session, reader, report)
    with typed.in_zone(zone_of(report)):
        values, notes = _values(filters, report.filters)
        meant = typed.describe(filters, values)
        moved = [
            Moved(label=typed.label(one), words=words, then=_said(one, report.asked.days), now=_words(one, values))
            for one in filters
            if (words := report.asked.moving.get(one.name)) is not None and typed.moves(one)
        ]
    if report.kind == "prompt-run":
        meant, notes = list(report.asked.meant), ["An answer is printed as it was recorded; neither the data nor Gemini is asked again."]
    return Again(version=version, meant=meant, moved=moved, notes=notes)


def issue_again(*, user: User, report_id: int, same_days: bool = False, printer: PrintBrowser | None = None, **how: Any) -> Report:
    """Print it again with the data of today, by the rights of who asks now, with the same filters and the same layout.

    Raises as `given_again`, and what printing raises; `how` goes to the print.
    """
    require(user, Permission.SEE)
    with transaction() as session:
        report = ledger.find_report(session, reader=user, report_id=report_id)
        given = given_again(session, reader=user, report=report, same_days=same_days)
    return orders.carry_out(report.kind, user=user, name=report.subject, given=given, printer=printer, **how)


def given_again(session: Session, *, reader: User, report: Report, same_days: bool = False) -> dict[str, list[str]]:
    """The texts of the address that issues a report again.

    A filter at a relative date means the days of now, or with `same_days` those of then; what no longer fits is left out.
    Raises NotFound when what it is of is gone or not the reader's to see.
    """
    require(reader, Permission.SEE)
    _, filters = _asked_of(session, reader, report)
    texts = report.filters | report.asked.days if same_days else report.filters
    with typed.in_zone(zone_of(report)):
        values, _ = _values(filters, texts)
        said = typed.unparse(filters, values, for_good=True)
    taken = {one.name for one in filters}
    layout = {name: [_plain(value)] for name, value in report.layout if name not in taken}
    return {**layout, **report.asked.query, **said, orders.ISSUE_OF: [str(report.id)]}


def compared(session: Session, *, reader: User, before: int, after: int) -> Comparison:
    """Two issues of one report beside each other, the earlier one first, whichever is named first.

    Raises ReportNotFound, BadInput for reports of different things, and NothingToCompare.
    """
    require(reader, Permission.SEE)
    first, second = (ledger.find_report(session, reader=reader, report_id=number) for number in sorted((before, after)))
    if first.id == second.id:
        raise BadInput("This is one report. Choose another issue of it to compare with.")
    if (first.kind, first.subject) != (second.kind, second.subject):
        raise BadInput("These two reports are of different things. Choose two issues of the same report.")
    contents = [records.snapshot(session, reader=reader, report_id=report.id) for report in (first, second)]
    old, new = (unpack(content) for content in contents if content is not None) if None not in contents else (None, None)
    if old is None or new is None:
        raise NothingToCompare()
    return Comparison(before=first, after=second, settings=differences(first, second), panels=compare(old, new))


def differences(before: Report, after: Report) -> list[Difference]:
    """Version, filters, views and layout that are not the same. A pure function."""
    pairs: list[tuple[str, Mapping[str, str], Mapping[str, str]]] = [
        (
            "",
            {"Version": str(before.subject_version), "Title": before.title},
            {"Version": str(after.subject_version), "Title": after.title},
        ),
        ("", dict(before.asked.meant), dict(after.asked.meant)),
        ("Version of ", _versions(before), _versions(after)),
        ("Layout: ", _layout(before), _layout(after)),
    ]
    return [
        Difference(label=f"{what}{key}", then=old.get(key, ""), now=new.get(key, ""))
        for what, old, new in pairs
        for key in dict.fromkeys((*old, *new))
        if old.get(key) != new.get(key)
    ]


def zone_of(report: Report) -> tzinfo:
    try:
        return ZoneInfo((report.asked.query.get("zone") or ["UTC"])[-1])
    except (ValueError, OSError, KeyError):
        return ZoneInfo("UTC")


def _versions(report: Report) -> dict[str, str]:
    """Of each view and prompt, by its name."""
    return {str(query.get("view") or query.get("prompt")): str(query["version"]) for query in report.queries if "version" in query}


def _layout(report: Report) -> dict[str, str]:
    return {name.replace("_", " "): _plain(value) for name, value in report.layout}


def _asked_of(session: Session, reader: User, report: Report) -> tuple[int, Sequence[Parameter]]:
    """Version and filters of what a report is of, as it is now. Raises NotFound."""
    match report.kind:
        case "dashboard":
            opened = dashboards.open_dashboard(session, reader=reader, name=report.subject)
            return opened.version, opened.dashboard.filters
        case "view":
            view = views.find_view(session, reader=reader, name=report.subject)
            return view.version, view.view.parameters
        case _:
            return report.subject_version, ()


def _plain(value: object) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _values(filters: Sequence[Parameter], texts: Mapping[str, list[str]]) -> tuple[dict[str, Any], list[str]]:
    """The values that still fit, and a sentence for each that does not."""
    known = {one.name for one in filters}
    notes = [f"The filter `{name}` is gone, and is left out." for name in texts if name not in known]
    values: dict[str, Any] = {}
    for one in filters:
        try:
            values |= typed.parse([one], {one.name: texts[one.name]} if one.name in texts else {})
        except BadInput as error:
            values |= typed.parse([one], {})
            notes.append(f"{error.message} It is at its default.")
    return values, notes


def _said(one: Parameter, texts: Mapping[str, list[str]]) -> str:
    return _words(one, typed.parse([one], texts)) if one.name in texts else ""


def _words(one: Parameter, values: Mapping[str, Any]) -> str:
    return typed.describe([one], values)[0][1]
