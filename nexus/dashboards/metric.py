"""One figure of a view as a panel: which column, and what it is compared with."""

from collections.abc import Mapping
from typing import Any

from nexus.dashboards.showing import Before
from nexus.dashboards.spec import MetricPanel
from nexus.errors import BadInput
from nexus.sources.spec import Column, Table
from nexus.views import figure
from nexus.views import format as written
from nexus.views.appearance import Format
from nexus.views.figure import Figure


class MetricImpossible(BadInput):
    """The panel names a column that its view does not return; `message` says which."""


EARLIER = {"previous period": "in the period before", "previous year": "a year before"}


def metric(panel: MetricPanel, table: Table, formats: Mapping[str, Format] | None = None, before: Before | None = None) -> Figure:
    """The last row's figure, compared with that of `before`. Raises MetricImpossible when the view does not return a column that the panel names."""
    formats = formats or {}
    for name in (panel.measure, panel.comparison, panel.sparkline):
        if name is not None and name not in {column.name for column in table.columns}:
            raise MetricImpossible(f"This panel needs the column `{name}`, which its view does not return. Choose another column.")
    column, style = table.columns[table.position(panel.measure)], formats.get(panel.measure)
    value = _last(table, panel.measure)
    found: dict[str, Any] = {
        "label": panel.title or written.label(column, style),
        "value": value,
        "value_text": written.text(value, style, column),
    }
    if panel.sparkline:
        found["spark"] = tuple(figure.number(item) for item in table.values(panel.sparkline))
    if panel.comparison:
        before = _last(table, panel.comparison)
        found |= figure.compared(value, before, style, column, label=panel.comparison_label, up_is_good=panel.up_is_good)
    elif panel.compare_with and before and before.table:
        earlier = _last(before.table, panel.measure)
        label = EARLIER[panel.compare_with] if panel.comparison_label == "before" else panel.comparison_label
        label = f"{label}, {before.days}" if before.days else label
        found |= figure.compared(value, earlier, style, column, label=label, up_is_good=panel.up_is_good)
    return Figure(**found, **_aims(panel, value, style, column))


def _aims(panel: MetricPanel, value: Any, style: Format | None, column: Column) -> dict[str, Any]:
    """The target, whether it is reached, and the colour of the threshold that the figure is past."""
    shown = figure.number(value)
    found: dict[str, Any] = {}
    if panel.target is not None:
        below = panel.up_is_good is False
        reached = None if shown is None else shown <= panel.target if below else shown >= panel.target
        found = {
            "target_text": written.text(_like(value, panel.target), style, column),
            "target_label": panel.target_label,
            "reached": reached,
        }
    past = [mark for mark in panel.thresholds if shown is not None and shown >= mark.at]
    return found | {"tone": max(past, key=lambda mark: mark.at).tone if past else None}


def _like(value: Any, target: float) -> Any:
    """A whole target of whole figures is written without a point."""
    return int(target) if target.is_integer() and abs(target) < 10**15 and isinstance(value, int | None) else target


def _last(table: Table, name: str) -> Any:
    return table.rows[-1][table.position(name)] if table.rows else None
