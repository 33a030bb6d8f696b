"""Notes on days and periods, of one dashboard or of all."""

from typing import Any

from sqlalchemy import delete, func, select, text, update

from nexus.db.session import Session
from nexus.db.sharing import Reader, changed_by, seen_by, values
from nexus.db.tables import AnnotationRow, DashboardRow


def seen_with(kept: str) -> str:
    """SQL: an array, in JSON, of the notes that belong to the dashboard in the row `kept`, which the reader may see, and of those shown everywhere.

    Who may change a note: of a dashboard, who may change that; of all, its author and administrators; viewers none.
    """
    return f"""(
        select coalesce(jsonb_agg(jsonb_build_object(
            'id', annotations.id, 'text', annotations.text, 'first_day', annotations.first_day, 'last_day', annotations.last_day,
            'everywhere', annotations.dashboard_id is null, 'author', author.name,
            'may_change', cast(:reader_role as text) <> 'viewer' and case when annotations.dashboard_id is null
                then annotations.created_by = :reader or cast(:reader_role as text) = 'admin' else {changed_by("dashboard", kept)} end
        ) order by annotations.first_day, annotations.id), '[]')
        from nexus.annotations left join nexus.users as author on author.id = annotations.created_by
        where annotations.dashboard_id = {kept}.id or annotations.dashboard_id is null
    )"""


_OF_DASHBOARD = text(
    f"select {seen_with('kept')} from nexus.dashboards as kept where kept.name = :name and kept.archived_at is null and {seen_by('dashboard', 'kept')}"
)


def of_dashboard(session: Session, *, reader: Reader, dashboard: str) -> list[dict[str, Any]]:
    found = session.execute(_OF_DASHBOARD, {"name": dashboard.replace("\0", "\ufffd"), **values(reader)}).scalar()
    return list(found or [])


_MAY_CHANGE = text(
    f"select {changed_by('dashboard', 'kept')} from nexus.dashboards as kept where kept.name = :name and kept.archived_at is null and {seen_by('dashboard', 'kept')}"
)


def may_change(session: Session, *, reader: Reader, dashboard: str) -> bool | None:
    """None where there is no such dashboard for the reader."""
    found: bool | None = session.execute(_MAY_CHANGE, {"name": dashboard.replace("\0", "\ufffd"), **values(reader)}).scalar()
    return found


def _id_of(dashboard: str | None) -> Any:
    return None if dashboard is None else select(DashboardRow.id).where(DashboardRow.name == dashboard).scalar_subquery()


def count(session: Session, *, dashboard: str | None) -> int:
    condition = AnnotationRow.dashboard_id.is_(None) if dashboard is None else AnnotationRow.dashboard_id == _id_of(dashboard)
    return session.execute(select(func.count()).select_from(AnnotationRow).where(condition)).scalar_one()


def add(session: Session, *, user_id: int | None, dashboard: str | None, values: dict[str, Any]) -> int:
    row = AnnotationRow(dashboard_id=_id_of(dashboard), created_by=user_id, changed_by=user_id, **values)
    session.add(row)
    session.flush()
    return int(row.id)


def change(session: Session, *, annotation_id: int, user_id: int | None, values: dict[str, Any]) -> None:
    session.execute(
        update(AnnotationRow).where(AnnotationRow.id == annotation_id).values(changed_by=user_id, changed_at=func.now(), **values)
    )


def remove(session: Session, *, annotation_id: int) -> None:
    session.execute(delete(AnnotationRow).where(AnnotationRow.id == annotation_id))
