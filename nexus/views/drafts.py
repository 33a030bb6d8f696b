"""What a person has typed into the form of a view, or a dashboard, and not saved: kept as they go, and found again on any replica."""

import secrets
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.db import drafts as store
from nexus.db import stand_ins, unseen
from nexus.db.drafts import Draft, Step
from nexus.db.session import Session
from nexus.db.versions import Kind

NEW = "new:"
"""How names of drafts of something new begin. Nothing is called so."""


def new_name() -> str:
    """A name for the draft of what has none yet."""
    return f"{NEW}{secrets.token_hex(4)}"


def find_draft(session: Session, *, reader: User, name: str, kind: Kind = "view") -> Draft | None:
    """The person's own draft of what is called `name`, or of something new. Its content is a spec as JSON, perhaps unfinished."""
    require(reader, Permission.BUILD)
    draft = store.find(session, reader_id=reader.id, kind=kind, name=name)
    return _readable(session, reader, [draft])[0] if draft else None


def new_drafts(session: Session, *, reader: User, kind: Kind = "view") -> list[Draft]:
    """The person's own drafts of what is not saved at all, the newest first."""
    require(reader, Permission.BUILD)
    return _readable(
        session, reader, [draft for draft in store.every(session, reader_id=reader.id, kind=kind) if draft.name.startswith(NEW)]
    )


def _readable(session: Session, reader: User, found: list[Draft]) -> list[Draft]:
    """What was typed may name what its author may not see any more."""
    hidden = unseen.find(session, reader=reader, contents=[draft.content for draft in found])
    return [draft.model_copy(update={"content": stand_ins.masked(draft.content, hidden)}) for draft in found]


def names_unseen(session: Session, *, reader: User, content: dict[str, Any]) -> bool:
    """Whether what somebody types, or typed, names what they may not see, or no longer."""
    require(reader, Permission.BUILD)
    return bool(unseen.find(session, reader=reader, contents=[content]))


def keep_draft(session: Session, *, user: User, name: str, content: dict[str, Any], base_version: int | None, kind: Kind = "view") -> None:
    """Write over the person's draft of this name. Raises BadInput when it is too long to keep."""
    require(user, Permission.BUILD)
    store.keep(session, user_id=user.id, kind=kind, name=name, content=content, base_version=base_version)


def keep_step(session: Session, *, user: User, name: str, kind: Kind, step: Step) -> None:
    """After `keep_draft`: what the draft was before, to come back to."""
    require(user, Permission.BUILD)
    store.keep_step(session, user_id=user.id, kind=kind, name=name, step=step)


def draft_steps(session: Session, *, reader: User, name: str, kind: Kind) -> dict[int, dict[str, Any]]:
    """What the person's own draft was at its steps before and after `Draft.step`, which itself may be among them and is past."""
    require(reader, Permission.BUILD)
    steps = store.steps(session, reader_id=reader.id, kind=kind, name=name)
    hidden = unseen.find(session, reader=reader, contents=steps.values())
    return {step: stand_ins.masked(content, hidden) for step, content in steps.items()}


def discard_draft(session: Session, *, user: User, name: str, kind: Kind = "view") -> None:
    require(user, Permission.BUILD)
    store.discard(session, user_id=user.id, kind=kind, name=name)
