"""What people and administrators do with accounts and sessions. Every change is audited."""

import re
import unicodedata

from nexus import audit
from nexus.accounts import passwords, sign_in, store, tokens
from nexus.accounts.sessions import Ending, OpenSession, Person, SignedOut
from nexus.accounts.sign_in import SignedIn
from nexus.accounts.spec import Permission, Role, User, require, require_oneself
from nexus.db import saved
from nexus.db.session import Session, transaction
from nexus.errors import BadInput, Conflict, NotAllowed

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class EmailTaken(Conflict):
    message = "There is already a person with this e-mail address. Change their role, or reset their password."


class LastAdmin(Conflict):
    message = "This is the last active administrator. Make somebody else an administrator first."


class WrongCurrentPassword(BadInput):
    message = "The current password is wrong. Type it again."


# --- who is here ----------------------------------------------------------------------------------------------------


def user_of_session(session: Session, *, session_id: int) -> User:
    """The person behind an open session, as of now. Raises SignedOut when it is no longer open."""
    user = store.user_by_session(session, session_id)
    if user is None:
        raise SignedOut()
    return user


def sign_out(token: str) -> None:
    """End the session of this cookie, if it has one."""
    with transaction() as session:
        found = store.session_by_hash(session, tokens.session_hash(token))
        if found.user is not None:
            sign_out_here(session, user=found.user)


def sign_out_here(session: Session, *, user: User) -> None:
    """End the person's present session; an open page goes to the sign-in page by itself within a second."""
    if user.session_id is not None:
        store.end_sessions(session, session_id=user.session_id, because=Ending.SIGNED_OUT)
        audit.record(session, user_id=user.id, what="person.signed out", subject=f"person {user.email}")


# --- people, by administrators --------------------------------------------------------------------------------------


def everyone(session: Session, *, user: User) -> list[Person]:
    """All people in order of their e-mail, with the number of open sessions each."""
    require(user, Permission.ADMINISTER)
    return store.people(session)


def add_person(session: Session, *, user: User, email: str, name: str, role: Role) -> str:
    """Add a person. The one-time password, which is shown once and kept nowhere.

    Raises BadInput or EmailTaken.
    """
    require(user, Permission.ADMINISTER)
    email, name = _checked_email(email), checked_name(name)
    if store.person_by_email(session, email) is not None:
        raise EmailTaken()
    password = passwords.one_time()
    store.add_person(session, email=email, name=name, role=role, password_hash=passwords.hashed(password))
    audit.record(session, user_id=_id(user), what="person.added", subject=f"person {email}", detail={"role": role.value})
    return password


def change_role(session: Session, *, user: User, person_id: int, role: Role) -> None:
    """Change what a person may do; their sessions end. Raises LastAdmin or PersonNotFound."""
    require(user, Permission.ADMINISTER)
    admins = store.lock_admins(session)
    row = store.person(session, person_id, lock=True)
    if row.role == role.value:
        return
    if role is not Role.ADMIN and admins == {person_id}:
        raise LastAdmin()
    former, row.role = row.role, role.value
    store.end_sessions(session, user_id=person_id, because=Ending.ROLE_CHANGED)
    audit.record(
        session, user_id=_id(user), what="person.role changed", subject=f"person {row.email}", detail={"from": former, "to": role.value}
    )


def disable(session: Session, *, user: User, person_id: int) -> None:
    """Shut a person out; what they made stays. Raises LastAdmin or PersonNotFound."""
    require(user, Permission.ADMINISTER)
    admins = store.lock_admins(session)
    row = store.person(session, person_id, lock=True)
    if row.disabled_at is not None:
        return
    if admins == {person_id}:
        raise LastAdmin()
    row.disabled_at = store.now(session)
    store.end_sessions(session, user_id=person_id, because=Ending.DISABLED)
    audit.record(session, user_id=_id(user), what="person.disabled", subject=f"person {row.email}")


