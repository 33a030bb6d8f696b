"""What a choice may be, for filter bars: a fixed list, or the rows of a view as the reader may see them."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.ui.filters import Option
from nexus.ui.forms import sentence
from nexus.views import service as views
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter


def options_of(user: User, parameter: Parameter) -> list[Option]:
    """Value and label of each; where they cannot be read, a sentence on the page, and none."""
    if not isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
        return []
    try:
        origin = None
        if parameter.choices.view:
            with transaction() as session:
                origin = views.find_view(session, reader=user, name=parameter.choices.view)
        return views.read_choices(parameter, origin, reader=user)
    except NexusError as error:
        st.caption(f":material/error: {sentence(error.message)}")
        return []
