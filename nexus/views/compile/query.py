"""A view and values for its parameters, made into one query.

Values are bound by name and never become text of the statement; names of schemas, tables and columns
are quoted by SQLAlchemy.
"""

from collections.abc import Mapping
from typing import Any, assert_never

from nexus.errors import BadInput
from nexus.sources.catalog import TableLookup
from nexus.sources.spec import Query
from nexus.views import values as typed
from nexus.views.compile.conditions import Conditions
from nexus.views.compile.optional import resolve
from nexus.views.compile.statement import statement
from nexus.views.compile.tables import DIALECT
from nexus.views.parameter import DateRangeParameter, Parameter
from nexus.views.question import SqlQuestion, TableQuestion
from nexus.views.spec import View


def compile(view: View, values: Mapping[str, Any], *, lookup: TableLookup | None = None) -> Query:  # noqa: A001 - the name of the step
    """The query of `view` for `values`; absent ones take their default.

    `lookup` is asked only for the columns of joined tables of which none are chosen.
    Raises BadInput naming the parameter when a value does not fit it, when a required one is empty, or
    when the view has no such parameter; and naming the part of a question that cannot be asked.
    """
    checked = typed.check(view.parameters, values)
    for parameter in view.parameters:
        if parameter.required and typed.empty(checked[parameter.name]):
            raise BadInput(f"Fill in “{typed.label(parameter)}” first.")
    match view.question:
        case SqlQuestion(sql=sql):
            given = expanded(view.parameters, checked)
            shown = resolve(sql, names=given, empty=[name for name, value in given.items() if value is None])
            return Query(source=view.source, sql=shown, parameters=given)
        case TableQuestion():
            asked = statement(view.question, Conditions(view.parameters, checked), lookup).compile(dialect=DIALECT)
            return Query(source=view.source, sql=str(asked), parameters=dict(asked.params))
        case _:
            assert_never(view.question)


def texts_of(question: SqlQuestion, parameters: tuple[Parameter, ...]) -> tuple[str, str]:
    """The statement with all of its optional parts, and with none. Raises QueryRefused where their brackets do not fit."""
    names = bind_names(parameters)
    return resolve(question.sql, names=names, empty=()), resolve(question.sql, names=names, empty=names)


def bind_names(parameters: tuple[Parameter, ...]) -> tuple[str, ...]:
    """The names that SQL may use for these parameters."""
    return tuple(expanded(parameters, {}))


def expanded(parameters: tuple[Parameter, ...], values: Mapping[str, Any]) -> dict[str, Any]:
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
