"""What a dashboard is: panels on a 12-column grid, and the filters that they share."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from nexus.sources.spec import Identifier, Name
from nexus.views.appearance import Chart
from nexus.views.parameter import Parameter, ParameterName


class PanelBase(BaseModel, frozen=True, extra="forbid"):
    """`name` is unique on its dashboard; `width` counts grid columns of 12, `height` rows of 80 pixels."""

    name: Name
    title: str = Field("", max_length=200)
    note: str = ""
    width: int = Field(6, ge=1, le=12)
    height: int = Field(4, ge=1, le=24)


class DataPanel(PanelBase, frozen=True):
    """A panel that asks a view. `parameters` maps a parameter of the view to a filter of the dashboard where the names differ."""

    view: Name
    parameters: dict[ParameterName, ParameterName] = Field(default_factory=dict)


class TablePanel(DataPanel, frozen=True):
    kind: Literal["table"] = "table"
    columns: tuple[Identifier, ...] = Field((), description="Empty means all.")


class ChartPanel(DataPanel, frozen=True):
    kind: Literal["chart"] = "chart"
    chart: Chart | None = Field(None, description="The view's own chart without it.")


class MetricPanel(DataPanel, frozen=True):
    """One figure: `measure` of the view's last row; compared with `comparison` of the same row when named."""

    kind: Literal["metric"] = "metric"
    measure: Identifier
    comparison: Identifier | None = None
    comparison_label: str = "before"
    up_is_good: bool | None = Field(None, description="Colours the change; none leaves it grey.")
    sparkline: Identifier | None = Field(None, description="Column that is drawn over all rows of the view.")


class TextPanel(PanelBase, frozen=True):
    kind: Literal["text"] = "text"
    text: str = Field(max_length=50_000, description="Markdown, without HTML.")


class PromptPanel(PanelBase, frozen=True):
    kind: Literal["prompt"] = "prompt"
    prompt: Name


Panel = Annotated[TablePanel | ChartPanel | MetricPanel | TextPanel | PromptPanel, Field(discriminator="kind")]


class Dashboard(BaseModel, frozen=True, extra="forbid"):
    """A page of panels, in reading order: each takes the next free place of its width on the grid."""

    name: Name
    title: str = Field(min_length=1, max_length=200)
    description: str = ""
    tags: tuple[str, ...] = ()
    filters: tuple[Parameter, ...] = ()
    panels: tuple[Panel, ...] = Field((), max_length=200)

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        for what, names in (("panels", [panel.name for panel in self.panels]), ("filters", [parameter.name for parameter in self.filters])):
            if len(names) != len(set(names)):
                raise ValueError(f"two {what} have the same name")
        return self
