"""Downloads: `GET /dashboards/<name>.pdf`, `/views/<name>.pdf` and `/prompt-runs/<id>.pdf` print, `GET /reports/<id>.pdf` hands out again.

The query string holds the filters as the page has them, the fields of `Layout`, and `zone`.
"""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any, Literal, get_args, get_origin
from urllib.parse import quote
from zoneinfo import ZoneInfo

import anyio
import anyio.to_thread
from pydantic import ValidationError
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import service as dashboards
from nexus.db.session import transaction
from nexus.errors import BadInput
from nexus.reports import service
from nexus.reports.layout import Layout
from nexus.reports.spec import Report
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.excerpt import Excerpt
from nexus.views.parameter import Parameter

AT_ONCE = 12
"""Reports that one process works on; more wait their turn. The print browser has a queue of its own, of as many."""
LAYOUT = (*Layout.model_fields, "zone")


async def dashboard_pdf(request: Request) -> Response:
    return await _printed(request, _print_dashboard)


async def view_pdf(request: Request) -> Response:
    return await _printed(request, _print_view)


async def prompt_run_pdf(request: Request) -> Response:
    return await _printed(request, _print_prompt_run)


async def report_pdf(request: Request) -> Response:
    """The file as it was printed then."""
    user: User = request.state.user
    return _download(user, await anyio.to_thread.run_sync(_record, user, int(request.path_params["id"])))


async def _printed(request: Request, work: Callable[[User, str, Mapping[str, list[str]]], Report]) -> Response:
    user: User = request.state.user
    given = {key: request.query_params.getlist(key) for key in request.query_params}
    name = str(request.path_params["name"])
    if request.method == "HEAD":
        # Who only asks whether there is something gets no report made.
        require(user, Permission.SEE)
        return Response(headers={"Content-Type": "application/pdf", "Cache-Control": "no-store"})
    return _download(user, await anyio.to_thread.run_sync(work, user, name, given, limiter=_printing()))


@lru_cache(maxsize=1)
def _printing() -> anyio.CapacityLimiter:
    """Threads for reports alone, so that many at once, each with slow queries, keep none from who wants a page."""
    return anyio.CapacityLimiter(AT_ONCE)


def _print_dashboard(user: User, name: str, given: Mapping[str, list[str]]) -> Report:
    require(user, Permission.SEE)
    with transaction() as session:
        filters = dashboards.open_dashboard(session, reader=user, name=name).dashboard.filters
    return service.print_dashboard(user=user, name=name, values=typed.parse(filters, given), **_paper(given, filters))


def _print_view(user: User, name: str, given: Mapping[str, list[str]]) -> Report:
    require(user, Permission.SEE)
    with transaction() as session:
        parameters = views.find_view(session, reader=user, name=name).view.parameters
    values, excerpt = typed.parse(parameters, given), Excerpt.read(given)
    return service.print_view(user=user, name=name, values=values, excerpt=excerpt, **_paper(given, parameters))


def _print_prompt_run(user: User, name: str, given: Mapping[str, list[str]]) -> Report:
    require(user, Permission.SEE)
    return service.print_prompt_run(user=user, run_id=int(name), **_paper(given, ()))


def _record(user: User, report_id: int) -> Report:
    with transaction() as session:
        return service.find_report(session, reader=user, report_id=report_id)


def _paper(given: Mapping[str, list[str]], filters: Sequence[Parameter]) -> dict[str, Any]:
    """Layout and zone of the query string; a filter of such a name has the key to itself. Raises BadInput."""
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


def _download(user: User, report: Report) -> Response:
    """The file, a few megabytes at a time: a large one is never in memory."""
    return StreamingResponse(
        iterate_in_threadpool(service.chunks_of(reader=user, report_id=report.id)),
        media_type="application/pdf",
        headers={
            "Content-Disposition": disposition(report.title, report.subject, report.created_at),
            "Content-Length": str(report.size_bytes),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "X-Report": str(report.id),
        },
    )


def disposition(title: str, subject: str, at: datetime) -> str:
    """An attachment named after the title in every language, and after the name for old clients."""
    kept = "".join(" " if unicodedata.category(character)[0] in "CZ" or character in '/\\:*?"<>|' else character for character in title)
    name = " ".join(kept.split())[:100].strip(". ") or subject
    day = f"{at:%Y-%m-%d}"
    plain = "".join(character if character.isascii() and (character.isalnum() or character == "-") else "-" for character in subject)
    return f"attachment; filename=\"{plain}-{day}.pdf\"; filename*=UTF-8''{quote(f'{name} {day}.pdf', safe='')}"


routes = [
    Route("/dashboards/{name}.pdf", dashboard_pdf, methods=["GET"]),
    Route("/views/{name}.pdf", view_pdf, methods=["GET"]),
    Route("/prompt-runs/{name:int}.pdf", prompt_run_pdf, methods=["GET"]),
    Route("/reports/{id:int}.pdf", report_pdf, methods=["GET"]),
]