def enable(session: Session, *, user: User, person_id: int) -> None:
    """Let a disabled person in again, with their former password."""
    require(user, Permission.ADMINISTER)
    row = store.person(session, person_id, lock=True)
    if row.disabled_at is None:
        return
    row.disabled_at = None
    audit.record(session, user_id=_id(user), what="person.enabled", subject=f"person {row.email}")


def reset_password(session: Session, *, user: User, person_id: int) -> str:
    """A new one-time password, shown once; the former password and all sessions end, and a lock is lifted."""
    require(user, Permission.ADMINISTER)
    row = store.person(session, person_id, lock=True)
    password = passwords.one_time()
    row.password_hash, row.must_change_password = passwords.hashed(password), True
    store.end_sessions(session, user_id=person_id, because=Ending.PASSWORD_RESET)
    store.forget_tries(session, account=tokens.account_hash(row.email))
    audit.record(session, user_id=_id(user), what="person.password reset", subject=f"person {row.email}")
    return password


def sessions_of(session: Session, *, user: User, person_id: int) -> list[OpenSession]:
    """A person's open sessions, last seen first."""
    require(user, Permission.ADMINISTER)
    return store.sessions_of(session, person_id)


def end_all_sessions(session: Session, *, user: User, person_id: int) -> int:
    """Sign a person out everywhere. How many sessions ended."""
    require(user, Permission.ADMINISTER)
    row = store.person(session, person_id)
    count = store.end_sessions(session, user_id=person_id, because=Ending.ENDED_BY_ADMIN)
    audit.record(
        session, user_id=_id(user), what="person.signed out by administrator", subject=f"person {row.email}", detail={"sessions": count}
    )
    return count


def see_as(session: Session, *, user: User, person_id: int, subject: str) -> User:
    """The person, for reading `subject` as they see it: with their rights and attributes, and nothing can be changed.

    Recorded, though not again for every look within ten minutes. Raises BadInput for one who is disabled or gone.
    """
    require(user, Permission.ADMINISTER)
    require_oneself(user)
    person = store.person_to_look_as(session, person_id)
    if person is None:
        raise BadInput("This person is not there any more, or cannot sign in. Choose another.")
    if not store.looked_lately(session, user_id=_id(user), subject=subject, email=person.email):
        audit.record(session, user_id=user.id, what="person.seen as", subject=subject, detail={"as": person.email})
    return person.model_copy(update={"looked_at_by": user.id})


def change_setting(session: Session, *, user: User, name: str, value: object) -> None:
    """Save one value of the settings page; None goes back to the default. Raises BadInput or Conflict."""
    require(user, Permission.ADMINISTER)
    saved.write(session, name=name, value=value, changed_by=_id(user))
    secret = name.endswith("_key")
    detail = {"value": "(secret)" if secret and value is not None else value}
    audit.record(session, user_id=_id(user), what="setting.changed", subject=f"setting {name}", detail=detail)


# --- my own account -------------------------------------------------------------------------------------------------


def my_sessions(session: Session, *, user: User) -> list[OpenSession]:
    """The person's own open sessions, last seen first; the present one has `id == user.session_id`."""
    return store.sessions_of(session, user.id)


def end_session(session: Session, *, user: User, session_id: int) -> None:
    """End one session: one's own, or anybody's for an administrator."""
    owner = store.owner_of_session(session, session_id)
    if owner is None:
        return
    if owner != user.id and not user.may(Permission.ADMINISTER):
        raise NotAllowed()
    because = (
        Ending.ENDED_BY_ADMIN if owner != user.id else Ending.SIGNED_OUT if session_id == user.session_id else Ending.SIGNED_OUT_ELSEWHERE
    )
    if store.end_sessions(session, session_id=session_id, because=because):
        audit.record(
            session,
            user_id=_id(user),
            what="session.ended",
            subject=f"session {session_id}",
            detail={"of": owner, "because": because.value},
        )


def end_my_other_sessions(session: Session, *, user: User) -> int:
    """Sign out everywhere but here. How many sessions ended."""
    count = store.end_sessions(session, user_id=user.id, because=Ending.SIGNED_OUT_ELSEWHERE, keep=user.session_id)
    audit.record(session, user_id=user.id, what="person.signed out elsewhere", subject=f"person {user.email}", detail={"sessions": count})
    return count


