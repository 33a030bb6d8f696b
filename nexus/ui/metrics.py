"""A metric panel on screen: one figure, how it moved, and its course as a line.

Drawn as plain HTML. Streamlit's own metric brings a whole Vega chart for each line, which takes the browser
longer than all the rest of the panel, and which screen readers cannot name.
"""

import html
import re
from collections.abc import Sequence
from urllib.parse import quote

from nexus.views import colours
from nexus.views.figure import Figure

_ARROWS = {"up": "▲ ", "down": "▼ "}
_TONES = {True: "good", False: "bad", None: "plain"}
_WIDTH, _HEIGHT, _MARGIN = 100, 32, 2


def markup(metric: Figure) -> str:
    """The figure as HTML, each text escaped; for those who listen, one sentence."""
    tone = _TONES[metric.good]
    past = f' <span class="nexus-past nexus-past-{metric.tone}">{colours.SIGNS[metric.tone]}</span>' if metric.tone else ""
    value = f'<span class="nexus-value{f" nexus-past-{metric.tone}" if metric.tone else ""}">{html.escape(metric.value_text)}{past}</span>'
    words = f'<div class="nexus-line">{value}{_course(metric.spark, tone)}</div>'
    if metric.change_text:
        arrow = _ARROWS.get(metric.direction or "", "")
        words += (
            f'<span class="nexus-change nexus-{tone}">{arrow}{html.escape(metric.change_text)}</span>'
            f'<span class="nexus-before" title="{html.escape(metric.comparison_label)}">{html.escape(metric.comparison_label)}</span>'
        )
    elif metric.comparison_label and metric.comparison is None:
        words += f'<span class="nexus-before">no figure {html.escape(metric.comparison_label)}</span>'
    if metric.target_text:
        verdict = {True: "good", False: "bad", None: "plain"}[metric.reached]
        words += f' <span class="nexus-target nexus-{verdict}">{html.escape(metric.target_words)}</span>'
    return (
        f'<div class="nexus-metric"><p class="nexus-sentence">{html.escape(metric.sentence)}</p><div aria-hidden="true">{words}</div></div>'
    )


def large(figure: Figure) -> str:
    """The figure as a chart of its own: larger, with its label above."""
    return f'<div class="nexus-large"><div class="nexus-label" aria-hidden="true">{html.escape(figure.label)}</div>{markup(figure)}</div>'


def words(sentence: str) -> str:
    """A sentence of ours as HTML, names in backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(sentence))


def _course(spark: Sequence[float | None], tone: str) -> str:
    """The line, as a mask over the colour of the text: it follows the theme, and the page's sanitizer takes no SVG elements."""
    known = [(at, value) for at, value in enumerate(spark) if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    across = (_WIDTH - 2 * _MARGIN) / (len(spark) - 1)
    up = (_HEIGHT - 2 * _MARGIN) / ((high - low) or 1)
    points = " ".join(f"{_MARGIN + at * across:.1f},{_HEIGHT - _MARGIN - (value - low) * up:.1f}" for at, value in known)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none">'
        f'<polyline points="{points}" fill="none" stroke="#000" stroke-width="1.75" stroke-linejoin="round" vector-effect="non-scaling-stroke"/></svg>'
    )
    return f'<span class="nexus-course nexus-{tone}" style="mask-image: url(\'data:image/svg+xml,{quote(svg)}\')"></span>'
