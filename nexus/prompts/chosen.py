"""Values that a person chose for a prompt's variables, as words of the request: one chosen from a column keeps that column's rule."""

from collections.abc import Mapping
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import BadInput
from nexus.prompts import data, template
from nexus.prompts.markdown import plain
from nexus.prompts.spec import Prompt
from nexus.sources.rules import Ruled, strictest
from nexus.views import governed
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter


def words(prompt: Prompt, values: Mapping[str, Any], *, reader: User) -> dict[str, str]:
    """By name of the variable. Raises BadInput where the template would send a value that may not leave, and what the sources raise."""
    require(reader, Permission.SEE)
    used = template.names(prompt.template)
    said = {}
    for variable, (_, text) in zip(prompt.variables, typed.describe(prompt.variables, values), strict=True):
        ruled = _ruled(variable, reader) if variable.name in used and not typed.empty(values[variable.name]) else Ruled()
        said[variable.name] = data.unfenced(plain(_said(variable, values[variable.name], text, ruled)))
    return said


def _ruled(variable: Parameter, reader: User) -> Ruled:
    """Of the columns of the view that a variable's choices come from: of the values, and of what they are called."""
    if not isinstance(variable, ChoiceParameter | MultipleChoiceParameter) or not variable.choices.view:
        return Ruled()
    with transaction() as session:
        origin = views.find_view(session, reader=reader, name=variable.choices.view)
    if not (origin.source.rules or origin.view.rules):
        return Ruled()
    table = views.ask(origin, reader=reader, values={}, max_rows=typed.MOST_CHOICES, purpose="choices")
    rules = zip(table.columns, governed.rules_of(origin, reader=reader, table=table), strict=True)
    return strictest(*(rule for column, rule in rules if column.name in (variable.choices.column, variable.choices.label_column)))


def _said(variable: Parameter, value: Any, text: str, ruled: Ruled) -> str:
    match ruled.rule:
        case "send":
            return text
        case "mask":
            assert isinstance(variable, ChoiceParameter | MultipleChoiceParameter)
            several = value if isinstance(value, tuple) else (value,)
            return ", ".join(data.pseudonym(variable.choices.column or variable.name, one) for one in several)
        case _:
            raise BadInput(
                f"“{typed.label(variable)}” is chosen from a column that prompts may not send, by {ruled.because}. "
                f"Take `{{{{ {variable.name} }}}}` out of the template; the data may still be narrowed by it."
            )
