"""Who ran what, how fast, and how it ended. Noted in memory, and written by a thread of its own a moment later: no page waits for it.

A database that is down loses statistics, never a page.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nexus.accounts.spec import Permission, User, require
from nexus.db import query_runs, saved, versions
from nexus.db.query_runs import Frequency, Purpose, QueryRun, Statistics, Status
from nexus.db.session import Session, transaction
from nexus.errors import BadInput, NexusError
from nexus.sources.spec import QueryFailed, QueryStopped, Table
from nexus.views import values as typed
from nexus.views.parameter import Parameter

__all__ = [
    "Purpose",
    "QueryRun",
    "Statistics",
    "Status",
    "asked_with",
    "flush",
    "forget",
    "frequencies",
    "history",
    "observed",
    "record",
    "start",
    "statistics",
    "stop",
]

logger = logging.getLogger(__name__)

MOST_WAITING = 5_000
"""Runs in memory that are not written yet; what comes then is not counted."""
BATCH = 500
PAUSE_S = 1.0
CLEAN_UP_S = 3_600
LONGEST_SQL, LONGEST_ERROR, LONGEST_PARAMETERS = 100_000, 1_000, 10_000
"""Characters that are kept; parameters that take more are left out."""

_PARAMETER: TypeAdapter[Parameter] = TypeAdapter(Parameter)
_waiting: "queue.Queue[QueryRun]" = queue.Queue(maxsize=MOST_WAITING)
_writing = threading.Lock()
_stopping = threading.Event()
_thread: threading.Thread | None = None


def record(
    reader: User,
    *,
    source: str,
    view: str | None,
    view_version: int | None,
    sql: str | None,
    parameters: Mapping[str, Any] | Callable[[], Mapping[str, Any]],
    declared: Sequence[Parameter] = (),
    purpose: Purpose,
    status: Status,
    error: str | None,
    row_count: int | None,
    elapsed_ms: float,
    cached: bool = False,
) -> None:
    """Note a run; takes microseconds, and raises nothing. `parameters` are JSON values, as `values.unparse` makes them, or what makes them.

    `declared` are what those are of, where no view says so.
    """
    try:
        run = QueryRun(
            at=datetime.now(UTC),
            # Who looks as another person runs it, not they.
            user_id=reader.looked_at_by or reader.id or None,
            source=source,
            view=view,
            view_version=view_version,
            sql=_storable(sql, LONGEST_SQL),
            parameters=_parameters(parameters),
            declared=_declared(declared),
            purpose=purpose,
            status=status,
            error=_storable(error, LONGEST_ERROR),
            row_count=row_count,
            elapsed_ms=elapsed_ms,
            cached=cached,
        )
        _waiting.put_nowait(run)
    except queue.Full:
        logger.debug("too many runs wait to be written; this one is not counted")
    except Exception:
        logger.exception("a run could not be noted")


def observed(
    reader: User,
    *,
    source: str,
    ask: Callable[[], Table],
    view: str | None = None,
    view_version: int | None = None,
    sql: str | None = None,
    parameters: Callable[[], Mapping[str, Any]] = dict,
    declared: Sequence[Parameter] = (),
    purpose: Purpose,
) -> Table:
    """What `ask` returns or raises, with the run noted however it ends."""
    require(reader, Permission.SEE)
    began = time.monotonic()
    table: Table | None = None
    # A page that is left while it waits ends in an exception of Streamlit's, which is none of Python's own.
    status: Status = "stopped"
    message = ""
    try:
        table = ask()
        status = "cut" if table.truncated else "complete"
        return table
    except Exception as error:
        status, message = ending(error)
        raise
    finally:
        waited_ms = (time.monotonic() - began) * 1000
        record(
            reader,
            source=source,
            view=view,
            view_version=view_version,
            sql=sql,
            parameters=parameters,
            declared=declared,
            purpose=purpose,
            status=status,
            error=message or None,
            row_count=table.row_count if table else None,
            elapsed_ms=table.elapsed_ms if table and not table.cached else waited_ms,
            cached=bool(table and table.cached),
        )


def ending(error: Exception) -> tuple[Status, str]:
    """How a run that raised `error` ended, and its sentence."""
    match error:
        case QueryStopped():
            return "stopped", ""
        case QueryFailed():
            return "failed", error.message
        case BadInput():
            return "refused", error.message
        case NexusError():
            return "failed", error.message
        case _:
            return "failed", "Nexus made a mistake."


def history(session: Session, *, reader: User, source: str | None = None, search: str = "", limit: int = 100) -> list[QueryRun]:
    """One's own runs, the newest first; `search` looks in statement, view and error."""
    require(reader, Permission.SEE)
    words = [word[:100] for word in search.replace("\0", " ").lower().split()[:10]]
    return query_runs.history(session, reader=reader, source=source, words=words, limit=min(limit, 500))


