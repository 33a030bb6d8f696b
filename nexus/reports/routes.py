"""Downloads: `GET /dashboards/<name>.pdf`, `/views/<name>.pdf` and `/prompt-runs/<id>.pdf` print, `GET /reports/<id>.pdf` hands out again.

The query string holds the filters as the page has them, the fields of `Layout`, and `zone`. What is long is printed by a job: a
browser is led to it, a program learns its address, `/print-jobs/<id>`, or waits where it prefers to (RFC 7240).
"""

import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache, partial
from typing import get_args
from urllib.parse import quote

import anyio
import anyio.to_thread
from pydantic import BaseModel
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from nexus.accounts.gate import in_thread, is_navigation
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.reports import jobs, ledger, orders, picture, preview
from nexus.reports.browser import PrintFailed, PrintQueueFull
from nexus.reports.orders import Given
from nexus.reports.press import TooLong
from nexus.reports.spec import Job, Kind, Report
from nexus.reports.waiting import while_waited_for

AT_ONCE = 12
"""Reports that one process works on; more wait their turn. The queue of the print browser has room for them all, and for a job."""
MOST_WAITING = 24
"""Who comes after them is told so at once."""
LONGEST_WAIT_S = 600
LEFT = 499
"""What nobody reads, who has left before it was printed; as nginx has it in its log."""
LOOK_S = 0.5
"""Between two looks at a job that somebody waits for."""


async def dashboard_pdf(request: Request) -> Response:
    return await _printed(request, "dashboard")


async def view_pdf(request: Request) -> Response:
    return await _printed(request, "view")


async def prompt_run_pdf(request: Request) -> Response:
    return await _printed(request, "prompt-run")


async def panel_png(request: Request) -> Response:
    """One panel with the filters of the rest of the address, as a picture."""
    user: User = request.state.user
    given = {key: request.query_params.getlist(key) for key in request.query_params}
    work = partial(picture.ordered, user=user, name=str(request.path_params["name"]), panel=str(request.path_params["panel"]), given=given)
    file = await anyio.to_thread.run_sync(work, limiter=_printing())
    named = (
        f'inline; filename="{"".join(one for one in request.path_params["panel"] if one.isascii() and (one.isalnum() or one == "-"))}.png"'
    )
    return Response(file, media_type="image/png", headers={"Content-Disposition": named, **_remembered(30)})


async def page_png(request: Request) -> Response:
    """A page of what the rest of the address prints, as a picture."""
    user: User = request.state.user
    kind: Kind = request.path_params["kind"]
    given = {key: request.query_params.getlist(key) for key in request.query_params}
    work = partial(_page, kind, user=user, name=str(request.path_params["name"]), given=given, page=int(request.path_params["page"]))
    return Response(await anyio.to_thread.run_sync(work, limiter=_printing()), media_type="image/png", headers=_remembered(60))


def _remembered(seconds: int) -> dict[str, str]:
    """A browser may keep it for as long, and for whoever is signed in: who comes after them at the same browser may see other rows."""
    return {"Cache-Control": f"private, max-age={seconds}", "Vary": "Cookie"}


def _page(kind: Kind, *, user: User, name: str, given: Given, page: int) -> bytes:
    if kind not in get_args(Kind) or (kind == "prompt-run" and not name.isdecimal()):
        raise preview.NoSuchPage()
    return preview.page_png(preview.preview(kind, user=user, name=name, given=given), page)


async def report_pdf(request: Request) -> Response:
    """The file as it was printed then."""
    user: User = request.state.user
    return await _download(user, await anyio.to_thread.run_sync(_record, user, int(request.path_params["id"])))


async def _printed(request: Request, kind: Kind) -> Response:
    user: User = request.state.user
    given = {key: request.query_params.getlist(key) for key in request.query_params}
    name = str(request.path_params["name"])
    if request.method == "HEAD":
        # Who only asks whether there is something gets no report made.
        require(user, Permission.SEE)
        return Response(headers={"Content-Type": "application/pdf", "Cache-Control": "no-store"})
    preferred = prefer(request.headers.getlist("prefer"))
    if not preferred.at_once:
        if _printing().statistics().tasks_waiting >= MOST_WAITING:
            raise PrintQueueFull()
        work = partial(orders.carry_out, kind, user=user, name=name, given=given, short=True)
        with suppress(TooLong):
            report = await while_waited_for(request, work, limiter=_printing())
            return await _download(user, report) if report else Response(status_code=LEFT)
    job = await in_thread(partial(jobs.submit, user=user, kind=kind, name=name, given=given))
    if is_navigation(request.scope):
        return RedirectResponse(f"/reports?job={job}", status_code=303)
    report = await _waited(request, user, job, preferred.wait_s)
    return (await _download(user, report)) if report else _accepted(job)


