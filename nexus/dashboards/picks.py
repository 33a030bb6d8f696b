"""What people click in a panel to narrow the others: as values, and in an address. Whatever comes from outside passes `read`."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from nexus.errors import BadInput
from nexus.sources.spec import Identifier, Name, Table
from nexus.views import values as typed
from nexus.views.columns import unique_names
from nexus.views.question import Condition, Filter, FilterGroup

KEY = "g.pick"
"""Of an address: the picks as JSON, `[["by-carrier",[{"carrier":"AA"}]]]`."""
MOST_PICKS, MOST_POINTS, MOST_COLUMNS = 20, 50, 12
LONGEST, LONGEST_TEXT = 8_000, 500

Scalar = bool | int | float | str | None
Span = dict[Literal["from", "to"], int | float | str]
"""What lies in a bar of a histogram: from the first up to the last, and not that itself. Numbers, or days and moments in ISO's spelling."""
Value = Scalar | Span
Point = dict[str, Any]
"""Columns of a view's result and the value of each; None is an empty cell."""


class Pick(BaseModel, frozen=True, extra="forbid"):
    """The marks that are chosen in one panel. Other panels keep the rows that are like one of `points`."""

    panel: Name
    points: tuple[dict[Identifier, Value], ...] = Field(min_length=1, max_length=MOST_POINTS)


_midnight = re.compile(r"\d{4}-\d{2}-\d{2}(T00:00:00(\+00:00)?)?", re.ASCII)
_listed = TypeAdapter(tuple[tuple[Name, tuple[dict[Identifier, Value], ...]], ...])


def read(text: str) -> tuple[Pick, ...]:
    """Raises BadInput."""
    if not text:
        return ()
    try:
        if len(text) > LONGEST:
            raise ValueError
        found = _listed.validate_python(json.loads(text, parse_constant=_no_constant))
        picks = tuple(Pick(panel=panel, points=points) for panel, points in found)
        written(picks).encode()
        if len(picks) > MOST_PICKS or len({pick.panel for pick in picks}) < len(picks):
            raise ValueError
        for pick in picks:
            for point in pick.points:
                _check(point)
    except (ValueError, RecursionError, ValidationError):
        raise BadInput("What was clicked is not readable in the address, and was left out. Click it again.") from None
    return picks


def _no_constant(text: str) -> None:
    raise ValueError(text)


def _check(point: Mapping[str, Any]) -> None:
    """Raises ValueError for what no mark of a panel can be."""
    if not 0 < len(point) <= MOST_COLUMNS:
        raise ValueError
    for column, value in point.items():
        if any(isinstance(text, str) and (len(text) > LONGEST_TEXT or "\0" in text) for text in _scalars(value)):
            raise ValueError
        same(column, value)


def _scalars(value: Value) -> Sequence[Scalar]:
    return tuple(value.values()) if isinstance(value, dict) else (value,)


def written(picks: Sequence[Pick]) -> str:
    """As an address holds them; empty for none."""
    if not picks:
        return ""
    return json.dumps([[pick.panel, list(pick.points)] for pick in picks], ensure_ascii=False, separators=(",", ":"))


def same(column: str, value: Value) -> Condition:
    """Raises ValueError for a number that no database holds, and for what is no span."""
    if isinstance(value, dict):
        first, last = span(value)
        ends = (Filter(column=column, operator=">=", value=first), Filter(column=column, operator="<", value=last))
        return FilterGroup(match="all", filters=ends)
    if value is None:
        return Filter(column=column, operator="is empty")
    return Filter(column=column, value=value)


def span(value: Span) -> tuple[Any, Any]:
    """Where it begins, and what is past its end. Raises ValueError unless these are two numbers, or two days or moments, in their order."""
    if set(value) != {"from", "to"}:
        raise ValueError
    first, last = value["from"], value["to"]
    if isinstance(first, str) and isinstance(last, str):
        begin, end = datetime.fromisoformat(first), datetime.fromisoformat(last)
        # With a zone or without: one of each cannot be compared.
        in_order = (begin.tzinfo is None) == (end.tzinfo is None) and begin < end
    else:
        in_order = not isinstance(first, str) and not isinstance(last, str) and -math.inf < first < last < math.inf
    if not in_order:
        raise ValueError
    return first, last


