"""Charts on screen, in Nexus's own look, light or dark as the page is: what Vega draws, pivot tables and large figures."""

import html
from collections.abc import Iterator, Mapping
from typing import Any, assert_never

import pyarrow as pa
import streamlit as st

from nexus.sources.spec import Table
from nexus.ui import cells, metrics
from nexus.ui.clicks import Clicks, listen, of_pivot
from nexus.views import charts, colours
from nexus.views.appearance import Chart, Format
from nexus.views.charts import NOTHING, Beside, Crosstab, Plot, Sentence
from nexus.views.figure import Figure

WIDTH = 960
"""Pixels that a chart is taken to have where nobody says."""
LINE = 17
SYMBOL, CHARACTER, ROW = 26, 6.2, 17
"""Of a legend: pixels beside a name, of a letter on average, and of a line."""
NARROW = 500
SMALL = 140
"""Pixels of height below which a legend would leave nothing of the chart."""
LARGER = 1.35
"""On a wall screen."""

CONFIG: dict[str, Any] = {
    "padding": 2,
    "axis": {"labelFontSize": 11, "titleFontSize": 11, "titlePadding": 6, "labelPadding": 4, "labelLimit": 140},
    "legend": {
        "labelFontSize": 11,
        "orient": "top",
        "symbolSize": 50,
        "labelLimit": 170,
        "padding": 0,
        "offset": 6,
        "rowPadding": 1,
        "columnPadding": 12,
        "labelPadding": 2,
    },
    "bar": {"cornerRadiusEnd": 2},
}
"""On top of Streamlit's theme, which brings the colours and the font of the page."""


