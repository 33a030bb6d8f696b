"""Rows out of Nexus's own database in the words of COPY, for the forms of files that the rows of views are written in."""

import io
from collections.abc import Mapping
from typing import Any

from nexus.db.session import Session


def server_version(session: Session) -> int:
    """As the driver says it: 180000 for 18.0."""
    return int(_connection(session).server_version)


def copied(session: Session, *, statement: str, given: Mapping[str, Any]) -> tuple[bytes, int]:
    """What one `COPY (…) TO STDOUT` writes, whole, and how many rows that is; `%(name)s` in it is `given`, and any other `%` is doubled."""
    out = io.BytesIO()
    with _connection(session).cursor() as cursor:
        cursor.copy_expert(cursor.mogrify(statement, dict(given)), out)
        return out.getvalue(), max(0, cursor.rowcount)


def _connection(session: Session) -> Any:
    return session.connection().connection.dbapi_connection
