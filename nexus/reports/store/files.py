"""The files of reports: kept in parts, read a part at a time, and removed by age and size."""

from collections.abc import Iterable

from sqlalchemy import insert, select, text

from nexus.accounts.spec import User
from nexus.db.report_tables import ReportPartRow, ReportRow
from nexus.db.session import Session
from nexus.reports.spec import Kept
from nexus.reports.store.records import readable

KEPT_WHOLE = 4 * 1024 * 1024
"""A file up to here lies in its record; a larger one in parts of so many bytes, so that none takes more memory."""


def add_parts(session: Session, *, report_id: int, parts: Iterable[bytes]) -> None:
    """What of a file does not lie in its record."""
    for position, content in enumerate(parts, 1):
        session.execute(insert(ReportPartRow).values(report_id=report_id, position=position, content=content))


def chunk(session: Session, *, reader: User, report_id: int, position: int) -> bytes | None:
    """A part of a file, from 0; none past the last, and of a report that the reader may not see. Who has begun may go on when it is removed."""
    found = select(ReportRow.file).where(readable(reader), ReportRow.id == report_id, ReportRow.removed_at.is_(None))
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
_REMOVE_PARTS = text("""
delete from nexus.report_parts using nexus.reports
where reports.id = report_parts.report_id and reports.removed_at < now() - make_interval(secs => :let_s)
""")
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
    """Remove files by age, then the oldest beyond `most_bytes`; their records stay. How many, at most `limit`.

    Nobody begins to read one from then on. What of a large one lies in parts goes `remove_parts` later: somebody may be at it.
    """
    given = {"last_kept": last_kept, "limit": limit}
    ids = list(session.execute(_AGED, {"days": days, **given}).scalars())
    ids = ids or list(session.execute(_TOO_MANY, {"most_bytes": most_bytes, **given}).scalars())
    for statement in (_REMOVE_SNAPSHOTS, _REMOVE):
        session.execute(statement, {"ids": ids})
    return len(ids)


def remove_parts(session: Session, *, let_s: float) -> int:
    """Of files that were removed so long ago that nobody still reads them. How many."""
    return session.execute(_REMOVE_PARTS, {"let_s": let_s}).rowcount  # type: ignore[attr-defined]


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
