"""What Postgres says about itself, and the audit log, newest first."""

from datetime import datetime

from sqlalchemy import LargeBinary, func, or_, select, text, type_coerce

from nexus.db.encrypted import KeyMissing, decrypt
from nexus.db.session import Session
from nexus.db.tables import AuditRow, SavedSettingRow, SourceRow, UserRow
from nexus.status.spec import Entry


def postgres(session: Session) -> tuple[str, int]:
    """Version as Postgres shows it, and the size of the database in bytes."""
    row = session.execute(text("select current_setting('server_version'), pg_database_size(current_database())")).one()
    return row[0], row[1]


def entries(session: Session, *, limit: int, before: int | None, search: str, what: str | None) -> list[Entry]:
    """At most `limit` entries with an id below `before`; `search` is looked for in event, subject, person and address."""
    query = select(AuditRow, UserRow.email).outerjoin(UserRow, UserRow.id == AuditRow.user_id).order_by(AuditRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditRow.id < before)
    if what is not None:
        query = query.where(AuditRow.what == what)
    for word in search.replace("\0", " ").split():
        query = query.where(
            or_(
                *(
                    column.icontains(word, autoescape=True)
                    for column in (AuditRow.what, AuditRow.subject, AuditRow.address, UserRow.email, UserRow.name)
                )
            )
        )
    return [
        Entry(
            id=row.id,
            at=row.at,
            by=email or "",
            what=row.what,
            subject=row.subject,
            detail=row.detail,
            address=row.address or "",
        )
        for row, email in session.execute(query)
    ]


def defects_since(session: Session, *, what: str, since: datetime) -> int:
    return session.scalar(select(func.count()).where(AuditRow.what == what, AuditRow.at >= since)) or 0


def secrets_that_do_not_open(session: Session) -> int:
    """How many stored secrets none of the encryption keys opens. Reads the bytes, not the texts."""
    closed = 0
    for column in (SourceRow.url, SavedSettingRow.secret):
        for (token,) in session.execute(select(type_coerce(column, LargeBinary)).where(column.is_not(None))):
            try:
                decrypt(bytes(token))
            except KeyMissing:
                closed += 1
    return closed
