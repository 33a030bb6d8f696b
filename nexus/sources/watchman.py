"""A thread beside a connection that blocks inside the driver."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import psycopg2

from nexus.errors import NexusError
from nexus.sources import connect
from nexus.sources.connect import LOOK_SECONDS
from nexus.sources.spec import QueryStopped, QueryTooSlow

GRACE_SECONDS = 1.0
"""After being told to stop, a server has this long before its connection is shut."""


class Watchman:
    """A thread beside a connection that blocks: it stops the query when the reader leaves, or when nothing comes for too long.

    Leaving the `with` raises what it was stopped for, in place of the driver's error.
    """

    def __init__(self, raw: Any, *, seconds: float, cancelled: Callable[[], bool]) -> None:
        self._raw, self._seconds, self._cancelled = raw, seconds, cancelled
        self._deadline = time.monotonic() + seconds
        self._over = threading.Event()
        self._reason: NexusError | None = None
        self._thread = threading.Thread(target=self._look, name="nexus-source-export", daemon=True)

    def rest(self) -> None:
        self._deadline = float("inf")

    def resume(self) -> None:
        self._deadline = time.monotonic() + self._seconds

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()
        if self._reason is not None and isinstance(error, psycopg2.Error):
            raise self._reason from None

    def _look(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            if self._cancelled():
                self._reason = QueryStopped()
            elif time.monotonic() > self._deadline:
                self._reason = QueryTooSlow()
            else:
                continue
            threading.Thread(target=_cancel, args=(self._raw,), name="nexus-source-cancel", daemon=True).start()
            if not self._over.wait(GRACE_SECONDS):
                connect.shut(self._raw)
            return


def _cancel(raw: Any) -> None:
    # It may be gone already.
    with suppress(psycopg2.Error):
        raw.cancel()


def abandon(raw: Any) -> None:
    _cancel(raw)
    raw.close()
