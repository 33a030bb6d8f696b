"""The only way from people's SQL to a database: guarded, read-only, limited, and known to the reader."""

import re
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg2

from nexus.accounts.spec import Permission, User, require
from nexus.sources import guard, values
from nexus.sources.answers import Answers
from nexus.sources.connect import Connection, Pool, Watch, pool_of
from nexus.sources.guard import Statement
from nexus.sources.spec import (
    Column,
    Query,
    QueryFailed,
    QueryStopped,
    QueryTooBig,
    QueryTooSlow,
    Source,
    SourceUnavailable,
    Table,
)

ROW_BYTES = 4 * 1024 * 1024
"""Most bytes of one row. The server checks it before it sends, so a huge value never comes near this process."""
FIRST_ROWS = 100
BATCH_BYTES = 2 * 1024 * 1024
"""What a batch should have, going by the rows before it …"""
MOST_BATCH_BYTES = 4 * ROW_BYTES
"""… and where it is broken off, when the rows are suddenly wider."""
BATCH_ROWS = 5_000
GRACE_SECONDS = 1.0
"""The server stops a slow query itself; this much later we stop waiting for it."""
TOO_BIG = "nexus: row of "

answers = Answers()


@dataclass(frozen=True)
class _Question:
    """A query that the guard let pass, with who asks."""

    source: Source
    query: Query
    statement: Statement
    bound: dict[str, Any]
    reader: User

    @property
    def identity(self) -> tuple[tuple[str, str], ...]:
        """The settings that tell the database who reads. Two readers with the same ones share answers."""
        if not self.source.per_reader:
            return ()
        given = {
            f"nexus.{name}": str(value) for name, value in self.reader.attributes.items() if re.fullmatch(r"[a-z_][a-z0-9_]{0,40}", name)
        }
        given |= {"nexus.user_id": str(self.reader.id), "nexus.user_email": self.reader.email, "nexus.user_role": self.reader.role.value}
        return tuple(sorted(given.items()))

    def key(self, max_rows: int) -> tuple[Hashable, ...]:
        values_of = tuple((name, type(value).__name__, repr(value)) for name, value in sorted(self.bound.items()))
        return (self.source.name, self.source.revision, self.statement.template, values_of, max_rows, self.identity)


# The first SELECT fixes the snapshot, and from then on Postgres refuses to make the transaction read-write.
BEGIN = """begin isolation level repeatable read read only;
select {settings};
declare nexus no scroll cursor for
select * from (select * from (
{sql}
) "nexus query" {fence}) "nexus row" where pg_catalog.pg_column_size("nexus row".*) <= {row_bytes}
or ('{too_big}' operator(pg_catalog.||) pg_catalog.pg_column_size("nexus row".*) operator(pg_catalog.||) ' bytes')::pg_catalog.bool;
fetch forward {rows} from nexus"""

# The role's own path, with Postgres's functions before it and temporary tables behind.
SEARCH_PATH = """pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ',
    'pg_catalog', nullif(pg_catalog.current_setting('search_path'), ''), 'pg_temp'), true)"""

# Of our own transaction only, so that nothing is left on a connection, also behind a pooler.
SETTINGS = {
    "lock_timeout": "5s",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "work_mem": "16MB",
    # Compiling costs more than it gives at the size of a page.
    "jit": "off",
    # We read to the end or say LIMIT, so plans for a quick first row mislead.
    "cursor_tuple_fraction": "1.0",
}


def run(
    source: Source,
    *,
    query: Query,
    reader: User,
    max_rows: int | None = None,
    fresh: bool = False,
    cancelled: Callable[[], bool] | None = None,
) -> Table:
    """Run one guarded SELECT and return at most `max_rows` rows, and never more than the source's own limit.

    `Table.truncated` is true where more existed. An equal question of the last `cache_seconds` is answered from
    memory unless `fresh`; equal questions at the same time are asked once. `cancelled` is looked at while waiting.
    Raises QueryRefused (not one plain SELECT), QueryTooSlow, QueryTooBig, QueryStopped, QueryFailed (the
    database's own answer), SourceBusy, SourceUnavailable, BadInput (a value that cannot be bound).
    """
    question = _checked(source, query, reader)
    rows = min(max_rows or source.limits.max_rows, source.limits.max_rows)
    return answers.ask(
        question.key(rows),
        seconds=source.limits.cache_seconds,
        fresh=fresh,
        make=lambda stopped: _ask(question, max_rows=rows, stopped=stopped),
        cancelled=cancelled,
    )


