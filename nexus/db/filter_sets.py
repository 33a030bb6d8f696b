"""Filters of a dashboard that people keep under names. Every function looks only at those of `reader`, on a dashboard that they may see."""

from typing import Any

from sqlalchemy import delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import insert

from nexus.db.session import Session
from nexus.db.sharing import Reader
from nexus.db.tables import FilterSetRow
from nexus.db.versions import TABLES, seen


def dashboard_id(session: Session, *, reader: Reader, name: str) -> int | None:
    """None where there is no such dashboard, or not for the reader."""
    kept, _ = TABLES["dashboard"]
    return session.scalar(select(kept.id).where(kept.name == name, kept.archived_at.is_(None), seen("dashboard", reader)))


def count_others(session: Session, *, reader: Reader, dashboard_id: int, name: str) -> int:
    return session.scalar(select(func.count()).where(*_mine(reader, dashboard_id), FilterSetRow.name != name)) or 0


def keep(session: Session, *, reader: Reader, dashboard_id: int, name: str, query: dict[str, Any]) -> None:
    row = insert(FilterSetRow).values(user_id=reader.id, dashboard_id=dashboard_id, name=name, query=query)
    session.execute(
        row.on_conflict_do_update(index_elements=["user_id", "dashboard_id", "name"], set_={"query": query, "changed_at": func.now()})
    )


def is_taken(session: Session, *, reader: Reader, dashboard_id: int, name: str, but: int) -> bool:
    """Whether another set than `but` has the name."""
    return bool(session.scalar(select(exists().where(*_mine(reader, dashboard_id), FilterSetRow.name == name, FilterSetRow.id != but))))


def change(session: Session, *, reader: Reader, dashboard_id: int, set_id: int, **values: Any) -> bool:
    """Whether it was there."""
    changed = update(FilterSetRow).where(*_mine(reader, dashboard_id), FilterSetRow.id == set_id).values(**values)
    return session.scalar(changed.returning(FilterSetRow.id)) is not None


def no_default(session: Session, *, reader: Reader, dashboard_id: int) -> None:
    session.execute(update(FilterSetRow).where(*_mine(reader, dashboard_id), FilterSetRow.is_default).values(is_default=False))


def remove(session: Session, *, reader: Reader, dashboard_id: int, set_id: int) -> bool:
    """Whether it was there."""
    removed = delete(FilterSetRow).where(*_mine(reader, dashboard_id), FilterSetRow.id == set_id)
    return session.scalar(removed.returning(FilterSetRow.id)) is not None


def _mine(reader: Reader, dashboard_id: int) -> tuple[Any, ...]:
    return FilterSetRow.user_id == reader.id, FilterSetRow.dashboard_id == dashboard_id
