"""Asking the data in words: how much SQL that a model wrote may cost."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.ui.settings.setting import draw_number


def draw(user: User) -> None:
    st.markdown(
        "SQL that Gemini writes for a question is planned before it runs. Where the database expects it to cost more than this, it is shown "
        "and not run. A cost of one is about one page read in order: reading a million rows once costs some 20,000."
    )
    draw_number(
        user,
        "asking_cost",
        form="asking",
        label="Most that SQL of Gemini may cost",
        least=100,
        most=10**12,
        step=100_000,
        done="Saved. It holds from the next question on.",
    )
    st.page_link("pages/ask.py", label="Questions that were reported as wrong, and good answers to approve", icon=":material/forum:")
