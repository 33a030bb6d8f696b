"""How many tokens a request takes: estimated here, or counted by Gemini for who presses for it."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.errors import NexusError
from nexus.prompts import counting
from nexus.prompts.request import Prepared, Request
from nexus.ui import forms, viewing

COUNTED = "counted-requests"
"""In the browser session: by digest of a request, how many tokens it takes, or the sentence that says why nobody knows."""
MOST_KEPT = 50


def words(request: Request) -> str:
    """`1,204 tokens, counted by Gemini`, or about how many."""
    counted = _counted().get(request.digest)
    if isinstance(counted, int):
        return f"{counted:,} tokens, counted by Gemini"
    return f"about {request.estimated_tokens:,} tokens, estimated here"


def draw_count(prepared: Prepared, *, user: User, scope: str) -> None:
    """The way from an estimate to the figure, while only the estimate is there."""
    counted = _counted().get(prepared.request.digest)
    if isinstance(counted, str):
        st.caption(f":material/info: {forms.sentence(counted)} The estimate stands.")
    if isinstance(counted, int) or viewing.kept() or not user.may(Permission.RUN_PROMPTS):
        return
    st.button(
        "Count exactly",
        key=f"count-{scope}",
        type="tertiary",
        icon=":material/pin:",
        help="Sends exactly this request to Gemini to be counted. It is not answered, and costs nothing.",
        on_click=_count,
        args=(prepared, user),
    )


def _count(prepared: Prepared, user: User) -> None:
    found = _counted()
    while len(found) >= MOST_KEPT:
        found.pop(next(iter(found)))
    try:
        found[prepared.request.digest] = counting.count(user=user, prepared=prepared)
    except NexusError as error:
        found[prepared.request.digest] = error.message


def _counted() -> dict[str, int | str]:
    found: dict[str, int | str] = st.session_state.setdefault(COUNTED, {})
    return found
