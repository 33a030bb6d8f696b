"""A chart as it stands on paper: its size, its legend in lines that fit, and every name beside its bars."""

from collections.abc import Mapping
from typing import Any, Protocol

from nexus.reports import theme
from nexus.reports.layout import Layout
from nexus.views.printed import em

HIGHEST = {"portrait": 420, "landscape": 228}
"""Of a chart, in CSS pixels: on landscape, two rows of charts go below the head of a page."""
LEGEND_LINE = 14
AXIS = 40
"""About what the labels beside a chart take of its width, in CSS pixels."""
MOST_NAMES = 30
"""So many names below bars are all shown, turned where they do not fit."""


class Charted(Protocol):
    """A panel with a chart."""

    @property
    def spec(self) -> Mapping[str, Any]: ...
    @property
    def height(self) -> int: ...


def sized(panel: Charted, columns: int, layout: Layout, *, lower: float = 0) -> dict[str, Any]:
    """The spec with its size and look, on a page that a letterhead makes `lower` by so many pixels. A legend of many lines makes the chart higher, not its plot lower."""
    width = round(layout.share(columns))
    shown, lines = _with_legends(panel.spec, width)
    highest = HIGHEST[layout.orientation] - (lower / 2 if layout.orientation == "landscape" else 0)
    height = round(min(max(panel.height * 54, 150), highest) * layout.roominess) + LEGEND_LINE * max(lines - 1, 0)
    spec = {**shown, "encoding": _with_names(dict(shown.get("encoding", {})), width, height), "config": theme.VEGA}
    if "layer" in spec:
        spec["layer"] = [{**layer, "encoding": _with_names(dict(layer.get("encoding", {})), width, height)} for layer in spec["layer"]]
    if not any(part in spec for part in ("hconcat", "vconcat", "concat", "facet", "repeat")):
        spec |= {"width": width, "height": height, "autosize": {"type": "fit", "contains": "padding"}}
    return spec


def _with_legends(spec: Mapping[str, Any], width: int) -> tuple[dict[str, Any], int]:
    """The spec with its legend as it fits, be it of the whole or of one of its layers, and the lines that it takes."""
    encoding, lines = _with_legend(spec.get("encoding", {}), spec, width)
    shown = {**spec, "encoding": encoding}
    if "layer" in spec:
        layers = [(layer, *_with_legend(layer.get("encoding", {}), spec, width)) for layer in spec["layer"]]
        shown["layer"] = [{**layer, "encoding": changed} if changed else layer for layer, changed, _ in layers]
        lines = max(lines, *(taken for _, _, taken in layers))
    return shown, lines


def _with_legend(given: Mapping[str, Any], spec: Mapping[str, Any], width: int) -> tuple[dict[str, Any], int]:
    """The encoding with a legend above the chart in as many columns as fit, and its lines; Vega would run it off the paper."""
    encoding = dict(given)
    color = encoding.get("color")
    if not isinstance(color, dict) or "field" not in color or color.get("legend", {}) is None or color.get("type") == "quantitative":
        return encoding, 0
    names = {str(point[color["field"]]) for point in spec.get("data", {}).get("values", ()) if color["field"] in point}
    entry = max(map(em, names), default=1.0) * 7.6 + 22
    columns = max(1, int(width * 0.93 // entry))
    encoding["color"] = {**color, "legend": {**color.get("legend", {}), "columns": columns, "title": None}}
    return encoding, -(-len(names) // columns)


def _with_names(encoding: dict[str, Any], width: int, height: int) -> dict[str, Any]:
    """The encoding with every name beside or below the bars shown, smaller or turned as needed: Vega would leave every second one out."""
    for axis, length in (("x", width), ("y", height)):
        channel = encoding.get(axis)
        if not isinstance(channel, dict) or channel.get("type") != "nominal":
            continue
        names = [str(name) for name in channel.get("sort") or ()]
        room = (length - AXIS) / max(len(names), 1)
        look: dict[str, Any] = {}
        if axis == "y" and room >= 9:
            look = {"labelOverlap": False, "labelFontSize": 9 if room >= 11 else 8}
        elif axis == "x" and len(names) <= MOST_NAMES and max(map(em, names), default=0) * 8.5 > room and max(map(len, names)) > 4:
            look = {"labelOverlap": False, "labelAngle": -30, "labelAlign": "right"}
        elif axis == "x" and isinstance((channel.get("axis") or {}).get("labelAngle"), dict):
            # What the screen decides by the width it finds is decided here: the paper's width is known, and a plot is fitted to it once.
            level = max(map(em, names), default=0) * 8.5 <= room
            look = {"labelAngle": 0 if level else -45, "labelAlign": "center" if level else "right"}
        if look:
            encoding = {**encoding, axis: {**channel, "axis": {**(channel.get("axis") or {}), **look}}}
    return encoding
