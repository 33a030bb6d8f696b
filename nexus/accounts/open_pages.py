"""Every open page holds a websocket; when its session ends, the page is shut out within about a second."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import anyio.to_thread
from starlette.types import Message, Receive, Send

from nexus.accounts import store
from nexus.db.session import transaction
from nexus.errors import DatabaseUnavailable

logger = logging.getLogger("nexus.gate")

INTERVAL_S = 0.75
TOUCH_S = 60.0
GRACE_S = 30.0
"""How long pages stay open while the database does not answer and nothing can be verified."""

SESSION_ENDED = 4401
"""Tells door.js to go to the sign-in page."""
TRY_AGAIN = 1013


class Page:
    """One open socket of a session."""

    def __init__(self, session_id: int) -> None:
        self.session_id = session_id
        self.ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def end(self, code: int) -> None:
        if not self.ended.done():
            self.ended.set_result(code)


class OpenPages:
    """The open sockets of this process, and the one question a second about all of them."""

    def __init__(self) -> None:
        self._pages: set[Page] = set()
        self._watch: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._pages)

    @contextmanager
    def watched(self, session_id: int, receive: Receive, send: Send) -> Iterator[tuple[Receive, Send]]:
        """`receive` and `send` of a socket that ends when the session does."""
        page = Page(session_id)
        self._pages.add(page)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.get_running_loop().create_task(self._look())
        closed = False

        async def receive_until_ended() -> Message:
            nonlocal closed
            coming = asyncio.ensure_future(receive())
            try:
                waited: set[asyncio.Future[Any]] = {coming, page.ended}
                await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            except asyncio.CancelledError:
                coming.cancel()
                raise
            if not page.ended.done():
                return coming.result()
            coming.cancel()
            if not closed:
                closed = True
                await send({"type": "websocket.close", "code": page.ended.result()})
            return {"type": "websocket.disconnect", "code": page.ended.result()}

        async def send_until_ended(message: Message) -> None:
            if not closed:
                await send(message)

        try:
            yield receive_until_ended, send_until_ended
        finally:
            self._pages.discard(page)

    def close(self) -> None:
        """Let every page go, so that none of them holds up a stop."""
        for page in list(self._pages):
            page.end(1012)

    async def _look(self) -> None:
        # A thread of its own: however many are busy with slow downloads, who is shut out does not wait for them.
        limiter = anyio.CapacityLimiter(1)
        last_answer = last_touch = time.monotonic()
        while self._pages:
            await asyncio.sleep(INTERVAL_S)
            ids = {page.session_id for page in self._pages}
            touch = time.monotonic() - last_touch > TOUCH_S
            try:
                alive = await anyio.to_thread.run_sync(_alive, ids, touch, limiter=limiter)
            except DatabaseUnavailable:
                if time.monotonic() - last_answer > GRACE_S:
                    self._end(ids, TRY_AGAIN)
                continue
            except Exception:
                logger.exception("The watch over open pages met a defect; it goes on.")
                continue
            last_answer = time.monotonic()
            last_touch = last_answer if touch else last_touch
            self._end(ids - alive, SESSION_ENDED)

    def _end(self, session_ids: set[int], code: int) -> None:
        for page in list(self._pages):
            if page.session_id in session_ids:
                page.end(code)


def _alive(ids: set[int], touch: bool) -> set[int]:
    with transaction() as session:
        alive = store.open_ids(session, ids)
        if touch and alive:
            store.touch(session, alive)
        return alive
