"""Alembic's entry: one migrator at a time, and no lock held for long."""

from typing import Literal

from alembic import context
from sqlalchemy import Connection, text

from nexus.db import (
    askings,  # noqa: F401 - a table of its own
    model_calls,  # noqa: F401 - likewise
    prompt_runs,  # noqa: F401 - likewise
    report_tables,  # noqa: F401 - tables of their own
    tables,
)
from nexus.db import session as own
from nexus.db.base import SCHEMA
from nexus.db.encrypted import EncryptedText

MIGRATION_LOCK = 0x6E65787573  # "nexus"


def _ours_only(_object: object, name: str | None, kind: str, *_rest: object) -> bool:
    return not (kind == "table" and name == "alembic_version")


def _plain_type(kind: str, item: object, _context: object) -> str | Literal[False]:
    """A migration must run for ever, so it names the stored type and not our class."""
    return "sa.LargeBinary()" if kind == "type" and isinstance(item, EncryptedText) else False


def migrate(connection: Connection) -> None:
    # Held until the transaction ends, so four replicas may start at once: one migrates, three wait and find it done.
    connection.execute(text("set local statement_timeout = '10min'"))
    connection.execute(text("set local lock_timeout = '60s'"))
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    # A lock on a busy table is given up soon: a migration must not stand in front of the people who read.
    connection.execute(text("set local lock_timeout = '5s'"))
    connection.execute(text(f"create schema if not exists {SCHEMA}"))
    context.configure(
        connection=connection,
        target_metadata=tables.UserRow.metadata,
        version_table_schema=SCHEMA,
        include_schemas=True,
        include_name=lambda name, kind, _parents: kind != "schema" or name == SCHEMA,
        include_object=_ours_only,
        render_item=_plain_type,
        compare_type=True,
        compare_server_default=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


with own.engine().begin() as connection:
    migrate(connection)
