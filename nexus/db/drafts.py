"""What a person has typed and not saved. Services check the permission before they come here."""

import json
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from nexus.db.session import Session
from nexus.db.tables import DraftRow
from nexus.db.versions import Kind
from nexus.errors import BadInput

LONGEST_DRAFT = 1_000_000
"""Characters of JSON that one draft may take."""


class Draft(BaseModel, frozen=True):
    """`content` is as the form holds it, and need not be a valid spec. `base_version`: the version that the change was made from."""

    name: str
    content: dict[str, Any]
    base_version: int | None
    changed_at: datetime


def find(session: Session, *, reader_id: int, kind: Kind, name: str) -> Draft | None:
    row = session.get(DraftRow, (reader_id, kind, name))
    return Draft(name=row.name, content=row.content, base_version=row.base_version, changed_at=row.changed_at) if row else None


def every(session: Session, *, reader_id: int, kind: Kind) -> list[Draft]:
    """The person's own drafts, the newest first."""
    rows = session.scalars(select(DraftRow).filter_by(user_id=reader_id, kind=kind).order_by(DraftRow.changed_at.desc()))
    return [Draft(name=row.name, content=row.content, base_version=row.base_version, changed_at=row.changed_at) for row in rows]


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


def discard(session: Session, *, user_id: int, kind: Kind, name: str) -> None:
    session.execute(delete(DraftRow).filter_by(user_id=user_id, kind=kind, name=name))
