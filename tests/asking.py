"""The sample, asked as two people do; shared by the tests of what asking does and of what happens around it."""

from typing import Any

from nexus.accounts.spec import Role, User
from nexus.sources import run
from nexus.sources.spec import Query, Source, Table

ANA = User(id=7, email="ana@example.org", name="Ana", role=Role.VIEWER, attributes={"region": "east", "user_id": "1", "odd name": "x"})
BEN = User(id=8, email="ben@example.org", name="Ben", role=Role.VIEWER)


def limited(source: Source, **limits: int) -> Source:
    return source.model_copy(update={"limits": source.limits.model_copy(update=limits)})


def ask(source: Source, sql: str, *, reader: User = ANA, parameters: dict[str, Any] | None = None, **more: Any) -> Table:
    return run.run(source, query=Query(source=source.name, sql=sql, parameters=parameters or {}), reader=reader, **more)
