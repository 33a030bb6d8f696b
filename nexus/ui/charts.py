"""Charts on screen: the spec of a view's chart in Nexus's own look, light or dark as the page is."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from nexus.sources.spec import Table
from nexus.views import chart as charts
from nexus.views.appearance import Chart, Format

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
    """Draw `chart` over `table` on `target` (`st` or a placeholder), `height` pixels high."""
    spec = charts.vega_lite(chart, table, formats)
    spec["config"] = {**spec.get("config", {}), **CONFIG}
    if "color" in spec["encoding"]:
        # The title of the panel says what the series are; the tooltip names the column.
        spec["encoding"]["color"]["legend"] = {**spec["encoding"]["color"].get("legend", {}), "title": None}
    said = spec.pop("description", "")
    target.vega_lite_chart(_pop_rows(spec), spec, height=height, width="stretch", theme="streamlit", alt=f"{label}. {said}".strip())


def _pop_rows(spec: dict[str, Any]) -> Any:
    """The rows of `spec` as Arrow, taken out of it: the browser reads them faster than JSON."""
    match spec.get("data"):
        case {"values": list() as rows}:
            del spec["data"]
            return pa.Table.from_pylist(rows)
    return None