def draw_chart(
    target: Any,
    chart: Chart,
    table: Table,
    *,
    formats: Mapping[str, Format],
    height: int,
    label: str,
    width: int = WIDTH,
    beside: Beside = NOTHING,
    clicks: Clicks | None = None,
    large: bool = False,
) -> None:
    """Draw `chart` over `table` on `target` (`st` or a placeholder), `height` pixels high. Raises ChartImpossible.

    `width` is about what it will have; the browser stretches it to what there is. With `clicks` its marks can be clicked.
    """
    match drawing := charts.draw(chart, table, formats, beside):
        case Plot():
            said = f"{label}. {drawing.spec.get('description', '')} {drawing.note}".strip()
            if drawing.note:
                target = target.container(gap="xxsmall")
                height -= LINE * -(-round(len(drawing.note) * CHARACTER) // width) + 6
            heard = listen(drawing.spec, chart, table, formats, clicks) if clicks else {}
            _draw_plot(target, drawing, width=width, height=height, said=said, heard=heard, larger=LARGER if large else 1)
            if drawing.note:
                target.html(f'<p class="nexus-left-out" title="{html.escape(drawing.note)}">{html.escape(drawing.note)}</p>')
        case Crosstab():
            picked = of_pivot(drawing, chart, table, formats, clicks) if clicks else None
            cells.draw(target, cells.crosstab(drawing, label=label, height=height), picked)
        case Figure():
            target.html(metrics.large(drawing))
        case Sentence():
            target.html(f'<p class="nexus-waiting">{metrics.words(drawing.words)}</p>')
        case _:
            assert_never(drawing)


def beside_in_words(chart: Chart | None, table: Table, formats: Mapping[str, Format], beside: Beside) -> str:
    """What stands beside the figures of a chart, for its table; empty where there is nothing."""
    return charts.describe_beside(chart, table, formats, beside) if chart and table.rows else ""


def theme() -> colours.Theme:
    return "dark" if st.context.theme.type == "dark" else "light"


def _larger(config: Any, by: float) -> Any:
    """The same look with its type so much larger."""
    if not isinstance(config, dict):
        return config
    return {
        name: round(part * by, 1) if name.endswith("ontSize") and isinstance(part, int | float) else _larger(part, by)
        for name, part in config.items()
    }


def _draw_plot(target: Any, drawing: Plot, *, width: int, height: int, said: str, heard: Mapping[str, Any], larger: float) -> None:
    spec = {name: part for name, part in drawing.spec.items() if name != "description"}
    spec["config"] = _larger({**CONFIG, "style": _styles_of(spec)}, larger)
    for part in (spec, *spec.get("layer", [])):
        color = part.get("encoding", {}).get("color")
        if isinstance(color, dict) and "legend" in color:
            # The title of the panel says what the series are; the tooltip names the column.
            look = {"padding": 8} if color["type"] == "quantitative" else _legend(color["sort"], width=width, height=height)
            part["encoding"]["color"]["legend"] = None if height < SMALL else {**color["legend"], **look, "title": None}
    target.vega_lite_chart(_pop_rows(spec), spec, height=height, width="stretch", theme="streamlit", alt=said, **heard)


def _styles_of(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Those that `spec` names: the browser reads and merges all that it is given, for every chart."""
    named = set(_named(spec))
    return {name: look for name, look in styles(theme()).items() if name in named}


def _named(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        if isinstance(part.get("style"), str):
            yield part["style"]
        for name, inner in part.items():
            if name != "data":
                yield from _named(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _named(inner)


def _legend(names: list[str], *, width: int, height: int) -> dict[str, Any]:
    """As many columns as fit the width that the chart turns out to have, and not more lines than leave it the most of its height."""
    longest = 110 if width < NARROW else 170
    entry = min(max(map(len, names), default=1) * CHARACTER, longest) + SYMBOL
    columns = f"max(1, floor((width + 40) / {entry:.0f}))"
    lines = max(2, int(height * 0.3 / ROW))
    return {
        "labelLimit": longest,
        "symbolSize": 50,
        "columns": {"expr": columns},
        "symbolLimit": {"expr": f"{columns} * {lines}"},
    }


def styles(of: colours.Theme) -> dict[str, Any]:
    """The look of marks that have one of their own; see nexus.views.charts."""
    weak, strong = colours.INK[of]
    page, faint = ("#ffffff", "#5b6675") if of == "light" else ("#13171c", "#a9b4c0")
    return {
        "sea": {"color": colours.behind("blue", 0.2), "stroke": None},
        "land": {"color": colours.behind("grey", 0.9), "stroke": page, "strokeWidth": 0.7},
        "dot": {"stroke": weak, "strokeOpacity": 0.45, "strokeWidth": 0.6},
        "whisker": {"color": weak, "opacity": 0.7},
        "median": {"color": page},
        "slice": {"stroke": page, "strokeWidth": 1},
        "on-colour": {"color": strong, "fontSize": 11, "fontWeight": 600},
        "on-weak": {"color": weak, "fontSize": 11},
        "on-strong": {"color": strong, "fontSize": 11},
        "target": {"color": weak, "strokeDash": [6, 3], "strokeWidth": 1.25},
        "earlier": {"color": faint, "strokeDash": [4, 3], "strokeWidth": 1.5, "opacity": 0.6},
        "earlier-mark": {"color": faint, "opacity": 0.85, "thickness": 2},
        "note": {"color": faint, "strokeDash": [2, 2], "strokeWidth": 1.25},
        "note-band": {"color": faint, "opacity": 0.16},
        "note-rim": {"color": page, "stroke": page, "strokeWidth": 3, "strokeJoin": "round", "fontSize": 11},
        "note-label": {"color": weak, "fontSize": 11},
    }


def _pop_rows(spec: dict[str, Any]) -> Any:
    """The rows of `spec` as Arrow, taken out of it: the browser reads them faster than JSON."""
    match spec.get("data"):
        case {"values": list() as rows}:
            del spec["data"]
            fields = dict.fromkeys(name for row in rows for name in row)
            return pa.table({name: _array([row.get(name) for row in rows]) for name in fields})
    return None


def _array(values: list[Any]) -> pa.Array:
    """Integers as floats, exact up to 2^53: the browser would make them BigInts, with which Vega cannot reckon."""
    made = pa.array(values)
    return made.cast(pa.float64()) if pa.types.is_integer(made.type) else made
