"""Sessions as values: one that is open, one that has ended, and why sessions end."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from nexus.accounts.spec import User
from nexus.errors import NexusError


class Ending(StrEnum):
    """Why a session ended; the value is what the table keeps."""

    SIGNED_OUT = "signed out"
    SIGNED_OUT_ELSEWHERE = "signed out elsewhere"
    SIGNED_IN_AGAIN = "signed in again"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - a reason
    PASSWORD_RESET = "password reset"  # noqa: S105 - a reason
    ROLE_CHANGED = "role changed"
    DISABLED = "disabled"
    ENDED_BY_ADMIN = "ended by an administrator"
    EXPIRED = "expired"


SENTENCES: dict[Ending, str] = {
    Ending.SIGNED_OUT: "You are signed out.",
    Ending.SIGNED_OUT_ELSEWHERE: "You signed this browser out from another one.",
    Ending.SIGNED_IN_AGAIN: "You signed in again in this browser. Sign in once more to go on.",
    Ending.PASSWORD_CHANGED: "Your password was changed. Sign in with the new one.",
    Ending.PASSWORD_RESET: "An administrator reset your password. Sign in with the one-time password they gave you.",
    Ending.ROLE_CHANGED: "Your role was changed. Sign in again to go on with it.",
    Ending.DISABLED: "Your account was disabled. Ask an administrator.",
    Ending.ENDED_BY_ADMIN: "An administrator signed you out. Sign in to go on.",
    Ending.EXPIRED: "Your session ran out. Sign in to go on where you were.",
}


class SignedOut(NexusError):
    message = "Your session has ended. Sign in again."
    status = 401


class OpenSession(BaseModel, frozen=True):
    """A session as its owner or an administrator sees it."""

    id: int
    user_id: int
    address: str
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class Found(BaseModel, frozen=True):
    """What a cookie leads to: a person, or the reason why no longer."""

    user: User | None = None
    ended: Ending | None = None
    stale: bool = False
    """Last seen more than a minute ago: worth a note in the table."""


class Person(BaseModel, frozen=True):
    """A person as administrators see them."""

    id: int
    email: str
    name: str
    role: str
    must_change_password: bool
    created_at: datetime
    last_sign_in_at: datetime | None
    disabled_at: datetime | None
    open_sessions: int = 0
