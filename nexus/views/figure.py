"""One figure with what it was before and how it came to be: a metric panel, or a chart of one number."""

from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel

from nexus.sources.spec import Column
from nexus.views import format as written
from nexus.views.appearance import Format, Tone

LARGEST = 10**300
"""What is larger has no place on an axis, and no float."""

Direction = Literal["up", "down", "same"]


class Figure(BaseModel, frozen=True):
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
    target_text: str = ""
    target_label: str = ""
    reached: bool | None = None
    """Whether the target is; none without one, or without a figure."""
    tone: Tone | None = None
    """The colour of the threshold that the figure is past."""

    @property
    def target_words(self) -> str:
        """`target 95 %, missed`; empty without a target."""
        if not self.target_text:
            return ""
        ends = {True: ", reached", False: ", missed", None: ""}
        return f"{self.target_label} {self.target_text}{ends[self.reached]}".strip()

    @property
    def sentence(self) -> str:
        """For those who do not see arrows and colours: `Flights: 86,995, up 2.1 % from 85,179 before.`"""
        aim = f", {self.target_words}" if self.target_text else ""
        if self.direction is None:
            return f"{self.label}: {self.value_text}{aim}."
        change = "unchanged" if self.direction == "same" else f"{self.direction} {self.change_text}"
        return f"{self.label}: {self.value_text}, {change} from {self.comparison_text} {self.comparison_label}{aim}."


def number(value: Any) -> float | None:
    """A figure that can be drawn and compared; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    if not written.finite(value) or not -LARGEST <= value <= LARGEST:
        return None
    return float(value)


def compared(
    value: Any, before: Any, style: Format | None, column: Column, *, label: str, up_is_good: bool | None = None
) -> dict[str, Any]:
    """The fields of a Figure that say what it was before."""
    return {
        "comparison": before,
        "comparison_text": written.text(before, style, column),
        "comparison_label": label,
        **_change(number(value), number(before), style, column, up_is_good),
    }


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
