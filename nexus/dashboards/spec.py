"""What a dashboard is: panels on a 12-column grid, and the filters that they share."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator

from nexus.sources.spec import Identifier, Name
from nexus.views.appearance import Chart, Tone
from nexus.views.parameter import Parameter, ParameterName
from nexus.views.printed import Printed


class PanelBase(BaseModel, frozen=True, extra="forbid"):
    """`name` is unique on its dashboard; `width` counts grid columns of 12, `height` rows of 80 pixels."""

    name: Name
    title: str = Field("", max_length=200)
    note: str = ""
    width: int = Field(6, ge=1, le=12)
    height: int = Field(4, ge=1, le=24)
    tab: Name | None = Field(None, description="The tab that the panel stands on; none means every one, before what is its own.")


class Drill(BaseModel, frozen=True, extra="forbid"):
    """Where a click leads: another dashboard, or a view. Filters of the same names go along.

    `values` says what is filled in there: a filter of the dashboard, or a parameter or column of the view → column of the clicked row.
    """

    dashboard: Name | None = None
    view: Name | None = None
    values: dict[Identifier, Identifier] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if (self.dashboard is None) == (self.view is None):
            raise ValueError("name either a dashboard or a view to open")
        return self


Click = Literal["filter", "rows", "nothing"]


class DataPanel(PanelBase, frozen=True):
    """A panel that asks a view. `parameters` maps a parameter of the view to a filter of the dashboard where the names differ.

    `filtered` narrows the rows of the view: column of its result → filter that it is compared with.
    """

    view: Name
    parameters: dict[ParameterName, ParameterName] = Field(default_factory=dict)
    filtered: dict[Identifier, ParameterName] = Field(default_factory=dict)
    click: Click = Field("filter", description="What a click on a mark does: filter the other panels, show the rows behind, or nothing.")
    drill: Drill | None = Field(None, description="What a click opens instead.")


Earlier = Literal["previous period", "previous year"]
"""With what a panel is compared: its view, asked for the days before those of its date ranges, or for the same days a year before."""

Figured = Annotated[float, Field(allow_inf_nan=False)]


class Threshold(BaseModel, frozen=True, extra="forbid"):
    """From `at` upwards a figure has this colour, up to the next threshold."""

    at: Figured
    tone: Tone


class TablePanel(DataPanel, frozen=True):
    kind: Literal["table"] = "table"
    columns: tuple[Identifier, ...] = Field((), description="Empty means all.")


class ChartPanel(DataPanel, frozen=True):
    kind: Literal["chart"] = "chart"
    chart: Chart | None = Field(None, description="The view's own chart without it.")
    compare_with: Earlier | None = Field(None, description="Drawn pale behind a chart along time.")
    target: Figured | None = Field(None, description="A line across the chart.")
    target_label: str = Field("Target", max_length=60)


class MetricPanel(DataPanel, frozen=True):
    """One figure: `measure` of the view's last row.

    It is compared with `comparison` of the same row, or with itself in an earlier period. `target` is reached from it
    upwards, or downwards where `up_is_good` is false.
    """

    kind: Literal["metric"] = "metric"
    measure: Identifier
    comparison: Identifier | None = None
    comparison_label: str = "before"
    up_is_good: bool | None = Field(None, description="Colours the change; none leaves it grey.")
    sparkline: Identifier | None = Field(None, description="Column that is drawn over all rows of the view.")
    compare_with: Earlier | None = None
    target: Figured | None = None
    target_label: str = Field("target", max_length=60)
    thresholds: tuple[Threshold, ...] = Field((), max_length=10)

    @model_validator(mode="after")
    def _compares_once(self) -> Self:
        if self.comparison and self.compare_with:
            raise ValueError("give either `comparison` or `compare_with`")
        marks = [threshold.at for threshold in self.thresholds]
        if len(marks) != len(set(marks)):
            raise ValueError("two thresholds begin at the same figure")
        return self


class TextPanel(PanelBase, frozen=True):
    kind: Literal["text"] = "text"
    text: str = Field(max_length=50_000, description="Markdown, without HTML.")


class PromptPanel(PanelBase, frozen=True):
    """A prompt to ask, or, as a table or a chart, the fields of what it answered last."""

    kind: Literal["prompt"] = "prompt"
    prompt: Name
    shows: Literal["answer", "table", "chart"] = "answer"
    chart: Chart | None = Field(None, description="Of the fields of a structured answer.")

    @model_validator(mode="after")
    def _draws_what_it_shows(self) -> Self:
        if (self.shows == "chart") != (self.chart is not None):
            raise ValueError("give a chart to a panel that shows one, and to no other")
        return self


class SectionPanel(PanelBase, frozen=True):
    """A heading over the panels that follow it; `note` is the line below."""

    kind: Literal["section"] = "section"
    width: int = Field(12, ge=1, le=12)
    height: int = Field(1, ge=1, le=24)


class DividerPanel(PanelBase, frozen=True):
    """A line, or with a narrower width an empty place, between panels."""

    kind: Literal["divider"] = "divider"
    width: int = Field(12, ge=1, le=12)
    height: int = Field(1, ge=1, le=24)


Panel = Annotated[
    TablePanel | ChartPanel | MetricPanel | TextPanel | PromptPanel | SectionPanel | DividerPanel, Field(discriminator="kind")
]


class Tab(BaseModel, frozen=True, extra="forbid"):
    """A page of a dashboard's panels. Only those of the open one are asked; on paper each is a section."""

    name: Name
    title: str = Field(min_length=1, max_length=100)


class Dashboard(BaseModel, frozen=True, extra="forbid"):
    """A page of panels, in reading order: each takes the next free place of its width on the grid."""

    name: Name
    title: str = Field(min_length=1, max_length=200)
    description: str = ""
    tags: tuple[str, ...] = ()
    filters: tuple[Parameter, ...] = ()
    apply: Literal["live", "button"] = Field("live", description="Whether a change of a filter holds at once, or with a button for all.")
    tabs: tuple[Tab, ...] = Field((), max_length=20)
    panels: tuple[Panel, ...] = Field((), max_length=200)
    refresh_seconds: int | None = Field(None, ge=10, le=86_400, description="How often an open page asks again, while somebody can see it.")
    print: Printed = Printed()

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        for what, things in (("panels", self.panels), ("filters", self.filters), ("tabs", self.tabs)):
            names = [thing.name for thing in things]
            if twice := next((name for at, name in enumerate(names) if name in names[:at]), None):
                raise ValueError(f"two {what} have the same name, `{twice}`")
        return self

    def tab(self, name: str | None) -> str | None:
        """The tab that is open when `name` is asked for: the first where there is none of that name, none without tabs."""
        names = [tab.name for tab in self.tabs]
        return name if name in names else names[0] if names else None

    def on(self, tab: str | None) -> tuple[Panel, ...]:
        """The panels that one sees on `tab`, in reading order: those of every tab, then its own. All of them without tabs."""
        if not self.tabs:
            return self.panels
        return (*self.of(None), *self.of(tab))

    def of(self, tab: str | None) -> tuple[Panel, ...]:
        """The panels of `tab` alone. None means those of every tab, and of a tab that is gone."""
        known = {each.name for each in self.tabs}
        return tuple(panel for panel in self.panels if (panel.tab if panel.tab in known else None) == tab)

    def pages(self) -> tuple[tuple[Tab | None, tuple[Panel, ...]], ...]:
        """All panels in reading order: those of every tab, then each tab with its own."""
        return ((None, self.of(None)), *((tab, self.of(tab.name)) for tab in self.tabs))
