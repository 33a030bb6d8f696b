"""Views, dashboards and prompts as lists have them: all that one may see, and those that a home page shows."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import Select, Text, and_, cast, func, or_, select

from nexus.db.session import Session
from nexus.db.sharing import Reader
from nexus.db.tables import UserRow, VisitRow
from nexus.db.versions import TABLES, Kind, SpecUnreadable, read, seen

MOST_LISTED = 500


class Listed(BaseModel, frozen=True):
    """A view, dashboard or prompt in a list. `problem` is a sentence when its spec cannot be read by this release."""

    name: str
    title: str
    description: str
    tags: tuple[str, ...]
    owner: str | None
    version: int
    changed_at: datetime
    visited_at: datetime | None
    favourite: bool
    open_to_all: bool = True
    problem: str = ""


def list_kept(
    session: Session, *, kind: Kind, spec: type[BaseModel], reader: Reader, search: str = "", limit: int = MOST_LISTED
) -> list[Listed]:
    """Those that hold every word of `search` in title, name, tags, description or owner: favourites first, then by title."""
    kept, versions = TABLES[kind]
    haystack = func.lower(
        func.concat_ws(
            " ", kept.title, kept.name, cast(kept.tags, Text), versions.spec["description"].astext, func.coalesce(UserRow.name, "")
        )
    )
    found = _all(kind, reader).order_by(_favourite().desc(), func.lower(kept.title), kept.name).limit(limit)
    for word in search.replace("\x00", " ").lower().split()[:10]:
        found = found.where(haystack.contains(word[:100], autoescape=True))
    return [_listed(kind, spec, row) for row in session.execute(found)]


def list_home(session: Session, *, kind: Kind, spec: type[BaseModel], reader: Reader, most: int) -> list[Listed]:
    """The favourites, by title; then of the others `most` that were opened last, and `most` of those that changed since they were looked at.

    However many there are, no more are read.
    """
    kept, _ = TABLES[kind]
    news = kept.changed_at > func.coalesce(VisitRow.visited_at, "-infinity")
    ranked = (
        _all(kind, reader)
        .add_columns(
            func.row_number().over(order_by=VisitRow.visited_at.desc().nulls_last()).label("opened"),
            func.row_number().over(order_by=(news.desc(), kept.changed_at.desc(), kept.name)).label("changed"),
            news.label("news"),
        )
        .subquery()
    )
    shown = ranked.c
    opened = and_(shown.visited_at.is_not(None), shown.opened <= most)
    found = select(ranked).where(or_(shown.favourite, opened, and_(shown.news, shown.changed <= most)))
    rows = session.execute(found.order_by(shown.favourite.desc(), func.lower(shown.title), shown.name).limit(MOST_LISTED))
    return [_listed(kind, spec, row) for row in rows]


def _favourite() -> Any:
    return func.coalesce(VisitRow.favourite, False)


def _all(kind: Kind, reader: Reader) -> Select[Any]:
    """What the reader may see, in its newest version, with what it is to them."""
    kept, versions = TABLES[kind]
    return (
        select(
            kept.name,
            kept.title,
            kept.tags,
            kept.version,
            kept.changed_at,
            versions.spec,
            UserRow.name.label("owner"),
            VisitRow.visited_at,
            _favourite().label("favourite"),
            kept.open_to_all,
        )
        .join(versions, and_(versions.kept_id == kept.id, versions.version == kept.version))
        .outerjoin(UserRow, UserRow.id == kept.owner_id)
        .outerjoin(VisitRow, and_(VisitRow.user_id == reader.id, VisitRow.kind == kind, VisitRow.name == kept.name))
        .where(kept.archived_at.is_(None), seen(kind, reader))
    )


def _listed(kind: Kind, spec: type[BaseModel], row: Any) -> Listed:
    problem = ""
    try:
        read(kind, row.name, spec, row.spec)
    except SpecUnreadable as error:
        problem = error.message
    description = row.spec.get("description", "")
    return Listed(
        name=row.name,
        title=row.title,
        description=description if isinstance(description, str) else "",
        tags=tuple(row.tags),
        owner=row.owner,
        version=row.version,
        changed_at=row.changed_at,
        visited_at=row.visited_at,
        favourite=row.favourite,
        open_to_all=row.open_to_all,
        problem=problem,
    )