def conditions(pick: Pick, columns: Sequence[str]) -> tuple[Condition, ...]:
    """What rows with `columns` must fulfil to be like one of the points, as far as they have their columns. Nothing where they have none."""
    known = [{column: value for column, value in point.items() if column in columns} for point in pick.points]
    if not all(known):
        return ()
    groups = [tuple(same(column, value) for column, value in point.items()) for point in known]
    if len(groups) == 1:
        return groups[0]
    return (FilterGroup(match="any", filters=tuple(FilterGroup(match="all", filters=group) for group in groups)),)


def toggled(picks: Sequence[Pick], panel: str, points: Sequence[Point]) -> tuple[Pick, ...]:
    """The picks once `points` are what is chosen in `panel`; the same ones once more take the choice back."""
    before = next((pick for pick in picks if pick.panel == panel), None)
    others = tuple(pick for pick in picks if pick.panel != panel)
    wanted = tuple(points)[:MOST_POINTS]
    if not wanted or (before is not None and before.points == wanted):
        return others
    return (*others, Pick(panel=panel, points=wanted))[-MOST_PICKS:]


def words(pick: Pick) -> str:
    """As a chip says it: `carrier: AA`, `month: 1 Jun 2013 · origin: JFK`."""
    if len(pick.points) > 1 and len({tuple(point) for point in pick.points}) == 1 and len(pick.points[0]) == 1:
        (column,) = pick.points[0]
        return f"{column}: {', '.join(_word(point[column]) for point in pick.points)}"
    return " or ".join(" · ".join(f"{column}: {_word(value)}" for column, value in point.items()) for point in pick.points)


def _word(value: Value) -> str:
    if isinstance(value, dict):
        return _span_in_words(*span(value))
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and _midnight.fullmatch(value) and (day := _day(value[:10])) is not None:
        return typed.day(day)
    return str(value)[:80]


def _day(text: str) -> date | None:
    """None for a text that only looks like a day, as `2013-02-31`: it is a text like any other."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _span_in_words(first: Any, last: Any) -> str:
    """`10 to below 20`, and of whole days `1 Jun 2013 to 30 Jun 2013`."""
    if (days := whole_days(first, last)) is None:
        return f"{_word(first)} to {'before' if isinstance(last, str) else 'below'} {_word(last)}"
    words = dict.fromkeys(map(typed.day, days))
    return " to ".join(words)


def whole_days(first: Any, last: Any) -> tuple[date, date] | None:
    """The first and the last day of a span, where it is made of whole ones."""
    if not isinstance(first, str) or not isinstance(last, str):
        return None
    ends = [datetime.fromisoformat(end) for end in (first, last)]
    if any(end.time() != time() for end in ends):
        return None
    return ends[0].date(), ends[1].date() - timedelta(days=1)


def scalar(value: Any) -> Scalar:
    """A cell as a pick holds it. Raises ValueError for what cannot be compared by equality: lists, documents, bytes."""
    match value:
        case None | bool():
            return value
        case int():
            return value if -(2**53) < value < 2**53 else str(value)
        case float() | Decimal():
            return _number(value)
        case str() if len(value) <= LONGEST_TEXT:
            return value
        case datetime() | date():
            return value.isoformat()
        case _:
            raise ValueError


def _number(value: float | Decimal) -> Scalar:
    if not math.isfinite(value):
        raise ValueError
    whole = int(value)
    if whole == value and -(2**53) < whole < 2**53:
        return whole
    return str(value) if isinstance(value, Decimal) else value


def point_of(table: Table, row: Sequence[Any], columns: Sequence[str]) -> Point:
    """The values of `columns` in a row, without those that cannot be compared."""
    names, made = unique_names(table.columns), {}
    for column in columns:
        if column in names:
            try:
                made[column] = scalar(row[names.index(column)])
            except ValueError:
                continue
    return made