def rename_me(session: Session, *, user: User, name: str) -> None:
    """Change the name that others see."""
    row = store.person(session, user.id, lock=True)
    former, row.name = row.name, checked_name(name)
    if former != row.name:
        audit.record(session, user_id=user.id, what="person.renamed", subject=f"person {user.email}")


def change_password(*, user: User, current: str | None, new: str, address: str) -> None:
    """Change one's password; every session ends, this one too, and the sign-in page says why.

    `current` may be None only while the person has to replace a one-time password. A wrong one counts as a failed try,
    so that a stolen session cannot guess it. Raises WrongCurrentPassword, WeakPassword or Locked.
    """
    former = former_hash(user=user, current=current, address=address)
    passwords.check(new, email=user.email, name=user.name)
    if passwords.fits(new, former):
        raise passwords.WeakPassword("This is the password you have now. Take another.")
    hashed = passwords.hashed(new)
    with transaction() as session:
        keep_password(session, user=user, former=former, hashed=hashed)


def change_password_and_stay(*, user: User, current: str | None, new: str, address: str, user_agent: str) -> SignedIn:
    """As `change_password`, with a new session for this browser."""
    change_password(user=user, current=current, new=new, address=address)
    with transaction() as session:
        return sign_in.open_session(session, user_id=user.id, address=address, user_agent=user_agent)


def former_hash(*, user: User, current: str | None, address: str) -> str | None:
    """The stored hash of the password that is about to be replaced, once the person has shown that it is theirs."""
    if current is not None:
        try:
            sign_in.check_password(user=user, password=current, address=address)
        except sign_in.WrongPassword:
            raise WrongCurrentPassword() from None
    with transaction() as session:
        row = store.person(session, user.id)
        if current is None and not row.must_change_password:
            raise WrongCurrentPassword()
        return row.password_hash


def keep_password(session: Session, *, user: User, former: str | None, hashed: str) -> None:
    """Put the hash of a new password in place of `former`. Raises Conflict when that one is no longer there."""
    row = store.person(session, user.id, lock=True)
    if row.password_hash != former or row.disabled_at is not None:
        raise Conflict("Your password was changed by somebody else meanwhile. Sign in again.")
    row.password_hash, row.must_change_password = hashed, False
    store.end_sessions(session, user_id=user.id, because=Ending.PASSWORD_CHANGED)
    audit.record(session, user_id=user.id, what="person.password changed", subject=f"person {row.email}")


# --- rules ----------------------------------------------------------------------------------------------------------


def checked_name(name: str) -> str:
    """The name as it is kept. Raises BadInput."""
    name = " ".join(unicodedata.normalize("NFC", name).split())
    if not 1 <= len(name) <= 100 or any(unicodedata.category(character)[0] == "C" for character in name):
        raise BadInput("A name has 1 to 100 visible characters. Type it again.")
    return name


def _checked_email(email: str) -> str:
    """The address as it is kept. Raises BadInput for what is none, and for look-alike characters."""
    email = sign_in.spelled(email)
    strange = unicodedata.normalize("NFKC", email) != email or any(unicodedata.category(character)[0] in "CZ" for character in email)
    if strange or not _EMAIL.fullmatch(email) or len(email) > sign_in.MAX_EMAIL:
        raise BadInput("This is not an e-mail address. Type it as name@example.org.")
    return email


def _id(user: User) -> int | None:
    """For the audit log; the command line's operator is nobody in the table."""
    return user.id or None


OPERATOR = User(id=0, email="command line", name="Command line", role=Role.ADMIN)
"""Whoever can run commands on the machine holds its keys already."""


def id_of(session: Session, *, user: User, email: str) -> int:
    """Id of the person with this e-mail address. Raises PersonNotFound."""
    require(user, Permission.ADMINISTER)
    row = store.person_by_email(session, sign_in.spelled(email))
    if row is None:
        raise store.PersonNotFound(f"There is no person with the address {email}. `user list` shows all.")
    return row.id
