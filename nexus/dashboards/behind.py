"""The rows behind a panel, or behind a mark of it: what its figures are made of, narrowed as the panel is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards import service as dashboards
from nexus.dashboards.picks import MOST_POINTS, Pick, conditions, point_of
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import ChartPanel, DataPanel, MetricPanel
from nexus.errors import NotAllowed
from nexus.sources.spec import Table
from nexus.views import behind
from nexus.views.behind import NoRowsBehind
from nexus.views.page import written_filters
from nexus.views.question import Condition
from nexus.views.service import OpenView
from nexus.views.spec import View

ALL_GROUPS = "The view leaves out some groups by their figures, or shows only the first of them. These are the rows of all."


@dataclass(frozen=True)
class RowsBehind:
    """`opened` with `values` and `where` are the rows. `made` says that they are those of the figures, else they are the view's own.

    `figure` is the one that is looked behind, and `problem` one sentence where these are not just the rows that were meant.
    """

    opened: OpenView
    values: Mapping[str, Any]
    where: tuple[Condition, ...]
    made: bool = False
    figure: str | None = None
    problem: str = ""

    @property
    def address(self) -> dict[str, str]:
        """What the address of the view, or of a file of it, says of them beside the values."""
        where = {"g.where": written_filters(self.where)} if self.where else {}
        return where | ({behind.KEY: self.figure or behind.EVERY} if self.made else {})


def rows_behind(
    opened: OpenDashboard,
    panel: DataPanel,
    *,
    reader: User,
    values: Mapping[str, Any],
    table: Table,
    picks: Sequence[Pick] = (),
    only: Sequence[Condition] = (),
    figure: str | None = None,
) -> RowsBehind:
    """Of a panel as it shows `table`, or with `only` of a mark of it. `figure` is the column that was clicked. Raises what `rows_narrowed` raises."""
    require(reader, Permission.SEE)
    view = opened.view(panel.view)
    narrowed = dashboards.rows_narrowed(opened, panel, reader=reader, values=values, picks=picks)
    where = (*narrowed.where, *only)
    figure = figure if figure in behind.figures(view.view) else _figure(panel, view.view)
    try:
        rows = behind.behind(view, reader=reader, figure=figure)
    except (NoRowsBehind, NotAllowed) as error:
        said = error.message if isinstance(error, NotAllowed) or behind.is_sql(view.view) else ""
        return RowsBehind(view, narrowed.values, where, problem=said)
    groups = [one.result_name for one in rows.groups]
    kept, others = behind.translated(where, rows.groups)
    if not only and (rows.cut or others or isinstance(panel, MetricPanel)):
        shown = _shown(panel, table, groups)
        kept, others = (*kept, *(shown or ())), (rows.cut or others) and shown is None
    return RowsBehind(
        opened=rows.opened,
        values=narrowed.values,
        where=behind.fitting(behind.ranged(kept, rows)),
        made=True,
        figure=figure,
        problem=ALL_GROUPS if others else "",
    )


def _figure(panel: DataPanel, view: View) -> str | None:
    """The one figure that the panel shows; none where it shows several."""
    if isinstance(panel, MetricPanel):
        named: tuple[str, ...] = (panel.measure,)
    else:
        chart = (panel.chart or view.chart) if isinstance(panel, ChartPanel) else None
        named = chart.y if chart else ()
    return named[0] if len(named) == 1 and named[0] in behind.figures(view) else None


def _shown(panel: DataPanel, table: Table, groups: Sequence[str]) -> tuple[Condition, ...] | None:
    """That rows belong to one of the groups on screen, of a figure to its own; none where these are too many to name."""
    rows = table.rows[-1:] if isinstance(panel, MetricPanel) else table.rows
    if len(rows) > MOST_POINTS:
        return None
    points = [point_of(table, row, groups) for row in rows]
    if not points or not all(points):
        return () if not groups else None
    return conditions(Pick(panel=panel.name, points=tuple(points)), groups)
