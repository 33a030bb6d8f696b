"""The outlines of countries, to draw points upon: Natural Earth at 1:110 million, as world-atlas packs it.

Planar throughout: places are projected as on nautical charts (Mercator) here, so that screen and paper need no
projection of their own, and a cut at the edge is a straight line.
"""

import json
import math
from functools import lru_cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "countries-110m.json"
STEEPEST = 80.0
"""Degrees of latitude beyond which Mercator stretches without end."""

Place = tuple[float, float]
Ring = list[Place]
Window = tuple[float, float, float, float]
"""West, south, east, north, projected."""


def projected(longitude: float, latitude: float) -> Place:
    latitude = math.radians(max(-STEEPEST, min(STEEPEST, latitude)))
    return longitude, math.degrees(math.log(math.tan(math.pi / 4 + latitude / 2)))


def inside(window: Window) -> list[list[list[Place]]]:
    """The outlines cut to `window`: polygons of GeoJSON, one ring each."""
    west, south, east, north = window
    found = []
    for ring in _rings():
        xs, ys = [x for x, _ in ring], [y for _, y in ring]
        if min(xs) > east or max(xs) < west or min(ys) > north or max(ys) < south:
            continue
        cut = _cut(ring, window)
        if len(cut) > 2:
            rounded = [(round(x, 3), round(y, 3)) for x, y in cut]
            found.append([[*rounded, rounded[0]]])
    return found


@lru_cache(maxsize=1)
def _rings() -> list[Ring]:
    """Every outer ring, projected. Lakes are left out: at this scale there is one."""
    topology: dict[str, Any] = json.loads(FILE.read_text())
    (sx, sy), (tx, ty) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs: list[Ring] = []
    for arc in topology["arcs"]:
        x = y = 0
        places = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            places.append(projected(x * sx + tx, y * sy + ty))
        arcs.append(places)
    rings = []
    for country in topology["objects"]["countries"]["geometries"]:
        polygons = [country["arcs"]] if country["type"] == "Polygon" else country["arcs"]
        rings += [_joined(polygon[0], arcs) for polygon in polygons]
    return rings


def _joined(numbers: list[int], arcs: list[Ring]) -> Ring:
    """A ring of arcs end to end; `~n` is arc n backwards."""
    ring: Ring = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        ring += arc[1:] if ring else arc
    return ring


def _cut(ring: Ring, window: Window) -> Ring:
    """What of a ring lies in the window, after Sutherland and Hodgman: one edge after the other."""
    west, south, east, north = window
    for axis, limit, above in ((0, west, True), (0, east, False), (1, south, True), (1, north, False)):
        ring = _half(ring, axis, limit, above=above)
    return ring


def _half(ring: Ring, axis: int, limit: float, *, above: bool) -> Ring:
    kept: Ring = []
    for at, place in enumerate(ring):
        before = ring[at - 1]
        here, there = (place[axis] >= limit) == above, (before[axis] >= limit) == above
        if here != there:
            share = (limit - before[axis]) / (place[axis] - before[axis])
            crossing = [before[0] + (place[0] - before[0]) * share, before[1] + (place[1] - before[1]) * share]
            crossing[axis] = limit
            kept.append((crossing[0], crossing[1]))
        if here:
            kept.append(place)
    return kept
