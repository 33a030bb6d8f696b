"""Favourites of people, and what they opened last."""

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import insert

from nexus.db.session import Session
from nexus.db.sharing import Kind, Reader
from nexus.db.tables import VisitRow
from nexus.db.versions import TABLES, seen
from nexus.errors import NotFound


def toggle_favourite(session: Session, *, kind: Kind, name: str, reader: Reader) -> bool:
    """Whether it is a favourite of the person from now on. Raises NotFound."""
    kept, _ = TABLES[kind]
    there = select(literal(reader.id), literal(kind), kept.name, literal(True)).where(
        kept.name == name, kept.archived_at.is_(None), seen(kind, reader)
    )
    favourite = session.execute(
        insert(VisitRow)
        .from_select(["user_id", "kind", "name", "favourite"], there)
        .on_conflict_do_update(index_elements=["user_id", "kind", "name"], set_={"favourite": ~VisitRow.favourite})
        .returning(VisitRow.favourite)
    ).scalar()
    if favourite is None:
        raise NotFound()
    return bool(favourite)


def note(session: Session, *, kind: Kind, name: str, reader: Reader) -> None:
    """The person opened it just now. The command line is nobody, and leaves no trace."""
    if reader.id > 0:
        row = insert(VisitRow).values(user_id=reader.id, kind=kind, name=name)
        session.execute(row.on_conflict_do_update(index_elements=["user_id", "kind", "name"], set_={"visited_at": func.now()}))
