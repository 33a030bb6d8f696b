"""Downloads of views: `GET /views/<name>.{csv,xlsx,parquet,jsonl}?…`, with the same parameters as the page.

With `export.key=…`, a text of 16 to 64 letters and digits that the page makes up, `GET /exports/<key>` tells how far the file
is, and `POST /exports/<key>/cancel` stops it; both for the same person only.

Fields of a prompt's answers: `GET /prompts/<name>.{csv,xlsx,parquet,jsonl}`, and `GET /prompt-runs/<id>.…` of one run.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Literal

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.exports import fields, service
from nexus.exports.service import Subject
from nexus.exports.spec import KINDS, TYPES, Export, Kind
from nexus.exports.transfer import Transfer
from nexus.sources.export import Progress


def view_file(kind: Kind) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        return await _answer(request, kind)

    return answer


async def _answer(request: Request, kind: Kind) -> Response:
    """All rows of a view, without a limit, in constant memory. An error before the first row is a sentence."""
    user: User = request.state.user
    name = request.path_params["name"]
    given = {key: request.query_params.getlist(key) for key in request.query_params}
    asking = request.method == "HEAD"
    key = None if asking else service.key_of(given)
    subject = await anyio.to_thread.run_sync(_open, user, name, given, kind, key)
    headers = {
        "Content-Type": TYPES[kind],
        "Content-Disposition": f'attachment; filename="{name}.{kind}"',
        "Cache-Control": "no-store",
        # Said, so that nothing on the way compresses while it is written: that takes longer than the rows do.
        "Content-Encoding": "identity",
    }
    return Response(headers=headers) if asking else Transfer(subject, kind, user=user, key=key, headers=headers)


def _open(user: User, name: str, given: Mapping[str, list[str]], kind: Kind, key: str | None) -> Subject:
    if key is not None:
        with transaction() as session:
            service.begin(session, user=user, key=key, view=name, kind=kind)
    try:
        with transaction() as session:
            return service.open_subject(session, user=user, name=name, given=given)
    except NexusError as error:
        if key is not None:
            with suppress(NexusError), transaction() as session:
                service.tell(session, user=user, key=key, progress=Progress(), state="failed", note=error.message)
        raise


async def export_progress(request: Request) -> Response:
    found = await anyio.to_thread.run_sync(_find, request.state.user, request.path_params["key"])
    return JSONResponse(found.model_dump(mode="json", exclude={"told_at"}), headers={"Cache-Control": "no-store"})


def _find(user: User, key: str) -> Export:
    with transaction() as session:
        return service.find_export(session, reader=user, key=key)


async def cancel_export(request: Request) -> Response:
    await anyio.to_thread.run_sync(_cancel, request.state.user, request.path_params["key"])
    return Response(status_code=204)


def _cancel(user: User, key: str) -> None:
    with transaction() as session:
        service.cancel(session, user=user, key=key)


def fields_file(kind: Kind, *, of: Literal["run", "prompt"]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        name = request.path_params["name"]
        taken = await anyio.to_thread.run_sync(_fields, request.state.user, name, of)
        called = f"{taken.name}-run-{name}" if of == "run" else taken.name
        headers = {"Content-Disposition": f'attachment; filename="{called}.{kind}"', "Cache-Control": "no-store"}
        return StreamingResponse(fields.write(taken, kind, reader=request.state.user), media_type=TYPES[kind], headers=headers)

    return answer


def _fields(user: User, name: str | int, of: Literal["run", "prompt"]) -> fields.Fields:
    with transaction() as session:
        if of == "run":
            return fields.of_run(session, reader=user, run_id=int(name))
        return fields.of_prompt(session, reader=user, name=str(name))


routes = [
    *(Route(f"/prompt-runs/{{name:int}}.{kind}", fields_file(kind, of="run"), methods=["GET"]) for kind in KINDS),
    *(Route(f"/prompts/{{name}}.{kind}", fields_file(kind, of="prompt"), methods=["GET"]) for kind in KINDS),
    *(Route(f"/views/{{name}}.{kind}", view_file(kind), methods=["GET"]) for kind in KINDS),
    Route("/exports/{key}", export_progress, methods=["GET"]),
    Route("/exports/{key}/cancel", cancel_export, methods=["POST"]),
]
