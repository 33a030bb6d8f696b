"""Dashboards: list, open, ask their panels, save."""

from nexus import audit
from nexus.accounts.spec import Permission, User, require, require_oneself
from nexus.dashboards import check, store
from nexus.dashboards.asked import (
    PanelWaits,
    ask_panel,
    filter_choices,
    panel_filters,
    panel_narrowed,
    panel_values,
    rows_narrowed,
    waits_for,
)
from nexus.dashboards.copied import without_hidden
from nexus.dashboards.opened import OpenDashboard, PanelBroken, PanelHidden, open_dashboard, open_draft, still_readable, views_named
from nexus.dashboards.spec import Dashboard
from nexus.db import listing, versions, visits
from nexus.db.listing import Listed
from nexus.db.session import Session
from nexus.errors import BadInput
from nexus.views.spec import View

__all__ = [
    "OpenDashboard",
    "PanelBroken",
    "PanelHidden",
    "PanelWaits",
    "ask_panel",
    "filter_choices",
    "open_dashboard",
    "open_draft",
    "panel_filters",
    "panel_narrowed",
    "panel_values",
    "rows_narrowed",
    "still_readable",
    "waits_for",
]
"""Of the modules beside this one, as pages and other folders use them."""


def list_dashboards(session: Session, *, reader: User, search: str = "") -> list[Listed]:
    """Favourites first, then by title. One that this release cannot read is listed with its problem."""
    require(reader, Permission.SEE)
    return listing.list_kept(session, kind="dashboard", spec=Dashboard, reader=reader, search=search)


def list_home(session: Session, *, reader: User, most: int) -> list[Listed]:
    """What a home page shows, however many dashboards there are: the favourites, and `most` of those opened last and of those that changed since."""
    require(reader, Permission.SEE)
    return listing.list_home(session, kind="dashboard", spec=Dashboard, reader=reader, most=most)


def taken_names(session: Session, *, reader: User) -> frozenset[str]:
    """The names that a new dashboard cannot have. For choosing a free one; never to be shown."""
    require(reader, Permission.BUILD)
    return versions.taken_names(session, kind="dashboard")


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
    dashboard = versions.renamed(without_hidden(opened.dashboard), name=as_name, title=title)
    note = f"Duplicate of version {opened.version}"
    save_dashboard(session, user=user, dashboard=dashboard, note=note, open_to_all=opened.open_to_all)


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
