"""The only way from people's SQL to a database: guarded, read-only, limited, and known to the reader."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from nexus.accounts.spec import User
from nexus.sources import values
from nexus.sources.answers import Answers
from nexus.sources.connect import Connection, Pool, Watch, pool_of
from nexus.sources.failures import placed, translated
from nexus.sources.question import ROW_BYTES, TOO_BIG, Question, question_of
from nexus.sources.spec import Column, ColumnKind, Query, QueryTooBig, Source, SourceUnavailable, Table

PLAIN_BYTES = 4 * 1024 * 1024
"""A result up to here comes in one go, which lets Postgres share the work among its workers; for a cursor it never does."""
FIRST_ROWS = 100
BATCH_BYTES = 2 * 1024 * 1024
"""What a batch should have, going by the rows before it …"""
MOST_BATCH_BYTES = 4 * ROW_BYTES
"""… and where it is broken off, when the rows are suddenly wider."""
BATCH_ROWS = 5_000
GRACE_SECONDS = 1.0
"""The server stops a slow query itself; this much later we stop waiting for it."""

answers = Answers()
T = TypeVar("T")

COMPRESSED_BYTES = ROW_BYTES // 256
"""A stored row up to here is small however well its values are compressed: to a 255th at best."""
# As text only where that tells more than the stored size, and once, since it takes seconds for much; quotes in it may double it.
SELECT = """select * from (select * from (
{sql}
) "nexus query" limit {limit}) "nexus row" where case
when pg_catalog.pg_column_size("nexus row".*) <= {compressed_bytes} then true
when pg_catalog.pg_column_size("nexus row".*) > {row_bytes}
then ('{too_big}' operator(pg_catalog.||) pg_catalog.pg_column_size("nexus row".*) operator(pg_catalog.||) ' bytes')::pg_catalog.bool
when pg_catalog.octet_length(pg_catalog.concat("nexus row".*)) > 2 operator(pg_catalog.*) {row_bytes}
then ('{too_big}' operator(pg_catalog.||) pg_catalog.pg_typeof("nexus row".*))::pg_catalog.bool
else true end"""
CUT = "\0"
"""Stands for the statement while the text around it is made; no statement holds one."""
NO_ROWS = 'select * from (\n{sql}\n) "nexus query" limit 0'
CURSOR = f"declare nexus no scroll cursor for {SELECT}; fetch forward {{rows}} from nexus"


def run(
    source: Source,
    *,
    query: Query,
    reader: User,
    max_rows: int | None = None,
    fresh: bool = False,
    cancelled: Callable[[], bool] | None = None,
    max_age_s: float | None = None,
) -> Table:
    """Run one guarded SELECT and return at most `max_rows` rows, and never more than the source's own limit.

    `Table.truncated` is true where more existed. An equal question of the last `cache_seconds` is answered from
    memory unless `fresh`, or older than `max_age_s`; equal questions at the same time are asked once. `cancelled` is looked at while waiting.
    Raises QueryRefused (not one plain SELECT), QueryTooSlow, QueryTooBig, QueryStopped, QueryFailed (the
    database's own answer), SourceBusy, SourceUnavailable, BadInput (a value that cannot be bound).
    """
    question = question_of(source, query=query, reader=reader)
    rows = min(max_rows or source.limits.max_rows, source.limits.max_rows)
    return answers.ask(
        question.key(rows),
        seconds=source.limits.cache_seconds if max_age_s is None else min(max_age_s, source.limits.cache_seconds),
        fresh=fresh,
        make=lambda stopped: _ask(question, max_rows=rows, stopped=stopped),
        cancelled=cancelled,
    )


COLUMNS_SECONDS = 300


def describe(source: Source, *, query: Query, reader: User, fresh: bool = False) -> tuple[Column, ...]:
    """The columns of a query's result, without running it; remembered for some minutes. Raises as `run` does."""
    question = question_of(
        source, query=Query(source=query.source, sql=NO_ROWS.format(sql=query.sql), parameters=query.parameters), reader=reader
    )
    types = tuple((name, type(value).__name__) for name, value in sorted(question.bound.items()))
    key = (source.name, source.revision, "columns", question.statement.template, types)
    return answers.ask(key, seconds=COLUMNS_SECONDS, fresh=fresh, make=lambda stopped: _ask(question, max_rows=1, stopped=stopped)).columns


def inquire(pool: Pool, *, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Rows of a statement of Nexus's own, about the catalog of a source; read-only, with the source's time limit."""
    text = f"begin read only; select pg_catalog.set_config('statement_timeout', '{pool.source.limits.timeout_ms}', true); {sql}"
    return on_connection(pool, None, lambda connection, watch: list(connection.execute(text, parameters, watch).fetchall()))


def on_connection(pool: Pool, cancelled: Callable[[], bool] | None, work: Callable[[Connection, Watch], T]) -> T:
    """What `work` makes of a connection of the pool; of a new one, where one that lay idle has died with a restarted server.

    Raises what `run` raises.
    """
    reused = False

    def once() -> T:
        nonlocal reused
        watch = watch_of(pool.source, cancelled)
        with translated(pool.source), pool.connection(watch) as connection:
            reused = connection.reused
            return work(connection, watch)

    try:
        return once()
    except SourceUnavailable:
        if not reused:
            raise
        pool.drop_idle()
        return once()


def _ask(question: Question, *, max_rows: int, stopped: Callable[[], bool]) -> Table:
    pool = pool_of(question.source)
    template = question.statement.template
    if template not in pool.wide:
        try:
            return _attempt(pool, question, _in_one_go, max_rows=max_rows, stopped=stopped)
        except _TooWide:
            # The next time it is not tried again.
            pool.wide.append(template)
    return _attempt(pool, question, _by_cursor, max_rows=max_rows, stopped=stopped)


Rows = list[tuple[Any, ...]]
Read = Callable[[Connection, Question, int, Watch], tuple[Any, Rows, bool]]
"""Reads at most so many rows; what came back are the driver's columns, the rows, and whether the bytes ended it."""


class _TooWide(QueryTooBig):
    """More than comes in one go."""


def _attempt(pool: Pool, question: Question, read: Read, *, max_rows: int, stopped: Callable[[], bool]) -> Table:
    return on_connection(pool, stopped, lambda connection, watch: _read(pool, connection, question, read, max_rows=max_rows, watch=watch))


def _read(pool: Pool, connection: Connection, question: Question, read: Read, *, max_rows: int, watch: Watch) -> Table:
    started, read_at = time.monotonic(), datetime.now(UTC)
    # One row more than shown tells whether there is more; as a LIMIT it lets the planner sort no more than that.
    description, rows, cut_by_bytes = read(connection, question, max_rows + 1, watch)
    elapsed_ms = (time.monotonic() - started) * 1000
    truncated = len(rows) > max_rows or cut_by_bytes
    megabytes = question.source.limits.max_bytes / 1_048_576
    reason = f"first {len(rows):,} rows, {megabytes:,.0f} MB" if cut_by_bytes else f"first {max_rows:,} rows"
    # Not validated: the rows are the driver's, and checking 10,000 of them costs more than reading them.
    return Table.model_construct(
        columns=columns_of(pool, connection, description, watch),
        rows=rows[:max_rows],
        truncated=truncated,
        truncated_because=reason if truncated else "",
        elapsed_ms=elapsed_ms,
        read_at=read_at,
        query=question.query,
        cached=False,
        origins=tuple((column.table_oid or 0, column.table_column or 0) for column in description or ()),
    )


def _in_one_go(connection: Connection, question: Question, wanted: int, watch: Watch) -> tuple[Any, Rows, bool]:
    """One round trip. Raises _TooWide as soon as more bytes came in than may; the rest is never read."""
    watch.max_bytes = min(PLAIN_BYTES, question.source.limits.max_bytes)
    try:
        cursor = begin(connection, question, SELECT, limit=wanted, watch=watch)
    except QueryTooBig:
        raise _TooWide() from None
    watch.max_bytes = MOST_BATCH_BYTES
    return cursor.description, cursor.fetchall(), False


def _by_cursor(connection: Connection, question: Question, wanted: int, watch: Watch) -> tuple[Any, Rows, bool]:
    """In batches of a few megabytes, up to the rows or the bytes that the source allows."""
    most = question.source.limits.max_bytes
    batch = min(FIRST_ROWS, wanted)
    cursor = begin(connection, question, CURSOR, limit=wanted, rows=batch, watch=watch)
    rows = cursor.fetchall()
    ended = len(rows) < batch
    while not ended and len(rows) < wanted and watch.received <= most:
        batch = min(next_batch(len(rows), watch.received), wanted - len(rows))
        watch.max_bytes = watch.received + MOST_BATCH_BYTES
        more = connection.execute(f"fetch forward {batch} from nexus", None, watch).fetchall()
        rows += more
        ended = len(more) < batch
    return cursor.description, rows, not ended and len(rows) < wanted


def next_batch(rows: int, received: int) -> int:
    """As many rows as fit a batch if they are like those before; never many times more than so far."""
    width = max(1, received // max(1, rows))
    return max(1, min(BATCH_BYTES // width, rows * 4, BATCH_ROWS))


def watch_of(source: Source, cancelled: Callable[[], bool] | None) -> Watch:
    deadline = time.monotonic() + source.limits.timeout_ms / 1000 + GRACE_SECONDS
    return Watch(deadline=deadline, max_bytes=MOST_BATCH_BYTES, cancelled=cancelled)


def begin(connection: Connection, question: Question, text: str, *, limit: int, rows: int = 0, watch: Watch) -> Any:
    """Everything up to the first rows, in one round trip."""
    begin, given = question.begin(version=connection.version)
    before, after = _around(text, limit, rows)
    with placed(connection, question, begin + before, given):
        return connection.execute(begin + before + question.statement.template + after, given, watch)


@lru_cache(maxsize=256)
def _around(text: str, limit: int, rows: int) -> tuple[str, str]:
    """What stands before a statement, and what behind it."""
    sizes = {"row_bytes": ROW_BYTES, "compressed_bytes": COMPRESSED_BYTES, "too_big": TOO_BIG}
    before, after = text.format(sql=CUT, limit=limit, rows=rows, **sizes).split(CUT)
    return before, after


def columns_of(pool: Pool, connection: Connection, description: Any, watch: Watch) -> tuple[Column, ...]:
    unknown = {column.type_code for column in description or ()} - pool.types.keys()
    if unknown:
        cursor = connection.execute(
            "select oid::bigint, pg_catalog.format_type(oid, null), typcategory, typname from pg_catalog.pg_type where oid = any(%(oids)s::oid[])",
            {"oids": sorted(unknown)},
            watch,
        )
        for oid, name, category, plain in cursor.fetchall():
            pool.types[oid] = (values.kind_of(category, plain), name)
    columns = []
    for column in description or ():
        kind, type_name = pool.types.get(column.type_code, ("other", "unknown"))
        columns.append(_column(column.name, kind, type_name))
    return tuple(columns)


@lru_cache(maxsize=4_096)
def _column(name: str, kind: ColumnKind, type_name: str) -> Column:
    """The same columns come again and again, and checking one takes longer than reading its value."""
    return Column(name=name, kind=kind, type_name=type_name)
