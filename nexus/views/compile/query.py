"""A view and values for its parameters, made into one query.

Values are bound by name and never become text of the statement; names of schemas, tables and columns
are quoted by SQLAlchemy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from nexus.errors import BadInput
from nexus.sources.catalog import CatalogTable, TableLookup
from nexus.sources.spec import Query
from nexus.views import values as typed
from nexus.views.compile.conditions import Conditions
from nexus.views.compile.optional import resolve
from nexus.views.compile.statement import statement
from nexus.views.compile.tables import DIALECT
from nexus.views.parameter import DateRangeParameter, Parameter
from nexus.views.question import SqlQuestion, TableQuestion
from nexus.views.remembered import Remembered
from nexus.views.spec import View


def compile(  # noqa: A001 - the name of the step
    view: View, values: Mapping[str, Any], *, lookup: TableLookup | None = None, percent: float | None = None
) -> Query:
    """The query of `view` for `values`; absent ones take their default.

    `lookup` is asked only for the columns of joined tables of which none are chosen. `percent` of the rows of its one table,
    taken at random, where it is built by clicking.
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
            kept = _remembered.ask(
                view,
                checked,
                f"{lookup is not None} {percent}",
                make=lambda: _compiled(view, checked, lookup, percent),
                holds=lambda kept: all(lookup is not None and lookup(*name) == table for name, table in kept.seen.items()),
            )
            return Query(source=view.source, sql=kept.sql, parameters=dict(kept.parameters))
        case _:
            assert_never(view.question)


@dataclass(frozen=True)
class _Compiled:
    """`seen` are the tables that the catalog was asked for, as they were; None where there was none."""

    sql: str
    parameters: Mapping[str, Any]
    seen: Mapping[tuple[str, str], CatalogTable | None]


# Joins and top values take SQLAlchemy some 15 ms, and a dashboard asks the same of each of its panels again and again.
_remembered = Remembered[_Compiled](most=256, seconds=3_600)


def _compiled(view: View, checked: Mapping[str, Any], lookup: TableLookup | None, percent: float | None) -> _Compiled:
    assert isinstance(view.question, TableQuestion)
    seen: dict[tuple[str, str], CatalogTable | None] = {}

    def noted(schema: str, name: str) -> CatalogTable | None:
        assert lookup is not None
        found = seen[schema, name] = lookup(schema, name)
        return found

    made = statement(view.question, Conditions(view.parameters, checked), noted if lookup else None, percent=percent)
    asked = made.compile(dialect=DIALECT)
    return _Compiled(str(asked), dict(asked.params), seen)


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
