"""The entry script: page config and navigation; no logic, no st.stop."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.ui.page import run_page

st.set_page_config(page_title="Nexus", layout="wide")


def page(user: User) -> None:
    st.title(f"Good day, {user.name}")


run_page(page)
