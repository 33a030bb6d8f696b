"""The letterhead in Nexus's own tables: one row, or none."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from nexus.db.report_tables import LetterheadRow
from nexus.db.session import Session

THE_ONE = 1


def read(session: Session) -> LetterheadRow | None:
    return session.scalar(select(LetterheadRow))


def changed_at(session: Session) -> datetime | None:
    return session.scalar(select(LetterheadRow.changed_at))


def write(session: Session, *, changed_by: int, **values: Any) -> None:
    """Put these columns into the row; the others stay."""
    row = {"id": THE_ONE, "changed_by": changed_by, **values}
    statement = insert(LetterheadRow).values(**row)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["id"], set_={**values, "changed_by": changed_by, "changed_at": func.clock_timestamp()}
        )
    )
