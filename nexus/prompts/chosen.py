"""Values that a person chose for a prompt's variables, as words of the request: one chosen from a column keeps that column's rule."""

from collections.abc import Mapping, Sequence
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import BadInput, NotFound
from nexus.prompts import data, template
from nexus.prompts.markdown import plain
from nexus.prompts.request import ChosenFrom
from nexus.prompts.spec import Prompt
from nexus.sources.rules import Ruled, strictest
from nexus.views import governed
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.parameter import ChoiceParameter, Choices, MultipleChoiceParameter, Parameter


def origins(parameters: Sequence[Parameter], values: Mapping[str, Any], *, reader: User) -> dict[str, ChosenFrom]:
    """By name, where a value comes from that a rule keeps from leaving as it is. Raises what the sources raise."""
    require(reader, Permission.SEE)
    found = {}
    for parameter in parameters:
        if isinstance(parameter, ChoiceParameter | MultipleChoiceParameter) and not typed.empty(values.get(parameter.name)):
            origin = _origin(parameter.choices, reader)
            if origin.ruled.rule != "send":
                found[parameter.name] = origin
    return found


def words(prompt: Prompt, values: Mapping[str, Any], origins: Mapping[str, ChosenFrom]) -> dict[str, str]:
    """By name of the variable. Raises BadInput where the template would send a value that may not leave."""
    used = template.names(prompt.template)
    said = {}
    for variable, (_, text) in zip(prompt.variables, typed.describe(prompt.variables, values), strict=True):
        origin = origins.get(variable.name) if variable.name in used else None
        said[variable.name] = data.unfenced(plain(_said(variable, values[variable.name], origin) if origin else text))
    return said


def masked(given: Mapping[str, Sequence[str]], origins: Mapping[str, ChosenFrom]) -> dict[str, list[str]]:
    """Values as they stand in an address, with pseudonyms for those chosen from a column that does not leave as it is."""
    return {
        name: [data.pseudonym(origins[name].column, text) for text in texts] if name in origins else list(texts)
        for name, texts in given.items()
    }


def _origin(choices: Choices, reader: User) -> ChosenFrom:
    """A fixed list is of nowhere."""
    return ChosenFrom(view=choices.view or "", column=choices.column or "", ruled=_ruled(choices, reader) if choices.view else Ruled())


def _ruled(choices: Choices, reader: User) -> Ruled:
    """Of the columns of the view that a variable's choices come from: of the values, and of what they are called."""
    try:
        with transaction() as session:
            origin = views.find_view(session, reader=reader, name=choices.view or "")
    except NotFound:
        return Ruled(rule="never", because="a view that you may not see, or that is gone")
    if not (origin.source.rules or origin.view.rules):
        return Ruled()
    table = views.ask(origin, reader=reader, values={}, max_rows=typed.MOST_CHOICES, purpose="choices")
    rules = zip(table.columns, governed.rules_of(origin, reader=reader, table=table), strict=True)
    return strictest(*(rule for column, rule in rules if column.name in (choices.column, choices.label_column)))


def _said(variable: Parameter, value: Any, origin: ChosenFrom) -> str:
    if origin.ruled.rule == "mask":
        several = value if isinstance(value, tuple) else (value,)
        return ", ".join(data.pseudonym(origin.column, one) for one in several)
    raise BadInput(
        f"“{typed.label(variable)}” is chosen from a column that prompts may not send, by {origin.ruled.because}. "
        f"Take `{{{{ {variable.name} }}}}` out of the template; the data may still be narrowed by it."
    )
