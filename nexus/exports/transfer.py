"""One file on its way: a thread writes it a few chunks ahead of the client, and the loop sends, listens and tells how far it is."""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping

import anyio
import anyio.to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import NexusError, Unavailable
from nexus.exports import service
from nexus.exports.csv import CsvForm
from nexus.exports.jsonl import JsonLinesForm
from nexus.exports.parquet import ParquetForm
from nexus.exports.service import Subject
from nexus.exports.spec import Kind, State
from nexus.exports.xlsx import XlsxForm
from nexus.sources.export import Form, Progress, export
from nexus.sources.spec import Query, QueryFailed, QueryStopped
from nexus.views import runs
from nexus.views import values as typed
from nexus.views.service import explaining

logger = logging.getLogger(__name__)

AT_ONCE = 4
"""Exports that one process writes at the same time; each keeps a thread and a connection to its source."""
CHUNKS_AHEAD = 4
STALLED_SECONDS = 60
"""A client that takes nothing for so long is given up; it would keep a snapshot of the source."""
TOLD_SECONDS = 1.0

CANCELLED = "Cancelled. The file that was saved so far is not the whole, and can be thrown away."
LEFT = "The browser took no more of it. The file that was saved so far is not the whole."


class TooManyExports(Unavailable):
    message = "Several exports are running right now. Try again in a minute."


class ExportBroken(Exception):
    """An export stopped in the middle. Raised so that the server drops the connection: the file is then plainly incomplete."""


places = threading.BoundedSemaphore(AT_ONCE)


class Transfer(Response):
    """A client that goes away, takes nothing any more, or cancels under `key`, stops the query."""

    def __init__(self, subject: Subject, kind: Kind, *, user: User, key: str | None, headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        # The length is known only when the last row is out.
        del self.headers["content-length"]
        self._subject, self._kind, self._user, self._key = subject, kind, user, key
        self._progress = Progress()
        self._gone = threading.Event()
        self._room = threading.Semaphore(CHUNKS_AHEAD)
        self._noted = self._began = self._left = self._cancelled = False
        self._note = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        failure: Exception | None = None
        try:
            failure = await self._transfer(receive, send)
        except Exception as error:
            failure = error
        finally:
            with anyio.CancelScope(shield=True):
                await self._tell_the_end(failure)
        if failure is not None and not self._left:
            self._raise(failure)

    async def _transfer(self, receive: Receive, send: Send) -> Exception | None:
        """Send the file; what broke it off, if something did."""
        if not places.acquire(blocking=False):
            raise TooManyExports()
        chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        failure: Exception | None = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._listen, receive)
                sent = asyncio.Event()
                tasks.start_soon(self._send, send, chunks, sent)
                if self._key is not None:
                    tasks.start_soon(self._tell)
                try:
                    await anyio.to_thread.run_sync(self._write, lambda chunk: loop.call_soon_threadsafe(chunks.put_nowait, chunk))
                    chunks.put_nowait(None)
                    with anyio.fail_after(STALLED_SECONDS):
                        await sent.wait()
                except Exception as error:
                    failure = error
                tasks.cancel_scope.cancel()
        finally:
            self._stop()
            places.release()
        return failure

    def _raise(self, error: Exception) -> None:
        if not self._began:
            raise error
        logger.warning("export of %s broke off: %s", self._subject.view.view.name, type(error).__name__)
        raise ExportBroken(type(error).__name__) from (None if isinstance(error, NexusError) else error)

    async def _listen(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._left = True
        self._stop()

    def _stop(self) -> None:
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

    # --- how far it is -----------------------------------------------------------------------------------

    async def _tell(self) -> None:
        """Every second. A database that does not answer for a moment ends no file."""
        while True:
            await asyncio.sleep(TOLD_SECONDS)
            try:
                cancelled = await anyio.to_thread.run_sync(self._told, "running", "")
            except NexusError:
                continue
            if cancelled:
                self._cancelled = True
                self._stop()
                return

    async def _tell_the_end(self, failure: Exception | None) -> None:
        if self._key is None:
            return
        state, note = self._ending(failure)
        try:
            await anyio.to_thread.run_sync(self._told, state, note)
        except NexusError:
            logger.warning("the end of an export could not be told")

    def _ending(self, failure: Exception | None) -> tuple[State, str]:
        if self._cancelled:
            return "stopped", CANCELLED
        if failure is None:
            return "complete", self._note
        if self._left:
            return "stopped", LEFT
        begun = " The file that was saved so far is not the whole." if self._began else ""
        return "failed", (failure.message if isinstance(failure, NexusError) else NexusError.message) + begun

    def _told(self, state: State, note: str) -> bool:
        assert self._key is not None
        with transaction() as session:
            return service.tell(session, user=self._user, key=self._key, progress=self._progress, state=state, note=note)

    # --- in the thread -----------------------------------------------------------------------------------

    def _write(self, hand_over: Callable[[bytes], object]) -> None:
        def put(chunk: bytes) -> None:
            if not self._noted:
                self._noted = True
                with transaction() as session:
                    service.note_taken(session, user=self._user, subject=self._subject, kind=self._kind)
            if not self._room.acquire(timeout=STALLED_SECONDS) or self._gone.is_set():
                raise QueryStopped()
            hand_over(chunk)

        began, message = time.monotonic(), ""
        status: runs.Status = "complete"
        view = self._subject.view
        try:
            with explaining(view, reader=self._user):
                self._export(put)
                if not self._noted:
                    # JSON lines of no rows are an empty file, and that is an answer too.
                    put(b"")
        except Exception as error:
            status, message = runs.ending(error)
            raise
        finally:
            runs.record(
                self._user,
                source=view.source.name,
                view=view.view.name,
                view_version=view.version,
                sql=None,
                parameters=lambda: typed.unparse(view.view.parameters, self._subject.values),
                purpose="export",
                status=status,
                error=message or None,
                row_count=self._progress.rows if status == "complete" else None,
                elapsed_ms=(time.monotonic() - began) * 1000,
            )

    def _export(self, put: Callable[[bytes], None]) -> None:
        """Once more where the database refuses it before the first row, and its tables are not those that are remembered."""
        query: Query | None = None
        try:
            query = self._subject.query(reader=self._user)
            self._ask(query, put)
        except QueryFailed:
            again = None if self._noted else self._subject.query(reader=self._user, fresh=True)
            if again is None or again == query:
                raise
            self._ask(again, put)

    def _ask(self, query: Query, put: Callable[[bytes], None]) -> None:
        export(
            self._subject.view.source,
            query=query,
            reader=self._user,
            form=self._form(query),
            put=put,
            cancelled=self._gone.is_set,
            progress=self._progress,
            estimate=self._key is not None,
        )

    def _form(self, query: Query) -> Form:
        made = self._subject.provenance(query, user=self._user)
        match self._kind:
            case "csv":
                return CsvForm()
            case "jsonl":
                return JsonLinesForm()
            case "xlsx":
                return XlsxForm(made, self._subject.view.view.formats)
            case "parquet":
                return ParquetForm(made, self._say)

    def _say(self, sentence: str) -> None:
        self._note = sentence
