"""Slices of a whole: the largest first, the small ones together."""

from typing import Any

from nexus.views import scale
from nexus.views.charts.cartesian import tooltip
from nexus.views.charts.drawing import Plot, Sentence
from nexus.views.charts.subject import Subject

MOST_SLICES = 8
"""With `other` among them."""
WRITTEN = 0.06
"""The smallest share whose percent has room inside its slice."""
OTHER = "other"


def pie(subject: Subject) -> Plot | Sentence:
    chart, label = subject.chart, subject.label(subject.chart.y[0])
    sums = _sums(subject)
    if any(value < 0 for value in sums.values()):
        return Sentence(words=f"A pie shows parts of a whole, and {label} falls below zero here. Draw it as bars instead.")
    total = sum(sums.values())
    if total <= 0:
        return Sentence(
            words=f"There is nothing to share out: {label} comes to zero in these rows. Widen the filters, or choose another column."
        )
    slices = _slices(sums)
    points: list[dict[str, Any]] = [
        {
            # The share stands in the legend, where every slice can be read, however thin; first, where a long name is cut.
            "c": f"{_percent(value / total)} · {name}",
            "y": value,
            "o": at,
            "xt": name,
            "yt": subject.word(chart.y[0], value),
            "pt": _percent(value / total),
            "l": _percent(value / total) if value / total >= WRITTEN else "",
        }
        for at, (name, value) in enumerate(slices)
    ]
    color = {"field": "c", "type": "nominal", "sort": [point["c"] for point in points], "title": subject.label(chart.x), "legend": {}}
    shown = [("xt", subject.label(chart.x)), ("yt", label), ("pt", "Share")]
    spec = {
        "data": {"values": points},
        "encoding": {"theta": {"field": "y", "type": "quantitative", "stack": True}, "order": {"field": "o", "type": "quantitative"}},
        "layer": [
            {
                "mark": {"type": "arc", "outerRadius": _radius(0.46), "style": "slice"},
                "encoding": {"color": color, "tooltip": tooltip(shown)},
            },
            {
                "mark": {"type": "text", "radius": _radius(0.34), "style": "on-colour"},
                "encoding": {"text": {"field": "l", "type": "nominal"}},
            },
        ],
    }
    gathered = len(sums) - len(slices) + 1
    return Plot(spec=spec, note=f"“{OTHER}” holds the {gathered:,} smallest." if gathered > 1 else "")


def _radius(part: float) -> dict[str, str]:
    return {"expr": f"min(width, height) * {part}"}


def _sums(subject: Subject) -> dict[str, float]:
    """The figure of each name; rows of one name are added up."""
    at, names = subject.at(subject.chart.y[0]), subject.names(subject.chart.x)
    sums: dict[str, float] = {}
    for row in subject.table.rows:
        value = scale.number(row[at])
        if value is not None:
            word = names.word(row)
            sums[word] = sums.get(word, 0) + value
    return sums


def _slices(sums: dict[str, float]) -> list[tuple[str, float]]:
    ordered = sorted(((name, value) for name, value in sums.items() if value > 0), key=lambda slice_: -slice_[1])
    if len(ordered) <= MOST_SLICES:
        return ordered
    kept, rest = ordered[: MOST_SLICES - 1], ordered[MOST_SLICES - 1 :]
    return [*kept, (OTHER, sum(value for _, value in rest))]


def _percent(share: float) -> str:
    return f"{share * 100:.1f}\N{NO-BREAK SPACE}%" if share < 0.1 else f"{share * 100:.0f}\N{NO-BREAK SPACE}%"
