"""A question on its way to a source: what the guard let pass, who asks, and what the database is told of both."""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.sources import guard, values
from nexus.sources.guard import Statement
from nexus.sources.spec import Query, Source

ROW_BYTES = 4 * 1024 * 1024
"""Most bytes of one row. The server checks it before it sends, so a huge value never comes near this process."""
TOO_BIG = "nexus: row of "
"""How the server's complaint about a longer one begins."""

# The role's own path, with Postgres's functions before it and temporary tables behind; without Nexus's own schema,
# so that a source in Nexus's database does not mean Nexus's table `users` where people write `users`. Kept short:
# who watches the server sees the first 1,024 bytes, and should see the question in them.
SEARCH_PATH = """pg_catalog.set_config('search_path', pg_catalog.concat('pg_catalog, "', pg_catalog.array_to_string(
pg_catalog.array_remove(pg_catalog.current_schemas(false), 'nexus'), '", "'), '", pg_temp'), true)"""

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


@dataclass(frozen=True)
class Question:
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
        # Also where it is not told, no attribute may pass for it.
        shared = self.source.equal_readers_share
        given |= {
            "nexus.user_id": "" if shared else str(self.reader.id),
            "nexus.user_email": "" if shared else self.reader.email,
            "nexus.user_role": self.reader.role.value,
        }
        return tuple(sorted(given.items()))

    def key(self, max_rows: int) -> tuple[Hashable, ...]:
        values_of = tuple((name, type(value).__name__, repr(value)) for name, value in sorted(self.bound.items()))
        return (self.source.name, self.source.revision, self.statement.template, values_of, max_rows, self.identity)

    def begin(self, *, version: int) -> tuple[str, dict[str, Any]]:
        """The start of a read-only transaction for this question, and the values in it, those of the question too.

        `version` is the server's. The SELECT fixes the snapshot, and from then on Postgres refuses to make the
        transaction read-write.
        """
        given: dict[str, Any] = dict(self.bound)
        for number, (name, value) in enumerate(self.identity):
            # No parameter of a view is called so: theirs begin with a letter.
            given[f"-name{number}"], given[f"-value{number}"] = name, value
        return _begin(self.source.timezone, self.source.limits.timeout_ms, version, len(self.identity)), given


@lru_cache(maxsize=64)
def _begin(timezone: str, timeout_ms: int, version: int, names: int) -> str:
    """All of it but the values of the `names` settings that tell who reads: those are people's text, and are bound. A zone is letters and `+-/_`."""
    local = SETTINGS | {
        "timezone": timezone,
        "statement_timeout": str(timeout_ms),
        "idle_in_transaction_session_timeout": str(max(60_000, timeout_ms)),
    }
    if version >= 140_000:
        # A server that works for nobody notices within a second.
        local["client_connection_check_interval"] = "1s"
    # Shorter, and sooner done, than a call of set_config each.
    settings = "".join(f"set local {name} = '{value}';\n" for name, value in local.items())
    calls = [SEARCH_PATH, *(f"pg_catalog.set_config(%(-name{number})s, %(-value{number})s, true)" for number in range(names))]
    return f"begin isolation level repeatable read read only;\n{settings}select {', '.join(calls)};\n"


def question_of(source: Source, *, query: Query, reader: User) -> Question:
    """Raises QueryRefused (not one plain SELECT), BadInput (a value that cannot be bound)."""
    require(reader, Permission.SEE)
    if query.source != source.name:
        raise ValueError(f"the query is for {query.source}, and the source is {source.name}")
    statement = guard.check(query.sql, names=query.parameters)
    used = {name: value for name, value in query.parameters.items() if name in statement.parameters}
    return Question(source=source, query=query, statement=statement, bound=values.bind(used), reader=reader)
