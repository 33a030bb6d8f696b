"""Relative dates, as `last 30 days`, by the database's own clock and cut into days in the source's time zone.

The column stands alone on its side, so that an index on it serves, be it of dates or of moments.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column
from sqlalchemy.sql.elements import ColumnClause

from nexus.errors import BadInput
from nexus.views.parameter import PERIOD

Moment = ColumnElement[Any]


def within(of: ColumnElement[Any], period: str) -> ColumnElement[bool]:
    """Raises BadInput for what is no relative date."""
    if not PERIOD.fullmatch(period):
        raise BadInput(f"“{period[:60]}” is not a relative date. Write one as `last 30 days`, `previous month` or `year to date`.")
    first, end = bounds(period)
    return and_(of >= first, of < end)


def bounds(period: str) -> tuple[Moment, Moment]:
    """The first moment of the period, and the first after it.

    Days and what is longer are cut: today is the last of the `last 30 days` and the first of the `next 7 days`, and this month
    the last of the `last 3 months`. Hours and minutes count from now.
    """
    words = period.split()
    match words:
        case ["today" | "yesterday" | "tomorrow"]:
            shift = {"today": 0, "yesterday": -1, "tomorrow": 1}[words[0]]
            return _shifted("day", shift), _shifted("day", shift + 1)
        case ["this" | "previous" | "next", unit]:
            shift = {"this": 0, "previous": -1, "next": 1}[words[0]]
            return _shifted(unit, shift), _shifted(unit, shift + 1)
        case [unit, "to", "date"]:
            return _shifted(unit, 0), _shifted("day", 1)
        case [direction, count, units]:
            return _counted(direction, int(count), units.removesuffix("s"))
        case _:
            raise ValueError(period)


def _counted(direction: str, count: int, unit: str) -> tuple[Moment, Moment]:
    if unit in ("minute", "hour"):
        now: Moment = func.now()
        return (now - _interval(unit, count), now) if direction == "last" else (now, now + _interval(unit, count))
    return (_shifted(unit, 1 - count), _shifted(unit, 1)) if direction == "last" else (_shifted(unit, 0), _shifted(unit, count))


def _shifted(unit: str, count: int) -> Moment:
    """The beginning of the present day, week …, so many of them later."""
    start: Moment = func.date_trunc(literal_column(f"'{unit}'"), func.now())
    if count == 0:
        return start
    return start + _interval(unit, count) if count > 0 else start - _interval(unit, -count)


def _interval(unit: str, count: int) -> ColumnClause[Any]:
    # Units and counts come from a pattern, so they may stand in the text.
    if unit == "quarter":
        unit, count = "month", 3 * count
    return literal_column(f"CAST('{count} {unit}{'' if count == 1 else 's'}' AS INTERVAL)")
