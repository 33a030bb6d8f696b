"""Dashboards: list, open, ask their panels, save."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from nexus import audit
from nexus.accounts.spec import Permission, User, require, require_oneself
from nexus.dashboards import annotations, check, filter_sets, narrowing, store
from nexus.dashboards.annotations import Annotation
from nexus.dashboards.filter_sets import FilterSet
from nexus.dashboards.narrowing import Narrowed
from nexus.dashboards.picks import Pick
from nexus.dashboards.spec import Dashboard, DataPanel, Panel, PromptPanel
from nexus.db import listing, stand_ins, unseen, versions, visits
from nexus.db.listing import Listed
from nexus.db.session import Session
from nexus.errors import BadInput, NotFound
from nexus.sources import store as sources
from nexus.sources.spec import Table
from nexus.views import offered
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.excerpt import Excerpt, query_of_excerpt
from nexus.views.offered import Offered
from nexus.views.page import MOST_FILTERS, Page
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.question import Condition, FilterGroup
from nexus.views.reading import reading_of
from nexus.views.runs import Purpose
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


def list_dashboards(session: Session, *, reader: User, search: str = "") -> list[Listed]:
    """Favourites first, then by title. One that this release cannot read is listed with its problem."""
    require(reader, Permission.SEE)
    return listing.list_kept(session, kind="dashboard", spec=Dashboard, reader=reader, search=search)


def list_home(session: Session, *, reader: User, most: int) -> list[Listed]:
    """What a home page shows, however many dashboards there are: the favourites, and `most` of those opened last and of those that changed since."""
    require(reader, Permission.SEE)
    return listing.list_home(session, kind="dashboard", spec=Dashboard, reader=reader, most=most)


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


def taken_names(session: Session, *, reader: User) -> frozenset[str]:
    """The names that a new dashboard cannot have. For choosing a free one; never to be shown."""
    require(reader, Permission.BUILD)
    return versions.taken_names(session, kind="dashboard")


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


class PanelWaits(PanelBroken):
    """A filter that the panel needs is empty; `message` says which to choose."""

    status = 422


def panel_filters(open_dashboard: OpenDashboard, panel: DataPanel) -> dict[str, str]:
    """Parameter of the panel's view → filter of the dashboard that fills it. A change of any other filter leaves the panel as it is.

    Raises PanelBroken.
    """
    return narrowing.filled(open_dashboard.dashboard, panel, open_dashboard.view(panel.view).view)


def panel_values(open_dashboard: OpenDashboard, panel: DataPanel, values: Mapping[str, Any], picks: Sequence[Pick] = ()) -> dict[str, Any]:
    """What the panel's view is asked with, of the values of the filters; the rest stays at the view's defaults.

    Raises PanelBroken, and Contradiction where a filter and a pick have nothing in common.
    """
    return panel_narrowed(open_dashboard, panel, values, picks).values


def panel_narrowed(
    open_dashboard: OpenDashboard, panel: DataPanel, values: Mapping[str, Any], picks: Sequence[Pick] = (), columns: Sequence[str] = ()
) -> Narrowed:
    """Values of the view's parameters, and conditions over its `columns`, as far as those are known. Asks nothing. Raises as `panel_values`."""
    return narrowing.narrow(open_dashboard.dashboard, panel, open_dashboard.view(panel.view).view, values, picks=picks, columns=columns)


def ask_panel(
    open_dashboard: OpenDashboard,
    panel: DataPanel,
    *,
    reader: User,
    values: Mapping[str, Any],
    picks: Sequence[Pick] = (),
    only: Sequence[Condition] = (),
    fresh: bool = False,
    purpose: Purpose = "dashboard",
    instead: Mapping[str, Any] | None = None,
    **how: Any,
) -> Table:
    """The rows of a panel, narrowed by filters and by what was picked in other panels; `only` leaves fewer of them; asked as `views.ask` says with `how`.

    `instead` are values of the view's parameters that win over those. Panels with an equal query share one run. Raises
    PanelBroken, PanelWaits, BadInput, and what `sources.run` raises.
    """
    view = open_dashboard.view(panel.view)
    wanted = waits_for(open_dashboard, panel, values)
    if wanted:
        raise PanelWaits(f"Choose {' and '.join(f'“{name}”' for name in wanted)} above, and the data comes.")
    narrowed = rows_narrowed(open_dashboard, panel, reader=reader, values=values, picks=picks)
    given, where = {**narrowed.values, **(instead or {})}, (*narrowed.where, *only)
    asked = query_of_excerpt(view, reader=reader, values=given, excerpt=_excerpt(where)) if where else None
    return views.ask(view, reader=reader, values=given, fresh=fresh, purpose=purpose, asked=asked, **how)


