"""The queue of reports that are printed in the background, in one table."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, and_, case, delete, func, null, select, true, update
from sqlalchemy.orm import aliased

from nexus.accounts.spec import Permission, User
from nexus.db.report_tables import ReportJobRow
from nexus.db.session import Session
from nexus.db.sharing import bound, seen_by
from nexus.db.tables import UserRow
from nexus.prompts.store import HIDDEN_BLOCKS
from nexus.reports.spec import Job

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


_UNSEEN = (
    *(
        f"select from nexus.{kind}s where report_jobs.kind = '{kind}' and {kind}s.name = report_jobs.subject and not {seen_by(kind, f'{kind}s')}"
        for kind in ("dashboard", "view")
    ),
    # Of an answer its prompt and the views whose rows it was given decide, as they do where it is read.
    f"""select from nexus.prompt_runs left join nexus.prompts on prompts.id = prompt_runs.prompt_id
    where report_jobs.kind = 'prompt-run' and cast(prompt_runs.id as text) = report_jobs.subject and (
        not coalesce({seen_by("prompt", "prompts")}, true) or exists ({HIDDEN_BLOCKS.format(blocks="prompt_runs.data -> 'blocks'")})
    )""",
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
