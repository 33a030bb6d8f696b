"""Connections to sources: a small pool for each, and one wait that knows the deadline, the byte limit and the reader."""

import array
import fcntl
import os
import select
import socket
import termios
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg2
from psycopg2 import extensions

from nexus.db import session as own
from nexus.sources import store, values
from nexus.sources.address import Address, connection_arguments
from nexus.sources.spec import ColumnKind, QueryStopped, QueryTooBig, QueryTooSlow, Source, SourceBusy, SourceUnavailable

CONNECT_SECONDS = 5
CLEAN_SECONDS = 2
IDLE_SECONDS = 300
LOOK_SECONDS = 0.05
"""How often a wait looks whether the reader is still there."""

OPTIONS = {"application_name": "nexus", "client_encoding": "UTF8", "keepalives_idle": 30, "keepalives_interval": 10}

CLEAN = "rollback; select pg_catalog.pg_advisory_unlock_all(); deallocate all; unlisten *; close all; reset all"
"""Everything that could outlive a transaction. `discard all` would be a round trip of its own."""


@dataclass
class Watch:
    """What ends a wait. `received` counts the bytes that came in, nearly, as the system tells; that costs nothing a value."""

    deadline: float
    max_bytes: int
    cancelled: Callable[[], bool] | None = None
    received: int = 0

    def look(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise QueryStopped()
        if time.monotonic() > self.deadline:
            raise QueryTooSlow()
        if self.received > self.max_bytes:
            raise QueryTooBig()

    def patience(self) -> float:
        left = max(0.0, self.deadline - time.monotonic())
        return left if self.cancelled is None else min(left, LOOK_SECONDS)


class Connection:
    """One connection that never blocks: libpq's own waiting can neither be stopped nor counted."""

    def __init__(self, address: Address, watch: Watch) -> None:
        arguments = connection_arguments(address) | OPTIONS
        self._gulp = 16 * 1024
        """Most that libpq has taken at once: its buffer, which grows with the longest row."""
        try:
            self._raw: Any = psycopg2.connect(**arguments, async_=True)
            self._wait(watch)
        except psycopg2.Error as error:
            # Not chained: the driver's sentence names host and user.
            raise _unavailable(_reason(str(error))) from None
        except QueryTooSlow:
            self._raw.close()
            raise _unavailable(f"The server did not answer within {CONNECT_SECONDS} s. Check host, port and firewall.") from None
        _check_backslashes(self._raw)
        values.read_on(self._raw)
        self.used_at = time.monotonic()
        self.reused = False
        self._cleaning: Any = None
        """The cursor of a cleaning whose end nobody has waited for yet. The driver wants it held."""

    def execute(self, sql: str, parameters: dict[str, Any] | None, watch: Watch) -> Any:
        """Run `sql`, which may hold several statements of ours; the cursor has the rows of the last."""
        cursor = self._raw.cursor()
        cursor.execute(sql, parameters)
        self._wait(watch)
        return cursor

    def text_of(self, sql: str, parameters: dict[str, Any] | None) -> str:
        """What `execute` sends."""
        return bytes(self._raw.cursor().mogrify(sql, parameters)).decode()

    def _wait(self, watch: Watch) -> None:
        poller, waiting = select.poll(), 0
        while (state := self._raw.poll()) != extensions.POLL_OK:
            if waiting:
                # What came before is still there where libpq took only a buffer full; that counts once.
                self._gulp = max(self._gulp, waiting - self._unread())
                watch.received += min(waiting, self._gulp)
                watch.look()
            line = self._raw.fileno()
            poller.register(line, select.POLLIN if state == extensions.POLL_READ else select.POLLOUT)
            while not poller.poll(watch.patience() * 1000):
                watch.look()
            poller.unregister(line)
            waiting = self._unread() if state == extensions.POLL_READ else 0
        watch.received += min(waiting, self._gulp)

    def _unread(self) -> int:
        """Bytes that the system holds for us."""
        pending = array.array("i", [0])
        fcntl.ioctl(self._raw.fileno(), termios.FIONREAD, pending)
        return pending[0]

    @property
    def version(self) -> int:
        return int(self._raw.server_version)

    def start_cleaning(self) -> bool:
        """Send what ends the transaction and everything that could outlive it, and leave the server to it. False when it cannot be sent."""
        try:
            self._cleaning = self._raw.cursor()
            self._cleaning.execute(CLEAN)
        except psycopg2.Error:
            return False
        self.used_at = time.monotonic()
        return True

    def is_clean(self) -> bool:
        """Whether the cleaning has ended well; waits for it, mostly for nothing. False when the connection is of no more use."""
        try:
            self._wait(Watch(deadline=time.monotonic() + CLEAN_SECONDS, max_bytes=1 << 20))
        except (psycopg2.Error, QueryTooSlow, QueryTooBig):
            return False
        self._cleaning = None
        return bool(self._raw.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE)

    def close(self) -> None:
        self._raw.close()

    def abandon(self) -> None:
        """Stop what runs on the server, and close, without waiting for either: the server may not answer any more."""
        threading.Thread(target=self._abandon, name="nexus-source-cancel", daemon=True).start()

    def _abandon(self) -> None:
        try:
            self._raw.cancel()
        except psycopg2.Error:
            pass  # already gone, and closing is all that is left
        finally:
            self._raw.close()


def blocking(address: Address) -> Any:
    """A connection of the driver's own kind, outside any pool: it waits inside libpq, but can COPY. Whoever asks closes it."""
    arguments = connection_arguments(address) | OPTIONS
    try:
        raw = psycopg2.connect(**arguments, connect_timeout=CONNECT_SECONDS)
    except psycopg2.Error as error:
        raise _unavailable(_reason(str(error))) from None
    _check_backslashes(raw)
    raw.autocommit = True
    return raw


def shut(raw: Any) -> None:
    """Shut the line under a connection that another thread waits on: its wait ends with an error, whatever the server does."""
    with socket.socket(fileno=os.dup(raw.fileno())) as line, suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _check_backslashes(raw: Any) -> None:
    """With the old meaning of backslashes, `'\\'` would end elsewhere than the guard's grammar says. Closes and raises SourceUnavailable."""
    if raw.get_parameter_status("standard_conforming_strings") != "on":
        raw.close()
        raise _unavailable("This database has standard_conforming_strings off, which Nexus cannot read safely. Turn it on for the role.")


def _unavailable(reason: str) -> SourceUnavailable:
    failure = SourceUnavailable()
    failure.reason = reason
    return failure


REASONS = (
    (("password", "authentication"), "The server refused the user or the password."),
    (("role",), "The server refused the user or the password."),
    (("database",), "The server has no database of this name."),
    (("pg_hba",), "The server does not let this user in from here."),
    (("refused",), "Nothing listens at this host and port."),
    (("too many",), "The server has no connection left."),
    (("slots",), "The server has no connection left."),
    (("ssl",), "The encrypted connection failed. Check sslmode and the server's certificate."),
    (("certificate",), "The encrypted connection failed. Check sslmode and the server's certificate."),
    (("timeout",), "The server did not answer in time. Check host, port and firewall."),
    (("unreachable",), "The host cannot be reached from here."),
)


def _reason(text: str) -> str:
    """The driver's words as a sentence of ours. A message in another language ends at the last line."""
    # The part after the last `failed:` or `FATAL:` says why; before it stand host and user.
    why = text.lower().rpartition("failed: ")[2]
    for words, sentence in REASONS:
        if all(word in why for word in words):
            return sentence
    return "The server did not answer as a Postgres does."


@dataclass
class Pool:
    """The connections of this process to one source, at one revision of it."""

    source: Source
    address: Address
    types: dict[int, tuple[ColumnKind, str]] = field(default_factory=lambda: dict(values.BUILT_IN))
    wide: deque[str] = field(default_factory=lambda: deque(maxlen=256))
    """Statements whose results did not come in one go."""
    _idle: list[Connection] = field(default_factory=list)
    _taken: int = 0
    _closed: bool = False
    _change: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def connection(self, watch: Watch) -> Iterator[Connection]:
        """A clean connection; it is cleaned when it goes back, or closed. Raises SourceBusy when none becomes free in time."""
        self._take_a_place(watch)
        connection = None
        try:
            connection = self._one(watch)
            yield connection
        except (QueryTooSlow, QueryTooBig, QueryStopped, GeneratorExit):
            if connection is not None:
                connection.abandon()
                connection = None
            raise
        finally:
            self._give_back(connection)

    @contextmanager
    def place(self, watch: Watch) -> Iterator[None]:
        """One of the queries at once that the source allows, for a connection outside the pool. Raises SourceBusy."""
        self._take_a_place(watch)
        try:
            yield
        finally:
            with self._change:
                self._taken -= 1
                self._change.notify()

    def _take_a_place(self, watch: Watch) -> None:
        with self._change:
            while self._taken >= self.source.limits.concurrent_queries:
                try:
                    watch.look()
                except QueryTooSlow:
                    raise SourceBusy() from None
                self._change.wait(watch.patience())
            self._taken += 1

    def _one(self, watch: Watch) -> Connection:
        while (connection := self._taken_out()) is not None:
            if connection.is_clean():
                connection.reused = True
                return connection
            connection.close()
        limited = Watch(min(watch.deadline, time.monotonic() + CONNECT_SECONDS), 1 << 20, watch.cancelled)
        return Connection(self.address, limited)

    def _taken_out(self) -> Connection | None:
        with self._change:
            return self._idle.pop() if self._idle else None

    def _give_back(self, connection: Connection | None) -> None:
        # Its end is waited for by the next reader, before anything of theirs is sent: this one need not.
        kept = connection is not None and connection.start_cleaning()
        old: list[Connection] = [] if kept or connection is None else [connection]
        with self._change:
            self._taken -= 1
            if kept and connection is not None:
                (old if self._closed else self._idle).append(connection)
            horizon = time.monotonic() - IDLE_SECONDS
            old += [idle for idle in self._idle if idle.used_at < horizon]
            self._idle = [idle for idle in self._idle if idle.used_at >= horizon]
            self._change.notify()
        for one in old:
            one.close()

    def drop_idle(self) -> None:
        """After a server went away, its other connections are dead too."""
        with self._change:
            old, self._idle = self._idle, []
        for connection in old:
            connection.close()

    def close(self) -> None:
        with self._change:
            self._closed = True
        self.drop_idle()


_pools: dict[str, Pool] = {}
_lock = threading.Lock()


def pool_of(source: Source) -> Pool:
    """The pool of a source as it is now; a pool of a former revision is closed. The address is read here and nowhere else."""
    with _lock:
        pool = _pools.get(source.name)
    if pool is not None and pool.source == source:
        return pool
    with own.transaction() as session:
        address = store.find_address(session, name=source.name)
    if address is None:
        raise SourceUnavailable("This source no longer exists. Open another, or ask an administrator to add it again.")
    with _lock:
        former = _pools.get(source.name)
        if former is not None and former.source == source:
            return former
        pool = _pools[source.name] = Pool(source, address)
    if former is not None:
        former.close()
    return pool


def close_all() -> None:
    """Close every pool: at the end of the process, and when Nexus's own database is changed for another."""
    with _lock:
        pools = list(_pools.values())
        _pools.clear()
    for pool in pools:
        pool.close()
