"""Filters as conditions, with the values of the view's parameters bound, or with the parameters left open for SQL of one's own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from operator import ge, gt, le, lt
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, false, func, literal_column, not_, or_
from sqlalchemy import Date as DateType

from nexus.errors import BadInput
from nexus.views import values as typed
from nexus.views.compile.periods import within
from nexus.views.parameter import DateRangeParameter, MultipleChoiceParameter, Parameter
from nexus.views.question import Condition, Filter

Resolve = Callable[[Filter], ColumnElement[Any]]
Bool = ColumnElement[bool]

GIVEN = "nexus_given_"
"""Before the name of a parameter that stays open, so that no bound value is called like one."""
PART = "nexus optional part {}"


class Conditions:
    """`values` fill the parameters; with None they stay open, and what an empty one would drop becomes a part of `parts`."""

    def __init__(
        self, parameters: Sequence[Parameter], values: Mapping[str, Any] | None, *, textual: Callable[[Filter], bool] | None = None
    ) -> None:
        self._parameters = {parameter.name: parameter for parameter in parameters}
        self._values = values
        self._textual = textual or (lambda _where: False)
        self.parts: list[Bool] = []

    def outer(self, conditions: Sequence[Condition], resolve: Resolve) -> list[Bool]:
        """What must hold for rows: each of the filters that are not off or empty."""
        found = []
        for one in conditions:
            condition = self._one(one, resolve)
            if condition is None:
                continue
            if isinstance(one, Filter) and self._may_be_empty(one):
                self.parts.append(condition)
                condition = literal_column('"' + PART.format(len(self.parts) - 1) + '"')
            found.append(condition)
        return found

    def inner(self, conditions: Sequence[Condition], resolve: Resolve) -> list[Bool]:
        """The same where no part of the text can drop out: an open parameter is asked whether it is empty."""
        return [
            or_(self._empty(one), condition) if self._may_be_empty(one) else condition for one, condition in self._all(conditions, resolve)
        ]

    def _all(self, conditions: Sequence[Condition], resolve: Resolve) -> list[tuple[Condition, Bool]]:
        found = [(one, self._one(one, resolve)) for one in conditions]
        return [(one, condition) for one, condition in found if condition is not None]

    def _one(self, one: Condition, resolve: Resolve) -> Bool | None:
        if one.off:
            return None
        if isinstance(one, Filter):
            return self._filter(one, resolve)
        if one.match == "all":
            inner = self.inner(one.filters, resolve)
            return and_(*inner) if inner else None
        met = self._all(one.filters, resolve)
        if not met:
            return None
        any_of = or_(*(and_(not_(self._empty(each)), condition) if self._may_be_empty(each) else condition for each, condition in met))
        if one.match == "none":
            # An empty cell meets no filter, and so belongs to the rows that meet none.
            return any_of.is_not(True)
        if all(self._may_be_empty(each) for each, _ in met):
            return or_(and_(*(self._empty(each) for each, _ in met)), any_of)
        return any_of

    def _may_be_empty(self, one: Condition) -> bool:
        """Whether its parameter stays open, and need not be filled in."""
        return (
            self._values is None and isinstance(one, Filter) and one.parameter is not None and not self._parameters[one.parameter].required
        )

    def _empty(self, one: Condition) -> Bool:
        assert isinstance(one, Filter)
        assert one.parameter is not None
        parameter = self._parameters[one.parameter]
        return _open(parameter, "_from" if isinstance(parameter, DateRangeParameter) else "").is_(None)

    def _filter(self, where: Filter, resolve: Resolve) -> Bool | None:
        of = resolve(where)
        if where.operator == "is empty":
            return of.is_(None)
        if where.operator == "is not empty":
            return of.is_not(None)
        if where.parameter is None:
            return compared(of, where, where.value)
        parameter = self._parameters[where.parameter]
        if isinstance(parameter, DateRangeParameter) and where.operator not in ("between", "=", "in", "within"):
            raise BadInput(f"“{typed.label(parameter)}” is a range of dates; the filter on `{where.column}` must use `between`.")
        if self._values is None:
            return _compared_with_open(of, where, parameter, textual=self._textual(where))
        value = self._values[where.parameter]
        if typed.empty(value):
            return None
        if isinstance(parameter, DateRangeParameter):
            return _days(of, value[0], value[1])
        return compared(of, where, value)


# --- with a value -----------------------------------------------------------------------------------------

_COMPARISONS: dict[str, Callable[[ColumnElement[Any], Any], Bool]] = {
    "=": lambda of, value: of == _bound(value),
    "!=": lambda of, value: of.is_distinct_from(_bound(value)),
    "<": lambda of, value: of < _bound(value),
    "<=": lambda of, value: of <= _bound(value),
    ">": lambda of, value: of > _bound(value),
    ">=": lambda of, value: of >= _bound(value),
    "contains": lambda of, value: cast(of, Text).ilike(_bound(f"%{_literally(value)}%")),
    "starts with": lambda of, value: cast(of, Text).ilike(_bound(f"{_literally(value)}%")),
    "within": lambda of, value: within(of, str(value)),
}
"""How one value is compared. An empty cell is unlike every value, as people expect of `!=`."""

_DAYS: dict[str, Callable[[ColumnElement[Any], Any], Bool]] = {
    "=": lambda of, day: _days(of, day, day),
    "!=": lambda of, day: or_(of.is_(None), not_(_days(of, day, day))),
    "<=": lambda of, day: of < _bound(_after(day)),
    ">": lambda of, day: of >= _bound(_after(day)),
}
"""How a day is compared with, which in a column of moments is 24 hours long."""


def compared(of: ColumnElement[Any], where: Filter, value: Any) -> Bool:
    """Raises BadInput where the operator takes another number of values."""
    several = isinstance(value, tuple | list)
    match where.operator:
        case "in" | "=" if several or where.operator == "in":
            return _one_of(of, value if several else [value])
        case "!=" if several:
            return or_(of.is_(None), not_(_one_of(of, value)))
        case "between" if several and len(value) == 2:
            first, last = value
            if _is_day(first) and _is_day(last):
                return _days(of, first, last)
            return of.between(_bound(first), _bound(last))
        case _ if several or where.operator not in _COMPARISONS:
            raise BadInput(
                f"The filter on `{where.column}` cannot compare by `{where.operator}` with what it was given. Choose another operator."
            )
    how = _DAYS if where.operator in _DAYS and _is_day(value) else _COMPARISONS
    return how[where.operator](of, value)


def _one_of(of: ColumnElement[Any], items: Sequence[Any]) -> Bool:
    if any(_is_day(item) for item in items):
        return or_(*(_days(of, item, item) if _is_day(item) else of == _bound(item) for item in items))
    # One bind an item: unlike an array, each takes the column's own type.
    return of.in_([_bound(item) for item in items]) if items else false()


def _days(of: ColumnElement[Any], first: Any, last: Any) -> Bool:
    """Both days whole, for dates and for moments, in a form that an index serves."""
    return and_(of >= _bound(first), of < _bound(_after(last)))


def _is_day(value: Any) -> bool:
    """A date, or a text that is one: a spec keeps dates as text."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value) if len(value) == 10 else None
        except ValueError:
            return False
    return type(value) is date and value < date.max


