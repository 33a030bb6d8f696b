"""One figure of a view, with what it was before and how it came to be."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel

from nexus.dashboards.spec import MetricPanel
from nexus.errors import BadInput
from nexus.sources.spec import Column, Table
from nexus.views import format as written
from nexus.views.appearance import Format

LARGEST = 10**300
"""What is larger has no place on an axis, and no float."""

Direction = Literal["up", "down", "same"]


class MetricImpossible(BadInput):
    """The panel names a column that its view does not return; `message` says which."""


class Metric(BaseModel, frozen=True):
    """Ready to be drawn, on screen or paper. Texts are formatted as the view says; an absent figure is a dash."""

    label: str
    value: Any
    value_text: str
    comparison: Any = None
    comparison_text: str = ""
    comparison_label: str = ""
    change: float | None = None
    change_text: str = ""
    """Without a sign; `direction` says which way."""
    direction: Direction | None = None
    good: bool | None = None
    """Whether the change is welcome; none when nobody said, or nothing changed."""
    spark: tuple[float | None, ...] = ()

    @property
    def sentence(self) -> str:
        """For those who do not see arrows and colours: `Flights: 86,995, up 2.1 % from 85,179 before.`"""
        if self.direction is None:
            return f"{self.label}: {self.value_text}."
        change = "unchanged" if self.direction == "same" else f"{self.direction} {self.change_text}"
        return f"{self.label}: {self.value_text}, {change} from {self.comparison_text} {self.comparison_label}."


def metric(panel: MetricPanel, table: Table, formats: Mapping[str, Format] | None = None) -> Metric:
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
        found["spark"] = tuple(_figure(item) for item in table.values(panel.sparkline))
    if panel.comparison:
        before = _last(table, panel.comparison)
        found["comparison"] = before
        found["comparison_text"] = written.text(before, style, column)
        found["comparison_label"] = panel.comparison_label
        found.update(_change(_figure(value), _figure(before), style, column, panel.up_is_good))
    return Metric(**found)


def _last(table: Table, name: str) -> Any:
    return table.rows[-1][table.position(name)] if table.rows else None


def _figure(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if not written.finite(value) or not -LARGEST <= value <= LARGEST:
        return None
    return float(value)


def _change(value: float | None, before: float | None, style: Format | None, column: Column, up_is_good: bool | None) -> dict[str, Any]:
    """Shares change by points; positive figures by percent; figures around zero by what lies between them."""
    if value is None or before is None:
        return {}
    difference = value - before
    if style and style.style == "percent":
        change = difference * 100
        shown = f"{abs(change):.1f} points"
        unchanged = round(abs(change), 1) == 0
    elif before > 0 and value >= 0:
        change = difference / before
        shown = f"{abs(change) * 100:,.1f}\N{NO-BREAK SPACE}%"
        unchanged = round(abs(change) * 100, 1) == 0
    else:
        change = difference
        shown = written.text(abs(difference), style, column)
        unchanged = difference == 0
    direction: Direction = "same" if unchanged else "up" if difference > 0 else "down"
    good = None if up_is_good is None or unchanged else (difference > 0) == up_is_good
    return {"change": change, "change_text": shown, "direction": direction, "good": good}
