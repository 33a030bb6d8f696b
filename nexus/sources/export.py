"""A whole result on its way into a file: `COPY … TO STDOUT`, the fastest way that rows leave a Postgres, handed on as it comes.

What is copied, and what becomes of the rows, is for a `Form` to say: a kind of file. Here are the question, the limits and the end.
"""

import io
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from nexus.accounts.spec import User
from nexus.sources import connect
from nexus.sources.connect import Watch, pool_of
from nexus.sources.failures import translated
from nexus.sources.question import Question, question_of
from nexus.sources.spec import Query, Source
from nexus.sources.watchman import GRACE_SECONDS, Watchman, abandon

CHUNK_BYTES = 256 * 1024
LONGEST_SECONDS = 3600
"""The whole of an export, by the server's clock: it keeps one snapshot all the while, and rows that others delete cannot be cleaned away."""


@dataclass(frozen=True)
class Head:
    """A column of the result as the database describes it. A domain comes as the type under it."""

    name: str
    oid: int
    """Of the type; those of built-in types never change."""
    precision: int | None = None
    scale: int | None = None
    """Of a numeric that was declared with them."""


@dataclass
class Progress:
    """How far an export is. Written by its thread alone; whoever else looks sees it a moment late."""

    rows: int = 0
    """While it runs, of a CSV nearly: a line break inside a cell counts, too."""
    size_bytes: int = 0
    expected_rows: int | None = None
    """By the planner's estimate."""


class Outlet:
    """Where a form writes its file: pieces of any size go on in chunks. A file object as far as zip and Parquet writers need one."""

    closed = False

    def __init__(self, put: Callable[[bytes], None], progress: Progress) -> None:
        self._put, self._progress = put, progress
        self._held = bytearray()
        self._wanted = True

    def write(self, data: Any) -> int:
        if self._wanted:
            self._held += data
            while len(self._held) >= CHUNK_BYTES:
                self._hand_over(CHUNK_BYTES)
        return len(data)

    def send(self) -> None:
        """Hand over what is held."""
        if self._wanted and self._held:
            self._hand_over(CHUNK_BYTES)

    def forget(self) -> None:
        """Writers close their file when they are thrown away; after an error nobody must get such an end."""
        self._wanted = False

    def flush(self) -> None:
        """When to send is decided by the export."""

    def close(self) -> None:
        """There is nothing to close."""

    def _hand_over(self, size: int) -> None:
        chunk = bytes(self._held[:size])
        del self._held[:size]
        self._put(chunk)
        self._progress.size_bytes += len(chunk)


class Form(Protocol):
    """How one result becomes a file of a kind. An instance serves one export."""

    def copy(self, template: str, heads: Sequence[Head], *, version: int) -> str:
        """The COPY of the SELECT in `template`, in which `%` is doubled. `version` is the server's."""
        ...

    def begin(self, outlet: Outlet) -> None: ...

    def write(self, rows: bytes) -> None:
        """What the database sent next: 256 KB, or one longer row. A row may go on in the next piece."""
        ...

    def end(self, rows: int) -> None: ...


def export(
    source: Source,
    *,
    query: Query,
    reader: User,
    form: Form,
    put: Callable[[bytes], None],
    cancelled: Callable[[], bool] = lambda: False,
    progress: Progress | None = None,
    estimate: bool = False,
) -> None:
    """Hand all rows of one guarded SELECT to `put` as a file of this form, in chunks of at most 256 KB, in constant memory.

    No limit of rows. The source's time limit holds for the first rows and for each further ones, not counting the
    time that `put` takes; an hour holds for the whole. Nothing is put before the first rows are there. Blocks until the
    last chunk is handed over, and returns only then: after an error, what was handed over is not the whole.
    `progress` is kept as it goes; with `estimate` the planner is asked how many rows it expects. Raises as `run` does, and whatever `put` raises.
    """
    question = question_of(source, query=query, reader=reader)
    _write(question, form, put=put, cancelled=cancelled, progress=progress or Progress(), estimate=estimate)


def _write(
    question: Question,
    form: Form,
    *,
    put: Callable[[bytes], None],
    cancelled: Callable[[], bool],
    progress: Progress,
    estimate: bool = False,
) -> None:
    source = question.source
    pool = pool_of(source)
    limit = source.limits.timeout_ms / 1000
    watch = Watch(deadline=time.monotonic() + limit, max_bytes=0, cancelled=cancelled)
    with pool.place(watch), translated(source):
        raw = connect.blocking(pool.address)
        ended = False
        try:
            with Watchman(raw, seconds=limit + GRACE_SECONDS, cancelled=cancelled) as watchman:
                _copy(raw, question, form, Outlet(put, progress), watchman, progress=progress, estimate=estimate)
            ended = True
        finally:
            if ended:
                raw.close()
            else:
                # The server may not answer any more, and nobody waits for it.
                threading.Thread(target=abandon, args=(raw,), name="nexus-source-cancel", daemon=True).start()


def _copy(raw: Any, question: Question, form: Form, outlet: Outlet, watchman: Watchman, *, progress: Progress, estimate: bool) -> None:
    begin, given = question.begin(version=raw.server_version)
    template = question.statement.template
    with raw.cursor() as cursor:
        cursor.execute(f'{begin}select * from (\n{template}\n) "nexus query" limit 0', given)
        heads = tuple(_head(column) for column in cursor.description or ())
        if estimate:
            cursor.execute(f"explain (format json) {template}", given)
            progress.expected_rows = int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])
        cursor.execute("select pg_catalog.set_config('statement_timeout', %s, true)", (f"{LONGEST_SECONDS}s",))
        copy = cursor.mogrify(form.copy(template, heads, version=raw.server_version), given)
        with _Rows(form, outlet, watchman, progress) as rows:
            # C from row to block: the driver calls `write` for every row, and only a full buffer comes to Python.
            buffer = io.BufferedWriter(rows, CHUNK_BYTES)
            form.begin(outlet)
            cursor.copy_expert(copy, buffer)
            buffer.flush()
            progress.rows = max(0, cursor.rowcount)
            watchman.rest()
            form.end(progress.rows)
            outlet.send()


def _head(column: Any) -> Head:
    """The driver writes a numeric that was declared without digits as 65535, and a scale below 0 in 11 bits."""
    if column.type_code != 1700 or column.precision in (None, 65535):
        return Head(column.name, column.type_code)
    return Head(column.name, column.type_code, column.precision, ((column.scale & 0x7FF) ^ 0x400) - 0x400)


class _Rows(io.RawIOBase):
    """Where the buffer flows over to. The watchman rests while the form works and the reader takes a chunk."""

    def __init__(self, form: Form, outlet: Outlet, watchman: Watchman, progress: Progress) -> None:
        self._form, self._outlet, self._watchman, self._progress = form, outlet, watchman, progress
        self._wanted = True

    def __exit__(self, *_: object) -> None:
        # A buffer that is thrown away writes what it still has, too.
        self._wanted = False
        self._outlet.forget()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._wanted:
            self._watchman.rest()
            block = bytes(data)
            self._form.write(block)
            self._outlet.send()
            self._progress.rows += block.count(b"\n")
            self._watchman.resume()
        return len(data)