class Preferred(BaseModel, frozen=True):
    """What a client prefers: to wait, for so many seconds, or not even for a short print."""

    wait_s: float = 0
    at_once: bool = False


def prefer(headers: Sequence[str]) -> Preferred:
    """Of `Prefer: wait`, `wait=30` and `respond-async`; anything else is nothing that is known here."""
    said = {name.strip().lower(): value.strip(' "') for part in ",".join(headers).split(",") for name, _, value in [part.partition("=")]}
    wait = said.get("wait")
    seconds = 0 if wait is None else int(wait) if wait.isascii() and wait.isdecimal() and len(wait) < 6 else LONGEST_WAIT_S
    return Preferred(wait_s=min(seconds, LONGEST_WAIT_S), at_once="respond-async" in said)


async def _waited(request: Request, user: User, job_id: int, wait_s: float) -> Report | None:
    """The report once the job has it, or none after so long. Raises BadInput with the sentence of a job that failed."""
    with anyio.move_on_after(wait_s):
        while not await request.is_disconnected():
            job = await in_thread(_job, user, job_id)
            if job.report_id is not None:
                return await in_thread(_record, user, job.report_id)
            if not job.open:
                raise PrintFailed(job.note or jobs.Cancelled.message)
            await anyio.sleep(LOOK_S)
    return None


def _accepted(job: int) -> Response:
    address = f"/print-jobs/{job}"
    words = {"job": address, "page": f"/reports?job={job}"}
    return JSONResponse(words, status_code=202, headers={"Location": address, "Retry-After": "2", "Cache-Control": "no-store"})


async def print_job(request: Request) -> Response:
    """How far a print is; once it is done, the way to its file. `DELETE` calls it off."""
    user: User = request.state.user
    job_id = int(request.path_params["id"])
    if request.method == "DELETE":
        await in_thread(_cancel, user, job_id)
        return Response(status_code=204)
    job = await in_thread(_job, user, job_id)
    if is_navigation(request.scope):
        return RedirectResponse(f"/reports?job={job.id}", status_code=303)
    if job.report_id is not None:
        return RedirectResponse(f"/reports/{job.report_id}.pdf", status_code=303)
    told = job.model_dump(mode="json", include={"state", "share", "pages", "before", "note", "cancelled", "title"})
    return JSONResponse(told, headers={"Cache-Control": "no-store"} | ({"Retry-After": "2"} if job.open else {}))


def _job(user: User, job_id: int) -> Job:
    with transaction() as session:
        return jobs.find_job(session, reader=user, job_id=job_id)


def _cancel(user: User, job_id: int) -> None:
    with transaction() as session:
        jobs.cancel(session, user=user, job_id=job_id)


@lru_cache(maxsize=1)
def _printing() -> anyio.CapacityLimiter:
    """Threads for reports alone, so that many at once, each with slow queries, keep none from who wants a page."""
    return anyio.CapacityLimiter(AT_ONCE)


def _record(user: User, report_id: int) -> Report:
    with transaction() as session:
        return ledger.find_report(session, reader=user, report_id=report_id)


async def _download(user: User, report: Report) -> Response:
    """The file, a few megabytes at a time: a large one is never in memory."""
    chunks = await in_thread(partial(ledger.chunks_of, reader=user, report_id=report.id))
    return StreamingResponse(
        iterate_in_threadpool(chunks),
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
    Route("/dashboards/{name}/panels/{panel}.png", panel_png, methods=["GET"]),
    Route("/prints/{kind}/{name}/{page:int}.png", page_png, methods=["GET"]),
    Route("/print-jobs/{id:int}", print_job, methods=["GET", "DELETE"]),
    Route("/reports/{id:int}.pdf", report_pdf, methods=["GET"]),
]
