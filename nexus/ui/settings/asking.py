"""Asking the data in words: how much SQL that a model wrote may cost."""

import streamlit as st

from nexus.accounts import service as accounts
from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.ui import forms
from nexus.ui.settings.setting import fixed, origin, read

MOST = 10**12


def draw(user: User) -> None:
    saved, people = read(user)
    st.markdown(
        "SQL that Gemini writes for a question is planned before it runs. Where the database expects it to cost more than this, it is shown "
        "and not run. A cost of one is about one page read in order: reading a million rows once costs some 20,000."
    )
    forms.told("asking")
    with st.form(forms.key("asking")):
        cost = st.number_input(
            "Most that SQL of Gemini may cost",
            value=saved.values.asking_cost,
            min_value=100,
            max_value=MOST,
            step=100_000,
            key=forms.key("asking", "asking_cost"),
            disabled=fixed(saved, "asking_cost"),
            width=240,
        )
        origin(saved, "asking_cost", people)
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary")
            back = st.form_submit_button("Back to the default")
    if save or back:
        with forms.saving("asking", "Saved. It holds from the next question on."), transaction() as session:
            accounts.change_setting(session, user=user, name="asking_cost", value=None if back else cost)
    st.page_link("pages/ask.py", label="Questions that were reported as wrong, and good answers to approve", icon=":material/forum:")
