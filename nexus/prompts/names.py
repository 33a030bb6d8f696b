"""Names in an answer: those of the data with the rows that bear them, and those that are nowhere in what was sent."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import chain

from nexus.prompts import periods, strangers
from nexus.prompts.mentions import PARTED, TOKEN, Found, Mention, Place, Word, where
from nexus.prompts.sent import Column, Sent

LONGEST_NAME = 6
"""Words of an answer that are looked up together."""

_GAP = re.compile(r"[ '\u2019./&-]{0,3}|, | ?(?:\u2192|->|\u2013|\u2014) ?")
_TOO_COMMON = {
    "the", "new", "san", "los", "las", "saint", "north", "south", "west", "east", "great", "general", "grand", "port", "fort", "lake",
    "air", "airlines", "airways", "airport", "international", "intl", "regional", "county", "company", "corporation", "group", "lines",
    "national", "city", "united states", "other", "total", "none", "unknown", "name", "field", "municipal",
}  # fmt: skip


def find_names(text: str, sent: Sent) -> list[Mention]:
    """Each name of `text` (evened) in order, none inside another."""
    words = [Word(*found.span(), found.group()) for found in TOKEN.finditer(text)]
    found = Found()
    for mention in chain(periods.ranges(text, sent), _of_values(text, words, sent), periods.find(text, sent)):
        found.add(mention)
    strangers.add(text, words, sent, found)
    return sorted(found.mentions, key=lambda mention: mention.start)


def _runs(text: str, words: Sequence[Word]) -> dict[str, list[tuple[int, int]]]:
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


def _of_values(text: str, words: Sequence[Word], sent: Sent) -> Iterator[Mention]:
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
        yield Mention(words[first].start, words[after - 1].end, shown, places, where(places, sent))


def _written_as_name(shown: str, alias: str, exact: set[str]) -> bool:
    if len(alias) <= 3:
        return shown in exact
    return shown[0].isupper() or shown[0].isdigit() or not shown[0].isascii() or any(character.isdigit() for character in shown)


def _rows_by_value(column: Column) -> dict[str, list[int]]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, value in enumerate(column.texts):
        if value and len(value) <= 120:
            rows[value].append(row)
    return rows


def _aliases(value: str) -> Iterator[tuple[str, int, bool]]:
    """What a value may be called, squashed; which part of it that is, and whether it is all of it."""
    tokens = [token.casefold() for token in TOKEN.findall(value)]
    if not tokens or (len(tokens) == 1 and len(tokens[0]) == 1):
        return
    yield "".join(tokens), 0, True
    parts = PARTED.split(value)
    if len(parts) > 1:
        for number, part in enumerate(parts, 1):
            if joined := "".join(token.casefold() for token in TOKEN.findall(part)):
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
        for token in TOKEN.findall(value)[1:]:
            word = token.casefold()
            if len(word) >= 5 and token[0].isupper() and word in runs and word not in _TOO_COMMON:
                values[word].append(rows)
    return {word: [row for rows in lists for row in rows] for word, lists in values.items() if len(lists) <= 2}
