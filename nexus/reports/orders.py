"""What a person wants printed, in the texts of an address: the same for a file at once, for a job and for printing again."""

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Any, Literal, assert_never, get_args, get_origin
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import picks as picked
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import TablePanel
from nexus.db.session import transaction
from nexus.errors import BadInput, NexusError
from nexus.prompts import service as prompts
from nexus.reports import service
from nexus.reports.circumstances import Circumstances
from nexus.reports.layout import Layout
from nexus.reports.spec import Kind, Report
from nexus.sources.estimate import estimate
from nexus.sources.run import describe
from nexus.sources.spec import Query, Source
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.excerpt import PART, WHERE_IT_LIES, WHICH, Excerpt, query_of_excerpt
from nexus.views.parameter import Parameter

LAYOUT = (*Layout.model_fields, "zone")
ISSUE_OF = "issue_of"
"""Of an address: the id of the report that is issued again."""
REST = frozenset((picked.KEY, PART, *WHICH, *WHERE_IT_LIES))
"""What of an address is neither filter nor layout, and kept for issuing it again."""
Given = Mapping[str, list[str]]


def carry_out(kind: Kind, *, user: User, name: str, given: Given, **how: Any) -> Report:
    """Print it, and keep the report. `how` goes to the service: the printer, the seal, who is told. Raises as the service does."""
    match kind:
        case "dashboard":
            return _print_dashboard(user, name, given, **how)
        case "view":
            return _print_view(user, name, given, **how)
        case "prompt-run":
            return _print_prompt_run(user, name, given, **how)
        case _:
            assert_never(kind)


def title_of(kind: Kind, *, user: User, name: str, given: Given) -> str:
    """What it is called, once it is known that it can be printed as asked. Raises NotFound, and BadInput for a text that does not fit."""
    require(user, Permission.SEE)
    parameters: Sequence[Parameter] = ()
    with transaction() as session:
        match kind:
            case "dashboard":
                dashboard = dashboards.open_dashboard(session, reader=user, name=name).dashboard
                title, parameters = dashboard.title, dashboard.filters
            case "view":
                view = views.find_view(session, reader=user, name=name).view
                title, parameters = view.title, view.parameters
                Excerpt.read(given)
            case "prompt-run":
                title = prompts.find_run(session, reader=user, run_id=int(name)).prompt_title
            case _:
                assert_never(kind)
    typed.parse(parameters, given)
    paper(given, parameters)
    return title


def expected_cells(kind: Kind, *, user: User, name: str, given: Given) -> int:
    """About how many cells its tables have, by the plans of their queries; 0 where nobody can tell. No row is read."""
    require(user, Permission.SEE)
    try:
        return sum(_cells(source, query, user) for source, query in _tables(kind, user=user, name=name, given=given))
    except NexusError:
        return 0


def _cells(source: Source, query: Query, user: User) -> int:
    return estimate(source, query=query, reader=user).rows * len(describe(source, query=query, reader=user))


def _tables(kind: Kind, *, user: User, name: str, given: Given) -> list[tuple[Source, Query]]:
    with transaction() as session:
        if kind == "view":
            view = views.find_view(session, reader=user, name=name)
            values = typed.check(view.view.parameters, typed.parse(view.view.parameters, given))
            return [(view.source, query_of_excerpt(view, reader=user, values=values, excerpt=Excerpt.read(given)))]
        if kind != "dashboard":
            return []
        opened = dashboards.open_dashboard(session, reader=user, name=name)
    filters = typed.check(opened.dashboard.filters, typed.parse(opened.dashboard.filters, given))
    tables = [panel for panel in opened.dashboard.panels if isinstance(panel, TablePanel) and panel.view in opened.views]
    asked = [(opened.view(panel.view), dashboards.panel_values(opened, panel, filters)) for panel in tables]
    return [(view.source, views.query_of(view, reader=user, values=values)) for view, values in asked]


def _print_dashboard(user: User, name: str, given: Given, **how: Any) -> Report:
    require(user, Permission.SEE)
    with transaction() as session:
        filters = dashboards.open_dashboard(session, reader=user, name=name).dashboard.filters
    picks = picked.read((given.get(picked.KEY) or [""])[-1])
    values = typed.parse(filters, given)
    return service.print_dashboard(_how(user, given, filters, how), name=name, values=values, picks=picks)


def _print_view(user: User, name: str, given: Given, **how: Any) -> Report:
    require(user, Permission.SEE)
    with transaction() as session:
        parameters = views.find_view(session, reader=user, name=name).view.parameters
    values, excerpt = typed.parse(parameters, given), Excerpt.read(given)
    return service.print_view(_how(user, given, parameters, how), name=name, values=values, excerpt=excerpt)


def _print_prompt_run(user: User, name: str, given: Given, **how: Any) -> Report:
    require(user, Permission.SEE)
    return service.print_prompt_run(_how(user, given, (), how), run_id=int(name))


def _how(user: User, given: Given, parameters: Sequence[Parameter], more: Mapping[str, Any]) -> Circumstances:
    return Circumstances(
        user=user, **_record(given), **paper(given, parameters), **{name: one for name, one in more.items() if one is not None}
    )


def _record(given: Given) -> dict[str, Any]:
    """What the ledger keeps of an address, besides filters and layout."""
    said = (given.get(ISSUE_OF) or [""])[-1]
    issue_of = int(said) if said.isascii() and said.isdecimal() and len(said) < 18 else None
    return {"address": {key: list(texts) for key, texts in given.items() if key in REST}, "issue_of": issue_of}


def check_password(given: Given, parameters: Sequence[Parameter]) -> None:
    """Raises BadInput for a password in an address, where it would be logged and kept; the file would not be behind it."""
    if given.get("password") and "password" not in {parameter.name for parameter in parameters}:
        raise BadInput("An address takes no password. Choose Print on the page, and set the password there.")


def paper(given: Mapping[str, list[str]], filters: Sequence[Parameter]) -> dict[str, Any]:
    """Layout and zone of the query string; a filter of such a name has the key to itself. Raises BadInput."""
    check_password(given, filters)
    free = set(LAYOUT) - {parameter.name for parameter in filters}
    chosen = {name: texts[-1] for name, texts in given.items() if name in free and texts and texts[-1]}
    zone = _zone(chosen.pop("zone", None))
    try:
        return {"layout": Layout.model_validate(chosen), "zone": zone}
    except ValidationError as error:
        raise BadInput(_offered(str(error.errors()[0]["loc"][0]))) from None


def _offered(name: str) -> str:
    """What a setting of the layout takes, as a sentence."""
    field = Layout.model_fields[name]
    if get_origin(field.annotation) is Literal:
        *some, last = get_args(field.annotation)
        return f"`{name}` is {', '.join(some)} or {last}."
    return f"`{name}` is a whole number from 80 to 120." if field.annotation is int else f"`{name}` is yes or no."


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        raise BadInput("`zone` is a time zone, as Europe/Berlin.") from None
