"""Dates, months and times in a text, as English, Spanish and German write them."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "january jan enero ene januar", "february feb febrero februar", "march mar marzo märz", "april apr abril abr",
            "may mayo mai", "june jun junio juni", "july jul julio juli", "august aug agosto ago", "september sep sept septiembre",
            "october oct octubre oktober okt", "november nov noviembre", "december dec diciembre dic dezember dez",
        ),
        1,
    )
    for word in words.split()
}  # fmt: skip
_ONLY_CAPITAL = {"may", "mar", "march", "jan", "sep", "dec", "ago", "ene", "mai", "abr", "dic", "august", "jun", "jul"}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d"
_DATES = re.compile(
    rf"(?<![\w-])(?:(?P<iso>(?P<y1>\d{{4}})-(?P<m1>\d\d)(?:-(?P<d1>\d\d))?)"
    rf"|(?P<d3>\d{{1,2}})(?:st|nd|rd|th|\.)? (?:of |de )?(?P<m3>{_MONTH})\b\.?(?:,? (?:of |de |del )?(?P<y3>{_YEAR}))?"
    rf"|(?P<m4>{_MONTH})\b\.? (?P<d4>\d{{1,2}})(?:st|nd|rd|th)?(?![\d.,%:]\d|%|\d)(?:,? (?P<y4>{_YEAR}))?"
    rf"|(?P<m5>{_MONTH})\b\.?(?:,? (?:of |de |del )?(?P<y5>{_YEAR}))?"
    rf"|(?P<d6>\d{{1,2}})[./](?P<m6>\d{{1,2}})[./](?P<y6>{_YEAR}))(?![\w])",
    re.I,
)
_DAYS = re.compile(
    rf"(?<![\w.,-])(?P<first>\d{{1,2}})(?:st|nd|rd|th)?(?: ?[-\u2013] ?| (?:and|to|until|or|y|al?|und|bis) )(?=(?P<last>\d{{1,2}})(?:st|nd|rd|th|\.)? (?:of |de )?"
    rf"(?P<month>{_MONTH})\b)",
    re.I,
)
"""The first day of `10 and 17 March`."""
_TIMES = re.compile(
    r"(?<![\w:.,])(?:(?P<h>\d{1,2}):(?P<min>\d\d)(?::\d\d)?(?: ?(?P<half>[ap])\.?m\b\.?)?|(?P<h2>\d{1,2}) ?(?P<half2>[ap])\.?m\b\.?"
    r"|(?P<h3>\d{1,2}) ?Uhr\b|(?P<noon>\bnoon|\bmidday|\bmediodía)|(?P<midnight>\bmidnight|\bmedianoche))(?![\d:])",
    re.I,
)
_PARTS = re.compile(
    r"\b(?:(?P<half>first|second|H[12]|primer|segundo|primera|segunda|erste[ns]?|zweite[ns]?)(?:(?<=H[12])| (?:half of the year|half\b(?= of (?:2|the year))|semestre|mitad del año|halbjahr))"
    r"|(?P<quarter>first|second|third|fourth|last|Q[1-4]|primer|segundo|tercer|cuarto|último|erste[ns]?|zweite[ns]?|dritte[ns]?|vierte[ns]?)"
    r"(?:(?<=Q[1-4])| (?:quarter|trimestre|quartal)))\b(?:(?: of| de| del)? (?P<year>(?:19|20)\d\d))?",
    re.I,
)
_ELLIPSIS = re.compile(
    r"\b(?:in|of|than|and|from|que|en|y|im|als|und) (?:the |el |la |(?:en |in )?der |das |dem )?(?P<part>first|second|third|fourth|primero|segundo|tercero|cuarto|ersten|zweiten|dritten|vierten)"
    r"(?=[,.;:)]|$| (?:and|but|y|pero|und|aber|\d|[€$£]))",
    re.I,
)
_ORDER = {"f": 1, "p": 1, "e": 1, "s": 2, "z": 2, "t": 3, "d": 3, "c": 4, "v": 4, "l": 4, "ú": 4}
_EDGE = re.compile(
    r"\b(?P<before>before|until|till|antes de(?: las?| el)?|vor|hasta(?: las?| el)?)(?: the)? $"
    r"|\b(?P<after>after|since|later than|después de(?: las?| el)?|desde(?: las?| el)?|nach|ab|seit)(?: the)? $",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """A date with what of it is said, or a time in minutes after midnight. `edge` says that what lies before or after is meant."""

    start: int
    end: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    minutes: int | None = None
    edge: str = ""
    months: tuple[int, ...] = ()
    """Of a half or a quarter of a year."""


def find_moments(text: str) -> Iterator[Moment]:
    """Each of `text` (evened), dates first."""
    for found in _DATES.finditer(text):
        moment = _date(found)
        if moment:
            yield _with_edge(text, moment)
    for found in _DAYS.finditer(text):
        if 1 <= int(found["first"]) <= 31 and (number := _MONTHS.get(found["month"].lower())):
            yield Moment(found.start(), found.end("first"), None, number, int(found["first"]))
    parts = [_part(found) for found in _PARTS.finditer(text)]
    yield from parts
    if parts:
        yield from _elliptical(text, parts)
    for found in _TIMES.finditer(text):
        moment = _time(found)
        if moment:
            yield _with_edge(text, moment)


def _elliptical(text: str, parts: Sequence[Moment]) -> Iterator[Moment]:
    """`in the first`, after a quarter that is called one."""
    ends = [part.end for part in parts]
    for found in _ELLIPSIS.finditer(text):
        last = bisect_right(ends, found.start()) - 1
        if last >= 0 and found.start() <= ends[last] + 200:
            length = len(parts[last].months)
            word = found["part"].lower()
            number = {"fourth": 4}.get(word, _ORDER[word[0]])
            months = tuple(range((number - 1) * length + 1, number * length + 1))
            yield Moment(found.start("part"), found.end("part"), parts[last].year, months=months)


def _with_edge(text: str, moment: Moment) -> Moment:
    found = _EDGE.search(text[max(0, moment.start - 20) : moment.start])
    edge = (found.lastgroup or "") if found else ""
    return Moment(moment.start, moment.end, moment.year, moment.month, moment.day, moment.minutes, edge)


def _date(found: "re.Match[str]") -> Moment | None:
    part = {name[0]: text for name, text in found.groupdict().items() if text and name != "iso"}
    name = part["m"]
    number = int(name) if name.isdigit() else _MONTHS.get(name.lower(), 0)
    if not name.isdigit() and name.lower() in _ONLY_CAPITAL and not name[0].isupper():
        return None
    day = int(part["d"]) if "d" in part else None
    if not 1 <= number <= 12 or not 1 <= (day or 1) <= 31:
        return None
    return Moment(found.start(), found.end(), int(part["y"]) if "y" in part else None, number, day)


def _part(found: "re.Match[str]") -> Moment:
    word = (found["half"] or found["quarter"]).lower()
    number = int(word[1]) if word[1].isdigit() else 3 if word.startswith("third") else 4 if word.startswith("fourth") else _ORDER[word[0]]
    length = 6 if found["half"] else 3
    year = int(found["year"]) if found["year"] else None
    return Moment(found.start(), found.end(), year, months=tuple(range((number - 1) * length + 1, number * length + 1)))


def _time(found: "re.Match[str]") -> Moment | None:
    if found["noon"] or found["midnight"]:
        return Moment(found.start(), found.end(), minutes=720 if found["noon"] else 0)
    hour = int(found["h"] or found["h2"] or found["h3"])
    half = (found["half"] or found["half2"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    minutes = int(found["min"] or 0)
    return Moment(found.start(), found.end(), minutes=hour * 60 + minutes) if hour <= 24 and minutes < 60 else None
