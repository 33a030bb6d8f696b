"""What a person has typed and not saved. Services check the permission before they come here."""

import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from nexus.db.session import Session
from nexus.db.tables import DraftRow, DraftStepRow
from nexus.db.versions import Kind
from nexus.errors import BadInput

LONGEST_DRAFT = 1_000_000
"""Characters of JSON that one draft may take."""


MOST_STEPS, LONGEST_STEPS = 50, 5_000_000
"""Steps back that are kept of one draft, and about how many characters of JSON they may take together."""


class Step(BaseModel, frozen=True):
    """The draft went to step `to` from step `left`, where it had another `content`. With `anew`, later steps are forgotten."""

    to: int
    left: int
    content: dict[str, Any]
    anew: bool


class Draft(BaseModel, frozen=True):
    """`content` is as the form holds it, and need not be a valid spec. `base_version`: the version that the change was made from."""

    name: str
    content: dict[str, Any]
    base_version: int | None
    changed_at: datetime
    step: int = 0


def find(session: Session, *, reader_id: int, kind: Kind, name: str) -> Draft | None:
    row = session.get(DraftRow, (reader_id, kind, name))
    return _value(row) if row else None


def every(session: Session, *, reader_id: int, kind: Kind) -> list[Draft]:
    """The person's own drafts, the newest first."""
    rows = session.scalars(select(DraftRow).filter_by(user_id=reader_id, kind=kind).order_by(DraftRow.changed_at.desc()))
    return [_value(row) for row in rows]


def _value(row: DraftRow) -> Draft:
    return Draft(name=row.name, content=row.content, base_version=row.base_version, changed_at=row.changed_at, step=row.step)


def keep(session: Session, *, user_id: int, kind: Kind, name: str, content: dict[str, Any], base_version: int | None) -> None:
    """Write over the person's draft of this name. Raises BadInput when it is too long to keep."""
    if len(json.dumps(content)) > LONGEST_DRAFT:
        raise BadInput("This draft is too long to keep. Shorten it, or save it in parts.")
    statement = insert(DraftRow).values(user_id=user_id, kind=kind, name=name, content=content, base_version=base_version)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "kind", "name"],
            set_={"content": statement.excluded.content, "base_version": statement.excluded.base_version, "changed_at": func.now()},
        )
    )


def keep_step(session: Session, *, user_id: int, kind: Kind, name: str, step: Step) -> None:
    """Note where the draft is, and what it was before."""
    its = {"user_id": user_id, "kind": kind, "name": name}
    steps = delete(DraftStepRow).filter_by(**its)
    if step.anew:
        most = max(1, min(MOST_STEPS, LONGEST_STEPS // (1 + len(json.dumps(step.content)))))
        session.execute(steps.where(or_(DraftStepRow.step >= step.to, DraftStepRow.step < step.to - most)))
    kept = insert(DraftStepRow).values(**its, step=step.left, content=step.content)
    session.execute(kept.on_conflict_do_update(index_elements=["user_id", "kind", "name", "step"], set_={"content": kept.excluded.content}))
    session.execute(update(DraftRow).filter_by(**its).values(step=step.to))


def steps(session: Session, *, reader_id: int, kind: Kind, name: str) -> dict[int, dict[str, Any]]:
    """What the person's draft was, by step, the first first."""
    rows = session.scalars(select(DraftStepRow).filter_by(user_id=reader_id, kind=kind, name=name).order_by(DraftStepRow.step))
    return {row.step: row.content for row in rows}


def discard(session: Session, *, user_id: int, kind: Kind, name: str) -> None:
    session.execute(delete(DraftRow).filter_by(user_id=user_id, kind=kind, name=name))
