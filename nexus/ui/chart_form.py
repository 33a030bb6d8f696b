"""Choosing a chart: its kind, then a column for each thing that the kind draws, with the chart itself beside."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import streamlit as st
from pydantic import ValidationError

from nexus.errors import NexusError
from nexus.sources.spec import Table
from nexus.ui import charts as drawn
from nexus.ui.forms import sentence
from nexus.views import charts
from nexus.views.appearance import NEEDS, Chart, ChartKind, Format, Totals

ICONS: dict[ChartKind, str] = {
    "line": "show_chart",
    "bar": "bar_chart",
    "stacked bar": "stacked_bar_chart",
    "area": "area_chart",
    "scatter": "scatter_plot",
    "pie": "pie_chart",
    "heatmap": "grid_on",
    "histogram": "equalizer",
    "box": "candlestick_chart",
    "big number": "looks_one",
    "pivot": "pivot_table_chart",
    "map": "map",
}
HEIGHT = 340
Takes = Literal["figure", "name", "axis", "any"]
"""Which columns a field offers: numbers and durations; names and moments; what has an order; all."""


@dataclass(frozen=True)
class Field:
    name: str
    label: str
    takes: Takes = "any"
    several: bool = False


_Y = Field("y", "Figures", "figure", several=True)
_COLOR = Field("color", "A colour for each", "name")
_SIZE = Field("size", "Size of the points", "figure")
FIELDS: dict[ChartKind, tuple[Field, ...]] = {
    "line": (Field("x", "Along"), _Y, Field("color", "A line for each", "name")),
    "bar": (Field("x", "A bar for each"), _Y, _COLOR),
    "stacked bar": (Field("x", "A bar for each"), _Y, Field("color", "Stacked by", "name")),
    "area": (Field("x", "Along"), _Y, _COLOR),
    "scatter": (Field("x", "Across", "axis"), Field("y", "Up", "figure", several=True), _COLOR, _SIZE),
    "pie": (Field("x", "A slice for each"), Field("y", "Figure", "figure")),
    "heatmap": (Field("x", "Across"), Field("row", "Down"), Field("y", "Figure", "figure")),
    "histogram": (Field("x", "Values of", "axis"), Field("y", "Counted by", "figure")),
    "box": (Field("x", "A box for each"), _Y),
    "big number": (Field("y", "Figure, and what it is compared with", "figure", several=True), Field("x", "The latest by", "axis")),
    "pivot": (Field("row", "Down"), Field("x", "Across"), _Y),
    "map": (
        Field("latitude", "Latitude", "figure"),
        Field("longitude", "Longitude", "figure"),
        Field("x", "Name of a point"),
        Field("color", "Colour"),
        _SIZE,
    ),
}


def draw_chart_form(
    scope: str, chart: Chart | None, table: Table, *, formats: Mapping[str, Format] | None = None, preview: bool = True
) -> dict[str, Any] | None:
    """The chart as the values of its spec, or None for no chart. It begins with `chart` or, without one, with what fits `table`.

    What is chosen may lack a column that the kind needs: validating the spec says so, and so does the preview, which stands
    beside the fields unless `preview` is off (then `draw_preview` puts it anywhere).
    """
    fitting = charts.alternatives(table)
    begins = chart or charts.propose(table)
    kinds = list(get_args(ChartKind))
    kind: ChartKind | None = st.pills(
        "Chart",
        kinds,
        default=begins.kind if begins else None,
        format_func=lambda kind: f":material/{ICONS[kind]}: {kind.capitalize()}",
        key=f"{scope}-chart-kind",
        help="Press the chosen one again for no chart.",
        width="stretch",
    )
    if kind is None:
        st.caption("No chart. Choose a kind to add one.")
        return None
    known = next((one for one in (chart, *fitting) if one and one.kind == kind), None)
    before = _fields_of(known) if known else _carried(kind, begins, table)
    if not preview:
        return _draw_fields(f"{scope}-chart-{kind}", kind, before, table)
    fields, beside = st.columns([2, 3], gap="medium")
    with fields:
        made = _draw_fields(f"{scope}-chart-{kind}", kind, before, table)
    with beside:
        draw_preview(made, table, formats or {})
    return made


def draw_preview(made: Mapping[str, Any], table: Table, formats: Mapping[str, Format], *, height: int = HEIGHT) -> None:
    """The chart as it is chosen so far, or the sentence that says what it still needs."""
    missing = [field.label for field in FIELDS[made["kind"]] if field.name in NEEDS[made["kind"]] and not made.get(field.name)]
    if missing:
        st.info(f"Choose a column for {' and '.join(f'“{label}”' for label in missing)}.")
        return
    try:
        drawn.draw_chart(st, Chart.model_validate(made), table, formats=formats, height=height, label="Preview")
    except (NexusError, ValidationError) as error:
        st.warning(sentence(error.message) if isinstance(error, NexusError) else "This chart cannot be drawn. Choose other columns.")


def _fields_of(chart: Chart) -> dict[str, Any]:
    return {name: getattr(chart, name) for name in Chart.model_fields}


def _carried(kind: ChartKind, chart: Chart | None, table: Table) -> dict[str, Any]:
    """For a kind that was not proposed: what `chart` has, and for what is needed besides the first column that fits."""
    found = {field.name: getattr(chart, field.name) for field in FIELDS[kind] if chart and field.name in NEEDS[kind]}
    for field in FIELDS[kind]:
        if field.name in NEEDS[kind] and not found.get(field.name):
            used = {name for value in found.values() for name in (value if isinstance(value, tuple) else (value,))}
            fits = next((name for name in _offered(field, table, None) if name not in used), None)
            found[field.name] = (fits,) if fits and field.name == "y" else fits
    return found


def _draw_fields(scope: str, kind: ChartKind, known: Mapping[str, Any], table: Table) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": kind}
    for field in FIELDS[kind]:
        before = known.get(field.name)
        offered = _offered(field, table, before)
        label = field.label if field.name in NEEDS[kind] else f"{field.label} (optional)"
        key = f"{scope}-{field.name}"
        if field.several:
            made[field.name] = st.multiselect(label, offered, list(before or ()), key=key, placeholder="Choose columns", select_all=False)
        else:
            first = before[0] if isinstance(before, tuple) and before else before if isinstance(before, str) else None
            chosen = st.selectbox(
                label, offered, offered.index(first) if first in offered else None, key=key, placeholder="Choose a column"
            )
            made[field.name] = ([chosen] if chosen else []) if field.name == "y" else chosen
    return made | _draw_looks(scope, kind, known)


def _draw_looks(scope: str, kind: ChartKind, known: Mapping[str, Any]) -> dict[str, Any]:
    """What is no column."""
    match kind:
        case "bar" | "stacked bar" | "box":
            return {"horizontal": st.checkbox("Lying", bool(known.get("horizontal")), key=f"{scope}-horizontal")}
        case "histogram":
            bins = st.number_input("Steps at most", 2, 200, known.get("bins"), key=f"{scope}-bins", placeholder="as the figures are spread")
            return {"bins": bins}
        case "pivot":
            totals = list(get_args(Totals))
            before = known.get("totals", "sum")
            at = totals.index(before) if before else None
            return {"totals": st.selectbox("Totals", totals, at, key=f"{scope}-totals", placeholder="none")}
        case _:
            return {}


def _offered(field: Field, table: Table, before: Any) -> list[str]:
    """Columns that the field can take, and those that it has, so that a column that is gone can be seen."""
    fits: dict[Takes, tuple[str, ...]] = {
        "figure": ("quantitative",),
        "axis": ("quantitative", "temporal"),
        "name": ("nominal", "temporal", "quantitative"),
        "any": ("nominal", "temporal", "quantitative"),
    }
    columns = [column.name for column in table.columns if column.name and charts.measure(column) in fits[field.takes]]
    if field.takes == "name":
        # Names first; a number can still tell series apart, as a year does.
        columns.sort(key=lambda name: charts.measure(table.columns[table.position(name)]) != "nominal")
    chosen = before if isinstance(before, tuple) else (before,) if before else ()
    return list(dict.fromkeys([*columns, *chosen]))
