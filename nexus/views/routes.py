"""Downloads of views: `GET /views/<name>.csv?…`, with the same parameters as the page."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import NexusError, Unavailable
from nexus.sources.export import export
from nexus.sources.spec import QueryStopped
from nexus.views import runs
from nexus.views import values as typed
from nexus.views.service import OpenView, find_view, query_of

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""Exports that one process writes at the same time; each keeps a thread and a connection to its source."""
CHUNKS_AHEAD = 4
STALLED_SECONDS = 60
"""A client that takes nothing for so long is given up; it would keep a snapshot of the source."""


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
        # Said, so that nothing on the way compresses while it is written: that takes longer than the rows do.
        "Content-Encoding": "identity",
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
    """Written by a thread that runs a few chunks ahead of the client; a client that goes away, or takes nothing any more, stops the query."""

    def __init__(self, view: OpenView, values: dict[str, Any], *, user: User, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        # The length is known only when the last row is out.
        del self.headers["content-length"]
        self._view, self._values, self._user = view, values, user
        self._gone = threading.Event()
        self._room = threading.Semaphore(CHUNKS_AHEAD)
        self._noted = self._began = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _places.acquire(blocking=False):
            raise TooManyExports()
        chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        failure: Exception | None = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._listen, receive)
                sent = asyncio.Event()
                tasks.start_soon(self._send, send, chunks, sent)
                try:
                    await anyio.to_thread.run_sync(self._write, lambda chunk: loop.call_soon_threadsafe(chunks.put_nowait, chunk))
                    chunks.put_nowait(None)
                    with anyio.fail_after(STALLED_SECONDS):
                        await sent.wait()
                except Exception as error:
                    failure = None if self._gone.is_set() else error
                tasks.cancel_scope.cancel()
        finally:
            self._leave()
            _places.release()
        if failure is not None:
            self._raise(failure)

    def _raise(self, error: Exception) -> None:
        if not self._began:
            raise error
        logger.warning("export of %s broke off: %s", self._view.view.name, type(error).__name__)
        raise ExportBroken(type(error).__name__) from (None if isinstance(error, NexusError) else error)

    async def _listen(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _leave(self) -> None:
        """Nobody takes chunks any more; the thread is told so, also where it waits for room."""
        self._gone.set()
        self._room.release()

    async def _send(self, send: Send, chunks: asyncio.Queue[bytes | None], sent: asyncio.Event) -> None:
        while (chunk := await chunks.get()) is not None:
            if not self._began:
                self._began = True
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
            self._room.release()
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        sent.set()

    def _write(self, hand_over: Callable[[bytes], object]) -> None:
        def put(chunk: bytes) -> None:
            if not self._noted:
                self._noted = True
                self._note()
            if not self._room.acquire(timeout=STALLED_SECONDS) or self._gone.is_set():
                raise QueryStopped()
            hand_over(chunk)

        began, message = time.monotonic(), ""
        status: runs.Status = "complete"
        try:
            query = query_of(self._view, reader=self._user, values=self._values)
            export(self._view.source, query=query, reader=self._user, put=put, cancelled=self._gone.is_set)
        except Exception as error:
            status, message = runs.ending(error)
            raise
        finally:
            runs.record(
                self._user,
                source=self._view.source.name,
                view=self._view.view.name,
                view_version=self._view.version,
                sql=None,
                parameters=lambda: typed.unparse(self._view.view.parameters, self._values),
                purpose="export",
                status=status,
                error=message or None,
                row_count=None,
                elapsed_ms=(time.monotonic() - began) * 1000,
            )

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
