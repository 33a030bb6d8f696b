"""Colours and type of the printed page: dark text on white, and hues that stay apart in greyscale."""

from typing import Any

from nexus.reports import fonts
from nexus.views import colours

FONT = fonts.FAMILIES
INK = "#1a2230"
FAINT = "#5b6675"
RULE = "#d7dce3"  # used by document.css
ACCENT = "#0f6a86"
VEGA: dict[str, Any] = {
    "background": None,
    "font": FONT,
    "padding": 2,
    "view": {"stroke": None},
    "axis": {
        "labelColor": FAINT,
        "labelFontSize": 9,
        "titleColor": FAINT,
        "titleFontSize": 9,
        "titleFontWeight": 600,
        "titlePadding": 6,
        "domainColor": "#aab3bf",
        "tickColor": "#aab3bf",
        "tickSize": 3,
        "gridColor": "#e9ecf0",
        "labelPadding": 3,
        "labelOverlap": True,
        "labelSeparation": 3,
    },
    "axisX": {"grid": False},
    "axisY": {"domain": False, "ticks": False},
    "legend": {"labelColor": INK, "labelFontSize": 9, "titleColor": FAINT, "titleFontSize": 9, "symbolSize": 50, "orient": "top"},
    "header": {"labelColor": INK, "labelFontSize": 9, "titleColor": FAINT, "titleFontSize": 9},
    "title": {"color": INK, "fontSize": 11},
    "range": {
        "category": list(colours.CATEGORIES["light"]),
        "heatmap": list(colours.SEQUENCE["light"]),
        "ramp": list(colours.SEQUENCE["light"]),
        "diverging": list(colours.DIVERGING["light"]),
    },
    "bar": {"color": ACCENT},
    "line": {"color": ACCENT, "strokeWidth": 1.6},
    "area": {"color": ACCENT, "fillOpacity": 0.75},
    "point": {"color": ACCENT, "filled": True, "size": 18},
    "arc": {"color": ACCENT},
    "style": {
        "sea": {"color": "#eef3f8", "stroke": None},
        "land": {"color": "#d9dee4", "stroke": "#ffffff", "strokeWidth": 0.5},
        "dot": {"stroke": INK, "strokeOpacity": 0.45, "strokeWidth": 0.5},
        "whisker": {"color": INK, "opacity": 0.8},
        "median": {"color": "#ffffff"},
        "slice": {"stroke": "#ffffff", "strokeWidth": 1},
        "on-colour": {"color": "#ffffff", "fontSize": 9, "fontWeight": 600},
        "on-weak": {"color": INK, "fontSize": 8.5},
        "on-strong": {"color": "#ffffff", "fontSize": 8.5},
        "target": {"color": INK, "strokeDash": [6, 3], "strokeWidth": 1},
        "earlier": {"color": FAINT, "strokeDash": [4, 3], "strokeWidth": 1.2, "opacity": 0.6},
        "earlier-mark": {"color": FAINT, "opacity": 0.8, "thickness": 1.5},
        "note": {"color": FAINT, "strokeDash": [2, 2], "strokeWidth": 1},
        "note-band": {"color": FAINT, "opacity": 0.13},
        "note-rim": {"color": "#ffffff", "stroke": "#ffffff", "strokeWidth": 3, "strokeJoin": "round", "fontSize": 8.5},
        "note-label": {"color": INK, "fontSize": 8.5},
    },
}
"""The `config` of every chart that is printed."""