@contextmanager
def stream(
    source: Source, *, query: Query, reader: User, cancelled: Callable[[], bool] | None = None
) -> Iterator[tuple[tuple[Column, ...], Iterator[list[tuple[Any, ...]]]]]:
    """The columns, and all rows in batches of at most a few megabytes, read as they are taken.

    No limit of rows; each batch has the source's time limit. Raises as `run` does, also from within the batches.
    """
    question = _checked(source, query, reader)
    pool = pool_of(source)
    watch = _watch(source, cancelled)
    with _translated(pool), pool.connection(watch) as connection:
        cursor = _begin(connection, question, fence="offset 0", rows=FIRST_ROWS, watch=watch)
        columns = _columns(pool, connection, cursor.description, watch)
        yield columns, _batches(pool, connection, cursor.fetchall(), source, watch)


def inquire(pool: Pool, *, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Rows of a statement of Nexus's own, about the catalog of a source; read-only, with the source's time limit."""
    watch = _watch(pool.source, None)
    with _translated(pool), pool.connection(watch) as connection:
        text = f"begin read only; select pg_catalog.set_config('statement_timeout', '{pool.source.limits.timeout_ms}', true); {sql}"
        rows: list[tuple[Any, ...]] = connection.execute(text, parameters, watch).fetchall()
        return rows


def _checked(source: Source, query: Query, reader: User) -> _Question:
    require(reader, Permission.SEE)
    if query.source != source.name:
        raise ValueError(f"the query is for {query.source}, and the source is {source.name}")
    statement = guard.check(query.sql, names=query.parameters)
    used = {name: value for name, value in query.parameters.items() if name in statement.parameters}
    return _Question(source=source, query=query, statement=statement, bound=values.bind(used), reader=reader)


def _ask(question: _Question, *, max_rows: int, stopped: Callable[[], bool]) -> Table:
    pool = pool_of(question.source)
    reused = False

    def once() -> Table:
        nonlocal reused
        watch = _watch(question.source, stopped)
        with _translated(pool), pool.connection(watch) as connection:
            reused = connection.reused
            return _read(pool, connection, question, max_rows=max_rows, watch=watch)

    try:
        return once()
    except SourceUnavailable:
        if not reused:
            raise
        # A connection that lay idle may have died with a restarted server. The next one is new.
        pool.drop_idle()
        return once()


def _read(pool: Pool, connection: Connection, question: _Question, *, max_rows: int, watch: Watch) -> Table:
    limits = question.source.limits
    started, read_at = time.monotonic(), datetime.now(UTC)
    # One row more than shown tells whether there is more; as a LIMIT it lets the planner sort no more than that.
    wanted = max_rows + 1
    batch = min(FIRST_ROWS, wanted)
    cursor = _begin(connection, question, fence=f"limit {wanted}", rows=batch, watch=watch)
    description, rows = cursor.description, cursor.fetchall()
    ended = len(rows) < batch
    while not ended and len(rows) < wanted and watch.received <= limits.max_bytes:
        batch = min(_next_batch(len(rows), watch.received), wanted - len(rows))
        watch.max_bytes = watch.received + MOST_BATCH_BYTES
        more = connection.execute(f"fetch forward {batch} from nexus", None, watch).fetchall()
        rows += more
        ended = len(more) < batch
    elapsed_ms = (time.monotonic() - started) * 1000
    cut_by_bytes = not ended and len(rows) < wanted
    truncated = len(rows) > max_rows or cut_by_bytes
    reason = f"first {len(rows):,} rows, {limits.max_bytes / 1_048_576:,.0f} MB" if cut_by_bytes else f"first {max_rows:,} rows"
    # Not validated: the rows are the driver's, and checking 10,000 of them costs more than reading them.
    return Table.model_construct(
        columns=_columns(pool, connection, description, watch),
        rows=rows[:max_rows],
        truncated=truncated,
        truncated_because=reason if truncated else "",
        elapsed_ms=elapsed_ms,
        read_at=read_at,
        query=question.query,
        cached=False,
    )


def _batches(
    pool: Pool, connection: Connection, first: list[tuple[Any, ...]], source: Source, watch: Watch
) -> Iterator[list[tuple[Any, ...]]]:
    read, batch, rows, received = len(first), FIRST_ROWS, first, watch.received
    while rows:
        yield rows
        if len(rows) < batch:
            return
        batch = _next_batch(read, received)
        step = _watch(source, watch.cancelled)
        with _translated(pool):
            rows = connection.execute(f"fetch forward {batch} from nexus", None, step).fetchall()
        read, received = read + len(rows), received + step.received


def _next_batch(rows: int, received: int) -> int:
    """As many rows as fit a batch if they are like those before; never many times more than so far."""
    width = max(1, received // max(1, rows))
    return max(1, min(BATCH_BYTES // width, rows * 4, BATCH_ROWS))


def _watch(source: Source, cancelled: Callable[[], bool] | None) -> Watch:
    deadline = time.monotonic() + source.limits.timeout_ms / 1000 + GRACE_SECONDS
    return Watch(deadline=deadline, max_bytes=MOST_BATCH_BYTES, cancelled=cancelled)


def _begin(connection: Connection, question: _Question, *, fence: str, rows: int, watch: Watch) -> Any:
    """Everything up to the first rows, in one round trip."""
    limit = question.source.limits.timeout_ms
    local = SETTINGS | {
        "timezone": question.source.timezone,
        "statement_timeout": str(limit),
        "idle_in_transaction_session_timeout": str(max(60_000, limit)),
    }
    if connection.version >= 140_000:
        # A server that works for nobody notices within a second.
        local["client_connection_check_interval"] = "1s"
    pairs = [*local.items(), *question.identity]
    given: dict[str, Any] = dict(question.bound)
    calls = [
        "pg_catalog.set_config('search_path', pg_catalog.concat_ws(', ', 'pg_catalog', nullif(pg_catalog.current_setting('search_path'), ''), 'pg_temp'), true)"
    ]
    for number, (name, value) in enumerate(pairs):
        # No parameter of a view is called so: theirs begin with a letter.
        given[f"-name{number}"], given[f"-value{number}"] = name, value
        calls.append(f"pg_catalog.set_config(%(-name{number})s, %(-value{number})s, true)")
    text = BEGIN.format(
        settings=", ".join(calls), sql=question.statement.template, fence=fence, row_bytes=ROW_BYTES, too_big=TOO_BIG, rows=rows
    )
    return connection.execute(text, given, watch)


def _columns(pool: Pool, connection: Connection, description: Any, watch: Watch) -> tuple[Column, ...]:
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
        columns.append(Column(name=column.name, kind=kind, type_name=type_name))
    return tuple(columns)


@contextmanager
def _translated(pool: Pool) -> Iterator[None]:
    """The driver's errors as ours. Addresses and passwords are in none of them."""
    try:
        yield
    except psycopg2.Error as error:
        raise translate(error, pool.source) from None
    except UnicodeDecodeError:
        raise QueryFailed("A text in this result is not valid in the database's own encoding. Ask its owner to correct the row.") from None


def translate(error: psycopg2.Error, source: Source) -> Exception:
    code = error.pgcode or ""
    primary = (error.diag.message_primary or "").strip()
    if TOO_BIG in primary:
        size = re.search(rf"{TOO_BIG}(\d+)", primary)
        megabytes = int(size.group(1)) / 1_048_576 if size else 0
        return QueryTooBig(
            f"One row of this result has {megabytes:,.0f} MB, and {ROW_BYTES // 1_048_576} MB are allowed. Shorten long values with left(column, 1000)."
        )
    if not code or code.startswith("08") or code in ("57P01", "57P02", "57P03", "57P05", "53300", "28000", "28P01", "3D000"):
        return SourceUnavailable()
    if code in ("57014", "25P04"):
        if "user request" in primary:
            return QueryStopped()
        return QueryTooSlow(
            f"This query took longer than the {source.limits.timeout_ms / 1000:g} s that its source allows, and was stopped. Narrow the filters, or ask an administrator for a longer limit."
        )
    if code in ("53200", "53400", "54000") or "memory alloc request" in primary or "enlarge string buffer" in primary:
        return QueryTooBig(f"The database stopped this query because it grew too big: {_sentence(primary)}")
    return QueryFailed(f"The database says: {_sentence(primary)}")


def _sentence(primary: str) -> str:
    text = " ".join(primary.split())[:500] or "it gave no reason"
    return text if text.endswith((".", "?", "!")) else f"{text}."
