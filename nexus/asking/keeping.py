"""An answer that stays: as a view, as a panel of a dashboard, or as a draft to go on with in SQL."""

from typing import Any

from pydantic import ValidationError

from nexus.accounts.spec import Permission, User, require
from nexus.asking.spec import Asking
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import ChartPanel, MetricPanel, Panel, TablePanel
from nexus.db import versions
from nexus.db.session import Session
from nexus.errors import BadInput, NexusError
from nexus.sources.layout import laid_out
from nexus.sources.spec import Name
from nexus.views import drafts
from nexus.views import service as views
from nexus.views.spec import View

LONGEST_DESCRIPTION = 1_000


def sql_of(asking: Asking) -> str:
    """Its SQL, laid out to be read."""
    try:
        return laid_out(asking.sql).rstrip("\n")
    except NexusError:
        return asking.sql


def content_of(asking: Asking, *, title: str = "") -> dict[str, Any]:
    """A view's spec as JSON values, without a name."""
    told = " ".join(part for part in (asking.sentence if asking.outcome == "answered" else "", asking.leaves_out) if part)
    return {
        "title": (title or asking.title or asking.question)[:200],
        "description": told[:LONGEST_DESCRIPTION],
        "source": asking.source,
        "question": {"kind": "sql", "sql": sql_of(asking)},
        "parameters": [],
        **({"chart": versions.plain(asking.chart)} if asking.chart else {}),
        **({"formats": {name: versions.plain(one) for name, one in asking.formats.items()}} if asking.formats else {}),
    }


def go_on(session: Session, *, user: User, asking: Asking) -> str:
    """Keep the SQL as a draft of a new view. Its name, as the address of the form has it."""
    require(user, Permission.BUILD)
    name = drafts.new_name()
    drafts.keep_draft(session, user=user, name=name, content=content_of(asking), base_version=None)
    return name.removeprefix(drafts.NEW)


def save(session: Session, *, user: User, asking: Asking, title: str, name: Name) -> str:
    """Keep the answer as a view, under `name` or the first free one like it. Its name. Raises BadInput, and what saving a view raises."""
    require(user, Permission.BUILD)
    if asking.outcome != "answered":
        raise BadInput("Only an answer can be kept as a view.")
    if not title.strip():
        raise BadInput("Give the view a title first.")
    taken = views.taken_names(session, reader=user)
    view = _view(asking, title=title.strip(), name=_free(name, taken))
    views.save_view(session, user=user, view=view, note="Asked in words")
    return view.name


def _view(asking: Asking, *, title: str, name: str) -> View:
    try:
        return View.model_validate({**content_of(asking, title=title), "name": name})
    except ValidationError as error:
        raise BadInput(f"The view was not saved. {versions.first_problem(error)}") from None


def _free(name: str, taken: frozenset[str] | set[str]) -> str:
    stem = (name or "question")[:56].rstrip("-")
    return next(one for one in (stem, *(f"{stem}-{count}" for count in range(2, 10_000))) if one not in taken)


def put_on_dashboard(session: Session, *, user: User, asking: Asking, title: str, name: Name, dashboard: str) -> str:
    """Keep the answer as a view, and put a panel of it at the end of a dashboard. Name of the panel.

    Raises NotFound, NotAllowed, Conflict, BadInput.
    """
    require(user, Permission.BUILD)
    opened = dashboards.open_dashboard(session, reader=user, name=dashboard)
    view = save(session, user=user, asking=asking, title=title, name=name)
    panel = _panel(asking, view=view, title=title.strip(), name=_free(view, {panel.name for panel in opened.dashboard.panels}))
    changed = opened.dashboard.model_copy(update={"panels": (*opened.dashboard.panels, panel)})
    dashboards.save_dashboard(
        session, user=user, dashboard=changed, base_version=opened.version, note=f"Added “{panel.title}”, asked in words"
    )
    return panel.name


def _panel(asking: Asking, *, view: str, title: str, name: str) -> Panel:
    chart = asking.chart
    if chart is None:
        return TablePanel(name=name, title=title, view=view)
    if chart.kind == "big number" and chart.y:
        return MetricPanel(name=name, title=title, view=view, measure=chart.y[0], width=3, height=2)
    return ChartPanel(name=name, title=title, view=view)
