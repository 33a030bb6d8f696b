"""SQL on people, sessions and failed tries."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, and_, case, delete, func, select, text, update

from nexus.accounts.sessions import Ending, Found, OpenSession, Person
from nexus.accounts.spec import Role, User
from nexus.db.session import Session
from nexus.db.tables import AuditRow, SessionRow, SignInAttemptRow, UserRow
from nexus.errors import NotFound


class PersonNotFound(NotFound):
    message = "There is no such person. Reload the list."


ALIVE = and_(SessionRow.ended_at.is_(None), SessionRow.expires_at > func.now())


# --- sessions -------------------------------------------------------------------------------------------------------


def session_by_hash(session: Session, token_hash: bytes) -> Found:
    """One statement. Nothing in it when the hash is unknown."""
    row = session.execute(
        select(
            UserRow,
            SessionRow.id.label("session_id"),
            SessionRow.ended_because,
            case((SessionRow.ended_at.isnot(None), "ended"), (SessionRow.expires_at <= func.now(), "expired"), else_="open").label("state"),
            (SessionRow.last_seen_at < func.now() - timedelta(minutes=1)).label("stale"),
        )
        .join(UserRow, UserRow.id == SessionRow.user_id)
        .where(SessionRow.token_hash == token_hash)
    ).one_or_none()
    return Found() if row is None else _found(row)


def user_by_session(session: Session, session_id: int) -> User | None:
    """One statement. None when the session is no longer open."""
    row = session.scalars(
        select(UserRow).join(SessionRow, SessionRow.user_id == UserRow.id).where(SessionRow.id == session_id, ALIVE)
    ).one_or_none()
    return None if row is None or row.disabled_at else as_user(row, session_id)


def _found(row: Row[Any]) -> Found:
    person: UserRow = row.UserRow
    if row.state == "ended":
        return Found(ended=Ending(row.ended_because) if row.ended_because in set(Ending) else Ending.SIGNED_OUT)
    if row.state == "expired":
        return Found(ended=Ending.EXPIRED)
    if person.disabled_at is not None:
        return Found(ended=Ending.DISABLED)
    return Found(user=as_user(person, row.session_id), stale=row.stale)


def as_user(row: UserRow, session_id: int | None) -> User:
    """The person as everybody else knows them."""
    return User(
        id=row.id,
        email=row.email,
        name=row.name,
        role=Role(row.role),
        session_id=session_id,
        must_change_password=row.must_change_password,
        attributes=row.attributes,
    )


def open_ids(session: Session, ids: Iterable[int]) -> set[int]:
    """Those of the sessions that are still open. One statement for all."""
    return set(
        session.scalars(
            select(SessionRow.id)
            .join(UserRow, UserRow.id == SessionRow.user_id)
            .where(SessionRow.id.in_(list(ids)), ALIVE, UserRow.disabled_at.is_(None))
        )
    )


def touch(session: Session, ids: Iterable[int]) -> None:
    """Note that these sessions were seen now."""
    session.execute(update(SessionRow).where(SessionRow.id.in_(list(ids))).values(last_seen_at=func.now()))


def add_session(session: Session, *, token_hash: bytes, user_id: int, address: str, user_agent: str, hours: float) -> int:
    row = SessionRow(
        token_hash=token_hash,
        user_id=user_id,
        address=address[:100],
        user_agent=user_agent[:300],
        expires_at=func.now() + timedelta(hours=hours),
    )
    session.add(row)
    session.flush()
    return row.id


def end_sessions(
    session: Session,
    *,
    because: Ending,
    user_id: int | None = None,
    session_id: int | None = None,
    token_hash: bytes | None = None,
    keep: int | None = None,
) -> int:
    """End the open sessions that all given conditions name. How many."""
    statement = update(SessionRow).where(ALIVE).values(ended_at=func.now(), ended_because=because.value)
    if user_id is None and session_id is None and token_hash is None:
        raise ValueError("Say whose sessions end.")
    if user_id is not None:
        statement = statement.where(SessionRow.user_id == user_id)
    if session_id is not None:
        statement = statement.where(SessionRow.id == session_id)
    if token_hash is not None:
        statement = statement.where(SessionRow.token_hash == token_hash)
    if keep is not None:
        statement = statement.where(SessionRow.id != keep)
    return len(session.execute(statement.returning(SessionRow.id)).all())


def sessions_of(session: Session, user_id: int) -> list[OpenSession]:
    rows = session.scalars(select(SessionRow).where(SessionRow.user_id == user_id, ALIVE).order_by(SessionRow.last_seen_at.desc()))
    return [
        OpenSession(
            id=row.id,
            user_id=row.user_id,
            address=row.address,
            user_agent=row.user_agent,
            created_at=row.created_at,
            last_seen_at=row.last_seen_at,
            expires_at=row.expires_at,
        )
        for row in rows
    ]


def owner_of_session(session: Session, session_id: int) -> int | None:
    return session.scalar(select(SessionRow.user_id).where(SessionRow.id == session_id))


def count_open_sessions(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(SessionRow).where(ALIVE)) or 0


def forget_old(session: Session, *, days: int = 30) -> None:
    """Remove sessions and failed tries that nothing asks for any more."""
    long_ago = func.now() - timedelta(days=days)
    session.execute(delete(SessionRow).where(SessionRow.expires_at < long_ago))
    session.execute(delete(SignInAttemptRow).where(SignInAttemptRow.at < func.now() - timedelta(days=2)))


# --- people ---------------------------------------------------------------------------------------------------------


def person_by_email(session: Session, email: str) -> UserRow | None:
    return session.scalars(select(UserRow).where(UserRow.email == email)).one_or_none()


def person(session: Session, user_id: int, *, lock: bool = False) -> UserRow:
    """Raises PersonNotFound. With `lock`, nobody else changes the row until the transaction ends."""
    statement = select(UserRow).where(UserRow.id == user_id)
    row = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if row is None:
        raise PersonNotFound()
    return row


def person_to_look_as(session: Session, user_id: int) -> User | None:
    """None for the disabled and for those who are gone."""
    row = session.execute(select(UserRow).where(UserRow.id == user_id, UserRow.disabled_at.is_(None))).scalar_one_or_none()
    return as_user(row, None) if row else None


def looked_lately(session: Session, *, user_id: int | None, subject: str, email: str, minutes: int = 10) -> bool:
    """Whether it stands in the audit log already that they looked at `subject` as this person."""
    since = func.now() - timedelta(minutes=minutes)
    found = select(AuditRow.id).where(
        AuditRow.user_id == user_id,
        AuditRow.what == "person.seen as",
        AuditRow.subject == subject,
        AuditRow.detail.contains({"as": email}),
        AuditRow.at > since,
    )
    return session.execute(found.limit(1)).first() is not None


def people(session: Session) -> list[Person]:
    """Everyone, with the number of open sessions each. One statement."""
    counts = select(SessionRow.user_id, func.count().label("count")).where(ALIVE).group_by(SessionRow.user_id).subquery()
    rows = session.execute(
        select(UserRow, func.coalesce(counts.c.count, 0)).outerjoin(counts, counts.c.user_id == UserRow.id).order_by(UserRow.email)
    )
    return [
        Person(
            id=row.id,
            email=row.email,
            name=row.name,
            role=row.role,
            must_change_password=row.must_change_password,
            created_at=row.created_at,
            last_sign_in_at=row.last_sign_in_at,
            disabled_at=row.disabled_at,
            open_sessions=count,
        )
        for row, count in rows
    ]


def anyone(session: Session) -> bool:
    return session.scalar(select(UserRow.id).limit(1)) is not None


def add_person(session: Session, *, email: str, name: str, role: Role, password_hash: str) -> int:
    row = UserRow(email=email, name=name, role=role.value, password_hash=password_hash, must_change_password=True)
    session.add(row)
    session.flush()
    return row.id


def lock_admins(session: Session) -> set[int]:
    """Ids of the active administrators, locked, so that two of them cannot remove each other at once."""
    statement = (
        select(UserRow.id).where(UserRow.role == Role.ADMIN.value, UserRow.disabled_at.is_(None)).order_by(UserRow.id).with_for_update()
    )
    return set(session.scalars(statement))


# --- failed tries ---------------------------------------------------------------------------------------------------


def lock_tries(session: Session, *, account: bytes, address: str) -> None:
    """Let one try at a time, per account and per address, look at the counts. Always in this order."""
    session.execute(text("select pg_advisory_xact_lock(1, hashtext(:account))"), {"account": account.hex()})
    session.execute(text("select pg_advisory_xact_lock(2, hashtext(:address))"), {"address": address})


def locked_until(
    session: Session, *, account: bytes, account_limit: int, address: str, address_limit: int, minutes: int
) -> datetime | None:
    """When the newest of too many tries leaves the window; none while there are not too many."""
    window = timedelta(minutes=minutes)
    ends = []
    for condition, limit in ((SignInAttemptRow.account == account, account_limit), (SignInAttemptRow.address == address, address_limit)):
        # The lock lasts until so many have gone that one more may come.
        statement = (
            select(SignInAttemptRow.at)
            .where(condition, SignInAttemptRow.at > func.now() - window)
            .order_by(SignInAttemptRow.at.desc())
            .offset(limit - 1)
            .limit(1)
        )
        oldest = session.scalar(statement)
        if oldest is not None:
            ends.append(oldest + window)
    return max(ends, default=None)


def add_try(session: Session, *, account: bytes, address: str) -> int:
    row = SignInAttemptRow(account=account, address=address[:100])
    session.add(row)
    session.flush()
    return row.id


def forget_tries(session: Session, *, account: bytes) -> None:
    session.execute(delete(SignInAttemptRow).where(SignInAttemptRow.account == account))


# --- the rest -------------------------------------------------------------------------------------------------------


def now(session: Session) -> datetime:
    """The database's clock, which every replica shares."""
    return session.execute(select(func.now())).scalar_one()


def lock_people(session: Session) -> None:
    """Let one process at a time add the first person."""
    session.execute(text("select pg_advisory_xact_lock(3, 0)"))
