"""Pages of a view's rows: first, next, previous, last, and from a value on. No page counts or skips the rows before it."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.errors import BadInput
from nexus.sources.run import run
from nexus.sources.shortening import shortened
from nexus.sources.spec import QueryFailed, QueryTooBig, Table
from nexus.views import page_filters
from nexus.views import values as typed
from nexus.views.afresh import over
from nexus.views.keyset import KeyPart, Place, Segment, Values, beyond, bound, same, segments, sortable
from nexus.views.page import LONGEST_VALUE, NoSuchValue, Page, WrongOrder, WrongPlace, read_place, written_place, written_row
from nexus.views.question import OrderBy
from nexus.views.reading import Reading, directed, part_of
from nexus.views.runs import observed
from nexus.views.service import OpenView

Cancelled = Callable[[], bool] | None


@dataclass(frozen=True)
class PageOfRows:
    """`previous` and `next` are places for `Page.before` and `Page.after`; None where nothing lies there.

    `names` tell the columns of `table` apart; `orderable` are those to order by. `order` is the one that holds, with the
    view's own where none was asked for. `rows` name each row for `views.rows.find_row`; None where it cannot be found again.
    """

    table: Table
    names: tuple[str, ...]
    orderable: frozenset[str]
    order: tuple[OrderBy, ...]
    previous: str | None
    next: str | None
    keys: tuple[Values, ...] = field(repr=False)
    note: str
    """Why there is no next or previous page where rows lie there; empty otherwise."""
    reading: Reading = field(repr=False)
    shortened: bool = False
    """Whether long values of `table` are cut, since a row with all of them is too big to be read."""

    @property
    def begins_at(self) -> str:
        """The column whose values a page can begin at: that of the order, or the key by which rows lie without one; empty where there is none."""
        if self.order:
            return self.order[0].column
        reading = self.reading
        by_key = reading.unique and not reading.default and reading.ties and reading.ties[0].expression.startswith("v.c")
        at = _at(reading.ties[0]) if by_key else reading.shown
        return reading.names[at] if at < reading.shown and reading.names[at] in reading.orderable else ""

    @cached_property
    def rows(self) -> tuple[str | None, ...]:
        return tuple(written_row(key) if key else None for key in self.keys)


Row = tuple[Any, ...]
"""The columns of the reading, then what its key takes beside them."""

TextOf = Callable[[Row], str | None]
AS_THEY_ARE = frozenset(("smallint", "integer", "bigint", "text", "character varying", "uuid", "date"))
"""Types of which a value as the driver gives it, as text, is what the database writes: nothing is fetched twice for a key of them."""


def _text_at(place: int) -> TextOf:
    """Of a text no more than what tells it from others; no page begins at a longer one."""

    def text(row: Row) -> str | None:
        value = row[place]
        return None if value is None else str(value)[: LONGEST_VALUE + 1]

    return text


def read_page(
    opened: OpenView,
    *,
    reader: User,
    values: Mapping[str, Any],
    page: Page,
    fresh: bool = False,
    cancelled: Cancelled = None,
) -> PageOfRows:
    """Raises BadInput for a filter or value that does not fit, WrongOrder, WrongPlace, and what `sources.run` raises."""
    require(reader, Permission.SEE)
    found: list[PageOfRows] = []

    def rows() -> Table:
        found.append(over(opened, reader=reader, values=values, ask=lambda of: _page(of, reader, page, fresh, cancelled)))
        return found[0].table

    observed(
        reader,
        source=opened.source.name,
        view=opened.view.name,
        view_version=opened.version,
        parameters=lambda: typed.unparse(opened.view.parameters, values),
        purpose="page",
        ask=rows,
    )
    return found[0]


_long: deque[tuple[str, str, str]] = deque(maxlen=64)
"""Statements whose rows were too big with all of their values: the next time that is not tried again."""


def _page(reading: Reading, reader: User, page: Page, fresh: bool, cancelled: Cancelled) -> PageOfRows:
    """With the values as they are; where a row of them is too big, with their beginnings."""
    statement = (reading.source.name, reading.source.revision, reading.sql)
    if statement not in _long:
        try:
            return _Reader(reading, reader, page, fresh, cancelled).page()
        except QueryTooBig:
            _long.append(statement)
    return _Reader(reading, reader, page, fresh, cancelled, short=True).page()


def cells_of(reading: Reading, *, short: bool) -> str:
    """What is fetched of the columns of the row `v`; with `short` the beginnings of long values."""
    if not short:
        return "v.*"
    return ", ".join(shortened(f"v.c{at}", column.type_name) for at, column in enumerate(reading.columns))


def parts_of(reading: Reading, order: Sequence[OrderBy]) -> tuple[KeyPart, ...]:
    """The whole order: what was asked for, or the view's own, and what makes it complete. Raises WrongOrder for a column that cannot be ordered by."""
    chosen = [_chosen(reading, one) for one in order] or list(reading.default)
    known = {part.expression for part in chosen}
    # In the direction of the last, so that an index over both serves it.
    descending = bool(chosen) and chosen[-1].descending
    ties = [directed(part, descending=descending) for part in reading.ties if part.expression not in known]
    return (*chosen, *ties) or (KeyPart("", "md5(cast(v as text))", "text", nullable=False),)


