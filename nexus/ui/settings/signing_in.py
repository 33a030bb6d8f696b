"""Signing in: how long sessions live, and when failed tries lock."""

from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.ui import forms
from nexus.ui.settings import setting
from nexus.ui.settings.setting import fixed, origin, read

LABELS = {
    "session_hours": "Life of a session, in hours",
    "lockout_failures": "Failed sign-ins that lock an account",
    "lockout_minutes": "How far back failures count, and how long a lock lasts, in minutes",
    "address_failures": "Failed sign-ins from one address that lock the address",
}


def draw(user: User) -> None:
    saved, people = read(user)
    st.markdown(
        "New sessions take these values; a lock ends by itself. The sign-in page gives the same answer for an unknown person and a wrong password."
    )
    before = setting.begun(saved, "signing-in", *LABELS)
    forms.told("signing-in")
    typed: dict[str, Any] = {}
    with st.form(forms.key("signing-in")):
        for name, label in LABELS.items():
            value = before[name]
            typed[name] = st.number_input(
                label,
                value=value,
                step=0.5 if isinstance(value, float) else 1,
                key=forms.key("signing-in", name),
                disabled=fixed(saved, name),
                width=240,
            )
            origin(saved, name, people)
        with st.container(horizontal=True):
            save = st.form_submit_button("Save", type="primary")
            back = st.form_submit_button("Back to the defaults")
    changes = [name for name in LABELS if (saved.origins[name] == "saved" if back else typed[name] != before[name])]
    if save or back:
        with forms.saving("signing-in", "Saved." if changes else "Nothing to change."):
            setting.save(user, saved, before, typed, back=back)
