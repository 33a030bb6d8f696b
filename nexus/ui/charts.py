"""Charts on screen, in Nexus's own look, light or dark as the page is: what Vega draws, pivot tables and large figures."""

from collections.abc import Mapping
from typing import Any, assert_never

import pyarrow as pa
import streamlit as st

from nexus.sources.spec import Table
from nexus.ui import crosstab, metrics
from nexus.ui.forms import sentence
from nexus.views import charts, colours
from nexus.views.appearance import Chart, Format
from nexus.views.charts import Crosstab, Plot, Sentence
from nexus.views.figure import Figure

NOTE = 26
"""Pixels that a sentence below a chart takes of its height."""

CONFIG: dict[str, Any] = {
    "padding": 2,
    "axis": {"labelFontSize": 11, "titleFontSize": 11, "titlePadding": 6, "labelPadding": 4, "labelLimit": 140},
    "legend": {
        "labelFontSize": 11,
        "columns": 3,
        "orient": "top",
        "symbolSize": 50,
        "labelLimit": 160,
        "padding": 0,
        "offset": 6,
        "columnPadding": 12,
        "labelPadding": 2,
    },
    "bar": {"cornerRadiusEnd": 2},
}
"""On top of Streamlit's theme, which brings the colours and the font of the page."""


def draw_chart(target: Any, chart: Chart, table: Table, *, formats: Mapping[str, Format], height: int, label: str) -> None:
    """Draw `chart` over `table` on `target` (`st` or a placeholder), `height` pixels high. Raises ChartImpossible."""
    match drawing := charts.draw(chart, table, formats):
        case Plot():
            said = f"{label}. {drawing.spec.get('description', '')} {drawing.note}".strip()
            if drawing.note:
                target = target.container()
                height -= NOTE
            _draw_plot(target, drawing, height=height, said=said)
            if drawing.note:
                target.caption(sentence(drawing.note))
        case Crosstab():
            target.html(crosstab.markup(drawing, label=label, height=height))
        case Figure():
            target.html(metrics.large(drawing))
        case Sentence():
            target.html(f'<p class="nexus-waiting">{metrics.words(drawing.words)}</p>')
        case _:
            assert_never(drawing)


def theme() -> colours.Theme:
    return "dark" if st.context.theme.type == "dark" else "light"


def _draw_plot(target: Any, drawing: Plot, *, height: int, said: str) -> None:
    spec = {name: part for name, part in drawing.spec.items() if name != "description"}
    spec["config"] = {**CONFIG, "style": styles(theme())}
    for part in (spec, *spec.get("layer", [])):
        color = part.get("encoding", {}).get("color")
        if isinstance(color, dict) and "legend" in color:
            # The title of the panel says what the series are; the tooltip names the column.
            part["encoding"]["color"]["legend"] = {**color["legend"], "title": None}
    target.vega_lite_chart(_pop_rows(spec), spec, height=height, width="stretch", theme="streamlit", alt=said)


def styles(of: colours.Theme) -> dict[str, Any]:
    """The look of marks that have one of their own; see nexus.views.charts."""
    weak, strong = colours.INK[of]
    page = "#ffffff" if of == "light" else "#13171c"
    return {
        "sea": {"color": colours.behind("blue", 0.2), "stroke": None},
        "land": {"color": colours.behind("grey", 0.9), "stroke": page, "strokeWidth": 0.7},
        "whisker": {"color": weak, "opacity": 0.7},
        "median": {"color": page},
        "slice": {"stroke": page, "strokeWidth": 1},
        "on-colour": {"color": strong, "fontSize": 11, "fontWeight": 600},
        "on-weak": {"color": weak, "fontSize": 11},
        "on-strong": {"color": strong, "fontSize": 11},
    }


def _pop_rows(spec: dict[str, Any]) -> Any:
    """The rows of `spec` as Arrow, taken out of it: the browser reads them faster than JSON."""
    match spec.get("data"):
        case {"values": list() as rows}:
            del spec["data"]
            fields = dict.fromkeys(name for row in rows for name in row)
            return pa.table({name: [row.get(name) for row in rows] for name in fields})
    return None
