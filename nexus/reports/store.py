"""Reports in Nexus's own tables."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, func, insert, null, or_, select, true, update
from sqlalchemy.orm import aliased

from nexus.accounts.spec import Permission, User
from nexus.db.session import Session
from nexus.db.sharing import bound, seen_by
from nexus.db.tables import ReportJobRow, ReportPartRow, ReportRow, UserRow
from nexus.db.uses import KINDS
from nexus.reports.spec import Job, Report

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


# --- jobs -----------------------------------------------------------------------------------------------------------

_SILENT = timedelta(seconds=30)
"""A process that prints tells so every other second."""
_KEPT = timedelta(days=7)
_UNDER_WAY = ReportJobRow.state.in_(("waiting", "running"))
_job_columns = (
    ReportJobRow.id,
    ReportJobRow.user_id,
    ReportJobRow.kind,
    ReportJobRow.subject,
    ReportJobRow.title,
    ReportJobRow.given,
    ReportJobRow.state,
    ReportJobRow.share,
    ReportJobRow.pages,
    ReportJobRow.note,
    ReportJobRow.cancelled,
    ReportJobRow.report_id,
    ReportJobRow.asked_at,
    UserRow.name.label("user_name"),
)


def _jobs(reader: User) -> Select[Any]:
    own = true() if reader.may(Permission.ADMINISTER) else ReportJobRow.user_id == reader.id
    return select(*_job_columns).join(UserRow, UserRow.id == ReportJobRow.user_id).where(own)


def add_job(session: Session, *, user: User, **values: Any) -> int:
    """What is a week old goes."""
    session.execute(delete(ReportJobRow).where(ReportJobRow.asked_at < func.now() - _KEPT))
    row = ReportJobRow(user_id=user.id, **values)
    session.add(row)
    session.flush()
    return row.id


def count_jobs(session: Session, *, user: User) -> int:
    return session.execute(select(func.count()).where(ReportJobRow.user_id == user.id, _UNDER_WAY)).scalar_one()


def jobs(session: Session, *, reader: User) -> list[Job]:
    """Those under way, and those that failed or were stopped within the hour, the newest first."""
    lately = ReportJobRow.state.in_(("failed", "stopped")) & (ReportJobRow.ended_at > func.now() - timedelta(hours=1))
    found = _jobs(reader).where(_UNDER_WAY | lately).order_by(ReportJobRow.id.desc()).limit(50)
    return [Job.model_validate(row._mapping) for row in session.execute(found)]


def job(session: Session, *, reader: User, job_id: int) -> Job | None:
    row = session.execute(_jobs(reader).where(ReportJobRow.id == job_id)).first()
    return Job.model_validate(row._mapping) if row is not None else None


def cancel_job(session: Session, *, user: User, job_id: int) -> bool:
    """False when the person has none of this id under way. One that waits has ended with this."""
    mine = true() if user.may(Permission.ADMINISTER) else ReportJobRow.user_id == user.id
    waits = ReportJobRow.state == "waiting"
    asked = (
        update(ReportJobRow)
        .where(ReportJobRow.id == job_id, mine, _UNDER_WAY)
        .values(
            cancelled=True,
            state=case((waits, "stopped"), else_=ReportJobRow.state),
            ended_at=case((waits, func.now()), else_=None),
            seal=case((waits, null()), else_=ReportJobRow.seal),
        )
        .returning(ReportJobRow.id)
    )
    return session.execute(asked).scalar() is not None


def claim_job(session: Session, *, worker: str, waits_s: float, most_tries: int) -> tuple[Job, str | None] | None:
    """The one that waits longest, or whose process fell silent, with the lock of its file; it is this worker's from now on.

    One that has fallen silent too often has failed.
    """
    silent = (ReportJobRow.state == "running") & (ReportJobRow.told_at < func.now() - _SILENT)
    session.execute(
        update(ReportJobRow)
        .where(silent, ReportJobRow.tries >= most_tries)
        .values(
            state="failed", seal=None, ended_at=func.now(), note="Nexus stopped several times while it printed this. Choose fewer rows."
        )
    )
    other = aliased(ReportJobRow)
    worker_prints = select(other.id).where(other.worker.startswith("worker "), other.told_at > func.now() - timedelta(hours=1)).exists()
    waits = case((worker_prints, timedelta(seconds=waits_s)), else_=timedelta(0))
    waiting = (ReportJobRow.state == "waiting") & (ReportJobRow.asked_at <= func.now() - waits)
    first = (
        select(ReportJobRow.id)
        .where(waiting | silent)
        .order_by(ReportJobRow.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    claimed = session.execute(
        update(ReportJobRow)
        .where(ReportJobRow.id == first)
        .values(state="running", worker=worker, tries=ReportJobRow.tries + 1, told_at=func.now(), share=0, pages=0)
        .returning(ReportJobRow.id, ReportJobRow.seal)
    ).first()
    if claimed is None:
        return None
    row = session.execute(
        select(*_job_columns).join(UserRow, UserRow.id == ReportJobRow.user_id).where(ReportJobRow.id == claimed.id)
    ).one()
    return Job.model_validate(row._mapping), claimed.seal


def tell_job(session: Session, *, job_id: int, worker: str, share: float, pages: int) -> str:
    """Say that it goes on, and how far it is. `cancelled`, `lost` to another process, or nothing."""
    told = (
        update(ReportJobRow)
        .where(ReportJobRow.id == job_id, ReportJobRow.worker == worker, ReportJobRow.state == "running")
        .values(told_at=func.clock_timestamp(), share=share, pages=pages)
        .returning(ReportJobRow.cancelled)
    )
    cancelled = session.execute(told).scalar()
    return "lost" if cancelled is None else "cancelled" if cancelled else ""


def end_job(session: Session, *, job_id: int, worker: str, state: str, note: str, report_id: int | None, pages: int) -> None:
    session.execute(
        update(ReportJobRow)
        .where(ReportJobRow.id == job_id, ReportJobRow.worker == worker)
        .values(state=state, note=note, report_id=report_id, seal=None, ended_at=func.now(), pages=pages)
    )


def give_back_job(session: Session, *, job_id: int, worker: str) -> None:
    """For another process, at once, as if nobody had tried."""
    session.execute(
        update(ReportJobRow)
        .where(ReportJobRow.id == job_id, ReportJobRow.worker == worker, ReportJobRow.state == "running")
        .values(state="waiting", worker=None, tries=ReportJobRow.tries - 1)
    )
