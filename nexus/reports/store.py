"""Reports in Nexus's own tables."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, insert, or_, select

from nexus.accounts.spec import Permission, User
from nexus.db.session import Session
from nexus.db.sharing import bound, seen_by
from nexus.db.tables import ReportPartRow, ReportRow, UserRow
from nexus.db.uses import KINDS
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
    ReportRow.locked,
    ReportRow.created_at,
    ReportRow.created_by,
    UserRow.name.label("created_by_name"),
)


_HIDDEN = (
    *(
        f"select from nexus.{kind}s where reports.kind = '{kind}' and {kind}s.name = reports.subject and not {seen_by(kind, f'{kind}s')}"
        for kind in KINDS
    ),
    *(
        f"select from jsonb_array_elements(reports.queries) as query join nexus.{kind}s on {kind}s.name = query ->> '{kind}' "
        f"where not {seen_by(kind, f'{kind}s')}"
        for kind in KINDS
    ),
)
"""What a report is of, or has in a panel, and the reader may not see."""


def readable(reader: User) -> ColumnElement[bool]:
    """One's own; administrators read all. A report holds rows as its maker may see them, so it is not everybody's.

    What its maker may see no longer, no report of theirs shows any more: neither of it, nor with it in a panel.
    """
    if reader.may(Permission.ADMINISTER):
        return ReportRow.id.is_not(None)
    return and_(ReportRow.created_by == reader.id, *(bound(f"not exists ({hidden})", reader) for hidden in _HIDDEN))


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


def add_parts(session: Session, *, report_id: int, parts: Iterable[bytes]) -> None:
    """What of a file does not lie in its record."""
    for position, content in enumerate(parts, 1):
        session.execute(insert(ReportPartRow).values(report_id=report_id, position=position, content=content))


def chunk(session: Session, *, reader: User, report_id: int, position: int) -> bytes | None:
    """A part of a file, from 0; none past the last, and of a report that the reader may not see."""
    found = select(ReportRow.file).where(readable(reader), ReportRow.id == report_id)
    if position:
        found = (
            select(ReportPartRow.content)
            .join(ReportRow, ReportRow.id == ReportPartRow.report_id)
            .where(readable(reader), ReportRow.id == report_id, ReportPartRow.position == position)
        )
    return session.execute(found).scalar()


def file(session: Session, *, reader: User, report_id: int) -> bytes | None:
    """The whole of it."""
    first = chunk(session, reader=reader, report_id=report_id, position=0)
    if first is None:
        return None
    more = select(ReportPartRow.content).where(ReportPartRow.report_id == report_id).order_by(ReportPartRow.position)
    return b"".join([first, *session.execute(more).scalars()])


def _report(row: Row[Any]) -> Report:
    return Report.model_validate(row._mapping, from_attributes=False)
