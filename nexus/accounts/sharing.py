"""Sharing: who may see or change a view, dashboard or prompt, and whose it is. Its owner and administrators say so."""

from nexus import audit
from nexus.accounts.spec import Permission, Role, User, require
from nexus.db import sharing as store
from nexus.db.session import Session
from nexus.db.sharing import Kind, Share, Sharing, Somebody
from nexus.errors import BadInput, NotAllowed, NotFound

__all__ = ["Kind", "Share", "Sharing", "Somebody"]

FEWEST_LETTERS = 2
"""That somebody is searched by; fewer would list everybody."""
ROLES = (Role.VIEWER, Role.ANALYST)
"""What is shared with a role is for these; administrators see everything."""


def find(session: Session, *, reader: User, kind: Kind, name: str) -> Sharing:
    """Who owns it and whether it is open; with whom it is shared is for those who may share it. Raises NotFound."""
    require(reader, Permission.SEE)
    found = _found(session, reader, kind, name)
    if not may_share(found, user=reader):
        return found
    return found.model_copy(update={"shares": store.shares(session, kind=kind, kept_id=found.id)})


def may_share(thing: Sharing, *, user: User) -> bool:
    """Its owner, as long as they may build, and administrators."""
    return user.may(Permission.ADMINISTER) or (user.may(Permission.BUILD) and thing.owner_id == user.id)


def find_people(session: Session, *, user: User, search: str) -> list[Somebody]:
    """A few people who can sign in, by parts of their name or e-mail; nobody for fewer than two letters."""
    require(user, Permission.BUILD)
    words = [word[:100] for word in search.replace("\0", " ").lower().split()[:5]]
    if sum(map(len, words)) < FEWEST_LETTERS:
        return []
    return store.people(session, words=words)


def share(
    session: Session, *, user: User, kind: Kind, name: str, user_id: int | None = None, role: Role | None = None, may_edit: bool = False
) -> None:
    """Let a person, or everybody of a role, see or change it; sharing again changes which.

    Raises NotFound, NotAllowed, BadInput (nobody, somebody disabled, a role that may not change anything).
    """
    thing = _mine(session, user, kind, name)
    if (user_id is None) == (role is None):
        raise BadInput("Share with one person, or with one role.")
    if user_id is not None:
        whom = _able(session, user_id).email
        if user_id == thing.owner_id:
            raise BadInput("The owner may do everything already.")
    else:
        if role not in ROLES:
            raise BadInput("Administrators see everything already. Share with viewers or with analysts.")
        if may_edit and role is Role.VIEWER:
            raise BadInput("Viewers may not change anything. Let them see it.")
        whom = f"every {role.value}"
    store.put(session, kind=kind, kept_id=thing.id, user_id=user_id, role=role, may_edit=may_edit, shared_by=user.id or None)
    _record(session, user, thing, "shared", {"with": whom, "may_edit": may_edit})


def unshare(session: Session, *, user: User, kind: Kind, name: str, user_id: int | None = None, role: Role | None = None) -> None:
    """Take a share back; nothing happens when somebody did already."""
    thing = _mine(session, user, kind, name)
    if store.remove(session, kind=kind, kept_id=thing.id, user_id=user_id, role=role):
        whom = store.person(session, user_id=user_id) if user_id is not None else None
        _record(session, user, thing, "unshared", {"with": whom.email if whom else f"every {role.value}" if role else "someone deleted"})


def set_open(session: Session, *, user: User, kind: Kind, name: str, open_to_all: bool) -> None:
    """Open it to everybody who signs in, or only to those it is shared with."""
    thing = _mine(session, user, kind, name)
    if thing.open_to_all != open_to_all:
        store.set_open(session, kind=kind, kept_id=thing.id, open_to_all=open_to_all)
        _record(session, user, thing, "opened" if open_to_all else "restricted")


def hand_over(session: Session, *, user: User, kind: Kind, name: str, to: int) -> None:
    """Make somebody else its owner; whoever it was may still change it. Raises BadInput for one who may not build."""
    thing = _mine(session, user, kind, name)
    person = _able(session, to)
    if person.role == Role.VIEWER:
        raise BadInput("Viewers may not change anything. Hand it over to an analyst or an administrator.")
    if to == thing.owner_id:
        return
    store.set_owner(session, kind=kind, kept_id=thing.id, owner_id=to)
    store.remove(session, kind=kind, kept_id=thing.id, user_id=to, role=None)
    if thing.owner_id is not None:
        store.put(session, kind=kind, kept_id=thing.id, user_id=thing.owner_id, role=None, may_edit=True, shared_by=user.id or None)
    _record(session, user, thing, "handed over", {"to": person.email})


def _found(session: Session, user: User, kind: Kind, name: str, *, lock: bool = False) -> Sharing:
    thing = store.find(session, reader=user, kind=kind, name=name, lock=lock)
    if thing is None:
        raise NotFound()
    return thing


def _mine(session: Session, user: User, kind: Kind, name: str) -> Sharing:
    require(user, Permission.BUILD)
    thing = _found(session, user, kind, name, lock=True)
    if not may_share(thing, user=user):
        raise NotAllowed(f"Only its owner{f', {thing.owner},' if thing.owner else ''} or an administrator can share this. Ask one of them.")
    return thing


def _able(session: Session, user_id: int) -> Somebody:
    person = store.person(session, user_id=user_id)
    if person is None:
        raise BadInput("This person is not there any more. Search again.")
    if person.disabled:
        raise BadInput("This person is disabled and cannot sign in. An administrator can enable them.")
    return person


def _record(session: Session, user: User, thing: Sharing, what: str, detail: dict[str, object] | None = None) -> None:
    audit.record(session, user_id=user.id, what=f"{thing.kind}.{what}", subject=f"{thing.kind} {thing.name}", detail=detail)
