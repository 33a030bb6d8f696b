"""A view and values for its parameters, made into one query.

Values are bound by name and never become text of the statement; names of schemas, tables and columns
are quoted by SQLAlchemy.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Select, Text, and_, bindparam, cast, column, distinct, false, func, literal_column, or_, select, table
from sqlalchemy.dialects.postgresql.psycopg2 import dialect as postgres
from sqlalchemy.sql.expression import ColumnClause

from nexus.errors import BadInput
from nexus.sources.spec import Query
from nexus.views import values as typed
from nexus.views.parameter import DateRangeParameter, Parameter
from nexus.views.question import Filter, FilterGroup, SelectedColumn, SqlQuestion, TableQuestion
from nexus.views.spec import View

_DIALECT = postgres(paramstyle="named")  # type: ignore[no-untyped-call]


def compile(view: View, values: Mapping[str, Any]) -> Query:  # noqa: A001 - the name of the step
    """The query of `view` for `values`; absent ones take their default.

    Raises BadInput naming the parameter when a value does not fit it, when a required one is empty, or
    when the view has no such parameter.
    """
    checked = typed.check(view.parameters, values)
    for parameter in view.parameters:
        if parameter.required and typed.empty(checked[parameter.name]):
            raise BadInput(f"Fill in “{typed.label(parameter)}” first.")
    match view.question:
        case SqlQuestion(sql=sql):
            return Query(source=view.source, sql=sql, parameters=_expanded(view.parameters, checked))
        case TableQuestion():
            return _of_table(view, view.question, checked)
        case _:
            assert_never(view.question)


def bind_names(parameters: tuple[Parameter, ...]) -> tuple[str, ...]:
    """The names that SQL may use for these parameters."""
    return tuple(_expanded(parameters, {}))


def _expanded(parameters: tuple[Parameter, ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as SQL sees them: a date range is two of them, an empty value is null, several are an array."""
    binds: dict[str, Any] = {}
    for parameter in parameters:
        value = values.get(parameter.name)
        if isinstance(parameter, DateRangeParameter):
            first, last = value or (None, None)
            binds[f"{parameter.name}_from"], binds[f"{parameter.name}_to"] = first, last
        elif typed.empty(value):
            binds[parameter.name] = None
        else:
            binds[parameter.name] = list(value) if isinstance(value, tuple) else value
    return binds


def _of_table(view: View, question: TableQuestion, values: Mapping[str, Any]) -> Query:
    origin = table(question.table, schema=question.db_schema)
    shown: list[ColumnElement[Any]] = [_shown(selected).label(selected.result_name) for selected in question.columns]
    statement: Select[Any] = select(*(shown or [literal_column("*")])).select_from(origin)
    for where in question.filters:
        if isinstance(where, FilterGroup):
            raise BadInput("Groups of filters cannot be asked yet. Use single filters.")
        condition = _condition(view, where, values)
        if condition is not None:
            statement = statement.where(condition)
    if any(selected.aggregate for selected in question.columns):
        statement = statement.group_by(*[_shown(selected) for selected in question.columns if not selected.aggregate])
    for order in question.order:
        # A label that is also a column of the table means the result's one in ORDER BY.
        key: ColumnClause[Any] = column(order.column)
        statement = statement.order_by(key.desc().nulls_last() if order.descending else key.asc().nulls_last())
    if question.limit is not None:
        statement = statement.limit(question.limit)
    compiled = statement.compile(dialect=_DIALECT)
    return Query(source=view.source, sql=str(compiled), parameters=dict(compiled.params))


def _shown(selected: SelectedColumn) -> ColumnElement[Any]:
    if selected.column is None:
        return func.count()
    of: ColumnClause[Any] = column(selected.column)
    match selected.aggregate:
        case None:
            # Of a list in the spec, so it may stand in the text, and GROUP BY meets the same expression.
            return func.date_trunc(literal_column(f"'{selected.grain}'"), of) if selected.grain else of
        case "count":
            return func.count(of)
        case "count distinct":
            return func.count(distinct(of))
        case "sum":
            return func.sum(of)
        case "average":
            return func.avg(of)
        case "median":
            return func.percentile_cont(literal_column("0.5")).within_group(of)
        case "percentile" | "share" | "share where":
            raise BadInput(f"`{selected.aggregate}` cannot be asked yet. Choose another aggregate.")
        case "min":
            return func.min(of)
        case "max":
            return func.max(of)
        case _:
            assert_never(selected.aggregate)


def _condition(view: View, where: Filter, values: Mapping[str, Any]) -> ColumnElement[bool] | None:
    """The filter as a condition; none when its parameter is empty."""
    of: ColumnClause[Any] = column(where.column)
    if where.operator == "is empty":
        return of.is_(None)
    if where.operator == "is not empty":
        return of.is_not(None)
    if where.parameter is None:
        return _compared(of, where, where.value)
    value = values[where.parameter]
    if typed.empty(value):
        return None
    parameter = next(parameter for parameter in view.parameters if parameter.name == where.parameter)
    if isinstance(parameter, DateRangeParameter):
        if where.operator not in ("between", "=", "in"):
            raise BadInput(f"“{typed.label(parameter)}” is a range of dates; the filter on `{where.column}` must use `between`.")
        return _within_days(of, value)
    return _compared(of, where, value)


def _within_days(of: ColumnClause[Any], days: tuple[date, date]) -> ColumnElement[bool]:
    """Both days inclusive, for dates and for timestamps, in a form that an index serves."""
    return and_(of >= _bound(days[0]), of < _bound(typed.day_after(days[1])))


_COMPARISONS: dict[str, Callable[[ColumnClause[Any], Any], ColumnElement[bool]]] = {
    "=": lambda of, value: of == _bound(value),
    "!=": lambda of, value: of.is_distinct_from(_bound(value)),
    "<": lambda of, value: of < _bound(value),
    "<=": lambda of, value: of <= _bound(value),
    ">": lambda of, value: of > _bound(value),
    ">=": lambda of, value: of >= _bound(value),
    "contains": lambda of, value: cast(of, Text).icontains(str(value), autoescape=True),
    "starts with": lambda of, value: cast(of, Text).istartswith(str(value), autoescape=True),
}
"""How one value is compared. An empty cell is unlike every value, as people expect of `!=`."""


def _compared(of: ColumnClause[Any], where: Filter, value: Any) -> ColumnElement[bool]:
    several = isinstance(value, tuple | list)
    match where.operator:
        case "in" | "=" if several or where.operator == "in":
            return _one_of(of, value if several else [value])
        case "!=" if several:
            return or_(of.is_(None), ~_one_of(of, value))
        case "between" if several and len(value) == 2:
            return of.between(_bound(value[0]), _bound(value[1]))
        case _ if several or where.operator not in _COMPARISONS:
            raise BadInput(
                f"The filter on `{where.column}` cannot compare by `{where.operator}` with what it was given. Choose another operator."
            )
    return _COMPARISONS[where.operator](of, value)


def _one_of(of: ColumnClause[Any], items: list[Any] | tuple[Any, ...]) -> ColumnElement[bool]:
    # One bind an item: unlike an array, each takes the column's own type.
    return of.in_([_bound(item) for item in items]) if items else false()


def _bound(value: Any) -> Any:
    return bindparam(None, value)
