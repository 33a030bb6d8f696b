"""A text cut into passages, of which each speaks of something of its own: sentences, list items, lines of a table."""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nexus.prompts.figures import Figure
from nexus.prompts.mentions import Mention

MOST = 40
"""Figures, or names, of one passage."""

_END = re.compile(r"[.!?][\"')*\]\u201d]*(?=\s+[^a-z\s])|\n|;(?= )")
_SHORT = re.compile(r"(?:\b(?:vs|approx|ca|incl|no|nr|inc|co|corp|st|e\.g|i\.e|bzw|z\.B|aprox|dr|mr|p\.ej)|\b[A-Z])$", re.I)
_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}:?[ \t|:-]*")
_LINK = re.compile(r"[\s*_,/&()\u2013\u2014-]*(?:\b(?:and|or|y|e|und|to|through|a|bis|plus|as well as)\b[\s*_(]*)?")
_IN_TURN = re.compile(
    r"[\s*_)]*(?:,|and|, and|vs\.?|versus|against|to|y|und|a|bis|frente a|compared (?:to|with)|-|\u2013|/|or)[\s*_(]*(?:from |about |only )?"
)
_AGAINST = re.compile(
    r"(?: [a-zà-ÿ]{2,20}){0,2},? (?:against|vs\.?|versus|compared (?:to|with)|frente a|gegenüber|gegen)[\s*_(]*(?:only |just |about )?[€$£]?"
)
"""Between `21.4 days against 8.2`."""
_ATTACHED = re.compile(
    r"[^,.;:()|\n]{0,60}?\b(?:for|at|by|on|in|from|of|para|por|en|de|del|bei|für|von|im|am|to)\s+(?:the |la |el |las |los |der |den )?[*_\"]*"
    r"|[^,.;:()|\n]{0,30}\([*_]*|[ *_]{1,3}"
)
_PARTING = re.compile(r"\b(?:and|while|but|than|y|und|whereas|mientras|but|with|followed|times|those)\b", re.I)


@dataclass(frozen=True)
class Passage:
    start: int
    end: int
    mentions: tuple[Mention, ...]
    figures: tuple[Figure, ...]
    head: tuple[str, ...] = ()
    """Of a line of a table: what stands above each cell."""


def passages(text: str, mentions: Sequence[Mention], figures: Sequence[Figure]) -> Iterator[Passage]:
    """All that hold a figure or a name, in order."""
    starts, counts = [mention.start for mention in mentions], [figure.start for figure in figures]
    head: tuple[str, ...] = ()
    for start, end in _spans(text, [(mention.start, mention.end) for mention in mentions]):
        line = text[start:end]
        is_row = line.lstrip().startswith("|")
        if not is_row:
            head = ()
        elif _RULE.match(text, end + 1):
            head = tuple(cell.strip(" *_`") for cell in line.strip().strip("|").split("|"))
        own = mentions[bisect_left(starts, start) : bisect_left(starts, end)]
        inside = figures[bisect_left(counts, start) : bisect_left(counts, end)]
        if len(own) <= MOST and len(inside) <= MOST:
            if own or inside:
                yield Passage(start, end, tuple(own), tuple(inside), head if is_row else ())
            continue
        yield from _pieces(start, end, own, inside)


def _pieces(start: int, end: int, mentions: Sequence[Mention], figures: Sequence[Figure]) -> Iterator[Passage]:
    """A passage that nobody reads as one, in parts."""
    everything: list[Mention | Figure] = [*mentions, *figures]
    both = sorted(everything, key=lambda each: each.start)
    for first in range(0, len(both), MOST):
        part = both[first : first + MOST]
        last = both[first + MOST].start if first + MOST < len(both) else end
        own = tuple(each for each in part if isinstance(each, Mention))
        yield Passage(part[0].start if first else start, last, own, tuple(each for each in part if isinstance(each, Figure)))


def _spans(text: str, names: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    inside = {end for _, end in names} | {end - 1 for _, end in names}
    start = 0
    for stop in _END.finditer(text):
        is_short = _SHORT.search(text[max(start, stop.start() - 8) : stop.start()])
        if stop.group()[0] == "." and (is_short or (_of_a_list(text, stop.start()) and stop.start() not in inside)):
            continue
        yield start, stop.end() if stop.group() != "\n" else stop.start()
        start = stop.end()
    yield start, len(text)


def _of_a_list(text: str, at: int) -> bool:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return bool(re.fullmatch(r"[\s>]*\d{1,9}", line))


def runs(text: str, mentions: Sequence[Mention]) -> list[list[Mention]]:
    """Mentions with nothing but `,`, `and`, brackets and the like between them, together."""
    found: list[list[Mention]] = []
    for mention in mentions:
        last = found[-1][-1] if found else None
        if last and _LINK.fullmatch(text, last.end, mention.start):
            found[-1].append(mention)
        else:
            found.append([mention])
    return found


def in_turn(text: str, passage: Passage, figure: Figure) -> tuple[int, int]:
    """The place of a figure in a row of figures such as `5, 6 and 7`, and how many there are: (0, 1) when it stands alone."""
    figures = passage.figures
    at = first = last = figures.index(figure)
    while first > 0 and _follows(text, passage, figures[first - 1], figures[first]):
        first -= 1
    while last + 1 < len(figures) and _follows(text, passage, figures[last], figures[last + 1]):
        last += 1
    return at - first, last - first + 1


def _follows(text: str, passage: Passage, one: Figure, other: Figure) -> bool:
    if one.role != other.role and {one.role, other.role} != {"number", "duration"}:
        return False
    between = any(one.end <= mention.start < other.start for mention in passage.mentions)
    gap = one.end
    if one.role == "duration":
        gap = one.end + len(re.match(r" ?\w*", text[one.end : other.start]).group())  # type: ignore[union-attr]
    if between:
        return False
    return bool(
        _IN_TURN.fullmatch(text, one.end, other.start)
        or _IN_TURN.fullmatch(text, gap, other.start)
        or _AGAINST.fullmatch(text, gap, other.start)
    )


def attached(text: str, passage: Passage, figure: Figure) -> list[Mention]:
    """The mentions that follow a figure and belong to it: `5 flights at JFK`, `58,665 (United)`."""
    later = [other.start for other in passage.figures if other.start >= figure.end]
    limit = later[0] if later else passage.end
    for number, mention in enumerate(passage.mentions):
        if figure.end <= mention.start < limit:
            between = text[figure.end : mention.start]
            if not _ATTACHED.fullmatch(between) or _PARTING.search(between):
                return []
            run = [mention]
            for other in passage.mentions[number + 1 :]:
                if other.start < limit and _LINK.fullmatch(text, run[-1].end, other.start):
                    run.append(other)
                else:
                    break
            return run
    return []


def around(text: str, passage: Passage, figure: Figure) -> str:
    """The words that say what a figure is of: up to the figures beside it; the head of its column in a table."""
    if passage.head:
        cell = text.count("|", passage.start, figure.start) - 1
        return passage.head[cell] if 0 <= cell < len(passage.head) else ""
    before = max([other.end for other in passage.figures if other.end <= figure.start], default=passage.start)
    after = min([other.start for other in passage.figures if other.start >= figure.end], default=passage.end)
    return f"{text[max(before, figure.start - 200) : figure.start]} {text[figure.end : min(after, figure.end + 60)]}"