def _after(day: Any) -> Any:
    """The next day, as text where it was given as text, which takes the column's own type."""
    return typed.day_after(date.fromisoformat(day)).isoformat() if isinstance(day, str) else typed.day_after(day)


def _literally(value: Any) -> str:
    return "".join(f"\\{character}" if character in "\\%_" else character for character in str(value))


def _bound(value: Any) -> Any:
    return bindparam(None, value)


# --- with a parameter that stays open ---------------------------------------------------------------------


def _open(parameter: Parameter, suffix: str = "") -> Any:
    return bindparam(f"{GIVEN}{parameter.name}{suffix}")


_ORDERED: dict[str, Callable[[ColumnElement[Any], Any], Bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def _compared_with_open(of: ColumnElement[Any], where: Filter, parameter: Parameter, *, textual: bool) -> Bool:
    if isinstance(parameter, DateRangeParameter):
        return and_(of >= _open(parameter, "_from"), of < cast(_open(parameter, "_to"), DateType) + literal_column("1"))
    given = _open(parameter)
    if isinstance(parameter, MultipleChoiceParameter):
        return _one_of_open(of if textual else cast(of, Text), where, given)
    day = cast(given, DateType) if parameter.type == "date" else None
    after = day + literal_column("1") if day is not None else None
    match where.operator:
        case "=" | "in" if after is not None:
            return and_(of >= given, of < after)
        case "!=" if after is not None:
            return or_(of.is_(None), of < given, of >= after)
        case "<=" if after is not None:
            return of < after
        case ">" if after is not None:
            return of >= after
        case "=" | "in":
            return of == given
        case "!=":
            return of.is_distinct_from(given)
        case "contains":
            return func.strpos(func.lower(cast(of, Text)), func.lower(cast(given, Text))) > literal_column("0")
        case "starts with":
            return func.starts_with(func.lower(cast(of, Text)), func.lower(cast(given, Text)))
        case "<" | "<=" | ">" | ">=":
            return _ORDERED[where.operator](of, given)
        case _:
            raise BadInput(
                f"The filter on `{where.column}` by `{where.operator}` cannot keep its parameter in SQL. Give it a fixed value first."
            )


def _one_of_open(of: ColumnElement[Any], where: Filter, given: Any) -> Bool:
    one_of: Bool = of == func.any(given)
    match where.operator:
        case "=" | "in":
            return one_of
        case "!=":
            return or_(of.is_(None), not_(one_of))
        case _:
            raise BadInput(
                f"The filter on `{where.column}` cannot compare by `{where.operator}` with several values. Choose another operator."
            )
