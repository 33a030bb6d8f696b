"""What a page's filters and order leave of a view, and one page of it, each as one statement: for files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from nexus.accounts.spec import Permission, User, require
from nexus.errors import BadInput
from nexus.sources import catalog
from nexus.sources.catalog import quoted
from nexus.sources.spec import Query
from nexus.views import behind, page_filters
from nexus.views.keyset import Place, Segment, beyond, bound, segments
from nexus.views.page import SIZES, Page, WrongPlace, read_filters, read_order, read_place
from nexus.views.paging import parts_of, read_page
from nexus.views.question import Condition, FilterGroup
from nexus.views.reading import Reading, reading_of
from nexus.views.service import OpenView, query_of

WHICH = ("g.where", "g.order", behind.KEY)
"""Keys of a page's address that say which of the view's rows it shows, and in which order."""
WHERE_IT_LIES = ("g.size", "g.after", "g.before", "g.last", "g.at")
"""Keys that say which page of them."""
PART = "export.part"
"""`page` for the rows of that page alone; else everything that the filters leave."""


@dataclass(frozen=True)
class Excerpt:
    page: Page
    alone: bool = False
    """The rows of this page, and not those before and behind it."""
    behind: str = ""
    """As an address says: not the view's own rows, but those that its figures are made of."""

    @classmethod
    def read(cls, given: Mapping[str, Sequence[str]]) -> Self:
        """Of the texts of an address. Raises BadInput: who takes a file is not given other rows than asked for."""
        said = {key: texts[-1] for key, texts in given.items() if texts and texts[-1]}
        alone = said.get(PART, "everything")
        if alone not in ("page", "everything"):
            raise BadInput("A file holds `page` or `everything`. Start the download again from the page.")
        size = said.get("g.size", "100")
        if size not in {str(one) for one in SIZES}:
            raise BadInput("The address names a size that no page has. Start the download again from the page.")
        # As the page itself reads them: the first of these that is there.
        places: list[tuple[str, Any]] = [(key, said[f"g.{key}"]) for key in ("after", "before", "last", "at") if f"g.{key}" in said]
        place = {key: key == "last" or text for key, text in places[:1]} if alone == "page" else {}
        page = Page(order=read_order(said.get("g.order", "")), where=read_filters(said.get("g.where", "[]")), size=int(size), **place)
        return cls(page, alone == "page", said.get(behind.KEY, ""))

    @property
    def whole(self) -> bool:
        """Everything, as the view itself has it."""
        return not (self.alone or self.page.where or self.page.order or self.behind)

    def words(self) -> list[tuple[str, str]]:
        """What is not everything about it, as label and text."""
        order = ", ".join(one.column + (", descending" if one.descending else "") for one in self.page.order)
        said = [
            ("Filtered by", " and ".join(words(one) for one in self.page.where if not one.off)),
            ("Ordered by", order),
            ("Rows", "Those behind its figures" if self.behind else ""),
            ("Part", f"One page of up to {self.page.size:,} rows, not everything" if self.alone else ""),
        ]
        return [(label, text) for label, text in said if text]


def words(one: Condition) -> str:
    """A condition as people read it."""
    if isinstance(one, FilterGroup):
        inside = [words(inner) for inner in one.filters if not inner.off]
        return (
            f"none of ({', '.join(inside)})"
            if one.match == "none"
            else "(" + (" and " if one.match == "all" else " or ").join(inside) + ")"
        )
    if one.value is None:
        return f"{one.column} {one.operator}"
    value = ", ".join(map(str, one.value)) if isinstance(one.value, list | tuple) else str(one.value)
    return f"{one.column} {one.operator} {value}"


def query_of_excerpt(opened: OpenView, *, reader: User, values: Mapping[str, Any], excerpt: Excerpt, fresh: bool = False) -> Query:
    """The columns that the view shows, under their own names; `fresh` looks at the source's tables again.

    Raises BadInput, WrongPlace, and what `sources.run` raises.
    """
    require(reader, Permission.SEE)
    if fresh:
        catalog.tables(opened.source, reader=reader, fresh=True)
    if excerpt.whole:
        return query_of(opened, reader=reader, values=values)
    opened = behind.asked_for(opened, reader=reader, said=excerpt.behind)
    reading = reading_of(opened.view, opened.source, reader=reader, values=values, fresh=fresh)
    where, given = page_filters.compiled(reading, excerpt.page.where)
    if excerpt.alone:
        return _one_page(opened, reading, excerpt.page, where, given, reader=reader, values=values)
    parts = parts_of(reading, excerpt.page.order)[: len(excerpt.page.order or reading.default)]
    order = ", ".join(part.order(False) for part in parts)
    return reading.query(
        f"select {_shown(reading)}\nfrom {reading.inner}"
        + (f"\nwhere {' and '.join(where)}" if where else "")
        + (f"\norder by {order}" if order else ""),
        **given,
    )


def _shown(reading: Reading) -> str:
    return ", ".join(f"v.c{at} as {quoted(column.name)}" for at, column in enumerate(reading.columns[: reading.shown]))


def _one_page(
    opened: OpenView, reading: Reading, page: Page, where: list[str], given: dict[str, Any], *, reader: User, values: Mapping[str, Any]
) -> Query:
    """Read once as the page reads it, mostly from what is kept, to know where it begins and how many rows it has."""
    shown = read_page(opened, reader=reader, values=values, page=page)
    if page.after is None and shown.previous is None and shown.note:
        raise BadInput(shown.note)
    parts = parts_of(reading, page.order)
    begins = page.after if page.after is not None else shown.previous
    start = None if begins is None else read_place(begins, parts)
    count = len(shown.rows)
    unique = reading.unique and start is not None and len(start.values) == len(parts)
    pieces: list[str] = []
    values_of_place: dict[str, str] = {}
    for number, segment in enumerate(segments(parts, backwards=False)):
        if start is not None and not pieces and not segment.holds(start):
            continue
        first = start if not pieces else None
        if first is not None:
            values_of_place = bound(segment.parts, segment.values(first), prefix="_k")
        pieces.append(_piece(reading, segment, where, first, unique=unique, number=number, count=count))
    if not pieces:
        raise WrongPlace()
    sql = (
        f"select {_shown(reading)}\nfrom (\n"
        + "\nunion all\n".join(pieces)
        + f'\n) v order by v."nexus piece", v."nexus place" limit {count}'
    )
    return reading.query(sql, **given, **values_of_place)


def _piece(reading: Reading, segment: Segment, where: list[str], start: Place | None, *, unique: bool, number: int, count: int) -> str:
    conditions, offset = [*where, segment.condition], 0
    if start is not None:
        place = segment.values(start)
        offset = 0 if unique else start.passed
        inclusive = not (unique and start.passed)
        conditions.append(beyond(segment.parts, place, prefix="_k", backwards=False, inclusive=inclusive))
    condition = " and ".join(filter(None, conditions))
    order = ", ".join(part.order(False) for part in segment.parts)
    return (
        f'select v.*, {number} as "nexus piece", row_number() over () as "nexus place" from (select v.* from {reading.inner}'
        + (f" where {condition}" if condition else "")
        + (f" order by {order}" if order else "")
        + (f" offset {offset}" if offset else "")
        + f" limit {count}) v"
    )
