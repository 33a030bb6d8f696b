"""Home: what a new administrator or colleague does first."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.ui.forms import plain
from nexus.ui.page import run_page


def page(user: User) -> None:
    st.title(f"Good day, {plain(user.name)}")


run_page(page)
