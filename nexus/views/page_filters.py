"""Filters over columns of a result, as conditions on the row `v`. Every value is bound, and compared as its column's type."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from nexus.errors import BadInput
from nexus.sources.spec import Column
from nexus.views import period
from nexus.views.keyset import UNLIMITED, sortable
from nexus.views.question import Condition, Filter, FilterGroup
from nexus.views.reading import Reading

MOST_VALUES = 1_000
INTEGERS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_FAR = re.compile(r"-?infinity|\d{5,7}-\d{2}-\d{2}([ T][\d:.+-]*)?|\d{4,5}-\d{2}-\d{2}([ T][\d:.+-]*)? BC", re.ASCII)
"""What databases have and calendars have not."""
_NEXT_DAY = {"<=": "<", ">": ">="}
"""Of a moment and a whole day: up to and with it, or after it, means the day after."""


def compiled(reading: Reading, where: Sequence[Condition]) -> tuple[list[str], dict[str, Any]]:
    """Conditions that all must hold, and their values. Raises BadInput that names the column."""
    filters = _Filters(reading)
    return [text for one in where if (text := filters.condition(one))], filters.bound


def as_text(column: Column, text: str) -> str:
    """`text` as a value of the column, as somebody typed it. Raises BadInput where it cannot be one."""
    text = text.strip() if column.kind != "text" else text
    wrong = BadInput(f"“{text[:60]}” is not a value of `{column.name}`, which is of the type {column.type_name}.")
    match column.kind:
        case "number":
            try:
                number = Decimal(text.replace(",", "").replace("−", "-"))
            except InvalidOperation:
                raise wrong from None
            if number.is_finite() and column.type_name in INTEGERS and number != number.to_integral_value():
                number = number.to_integral_value(rounding="ROUND_CEILING")
            return str(number)
        case "boolean":
            if text.lower() not in ("true", "false", "yes", "no"):
                raise wrong
            return "true" if text.lower() in ("true", "yes") else "false"
        case "date" | "time":
            if not _FAR.fullmatch(text) and not re.match(r"\d{4}-\d{2}(-\d{2})?", text):
                raise wrong
            return f"{text}-01" if re.fullmatch(r"\d{4}-\d{2}", text) else text
        case _:
            return text


class _Filters:
    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.bound: dict[str, Any] = {}

    def condition(self, one: Condition) -> str:
        if one.off:
            return ""
        if isinstance(one, FilterGroup):
            inner = [text for each in one.filters if (text := self.condition(each))]
            if not inner:
                return ""
            text = f"({(' or ' if one.match != 'all' else ' and ').join(inner)})"
            return f"({text} is not true)" if one.match == "none" else text
        return f"({self._filter(one)})"

    def _filter(self, one: Filter) -> str:
        at = self.reading.place_of(one.column)
        if at is None:
            raise BadInput(f"There is no column `{one.column[:60]}` to filter by. Remove this filter.")
        column, of = self.reading.columns[at], f"v.c{at}"
        match one.operator:
            case "is empty":
                # `is null` would look into a composite value, and ask whether each of its parts is.
                return f"{of} is not distinct from null"
            case "is not empty":
                return f"{of} is distinct from null"
            case "contains" | "starts with":
                return self._like(of, one)
            case "in":
                return f"{self._of(of, column)} in ({', '.join(self._value(column, one, value) for value in self._several(one))})"
            case "between":
                first, last = self._several(one)
                return f"{self._compared(column, of, '>=', one, first)} and {self._compared(column, of, '<=', one, last)}"
            case "within":
                return self._within(column, of, one)
            case _:
                return self._compared(column, of, one.operator, one, one.value)

    def _compared(self, column: Column, of: str, operator: str, one: Filter, value: Any) -> str:
        if operator not in ("=", "!=") and not sortable(column):
            raise BadInput(
                f"`{one.column}` is of the type {column.type_name}, which has no order; it can be filtered by `=` and `contains`."
            )
        if column.kind == "time" and isinstance(value, str | date) and _DATE.fullmatch(str(value)):
            return self._day(column, of, operator, one, date.fromisoformat(self._plausible(str(value), column)))
        bound = self._value(column, one, value)
        of = self._of(of, column)
        return f"{of} is distinct from {bound}" if operator == "!=" else f"{of} {operator} {bound}"

    def _day(self, column: Column, of: str, operator: str, one: Filter, day: date) -> str:
        """A moment compared with a whole day."""
        following = (day + timedelta(days=1)).isoformat()
        if operator in ("=", "!="):
            text = f"{of} >= {self._value(column, one, day.isoformat())} and {of} < {self._value(column, one, following)}"
            return text if operator == "=" else f"({text}) is not true"
        bound = self._value(column, one, following if operator in _NEXT_DAY else day.isoformat())
        return f"{of} {_NEXT_DAY.get(operator, operator)} {bound}"

    def _within(self, column: Column, of: str, one: Filter) -> str:
        if column.kind not in ("date", "time"):
            raise BadInput(f"`{one.column}` holds no dates; a relative date says nothing about it.")
        today = datetime.now(ZoneInfo(self.reading.source.timezone)).date()
        first, last = period.days_of(one.value, today)
        return f"{self._compared(column, of, '>=', one, first)} and {self._compared(column, of, '<=', one, last)}"

    def _plausible(self, text: str, column: Column) -> str:
        try:
            day = date.fromisoformat(text)
        except ValueError:
            day = date.max
        if not 1 <= day.year <= 9998:
            raise BadInput(f"“{text}” is not a day that `{column.name}` can be compared with. Give one as 2013-06-01.")
        return text

    def _like(self, of: str, one: Filter) -> str:
        if not isinstance(one.value, str | int | float):
            raise BadInput(f"The filter on `{one.column}` compares with one text.")
        pattern = re.sub(r"([\\%_])", r"\\\1", str(one.value)) + "%"
        return f"cast({of} as text) ilike {self._bind('%' + pattern if one.operator == 'contains' else pattern)}"

    def _several(self, one: Filter) -> Sequence[Any]:
        if not isinstance(one.value, list | tuple) or len(one.value) > MOST_VALUES:
            raise BadInput(f"The filter on `{one.column}` takes a list of at most {MOST_VALUES:,} values.")
        return one.value

    def _of(self, of: str, column: Column) -> str:
        """What has no equality of its own is compared as text."""
        return of if sortable(column) else f"cast({of} as text)"

    def _value(self, column: Column, one: Filter, value: Any) -> str:
        if isinstance(value, list | tuple | dict) or value is None:
            raise BadInput(f"The filter on `{one.column}` compares with one value by `{one.operator}`, not with a list.")
        if isinstance(value, bool) != (column.kind == "boolean") and column.kind == "boolean":
            value = as_text(column, str(value))
        if column.kind == "number":
            return self._number(column, one, value)
        text = {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)
        if column.kind in ("date", "time"):
            text = as_text(column, text)
            if not _FAR.fullmatch(text):
                self._plausible(text[:10], column)
        kind = UNLIMITED.get(column.type_name, column.type_name) if sortable(column) else "text"
        return f"cast({self._bind(text)} as {kind})"

    def _number(self, column: Column, one: Filter, value: Any) -> str:
        try:
            number = Decimal(str(value).strip())
            if number.is_snan() or isinstance(value, bool):
                raise InvalidOperation
        except InvalidOperation:
            raise BadInput(f"“{str(value)[:60]}” is not a number, which `{one.column}` is compared with.") from None
        # In the column's own type where it fits, so that an index serves it.
        most = INTEGERS.get(column.type_name)
        whole = number.is_finite() and abs(number.adjusted()) < 30 and number == number.to_integral_value()
        if most is not None:
            fits = whole and -most <= number < most
            if not number.is_finite():
                return f"cast({self._bind(str(number))} as double precision)"
            return f"cast({self._bind(str(int(number)) if fits else str(number))} as {column.type_name if fits else 'numeric'})"
        return f"cast({self._bind(str(number))} as {column.type_name})"

    def _bind(self, value: Any) -> str:
        name = f"_w{len(self.bound)}"
        self.bound[name] = value
        return f":{name}"
