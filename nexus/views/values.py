"""Values of parameters: from a URL, from a form, and back into a URL or a sentence.

A value has the type of its parameter: `str`, `int` or `float`, `bool`, `date`, a pair of dates, or a tuple
of `str`. None, or an empty tuple, means empty. Whatever comes from outside passes `parse` or `check`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, assert_never

from nexus.errors import BadInput
from nexus.views.parameter import (
    BooleanParameter,
    ChoiceParameter,
    DateParameter,
    DateRangeParameter,
    MultipleChoiceParameter,
    NumberParameter,
    Parameter,
    TextParameter,
)
from nexus.views.period import days_of

LONGEST_TEXT = 1_000
MOST_CHOICES = 1_000
MOST_KEYS = 200
EARLIEST, LATEST = date(1, 1, 1), date(9998, 12, 31)
"""A day more or less stays a date that Python and Postgres can hold."""
LARGEST = 2**63 - 1

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,25}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def label(parameter: Parameter) -> str:
    """What the filter bar calls it: the label, or the name made readable."""
    return parameter.label or parameter.name.replace("_", " ").capitalize()


def default(parameter: Parameter) -> Any:
    """The value that an absent one means; a relative date is resolved for today, as `in_zone` says which day that is."""
    match parameter:
        case DateParameter(default=str() as words):
            return days_of(words, today())[0]
        case DateRangeParameter(default=str() as words):
            return days_of(words, today())
        case _:
            return parameter.default


def moves(parameter: Parameter) -> bool:
    """Whether its default is another one tomorrow."""
    return isinstance(parameter, DateParameter | DateRangeParameter) and isinstance(parameter.default, str)


_zone: ContextVar[tzinfo] = ContextVar("zone", default=UTC)


@contextmanager
def in_zone(zone: tzinfo) -> Iterator[None]:
    """Relative dates inside mean the days of this zone: the reader's on a page, the source's elsewhere."""
    before = _zone.set(zone)
    try:
        yield
    finally:
        _zone.reset(before)


def today() -> date:
    return datetime.now(_zone.get()).date()


def empty(value: Any) -> bool:
    return value is None or value in ((), "")


def taken(parameter: Parameter, value: Any) -> Any:
    """A value of a filter or variable, as `parameter` takes it: one chosen text fills a parameter of several."""
    if isinstance(parameter, MultipleChoiceParameter) and isinstance(value, str):
        return (value,) if value else ()
    return value


def parse(parameters: Iterable[Parameter], given: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The value of each parameter, from the texts of a URL.

    An absent key means the default; an empty text means empty. Keys that belong to no parameter are left
    alone, since a page has others too. Raises BadInput naming the parameter. An empty required parameter
    is not refused here, so that the form can still be drawn; `compile` refuses it.
    """
    if len(given) > MOST_KEYS:
        raise BadInput(f"The address holds {len(given):,} values; {MOST_KEYS} are the most. Open the page again from its list.")
    values = {}
    for parameter in parameters:
        texts = given.get(parameter.name)
        if texts is None:
            values[parameter.name] = default(parameter)
            continue
        texts = [texts] if isinstance(texts, str) else list(texts)
        values[parameter.name] = _check(parameter, _of_texts(parameter, texts))
    return values


def unparse(parameters: Iterable[Parameter], values: Mapping[str, Any], *, for_good: bool = False) -> dict[str, list[str]]:
    """The keys and texts of a URL for what differs from the default.

    `for_good`: also what a relative default means now, so that the address means the same days wherever and whenever it is read.
    """
    given: dict[str, list[str]] = {}
    for parameter in parameters:
        value = values.get(parameter.name, default(parameter))
        if isinstance(value, list):
            value = tuple(value)
        if (value == default(parameter) or (empty(value) and empty(default(parameter)))) and not (for_good and moves(parameter)):
            continue
        given[parameter.name] = _texts(value)
    return given


