"""Where a view is used: dashboards, prompts, and other views that take choices from it."""

from typing import Any

from pydantic import BaseModel
from sqlalchemy import and_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from nexus.db.session import Session
from nexus.db.sharing import Kind, Reader, seen_by
from nexus.db.versions import TABLES, column_of, seen

KINDS: tuple[Kind, ...] = ("dashboard", "prompt", "view")


class Use(BaseModel, frozen=True):
    """A dashboard, prompt or view that names a view. One that the reader may not see has neither name nor title."""

    kind: Kind
    name: str
    title: str


def of_view(session: Session, *, name: str, reader: Reader) -> list[Use]:
    """Who names the view in the newest version, by title: in panels, data blocks, and choices of filters and parameters."""
    path = literal('$.** ? (@.type() == "object").view ? (@ == $name)').cast(JSONPATH)
    uses = []
    for kind in KINDS:
        kept, versions = TABLES[kind]
        found = session.execute(
            select(kept.name, kept.title, column_of(seen_by(kind, kept.__tablename__), reader, "seen"))
            .join(versions, and_(versions.kept_id == kept.id, versions.version == kept.version))
            .where(
                kept.archived_at.is_(None),
                # A view whose parameter takes its choices from itself uses nobody else.
                or_(literal(kind) != "view", kept.name != name),
                func.jsonb_path_exists(versions.spec, path, cast({"name": name}, JSONB)),
            )
            .order_by(func.lower(kept.title))
        )
        uses += [Use(kind=kind, name=row.name if row.seen else "", title=row.title if row.seen else "") for row in found]
    return uses


def perhaps_of_table(session: Session, *, source: str, table: str, reader: Reader) -> list[tuple[str, str, dict[str, Any]]]:
    """Name, title and newest spec of the views of a source that the reader may see and that name a table so, by title.

    Its schema is not looked at, and in SQL the name may stand for something else.
    """
    kept, versions = TABLES["view"]
    question = versions.spec["question"]
    sql = func.lower(question["sql"].astext)
    found = session.execute(
        select(kept.name, kept.title, versions.spec)
        .join(versions, and_(versions.kept_id == kept.id, versions.version == kept.version))
        .where(
            kept.archived_at.is_(None),
            seen("view", reader),
            versions.spec["source"].astext == source,
            or_(
                func.strpos(sql, table.replace('"', '""').lower()) > 0,
                func.jsonb_path_exists(question, literal("$.** ? (@.table == $name)").cast(JSONPATH), cast({"name": table}, JSONB)),
            ),
        )
        .order_by(func.lower(kept.title))
    )
    return [(row.name, row.title, row.spec) for row in found]
