"""Runs: how long it stays known who ran what."""

import streamlit as st

from nexus.accounts import service as accounts
from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.ui import forms
from nexus.ui.settings.setting import fixed, origin, read


def draw(user: User) -> None:
    saved, people = read(user)
    st.markdown(
        "Each run of a view and of the SQL page is counted: who, when, how long, how many rows. Analysts see it at the view, and their own as their history."
    )
    forms.told("runs")
    with st.form(forms.key("runs")):
        days = st.number_input(
            "Days that runs are kept",
            value=saved.values.run_days,
            min_value=1,
            max_value=3_650,
            key=forms.key("runs", "run_days"),
            disabled=fixed(saved, "run_days"),
            width=240,
        )
        origin(saved, "run_days", people)
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary")
            back = st.form_submit_button("Back to the default")
    if save or back:
        with forms.saving("runs", "Saved. Older runs go within the hour."), transaction() as session:
            accounts.change_setting(session, user=user, name="run_days", value=None if back else days)
