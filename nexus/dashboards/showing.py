"""What a panel shows beside its own rows: an earlier period, a target, and notes on days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import narrowing
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import ChartPanel, DataPanel, MetricPanel, Panel, PanelBase
from nexus.errors import NexusError
from nexus.sources.spec import QueryStopped, Table
from nexus.views import period
from nexus.views import values as typed
from nexus.views.charts import NOTHING, Beside, Earlier, Note
from nexus.views.parameter import DateRangeParameter
from nexus.views.period import Shift

EARLIER = {"previous period": "the period before", "previous year": "the year before"}
NO_SHIFT = Shift()
UNDATED = "Nothing to compare with: the view has no date range that is filled. Choose one, or take the comparison off this panel."


@dataclass(frozen=True)
class Before:
    """The rows of an earlier period, or `problem`: one sentence that says why there are none."""

    table: Table | None = None
    shift: Shift = NO_SHIFT
    words: str = ""
    days: str = ""
    """The days that it is about, in few words."""
    problem: str = ""


def compares(panel: PanelBase) -> bool:
    """Whether there is an earlier period to ask for."""
    return isinstance(panel, ChartPanel | MetricPanel) and panel.compare_with is not None


def ask_before(opened: OpenDashboard, panel: DataPanel, *, reader: User, values: Mapping[str, Any], **how: Any) -> Before:
    """The panel's view, asked for the earlier period. `values` are those of the filters, `how` goes to `ask_panel`. Raises QueryStopped alone."""
    require(reader, Permission.SEE)
    try:
        found = _moved(opened, panel, values)
        if found is None:
            return Before(problem=UNDATED)
        moved, instead, shift, words, days = found
        table = dashboards.ask_panel(opened, panel, reader=reader, values=moved, instead=instead, **how)
    except QueryStopped:
        raise
    except NexusError as error:
        return Before(problem=f"The comparison is missing: {error.message}")
    return Before(table, shift, words, days)


def _moved(
    opened: OpenDashboard, panel: DataPanel, values: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], Shift, str, str] | None:
    """For the earlier period: the values of the filters that the panel uses, and those of its view's own parameters, which no filter fills.

    None without a date range, or where nothing lies before it.
    """
    how = panel.compare_with if isinstance(panel, ChartPanel | MetricPanel) else None
    view = opened.view(panel.view)
    used = narrowing.uses(opened.dashboard, panel, view.view)
    filled = narrowing.filled(opened.dashboard, panel, view.view)
    filters, instead = dict(values), dict[str, Any]()
    shift, words, days = None, "", ""
    with typed.in_zone(view.source.zone):
        own = [(one, instead) for one in view.view.parameters if one.name not in filled]
        for parameter, into in [(one, filters) for one in opened.dashboard.filters if one.name in used] + own:
            span = into.get(parameter.name, typed.default(parameter)) if isinstance(parameter, DateRangeParameter) else None
            if how is None or not span:
                continue
            earlier = period.before(*span, year=how == "previous year")
            if earlier is None:
                return None
            into[parameter.name] = earlier[:2]
            if shift is None:
                shift, words = earlier[2], f"{period.words(*earlier[:2])}, {EARLIER[how]}"
                days = period.words(*earlier[:2], brief=True)
    return None if shift is None else (filters, instead, shift, words, days)


def beside(panel: Panel, before: Before | None = None, notes: Sequence[Note] = ()) -> Beside:
    """What is drawn beside the figures of a chart."""
    if not isinstance(panel, ChartPanel):
        return NOTHING
    earlier = Earlier(table=before.table, shift=before.shift, words=before.words) if before and before.table else None
    return Beside(target=panel.target, target_label=panel.target_label, earlier=earlier, notes=tuple(notes))
