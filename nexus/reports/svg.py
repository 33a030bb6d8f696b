"""Drawings as they come from Vega, made fit to stand inside a document.

Ids get a prefix, or the clip paths of two charts on one page would be each other's. Only shapes, text
and references inside the drawing are let through, though nothing else is expected from there.
"""

import re
from xml.etree import ElementTree

from markupsafe import Markup

from nexus.errors import NexusError

NAMESPACE = "http://www.w3.org/2000/svg"
_elements = "svg g path rect line circle ellipse polyline polygon text tspan title desc defs clipPath linearGradient radialGradient stop"
_attributes = """
id class d x y x1 x2 y1 y2 dx dy cx cy r rx ry fx fy width height viewBox points transform offset gradientUnits spreadMethod
fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin
stroke-miterlimit opacity clip-path clip-rule stop-color stop-opacity text-anchor dominant-baseline font-family font-size
font-style font-weight font-variant
"""
ELEMENTS = frozenset(_elements.split())
ATTRIBUTES = frozenset(_attributes.split())
MOST_BYTES = 8 * 1024 * 1024
_LETTER = 0.55
"""How wide a letter of Inter is, of its size; what is written in squares takes all of it."""
_reference = re.compile(r"url\(\s*['\"]?#([A-Za-z0-9_-]+)['\"]?\s*\)")

ElementTree.register_namespace("", NAMESPACE)


class ChartTooBig(NexusError):
    message = "This chart has too many points to print. Group or filter its view."
    status = 413


def clean(drawing: str, *, prefix: str, alternative: str) -> Markup:
    """The drawing as inline SVG that scales to its place, described by `alternative`.

    Raises ChartTooBig, and ValueError when it is not an SVG without a document type.
    """
    if len(drawing) > MOST_BYTES:
        raise ChartTooBig()
    if "<!" in drawing:
        raise ValueError("a drawing has no document type, comments or CDATA")
    try:
        root = ElementTree.fromstring(drawing)  # noqa: S314 - no document type, so no entities
    except ElementTree.ParseError:
        raise ValueError("not an SVG") from None
    if root.tag != f"{{{NAMESPACE}}}svg":
        raise ValueError("not an SVG")
    _prune(root, prefix)
    width, height = root.attrib.get("width", ""), root.attrib.get("height", "")
    root.attrib.setdefault("viewBox", f"0 0 {width} {height}")
    root.set("role", "img")
    root.set("aria-label", alternative)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 - pruned to a list of known elements


def _prune(element: ElementTree.Element, prefix: str) -> None:
    for name in list(element.attrib):
        value = element.attrib[name]
        if name not in ATTRIBUTES or ("url(" in value.lower() and not _reference.fullmatch(value.strip())):
            del element.attrib[name]
        elif name == "id":
            element.set(name, prefix + value)
        elif "url(" in value:
            element.set(name, _reference.sub(rf"url(#{prefix}\1)", value.strip()))
    for child in list(element):
        if child.tag.removeprefix(f"{{{NAMESPACE}}}") not in ELEMENTS:
            element.remove(child)
        else:
            _prune(child, prefix)
            if child.tag == f"{{{NAMESPACE}}}text" and child.get("stroke", "none") != "none":
                _as_ground(child)


def _as_ground(rim: ElementTree.Element) -> None:
    """Make the rim of a text, which is the text once more as an outline, a strip of its colour behind it.

    A PDF holds the letters of an outline too, over those of the text: neither could be found or copied.
    """
    words, size = "".join(rim.itertext()), float(rim.get("font-size", "10").removesuffix("px"))
    width = size * sum(1 if ord(letter) > 0x2E80 else _LETTER for letter in words)
    before = {"end": width, "middle": width / 2}.get(rim.get("text-anchor", "start"), 0)
    kept: dict[str, str] = {name: rim.attrib[name] for name in ("transform", "fill") if name in rim.attrib}
    rim.clear()
    rim.tag = f"{{{NAMESPACE}}}rect"
    rim.attrib.update(kept, x=f"{-before:.1f}", y=f"{-size:.1f}", width=f"{width:.1f}", height=f"{1.3 * size:.1f}")
    rim.set("fill-opacity", "0.8")


def sparkline(values: list[float | None], *, width: float = 120, height: float = 22) -> Markup:
    """A line without axes; gaps where values are missing. Empty when there are fewer than two values."""
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return Markup("")
    low, high = min(known), max(known)
    span = (high - low) or 1.0
    step = (width - 4) / max(len(values) - 1, 1)
    path, pen_down, last = [], False, (0.0, 0.0)
    for at, value in enumerate(values):
        if value is None:
            pen_down = False
            continue
        last = (2 + at * step, height - 2 - (value - low) / span * (height - 4))
        path.append(f"{'L' if pen_down else 'M'}{last[0]:.1f} {last[1]:.1f}")
        pen_down = True
    return Markup(
        '<svg class="sparkline" viewBox="0 0 {w} {h}" width="{w}" height="{h}" aria-hidden="true">'
        '<path d="{d}"/><circle cx="{x}" cy="{y}" r="1.8"/></svg>'
    ).format(w=f"{width:g}", h=f"{height:g}", d=" ".join(path), x=f"{last[0]:.1f}", y=f"{last[1]:.1f}")
