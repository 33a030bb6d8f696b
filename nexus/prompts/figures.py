"""Figures in a text: where they stand, and what they can mean.

Numbers as English, Spanish, German and Swiss hands write them, in any script's digits, with units, scales and hedges; number
words, ordinals and fractions. Every pattern is linear: an answer may be hostile.
"""

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Literal

from nexus.prompts import units
from nexus.prompts.number_words import CARDINALS, FRACTIONS, RANKS, TIMES
from nexus.prompts.numerals import Reading, listed, readings_of

Role = Literal["number", "percent", "points", "times", "rank", "top", "duration"]
Hedge = Literal["", "about", "over", "under"]

_CURRENCIES = ("€", "$", "£")
MOST_OF_A_TOP = 100
MOST_FIGURES = 2_000
"""In one text; no answer that a person reads holds more."""


@dataclass(frozen=True)
class Figure:
    start: int
    end: int
    text: str
    role: Role
    readings: tuple[Reading, ...]
    hedge: Hedge = ""
    signed: bool = False
    in_words: bool = False
    unit: str = ""
    """Of a duration: `h`, `min`, `s`, `ms` or `day`; its readings are in minutes."""
    measure: str = ""
    """What else it is measured in, as `units` calls it."""

    @cached_property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Of each reading: from where to where a value may lie for the figure to say it."""
        return tuple(_interval(self, reading) for reading in self.readings)


def even(text: str) -> str:
    """`text` with every digit as 0-9, every minus, space and separator as ASCII has it: of the same length."""
    return "".join(character if character.isascii() else _even(character) for character in text)


_PLAIN = {
    "\u2212": "-", "\u2010": "-", "\u2011": "-", "\uff0d": "-", "\ufe63": "-", "\u066b": ".", "\u066c": ",", "\uff0e": ".",
    "\uff0c": ",", "\u066a": "%", "\uff05": "%", "\u2019": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2007": " ",
    "\uff0b": "+", "\ufe62": "+", "\uff1a": ":",
}  # fmt: skip


def _even(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


_RUN = re.compile(r"\d+(?:[.,']\d+)*")
_SPACED = re.compile(r"(?: \d{3})+(?:[.,]\d+)?(?![\d.,]*\d)")
_EXPONENT = re.compile(r"[eE][+-]?\d{1,6}(?![\w.])")
_SCALES = {
    "k": 1e3, "thousand": 1e3, "mil": 1e3, "tausend": 1e3, "tsd": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "millions": 1e6,
    "millón": 1e6, "millones": 1e6, "millionen": 1e6, "mio": 1e6, "bn": 1e9, "billion": 1e9, "milliarden": 1e9, "mrd": 1e9,
}  # fmt: skip
_SCALE = re.compile(
    r"([kKM]|mn|bn)(?![\w])|[ -]?(?:(thousand|millions?|billion|millón|millones|mil|tausend|tsd|millionen|milliarden|mio|mrd|k)(?!\w))",
    re.I,
)
_UNIT = re.compile(
    r" {0,2}\*{0,2} ?(?:"
    r"(?P<points>percentage[ -]points?|pp\b|p\.p\.|points?\b|puntos porcentuales|puntos|prozentpunkte?n?)"
    r"|(?P<percent>%|per ?cent\b|pct\b|por ciento|prozent\b)"
    r"|(?P<times>x\b|×|times\b|-?fold\b|veces\b|mal\b)"
    r"|(?P<h>h\b|hrs?\b|hours?\b|horas?\b|stunden?\b)|(?P<day>days?\b|días?\b|tagen?\b|tage\b)"
    r"|(?P<ms>ms\b|milliseconds?\b|milisegundos?\b|millisekunden?\b)|(?P<s>seconds?\b|segundos?\b|sekunden?\b)|(?P<min>min\b|mins\b|minutes?\b|minutos?\b|minuten?\b))",
    re.I,
)
_COMPARES = re.compile(r" (?:as|more|less|the|that|those|its|than|so|más|mayor|la|el|lo|\w+er)\b")
MINUTES = {"h": 60.0, "min": 1.0, "s": 1 / 60, "ms": 1 / 60_000, "day": 1440.0}
_ORDINAL = re.compile(r"(?:st|nd|rd|th|º|ª|\.º|\.ª)(?!\w)")
_ATTACHED = re.compile(r"[^\W\d_]+")
_SUFFIXES = {
    "k",
    "m",
    "mn",
    "bn",
    "h",
    "min",
    "s",
    "ms",
    "x",
    "pp",
    "kwh",
    "mwh",
    "gb",
    "mb",
    "tb",
    "mm",
    "cm",
    "t",
    "km",
    "mi",
    "kg",
    "pct",
    "usd",
    "eur",
    "hrs",
    "hr",
    "mio",
    "mil",
}
_HEDGES: dict[str, Hedge] = {
    "about": "about", "around": "about", "roughly": "about", "approximately": "about", "approx": "about", "some": "about",
    "circa": "about", "ca": "about", "unos": "about", "unas": "about", "aproximadamente": "about", "alrededor": "about", "cerca": "about",
    "etwa": "about", "rund": "about", "ungefähr": "about", "~": "about", "≈": "about",
    "over": "over", "above": "over", "exceeding": "over", "más": "over", "über": "over", "least": "over", ">": "over",
    "nearly": "under", "almost": "under", "under": "under", "below": "under", "casi": "under", "fast": "under", "knapp": "under",
    "just": "about", "close": "about", "beinahe": "under",
}  # fmt: skip
_HEDGED = re.compile(
    r"(more than|less than|just over|just under|well over|más de|menos de|mehr als|weniger als|at least|[^\W\d_]+|[~≈><])\W{0,4}$", re.I
)
_PHRASES: dict[str, Hedge] = {
    "more than": "over", "just over": "over", "well over": "over", "más de": "over", "mehr als": "over", "at least": "over",
    "less than": "under", "just under": "under", "menos de": "under", "weniger als": "under",
}  # fmt: skip
_TOP = re.compile(r"(?:\btop|\bbottom|\bfirst|\blast)[ -]$", re.I)
_NUMBERED = re.compile(r"(?:#|\bno\. ?|\bnumber |\brank(?:s|ed|ing)? |\bplatz |\bpuesto )$", re.I)
_TOP_AFTER = re.compile(
    r"(?: \w+)? (?!latest|interest|forest|request|west|rest|test|guest|nest|contest|harvest|invest|protest|honest|modest)"
    r"(?:\w{3,}est|most \w+|least \w+|best|worst|mayores|menores|mejores|peores|größten|kleinsten|meisten|besten)\b",
    re.I,
)
"""What makes `the five largest` of a number."""
_REFERENCE = re.compile(
    r"\b(?:pages?|sections?|chapters?|steps?|versions?|releases?|forms?|articles?|appendix|annex|paragraphs?|clauses?|editions?|rooms?|gates?"
    r"|ISO|DIN|RFC|página|sección|capítulo|paso|versión|artículo|anexo|seite|abschnitt|kapitel|schritt|artikel|anhang) (?:[A-Z]-?)?$",
    re.I,
)
"""Before a number that refers to something written elsewhere."""
_IDIOM = re.compile(r"(?<![\d/])24/7(?![\d/])|(?<!\w)\d{1,2}-(?:star|way|tier|digit|letter|step)s?\b", re.I)
_NO_RANK = re.compile(
    r" (?:floor|street|avenue|edition|generation|version|century|grade|anniversary|birthday|attempt|party|person|class|piso|planta|siglo|edición)\b",
    re.I,
)
"""After an ordinal that ranks nothing."""
_LIST_MARK = re.compile(r"(?m)^[ \t>]*(?:[-*+] +)?(\d{1,9})[.)](?=[ \t]|$)")
_ADDRESS = re.compile(r"(?:https?://|www\.)[^\s<>()]+|\]\([^()\s]{0,2000}\)|<[a-z]+:[^<>\s]{0,2000}>", re.I)

_KINDS = {"fraction": FRACTIONS, "times": TIMES, "cardinal": CARDINALS, "rank": RANKS}
_ALTERNATIVES = "|".join(f"(?P<{kind}>{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})" for kind, words in _KINDS.items())
_WORDS = re.compile(rf"(?<![\w-])(?:{_ALTERNATIVES})(?!\w)(?!-(?:year|hour|day|week|month|time|price|life|marathon)\w*\b)", re.I)
_RANK_AFTER = re.compile(
    r"[ -]+(?:place|largest|biggest|busiest|highest|lowest|most|least|best|worst|longest|shortest|smallest|fewest|rank|\w+est\b|más|mayor|puesto|lugar|größte|meist)",
    re.I,
)
_RANK_BEFORE = re.compile(
    r"\b(?:ranks?|ranked|comes?|came|in|is|was|place[sd]?|finish(?:es|ed)?|ocupa|and \w+|belegt)(?: (?:in|the|el|la|den))? $", re.I
)
_DECIMAL_COMMA = re.compile(r"(?<![\d,.])\d{1,9},\d{1,2}(?![\d,])")
_DECIMAL_POINT = re.compile(r"(?<![\d,.])\d{1,9}\.\d{1,2}(?![\d.])")
_JOINED = re.compile(r" ?[-\u2013\u2014] ?| (?:to|and|or|a|y|bis|und) ")


def find_figures(text: str, *, skipped: Sequence[tuple[int, int]] = ()) -> Iterator[Figure]:
    """Each figure of `text` (evened) in order. `skipped` are spans that are something else: names, dates, times."""
    taken = _Spans([*skipped, *_not_figures(text)])
    numbers, words = islice(_numbers(text, taken), MOST_FIGURES), islice(_words(text, taken), MOST_FIGURES)
    found = sorted([*numbers, *words], key=lambda figure: figure.start)[:MOST_FIGURES]
    has_commas = bool(_DECIMAL_COMMA.search(text)) and not _DECIMAL_POINT.search(text)
    yield from (_as_written_here(figure, has_commas) for figure in _with_shared_units(text, _joined_durations(text, found)))


def _as_written_here(figure: Figure, has_commas: bool) -> Figure:
    """`1,000` and `1.000` by how the rest of the text writes decimals: without a sign of it, a comma parts thousands."""
    if len(figure.readings) < 2 or ("." in figure.text) == (not has_commas):
        return figure
    return replace(figure, readings=(max(figure.readings, key=lambda reading: reading.step),))


class _Spans:
    def __init__(self, spans: Sequence[tuple[int, int]]) -> None:
        self._spans = sorted(spans)
        self._starts = [start for start, _ in self._spans]
        self._reach: list[int] = []
        for _, end in self._spans:
            self._reach.append(max(end, self._reach[-1] if self._reach else 0))

    def touches(self, start: int, end: int) -> bool:
        at = bisect_left(self._starts, end)
        return at > 0 and self._reach[at - 1] > start


def _not_figures(text: str) -> Iterator[tuple[int, int]]:
    for mark in _LIST_MARK.finditer(text):
        yield mark.span(1)
    for pattern in (_ADDRESS, _IDIOM):
        for found in pattern.finditer(text):
            yield found.span()


def _numbers(text: str, taken: _Spans) -> Iterator[Figure]:
    at = 0
    while run := _RUN.search(text, at):
        end = run.end()
        digits = run.group()
        spaced = _SPACED.match(text, end) if len(digits) <= 3 and digits.isdigit() else None
        if spaced:
            digits, end = digits + spaced.group().replace(" ", "'"), spaced.end()
        at = end
        if not taken.touches(run.start(), end):
            yield from _number(text, run.start(), end, digits)


def _number(text: str, start: int, end: int, digits: str) -> Iterator[Figure]:
    before = text[start - 1] if start else ""
    if before.isalpha() or before == "_":
        return
    if _REFERENCE.search(text[max(0, start - 16) : start]):
        return
    exponent = _EXPONENT.match(text, end)
    power = ""
    if exponent:
        power, end = exponent.group(), exponent.end()
    lead = start - 1 if before in _CURRENCIES else start
    before = text[lead - 1] if lead else ""
    sign = before if before in ("-", "+") and not text[lead - 2 : lead - 1].isalnum() else ""
    if before == "-" and not sign and text[lead - 2 : lead - 1].isalpha():
        return  # of a name such as `ERJ-190`
    if (parts := listed(digits)) and not power:
        for offset, part in parts:
            yield Figure(start + offset, start + offset + len(part), part, "number", readings_of(part, "", ""))
        return
    readings = readings_of(digits, sign, power)
    if ordinal := _ORDINAL.match(text, end):
        if _NO_RANK.match(text, ordinal.end()):
            return
        yield Figure(start, ordinal.end(), text[start : ordinal.end()], "rank", readings)
        return
    if scale := _SCALE.match(text, end):
        factor = _SCALES[(scale.group(1) or scale.group(2)).lower()]
        readings = tuple(Reading(reading.value * factor, reading.step * factor, is_scaled=True) for reading in readings)
        end = scale.end()
    attached = _ATTACHED.match(text, end)
    unit = _UNIT.match(text, end)
    if attached and attached.group().lower() not in _SUFFIXES and not (unit and unit.start() == end):
        return  # of a name such as `9E`
    yield _with_unit(text, lead - 1 if sign else start, end, readings, unit, signed=bool(sign))


def _with_unit(text: str, start: int, end: int, readings: tuple[Reading, ...], unit: "re.Match[str] | None", *, signed: bool) -> Figure:
    kind = unit.lastgroup if unit else None
    hedge = _hedge(text, start)
    role: Role = "number"
    name = ""
    if unit and kind in ("percent", "points", "times"):
        role = "percent" if kind == "percent" else "points" if kind == "points" else "times"
        if role == "times" and unit.group().strip()[0] in "tvmM" and not _COMPARES.match(text, unit.end()):
            role = "number"  # `flew 427 times`
        end = unit.end() if role != "number" else end
    elif unit and kind:
        role, name = "duration", kind
        readings = tuple(Reading(reading.value * MINUTES[kind], reading.step * MINUTES[kind]) for reading in readings)
        end = unit.end() if kind == "h" and unit.group().strip().lower() == "h" else end
    elif top := _TOP.search(text[max(0, start - 8) : start]):
        role, start = "top", start - len(top.group())
    elif len(readings) == 1 and readings[0].value <= MOST_OF_A_TOP and readings[0].step == 1 and _TOP_AFTER.match(text, end):
        role = "top"
    elif _NUMBERED.search(text[max(0, start - 10) : start]):
        role = "rank"
    measure = "" if name or role != "number" else units.written(text, start, end)
    return Figure(start, end, text[start:end], role, readings, hedge, signed, unit=name, measure=measure)


def _hedge(text: str, start: int) -> Hedge:
    found = _HEDGED.search(text[max(0, start - 24) : start])
    if not found:
        return ""
    words = found.group(1).lower()
    if words in {"de", "a"}:
        return _hedge(text, max(0, start - 24) + found.start())
    return _PHRASES.get(words) or _HEDGES.get(words, "")


def _words(text: str, taken: _Spans) -> Iterator[Figure]:
    for found in _WORDS.finditer(text):
        kind = found.lastgroup
        start, end = found.span(kind) if kind else found.span()
        if kind is None or taken.touches(start, end):
            continue
        word = found.group(kind).lower()
        if kind == "rank":
            ranked = _RANK_AFTER.match(text, end) or _RANK_BEFORE.search(text[max(0, start - 24) : start])
            if ranked:
                yield Figure(start, end, text[start:end], "rank", (Reading(RANKS[word], 1),), in_words=True)
        elif kind == "cardinal":
            top = _TOP.search(text[max(0, start - 8) : start])
            start -= len(top.group()) if top else 0
            figure = _with_unit(text, start, end, (Reading(CARDINALS[word], 1),), _UNIT.match(text, end), signed=False)
            yield replace(figure, role="top" if top else figure.role, in_words=True)
        elif kind == "times":
            yield Figure(start, end, text[start:end], "times", (Reading(TIMES[word], 0.2),), _hedge(text, start) or "about", in_words=True)
        else:
            hedge = _hedge(text, start) or "about"
            yield Figure(start, end, text[start:end], "percent", (Reading(FRACTIONS[word] * 100, 1),), hedge, in_words=True)


def _joined_durations(text: str, figures: Sequence[Figure]) -> Iterator[Figure]:
    """`7 h 43 min` as one figure."""
    waiting: Figure | None = None
    for figure in figures:
        if waiting and figure.unit == "min" and text[waiting.end : figure.start].strip(" ,") in ("", "hours", "hour", "hours and", "and", "horas", "horas y", "y", "und", "Stunden", "Stunden und"):  # fmt: skip
            end = figure.end + len(unit.group()) if (unit := _UNIT.match(text, figure.end)) else figure.end
            added = Reading(waiting.readings[0].value + figure.readings[0].value, 1)
            yield replace(waiting, end=end, text=text[waiting.start : end], readings=(added,), unit="min+h")
            waiting = None
            continue
        if waiting:
            yield waiting
        waiting = figure if figure.unit == "h" and figure.readings else None
        if waiting is None:
            yield figure
    if waiting:
        yield waiting


def _with_shared_units(text: str, figures: Iterator[Figure]) -> Iterator[Figure]:
    """In `5–10 %` the first is of percents too, in `from 3 to 4 million` not: nobody can tell there."""
    waiting: Figure | None = None
    for figure in figures:
        if (
            waiting
            and waiting.role == "number"
            and figure.role in ("percent", "points", "duration")
            and _JOINED.fullmatch(text, waiting.end, figure.start)
        ):
            factor = MINUTES.get(figure.unit, 1.0)
            shared = tuple(Reading(reading.value * factor, reading.step * factor) for reading in waiting.readings)
            waiting = replace(waiting, role=figure.role, unit=figure.unit, readings=shared)
        if waiting:
            yield waiting
        waiting = figure
    if waiting:
        yield waiting


def _interval(figure: Figure, reading: Reading) -> tuple[float, float]:
    """From where to where a value may lie for the figure to say it: its rounding, wider when it is hedged or round."""
    value, half = reading.value, reading.step / 2
    size = abs(value)
    if size >= 1000 and reading.step == 1:
        half = _zeros(size, keep=2) / 2
    low, high = value - half, value + half
    margin = max(half, min(_zeros(size, keep=1) / 2, size * 0.05) if reading.step >= 1 else half, 0.02 * size if figure.in_words else 0.0)
    if figure.hedge == "about":
        low, high = value - margin, value + margin
    elif figure.hedge == "over":
        high = value + max(half, size * (0.4 if figure.in_words else 0.1))
    elif figure.hedge == "under":
        low = value - max(half, size * 0.1)
    room = 1e-9 * max(1.0, size)
    return low - room, high + room


def _zeros(size: float, *, keep: int) -> float:
    """The place of the last digit that is not a trailing zero of a whole number, of which `keep` digits count anyhow."""
    whole = f"{size:.0f}"
    zeros = min(len(whole) - len(whole.rstrip("0")), max(0, len(whole) - keep))
    return 10.0**zeros


def within(values: Sequence[float], low: float, high: float) -> range:
    """Positions of those of sorted `values` that lie between."""
    return range(bisect_left(values, low), bisect_right(values, high))
