"""What stands behind a figure, what is asked of it, and whether a value is what it says."""

import re
from dataclasses import dataclass, field
from typing import Literal

from nexus.prompts import units
from nexus.prompts.figures import MINUTES, Figure

Kind = Literal["amount", "share", "ratio", "change", "points"]
Rows = frozenset[int]

MORE = re.compile(
    r"\b(?:more|fewer|less|gap|differ\w*|higher|lower|above|below|rose|rise|fell|fall|increas\w*|decreas\w*|declin\w*|drop\w*|grew|up|down|ahead"
    r"|behind|between|improv\w*|worse\w*|better|longer|shorter|smaller|larger|greater|bigger|faster|slower|warmer|colder|spread|range|margin|by|over|than|chang\w*|más|menos|diferencia"
    r"|aument\w*|crec\w*|cay\w*|subi\w*|baj\w*|mehr|weniger|unterschied|gestiegen|gesunken|mayor|menor|superior|inferior|höher|niedriger)\b",
    re.I,
)


@dataclass(frozen=True)
class Evidence:
    """What stands behind a figure: a sentence, and the rows of each table."""

    how: str
    rows: dict[int, Rows] = field(default_factory=dict)
    derived: bool = True
    value: float | None = None
    column: tuple[int, int] | None = None


@dataclass(frozen=True)
class Group:
    """Rows of a table that a passage speaks of, and what it calls them."""

    table: int
    rows: Rows
    label: str
    is_named: bool = True


@dataclass(frozen=True)
class Question:
    """A figure with what is around it."""

    figure: Figure
    words: str
    groups: tuple[Group, ...]
    """Those that the passage names, the nearest first."""
    constrained: frozenset[int]
    """Tables of which the passage names rows."""
    beside: tuple[Evidence, ...]
    """What was found for the other figures of the passage."""
    listed: int = 0
    """How many names the passage lists."""
    top: int = 0
    """N, where the passage speaks of a top N."""
    thresholds: tuple[Figure, ...] = ()
    own: dict[int, Rows] = field(default_factory=dict)
    """Rows that the figure itself is of, by table; the groups hold those of the rest of the passage, too."""
    later: frozenset[tuple[int, Rows]] = frozenset()
    """Rows of which it is said that the figure is more or less than theirs: what `than` leads to."""
    tied: frozenset[str] = frozenset()
    """Stems of the words that the figure is tied to."""
    before: str = ""
    after: str = ""
    """The words before the figure, and those after it."""
    goes: str = ""
    """`up` or `down`, where the words beside the figure say that."""


@dataclass(frozen=True)
class Try:
    value: float
    kind: Kind
    how: str
    rows: dict[int, Rows]
    digits: int
    column: tuple[int, int] | None = None
    of: str = ""
    """The column in whose unit the value is, where that is another than `column` or none."""


def says(figure: Figure, value: float, kind: Kind, *, of: str = "") -> bool:
    """Whether the figure can mean `value`: a share or change as a percentage, an amount as it is; a sign only where one is written.

    `of` is the name of the column that an amount is of, which may say its unit.
    """
    if figure.role in ("rank", "top"):
        return False
    allowed: dict[str, tuple[Kind, ...]] = {
        "percent": ("share", "change", "points"),
        "points": ("points", "share", "amount"),
        "times": ("ratio",),
        "duration": ("amount",),
        "number": ("amount", "share", "ratio"),
    }
    if kind not in allowed[figure.role]:
        return False
    factor = 100.0 if figure.role in ("percent", "points") and kind != "amount" else 1.0
    meant = value * factor
    if not figure.signed:
        meant = abs(meant)
    elif kind in ("change", "points"):
        meant = abs(meant) if figure.readings and figure.readings[0].value > 0 else -abs(meant)
    own = MINUTES.get(figure.unit, 1.0)
    factors = units.factors(figure, of) if of and kind == "amount" and figure.role == "number" else (1.0,)
    if not figure.unit:
        return any(low <= meant * by <= high for by in factors for low, high in figure.bounds)
    return any(low <= meant <= high or low <= meant * own <= high for low, high in figure.bounds)


def enough(figure: Figure, digits: int) -> bool:
    by_nature = figure.in_words and figure.role in ("percent", "times")
    return by_nature or digits <= 1 or any(reading.digits >= digits for reading in figure.readings)
