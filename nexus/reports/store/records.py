"""What was printed, in Nexus's own tables: the records, and which of them a person may read."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, exists, insert, or_, select

from nexus.accounts.spec import Permission, User
from nexus.db.report_tables import ReportRow, ReportSnapshotRow
from nexus.db.session import Session
from nexus.db.sharing import bound, seen_by
from nexus.db.tables import UserRow
from nexus.db.uses import KINDS
from nexus.reports.spec import Issued, Maker, Report, Wanted

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
    ReportRow.asked,
    ReportRow.issue_of,
    ReportRow.removed_at,
    exists().where(ReportSnapshotRow.report_id == ReportRow.id).label("comparable"),
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
    # An answer on a dashboard was made of the rows of views that no panel names.
    "select from jsonb_array_elements(reports.queries) as query, jsonb_array_elements_text(query -> 'views') as answered "
    f"join nexus.views on views.name = answered where not {seen_by('view', 'views')}",
)
"""What a report is of, or has in a panel, and the reader may not see."""


def readable(reader: User) -> ColumnElement[bool]:
    """One's own; administrators read all. A report holds rows as its maker may see them, so it is not everybody's.

    What its maker may see no longer, no report of theirs shows any more: neither of it, nor with it in a panel.
    """
    if reader.may(Permission.ADMINISTER):
        return ReportRow.id.is_not(None)
    return and_(ReportRow.created_by == reader.id, _unhidden(reader))


def _unhidden(reader: User) -> ColumnElement[bool]:
    """Whether the reader may see what it is of, and all that it has in its panels."""
    return and_(*(bound(f"not exists ({hidden})", reader) for hidden in _HIDDEN))


def _records(reader: User) -> Select[Any]:
    return select(*_columns).join(UserRow, UserRow.id == ReportRow.created_by, isouter=True).where(readable(reader))


def add(session: Session, **values: Any) -> int:
    row = ReportRow(**values)
    session.add(row)
    session.flush()
    return row.id


def newest(session: Session, *, reader: User, wanted: Wanted, before: int | None, limit: int) -> list[Report]:
    """The newest first. `wanted.words` all stand somewhere in title, subject or maker's name."""
    found = select(ReportRow.id).where(readable(reader)).order_by(ReportRow.id.desc()).limit(limit)
    named = _named(session, wanted.words)
    for word in wanted.words:
        found = found.where(_holds(word, named.get(word, [])))
    if wanted.kind is not None:
        found = found.where(ReportRow.kind == wanted.kind)
    if wanted.subject is not None:
        found = found.where(ReportRow.subject == wanted.subject)
    if wanted.made_by is not None:
        found = found.where(ReportRow.created_by == wanted.made_by)
    if wanted.since is not None:
        found = found.where(ReportRow.created_at >= wanted.since)
    if wanted.until is not None:
        found = found.where(ReportRow.created_at < wanted.until)
    if before is not None:
        found = found.where(ReportRow.id < before)
    # Records are wide: which ones are wanted is asked of an index alone, from its newest end.
    rows = _records(reader).where(ReportRow.id.in_(found.correlate(None))).order_by(ReportRow.id.desc())
    return [_report(row) for row in session.execute(rows)]


def _holds(word: str, makers: Sequence[int]) -> ColumnElement[bool]:
    held = [column.icontains(word, autoescape=True) for column in (ReportRow.title, ReportRow.subject)]
    return or_(*held, ReportRow.created_by.in_(makers)) if makers else or_(*held)


def _named(session: Session, words: Sequence[str]) -> dict[str, list[int]]:
    """Who has which of the words in their name. Asked first, since names do not stand in the index of reports."""
    if not words:
        return {}
    held = [UserRow.name.icontains(word, autoescape=True) for word in words]
    people = session.execute(select(UserRow.id, *held).where(or_(*held))).all()
    return {word: [person[0] for person in people if person[at]] for at, word in enumerate(words, 1)}


def makers(session: Session, *, reader: User, limit: int) -> list[Maker]:
    """Who made reports that the reader may see, by name. Each person is looked up once, however many reports they made."""
    made = exists().where(ReportRow.created_by == UserRow.id, readable(reader))
    found = select(UserRow.id, UserRow.name, UserRow.email).where(made).order_by(UserRow.name, UserRow.email).limit(limit)
    return [Maker(**row._mapping) for row in session.execute(found)]


def find(session: Session, *, reader: User, report_id: int) -> Report | None:
    row = session.execute(_records(reader).where(ReportRow.id == report_id)).first()
    return _report(row) if row is not None else None


def keep_snapshot(session: Session, *, report_id: int, content: bytes) -> None:
    session.execute(insert(ReportSnapshotRow).values(report_id=report_id, content=content))


def snapshot(session: Session, *, reader: User, report_id: int) -> bytes | None:
    found = select(ReportSnapshotRow.content).join(ReportRow, ReportRow.id == ReportSnapshotRow.report_id)
    return session.execute(found.where(readable(reader), ReportRow.id == report_id)).scalar()


def issued(session: Session, *, reader: User, sha256: str) -> Issued | None:
    """The report that has this file. Who may not see all that is in it learns when it was made, and nothing else."""
    seen = _unhidden(reader) if not reader.may(Permission.ADMINISTER) else ReportRow.id.is_not(None)
    columns = [ReportRow.created_at, ReportRow.id, ReportRow.kind, ReportRow.subject, ReportRow.subject_version, ReportRow.title]
    found = (
        select(*columns, ReportRow.removed_at, UserRow.name.label("made_by"), seen.label("seen"), readable(reader).label("readable"))
        .join(UserRow, UserRow.id == ReportRow.created_by, isouter=True)
        .where(ReportRow.sha256 == sha256)
        .order_by(ReportRow.id)
        .limit(1)
    )
    row = session.execute(found).first()
    if row is None:
        return None
    return Issued(**row._mapping) if row.seen else Issued(created_at=row.created_at)


def _report(row: Row[Any]) -> Report:
    return Report.model_validate(row._mapping, from_attributes=False)
