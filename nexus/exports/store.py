"""Progress of files on their way, in Nexus's own tables: the page that asks may speak with another process than the one that writes."""

from datetime import timedelta
from typing import Any

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from nexus.accounts.spec import User
from nexus.db.session import Session
from nexus.db.tables import ExportRow
from nexus.exports.spec import Export, Kind, State

KEPT = timedelta(days=1)
LOST = timedelta(seconds=20)
"""A process that writes says so every second."""


def add(session: Session, *, user: User, key: str, view: str, kind: Kind) -> bool:
    """False when the person has used the key before. What is a day old goes."""
    session.execute(delete(ExportRow).where(ExportRow.started_at < func.now() - KEPT))
    added = insert(ExportRow).values(user_id=user.id, key=key, view=view, kind=kind).on_conflict_do_nothing().returning(ExportRow.key)
    return session.execute(added).scalar() is not None


def find(session: Session, *, reader: User, key: str) -> Export | None:
    """One's own. One that nobody has spoken of for long is lost."""
    lost = (ExportRow.state == "running") & (ExportRow.told_at < func.now() - LOST)
    found = session.execute(
        select(
            ExportRow.key,
            ExportRow.view,
            ExportRow.kind,
            case((lost, "failed"), else_=ExportRow.state).label("state"),
            ExportRow.row_count.label("rows"),
            ExportRow.size_bytes,
            ExportRow.expected_rows,
            case((lost, "Nexus stopped while it wrote this file. Take it again."), else_=ExportRow.note).label("note"),
            ExportRow.started_at,
            ExportRow.told_at,
        ).where(ExportRow.user_id == reader.id, ExportRow.key == key)
    ).one_or_none()
    return None if found is None else Export.model_validate(found._asdict())


def tell(
    session: Session,
    *,
    user: User,
    key: str,
    rows: int,
    size_bytes: int,
    expected_rows: int | None,
    state: State = "running",
    note: str = "",
) -> bool:
    """Write how far it is. Whether the person has cancelled it."""
    values: dict[str, Any] = {"row_count": rows, "size_bytes": size_bytes, "expected_rows": expected_rows, "state": state, "note": note}
    told = (
        update(ExportRow)
        .where(ExportRow.user_id == user.id, ExportRow.key == key)
        .values(**values, told_at=func.clock_timestamp())
        .returning(ExportRow.cancelled)
    )
    return bool(session.execute(told).scalar())


def cancel(session: Session, *, user: User, key: str) -> bool:
    """False when the person has no such file on its way."""
    asked = update(ExportRow).where(ExportRow.user_id == user.id, ExportRow.key == key).values(cancelled=True).returning(ExportRow.key)
    return session.execute(asked).scalar() is not None
