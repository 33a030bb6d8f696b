"""Whether what a dashboard names is there: views, their parameters, its own filters, prompts.

Columns are not checked: what a view returns is known only by asking it, and a panel says so itself.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from nexus.dashboards.spec import Dashboard, DataPanel, PromptPanel
from nexus.db.stand_ins import is_one as is_stand_in
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.spec import View

FITS: Mapping[str, frozenset[str]] = {
    "text": frozenset({"text", "choice"}),
    "choice": frozenset({"text", "choice"}),
    "multiple_choice": frozenset({"multiple_choice", "choice", "text"}),
    "number": frozenset({"number"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date"}),
    "date_range": frozenset({"date_range"}),
}
"""Which types of filter can fill a parameter of a type."""


@dataclass(frozen=True)
class Problem:
    """`path` leads to the field in the spec, as `("panels", 0, "view")`."""

    path: tuple[str | int, ...]
    message: str


def problems(dashboard: Dashboard, *, views: Mapping[str, View], prompts: Collection[str]) -> Iterator[Problem]:
    """What `dashboard` names and is not among `views` and `prompts`. What stands for something that one may not see is left to saving."""
    filters = {parameter.name: parameter for parameter in dashboard.filters}
    for at, parameter in enumerate(dashboard.filters):
        yield from choice_problems(("filters", at), parameter, views)
        yield from _narrowed_problems(("filters", at), parameter, filters)
    tabs = {tab.name for tab in dashboard.tabs}
    for at, panel in enumerate(dashboard.panels):
        if panel.tab is not None and panel.tab not in tabs:
            yield Problem(("panels", at, "tab"), f"there is no tab `{panel.tab}`{nearest(panel.tab, tabs)}")
        if isinstance(panel, PromptPanel) and _unknown(panel.prompt, prompts):
            yield Problem(("panels", at, "prompt"), f"there is no prompt `{panel.prompt}`{nearest(panel.prompt, prompts)}")
        if isinstance(panel, DataPanel):
            yield from _link_problems(at, panel, filters, views)
            if not is_stand_in(panel.view):
                yield from _panel_problems(at, panel, filters, views)


def choice_problems(path: tuple[str | int, ...], parameter: Parameter, views: Collection[str]) -> Iterator[Problem]:
    """A choice may take its values from a view; it must be there."""
    if isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
        name = parameter.choices.view
        if name is not None and _unknown(name, views):
            yield Problem((*path, "choices", "view"), f"there is no view `{name}`{nearest(name, views)}")


def _narrowed_problems(path: tuple[str | int, ...], parameter: Parameter, filters: Mapping[str, Parameter]) -> Iterator[Problem]:
    """Choices may depend on other filters, and not on themselves."""
    if not isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
        return
    for column, name in parameter.choices.narrowed.items():
        where = (*path, "choices", "narrowed", column)
        if name not in filters:
            yield Problem(where, f"there is no filter `{name}`{nearest(name, filters)}")
        elif _depends_on(name, parameter.name, filters, frozenset()):
            yield Problem(where, f"the choices of `{parameter.name}` and `{name}` depend on each other")


def _depends_on(name: str, wanted: str, filters: Mapping[str, Parameter], passed: frozenset[str]) -> bool:
    if name == wanted:
        return True
    parameter = filters.get(name)
    if name in passed or not isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
        return False
    return any(_depends_on(other, wanted, filters, passed | {name}) for other in parameter.choices.narrowed.values())


def _link_problems(at: int, panel: DataPanel, filters: Mapping[str, Parameter], views: Mapping[str, View]) -> Iterator[Problem]:
    for column, name in panel.filtered.items():
        if name not in filters:
            yield Problem(("panels", at, "filtered", column), f"there is no filter `{name}`{nearest(name, filters)}")
    target = panel.drill.view if panel.drill else None
    if target is not None and _unknown(target, views):
        yield Problem(("panels", at, "drill", "view"), f"there is no view `{target}`{nearest(target, views)}")


def _panel_problems(at: int, panel: DataPanel, filters: Mapping[str, Parameter], views: Mapping[str, View]) -> Iterator[Problem]:
    view = views.get(panel.view)
    if view is None:
        yield Problem(("panels", at, "view"), f"there is no view `{panel.view}`{nearest(panel.view, views)}")
        return
    parameters = {parameter.name: parameter for parameter in view.parameters}
    for name, filter_name in panel.parameters.items():
        if name not in parameters:
            yield Problem(
                ("panels", at, "parameters", name), f"the view `{view.name}` has no parameter `{name}`{nearest(name, parameters)}"
            )
        if filter_name not in filters:
            yield Problem(("panels", at, "parameters", name), f"there is no filter `{filter_name}`{nearest(filter_name, filters)}")
    for name, parameter in parameters.items():
        filled_by = filters.get(panel.parameters.get(name, name))
        if filled_by is not None and filled_by.type not in FITS[parameter.type]:
            yield Problem(
                ("panels", at, "view"),
                f"the filter `{filled_by.name}` is a {filled_by.type}, but the parameter `{name}` of the view `{view.name}` takes a {parameter.type}",
            )


def _unknown(name: str, known: Collection[str]) -> bool:
    return name not in known and not is_stand_in(name)


def nearest(name: str, known: Collection[str]) -> str:
    """`; did you mean …?` when something known is spelled nearly like it."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""