def waits_for(open_dashboard: OpenDashboard, panel: DataPanel, values: Mapping[str, Any]) -> list[str]:
    """Labels of the required filters that are empty, and that the panel waits for. Raises PanelBroken."""
    return narrowing.waits_for(open_dashboard.dashboard, panel, open_dashboard.view(panel.view).view, values)


def rows_narrowed(
    open_dashboard: OpenDashboard, panel: DataPanel, *, reader: User, values: Mapping[str, Any], picks: Sequence[Pick] = ()
) -> Narrowed:
    """As `panel_narrowed`, with the columns that the view returns; the database is asked for them where that matters, at most once in minutes."""
    require(reader, Permission.SEE)
    narrowed = panel_narrowed(open_dashboard, panel, values, picks)
    if not picks and not narrowed.where:
        return narrowed
    view = open_dashboard.view(panel.view)
    reading = reading_of(view.view, view.source, reader=reader, values=narrowed.values)
    columns = reading.names[: reading.shown]
    for column, name in panel.filtered.items():
        if column not in columns:
            raise PanelBroken(f"The filter `{name}` is compared with the column `{column}`, which this panel's view does not return.")
    return panel_narrowed(open_dashboard, panel, values, picks, columns)


def _excerpt(where: Sequence[Condition]) -> Excerpt:
    return Excerpt(Page(where=tuple(where) if len(where) <= MOST_FILTERS else (FilterGroup(match="all", filters=tuple(where)),)))


def filter_choices(
    open_dashboard: OpenDashboard,
    filter: Parameter,  # noqa: A002
    *,
    reader: User,
    values: Mapping[str, Any] | None = None,
    search: str = "",
) -> Offered:
    """What a filter offers: its fixed list, or what its view finds now, narrowed by the values of the filters that it depends on."""
    require(reader, Permission.SEE)
    view = None
    if isinstance(filter, ChoiceParameter | MultipleChoiceParameter) and filter.choices.view:
        try:
            view = open_dashboard.view(filter.choices.view)
        except PanelHidden:
            raise PanelHidden(
                f"You may not see what “{typed.label(filter)}” offers. Ask {open_dashboard.owner or 'an administrator'}."
            ) from None
    where = offered.narrowing(filter, open_dashboard.dashboard.filters, values or {})
    return offered.offer(filter, view, reader=reader, where=where, search=search)


def save_dashboard(
    session: Session,
    *,
    user: User,
    dashboard: Dashboard,
    base_version: int | None = None,
    note: str = "",
    open_to_all: bool = True,
    like: tuple[str, int] | None = None,
) -> int:
    """Keep the dashboard, and say its version; the same spec again makes none. `like`: as `versions.save` has it.

    `base_version` is the version that the change was made from; none means a new dashboard. Raises Conflict
    when the name is taken or a newer version is there, BadInput when a view, filter or prompt that it names
    is not there.
    """
    require(user, Permission.BUILD)
    found = store.view_specs(session, reader=user, names=views_named(dashboard))
    specs = {name: versions.read("view", name, View, spec) for name, spec in found.items()}
    prompts = versions.names(session, reader=user, kind="prompt")
    problem = next(check.problems(dashboard, views=specs, prompts=prompts), None)
    if problem is not None:
        where = ".".join(str(part) for part in problem.path)
        raise BadInput(f"The dashboard `{dashboard.name}` was not saved: at `{where}`, {problem.message}")
    saved = versions.save(
        session, kind="dashboard", spec=dashboard, user=user, base_version=base_version, note=note, open_to_all=open_to_all, like=like
    )
    if saved.changed:
        audit.record(
            session, user_id=user.id, what="dashboard.saved", subject=f"dashboard {dashboard.name}", detail={"version": saved.version}
        )
    return saved.version


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
    return of_panels | {view for parameter in dashboard.filters if (view := _choices_view(parameter))}


