"""What a choice offers: a fixed list, or values of a view, narrowed by other choices and by what somebody looks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.db.stand_ins import is_one as is_stand_in
from nexus.errors import BadInput
from nexus.sources.spec import Query, Table
from nexus.views import page_filters
from nexus.views import values as typed
from nexus.views.compared import compared
from nexus.views.excerpt import Excerpt, query_of_excerpt
from nexus.views.page import Page
from nexus.views.parameter import ChoiceParameter, Choices, MultipleChoiceParameter, Parameter
from nexus.views.question import Condition
from nexus.views.reading import Reading, reading_of
from nexus.views.service import OpenView, ask, not_offered

Option = tuple[str, str]
"""A value, and how it is shown."""

_DISTINCT = """select x, min(y) as y from (
select {value} as x, cast({label} as text) as y from {rows} where {where}
) named group by x order by 2, x"""


@dataclass(frozen=True)
class Offered:
    """`more`: there are others, which a search finds. `known`: these could be read, so that what is not among them is not offered."""

    options: tuple[Option, ...] = ()
    more: bool = False
    known: bool = True


def offer(parameter: Parameter, origin: OpenView | None, *, reader: User, where: Sequence[Condition] = (), search: str = "") -> Offered:
    """Each value once, at most 1,000; those of a view in the order of its rows where they all come, by their labels where they do not.

    `where` are conditions over the columns of `origin`, the view that the parameter names. Raises BadInput when a column is
    not there, and what `sources.run` raises.
    """
    require(reader, Permission.SEE)
    if not isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
        return Offered()
    choices = parameter.choices
    if choices.view is None or choices.column is None:
        return Offered(tuple((value, value) for value in choices.values if search.lower() in value.lower()))
    if is_stand_in(choices.view):
        raise not_offered(parameter)
    if origin is None or origin.view.name != choices.view:
        raise BadInput(f"The choices of “{typed.label(parameter)}” come from the view `{choices.view}`, which is not there.")
    try:
        if not search:
            asked = query_of_excerpt(origin, reader=reader, values={}, excerpt=Excerpt(Page(where=tuple(where)))) if where else None
            table = _rows(origin, reader, asked)
            if not table.truncated:
                return Offered(_options(table, choices.column, choices.label_column or choices.column))
        table = _rows(origin, reader, _distinct(origin, reader, choices, where, search))
        return Offered(_options(table, "x", "y"), table.truncated)
    except KeyError as missing:
        raise BadInput(f"The choices of “{typed.label(parameter)}” need the column {missing} of the view `{choices.view}`.") from None


def _rows(origin: OpenView, reader: User, asked: Query | None) -> Table:
    return ask(origin, reader=reader, values={}, max_rows=typed.MOST_CHOICES, purpose="choices", asked=asked)


def _options(table: Table, value: str, label: str) -> tuple[Option, ...]:
    labels: dict[str, str] = {}
    for one, shown in zip(table.values(value), table.values(label), strict=True):
        if one is not None:
            labels.setdefault(str(one), str(one if shown is None else shown))
    return tuple(labels.items())


def _distinct(origin: OpenView, reader: User, choices: Choices, where: Sequence[Condition], search: str) -> Query:
    """Raises KeyError for a column that the view does not return."""
    reading = reading_of(origin.view, origin.source, reader=reader, values={})
    value, label = _place(reading, str(choices.column)), _place(reading, choices.label_column or str(choices.column))
    conditions, given = page_filters.compiled(reading, where)
    conditions.append(f"{value} is not null")
    if search:
        literally = "".join(f"\\{character}" if character in "\\%_" else character for character in search[:200])
        given["_search"] = f"%{literally}%"
        conditions.append(f"(cast({label} as text) ilike :_search or cast({value} as text) ilike :_search)")
    sql = _DISTINCT.format(value=value, label=label, rows=reading.inner, where=" and ".join(conditions))
    return reading.query(sql, **given)


def _place(reading: Reading, column: str) -> str:
    at = reading.place_of(column)
    if at is None:
        raise KeyError(column)
    return f"v.c{at}"


def depends_on(parameter: Parameter) -> set[str]:
    """The parameters beside it that narrow what it offers."""
    return set(parameter.choices.narrowed.values()) if isinstance(parameter, ChoiceParameter | MultipleChoiceParameter) else set()


def narrowing(parameter: Parameter, beside: Sequence[Parameter], values: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The conditions that the values of other parameters put on what this one offers."""
    if not isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
        return ()
    known = {one.name: one for one in beside}
    pairs = [(column, known[name]) for column, name in parameter.choices.narrowed.items() if name in known]
    made = [compared(column, by, values.get(by.name, typed.default(by))) for column, by in pairs]
    return tuple(one for one in made if one is not None)
