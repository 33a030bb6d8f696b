"""A chart in a few sentences, for those who do not see it."""

from collections.abc import Mapping

from nexus.sources.spec import Table
from nexus.views import scale
from nexus.views.appearance import Chart, ChartKind, Format
from nexus.views.charts.subject import Row, Subject, listed

KINDS: dict[ChartKind, str] = {
    "line": "Line chart",
    "bar": "Bar chart",
    "stacked bar": "Stacked bar chart",
    "area": "Area chart",
    "scatter": "Scatter plot",
    "pie": "Pie chart",
    "heatmap": "Heatmap",
    "histogram": "Histogram",
    "box": "Box plot",
    "big number": "Figure",
    "pivot": "Pivot table",
    "map": "Map",
}


def describe(chart: Chart, table: Table, formats: Mapping[str, Format] | None = None) -> str:
    """What it shows, and its lowest and highest figure. Raises ChartImpossible."""
    subject = Subject(chart, table, formats or {})
    sentences = [f"{KINDS[chart.kind]} of {_of(subject)}."]
    if not table.rows:
        return f"{sentences[0]} There are no rows."
    figures = chart.y or ((chart.x,) if chart.kind == "histogram" and chart.x else ())
    for name in figures[:3]:
        at = subject.at(name)
        known = [(figure, row) for row in table.rows if (figure := scale.number(row[at])) is not None]
        if known:
            ends = (min(known, key=lambda found: found[0])[1], max(known, key=lambda found: found[0])[1])
            low, high = (subject.word(name, row[at]) + _place(subject, row) for row in ends)
            sentences.append(f"{subject.label(name)}: lowest {low}, highest {high}.")
    if table.truncated:
        sentences.append(f"Not complete: {table.truncated_because or 'more rows exist'}.")
    return " ".join(sentences)


def _of(subject: Subject) -> str:
    chart = subject.chart
    if chart.kind == "map":
        places = f"{len(subject.table.rows):,} places by {subject.label(chart.latitude)} and {subject.label(chart.longitude)}"
        marked = [f"{word} {subject.label(name)}" for word, name in (("coloured by", chart.color), ("sized by", chart.size)) if name]
        return ", ".join([places, *marked])
    if chart.kind == "histogram":
        return f"{subject.label(chart.x)}: how often its values come"
    by = [subject.label(name) for name in (chart.x, chart.row, chart.color) if name]
    figures = listed([subject.label(name) for name in chart.y])
    return f"{figures} by {listed(by)}" if by else figures


def _place(subject: Subject, row: Row) -> str:
    """Where in the chart a row stands, in brackets."""
    chart = subject.chart
    if chart.kind == "histogram":
        return ""
    names = [name for name in (chart.x, chart.row, chart.color) if name and name not in chart.y]
    words = [_moment_word(subject, name, row) for name in dict.fromkeys(names)]
    return f" ({', '.join(words)})" if words else ""


def _moment_word(subject: Subject, name: str, row: Row) -> str:
    """Midnight is left out of what is said of a moment."""
    word = subject.word(name, row[subject.at(name)])
    return word.removesuffix(" 00:00") if scale.milliseconds(row[subject.at(name)]) is not None else word
