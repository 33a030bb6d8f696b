"""SQL while it is written: what is wrong with it and where, the parameters in it, its rows, and its plan."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from nexus.accounts.spec import Permission, User, require
from nexus.errors import BadInput, NexusError
from nexus.sources import guard
from nexus.sources.explain import explain
from nexus.sources.plan import Plan
from nexus.sources.run import run
from nexus.sources.spec import Query, QueryFailed, QueryRefused, Source, Table
from nexus.sources.sqltext import places_of, tokens_of, without_marks
from nexus.views import values as typed
from nexus.views.compile import bind_names, compile, optional
from nexus.views.runs import observed
from nexus.views.spec import View

ROWS = 1_000
"""Most that the SQL page holds of a result; a saved view pages through all of them."""


class Problem(BaseModel, frozen=True):
    """What is wrong, and with which characters of the text: from `start` up to `end`."""

    message: str
    start: int
    end: int


def names_in(sql: str) -> tuple[str, ...]:
    """The names that stand as `:name`, each once, in their order. Empty while the text cannot be read."""
    try:
        text = without_marks(sql, tokens_of(sql))
        return tuple(dict.fromkeys(place.name for place in places_of(text, tokens_of(text), None)))
    except NexusError:
        return ()


def problem_in(sql: str) -> Problem | None:
    """What the guard has against the text with all its optional parts; none for nothing at all."""
    if not sql.strip():
        return None
    try:
        names = names_in(sql)
        guard.check(optional.resolve(sql, names=names, empty=()), names=names)
    except BadInput as error:
        return problem_of(error, sql)
    except NexusError as error:
        return Problem(message=error.message, start=0, end=len(sql))
    return None


def problem_of(error: NexusError, sql: str) -> Problem | None:
    """Where the error stands in the text; none when it is about no place in it."""
    position = error.position if isinstance(error, QueryRefused | QueryFailed) else None
    if position is None:
        return None
    start = min(position, max(0, len(sql) - 1))
    return Problem(message=error.message, start=start, end=_end_of_word(sql, start))


def _end_of_word(sql: str, start: int) -> int:
    """At least one character on; of a word or name all of it."""
    end = start + 1
    while end < len(sql) and (sql[end].isalnum() or sql[end] in "_.") and (sql[start].isalnum() or sql[start] in "_:"):
        end += 1
    return min(end, len(sql))


def ask_sql(
    view: View,
    source: Source,
    *,
    reader: User,
    values: Mapping[str, Any],
    cancelled: Callable[[], bool] | None = None,
    max_rows: int = ROWS,
) -> Table:
    """Ask a question in SQL that need not be saved, anew. The run is noted with its text, for the reader's history.

    Raises BadInput for a value that does not fit, and what `sources.run` raises.
    """
    require(reader, Permission.BUILD)
    text = getattr(view.question, "sql", "")
    named = set(names_in(text))
    return observed(
        reader,
        source=source.name,
        sql=text or None,
        declared=[one for one in view.parameters if named.intersection(bind_names((one,)))],
        parameters=lambda: typed.unparse(view.parameters, values, for_good=True),
        purpose="sql",
        ask=lambda: run(source, query=_query(view, source, values), reader=reader, max_rows=max_rows, fresh=True, cancelled=cancelled),
    )


def explain_sql(
    view: View,
    source: Source,
    *,
    reader: User,
    values: Mapping[str, Any],
    analyze: bool = False,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """How the database would answer; with `analyze` it does. Raises as `ask_sql`."""
    require(reader, Permission.BUILD)
    return explain(source, query=_query(view, source, values), reader=reader, analyze=analyze, max_rows=ROWS, cancelled=cancelled)


def _query(view: View, source: Source, values: Mapping[str, Any]) -> Query:
    with typed.in_zone(source.zone):
        return compile(view, values)
