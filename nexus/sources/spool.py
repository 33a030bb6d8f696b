"""A whole result for a report, past what a page holds: read in batches into a file of this process, so that it takes no memory."""

import pickle
import tempfile
import time
import zlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, overload

from nexus.accounts.spec import User
from nexus.sources.connect import Connection, Pool, Watch, pool_of
from nexus.sources.question import Question, question_of
from nexus.sources.run import CURSOR, FIRST_ROWS, GRACE_SECONDS, MOST_BATCH_BYTES, begin, columns_of, next_batch, on_connection
from nexus.sources.spec import Query, Source, Table

BATCH_ROWS = 500
MOST_BYTES = 256 * 1024 * 1024
"""Of one result, as it comes from the database."""

Row = tuple[Any, ...]

_begun: ContextVar[list["Spool"] | None] = ContextVar("begun", default=None)


@contextmanager
def closing() -> Iterator[None]:
    """At the end of the block the files of all results are closed that were read in it, also by its threads.

    An error that was raised in it holds on to what it passed through, and so to their files, until Python looks for such.
    """
    begun: list[Spool] = []
    token = _begun.set(begun)
    try:
        yield
    finally:
        _begun.reset(token)
        for spool in begun:
            spool.close()


class Spool(Sequence[Row]):
    """Rows in a file that nothing else can open and that is gone with this object, or the `closing` block it is made in.

    Reading on is fast, and jumping about is not.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="nexus-spool-")  # noqa: SIM115 - it lives as long as this does
        self._starts: list[int] = []
        """Number of the first row of each batch."""
        self._places: list[tuple[int, int]] = []
        self._count = 0
        self._at, self._last = -1, list[Row]()
        if (begun := _begun.get()) is not None:
            begun.append(self)

    def close(self) -> None:
        """The rows cannot be read any more."""
        self._file.close()

    def put(self, rows: Sequence[Row]) -> None:
        for first in range(0, len(rows), BATCH_ROWS):
            batch = [
                tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in rows[first : first + BATCH_ROWS]
            ]
            content = zlib.compress(pickle.dumps(batch, protocol=pickle.HIGHEST_PROTOCOL), 1)
            self._starts.append(self._count)
            self._places.append((self._file.seek(0, 2), len(content)))
            self._file.write(content)
            self._count += len(batch)

    def keep(self, most: int) -> None:
        """Forget all rows past the first `most`."""
        self._count = min(self._count, most)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Row]:
        for number, start in enumerate(self._starts):
            yield from self._batch(number)[: max(self._count - start, 0)]

    @overload
    def __getitem__(self, at: int) -> Row: ...
    @overload
    def __getitem__(self, at: slice) -> list[Row]: ...
    def __getitem__(self, at: int | slice) -> Row | list[Row]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(self._count))]
        place = at + self._count if at < 0 else at
        if not 0 <= place < self._count:
            raise IndexError(at)
        number = bisect_right(self._starts, place) - 1
        return self._batch(number)[place - self._starts[number]]

    def _batch(self, number: int) -> list[Row]:
        if number != self._at:
            start, size = self._places[number]
            self._file.seek(start)
            self._last = pickle.loads(zlib.decompress(self._file.read(size)))  # noqa: S301 - our own file, which has no name
            self._at = number
        return self._last


def run_whole(
    source: Source,
    *,
    query: Query,
    reader: User,
    max_rows: int | None = None,
    fresh: bool = False,
    cancelled: Callable[[], bool] | None = None,
) -> Table:
    """All rows of one guarded SELECT, at most `max_rows`, whatever the source allows a page; `Table.rows` is a `Spool`.

    Never from memory, so `fresh` changes nothing. The source's time limit holds for the first rows and for each further
    batch. Raises as `run` does.
    """
    question = question_of(source, query=query, reader=reader)
    pool = pool_of(source)
    most = max_rows or 1_000_000
    return on_connection(pool, cancelled, lambda connection, watch: _read(pool, connection, question, watch, most=most))


def _read(pool: Pool, connection: Connection, question: Question, watch: Watch, *, most: int) -> Table:
    started, read_at = time.monotonic(), datetime.now(UTC)
    patience = question.source.limits.timeout_ms / 1000 + GRACE_SECONDS
    rows, batch = Spool(), FIRST_ROWS
    cursor = begin(connection, question, CURSOR, limit=most + 1, rows=batch, watch=watch)
    description, got = cursor.description, cursor.fetchall()
    while got:
        rows.put(got)
        if len(got) < batch or len(rows) > most or watch.received > MOST_BYTES:
            break
        batch = min(next_batch(len(rows), watch.received), most + 1 - len(rows))
        watch.max_bytes, watch.deadline = watch.received + MOST_BATCH_BYTES, time.monotonic() + patience
        got = connection.execute(f"fetch forward {batch} from nexus", None, watch).fetchall()
    ended = not got or len(got) < batch
    elapsed_ms = (time.monotonic() - started) * 1000
    truncated = len(rows) > most or not ended
    rows.keep(most)
    return Table.model_construct(
        columns=columns_of(pool, connection, description, watch),
        rows=rows,  # type: ignore[arg-type] # as good as a list to whoever reads it
        truncated=truncated,
        truncated_because=f"first {len(rows):,} rows" if truncated else "",
        elapsed_ms=elapsed_ms,
        read_at=read_at,
        query=question.query,
        cached=False,
    )
