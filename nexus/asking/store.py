"""Questions and their answers in Nexus's own tables."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from nexus.accounts.spec import Permission, User
from nexus.asking.spec import Asking, Prepared, Rating, Sent
from nexus.db.askings import AskingRow
from nexus.db.session import Session
from nexus.db.tables import UserRow
from nexus.errors import NotFound

GONE = "This question no longer exists, or you may not see it. Ask again."
REMOVED_AT_ONCE = 200
"""Old questions that go when a new one comes."""
MOST_EXAMPLES = 500
"""Of a source, among which the most alike are looked for: the newest."""


def start(session: Session, *, user: User, prepared: Prepared) -> int:
    """Record that a question is about to leave. Its id."""
    row = AskingRow(
        source=prepared.source,
        user_id=user.id or None,
        thread=prepared.thread,
        question=prepared.question,
        outcome="running",
        tables=list(prepared.tables),
        model=prepared.request.model,
        digest=prepared.request.digest,
    )
    session.add(row)
    session.flush()
    return row.id


def answered_before(session: Session, *, reader: User, prepared: Prepared, hours: int) -> Asking | None:
    """The answer that the very same request has got of this source in the last `hours`; none where somebody has reported it as wrong since.

    Anybody's: who makes the very same request knows the same of the source, and the rows are the asker's own.
    """
    if prepared.user_id != reader.id:
        return None
    same = (AskingRow.digest == prepared.request.digest) & (AskingRow.source == prepared.source)
    recent = AskingRow.asked_at > func.now() - func.make_interval(0, 0, 0, 0, hours)
    of_a_model = AskingRow.answer["kept_from"].astext.is_(None)
    row = session.execute(
        _chosen(same & recent & of_a_model & (AskingRow.outcome == "answered")).order_by(AskingRow.id.desc()).limit(1)
    ).first()
    if row is None:
        return None
    wrong = select(AskingRow.id).where(same, AskingRow.rating == "wrong", AskingRow.id >= row.AskingRow.id)
    return None if session.execute(wrong.limit(1)).first() else _asking(row)


def finish(session: Session, *, asking_id: int, **values: Any) -> None:
    session.execute(
        update(AskingRow)
        .where(AskingRow.id == asking_id, AskingRow.outcome == "running")
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def clean_up(session: Session, *, days: int, sent_days: int) -> None:
    """Remove some questions that are older than `days`, but for examples, and what was sent for those older than `sent_days`."""
    old = select(AskingRow.id).where(
        AskingRow.asked_at < func.now() - timedelta(days=days), AskingRow.rating.is_distinct_from("good"), AskingRow.approved_by.is_(None)
    )
    session.execute(delete(AskingRow).where(AskingRow.id.in_(old.limit(REMOVED_AT_ONCE))).execution_options(synchronize_session=False))
    told = select(AskingRow.id).where(AskingRow.asked_at < func.now() - timedelta(days=sent_days), AskingRow.sent != [])
    session.execute(
        update(AskingRow)
        .where(AskingRow.id.in_(told.limit(REMOVED_AT_ONCE)), AskingRow.outcome != "running")
        .values(sent=[])
        .execution_options(synchronize_session=False)
    )


def _chosen(condition: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    return select(AskingRow, UserRow.name.label("user_name")).outerjoin(UserRow, UserRow.id == AskingRow.user_id).where(condition)


def _may_see(reader: User) -> ColumnElement[bool]:
    """One's own; for administrators those that somebody reported or gave as an example, too."""
    own = AskingRow.user_id == reader.id
    return or_(own, AskingRow.rating.is_not(None)) if reader.may(Permission.ADMINISTER) else own


def find(session: Session, *, reader: User, asking_id: int) -> Asking:
    """Raises NotFound, also for one that the reader may not see."""
    row = session.execute(_chosen(AskingRow.id == asking_id).where(_may_see(reader))).first()
    if row is None:
        raise NotFound(GONE)
    return _asking(row)


def sent(session: Session, *, reader: User, asking_id: int) -> list[Sent]:
    found = session.execute(select(AskingRow.sent).where(AskingRow.id == asking_id, _may_see(reader))).scalar_one_or_none()
    return [Sent.model_validate(one) for one in found or ()]


def conversation(session: Session, *, reader: User, thread: int, upto: int) -> list[Asking]:
    """The reader's own questions of one conversation up to the one with this id, in their order."""
    condition = or_(AskingRow.id == thread, AskingRow.thread == thread)
    rows = session.execute(
        _chosen(condition).where(AskingRow.user_id == reader.id, AskingRow.id <= upto).order_by(AskingRow.id.desc()).limit(50)
    )
    return [_asking(row) for row in rows][::-1]


def history(session: Session, *, reader: User, source: str | None, limit: int) -> list[Asking]:
    """The reader's own, the newest first."""
    chosen = _chosen(AskingRow.user_id == reader.id).order_by(AskingRow.id.desc()).limit(limit)
    if source is not None:
        chosen = chosen.where(AskingRow.source == source)
    return [_asking(row) for row in session.execute(chosen)]


def examples(session: Session, *, reader: User, source: str) -> list[Asking]:
    """What the reader found answered well, and what was approved for everybody."""
    mine = (AskingRow.rating == "good") & (AskingRow.user_id == reader.id)
    rows = session.execute(
        _chosen(AskingRow.source == source)
        .where(AskingRow.outcome == "answered", or_(mine, AskingRow.approved_by.is_not(None)))
        .order_by(AskingRow.id.desc())
        .limit(MOST_EXAMPLES)
    )
    return [_asking(row) for row in rows]


def rated(session: Session, *, reader: User, rating: Rating, limit: int) -> list[Asking]:
    """Those that were rated so and that nobody has settled, or that are approved: everybody's for administrators, else the reader's own."""
    rows = session.execute(
        _chosen(AskingRow.rating == rating)
        .where(or_(AskingRow.settled_at.is_(None), AskingRow.approved_by.is_not(None)), _may_see(reader))
        .order_by(AskingRow.rated_at.desc())
        .limit(limit)
    )
    return [_asking(row) for row in rows]


def rate(session: Session, *, asking_id: int, rating: Rating | None, comment: str) -> None:
    session.execute(
        update(AskingRow)
        .where(AskingRow.id == asking_id)
        .values(rating=rating, comment=comment, rated_at=func.now(), settled_at=None, approved_by=None)
        .execution_options(synchronize_session=False)
    )


def settle(session: Session, *, asking_id: int, approved_by: int | None) -> None:
    session.execute(
        update(AskingRow)
        .where(AskingRow.id == asking_id)
        .values(settled_at=func.now(), approved_by=approved_by)
        .execution_options(synchronize_session=False)
    )


def _asking(row: Any) -> Asking:
    kept: AskingRow = row.AskingRow
    columns = ("id", "source", "user_id", "question", "outcome", "model", "prompt_tokens", "answer_tokens", "cost_usd_micros")
    return Asking.model_validate(
        {
            **kept.answer,
            **{name: getattr(kept, name) for name in (*columns, "asked_at", "elapsed_ms", "rating", "comment", "tables")},
            "thread": kept.thread or kept.id,
            "approved": kept.approved_by is not None,
            "user_name": row.user_name or "",
        }
    )
