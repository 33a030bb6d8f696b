"""Relative dates, as `last 30 days` or `previous month`, as the days that they mean today; and the period before another."""

from calendar import monthrange
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Shift:
    """How far an earlier period lies back: in whole months, or in days."""

    months: int = 0
    days: int = 0

    def forward(self, value: date) -> date | None:
        """The day, or moment, of the present period that `value` of the earlier one stands for; none where the month has no such day."""
        try:
            if self.days:
                return value + timedelta(days=self.days)
            at = value.year * 12 + value.month - 1 + self.months
            return value.replace(year=at // 12, month=at % 12 + 1)
        except (ValueError, OverflowError):
            return None


def before(first: date, last: date, *, year: bool) -> tuple[date, date, Shift] | None:
    """The days before those from `first` to `last`, as many, or as many months where these are whole; with `year`, those a year before.

    None where there are no such days.
    """
    whole = first.day == 1 and last == _month_end(last)
    months = 12 if year else (last.year - first.year) * 12 + last.month - first.month + 1 if whole else 0
    days = 0 if months else (last - first).days + 1
    if last < first or (first - date.min).days <= (months * 31 or days):
        return None
    if not months:
        return first - timedelta(days=days), first - timedelta(days=1), Shift(days=days)
    end = _moved("month", last, -months)
    return _moved("month", first, -months), _month_end(end) if last == _month_end(last) else end, Shift(months=months)


def words(first: date, last: date, *, brief: bool = False) -> str:
    """`12 May 2013`, or `1 March – 31 May 2013`; `1 Mar – 31 May 2013` where it is to be brief."""
    name = "%b" if brief else "%B"
    shown = f"{last.day} {last:{name}} {last.year}"
    if first == last:
        return shown
    year = "" if first.year == last.year else f" {first.year}"
    month = "" if not year and first.month == last.month else f" {first:{name}}"
    return f"{first.day}{month}{year} – {shown}"


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
