"""My account: name, password, sessions."""

import streamlit as st

from nexus.accounts import service as accounts
from nexus.accounts.spec import Permission, User
from nexus.db.session import transaction
from nexus.ui import account, forms, sessions, spending
from nexus.ui.page import run_page


def page(user: User) -> None:
    st.title("Account")
    st.caption(f"{forms.plain(user.email)} · {user.role.value}")
    left, right = st.columns(2, gap="large")
    with left:
        draw_name(user)
        draw_sessions(user)
    with right:
        draw_password(user)
    if user.may(Permission.RUN_PROMPTS):
        st.header("Prompts", help="What your prompts and questions took, by month.")
        spending.draw_mine(user)


def draw_name(user: User) -> None:
    st.header("Name")
    forms.told("name")
    with st.form(forms.key("name")):
        name = st.text_input("Name", user.name, key=forms.key("name", "name"), max_chars=100, autocomplete="name")
        if st.form_submit_button("Save"):
            with forms.saving("name"):
                account.rename(user, name=name or "")


def draw_password(user: User) -> None:
    st.header("Password")
    forms.told("password")
    with st.form(forms.key("password")):
        # The names tell password managers which is which.
        current = st.text_input("Present password", key=forms.key("password", "current"), type="password", autocomplete="current-password")
        new = st.text_input(
            "New password", key=forms.key("password", "new"), type="password", autocomplete="new-password", help=account.ADVICE
        )
        again = st.text_input("New password again", key=forms.key("password", "again"), type="password", autocomplete="new-password")
        st.caption(account.ADVICE)
        if st.form_submit_button("Change password", type="primary"):
            with forms.saving("password", "Your password is changed. Sign in with the new one."):
                account.change_password(user, current=current or "", new=new or "", again=again or "")


def draw_sessions(user: User) -> None:
    st.header("Sessions")
    forms.told("sessions")
    with transaction() as session:
        mine = accounts.my_sessions(session, user=user)
    for row in mine:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            this = row.id == user.session_id
            st.markdown(f"{sessions.line(row)}{' · **this one**' if this else ''}", width="content")
            if not this and st.button("End", key=f"end-{row.id}"):
                with forms.saving("sessions", "That session has ended."), transaction() as session:
                    accounts.end_session(session, user=user, session_id=row.id)
    if len(mine) > 1 and st.button("End all others", key="end-others"):
        with forms.saving("sessions", "All other sessions have ended."), transaction() as session:
            accounts.end_my_other_sessions(session, user=user)


run_page(page)
