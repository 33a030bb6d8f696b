"""A chart as it stands on paper: its size, its legend in lines that fit, and every name beside its bars."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from nexus.reports import theme
from nexus.reports.layout import Layout
from nexus.views.printed import em

HIGHEST = {"portrait": 420, "landscape": 228}
"""Of a chart, in CSS pixels: on landscape, two rows of charts go below the head of a page."""
LEGEND_LINE = 14
HEADED = 120
"""What the title of the panel, its notes and its origin take of a page that one chart fills."""
AXIS = 40
"""About what the labels beside a chart take of its width, in CSS pixels."""
MOST_NAMES = 30
"""So many names below bars are all shown, turned where they do not fit."""
CHARACTER = 8.5
"""CSS pixels of one em of a label, with a little air."""
LABEL_LIMIT = 180
"""Of a label beside or below bars, in CSS pixels, as the chart has it."""
TITLE = 24
"""What the title of an axis, and the gap to its labels, take."""
MOST_LINES = 3
LINE = 10
"""Pixels between two turned labels."""
TURNED = (30, 60, 90)
NAME = 11
"""Pixels that a name beside bars wants."""


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
    names = len(_names(panel.spec.get("encoding", {}).get("y")))
    highest = max(highest, min(names * NAME + AXIS, layout.height - lower - HEADED) / layout.roominess)
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
    """The encoding with every name beside or below the bars shown, in lines, smaller or turned as needed: Vega would leave every second one out."""
    beside = _names(encoding.get("y"))
    margin = min(max(map(em, beside)) * CHARACTER, LABEL_LIMIT) + TITLE if beside else AXIS
    for axis in ("x", "y"):
        names = _names(encoding.get(axis))
        look: dict[str, Any] = {}
        if axis == "y" and names and (room := (height - AXIS) / len(names)) >= 9:
            look = {"labelOverlap": False, "labelFontSize": 9 if room >= 11 else 8}
        elif axis == "x" and names and (len(names) <= MOST_NAMES or _is_turned(encoding["x"])):
            look = _below(names, (width - margin) / len(names), margin)
        if look:
            encoding = {**encoding, axis: {**encoding[axis], "axis": {**(encoding[axis].get("axis") or {}), **look}}}
    return encoding


def _names(channel: Any) -> list[str]:
    """What stands along an axis of names; nothing for one of figures or days."""
    return [str(name) for name in channel.get("sort") or ()] if isinstance(channel, dict) and channel.get("type") == "nominal" else []


def _is_turned(channel: Mapping[str, Any]) -> bool:
    """What the screen decides by the width it finds is decided here: the paper's width is known, and a plot is fitted to it once."""
    return isinstance((channel.get("axis") or {}).get("labelAngle"), dict)


def _below(names: Sequence[str], room: float, left: float) -> dict[str, Any]:
    """Names below bars that have `room` each: level, in lines, or as little turned as keeps them apart and on the paper.

    `left` is the room before the first bar.
    """
    widths = [em(name) * CHARACTER for name in names]
    level = {"labelAngle": 0, "labelAlign": "center", "labelBaseline": "top"}
    if max(widths) <= room:
        return level
    if len(names) > MOST_NAMES:
        return {"labelAngle": -45, "labelAlign": "right", "labelBaseline": "top"}
    lines = [_lines(name, room) for name in names]
    if all(len(each) <= MOST_LINES for each in lines):
        said = f"{json.dumps(lines)}[indexof({json.dumps(list(names))}, datum.label)]"
        return level | {"labelOverlap": False, "labelLimit": 0, "labelExpr": said}
    for angle in TURNED:
        across, apart = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        shown = [min(width, LABEL_LIMIT) * across for width in widths]
        if room * apart >= LINE and all(length <= left + room * (at + 0.5) for at, length in enumerate(shown)):
            break
    few = {"labelOverlap": False} if room * apart >= LINE else {}
    return {"labelAngle": -angle, "labelAlign": "right", "labelBaseline": "middle" if angle == TURNED[-1] else "top"} | few


def _lines(name: str, room: float) -> list[str]:
    """The words of a name in lines of `room` pixels; more than `MOST_LINES` where a word does not fit."""
    lines: list[str] = []
    for word in name.split():
        if em(word) * CHARACTER > room:
            return [""] * (MOST_LINES + 1)
        if lines and em(f"{lines[-1]} {word}") * CHARACTER <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
