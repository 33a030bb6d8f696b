"""Names in an answer, and where each stands in the data."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from nexus.prompts.sent import Sent

Place = tuple[int, int, int]
"""A table, a column of it, and which part of a value such as `EWR → RIC` (0 is the whole)."""

TOKEN = re.compile(r"[^\W_]+")
PARTED = re.compile(r" ?(?:\u2192|->|\||/|\u2013|\u2014) ?| - ")


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
    is_faint: bool = False
    """May be a name, or just the word that begins a sentence."""

    @property
    def is_known(self) -> bool:
        return bool(self.places) or self.in_words


@dataclass(frozen=True)
class Word:
    start: int
    end: int
    text: str


class Found:
    def __init__(self) -> None:
        self.mentions: list[Mention] = []
        self._taken: set[int] = set()

    def add(self, mention: Mention) -> None:
        if not self.touches(mention.start, mention.end):
            self.mentions.append(mention)
            self._taken.update(range(mention.start, mention.end))

    def touches(self, start: int, end: int) -> bool:
        return any(at in self._taken for at in range(start, end))


def where(places: dict[Place, frozenset[int]], sent: Sent) -> str:
    parts = []
    for (table, column, _), rows in places.items():
        head = sent.tables[table]
        parts.append(f"`{head.columns[column].name}` of {rows_in_short(rows)} of `{head.block}`")
    return "; ".join(parts[:3])


def rows_in_short(rows: Iterable[int]) -> str:
    listed = sorted(rows)
    return f"row {listed[0] + 1}" if len(listed) == 1 else f"{len(listed):,} rows"
