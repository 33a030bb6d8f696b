"""A dashboard with all it needs, read from Nexus's own tables at once."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from nexus.accounts.spec import User
from nexus.db.annotations import seen_with
from nexus.db.session import Session
from nexus.db.sharing import changed_by, seen_by, values
from nexus.db.stand_ins import masked
from nexus.db.unseen import among, read

# The dashboard, the views that its panels and filters name, and their sources: one row a view, one statement
# however many there are. The visit is written in it as well, at most once a minute; the command line, whose id
# is 0, and who looks as another person leave none.
_OPEN = text(f"""
with opened as (
    select kept.id, kept.name, kept.version as newest, kept.owner_id, kept.open_to_all, {changed_by("dashboard", "kept")} as may_edit,
         {seen_with("kept")} as annotations, {among("versions.spec")} as unseen,
         versions.version, versions.spec, versions.saved_at, versions.saved_by, versions.note
    from nexus.dashboards as kept
    join nexus.dashboard_versions as versions on versions.kept_id = kept.id and versions.version = coalesce(cast(:version as bigint), kept.version)
    where kept.name = :name and kept.archived_at is null and {seen_by("dashboard", "kept")}
), used as (
    select panel ->> 'view' as name
    from opened, jsonb_array_elements(case jsonb_typeof(spec -> 'panels') when 'array' then spec -> 'panels' else '[]' end) as panel
    union
    select parameter #>> '{{choices,view}}'
    from opened, jsonb_array_elements(case jsonb_typeof(spec -> 'filters') when 'array' then spec -> 'filters' else '[]' end) as parameter
), visited as (
    insert into nexus.visits (user_id, kind, name) select :reader, 'dashboard', name from opened where :visits
    on conflict (user_id, kind, name) do update set visited_at = now() where visits.visited_at < now() - interval '1 minute'
)
select
    opened.name, opened.newest, opened.version, opened.spec, opened.saved_at, opened.note,
    owner.name as owner, saver.name as saved_by, coalesce(visits.favourite, false) as favourite,
    (select jsonb_agg(jsonb_build_object('id', id, 'name', name, 'query', query, 'is_default', is_default) order by lower(name))
        from nexus.filter_sets where user_id = :reader and dashboard_id = opened.id) as filter_sets,
    opened.open_to_all, opened.may_edit, opened.annotations, opened.unseen,
    used.name as view, views.version as view_version, view_versions.spec as view_spec, {among("view_versions.spec", "view")} as view_unseen, view_versions.saved_at as view_saved_at,
    view_owner.name as view_owner, view_saver.name as view_saved_by,
    sources.id as source_id, sources.spec as source_spec, sources.changed_at as source_changed_at
from opened
left join nexus.users as owner on owner.id = opened.owner_id
left join nexus.users as saver on saver.id = opened.saved_by
left join nexus.visits on visits.user_id = :reader and visits.kind = 'dashboard' and visits.name = opened.name
left join used on used.name is not null
left join nexus.views on views.name = used.name and views.archived_at is null and {seen_by("view", "views")}
left join nexus.view_versions on view_versions.kept_id = views.id and view_versions.version = views.version
left join nexus.users as view_owner on view_owner.id = views.owner_id
left join nexus.users as view_saver on view_saver.id = view_versions.saved_by
left join nexus.sources on sources.name = view_versions.spec ->> 'source'
""")


def open_rows(session: Session, *, reader: User, name: str, version: int | None, visit: bool = True) -> list[Mapping[str, Any]]:
    """One row a view that the dashboard uses; one without a view when it uses none; no row when there is no such dashboard."""
    return [
        dict(row)
        for row in session.execute(
            _OPEN, {"name": name, "version": version, "visits": visit and reader.id > 0 and reader.looked_at_by is None, **values(reader)}
        ).mappings()
    ]


_VIEWS = text(f"""
select used.name as view, views.version as view_version, view_versions.spec as view_spec, {among("view_versions.spec", "view")} as view_unseen, view_versions.saved_at as view_saved_at,
    view_owner.name as view_owner, view_saver.name as view_saved_by,
    sources.id as source_id, sources.spec as source_spec, sources.changed_at as source_changed_at
from unnest(cast(:names as text[])) as used(name)
left join nexus.views on views.name = used.name and views.archived_at is null and {seen_by("view", "views")}
left join nexus.view_versions on view_versions.kept_id = views.id and view_versions.version = views.version
left join nexus.users as view_owner on view_owner.id = views.owner_id
left join nexus.users as view_saver on view_saver.id = view_versions.saved_by
left join nexus.sources on sources.name = view_versions.spec ->> 'source'
""")


def view_rows(session: Session, *, reader: User, names: set[str]) -> list[Mapping[str, Any]]:
    """One row for each of `names`, as `open_rows` has them."""
    return [dict(row) for row in session.execute(_VIEWS, {"names": sorted(names), **values(reader)}).mappings()]


_SPECS = text(f"""
select views.name, view_versions.spec, {among("view_versions.spec", "view")} as unseen
from nexus.views join nexus.view_versions on view_versions.kept_id = views.id and view_versions.version = views.version
where views.archived_at is null and views.name = any(:names) and {seen_by("view", "views")}
""")


def view_specs(session: Session, *, reader: User, names: set[str]) -> dict[str, dict[str, Any]]:
    """The newest spec of each view of `names` that exists, and that the reader may see."""
    return {row.name: masked(row.spec, read(row.unseen)) for row in session.execute(_SPECS, {"names": sorted(names), **values(reader)})}


_SEEN_NOW = text(f"""
select array(select views.name from nexus.views where views.name = any(:views) and {seen_by("view", "views")}) as views
from nexus.dashboards as kept where kept.name = :name and kept.archived_at is null and {seen_by("dashboard", "kept")}
""")


def seen_now(session: Session, *, reader: User, name: str, views: set[str]) -> set[str] | None:
    """Those of `views` that the reader may see at this moment; none when they may not see the dashboard."""
    row = session.execute(_SEEN_NOW, {"name": name, "views": sorted(views), **values(reader)}).first()
    return None if row is None else set(row.views)