def describe(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Label and text of each parameter, for the head of a PDF and for chips; an empty one reads `all`."""
    return [(label(parameter), _words(values.get(parameter.name))) for parameter in parameters]


def check(parameters: Iterable[Parameter], values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values, proven to fit their parameters; absent ones at their default.

    Raises BadInput naming the parameter, also for a value that no parameter takes. A choice whose values
    come from a view is only checked to be text: its list would cost a query, and what is not in the data
    finds nothing.
    """
    known = {parameter.name: parameter for parameter in parameters}
    unlisted = [name for name in values if name not in known]
    if unlisted:
        raise BadInput(f"There is no parameter `{str(unlisted[0])[:60]}`. Remove it, or reload the page.")
    return {name: _check(parameter, values[name]) if name in values else default(parameter) for name, parameter in known.items()}


def _of_texts(parameter: Parameter, texts: list[str]) -> Any:
    if isinstance(parameter, MultipleChoiceParameter):
        return tuple(text for text in texts if text != "")
    if len(texts) != 1:
        raise _wrong(parameter, "takes one value, not several")
    text = texts[0]
    if text == "":
        return None
    match parameter:
        case TextParameter() | ChoiceParameter():
            return text
        case NumberParameter():
            return _number(parameter, text)
        case BooleanParameter():
            if text not in ("true", "false"):
                raise _wrong(parameter, "must be true or false")
            return text == "true"
        case DateParameter():
            return _date(parameter, text)
        case DateRangeParameter():
            first, separator, last = text.partition("..")
            if not separator:
                raise _wrong(parameter, "must be two dates, as 2013-06-01..2013-08-31")
            return (_date(parameter, first), _date(parameter, last))
        case _:
            assert_never(parameter)


def _number(parameter: Parameter, text: str) -> float:
    text = text.strip()
    if len(text) > 400 or not _NUMBER.fullmatch(text):
        raise _wrong(parameter, "must be a number, as 12 or 0.5")
    return int(text) if _WHOLE.fullmatch(text) else float(text)


def _date(parameter: Parameter, text: str) -> date:
    try:
        if not _DATE.fullmatch(text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise _wrong(parameter, "must be a date, as 2013-06-01") from None


def _check(parameter: Parameter, value: Any) -> Any:
    if isinstance(parameter, MultipleChoiceParameter):
        return _several(parameter, value)
    if value is None:
        return None
    match parameter:
        case TextParameter():
            return _text(parameter, value)
        case ChoiceParameter():
            return _listed(parameter, _text(parameter, value))
        case NumberParameter():
            return _within(parameter, value)
        case BooleanParameter():
            if not isinstance(value, bool):
                raise _wrong(parameter, "must be true or false")
            return value
        case DateParameter():
            return _plausible(parameter, value)
        case DateRangeParameter():
            if not isinstance(value, tuple | list) or len(value) != 2:
                raise _wrong(parameter, "must be two dates, the first and the last day")
            first, last = _plausible(parameter, value[0]), _plausible(parameter, value[1])
            if first > last:
                raise _wrong(parameter, "ends before it begins")
            return (first, last)
        case _:
            assert_never(parameter)


def _several(parameter: MultipleChoiceParameter, value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, tuple | list):
        raise _wrong(parameter, "must be a list of values")
    if len(value) > MOST_CHOICES:
        raise _wrong(parameter, f"takes at most {MOST_CHOICES:,} values")
    return tuple(dict.fromkeys(_listed(parameter, _text(parameter, item)) for item in value))


def _text(parameter: Parameter, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(parameter, "takes one text")
    if len(value) > LONGEST_TEXT:
        raise _wrong(parameter, f"takes at most {LONGEST_TEXT:,} characters")
    if "\x00" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong(parameter, "holds a character that Postgres cannot read")
    return value


def _listed(parameter: ChoiceParameter | MultipleChoiceParameter, value: str) -> str:
    if parameter.choices.values and value not in parameter.choices.values:
        raise _wrong(parameter, "must be one of the values on its list")
    return value


def _within(parameter: NumberParameter, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(parameter, "must be a number")
    # Written so that NaN, which compares with nothing, is refused as well.
    if not -LARGEST <= value <= LARGEST:
        raise _wrong(parameter, "is too large, or is not a number")
    if parameter.minimum is not None and value < parameter.minimum:
        raise _wrong(parameter, f"must be at least {parameter.minimum:g}")
    if parameter.maximum is not None and value > parameter.maximum:
        raise _wrong(parameter, f"must be at most {parameter.maximum:g}")
    return value


def _plausible(parameter: Parameter, value: Any) -> date:
    # A datetime is a date to Python, and would be compared by the second in SQL.
    if type(value) is not date:
        raise _wrong(parameter, "must be a date")
    if not EARLIEST <= value <= LATEST:
        raise _wrong(parameter, f"must lie between the years {EARLIEST.year} and {LATEST.year}")
    return value


def _wrong(parameter: Parameter, reason: str) -> BadInput:
    return BadInput(f"“{label(parameter)}” (`{parameter.name}`) {reason}.")


def _texts(value: Any) -> list[str]:
    match value:
        case None | ():
            return [""]
        case bool():
            return ["true" if value else "false"]
        case (date() as first, date() as last):
            return [f"{first.isoformat()}..{last.isoformat()}"]
        case tuple():
            return [str(item) for item in value]
        case float() if value.is_integer():
            return [str(int(value))]
        case date():
            return [value.isoformat()]
        case _:
            return [str(value)]


def _words(value: Any) -> str:
    match value:
        case None | () | [] | "":
            return "all"
        case bool():
            return "yes" if value else "no"
        case (date() as first, date() as last):
            return day(first) if first == last else f"{day(first)} – {day(last)}"
        case tuple() | list():
            return ", ".join(str(item) for item in value)
        case date():
            return day(value)
        case _:
            return _texts(value)[0]


def day(value: date) -> str:
    """A date as people write it: `1 Jun 2013`."""
    return f"{value.day} {value:%b} {value.year:04d}"


def day_after(value: date) -> date:
    return value + timedelta(days=1)
