"""A whole result as CSV, in the database's own words: `COPY … TO STDOUT`, the fastest way that rows leave a Postgres.

RFC 4180 in UTF-8, with `\\n` between rows; null is an empty cell. Values are written as Postgres writes them,
moments in ISO form and in the source's time zone; booleans as `true` and `false`. What begins like a formula gets
an apostrophe in front, which spreadsheets do not show: `COPY` is given that as part of the SELECT.
"""

import csv
import io
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import psycopg2

from nexus.accounts.spec import User
from nexus.errors import NexusError
from nexus.sources import connect
from nexus.sources.connect import LOOK_SECONDS, Watch, pool_of
from nexus.sources.failures import translated
from nexus.sources.question import ROW_BYTES, TOO_BIG, Question, question_of
from nexus.sources.spec import Query, QueryStopped, QueryTooSlow, Source

CHUNK_BYTES = 256 * 1024
LONGEST_SECONDS = 3600
"""The whole of an export, by the server's clock: it keeps one snapshot all the while, and rows that others delete cannot be cleaned away."""
GRACE_SECONDS = 1.0
"""After being told to stop, a server has this long before its connection is shut."""

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so may be run as a formula."""


def export(
    source: Source, *, query: Query, reader: User, put: Callable[[bytes], None], cancelled: Callable[[], bool] = lambda: False
) -> None:
    """Hand all rows of one guarded SELECT to `put` as CSV with a head, in chunks of at most 256 KB, in constant memory.

    No limit of rows. The source's time limit holds for the first chunk and for each further one, not counting the
    time that `put` takes; an hour holds for the whole. Blocks until the last chunk is handed over, and returns only
    then: after an error, what was handed over is not the whole. Raises as `run` does, and whatever `put` raises.
    """
    _write(question_of(source, query=query, reader=reader), put=put, cancelled=cancelled)


def _write(question: Question, *, put: Callable[[bytes], None], cancelled: Callable[[], bool]) -> None:
    source = question.source
    pool = pool_of(source)
    limit = source.limits.timeout_ms / 1000
    watch = Watch(deadline=time.monotonic() + limit, max_bytes=0, cancelled=cancelled)
    with pool.place(watch), translated(source):
        raw = connect.blocking(pool.address)
        ended = False
        try:
            with _Watchman(raw, seconds=limit + GRACE_SECONDS, cancelled=cancelled) as watchman:
                _copy(raw, question, put, watchman)
            ended = True
        finally:
            if ended:
                raw.close()
            else:
                # The server may not answer any more, and nobody waits for it.
                threading.Thread(target=_abandon, args=(raw,), name="nexus-source-cancel", daemon=True).start()


def _copy(raw: Any, question: Question, put: Callable[[bytes], None], watchman: "_Watchman") -> None:
    begin, given = question.begin(version=raw.server_version)
    with raw.cursor() as cursor:
        cursor.execute(f'{begin}select * from (\n{question.statement.template}\n) "nexus query" limit 0', given)
        columns = [(column.name, column.type_code) for column in cursor.description or ()]
        cursor.execute("select pg_catalog.set_config('statement_timeout', %s, true)", (f"{LONGEST_SECONDS}s",))
        copy = cursor.mogrify(_statement(question.statement.template, [code for _, code in columns]), given)
        with _Chunks(put, watchman) as chunks:
            # C from row to chunk: the driver calls `write` for every row, and only a full buffer comes to Python.
            buffer = io.BufferedWriter(chunks, CHUNK_BYTES)
            buffer.write(_head([name for name, _ in columns]))
            cursor.copy_expert(copy, buffer)
            buffer.flush()


# --- what is asked of the database ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Shape:
    """How a column of a type is read, and what is done to its text. `{0}` is the column."""

    read: str = "{0}"
    sized: str = ""
    typed: bool = False
    """Holds what a person may have typed."""


TEXT = "pg_catalog.octet_length({0}::pg_catalog.text)"
PLAIN = _Shape()
SHAPES = {
    16: _Shape(read="{0}::pg_catalog.text"),
    17: _Shape(sized="2 operator(pg_catalog.*) pg_catalog.octet_length({0})"),
    # A number of 200 bytes may be written with 100,000 digits.
    1700: _Shape(read="{0}::pg_catalog.text", sized=TEXT),
    25: _Shape(sized=TEXT, typed=True),
    1043: _Shape(sized=TEXT, typed=True),
} | dict.fromkeys((20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 1186, 1266, 2950), PLAIN)
"""By the number that Postgres has given the type for ever. A domain comes as the type under it."""
OTHERS = _Shape(read="nullif(pg_catalog.concat({0}), '')", sized=TEXT, typed=True)
"""Enums, JSON, arrays, rows, padded and unknown texts: as the type's own output function writes them, which a cast need not."""

COPY = """copy (select {shown} from (select {read} from (
{sql}
) "nexus query" {names} offset 0) "nexus row" {where}) to stdout with (format csv)"""

NUMBER = r"^[+-]?(?:[0-9]+(?:[.,][0-9]+)*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s?%%?$"
# Letters and most else is told apart by one comparison of bytes; the patterns see what is left.
SAFE = (
    """case when {0}::pg_catalog.text operator(pg_catalog.<) 'A' collate "C" and {0}::pg_catalog.text operator(pg_catalog.~) '^[=+@\\t\\r-]' """
    f"and {{0}}::pg_catalog.text operator(pg_catalog.!~) '{NUMBER}' then pg_catalog.concat('''', {{0}}) else {{0}} end"
)


def _statement(template: str, types: list[int]) -> str:
    shapes = [(f"c{number}", SHAPES.get(code, OTHERS)) for number, code in enumerate(types)]
    shown = [SAFE.format(name) if shape.typed else name for name, shape in shapes]
    if len(shown) == 1:
        # A row of one null would be an empty line, which most readers skip.
        shown = [f"coalesce(({shown[0]})::pg_catalog.text, '')"]
    sizes = [f"coalesce({shape.sized.format(name)}, 0)" for name, shape in shapes if shape.sized]
    where = ""
    if sizes:
        size = f"({' operator(pg_catalog.+) '.join(sizes)})"
        complaint = f"('{TOO_BIG}' operator(pg_catalog.||) {size}::pg_catalog.text operator(pg_catalog.||) ' bytes')::pg_catalog.bool"
        where = f"where {size} operator(pg_catalog.<=) {ROW_BYTES} or {complaint}"
    return COPY.format(
        shown=", ".join(shown),
        read=", ".join(f"{shape.read.format(name)} as {name}" for name, shape in shapes),
        sql=template,
        names=f"({', '.join(name for name, _ in shapes)})" if shapes else "",
        where=where,
    )


def _head(names: list[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(["'" + name if name.startswith(FORMULA) else name for name in names])
    return text.getvalue().encode()


# --- on the way -------------------------------------------------------------------------------------------


class _Chunks(io.RawIOBase):
    """Where the buffer flows over to. The watchman rests while the reader takes a chunk."""

    def __init__(self, put: Callable[[bytes], None], watchman: "_Watchman") -> None:
        self._put, self._watchman, self._wanted = put, watchman, True

    def __exit__(self, *_: object) -> None:
        # A buffer that is thrown away writes what it still has; after an error nobody must get that.
        self._wanted = False

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        if self._wanted:
            self._watchman.rest()
            for at in range(0, len(data), CHUNK_BYTES):
                self._put(bytes(data[at : at + CHUNK_BYTES]))
            self._watchman.resume()
        return len(data)


class _Watchman:
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


def _abandon(raw: Any) -> None:
    _cancel(raw)
    raw.close()
