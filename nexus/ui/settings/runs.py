"""Runs: how long it stays known who ran what."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.ui.settings.setting import draw_number


def draw(user: User) -> None:
    st.markdown(
        "Each run of a view and of the SQL page is counted: who, when, how long, how many rows. Analysts see it at the view, and their own as their history."
    )
    draw_number(
        user, "run_days", form="runs", label="Days that runs are kept", least=1, most=3_650, done="Saved. Older runs go within the hour."
    )
