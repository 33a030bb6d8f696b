"""Colours and type of the printed page: dark text on white, and hues that stay apart in greyscale."""

import re
from typing import Any

FONT = "Inter, 'Noto Sans JP', sans-serif"
JAPANESE = re.compile("[\u3000-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Characters that Inter does not have; the font that has them weighs a megabyte, so it is loaded only for these."""
INK = "#1a2230"
FAINT = "#5b6675"
RULE = "#d7dce3"  # used by document.css
ACCENT = "#0f6a86"
PALETTE = ("#0f6a86", "#d9822b", "#6a5acd", "#2f8f5b", "#b83b5e", "#8a6d3b", "#3f88c5", "#7a7f87", "#a05195", "#5b8c2a")
"""As on the light screen: `chartCategoricalColors` in .streamlit/config.toml."""

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
    "range": {"category": list(PALETTE)},
    "bar": {"color": ACCENT},
    "line": {"color": ACCENT, "strokeWidth": 1.6},
    "area": {"color": ACCENT, "fillOpacity": 0.75},
    "point": {"color": ACCENT, "filled": True, "size": 18},
    "arc": {"color": ACCENT},
}
"""The `config` of every chart that is printed."""
