"""A metric panel on screen: one figure, how it moved, and its course as a sparkline."""

from collections.abc import Mapping
from typing import Any, Literal

from nexus.dashboards.metric import metric
from nexus.dashboards.spec import MetricPanel
from nexus.sources.spec import Table
from nexus.views.spec import Format

_ARROWS: dict[str | None, Literal["up", "down", "off"]] = {"up": "up", "down": "down"}
_COLOURS: dict[bool | None, Literal["green", "red", "gray"]] = {True: "green", False: "red", None: "gray"}


def draw_metric(target: Any, panel: MetricPanel, table: Table, *, formats: Mapping[str, Format], height: int) -> None:
    """Draw the figure on `target` (`st` or a placeholder), `height` pixels high. Raises MetricImpossible."""
    found = metric(panel, table, formats)
    spark = [value for value in found.spark if value is not None]
    target.metric(
        found.label,
        found.value_text,
        found.change_text or None,
        delta_color=_COLOURS[found.good],
        delta_arrow=_ARROWS.get(found.direction, "off"),
        delta_description=found.comparison_label if found.change_text else None,
        label_visibility="collapsed",
        chart_data=spark if len(spark) > 1 else None,
        chart_type="line",
        height=height,
    )
