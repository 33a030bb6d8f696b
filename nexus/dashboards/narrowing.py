"""What narrows a panel: values of its view's parameters, and conditions on the columns of its result.

Filters of the dashboard fill parameters, or are compared with columns; what was picked in another panel does either. Nothing
here is ever pasted: parameters and conditions are both bound where the question is put.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from nexus.dashboards import picks as picking
from nexus.dashboards.picks import Pick
from nexus.dashboards.spec import Dashboard, DataPanel
from nexus.errors import BadInput
from nexus.views import values as typed
from nexus.views.compared import compared
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
from nexus.views.question import Condition
from nexus.views.spec import View


@dataclass(frozen=True)
class Narrowed:
    """`values` of the view's parameters, and `where` over its columns, by the names that `unique_names` gives them."""

    values: dict[str, Any] = field(default_factory=dict)
    where: tuple[Condition, ...] = ()


class Contradiction(BadInput):
    """A filter and a pick have nothing in common; `message` names both."""


def filled(dashboard: Dashboard, panel: DataPanel, view: View) -> dict[str, str]:
    """Parameter of the view → filter that fills it."""
    there = {parameter.name for parameter in dashboard.filters}
    pairs = {parameter.name: panel.parameters.get(parameter.name, parameter.name) for parameter in view.parameters}
    return {name: filter_name for name, filter_name in pairs.items() if filter_name in there}


def uses(dashboard: Dashboard, panel: DataPanel, view: View) -> set[str]:
    """The filters that the panel's rows depend on."""
    there = {parameter.name for parameter in dashboard.filters}
    return set(filled(dashboard, panel, view).values()) | (set(panel.filtered.values()) & there)


def waits_for(dashboard: Dashboard, panel: DataPanel, view: View, values: Mapping[str, Any]) -> list[str]:
    """Labels of the required filters that are empty, and without which the panel shows nothing."""
    used = uses(dashboard, panel, view)
    return [
        typed.label(one)
        for one in dashboard.filters
        if one.required and one.name in used and typed.empty(values.get(one.name, typed.default(one)))
    ]


def narrow(
    dashboard: Dashboard,
    panel: DataPanel,
    view: View,
    values: Mapping[str, Any],
    *,
    picks: Sequence[Pick] = (),
    columns: Sequence[str] = (),
) -> Narrowed:
    """What the panel's view is asked with. `columns` are the names in its result; without them nothing is compared with columns that were only picked.

    Raises Contradiction.
    """
    by_filter = filled(dashboard, panel, view)
    parameters = {parameter.name: parameter for parameter in view.parameters}
    taken = {name: typed.taken(parameters[name], values[of]) for name, of in by_filter.items() if of in values}
    where = list(of_filters(dashboard, panel, values))
    panels = {one.name: one for one in dashboard.panels if isinstance(one, DataPanel)}
    for pick in picks:
        origin = panels.get(pick.panel)
        if origin is None or origin.name == panel.name:
            continue
        rest = _into_parameters(pick, origin, by_filter, parameters, taken)
        if rest is not None:
            where += picking.conditions(rest, columns)
    return Narrowed(taken, tuple(where))


def of_filters(dashboard: Dashboard, panel: DataPanel, values: Mapping[str, Any]) -> tuple[Condition, ...]:
    """The filters that are compared with columns of the panel, as conditions; an empty one is none."""
    known = {parameter.name: parameter for parameter in dashboard.filters}
    pairs = [(column, known[name]) for column, name in panel.filtered.items() if name in known]
    made = [compared(column, parameter, values.get(parameter.name, typed.default(parameter))) for column, parameter in pairs]
    return tuple(one for one in made if one is not None)


def _into_parameters(
    pick: Pick, origin: DataPanel, by_filter: Mapping[str, str], parameters: Mapping[str, Parameter], taken: dict[str, Any]
) -> Pick | None:
    """Put what a parameter can take into `taken`; what is left of the pick is to be compared with columns."""
    used: set[str] = set()
    for column in dict.fromkeys(column for point in pick.points for column in point):
        # Of several marks that differ in more than one column, no parameter can say which belong together.
        if len(pick.points) > 1 and any(set(point) != {column} for point in pick.points):
            continue
        found = [point[column] for point in pick.points if column in point]
        meant = origin.filtered.get(column, column)
        for name, filter_name in by_filter.items():
            if filter_name == meant and (value := as_value(parameters[name], found)) is not None:
                taken[name] = _both(parameters[name], taken.get(name), value)
                used.add(column)
    rest = tuple({column: value for column, value in point.items() if column not in used} for point in pick.points)
    return Pick(panel=pick.panel, points=rest) if any(rest) else None


def as_value(parameter: Parameter, found: Sequence[Any]) -> Any:
    """The picked cells as a value of the parameter; none where it cannot take them."""
    try:
        (value,) = typed.check([parameter], {parameter.name: _converted(parameter, found)}).values()
    except (BadInput, ValueError, TypeError):
        return None
    return None if typed.empty(value) else value


def _converted(parameter: Parameter, found: Sequence[Any]) -> Any:
    if any(value is None for value in found):
        return None
    if isinstance(parameter, MultipleChoiceParameter):
        return None if any(isinstance(value, dict) for value in found) else tuple(_text(value) for value in found)
    (value,) = found
    if isinstance(value, dict):
        return picking.whole_days(*picking.span(value)) if isinstance(parameter, DateRangeParameter) else None
    match parameter:
        case TextParameter() | ChoiceParameter():
            return _text(value)
        case NumberParameter():
            return value if not isinstance(value, str) else float(value)
        case BooleanParameter():
            return value
        case DateParameter() | DateRangeParameter():
            day = date.fromisoformat(value if len(value) == 10 else value.removesuffix("T00:00:00"))
            return (day, day) if isinstance(parameter, DateRangeParameter) else day
        case _:
            return None


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)


def _both(parameter: Parameter, held: Any, picked: Any) -> Any:
    """What a filter and a pick leave together. Raises Contradiction."""
    if typed.empty(held) or held == picked or isinstance(parameter, TextParameter):
        return picked
    if isinstance(parameter, MultipleChoiceParameter):
        common = tuple(value for value in picked if value in held)
        if common:
            return common
    if isinstance(parameter, DateRangeParameter):
        first, last = max(held[0], picked[0]), min(held[1], picked[1])
        if first <= last:
            return first, last
    said = dict(typed.describe([parameter], {parameter.name: held}))
    (name, words), *_ = said.items()
    (_, clicked), *_ = typed.describe([parameter], {parameter.name: picked})
    raise Contradiction(f"“{name}” is set to {words}, and {clicked} was clicked: nothing is both. Take one of them away.")
