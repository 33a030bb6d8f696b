"""Values of a table as an axis takes them: figures without NaN or infinity, and moments in milliseconds."""

import math
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from nexus.views import format as written

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ONE_DAY = 86_400_000


def number(value: Any) -> float | int | None:
    """The figure, of a duration its seconds; None for what has no place on an axis."""
    match value:
        case bool() | None:
            return None
        case int():
            # Beyond 2^53 the browser's numbers lose digits anyway, and JSON readers differ.
            return value if abs(value) <= 2**53 else float(value) if abs(value) < 10**300 else None
        case float() | Decimal():
            return float(value) if written.finite(value) and -(10**300) < value < 10**300 else None
        case timedelta():
            return value.total_seconds()
        case _:
            return None


def order(value: Any) -> float:
    """A key to sort figures and moments by; what is neither comes first."""
    found = milliseconds(value) if isinstance(value, date) else number(value)
    return -math.inf if found is None else found


def milliseconds(value: Any) -> int | None:
    """Since 1970 in UTC; what has no zone is taken as it stands."""
    if isinstance(value, datetime):
        moment_ = value if value.tzinfo else value.replace(tzinfo=UTC)
    elif isinstance(value, date):
        moment_ = datetime(value.year, value.month, value.day, tzinfo=UTC)
    else:
        return None
    return int((moment_ - EPOCH) // timedelta(milliseconds=1))


def at(milliseconds_: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds_)


def step(values: Iterable[Any]) -> str:
    """How the moments of an axis are written, as short as their step allows; a format of d3 and of `moment`."""
    moments = {milliseconds(value) for value in values}
    days = [at(found) for found in sorted(found for found in moments if found is not None)]
    if any((day.hour, day.minute, day.second) != (0, 0, 0) for day in days):
        return "%H:%M" if days[-1] - days[0] < timedelta(days=1) else "%-d %b %H:%M"
    if all(day.day == 1 for day in days):
        return "%Y" if len(days) > 1 and all(day.month == 1 for day in days) else "%b %Y"
    return "%-d %b" if days and days[0].year == days[-1].year else "%-d %b %Y"


def moment(value: Any, step_: str) -> str:
    """A date or moment as its axis writes it; empty for anything else."""
    found = milliseconds(value)
    if found is None:
        return ""
    then = at(found)
    return then.strftime(step_.replace("%-d", str(then.day)))
