"""Reports in Nexus's own tables."""

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, or_, select

from nexus.accounts.spec import Permission, User
from nexus.db.session import Session
from nexus.db.tables import ReportRow, UserRow
from nexus.reports.spec import Report

_columns = (
    ReportRow.id,
    ReportRow.kind,
    ReportRow.subject,
    ReportRow.subject_version,
    ReportRow.title,
    ReportRow.filters,
    ReportRow.layout,
    ReportRow.queries,
    ReportRow.sha256,
    ReportRow.size_bytes,
    ReportRow.pages,
    ReportRow.elapsed_ms,
    ReportRow.created_at,
    ReportRow.created_by,
    UserRow.name.label("created_by_name"),
)


def readable(reader: User) -> ColumnElement[bool]:
    """One's own; administrators read all. A report holds rows as its maker may see them, so it is not everybody's."""
    return ReportRow.id.is_not(None) if reader.may(Permission.ADMINISTER) else ReportRow.created_by == reader.id


def _records(reader: User) -> Select[Any]:
    return select(*_columns).join(UserRow, UserRow.id == ReportRow.created_by, isouter=True).where(readable(reader))


def add(session: Session, **values: Any) -> int:
    row = ReportRow(**values)
    session.add(row)
    session.flush()
    return row.id


def newest(session: Session, *, reader: User, words: list[str], before: int | None, limit: int) -> list[Report]:
    """With all `words` somewhere in title, subject or maker's name, the newest first."""
    found = _records(reader).order_by(ReportRow.id.desc()).limit(limit)
    if words:
        found = found.where(
            and_(
                *(
                    or_(*(column.icontains(word, autoescape=True) for column in (ReportRow.title, ReportRow.subject, UserRow.name)))
                    for word in words
                )
            )
        )
    if before is not None:
        found = found.where(ReportRow.id < before)
    return [_report(row) for row in session.execute(found)]


def find(session: Session, *, reader: User, report_id: int) -> Report | None:
    row = session.execute(_records(reader).where(ReportRow.id == report_id)).first()
    return _report(row) if row is not None else None


def file(session: Session, *, reader: User, report_id: int) -> bytes | None:
    return session.execute(select(ReportRow.file).where(readable(reader), ReportRow.id == report_id)).scalar()


def _report(row: Row[Any]) -> Report:
    return Report.model_validate(row._mapping, from_attributes=False)