def _chosen(reading: Reading, one: OrderBy) -> KeyPart:
    at = reading.place_of(one.column)
    if at is None:
        raise WrongOrder(f"There is no column `{one.column[:60]}` to order by. Choose another.")
    if not sortable(reading.columns[at]):
        raise WrongOrder(f"`{one.column[:60]}` is of the type {reading.columns[at].type_name}, which has no order. Choose another column.")
    return directed(part_of(reading, at), descending=one.descending)


class _Changed(QueryFailed):
    """Other columns than those that were remembered."""


class _Reader:
    """Reads one page."""

    def __init__(self, reading: Reading, reader: User, page: Page, fresh: bool, cancelled: Cancelled, *, short: bool = False) -> None:
        self.reading, self.reader, self.asked, self.fresh, self.cancelled = reading, reader, page, fresh, cancelled
        self.short = short
        self.parts = parts_of(reading, page.order)
        self.fetched: list[str] = []
        """Beside the columns of the reading, for the keys of the rows."""
        self.key_texts = [self._text_of(part.expression, part.type_name) for part in self.parts]
        self.name_texts = [self._text_of(f"v.c{at}", reading.columns[at].type_name) for at in reading.key]
        self.where, self.bound = page_filters.compiled(reading, page.where)
        # One row more than shown tells whether there is another page.
        self.size = max(1, min(page.size, reading.source.limits.max_rows - 1))
        self.tables: list[Table] = []
        self.cut = False

    def _text_of(self, expression: str, type_name: str) -> TextOf:
        """How a row tells the text of `expression`; it is fetched where no column is that already."""
        columns = len(self.reading.columns)
        if type_name in AS_THEY_ARE and expression.startswith("v.c"):
            return _text_at(int(expression.removeprefix("v.c")))
        # A long text is told from others by its beginning.
        wanted = f"left(cast({expression} as text), {LONGEST_VALUE + 1})"
        if wanted not in self.fetched:
            self.fetched.append(wanted)
        return _text_at(columns + self.fetched.index(wanted))

    def page(self) -> PageOfRows:
        asked = self.asked
        try:
            if asked.at is not None:
                return self._forwards(Place((page_filters.as_text(self.reading.columns[_at(self.parts[0])], asked.at),)))
            if asked.after is not None:
                return self._forwards(read_place(asked.after, self.parts))
            if asked.before is not None:
                return self._backwards(read_place(asked.before, self.parts))
        except _Changed:
            raise
        except (BadInput, QueryFailed) as error:
            if asked.at is not None:
                raise NoSuchValue(f"{error.message} This is the first page.") from error
            # Of a forged or old place: its values are none of their columns'.
            raise WrongPlace() from error
        return self._backwards(None) if asked.last else self._forwards(None)

    def _forwards(self, start: Place | None) -> PageOfRows:
        rows = self._read(start, backwards=False)
        shown = rows[: self.size]
        more = len(rows) > self.size or self.cut
        return self._made(shown, start=start, end=self._end(shown, start) if more and shown else None)

    def _backwards(self, end: Place | None) -> PageOfRows:
        rows = self._read(end, backwards=True)
        more = len(rows) > self.size or self.cut
        if len(rows) < self.size and not more:
            # So near to the beginning that it is the first page.
            return self._forwards(None)
        shown = rows[: self.size][::-1]
        return self._made(shown, start=self._start(shown, end, rows[self.size :]) if more and shown else None, end=end)

    def _end(self, shown: list[Row], start: Place | None) -> Place:
        """After the last row."""
        key = self._key(shown[-1])
        if self.reading.unique:
            return Place(key, 1)
        alike = sum(1 for row in shown if self._key(row) == key)
        return Place(key, alike + (start.passed if start and start.values == key else 0))

    def _start(self, shown: list[Row], end: Place | None, before: list[Row]) -> Place:
        """Before the first row. How many rows like it come earlier is only asked where there is one."""
        key = self._key(shown[0])
        if self.reading.unique or not before or self._key(before[0]) != key:
            return Place(key, 0)
        there = sum(1 for row in shown if self._key(row) == key)
        if end is not None and end.values == key:
            return Place(key, max(0, end.passed - there))
        return Place(key, max(0, self._count(key) - there))

    # --- queries ------------------------------------------------------------------------------------------

    def _read(self, place: Place | None, *, backwards: bool) -> list[Row]:
        """As many rows as a page shows and one more, in the direction of reading."""
        unique = self.reading.unique and place is not None and len(place.values) == len(self.parts)
        rows: list[Row] = []
        if backwards and place is not None and place.passed and not unique:
            condition = same(self.parts, place.values, prefix="_k")
            rows += self._ask(Segment(self.parts, condition), bound(self.parts, place.values, prefix="_k"), backwards, place.passed)
        inclusive = bool(place) and place is not None and (place.passed > 0) == backwards if unique else not backwards
        reached = place is None
        for segment in segments(self.parts, backwards=backwards):
            if len(rows) > self.size or self.cut:
                break
            if not reached and place is not None:
                if not segment.holds(place):
                    continue
                reached = True
                values = segment.values(place)
                condition = beyond(segment.parts, values, prefix="_k", backwards=backwards, inclusive=inclusive)
                part = replace(segment, condition=" and ".join(filter(None, [segment.condition, condition])))
                offset = 0 if backwards or unique else place.passed
                rows += self._ask(part, bound(segment.parts, values, prefix="_k"), backwards, self.size + 1 - len(rows), offset)
            else:
                rows += self._ask(segment, {}, backwards, self.size + 1 - len(rows))
        return rows

    def _ask(self, segment: Segment, values: Mapping[str, Any], backwards: bool, wanted: int, offset: int = 0) -> list[Row]:
        wanted = min(wanted, self.size + 1)
        where = " and ".join(filter(None, [*self.where, segment.condition]))
        order = ", ".join(part.order(backwards) for part in segment.parts)
        sql = (
            f"select {', '.join([cells_of(self.reading, short=self.short), *self.fetched])}\nfrom {self.reading.inner}"
            + (f"\nwhere {where}" if where else "")
            + (f"\norder by {order}" if order else "")
            + (f"\noffset {offset}" if offset else "")
        )
        table = self._run(sql, values, wanted)
        if len(table.columns) != len(self.reading.columns) + len(self.fetched):
            # They were remembered, and others have come since: the keys would stand elsewhere.
            raise _Changed("The columns of this view have changed. Refresh to read it again.")
        self.cut = table.truncated and len(table.rows) < wanted
        return table.rows

    def _key(self, row: Row) -> Values:
        return tuple(text(row) for text in self.key_texts)

    def _count(self, key: Values) -> int:
        where = " and ".join([*self.where, same(self.parts, key, prefix="_k")])
        table = self._run(f"select count(*) from {self.reading.inner} where {where}", bound(self.parts, key, prefix="_k"), 1)
        self.tables.pop()
        return int(table.rows[0][0])

    def _run(self, sql: str, values: Mapping[str, Any], wanted: int) -> Table:
        query = self.reading.query(sql, **self.bound, **values)
        table = run(self.reading.source, query=query, reader=self.reader, max_rows=wanted, fresh=self.fresh, cancelled=self.cancelled)
        self.tables.append(table)
        return table

    # --- answer -------------------------------------------------------------------------------------------

    def _made(self, rows: list[Row], *, start: Place | None, end: Place | None) -> PageOfRows:
        reading, shown = self.reading, self.reading.shown
        previous, before = self._place(start)
        following, after = self._place(end)
        first = self.tables[0]
        table = first.model_copy(
            update={
                "query": reading.query(reading.sql),
                "columns": reading.columns[:shown],
                "rows": [row[:shown] for row in rows],
                "truncated": self.cut,
                "truncated_because": first.truncated_because if self.cut else "",
                "elapsed_ms": sum(table.elapsed_ms for table in self.tables),
                "cached": all(table.cached for table in self.tables),
            }
        )
        return PageOfRows(
            table=table,
            names=reading.names,
            orderable=reading.orderable,
            order=self._order(),
            previous=previous,
            next=following,
            keys=self._keys(rows),
            note=before or after,
            reading=reading,
            shortened=self.short,
        )

    def _place(self, place: Place | None) -> tuple[str | None, str]:
        """The place as an address holds it, or why there is none."""
        try:
            return (None if place is None else written_place(place, self.parts)), ""
        except BadInput as error:
            return None, error.message

    def _order(self) -> tuple[OrderBy, ...]:
        if self.asked.order:
            return self.asked.order
        named = [(_at(part), part.descending) for part in self.reading.default]
        return tuple(OrderBy(column=self.reading.names[at], descending=down) for at, down in named if at < self.reading.shown)

    def _keys(self, rows: list[Row]) -> tuple[Values, ...]:
        """What each row is found again by; nothing where there is no key."""
        if len(self.name_texts) == 1:
            (text,) = self.name_texts
            return tuple([(text(row),) for row in rows])
        return tuple([tuple([text(row) for text in self.name_texts]) for row in rows])


def _at(part: KeyPart) -> int:
    """The place of the column that a part of the view's own or chosen order is."""
    return int(part.expression.removeprefix("v.c")) if part.expression.startswith("v.c") else 0
