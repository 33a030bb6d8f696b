"""Which tables go along with a question: all where there are few, else those that its words lead to. The same question, the same tables."""

import json
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

from pydantic import BaseModel

from nexus.sources.catalog import CatalogTable

MOST_TABLES = 40
"""Whose columns go along."""
NEIGHBOURS_OF = 8
"""The first tables, of which those that their keys lead to go along."""
ALIKE = 5
"""Letters that two words begin with alike to count as one: `delayed` and `delays`, `aviones` and `aviation` do not."""
IN_NAME, IN_SCHEMA, IN_COLUMN, IN_COMMENT = 6.0, 1.0, 2.0, 1.0
_split = re.compile(r"[^\W_]+")
_humps = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Ranked(BaseModel, frozen=True, arbitrary_types_allowed=True):
    """`first` are those whose columns go along, the most fitting first; `rest` the others, likewise."""

    first: tuple[CatalogTable, ...]
    rest: tuple[CatalogTable, ...]


def words(text: str) -> list[str]:
    """Words as they are compared: without case, accents and the endings of a plural."""
    bare = _humps.sub(" ", text)
    if not bare.isascii():
        bare = "".join(sign for sign in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(sign))
    return [_stem(word) for word in _split.findall(bare.casefold())]


def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def choose(tables: Sequence[CatalogTable], *, text: str, wanted: Iterable[str] = (), most: int = MOST_TABLES) -> Ranked:
    """The tables in the order in which they fit `text`; `wanted` (as `schema.table`) come first whatever it says."""
    asked = set(wanted)
    score = _scores(tables, set(words(text)))
    order = sorted(tables, key=lambda table: (named(table) not in asked, -score[named(table)], -_weight(table), table.schema, table.name))
    if len(order) <= most:
        return Ranked(first=tuple(order), rest=())
    chosen = _with_neighbours(order, score, asked, most)
    there = {named(table) for table in chosen}
    return Ranked(first=tuple(chosen), rest=tuple(table for table in order if named(table) not in there))


def named(table: CatalogTable) -> str:
    return f"{table.schema}.{table.name}"


def _with_neighbours(order: list[CatalogTable], score: dict[str, float], asked: set[str], most: int) -> list[CatalogTable]:
    by_name = {named(table): table for table in order}
    fitting = [table for table in order if named(table) in asked or score[named(table)] > 0][:most]
    chosen = dict.fromkeys(named(table) for table in fitting[:NEIGHBOURS_OF])
    for table in fitting[:NEIGHBOURS_OF]:
        for key in table.foreign_keys:
            if (near := f"{key.schema}.{key.table}") in by_name:
                chosen.setdefault(near)
    for table in (*fitting, *order):
        if len(chosen) >= most:
            break
        chosen.setdefault(named(table))
    return [by_name[name] for name in list(chosen)[:most]]


def _weight(table: CatalogTable) -> int:
    """Where words say nothing, larger tables come first: the small ones are mostly lists of codes."""
    return table.estimated_rows or 0


def _scores(tables: Sequence[CatalogTable], asked: set[str]) -> dict[str, float]:
    """Of each table: how much of what is asked stands in it; a word that stands in few tables tells more."""
    found = {named(table): _found(table, asked) for table in tables}
    often = Counter(word for places in found.values() for word in places)
    return {
        name: sum(weight * math.log(1 + len(tables) / often[word]) for word, weight in sorted(places.items()))
        for name, places in found.items()
    }


def _found(table: CatalogTable, asked: set[str]) -> dict[str, float]:
    """Of the words asked, those that stand in the table, with the weight of the best place."""
    places: dict[str, float] = {}
    # Read without keeping: of thousands of tables few are looked into again.
    columns = json.loads(table.written)[0] or ()
    for text, weight in (
        (table.name, IN_NAME),
        (table.schema, IN_SCHEMA),
        (" ".join(str(column[0]) for column in columns), IN_COLUMN),
        (" ".join([table.comment, *(str(column[5] or "") for column in columns)]), IN_COMMENT),
    ):
        there = set(words(text))
        beginnings = {word[:ALIKE] for word in there if len(word) >= ALIKE}
        for word in asked:
            if word in there or word[:ALIKE] in beginnings:
                places[word] = max(places.get(word, 0.0), weight)
    return places
