"""One figure of a view as a panel: which column, and what it is compared with."""

from collections.abc import Mapping
from typing import Any

from nexus.dashboards.spec import MetricPanel
from nexus.errors import BadInput
from nexus.sources.spec import Table
from nexus.views import figure
from nexus.views import format as written
from nexus.views.appearance import Format
from nexus.views.figure import Figure


class MetricImpossible(BadInput):
    """The panel names a column that its view does not return; `message` says which."""


def metric(panel: MetricPanel, table: Table, formats: Mapping[str, Format] | None = None) -> Figure:
    """The last row's figure. Raises MetricImpossible when the view does not return a column that the panel names."""
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
    return Figure(**found)


def _last(table: Table, name: str) -> Any:
    return table.rows[-1][table.position(name)] if table.rows else None