def restore_dashboard(session: Session, *, user: User, name: str, version: int, base_version: int) -> int:
    """Make an earlier version the newest one again; nothing in between is lost."""
    require(user, Permission.BUILD)
    kept = versions.load(session, reader=user, kind="dashboard", name=name, version=version)
    dashboard = versions.read("dashboard", name, Dashboard, kept.spec)
    note = f"Restored version {version}"
    return save_dashboard(session, user=user, dashboard=dashboard, base_version=base_version, note=note, like=(name, version))


def duplicate_dashboard(session: Session, *, user: User, name: str, as_name: str, title: str) -> None:
    """Keep the dashboard again under another name, owned by who does it; what was not open to all is not either.

    Panels and filters of what the person may not see stay behind. Raises Conflict, BadInput.
    """
    require(user, Permission.BUILD)
    opened = open_dashboard(session, reader=user, name=name)
    dashboard = versions.renamed(_without_hidden(opened.dashboard), name=as_name, title=title)
    note = f"Duplicate of version {opened.version}"
    save_dashboard(session, user=user, dashboard=dashboard, note=note, open_to_all=opened.open_to_all)


def _without_hidden(dashboard: Dashboard) -> Dashboard:
    """What is left of it for those who may not see some views and prompts, with nothing that points to what is gone."""
    filters = tuple(item for item in dashboard.filters if not stand_ins.is_one(_choices_view(item) or ""))
    there = {item.name for item in filters}
    return dashboard.model_copy(
        update={
            "panels": tuple(_unlinked(panel, there) for panel in dashboard.panels if not _is_hidden(panel)),
            "filters": tuple(_independent(item, there) for item in filters),
        }
    )


def _unlinked(panel: Panel, filters: set[str]) -> Panel:
    if not isinstance(panel, DataPanel):
        return panel
    leads = (panel.drill.view or panel.drill.dashboard or "") if panel.drill else ""
    drill = None if stand_ins.is_one(leads) else panel.drill
    kept = {name: {key: by for key, by in getattr(panel, name).items() if by in filters} for name in ("parameters", "filtered")}
    return panel.model_copy(update={**kept, "drill": drill})


def _independent(item: Parameter, filters: set[str]) -> Parameter:
    if not isinstance(item, ChoiceParameter | MultipleChoiceParameter):
        return item
    narrowed = {column: by for column, by in item.choices.narrowed.items() if by in filters}
    return item.model_copy(update={"choices": item.choices.model_copy(update={"narrowed": narrowed})})


def _is_hidden(panel: Panel) -> bool:
    named = panel.prompt if isinstance(panel, PromptPanel) else panel.view if isinstance(panel, DataPanel) else ""
    return stand_ins.is_one(named)


def _choices_view(parameter: Parameter) -> str | None:
    return parameter.choices.view if isinstance(parameter, ChoiceParameter | MultipleChoiceParameter) else None


def dashboard_versions(session: Session, *, reader: User, name: str) -> list[versions.VersionInfo]:
    require(reader, Permission.SEE)
    return versions.list_versions(session, reader=reader, kind="dashboard", name=name)


def archive_dashboard(session: Session, *, user: User, name: str) -> None:
    """Take the dashboard off every list; its versions stay, and saving under its name brings it back."""
    require(user, Permission.BUILD)
    versions.archive(session, user=user, kind="dashboard", name=name)
    audit.record(session, user_id=user.id, what="dashboard.archived", subject=f"dashboard {name}")


def toggle_favourite(session: Session, *, user: User, name: str) -> bool:
    """Whether the dashboard is a favourite of the person from now on."""
    require(user, Permission.SEE)
    require_oneself(user)
    return visits.toggle_favourite(session, kind="dashboard", name=name, reader=user)
