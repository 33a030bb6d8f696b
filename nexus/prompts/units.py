"""What a figure and a column are measured in: `468.9 MWh` is of a column `consumption_kwh`, `2.1 million` of one of millions."""

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nexus.prompts.figures import Figure

Unit = tuple[str, float]
"""Of what kind, and how many of the plainest unit of that kind."""

_UNITS: dict[str, Unit] = {
    "wh": ("energy", 1), "kwh": ("energy", 1e3), "mwh": ("energy", 1e6), "gwh": ("energy", 1e9),
    "kg": ("mass", 1), "t": ("mass", 1e3), "tonne": ("mass", 1e3), "tonnes": ("mass", 1e3), "tonnen": ("mass", 1e3), "toneladas": ("mass", 1e3),
    "mm": ("length", 1e-3), "cm": ("length", 1e-2), "metres": ("length", 1), "meters": ("length", 1), "km": ("length", 1e3),
    "mb": ("memory", 1), "gb": ("memory", 1e3), "tb": ("memory", 1e6),
    "eur": ("eur", 1), "euro": ("eur", 1), "euros": ("eur", 1), "€": ("eur", 1), "usd": ("usd", 1), "dollar": ("usd", 1), "dollars": ("usd", 1),
    "$": ("usd", 1), "gbp": ("gbp", 1), "£": ("gbp", 1), "cent": ("cents", 0.01), "cents": ("cents", 0.01), "céntimos": ("cents", 0.01),
}  # fmt: skip
_MONEY = ("eur", "usd", "gbp")
_SCALES = {"k": 1e3, "thousand": 1e3, "thousands": 1e3, "tsd": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6,
           "millones": 1e6, "bn": 1e9, "mrd": 1e9, "billion": 1e9, "billions": 1e9}  # fmt: skip
_SCALED_MONEY = re.compile(r"(k|m|mn|mio|bn)(eur|usd|gbp)")
_BEFORE = re.compile(r"^.{0,4}?([€$£]) ?[+-]?\d")
_AFTER = re.compile(
    r"(?:\*{0,2} ?(€|\$|£)|\*{0,2} ?(?:de )?(wh|kwh|mwh|gwh|kg|t|tonnes?|tonnen|toneladas|mm|cm|metres|meters|km|mb|gb|tb|eur|euros?|usd|dollars?|gbp|cents?|céntimos)(?!\w))",
    re.I,
)


def written(text: str, start: int, end: int) -> str:
    """The unit of a figure of `text`, as a name of this module's; empty where there is none."""
    before = _BEFORE.search(text[max(0, start - 2) : end])
    if before:
        return before[1]
    found = _AFTER.match(text, end)
    return (found[1] or found[2]).lower() if found else ""


@lru_cache(maxsize=4_096)
def of_column(name: str) -> tuple[Unit | None, float]:
    """The unit that the name of a column says, if any, and what its values are to be multiplied by: 1e6 for `gross_musd`."""
    unit: Unit | None = None
    scale = 1.0
    for token in re.split(r"[\W_]+", name.lower()):
        if money := _SCALED_MONEY.fullmatch(token):
            unit, scale = (money[2], 1), _SCALES[money[1]]
        elif token in _UNITS and len(token) > 1:
            unit = _UNITS[token]
        elif token in _SCALES and (len(token) > 1 or name.lower().endswith(f"_{token}")):
            scale = _SCALES[token]
    return unit, scale


def factors(figure: "Figure", column: str) -> tuple[float, ...]:
    """What values of a column are to be multiplied by to be as the figure is written; none where they are of something else."""
    unit, scale = of_column(column)
    own = _UNITS.get(figure.measure)
    if own and unit and own[0] != unit[0] and not (own[0] == "cents" and unit[0] in _MONEY):
        return ()
    by = unit[1] / own[1] if own and unit else 1 / own[1] if own and own[0] == "cents" else 1.0
    if scale == 1:
        return (by,)
    return (by * scale,) if any(reading.is_scaled for reading in figure.readings) else (by, by * scale)
