"""Marks and cells that can be clicked: what a chart's spec needs for it, and what a click means, as columns and values."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from nexus.dashboards.picks import Point, point_of
from nexus.sources.spec import Table
from nexus.ui.cells import Picked
from nexus.views import charts
from nexus.views.appearance import Chart, Format
from nexus.views.charts import Crosstab, Plot, marks
from nexus.views.charts.subject import Subject

PICK = "pick"
"""The selection of a chart."""
FAINT = 0.3
"""How strong marks are that are not chosen, where some are."""
BESIDE = frozenset({"target", "earlier", "earlier-mark", "note", "note-band", "note-label", "sea", "land", "whisker", "median"})
FILLED, DRAWN = frozenset({"bar", "rect", "arc", "point", "circle"}), frozenset({"line", "area"})


@dataclass(frozen=True)
class Clicks:
    """`key` is the widget's; `chosen` are the points that hold already, `more` columns that are told of a row beside those of its mark."""

    key: str
    act: Callable[[tuple[Point, ...]], None]
    chosen: tuple[Point, ...] = ()
    more: tuple[str, ...] = ()


def listen(spec: dict[str, Any], chart: Chart, table: Table, formats: Mapping[str, Format], clicks: Clicks) -> dict[str, Any]:
    """Make the marks of `spec` clickable, and say what `st.vega_lite_chart` needs for it. Nothing where a mark stands for no row."""
    points = spec.get("data", {}).get("values", [])
    if not marks.mark(Subject(chart, table, formats), points, more=clicks.more, point_of=point_of) or not _prepare(spec, clicks.chosen):
        return {}

    def act() -> None:
        clicks.act(_of_chart(st.session_state.get(clicks.key)))

    return {"key": clicks.key, "on_select": act, "selection_mode": [PICK]}


def of_pivot(drawing: Crosstab, chart: Chart, table: Table, formats: Mapping[str, Format], clicks: Clicks) -> Picked:
    """A pivot table's cells, heads and totals."""
    held = marks.cells(Subject(chart, table, formats), drawing, more=clicks.more, point_of=point_of)

    def act(places: list[tuple[int, int]]) -> None:
        points = [held.point(row, column) for row, column in places]
        clicks.act(tuple(point for at, point in enumerate(points) if point and point not in points[:at]))

    return Picked(clicks.key, act, held.places(clicks.chosen) if clicks.chosen else (), heads=True)


def bars(chart: Chart, table: Table, formats: Mapping[str, Format]) -> dict[str, Point]:
    """What the bars of a histogram stand for, by what they are called: for those who do not click."""
    drawing = charts.draw(chart, table, formats)
    points = drawing.spec["data"]["values"] if isinstance(drawing, Plot) else []
    marks.mark(Subject(chart, table, formats), points, more=(), point_of=point_of)
    return {point["xt"]: json.loads(point[marks.KEY]) for point in points if point["y"] and marks.KEY in point}


def _of_chart(state: Any) -> tuple[Point, ...]:
    """The points of the marks that are chosen; they come from a browser, and are read as an address is."""
    found = []
    for one in (state or {}).get("selection", {}).get(PICK) or []:
        text = one.get(marks.KEY) if isinstance(one, Mapping) else None
        try:
            point = json.loads(text) if isinstance(text, str) else None
        except ValueError:
            point = None
        if isinstance(point, dict) and point and point not in found:
            found.append(point)
    return tuple(found)


def _prepare(spec: dict[str, Any], chosen: Sequence[Point]) -> bool:
    """Put the selection where the marks are: on bars and dots themselves, on lines through dots that lie over them."""
    # A layer with data of its own stands for no row.
    parts = [part for part in spec["layer"] if "data" not in part] if "layer" in spec else [spec]
    found = [part for part in parts if _kind(part) in DRAWN | (FILLED - {"point", "circle"})] or [
        part for part in parts if _kind(part) in FILLED
    ]
    if not found:
        return False
    part = found[-1]
    if _kind(part) in FILLED:
        strong = part["mark"].get("opacity", 1)
        part["mark"] = {**part["mark"], "cursor": "pointer"}
        part["encoding"] = {**part.get("encoding", {}), "opacity": _opacity(strong, strong * FAINT)}
        part["params"] = [*part.get("params", []), _selection(chosen, nearest=False)]
        return True
    dots: dict[str, Any] = {
        "mark": {"type": "point", "filled": True, "size": 110, "cursor": "pointer"},
        "encoding": {**part.get("encoding", {}), "opacity": _opacity(1, 0, empty=False)},
        "params": [_selection(chosen, nearest=True)],
    }
    if "layer" in spec:
        spec["layer"] = [*spec["layer"], dots]
    else:
        line = {name: spec.pop(name) for name in ("mark", "params") if name in spec}
        dots["encoding"] = {"opacity": dots["encoding"]["opacity"]}
        spec["layer"] = [line, dots]
    return True


def _kind(part: Mapping[str, Any]) -> str:
    mark = part.get("mark")
    if not isinstance(mark, Mapping) or mark.get("style") in BESIDE:
        return ""
    return str(mark.get("type"))


def _selection(chosen: Sequence[Point], *, nearest: bool) -> dict[str, Any]:
    held = [{marks.KEY: json.dumps(point, ensure_ascii=False, separators=(",", ":"))} for point in chosen]
    select = {"type": "point", "fields": [marks.KEY]} | ({"nearest": True} if nearest else {})
    return {"name": PICK, "select": select} | ({"value": held} if held else {})


def _opacity(strong: float, weak: float, *, empty: bool = True) -> dict[str, Any]:
    return {"condition": {"param": PICK, "empty": empty, "value": strong}, "value": weak}
