"""Relative dates, as `last 30 days` or `previous month`, as the days that they mean today."""

from datetime import date, timedelta

from nexus.views.parameter import PERIOD

PERIODS = (
    "today", "yesterday", "last 7 days", "last 30 days", "last 90 days", "last 12 months",
    "this week", "this month", "this quarter", "this year",
    "previous week", "previous month", "previous quarter", "previous year",
    "month to date", "quarter to date", "year to date",
)  # fmt: skip
"""Those that people mostly want, to be offered; any that `PERIOD` takes can be written."""

_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def days_of(words: str, today: date) -> tuple[date, date]:
    """The first and the last day. Minutes and hours mean the days that they touch. Raises ValueError for anything else."""
    if not PERIOD.fullmatch(words):
        raise ValueError(f"{words!r} is not a relative date")
    if words in ("today", "yesterday", "tomorrow"):
        day = today + timedelta(days={"today": 0, "yesterday": -1, "tomorrow": 1}[words])
        return day, day
    first, *rest = words.split()
    if rest == ["to", "date"]:
        return _start(first, today), today
    if len(rest) == 1:
        steps = {"this": 0, "previous": -1, "next": 1}[first]
        begins = _moved(rest[0], _start(rest[0], today), steps)
        return begins, _moved(rest[0], begins, 1) - timedelta(days=1)
    return _counted(first, int(rest[0]), rest[1].removesuffix("s"), today)


def _counted(direction: str, count: int, unit: str, today: date) -> tuple[date, date]:
    """Whole days, weeks, months …, of which the present one is the last or the first; hours and minutes count from now."""
    if unit in ("minute", "hour"):
        return (today, _moved(unit, today, count)) if direction == "next" else (_moved(unit, today, -count), today)
    present = today if unit == "day" else _start(unit, today)
    if direction == "next":
        return present, _moved(unit, present, count) - timedelta(days=1)
    return _moved(unit, present, 1 - count), _moved(unit, present, 1) - timedelta(days=1)


def _start(unit: str, day: date) -> date:
    """Of the week (Monday), month, quarter or year that holds `day`."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[unit]
    return day.replace(month=(day.month - 1) // months * months + 1, day=1)


def _moved(unit: str, day: date, steps: int) -> date:
    """`day` some units on or back, held inside the calendar; of a shorter month the last day."""
    try:
        if unit in _MONTHS:
            at = day.year * 12 + day.month - 1 + steps * _MONTHS[unit]
            first = date(at // 12, at % 12 + 1, 1)
            last = (date((at + 1) // 12, (at + 1) % 12 + 1, 1) - timedelta(days=1)).day
            return first.replace(day=min(day.day, last))
        each = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}[unit]
        return day + timedelta(days=(each * steps).days)
    except (ValueError, OverflowError):
        return date.min if steps < 0 else date.max
