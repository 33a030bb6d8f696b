"""Downloads of views: `GET /views/<name>.csv?…`, with the same parameters as the page."""

import logging
import threading
from collections.abc import Mapping
from typing import Any

import anyio
import anyio.from_thread
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import NexusError, Unavailable
from nexus.sources.run import stream
from nexus.views import values as typed
from nexus.views.compile import compile
from nexus.views.export import csv_parts
from nexus.views.service import OpenView, find_view

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""Exports that one process writes at the same time; each keeps a thread and a connection to its source."""


class TooManyExports(Unavailable):
    message = "Several exports are running right now. Try again in a minute."


class ExportBroken(Exception):
    """An export stopped in the middle. Raised so that the server drops the connection: the file is then plainly incomplete."""


_places = threading.BoundedSemaphore(AT_ONCE)


async def view_csv(request: Request) -> Response:
    """All rows of a view, without a limit, in constant memory. An error before the first row is a sentence."""
    user: User = request.state.user
    given = request.query_params
    texts = {key: given.getlist(key) for key in given}
    view, values = await anyio.to_thread.run_sync(_open, user, request.path_params["name"], texts)
    headers = {
        "Content-Type": "text/csv; charset=utf-8; header=present",
        "Content-Disposition": f'attachment; filename="{view.view.name}.csv"',
        "Cache-Control": "no-store",
    }
    if request.method == "HEAD":
        return Response(headers=headers)
    return _Export(view, values, user=user, headers=headers)


def _open(user: User, name: str, texts: Mapping[str, list[str]]) -> tuple[OpenView, dict[str, Any]]:
    require(user, Permission.SEE)
    with transaction() as session:
        view = find_view(session, reader=user, name=name)
        values = typed.parse(view.view.parameters, texts)
        return view, values


class _Export(Response):
    """Written by one thread that waits for the client; a client that goes away stops the query."""

    def __init__(self, view: OpenView, values: dict[str, Any], *, user: User, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        # The length is known only when the last row is out.
        del self.headers["content-length"]
        self._view, self._values, self._user = view, values, user
        self._gone = threading.Event()
        self._began = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _places.acquire(blocking=False):
            raise TooManyExports()
        try:
            failure: list[Exception] = []
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._listen, receive)
                try:
                    await anyio.to_thread.run_sync(self._write, send)
                except Exception as error:
                    failure.append(error)
                tasks.cancel_scope.cancel()
        finally:
            _places.release()
        if failure and not self._gone.is_set():
            self._raise(failure[0])

    def _raise(self, error: Exception) -> None:
        if not self._began:
            raise error
        logger.warning("export of %s broke off: %s", self._view.view.name, type(error).__name__)
        raise ExportBroken(type(error).__name__) from (None if isinstance(error, NexusError) else error)

    async def _listen(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._gone.set()

    def _write(self, send: Send) -> None:
        async def put(message: Message) -> None:
            await send(message)

        query = compile(self._view.view, self._values)
        with stream(self._view.source, query=query, reader=self._user, cancelled=self._gone.is_set) as (columns, batches):
            self._note()
            for part in csv_parts(columns, batches):
                if not self._began:
                    anyio.from_thread.run(put, {"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                    self._began = True
                anyio.from_thread.run(put, {"type": "http.response.body", "body": part, "more_body": True})
        anyio.from_thread.run(put, {"type": "http.response.body", "body": b"", "more_body": False})

    def _note(self) -> None:
        with transaction() as session:
            audit.record(
                session,
                user_id=self._user.id,
                what="view.exported",
                subject=f"view {self._view.view.name}",
                detail={"format": "csv", "version": self._view.version},
            )


routes = [Route("/views/{name}.csv", view_csv, methods=["GET"])]
