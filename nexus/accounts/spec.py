"""Who a person is, and what each role may do."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from nexus.errors import NotAllowed


class Role(StrEnum):
    VIEWER = "viewer"
    ANALYST = "analyst"
    ADMIN = "admin"


class Permission(StrEnum):
    """A thing that a role may do. Ask for the narrowest one."""

    SEE = "see"
    """Open dashboards, views, prompt runs and reports; download them."""
    BUILD = "build"
    """Make and change views, dashboards and prompts."""
    RUN_PROMPTS = "run prompts"
    ADMINISTER = "administer"
    """People, sources, keys, limits, the audit log."""


ALLOWED: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.SEE}),
    Role.ANALYST: frozenset({Permission.SEE, Permission.BUILD, Permission.RUN_PROMPTS}),
    Role.ADMIN: frozenset(Permission),
}

REFUSALS: dict[Permission, str] = {
    Permission.SEE: "You may not see this. Ask an administrator to give you a role.",
    Permission.BUILD: "Viewers may not change this. Ask an administrator for the analyst role.",
    Permission.RUN_PROMPTS: "Viewers may not run prompts. Ask an administrator for the analyst role.",
    Permission.ADMINISTER: "Only administrators may do this. Ask one of them.",
}


LOOKING = "You see this as someone else does, and can change nothing. Stop that first."


class User(BaseModel, frozen=True):
    """The person behind a request, as the session row says at this moment."""

    id: int
    email: str
    name: str
    role: Role
    session_id: int | None = Field(None, description="None on the command line and in background work.")
    must_change_password: bool = False
    looked_at_by: int | None = Field(
        None, description="The administrator who sees things as this person does; then nothing can be changed."
    )
    attributes: dict[str, Any] = Field(default_factory=dict, description="Become local settings of every query, for row-level rights.")

    def could(self, permission: Permission) -> bool:
        """What they may themselves, also while somebody looks with their eyes."""
        return permission in ALLOWED[self.role]

    def may(self, permission: Permission) -> bool:
        return permission in ALLOWED[self.role] and (self.looked_at_by is None or permission is Permission.SEE)


def require(user: User, permission: Permission) -> None:
    """Raises NotAllowed, with what to do, unless the person's role has the permission."""
    if not user.may(permission):
        raise NotAllowed(LOOKING if user.looked_at_by is not None else REFUSALS[permission])


def require_oneself(user: User) -> None:
    """Raises NotAllowed for an administrator who only looks as this person does: what is personal stays as it is."""
    if user.looked_at_by is not None:
        raise NotAllowed(LOOKING)
