"""What the database expects of a query before it runs: how many rows, and whether it sorts them all first. Costs a plan, and no row is read."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nexus.accounts.spec import User
from nexus.sources.connect import Connection, Watch, pool_of
from nexus.sources.question import Question, question_of
from nexus.sources.run import answers, on_connection
from nexus.sources.spec import Column, Query, Source, Table

SECONDS = 60


@dataclass(frozen=True)
class Estimate:
    """`rows` come out; `sorted_rows` are put in order first, 0 where an index has them in order; `read_rows` are looked at, limit or not."""

    rows: int
    sorted_rows: int
    read_rows: int


def estimate(source: Source, *, query: Query, reader: User) -> Estimate:
    """Raises what `sources.run` raises."""
    question = question_of(source, query=query, reader=reader)
    key = ("plan", *question.key(0))
    table = answers.ask((source.name, *key), seconds=SECONDS, fresh=False, make=lambda stopped: _plan(question, stopped))
    return table.rows[0][0]


def _plan(question: Question, stopped: Any) -> Table:
    pool = pool_of(question.source)

    def explained(connection: Connection, watch: Watch) -> Any:
        begin, given = question.begin(version=connection.version)
        return connection.execute(f"{begin}explain (format json) {question.statement.template}", given, watch).fetchone()[0]

    told = on_connection(pool, stopped, explained)
    plan = (json.loads(told) if isinstance(told, str) else told)[0]["Plan"]
    return Table.model_construct(
        columns=tuple[Column, ...](),
        rows=[(_read(plan),)],
        truncated=False,
        truncated_because="",
        elapsed_ms=0.0,
        read_at=datetime.now(UTC),
        query=question.query,
        cached=False,
    )


def _read(plan: Mapping[str, Any]) -> Estimate:
    nodes = list(_nodes(plan))
    return Estimate(
        rows=int(plan["Plan Rows"]),
        sorted_rows=max((round(node["Plan Rows"] * workers) for node, workers in nodes if node["Node Type"] == "Sort"), default=0),
        read_rows=max((round(node["Plan Rows"] * workers) for node, workers in nodes if not node.get("Plans")), default=0),
    )


def _nodes(plan: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], float]]:
    """Each step, and by how many workers it is shared: its rows are those of one of them."""
    pending: list[tuple[Mapping[str, Any], float]] = [(plan, 1.0)]
    while pending:
        node, workers = pending.pop()
        yield node, workers
        children = node.get("Plans", ())
        if node["Node Type"] in ("Gather", "Gather Merge"):
            workers = max(1.0, node["Plan Rows"] / max(1, children[0]["Plan Rows"]))
        pending.extend((child, workers) for child in children)
