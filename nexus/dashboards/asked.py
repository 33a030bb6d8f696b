"""Panels and filters of a dashboard that is open, asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import narrowing
from nexus.dashboards.narrowing import Narrowed
from nexus.dashboards.opened import OpenDashboard, PanelBroken, PanelHidden
from nexus.dashboards.picks import Pick
from nexus.dashboards.spec import DataPanel
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
