"""Reports in Nexus's own tables."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, delete, exists, func, insert, null, or_, select, text, true, update
from sqlalchemy.orm import aliased

from nexus.accounts.spec import Permission, User
from nexus.db.report_tables import ReportJobRow, ReportPartRow, ReportRow, ReportSnapshotRow
from nexus.db.session import Session
from nexus.db.sharing import bound, seen_by
from nexus.db.tables import UserRow
from nexus.db.uses import KINDS
from nexus.reports.spec import Issued, Job, Kept, Maker, Report, Wanted

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


_LAST = "select max(id) from nexus.reports where removed_at is null group by kind, subject"

_AGED = text(f"""
select id from nexus.reports
where removed_at is null and created_at < now() - make_interval(days => :days) and (not :last_kept or id not in ({_LAST}))
order by id limit :limit
""")

_TOO_MANY = text(f"""
select id from (
    select id, sum(size_bytes) over (order by id desc) as with_newer from nexus.reports where removed_at is null
) as sized
where with_newer > :most_bytes and (not :last_kept or id not in ({_LAST}))
order by id limit :limit
""")

_REMOVE = text("update nexus.reports set file = null, removed_at = now() where id = any(:ids)")
_REMOVE_PARTS = text("delete from nexus.report_parts where report_id = any(:ids)")
_REMOVE_SNAPSHOTS = text("delete from nexus.report_snapshots where report_id = any(:ids)")

_OLD_SNAPSHOTS = text("""
delete from nexus.report_snapshots where report_id in (
    select report_snapshots.report_id from nexus.report_snapshots join nexus.reports on reports.id = report_snapshots.report_id
    where reports.created_at < now() - make_interval(days => :days) order by report_snapshots.report_id limit :limit
)
""")


def alone(session: Session) -> bool:
    """Whether nobody else cleans up at this moment; nobody begins to until the transaction ends."""
    return bool(session.execute(text("select pg_try_advisory_xact_lock(4, 0)")).scalar())


def remove_files(session: Session, *, days: int, most_bytes: int, last_kept: bool, limit: int) -> int:
    """Remove files by age, then the oldest beyond `most_bytes`; their records stay. How many, at most `limit`."""
    given = {"last_kept": last_kept, "limit": limit}
    ids = list(session.execute(_AGED, {"days": days, **given}).scalars())
    ids = ids or list(session.execute(_TOO_MANY, {"most_bytes": most_bytes, **given}).scalars())
    for statement in (_REMOVE_PARTS, _REMOVE_SNAPSHOTS, _REMOVE):
        session.execute(statement, {"ids": ids})
    return len(ids)


def remove_snapshots(session: Session, *, days: int, limit: int) -> int:
    return session.execute(_OLD_SNAPSHOTS, {"days": days, "limit": limit}).rowcount  # type: ignore[attr-defined]


def kept(session: Session, *, reader: User) -> Kept:
    """How much all files take. For administrators: `readable` leaves others their own."""
    found = session.execute(
        text(
            "select count(*) as files, coalesce(sum(size_bytes), 0) as size_bytes, min(created_at) as oldest_at from nexus.reports where removed_at is null"
        )
    ).one()
    snapshots = session.execute(text("select coalesce(sum(octet_length(content)), 0) from nexus.report_snapshots")).scalar()
    del reader
    return Kept(**found._mapping, snapshot_bytes=snapshots or 0)


def _report(row: Row[Any]) -> Report:
    return Report.model_validate(row._mapping, from_attributes=False)


# --- jobs -----------------------------------------------------------------------------------------------------------

_SILENT = timedelta(seconds=30)
"""A process that prints tells so every other second."""
_KEPT = timedelta(days=7)
UNSEEN_TITLE = "What you may not see any more"
_UNDER_WAY = ReportJobRow.state.in_(("waiting", "running"))
_earlier = aliased(ReportJobRow)
_before = (
    select(func.count())
    .select_from(_earlier)
    .where(_earlier.id < ReportJobRow.id, _earlier.state.in_(("waiting", "running")))
    .correlate(ReportJobRow)
    .scalar_subquery()
)
_job_columns = (
    ReportJobRow.id,
    ReportJobRow.user_id,
    ReportJobRow.kind,
    ReportJobRow.subject,
    ReportJobRow.given,
    ReportJobRow.state,
    ReportJobRow.share,
    ReportJobRow.pages,
    ReportJobRow.note,
    ReportJobRow.cancelled,
    ReportJobRow.report_id,
    ReportJobRow.asked_at,
    case((ReportJobRow.state == "waiting", _before), else_=0).label("before"),
    UserRow.name.label("user_name"),
)


_UNSEEN = tuple(
    f"select from nexus.{kind}s where report_jobs.kind = '{kind}' and {kind}s.name = report_jobs.subject and not {seen_by(kind, f'{kind}s')}"
    for kind in KINDS
)
"""What a job is of, and the reader may not see any more."""


def _jobs(reader: User) -> Select[Any]:
    """One's own; administrators see all. Of what the reader may see no longer it does not tell the title."""
    found = select(*_job_columns).join(UserRow, UserRow.id == ReportJobRow.user_id)
    if reader.may(Permission.ADMINISTER):
        return found.add_columns(ReportJobRow.title)
    seen = and_(*(bound(f"not exists ({unseen})", reader) for unseen in _UNSEEN))
    title = case((seen, ReportJobRow.title), else_=UNSEEN_TITLE).label("title")
    return found.add_columns(title).where(ReportJobRow.user_id == reader.id)


def add_job(session: Session, *, user: User, **values: Any) -> int:
    """What is a week old goes."""
    session.execute(delete(ReportJobRow).where(ReportJobRow.asked_at < func.now() - _KEPT))
    row = ReportJobRow(user_id=user.id, **values)
    session.add(row)
    session.flush()
    return row.id


def count_jobs(session: Session, *, user: User) -> tuple[int, int]:
    """How many the person has under way, and how many everybody has."""
    mine = func.count().filter(ReportJobRow.user_id == user.id)
    row = session.execute(select(mine, func.count()).where(_UNDER_WAY)).one()
    return row[0], row[1]


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
        select(*_job_columns, ReportJobRow.title).join(UserRow, UserRow.id == ReportJobRow.user_id).where(ReportJobRow.id == claimed.id)
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
