"""The columns of a view that a data block may send, with the rule that holds for each anyway."""

from dataclasses import dataclass

import streamlit as st

from nexus.accounts.spec import User
from nexus.sources.rules import Rule
from nexus.views import governed
from nexus.views import values as typed
from nexus.views.service import OpenView


@dataclass(frozen=True)
class Known:
    name: str
    rule: Rule
    because: str


def known_columns(opened: OpenView, user: User) -> list[Known]:
    """As one row of the view tells them; asked once a session for each version. Raises what asking the view does."""
    at = f"columns-{opened.view.name}-{opened.version}"
    if at not in st.session_state:
        values = typed.parse(opened.view.parameters, {})
        answer = governed.ask(opened, reader=user, values=values, max_rows=1)
        named = zip(answer.table.columns, answer.rules, strict=True)
        st.session_state[at] = [Known(column.name, ruled.rule, ruled.because) for column, ruled in named]
    found: list[Known] = st.session_state[at]
    return found
