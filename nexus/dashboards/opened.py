"""A dashboard as it is opened: with the views that it asks, and with what is not for its reader."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import annotations, filter_sets, store
from nexus.dashboards.annotations import Annotation
from nexus.dashboards.filter_sets import FilterSet
from nexus.dashboards.spec import Dashboard, DataPanel
from nexus.db import stand_ins, unseen, versions
from nexus.db.session import Session
from nexus.errors import BadInput, NotFound
from nexus.sources import store as sources
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.service import OpenView
from nexus.views.spec import View

GONE = "This dashboard no longer exists, or you may not see it. Open another from the list."


class PanelBroken(BadInput):
    """The panel's view is gone, or cannot be read; `message` says which and what to do. The other panels stand."""


class PanelHidden(PanelBroken):
    """The reader may not see the panel's view; `message` does not name it."""

    status = 403


class OpenDashboard(BaseModel, frozen=True):
    """A dashboard as stored, with all that asking its panels takes: nothing more is read from Nexus's own tables."""

    dashboard: Dashboard
    version: int
    newest: int
    views: dict[str, OpenView]
    problems: dict[str, str]
    """Of each view that a panel names and that cannot be asked: one sentence."""
    hidden: frozenset[str] = frozenset()
    """What stands in it for what is there, and not for this reader."""
    owner: str | None
    saved_at: datetime
    saved_by: str | None
    note: str = ""
    favourite: bool = False
    filter_sets: tuple[FilterSet, ...] = ()
    """The reader's own."""
    open_to_all: bool = True
    may_edit: bool = True
    """Whether the reader may save it; a service looks again."""
    annotations: tuple[Annotation, ...] = ()
    """Notes on days, by day: of this dashboard, and those shown everywhere."""

    def view(self, name: str) -> OpenView:
        """Raises PanelBroken, PanelHidden."""
        if name in self.hidden:
            raise PanelHidden(f"You may not see this panel's data. Ask {self.owner or 'an administrator'}.")
        if name not in self.views:
            raise PanelBroken(self.problems.get(name, f"The view `{name}` no longer exists. Choose another view for this panel."))
        return self.views[name]


def open_dashboard(session: Session, *, reader: User, name: str, version: int | None = None, visit: bool = True) -> OpenDashboard:
    """The newest version, or `version`, in one statement; it also notes the `visit`.

    Raises NotFound, or SpecUnreadable when this release cannot read it. A view that is gone or cannot be
    read breaks its panels only.
    """
    require(reader, Permission.SEE)
    rows = store.open_rows(session, reader=reader, name=name, version=version, visit=visit)
    if not rows:
        raise NotFound(GONE)
    first = rows[0]
    hidden = unseen.read(first["unseen"])
    names = {one.name for one in hidden if one.kind == "view"}
    found, problems = _open_views(row for row in rows if row["view"] is not None and row["view"] not in names)
    return OpenDashboard(
        dashboard=versions.read("dashboard", name, Dashboard, stand_ins.masked(first["spec"], hidden)),
        views=found,
        problems=problems,
        hidden=frozenset(one.stand_in for one in hidden),
        may_edit=first["may_edit"] and reader.may(Permission.BUILD),
        filter_sets=filter_sets.of_rows(first["filter_sets"]),
        annotations=annotations.read(first["annotations"]),
        **{key: first[key] for key in ("version", "newest", "owner", "saved_at", "saved_by", "note", "favourite", "open_to_all")},
    )


def open_draft(session: Session, *, reader: User, dashboard: Dashboard, opened: OpenDashboard | None = None) -> OpenDashboard:
    """A dashboard that is not saved, as `open_dashboard` would open it. `opened` is the saved one that it is a draft of."""
    require(reader, Permission.BUILD)
    names = views_named(dashboard)
    hidden = frozenset(filter(stand_ins.is_one, names))
    found, problems = _open_views(store.view_rows(session, reader=reader, names=names - hidden))
    if opened is not None:
        return opened.model_copy(update={"dashboard": dashboard, "views": found, "problems": problems, "hidden": hidden})
    return OpenDashboard(
        dashboard=dashboard,
        version=0,
        newest=0,
        views=found,
        problems=problems,
        hidden=hidden,
        owner=reader.name,
        saved_at=datetime.now(UTC),
        saved_by=None,
    )


def _open_views(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, OpenView], dict[str, str]]:
    """By name those that can be asked, and of the others the sentence that says why not."""
    found: dict[str, OpenView] = {}
    problems: dict[str, str] = {}
    for row in rows:
        try:
            found[row["view"]] = _open_view(row)
        except (PanelBroken, versions.SpecUnreadable) as error:
            problems[row["view"]] = error.message
    return found, problems


def _open_view(row: Mapping[str, Any]) -> OpenView:
    if row["view_spec"] is None:
        raise PanelBroken(f"The view `{row['view']}` no longer exists. Choose another view for this panel.")
    view = versions.read("view", row["view"], View, stand_ins.masked(row["view_spec"], unseen.read(row["view_unseen"])))
    if row["source_spec"] is None:
        raise PanelBroken(f"The source `{view.source}` of the view `{view.name}` no longer exists. Choose another source for the view.")
    return OpenView(
        view=view,
        version=row["view_version"],
        source=sources.value(row_id=row["source_id"], spec=row["source_spec"], changed_at=row["source_changed_at"]),
        owner=row["view_owner"],
        saved_at=row["view_saved_at"],
        saved_by=row["view_saved_by"],
    )


def still_readable(session: Session, *, reader: User, opened: OpenDashboard) -> OpenDashboard:
    """`opened` with the rights of now, in one statement, for a page that is open for a while. Raises NotFound."""
    require(reader, Permission.SEE)
    found = store.seen_now(session, reader=reader, name=opened.dashboard.name, views=set(opened.views))
    if found is None:
        raise NotFound(GONE)
    gone = set(opened.views) - found
    if not gone:
        return opened
    return opened.model_copy(
        update={"hidden": opened.hidden | gone, "views": {name: view for name, view in opened.views.items() if name in found}}
    )


def views_named(dashboard: Dashboard) -> set[str]:
    """The views that its panels and filters ask, and those that a click opens."""
    data = [panel for panel in dashboard.panels if isinstance(panel, DataPanel)]
    of_panels = {panel.view for panel in data} | {panel.drill.view for panel in data if panel.drill and panel.drill.view}
    return of_panels | {view for parameter in dashboard.filters if (view := choices_view(parameter))}


def choices_view(parameter: Parameter) -> str | None:
    return parameter.choices.view if isinstance(parameter, ChoiceParameter | MultipleChoiceParameter) else None
