"""Rows that an answer names by a time, a year, a day of the week, a number or a range: `in 2023`, `hour 17`, `those of 35 to 49`."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice

from nexus.prompts.mentions import Mention, Place, where
from nexus.prompts.moments import Moment, find_moments
from nexus.prompts.sent import Column, Sent

MOST_RANGES = 200
MOST_PERIODS = 1_000
_YEAR = re.compile(r"(?<![\w.,$€£+-])(?:19|20)\d\d(?![\w%]|[.,:]\d| ?%)")
_WEEKDAYS = {
    word: number
    for number, words in enumerate(
        ("monday lunes montag", "tuesday martes dienstag", "wednesday miércoles mittwoch", "thursday jueves donnerstag",
         "friday viernes freitag", "saturday sábado samstag", "sunday domingo sonntag")
    )
    for word in words.split()
}  # fmt: skip
_WEEKDAY = re.compile(rf"(?<!\w)(?:{'|'.join(_WEEKDAYS)})s?(?!\w)", re.I)
_RANGE = re.compile(r"(\d{1,6}) ?[-\u2013] ?(\d{1,6})")
_OPEN_RANGE = re.compile(r"(\d{1,6}) ?\+")
_BETWEEN = r" ?(?:[-\u2013]|to|and|bis|und|a|y) ?"
_MORE = r"(?: ?\+| (?:and|or|y|und|o|oder) (?:over|older|above|more|más|älter|mehr)(?!\w))"


def find(text: str, sent: Sent) -> Iterator[Mention]:
    """All but ranges, the longest way to say a time first."""
    known: dict[Moment, Mention | None] = {}
    for moment in islice(find_moments(text), MOST_PERIODS):
        same = replace(moment, start=0, end=0)
        if same not in known:
            known[same] = _of_moment(text, moment, sent)
        if at := known[same]:
            yield replace(at, start=moment.start, end=moment.end, text=text[moment.start : moment.end])
    yield from _keys(text, sent)
    yield from _years(text, sent)
    yield from _weekdays(text, sent)


def ranges(text: str, sent: Sent) -> Iterator[Mention]:
    """`35 to 49` and `65 and over`, where the data have `35-49` and `65+`."""
    for at, table in enumerate(sent.tables):
        for number in table.texts:
            column = table.columns[number]
            values: dict[str, list[int]] = {}
            for row, value in enumerate(column.texts):
                if len(value) <= 15 and value[:1].isdigit():
                    values.setdefault(value, []).append(row)
            for value, rows in list(values.items())[:MOST_RANGES]:
                closed, open_ = _RANGE.fullmatch(value), _OPEN_RANGE.fullmatch(value)
                if closed or open_:
                    said = f"{closed[1]}{_BETWEEN}{closed[2]}(?![\\d%])" if closed else f"{open_[1]}{_MORE}" if open_ else ""
                    places = {(at, number, 0): frozenset(rows)}
                    for found in re.finditer(rf"(?<![\w.,-]){said}", text, re.I):
                        yield Mention(*found.span(), found.group(), places, where(places, sent))


def _years(text: str, sent: Sent) -> Iterator[Mention]:
    """Years of a table that has several."""
    known: dict[str, dict[Place, frozenset[int]]] = {}
    for found in islice(_YEAR.finditer(text), MOST_PERIODS):
        year = found.group()
        if year not in known:
            known[year] = _places(sent, partial(_of_year, year=int(year)))
        if known[year]:
            yield Mention(*found.span(), year, known[year], where(known[year], sent), is_moment=True)


def _places(sent: Sent, rows_of: Callable[[Column], list[int]]) -> dict[Place, frozenset[int]]:
    return {
        (at, number, 0): frozenset(rows)
        for at, table in enumerate(sent.tables)
        for number, column in enumerate(table.columns)
        if (rows := rows_of(column))
    }


def _of_year(column: Column, year: int) -> list[int]:
    if column.is_key and column.name.lower().endswith(("year", "año", "jahr")):
        return column.between(year, year)
    rows = [row for row, day in enumerate(column.dates) if day and day.year == year] if column.kind == "date" else []
    return rows if len(rows) < sum(day is not None for day in column.dates) else []


def _weekdays(text: str, sent: Sent) -> Iterator[Mention]:
    known: dict[int, dict[Place, frozenset[int]]] = {}
    for found in islice(_WEEKDAY.finditer(text), MOST_PERIODS):
        word = found.group().lower()
        day = _WEEKDAYS[word if word in _WEEKDAYS else word.removesuffix("s")]
        if day not in known:
            known[day] = _places(sent, partial(_of_weekday, weekday=day))
        if known[day]:
            yield Mention(*found.span(), found.group(), known[day], where(known[day], sent), is_moment=True)


def _of_weekday(column: Column, weekday: int) -> list[int]:
    """Rows of that day of the week; none where all are of one day of the month, as a month's first day stands for the month."""
    if column.kind != "date" or len({day.day for day in column.dates if day}) < 2:
        return []
    return [row for row, day in enumerate(column.dates) if day and day.weekday() == weekday]


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
        where(places, sent) if places else "It stands in the prompt." if in_words else "", is_moment=True, in_words=in_words,
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
                    yield Mention(*found.span(), found.group(), places, where(places, sent), is_moment=True)
