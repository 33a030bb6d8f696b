"""What a choice may be, for filter bars: a fixed list, or the rows of a view as the reader may see them."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import service as prompts
from nexus.ui.forms import sentence
from nexus.views import offered
from nexus.views import service as views
from nexus.views.offered import Option
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.service import OpenView


def options_of(
    user: User,
    parameter: Parameter,
    origins: Mapping[str, OpenView] | None = None,
    *,
    beside: Sequence[Parameter] = (),
    values: Mapping[str, Any] | None = None,
) -> list[Option]:
    """Value and label of each; where they cannot be read, a sentence on the page, and none.

    `origins` are the views that choices come from, by name, when they were looked up already; `values` are those of the
    parameters `beside`, on which choices may depend.
    """
    if not isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
        return []
    try:
        origin = _origin(user, parameter.choices.view, origins)
        where = offered.narrowing(parameter, beside, values or {})
        return list(offered.offer(parameter, origin, reader=user, where=where).options)
    except NexusError as error:
        st.caption(f":material/error: {sentence(error.message)}")
        return []


def options_of_variable(user: User, variable: Parameter) -> list[Option]:
    """The same of a variable of a prompt."""
    try:
        return prompts.variable_choices(variable, reader=user)
    except NexusError as error:
        st.caption(f":material/error: {sentence(error.message)}")
        return []


def _origin(user: User, name: str | None, origins: Mapping[str, OpenView] | None) -> OpenView | None:
    if name is None or origins is not None:
        return (origins or {}).get(name or "")
    with transaction() as session:
        return views.find_view(session, reader=user, name=name)