def asked_with(run: QueryRun) -> tuple[list[Parameter], dict[str, Any]]:
    """The parameters of a question in SQL as they were declared, and their values. What this release cannot read is left out."""
    parameters: list[Parameter] = []
    values: dict[str, Any] = {}
    for given in run.declared:
        try:
            parameter = _PARAMETER.validate_python(given)
            values |= typed.parse([parameter], {name: texts for name, texts in run.parameters.items() if name == parameter.name})
            parameters.append(parameter)
        except (ValidationError, BadInput):
            continue
    return parameters, values


def statistics(session: Session, *, reader: User, view: str, zone: str = "UTC") -> Statistics:
    """How often the view ran in the last 30 days, how fast, and for those who build, by whom.

    The last error is one's own, for administrators anybody's: it may quote a value. `zone` cuts moments into days.
    Raises NotFound.
    """
    require(reader, Permission.SEE)
    versions.load(session, reader=reader, kind="view", name=view)
    return query_runs.statistics(
        session,
        view=view,
        reader_id=reader.id,
        all_errors=reader.may(Permission.ADMINISTER),
        people=reader.may(Permission.BUILD),
        zone=zone,
    )


def frequencies(session: Session, *, reader: User, views: list[str]) -> dict[str, Frequency]:
    """Of each of `views`, which the reader has in a list: runs in 30 days, and the median of their time."""
    require(reader, Permission.SEE)
    return query_runs.frequencies(session, views=views)


def flush() -> None:
    """Write what waits. Raises DatabaseUnavailable; what was taken out is lost then."""
    with _writing:
        while batch := _taken():
            with transaction() as session:
                query_runs.add(session, batch)


def forget() -> None:
    """Drop what waits to be written."""
    while _taken():
        pass


def clean_up() -> None:
    """Remove runs that are older than the setting `run_days`."""
    with transaction() as session:
        days = saved.read(session).run_days
    more = True
    while more and not _stopping.is_set():
        with transaction() as session:
            more = query_runs.remove_old(session, days=days)


def start() -> None:
    """Write from now on, in a thread of its own."""
    global _thread
    if _thread is None or not _thread.is_alive():
        _stopping.clear()
        _thread = threading.Thread(target=_write, name="nexus-runs", daemon=True)
        _thread.start()


def stop() -> None:
    """Write what waits, and end the thread."""
    _stopping.set()
    if _thread is not None:
        _thread.join(timeout=10)


def _write() -> None:
    clean_at = time.monotonic() + 60
    while not _stopping.wait(PAUSE_S):
        _safely(flush)
        if time.monotonic() >= clean_at:
            clean_at = time.monotonic() + CLEAN_UP_S
            _safely(clean_up)
    _safely(flush)


def _safely(work: Callable[[], None]) -> None:
    try:
        work()
    except NexusError as error:
        logger.warning("runs are not counted: %s", error.message)
    except Exception:
        logger.exception("runs are not counted")


def _taken() -> list[QueryRun]:
    batch: list[QueryRun] = []
    while len(batch) < BATCH:
        try:
            batch.append(_waiting.get_nowait())
        except queue.Empty:
            break
    return batch


def _storable(text: str | None, longest: int) -> str | None:
    """Without what Postgres cannot keep: NUL, and halves of a character."""
    return None if text is None else text.replace("\0", "").encode(errors="replace").decode()[:longest]


def _parameters(parameters: Mapping[str, Any] | Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
    """Nothing where they take too much, or are no JSON: values are noted before anybody has checked them."""
    try:
        given = dict(parameters() if callable(parameters) else parameters)
        found = _storable_value(given) if given else {}
        return found if not found or len(json.dumps(found, ensure_ascii=False, allow_nan=False)) <= LONGEST_PARAMETERS else {}
    except Exception:
        return {}


def _declared(parameters: Sequence[Parameter]) -> list[Any]:
    """Nothing where they take too much."""
    if not parameters:
        return []
    made = [_storable_value(one.model_dump(mode="json", exclude_defaults=True) | {"type": one.type}) for one in parameters]
    return made if len(json.dumps(made)) <= LONGEST_PARAMETERS else []


def _storable_value(value: Any) -> Any:
    match value:
        case str():
            return _storable(value, LONGEST_PARAMETERS)
        case dict():
            return {_storable(str(key), 100): _storable_value(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable_value(item) for item in value]
        case _:
            return value
