"""The schema of Nexus's own tables, brought to the newest version."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from nexus import settings
from nexus.db import session as own
from nexus.db.base import SCHEMA


def _config() -> Config:
    return Config(settings.ROOT / "alembic.ini")


def upgrade(revision: str = "head") -> None:
    """Bring the schema to `revision`. Safe from several processes at once."""
    command.upgrade(_config(), revision)


def downgrade(revision: str) -> None:
    command.downgrade(_config(), revision)


def check() -> None:
    """Raises when the models and the migrations differ."""
    command.check(_config())


def newest() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def present() -> str | None:
    """The revision that the database is at; none before the first migration."""
    with own.transaction() as session:
        if session.execute(text("select to_regclass(:name)"), {"name": f"{SCHEMA}.alembic_version"}).scalar() is None:
            return None
        context = MigrationContext.configure(session.connection(), opts={"version_table_schema": SCHEMA})
        return context.get_current_revision()
