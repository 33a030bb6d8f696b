"""How the database would answer a query: the same statement, guard, limits and reader as `run`, with EXPLAIN before it."""

import json
from collections.abc import Callable
from typing import Any

from nexus.accounts.spec import User
from nexus.sources import catalog, plan
from nexus.sources.connect import Connection, Pool, Watch, pool_of
from nexus.sources.failures import placed
from nexus.sources.plan import Plan
from nexus.sources.question import Question, question_of
from nexus.sources.run import CUT, on_connection
from nexus.sources.spec import Query, Source

# As it is asked, so the planner knows that no more rows are wanted.
EXPLAIN = f'explain ({{options}}) select * from (\n{CUT}\n) "nexus query" limit {{rows}}'
OPTIONS = "format json, verbose"
ANALYZE = f"{OPTIONS}, analyze, buffers off"


def explain(
    source: Source,
    *,
    query: Query,
    reader: User,
    analyze: bool = False,
    max_rows: int | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Plan:
    """The plan of `query` for at most `max_rows` rows. With `analyze` the query runs to its end, within the source's time.

    Raises what `sources.run` raises.
    """
    question = question_of(source, query=query, reader=reader)
    rows = min(max_rows or source.limits.max_rows, source.limits.max_rows)
    told = _ask(pool_of(source), question, rows=rows + 1, options=ANALYZE if analyze else OPTIONS, cancelled=cancelled)
    return plan.read(told, catalog.tables(source, reader=reader))


def _ask(pool: Pool, question: Question, *, rows: int, options: str, cancelled: Callable[[], bool] | None) -> dict[str, Any]:
    before, after = EXPLAIN.format(options=options, rows=rows).split(CUT)

    def explained_on(connection: Connection, watch: Watch) -> Any:
        begin, given = question.begin(version=connection.version)
        with placed(connection, question, begin + before, given):
            return connection.execute(begin + before + question.statement.template + after, given, watch).fetchone()[0]

    told = on_connection(pool, cancelled, explained_on)
    explained = json.loads(told) if isinstance(told, str) else told
    first: dict[str, Any] = explained[0]
    return first
