"""A chart as what screen and paper draw alike: a Vega-Lite spec, a table of totals, one large figure, or a sentence.

Colours, fonts and sizes belong to the caller's `config`; here is only what the data says. Fields of the data are
called `x`, `y`, `c` and the like, so that no name of a column can mean something to Vega. Marks that need a look of
their own name a `style`: `land`, `sea`, `whisker`, `median`, `slice`, `on-colour`, `on-weak`, `on-strong`.
"""

from collections.abc import Mapping
from typing import Any, assert_never

from nexus.sources.spec import Table
from nexus.views import scale
from nexus.views.appearance import Chart, Format
from nexus.views.charts import beside as besides
from nexus.views.charts import big_number, box, cartesian, heatmap, histogram, map, pie, pivot
from nexus.views.charts.beside import NOTHING, Beside, Earlier, Note
from nexus.views.charts.describe import describe
from nexus.views.charts.drawing import SCHEMA, Cell, Crosstab, Drawing, Plot, Sentence
from nexus.views.charts.propose import alternatives, propose
from nexus.views.charts.subject import ChartImpossible, Measure, Subject, measure

__all__ = [
    "NOTHING",
    "Beside",
    "Cell",
    "ChartImpossible",
    "Crosstab",
    "Drawing",
    "Earlier",
    "Measure",
    "Note",
    "Plot",
    "Sentence",
    "alternatives",
    "describe",
    "describe_beside",
    "draw",
    "measure",
    "propose",
    "vega_lite",
]

NO_ROWS = "No rows. Widen the filters, or clear them."


def draw(chart: Chart, table: Table, formats: Mapping[str, Format], beside: Beside = NOTHING) -> Drawing:
    """What the chart becomes over `table`, with what stands `beside` its figures. Raises ChartImpossible when a column is not there."""
    subject = Subject(chart, table, formats)
    if chart.kind == "big number":
        return big_number.big_number(subject)
    if not table.rows:
        return Sentence(words=NO_ROWS)
    if missing := _without_figures(subject):
        return Sentence(words=f"{missing} holds no figures in these rows. Widen the filters, or choose another column.")
    if chart.kind == "pivot":
        return pivot.pivot(subject)
    return _plot(subject, beside)


def describe_beside(chart: Chart, table: Table, formats: Mapping[str, Format], beside: Beside) -> str:
    """A target and notes in words. Raises ChartImpossible."""
    return besides.describe(Subject(chart, table, formats), beside)


def vega_lite(chart: Chart, table: Table, formats: Mapping[str, Format]) -> dict[str, Any]:
    """The spec of a chart that Vega draws. Raises ChartImpossible for one that it does not, with the sentence that says why."""
    match drawing := draw(chart, table, formats):
        case Plot():
            return drawing.spec
        case Sentence():
            raise ChartImpossible(drawing.words)
        case _:
            raise ChartImpossible(f"A {chart.kind} is not drawn by Vega.")


def _plot(subject: Subject, beside: Beside) -> Plot | Sentence:
    drawing: Plot | Sentence
    match subject.chart.kind:
        case "line" | "bar" | "stacked bar" | "area" | "scatter":
            drawing = cartesian.plot(subject)
        case "pie":
            drawing = pie.pie(subject)
        case "heatmap":
            drawing = heatmap.heatmap(subject)
        case "histogram":
            drawing = histogram.histogram(subject)
        case "box":
            drawing = box.box(subject)
        case "map":
            drawing = map.map_of_points(subject)
        case "big number" | "pivot":
            raise AssertionError("drawn without Vega")
        case _:
            assert_never(subject.chart.kind)
    if isinstance(drawing, Plot):
        drawing = besides.add(subject, drawing, beside)
        said = f"{describe(subject.chart, subject.table, subject.formats)} {besides.describe(subject, beside)}".strip()
        drawing.spec.update({"$schema": SCHEMA, "description": said})
    return drawing


def _without_figures(subject: Subject) -> str:
    """The label of the one thing that should be drawn and has not a single figure; empty when something can be drawn."""
    chart = subject.chart
    names = chart.y
    if chart.kind == "histogram" and chart.x and not _is_time(subject, chart.x):
        names = (chart.x,)
    if not names or chart.kind == "map":
        return ""
    if any(value is not None for name in names for value in subject.figures(name)):
        return ""
    return subject.label(names[0])


def _is_time(subject: Subject, name: str) -> bool:
    return any(scale.milliseconds(value) is not None for value in subject.table.values(name))
