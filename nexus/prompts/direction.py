"""Up or down: what the words beside a figure say of its sign, in English, Spanish and German."""

import re
from typing import Literal

from nexus.prompts.figures import Figure

Direction = Literal["up", "down", ""]

NEAR = 28
"""Characters before and after a figure in which such a word is of it."""

_UP = re.compile(
    r"\b(?:more|higher|above|greater|larger|bigger|longer|warmer|rose|rise[ns]?|rising|grew|grow[ns]?|growing|growth|increas\w*|gain\w*|climb\w*|jump\w*|up|over(?:spent|spend\w*|ran|shot)|exceed\w*|surpass\w*|added"
    r"|más|aument\w*|crec\w*|sub(?:e|en|ió|ieron)|superior|mayor(?:es)?|mehr|höher|gestiegen|stieg\w*|wuchs\w*|gewachsen|zugelegt)\b",
    re.I,
)
_DOWN = re.compile(
    r"\b(?:fewer|less|lower|below|smaller|shorter|colder|fell|fall\w*|drop\w*|declin\w*|decreas\w*|down|lost|los[es]\w*|shr[aiu]nk\w*|contract\w*|reduc\w*|under(?:spent|spend\w*|shot)|saved|saving|dipped|slid|slump\w*|shed"
    r"|menos|baj(?:a|an|ó|aron|o)|cay\w*|cae[n]?|disminu\w*|descen\w*|retroce\w*|perd\w*|pierde[n]?|inferior|menor(?:es)?|weniger|niedriger|gesunken|sank\w*"
    r"|fiel\w*|gefallen|verlor\w*|geringer)\b",
    re.I,
)
_NEGATIVE = re.compile(
    r"\b(?:early|earlier|ahead|before|negative|minus|under|deficit|loss\w*|short|antes|adelant\w*|temprano|negativ\w*|bajo|früher|vor|verfrüht|unter)\b",
    re.I,
)
_EARLY = re.compile(r"\b(?:early|earlier|ahead of|antes de|früher|below zero|bajo cero|unter null)\b", re.I)
_TO_LEVEL = re.compile(r"\b(?:to|at|from|of|a|hasta|de|desde|auf|von)\s+(?:[^\W\d]+\s+)?$", re.I)
_STOP = re.compile(
    r"[;:.!?|\n]|, (?:while|but|and|whereas|y|und|mientras|pero|aber)\b| (?:and|while|but|whereas|y|und|mientras|pero|aber) "
)

_DIGIT = re.compile(r"\d")


def of_change(text: str, figure: Figure) -> Direction:
    """Which way the words beside the figure say that something went by it; empty where they say neither or both."""
    before, after = _beside(text, figure)
    if _TO_LEVEL.search(before):
        before = ""
    up = bool(_UP.search(before) or _UP.search(after))
    down = bool(_DOWN.search(before) or _DOWN.search(after))
    return "" if up == down else "up" if up else "down"


def says_negative(text: str, figure: Figure, words: str) -> bool:
    """Whether a figure without a sign may be of a value below zero: `9.9 minutes early`, `fell by 2 %`."""
    before, after = _beside(text, figure)
    return of_change(text, figure) == "down" or any(_NEGATIVE.search(part) for part in (before, after)) or bool(_EARLY.search(words))


def says_positive(text: str, figure: Figure) -> bool:
    """Whether a figure without a sign may be of a value above zero in a column that has values on both sides."""
    _, after = _beside(text, figure)
    return of_change(text, figure) != "down" and not _EARLY.search(after)


def compared(text: str, figure: Figure) -> bool:
    """Whether it is said more or less *than* something: what stands after it is then what is taken away."""
    return bool(
        re.match(r"[^.;:|\n]{0,40}?\b(?:than|que|als|above|below|ahead of|behind|over|under)\b", text[figure.end : figure.end + 60], re.I)
    )


def _beside(text: str, figure: Figure) -> tuple[str, str]:
    before = text[max(0, figure.start - NEAR) : figure.start]
    last = max((found.end() for pattern in (_STOP, _DIGIT) for found in pattern.finditer(before)), default=0)
    before = before[last:]
    after = text[figure.end : figure.end + NEAR]
    stop = _STOP.search(after)
    after = after[: stop.start()] if stop else after
    number = _DIGIT.search(after)
    return before, after[: number.start()] if number else after
