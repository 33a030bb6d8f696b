"""A value of a parameter as a condition on a column of a result."""

from typing import Any

from nexus.views import values as typed
from nexus.views.parameter import DateParameter, DateRangeParameter, MultipleChoiceParameter, Parameter, TextParameter
from nexus.views.question import Filter


def compared(column: str, parameter: Parameter, value: Any) -> Filter | None:
    """A value of a parameter as a condition on a column: a text is looked for inside, several must hold one of them, days span a range."""
    if typed.empty(value):
        return None
    match parameter:
        case TextParameter():
            return Filter(column=column, operator="contains", value=value)
        case MultipleChoiceParameter():
            return Filter(column=column, operator="in", value=[value] if isinstance(value, str) else list(value))
        case DateRangeParameter():
            return Filter(column=column, operator="between", value=[day.isoformat() for day in value])
        case DateParameter():
            return Filter(column=column, value=value.isoformat())
        case _:
            return Filter(column=column, value=value)
