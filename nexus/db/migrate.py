"""The schema of Nexus's own tables, brought to the newest version.

Alembic is loaded when there is something to bring: with its templates it takes 10 MB, which a server that starts
on a schema of today need not carry.
"""

from typing import TYPE_CHECKING

from sqlalchemy import text

from nexus import settings
from nexus.db import session as own
from nexus.db.base import SCHEMA

if TYPE_CHECKING:
    from alembic.config import Config


def _config() -> "Config":
    from alembic.config import Config

    return Config(settings.ROOT / "alembic.ini")


def bring_up_to_date() -> None:
    """What a start does: nothing where the schema is the newest, otherwise `upgrade`."""
    if present() != newest():
        upgrade()


def upgrade(revision: str = "head") -> None:
    """Bring the schema to `revision`. Safe from several processes at once."""
    from alembic import command

    command.upgrade(_config(), revision)


def downgrade(revision: str) -> None:
    from alembic import command

    command.downgrade(_config(), revision)


def check() -> None:
    """Raises when the models and the migrations differ."""
    from alembic import command

    command.check(_config())


def newest() -> str:
    """The last revision that this version of Nexus brings: migrations are numbered, and the number begins the file's name."""
    return max(file.name.partition("_")[0] for file in (settings.ROOT / "migrations" / "versions").glob("[0-9]*_*.py"))


def present() -> str | None:
    """The revision that the database is at; none before the first migration."""
    with own.transaction() as session:
        if session.execute(text("select to_regclass(:name)"), {"name": f"{SCHEMA}.alembic_version"}).scalar() is None:
            return None
        return session.execute(text(f"select version_num from {SCHEMA}.alembic_version")).scalar_one_or_none()
