"""Names in an answer: those of the data with the rows that bear them, and those that are nowhere in what was sent."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import islice

from nexus.prompts.moments import Moment, find_moments
from nexus.prompts.sent import Column, Sent

Place = tuple[int, int, int]
"""A table, a column of it, and which part of a value such as `EWR → RIC` (0 is the whole)."""

LONGEST_NAME = 6
"""Words of an answer that are looked up together."""
MOST_UNKNOWN = 500

_TOKEN = re.compile(r"[^\W_]+")
_GAP = re.compile(r"[ '\u2019./&-]{0,3}|, | ?(?:\u2192|->|\u2013|\u2014) ?")
_PARTED = re.compile(r" ?(?:\u2192|->|\||/|\u2013|\u2014) ?| - ")
_TOO_COMMON = {
    "the", "new", "san", "los", "las", "saint", "north", "south", "west", "east", "great", "general", "grand", "port", "fort", "lake",
    "air", "airlines", "airways", "airport", "international", "intl", "regional", "county", "company", "corporation", "group", "lines",
    "national", "city", "united states", "other", "total", "none", "unknown", "name", "field", "municipal",
}  # fmt: skip
_COMMON = set(
    """a an and as at but by for from had has have he her his how i if in is it its may no not of on or our she so than that the their them
    then there these they this those to was we were what when where which while who why will with you your all also although among any are
    be because been before being below between both each either even every few first finally given here however last less many more most
    much neither next none nobody now only other others overall over per second several similarly since some still such third though
    together too under unlike until very without yet yes summary note notes key data table row rows answer average averages total mean
    median brief report figures figure points monday tuesday wednesday thursday friday saturday sunday spring summer autumn winter
    english spanish german el la los las un una en de del al y o por con sin para que se su sus es fue era son entre cada como más menos
    muy este esta estos estas lunes martes miércoles jueves viernes sábado domingo der die das und ist ein eine im am mr mrs dr q1 q2 q3
    q4 h1 h2 us uk eu usa ok am pm est utc gmt ceo cfo kpi faq pdf csv sql api id faa nyc top no vs etc""".split()  # noqa: SIM905 - prose is shorter
)
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|mit|von|bei|eine|einer|wurden|flog)\b", re.I)
_ACTS = re.compile(
    r"['\u2019]s\b| (?:had|has|flew|flies|operated|operates|operate|ran|runs|carried|posted|recorded|reported|cancelled|canceled|handled|follows"
    r"|followed|leads|led|ranks|ranked|registró|operó|tuvo|realizó|canceló|voló|hatte|flog|verzeichnete)\b| \([A-Z0-9]{2,4}\)"
    r"|(?: (?:in|at|near|en|de) [A-Z]\w+)? (?:took|made|sold|earned|employs|employed|opened|facturó|vendió|vendieron|verkaufte|beschäftigt)\b"
    r"| (?:is|was|does|did) not (?:among|in|appear|listed|included|part)\b| no (?:aparece|figura|está)\b| (?:kommt|steht) nicht\b"
)
"""What only somebody or something with a name does, also at the beginning of a sentence, where every word is written as one."""
_NUMBERED = re.compile(r"(?<![\w-])([A-Z]{1,4}|[A-Z]\d)[ -]\d{1,6}(?![\w-])(?![.,]\d)")
_INITIAL = re.compile(r"(?:^|[.!?:;|>\n\u201c\"(*#\u2022])[ \t*_#>\u201c\"'(|-]*$|\n *(?:[-*+]|\d{1,3}[.)]) +[*_\"]*$")


@dataclass(frozen=True)
class Mention:
    """A name in the answer. `places` says where it stands in the data, and in which rows; empty when it stands nowhere."""

    start: int
    end: int
    text: str
    places: dict[Place, frozenset[int]] = field(default_factory=dict)
    how: str = ""
    is_moment: bool = False
    in_words: bool = False
    """Stands in the words of the prompt."""

    @property
    def is_known(self) -> bool:
        return bool(self.places) or self.in_words


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    text: str


def find_names(text: str, sent: Sent) -> list[Mention]:
    """Each name of `text` (evened) in order, none inside another."""
    words = [_Word(*found.span(), found.group()) for found in _TOKEN.finditer(text)]
    found = _Found()
    for mention in _of_values(text, words, sent):
        found.add(mention)
    known = {word.lower() for word in _TOKEN.findall(sent.words)}
    for moment in find_moments(text):
        if at := _of_moment(text, moment, sent):
            found.add(at)
    for mention in _keys(text, sent):
        found.add(mention)
    for mention in _unknown_numbered(text, sent):
        found.add(mention)
    if any(table.texts for table in sent.tables):
        for count, mention in enumerate(_unknown(text, words, sent, known, found)):
            found.add(mention)
            if count >= MOST_UNKNOWN:
                break
    return sorted(found.mentions, key=lambda mention: mention.start)


class _Found:
    def __init__(self) -> None:
        self.mentions: list[Mention] = []
        self._taken: set[int] = set()

    def add(self, mention: Mention) -> None:
        if not self.touches(mention.start, mention.end):
            self.mentions.append(mention)
            self._taken.update(range(mention.start, mention.end))

    def touches(self, start: int, end: int) -> bool:
        return any(at in self._taken for at in range(start, end))


def _runs(text: str, words: Sequence[_Word]) -> dict[str, list[tuple[int, int]]]:
    """Up to six neighbouring words of the text, squashed, with where they stand (first word, word after the last)."""
    runs: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for first in range(len(words)):
        joined = ""
        for after in range(first, min(first + LONGEST_NAME, len(words))):
            if after > first and not _GAP.fullmatch(text, words[after - 1].end, words[after].start):
                break
            joined += words[after].text.casefold()
            runs[joined].append((first, after + 1))
    return runs


def _of_values(text: str, words: Sequence[_Word], sent: Sent) -> Iterator[Mention]:
    runs = _runs(text, words)
    names: dict[str, dict[Place, set[int]]] = defaultdict(lambda: defaultdict(set))
    inner: dict[str, dict[Place, set[int]]] = defaultdict(lambda: defaultdict(set))
    exact: set[str] = set()
    for at, table in enumerate(sent.tables):
        for column in table.texts:
            for value, rows in _rows_by_value(table.columns[column]).items():
                for alias, part, whole in _aliases(value):
                    if alias in runs:
                        names[alias][(at, column, part)].update(rows)
                        if whole and len(alias) <= 3:
                            exact.add(value)
            for token, rows in _inner_tokens(table.columns[column], runs).items():
                inner[token][(at, column, 0)].update(rows)
    spans: dict[tuple[int, int], str] = {}
    for aliases in (names, inner):
        for alias in aliases:
            for span in runs[alias]:
                spans.setdefault(span, alias)
    used = -1
    for (first, after), alias in sorted(spans.items(), key=lambda item: (item[0][0], -item[0][1])):
        shown = text[words[first].start : words[after - 1].end]
        if first < used or not _written_as_name(shown, alias, exact):
            continue
        used = after
        places = {place: frozenset(rows) for place, rows in (names.get(alias) or inner[alias]).items()}
        yield Mention(words[first].start, words[after - 1].end, shown, places, _where(places, sent))


def _written_as_name(shown: str, alias: str, exact: set[str]) -> bool:
    if len(alias) <= 3:
        return shown in exact
    return shown[0].isupper() or shown[0].isdigit() or not shown[0].isascii() or any(character.isdigit() for character in shown)


def _where(places: dict[Place, frozenset[int]], sent: Sent) -> str:
    parts = []
    for (table, column, _), rows in places.items():
        head = sent.tables[table]
        parts.append(f"`{head.columns[column].name}` of {_rows(rows)} of `{head.block}`")
    return "; ".join(parts[:3])


def _rows(rows: Iterable[int]) -> str:
    listed = sorted(rows)
    return f"row {listed[0] + 1}" if len(listed) == 1 else f"{len(listed):,} rows"


def _rows_by_value(column: Column) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, value in enumerate(column.texts):
        if value and len(value) <= 120:
            rows[value].append(row)
    return rows


def _aliases(value: str) -> Iterator[tuple[str, int, bool]]:
    """What a value may be called, squashed; which part of it that is, and whether it is all of it."""
    tokens = [token.casefold() for token in _TOKEN.findall(value)]
    if not tokens or (len(tokens) == 1 and len(tokens[0]) == 1):
        return
    yield "".join(tokens), 0, True
    parts = _PARTED.split(value)
    if len(parts) > 1:
        for number, part in enumerate(parts, 1):
            if joined := "".join(token.casefold() for token in _TOKEN.findall(part)):
                yield joined, number, True
        return
    prefix = ""
    for token in tokens[:-1]:
        prefix += token
        if len(prefix) >= 4 and prefix not in _TOO_COMMON and value[0].isupper():
            yield prefix, 0, False


def _inner_tokens(column: Column, runs: dict[str, list[tuple[int, int]]]) -> dict[str, list[int]]:
    """Words inside of values that single out one or two of them."""
    values: dict[str, list[list[int]]] = defaultdict(list)
    for value, rows in _rows_by_value(column).items():
        for token in _TOKEN.findall(value)[1:]:
            word = token.casefold()
            if len(word) >= 5 and token[0].isupper() and word in runs and word not in _TOO_COMMON:
                values[word].append(rows)
    return {word: [row for rows in lists for row in rows] for word, lists in values.items() if len(lists) <= 2}


def _of_moment(text: str, moment: Moment, sent: Sent) -> Mention | None:
    places: dict[Place, frozenset[int]] = {}
    has_moments = False
    for at, table in enumerate(sent.tables):
        for number, column in enumerate(table.columns):
            rows = _rows_at(column, moment)
            has_moments = has_moments or rows is not None
            if rows:
                places[(at, number, 0)] = frozenset(rows)
    in_words = any(_same(moment, other) for other in find_moments(sent.words))
    if moment.minutes is not None and not has_moments:
        return None
    if moment.months and not places and not in_words:
        return None
    if moment.edge and moment.minutes in (0, 720) and not places:
        return None
    return Mention(
        moment.start, moment.end, text[moment.start : moment.end], places,
        _where(places, sent) if places else "It stands in the prompt." if in_words else "", is_moment=True, in_words=in_words,
    )  # fmt: skip


def _same(moment: Moment, other: Moment) -> bool:
    return all(
        mine is None or mine == theirs
        for mine, theirs in (
            (moment.year, other.year),
            (moment.month, other.month),
            (moment.day, other.day),
            (moment.months or None, other.months),
            (moment.minutes, other.minutes),
        )
    )


def _rows_at(column: Column, moment: Moment) -> list[int] | None:
    """Rows of the moment; None when the column has no such moments."""
    if column.kind == "date" and moment.months:
        return [row for row, day in enumerate(column.dates) if day and day.month in moment.months and moment.year in (None, day.year)]
    if column.kind == "date" and moment.month is not None:
        wanted = [moment.year, moment.month, moment.day]
        keys = [[day.year, day.month, day.day] if day else None for day in column.dates]
        keys = [[part for part, want in zip(key, wanted, strict=True) if want is not None] if key else None for key in keys]
        return _by_edge(keys, [want for want in wanted if want is not None], moment.edge)
    if column.kind == "time" and moment.minutes is not None:
        return _by_edge(column.times, moment.minutes, moment.edge)
    name = column.name.lower()
    if column.is_key and moment.minutes is not None and name.endswith(("hour", "hora", "stunde")) and not moment.minutes % 60:
        return _by_edge(column.numbers, moment.minutes / 60, moment.edge)
    if column.is_key and moment.month is not None and moment.day is None and name.endswith(("month", "mes", "monat")):
        return _by_edge(column.numbers, float(moment.month), moment.edge)
    return None


def _by_edge(values: Sequence[object], wanted: object, edge: str) -> list[int]:
    if edge == "before":
        return [row for row, value in enumerate(values) if value is not None and value < wanted]  # type: ignore[operator]
    if edge == "after":
        return [row for row, value in enumerate(values) if value is not None and value >= wanted]  # type: ignore[operator]
    return [row for row, value in enumerate(values) if value == wanted]


def _keys(text: str, sent: Sent) -> Iterator[Mention]:
    """`hour 17`, `week 23`: the name of a column of keys, and one of its values."""
    for at, table in enumerate(sent.tables):
        for number, column in enumerate(table.columns):
            if not column.is_key:
                continue
            word = re.escape(column.name.rpartition("_")[2])
            for found in re.finditer(rf"\b{word} (\d{{1,9}})(?![\w.,:%]*\d|%)", text, re.I):
                if rows := column.between(float(found[1]), float(found[1])):
                    places = {(at, number, 0): frozenset(rows)}
                    yield Mention(*found.span(), found.group(), places, _where(places, sent), is_moment=True)


def _unknown_numbered(text: str, sent: Sent) -> Iterator[Mention]:
    """Codes in two parts, such as `UA 1545`, where the data have such and not this one."""
    texts = (text_ for table in sent.tables for at in table.texts for text_ in table.columns[at].texts)
    letters = {found[1] for text_ in texts if (found := _NUMBERED.fullmatch(text_))}
    if letters:
        for found in islice((found for found in _NUMBERED.finditer(text) if found[1] in letters), MOST_UNKNOWN):
            yield Mention(*found.span(), found.group())


def _unknown(text: str, words: Sequence[_Word], sent: Sent, known: set[str], found: _Found) -> Iterator[Mention]:
    """Names and codes as the data have some, that are neither in the data nor in the prompt."""
    values = {value for table in sent.tables for at in table.texts for value in table.columns[at].texts if 0 < len(value) <= 60}
    shapes = {_shape(part) for value in values for part in _PARTED.split(value) if _is_code(part)}
    proper = [value for value in values if value[0].isupper() and any(character.islower() for character in value)]
    heads = {word.lower() for table in sent.tables for column in table.columns for word in re.split(r"[\W_]+", column.name)}
    heads |= {word.lower() for table in sent.tables for word in re.split(r"[\W_]+", table.block)}
    tokens = {token.casefold() for value in values for token in _TOKEN.findall(value)}
    said = {word.text for word in words if word.text.islower()}
    german = len(_GERMAN.findall(text[:4000])) >= 3
    at = 0
    while at < len(words):
        word = words[at]
        at += 1
        if found.touches(word.start, word.end) or _is_told(word.text, known, heads, tokens, said):
            continue
        if _is_code(word.text):
            if _shape(word.text) in shapes or (
                (any(map(str.isdigit, word.text)) and any(map(str.isalpha, word.text)) and any("A0" in s or "0A" in s for s in shapes))
                or (proper and len(word.text) > 2 and _ACTS.match(text, word.end))
            ):
                yield Mention(word.start, word.end, word.text)
            continue
        if (
            not proper
            or not word.text[0].isupper()
            or not any(map(str.islower, word.text))
            or len(word.text) < 3
            or _is_heading(text, word.start)
        ):
            continue
        last = word
        while (
            at < len(words)
            and text[last.end : words[at].start] == " "
            and words[at].text[0].isupper()
            and not found.touches(words[at].start, words[at].end)
        ):
            last = words[at]
            at += 1
        if _is_name(text, word, last, proper, german):
            yield Mention(word.start, last.end, text[word.start : last.end])


def _is_told(word: str, known: set[str], heads: set[str], tokens: set[str], said: set[str]) -> bool:
    low = word.casefold()
    return (
        low in known
        or low in heads
        or low in _COMMON
        or low in tokens
        or low in said
        or low.removesuffix("s") in heads
        or f"{low}s" in heads
    )


def _is_name(text: str, first: _Word, last: _Word, proper: Sequence[str], german: bool) -> bool:
    initial = _INITIAL.search(text[max(0, first.start - 12) : first.start]) or first.start == 0
    if _ACTS.match(text, last.end) and not german:
        return True
    if initial or german:
        shown = text[first.start : last.end].casefold()
        return len(shown) >= 5 and any(_resembles(shown, value.casefold()) for value in proper[:2_000])
    return True


def _resembles(shown: str, value: str) -> bool:
    head = value[: len(shown) + 1]
    return head[:2] == shown[:2] and SequenceMatcher(None, shown, head).ratio() >= 0.8


def _is_code(text: str) -> bool:
    return 2 <= len(text) <= 8 and text.isascii() and text.isalnum() and text == text.upper() and any(map(str.isalpha, text))


def _shape(text: str) -> str:
    return re.sub(r"\d", "0", re.sub(r"[A-Z]", "A", text)) if len(text) > 3 else f"{len(text)}"


def _is_heading(text: str, at: int) -> bool:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    if line.lstrip().startswith("#"):
        return True
    end = text.find("\n", at)
    return line.lstrip().startswith("|") and bool(re.match(r"\n\|? *:?-", text[end : end + 8])) if end >= 0 else False
