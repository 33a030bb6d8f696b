"""How a view is shown: each column's format, and a chart."""

from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from nexus.sources.spec import Identifier
from nexus.views.question import Operator

ChartKind = Literal["line", "bar", "stacked bar", "area", "scatter", "pie", "heatmap", "histogram", "box", "big number", "pivot", "map"]
Totals = Literal["sum", "average", "min", "max"]

NEEDS: dict[ChartKind, tuple[str, ...]] = {
    "line": ("x", "y"),
    "bar": ("x", "y"),
    "stacked bar": ("x", "y"),
    "area": ("x", "y"),
    "scatter": ("x", "y"),
    "pie": ("x", "y"),
    "heatmap": ("x", "row", "y"),
    "histogram": ("x",),
    "box": ("y",),
    "big number": ("y",),
    "pivot": ("row", "y"),
    "map": ("latitude", "longitude"),
}
"""The fields that a chart of each kind cannot do without."""


class Chart(BaseModel, frozen=True, extra="forbid"):
    """Which columns of the result are drawn, and as what.

    `x` is the axis along, of a pie its slices, of a pivot table what stands across; `row` is what stands down in a heatmap
    or pivot table; `y` are the figures; `color` tells series apart; `size` scales points of a scatter plot or map.
    """

    kind: ChartKind
    x: Identifier | None = None
    y: tuple[Identifier, ...] = ()
    row: Identifier | None = None
    color: Identifier | None = None
    size: Identifier | None = None
    latitude: Identifier | None = None
    longitude: Identifier | None = None
    horizontal: bool = False
    bins: int | None = Field(None, ge=2, le=200, description="Of a histogram.")
    totals: Totals | None = Field(None, description="How a pivot table sums up its rows and columns; none for no totals.")

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Self:
        for name in NEEDS[self.kind]:
            if not getattr(self, name):
                raise ValueError(f"a {self.kind} chart needs `{name}`")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of the result that it draws, each once."""
        named = (self.x, *self.y, self.row, self.color, self.size, self.latitude, self.longitude)
        return tuple(dict.fromkeys(name for name in named if name))


ColumnStyle = Literal[
    "plain", "number", "percent", "currency", "date", "datetime", "duration", "link", "boolean", "progress", "weekday", "month"
]
"""`weekday` and `month` name the numbers 1 to 7 (from Monday) and 1 to 12."""

Tone = Literal["red", "amber", "green", "blue", "grey"]


class Highlight(BaseModel, frozen=True, extra="forbid"):
    """Colours a cell, or its whole row, where the column's value compares so; the first that holds wins."""

    operator: Operator
    value: Any = None
    tone: Tone
    whole_row: bool = False


class Format(BaseModel, frozen=True, extra="forbid"):
    """How a column is shown. `percent` takes a share: 0.12 is shown as 12 %. `progress` takes a share too, or a part of `maximum`."""

    label: str = Field("", max_length=200)
    style: ColumnStyle = "plain"
    decimals: int | None = Field(None, ge=0, le=12)
    unit: str = Field("", max_length=20, description="Of a currency its sign or code.")
    maximum: float | None = Field(None, gt=0, allow_inf_nan=False, description="What counts as full in `progress`.")
    hidden: bool = False
    total: Literal["none", "sum", "mean"] | None = Field(
        None, description="What stands below the column in print, where totals are wished; by default by what the column is."
    )
    highlights: tuple[Highlight, ...] = Field((), max_length=20)
    shade: Tone | None = Field(None, description="Colours cells the stronger, the higher the value stands in its column.")
