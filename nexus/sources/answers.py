"""Answers kept for a while, and equal questions at the same time asked once."""

import contextvars
import queue
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from nexus.sources.spec import QueryStopped, Table

MAX_BYTES = 64 * 1024 * 1024
MAX_ENTRY_BYTES = 8 * 1024 * 1024
LOOK_SECONDS = 0.05
MOST_IDLE, IDLE_SECONDS = 8, 30
"""Threads that wait for the next question, and for how long."""

Key = tuple[Hashable, ...]
Stopped = Callable[[], bool]


@dataclass
class _Flight:
    """One run of a query, and how many wait for it."""

    waiting: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    table: Table | None = None
    error: BaseException | None = None
    kept: bool = True
    shared: bool = False
    """Others hold the same table: each is given rows of their own."""

    def abandoned(self) -> bool:
        return self.waiting == 0


class _Workers:
    """Threads that wait a while for the next question: to start one takes longer than many questions do."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[queue.SimpleQueue[Callable[[], None]]] = []

    def hand(self, call: Callable[[], None]) -> None:
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox is not None:
            inbox.put(call)
        else:
            threading.Thread(target=self._work, args=(call,), name="nexus-source-query", daemon=True).start()

    def _work(self, call: Callable[[], None]) -> None:
        inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        while True:
            call()
            with self._lock:
                if len(self._idle) >= MOST_IDLE:
                    return
                self._idle.append(inbox)
            try:
                call = inbox.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                with self._lock:
                    if inbox in self._idle:
                        self._idle.remove(inbox)
                        return
                call = inbox.get()


class Answers:
    """Bounded in bytes; what was used longest ago goes first. Errors are never kept."""

    def __init__(self, *, max_bytes: int = MAX_BYTES, max_entry_bytes: int = MAX_ENTRY_BYTES) -> None:
        self._max_bytes, self._max_entry_bytes = max_bytes, max_entry_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[Key, tuple[Table, float, int]] = OrderedDict()
        self._size = 0
        self._forgets = 0
        self._flights: dict[Key, _Flight] = {}
        self._workers = _Workers()

    def ask(
        self, key: Key, *, seconds: float, fresh: bool, make: Callable[[Stopped], Table], cancelled: Callable[[], bool] | None = None
    ) -> Table:
        """The kept answer when it is younger than `seconds`, else one made now, shared with all who ask meanwhile.

        `fresh` never takes a kept answer. With `cancelled`, `make` runs in a thread of its own, and is told when nobody waits any more.
        """
        with self._lock:
            if not fresh and (found := self._find(key, seconds)) is not None:
                return found
            # A fresh question does not join a run that began before somebody pressed refresh.
            place = (*key, fresh)
            flight = self._flights.get(place)
            if flight is None or flight.abandoned():
                flight = self._flights[place] = _Flight()
                start = True
            else:
                start, flight.shared = False, True
            flight.waiting += 1
        if start:
            context = contextvars.copy_context()

            def call() -> None:
                context.run(self._run, key, place, flight, make, seconds)

            if cancelled is None:
                # Who waits in any case asks it themselves: handing it to a thread and back takes as long as a page of rows.
                call()
            else:
                self._workers.hand(call)
        return self._wait(flight, cancelled)

    def _wait(self, flight: _Flight, cancelled: Callable[[], bool] | None) -> Table:
        try:
            while not flight.over.wait(None if cancelled is None else LOOK_SECONDS):
                if cancelled is not None and cancelled():
                    raise QueryStopped()
        finally:
            with self._lock:
                flight.waiting -= 1
        if flight.error is not None:
            raise flight.error
        assert flight.table is not None
        return flight.table.model_copy(update={"rows": list(flight.table.rows)}) if flight.shared else flight.table

    def _run(self, key: Key, place: Key, flight: _Flight, make: Callable[[Stopped], Table], seconds: float) -> None:
        try:
            flight.table = make(flight.abandoned)
        except BaseException as error:
            flight.error = error
        with self._lock:
            if self._flights.get(place) is flight:
                del self._flights[place]
            if flight.table is not None and seconds > 0 and flight.kept:
                flight.shared = True
                self._keep(key, flight.table)
        flight.over.set()

    def _find(self, key: Key, seconds: float) -> Table | None:
        entry = self._kept.get(key)
        if entry is None:
            return None
        table, kept_at, _ = entry
        if time.monotonic() - kept_at > seconds:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return table.model_copy(update={"cached": True, "rows": list(table.rows)})

    def mark(self, key: Key) -> tuple[int, float | None]:
        """Another one when the answer under `key` is another, and when answers were forgotten. What was made with its help lasts as long."""
        with self._lock:
            entry = self._kept.get(key)
            return self._forgets, entry[1] if entry else None

    def _keep(self, key: Key, table: Table) -> None:
        size = size_of(table)
        if key in self._kept:
            self._drop(key)
        if size > self._max_entry_bytes:
            return
        self._kept[key] = (table, time.monotonic(), size)
        self._size += size
        while self._size > self._max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        _, _, size = self._kept.pop(key)
        self._size -= size

    def forget(self, belongs: Callable[[Key], bool] = lambda _key: True) -> None:
        """Drop the answers whose key `belongs`; runs under way are not kept either."""
        with self._lock:
            self._forgets += 1
            for key in [key for key in self._kept if belongs(key)]:
                self._drop(key)
            for place, flight in self._flights.items():
                if belongs(place[:-1]):
                    flight.kept = False


def size_of(table: Table) -> int:
    """Bytes that a table takes in memory, measured on a sample of its rows."""
    rows = table.rows
    if not rows:
        return 1024
    sample = rows[:: max(1, len(rows) // 200)]
    held = sum(sys.getsizeof(row) + sum(map(sys.getsizeof, row)) for row in sample)
    return 1024 + held * len(rows) // len(sample)
