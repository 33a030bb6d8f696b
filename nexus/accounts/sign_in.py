"""Signing in: one try, its limits, and the session it opens."""

import unicodedata
from datetime import datetime
from ipaddress import ip_address, ip_network

from pydantic import BaseModel

from nexus import audit, settings
from nexus.accounts import passwords, store, tokens
from nexus.accounts.sessions import Ending
from nexus.accounts.spec import Role, User
from nexus.db import saved
from nexus.db.session import Session, transaction
from nexus.errors import NexusError

MAX_EMAIL = 254


class WrongPassword(NexusError):
    message = "E-mail or password is wrong. Try again, or ask an administrator for a new one-time password."
    status = 401


class AccountDisabled(NexusError):
    message = "This account is disabled. Ask an administrator."
    status = 403


class Locked(NexusError):
    """Too many failed tries; `until` is when one more is looked at."""

    status = 429

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__("Too many failed tries. Try again later.")


class SignedIn(BaseModel, frozen=True):
    """The new session; `token` goes into the cookie and nowhere else."""

    user: User
    token: str
    hours: float


def spelled(email: str) -> str:
    """The one spelling in which e-mail addresses are kept and compared."""
    return unicodedata.normalize("NFC", email).strip().lower()


def sign_in(*, email: str, password: str, address: str, user_agent: str, former_token: str | None = None) -> SignedIn:
    """Check one try and open a session. Takes as long for an unknown person as for a wrong password.

    Ends the session of `former_token`. Raises WrongPassword, AccountDisabled or Locked.
    """
    email = spelled(email)[: MAX_EMAIL + 1]
    user_id, stored = _checked(email=email, password=password, address=address)
    with transaction() as session:
        row = store.person(session, user_id, lock=True)
        # Changed or disabled while the password was being checked.
        if row.password_hash != stored or row.disabled_at is not None:
            raise WrongPassword()
        if former_token:
            store.end_sessions(session, token_hash=tokens.session_hash(former_token), because=Ending.SIGNED_IN_AGAIN)
        row.last_sign_in_at = store.now(session)
        audit.record(session, user_id=user_id, what="person.signed in", subject=f"person {row.email}", address=address)
        store.forget_old(session)
        return open_session(session, user_id=user_id, address=address, user_agent=user_agent)


def check_password(*, user: User, password: str, address: str) -> None:
    """Check the password of somebody who is signed in; a wrong one counts as a failed try.

    Raises WrongPassword or Locked.
    """
    _checked(email=user.email, password=password, address=address)


def _checked(*, email: str, password: str, address: str) -> tuple[int, str]:
    """Id and stored hash of the person whose password this is.

    The try counts as failed before the password is looked at, so that many at once cannot pass the limit together;
    a right password takes the account's failures back.
    """
    account, place = tokens.account_hash(email), network(address)
    with transaction() as session:
        limits = saved.read(session)
        store.lock_tries(session, account=account, address=place)
        until = _locked_until(session, limits, account=account, address=place)
        if until is None:
            store.add_try(session, account=account, address=place)
        full = _locked_until(session, limits, account=account, address=place)
        row = None if until or "\0" in email or len(email) > MAX_EMAIL else store.person_by_email(session, email)
        user_id, stored, disabled = (row.id, row.password_hash, row.disabled_at is not None) if row else (None, None, False)
    if until:
        raise Locked(until)
    # Between two transactions: the hash takes a quarter of a second, and no connection waits for it.
    if not passwords.fits(password, stored) or user_id is None or stored is None:
        if full:
            _record_lock(user_id=user_id, until=full, address=address)
        raise WrongPassword()
    if disabled:
        raise AccountDisabled()
    with transaction() as session:
        store.forget_tries(session, account=account)
    return user_id, stored


def network(address: str) -> str:
    """What tries are counted by: an IPv4 address, or the /64 that one IPv6 customer has to itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:100]
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else str(parsed)


def _locked_until(session: Session, limits: saved.SavedSettings, *, account: bytes, address: str) -> datetime | None:
    return store.locked_until(
        session,
        account=account,
        account_limit=limits.lockout_failures,
        address=address,
        address_limit=limits.address_failures,
        minutes=limits.lockout_minutes,
    )


def _record_lock(*, user_id: int | None, until: datetime, address: str) -> None:
    """Once per lock: by the failure that brought it."""
    with transaction() as session:
        detail = {"until": until.isoformat(timespec="seconds")}
        audit.record(session, user_id=user_id, what="sign-in.locked", subject="sign-in", detail=detail, address=address)


def open_session(session: Session, *, user_id: int, address: str, user_agent: str) -> SignedIn:
    """A new session for a person whose password was just checked."""
    row = store.person(session, user_id)
    token, hours = tokens.new(), saved.read(session).session_hours
    session_id = store.add_session(
        session, token_hash=tokens.session_hash(token), user_id=user_id, address=address, user_agent=user_agent, hours=hours
    )
    return SignedIn(user=store.as_user(row, session_id), token=token, hours=hours)


def nobody_yet() -> bool:
    """True in a new installation, before the first administrator is made."""
    with transaction() as session:
        return not store.anyone(session)


def first_admin() -> tuple[str, str] | None:
    """When there is nobody yet: make the first administrator. E-mail and one-time password, this once."""
    password = passwords.one_time()
    email = spelled(settings.current().nexus_admin_email)
    if not nobody_yet():
        return None
    hashed = passwords.hashed(password)
    with transaction() as session:
        # Several replicas may start at once; one of them makes the person.
        store.lock_people(session)
        if store.anyone(session):
            return None
        user_id = store.add_person(
            session, email=email, name=email.partition("@")[0].replace(".", " ").title(), role=Role.ADMIN, password_hash=hashed
        )
        audit.record(
            session, user_id=user_id, what="person.added", subject=f"person {email}", detail={"role": Role.ADMIN.value, "first": True}
        )
    return email, password
