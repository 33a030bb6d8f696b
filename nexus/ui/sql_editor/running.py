"""A query under way on a thread of its own, so that the page answers meanwhile, to Cancel above all."""

import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from typing import Generic, TypeVar

from nexus import defects
from nexus.errors import NexusError

T = TypeVar("T")

UNWATCHED_S = 15
"""How long it goes on with nobody looking: longer than a browser needs to find its way back."""


class Running(Generic[T]):
    """`work` is given what tells whether to stop. It is stopped when nobody looks any more."""

    def __init__(self, work: Callable[[Callable[[], bool]], T], *, unwatched_s: float = UNWATCHED_S) -> None:
        self.result: T | None = None
        self.error: NexusError | None = None
        self._work, self._unwatched_s = work, unwatched_s
        self._stop = threading.Event()
        self._over = threading.Event()
        self._began = self._looked = time.monotonic()
        threading.Thread(target=copy_context().run, args=(self._run,), name="sql-page", daemon=True).start()

    @property
    def waited_s(self) -> float:
        return time.monotonic() - self._began

    def over(self, *, within_s: float = 0.0) -> bool:
        """Whether it has ended, now or within this time. Asking is what keeps it going."""
        self._looked = time.monotonic()
        return self._over.wait(within_s)

    def stop(self) -> None:
        """The database's query ends within moments."""
        self._stop.set()

    def _given_up(self) -> bool:
        return self._stop.is_set() or time.monotonic() - self._looked > self._unwatched_s

    def _run(self) -> None:
        try:
            self.result = self._work(self._given_up)
        except NexusError as error:
            self.error = error
        except Exception as error:
            self.error = NexusError(f"Nexus made a mistake, and has noted it as {defects.note(error, where='SQL page')}.")
        finally:
            self._over.set()
