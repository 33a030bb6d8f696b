"""People: who may sign in, in which role; one of them at the side."""

import streamlit as st

from nexus.accounts import service as accounts
from nexus.accounts.sessions import Person
from nexus.accounts.spec import Role, User
from nexus.db.session import transaction
from nexus.ui import forms, sessions, when

PAGE = 25
ROLES = {Role.VIEWER: "Viewer: sees", Role.ANALYST: "Analyst: builds, runs prompts", Role.ADMIN: "Administrator: everything"}


def draw(user: User) -> None:
    with transaction() as session:
        people = accounts.everyone(session, user=user)
    chosen = next((person for person in people if str(person.id) == st.query_params.get("person")), None)
    left, right = st.columns([3, 2], gap="large")
    with left:
        with st.popover("Add a person", icon=":material/person_add:", type="primary", key=forms.key("add-person", "popover")):
            _add(user)
        forms.told("add-person")
        _one_time_password("add-person")
        _list(people)
    with right:
        if chosen is None:
            forms.empty("Open a person to change their role, give them a new password, or end their sessions.")
        else:
            _person(user, chosen)


def _add(user: User) -> None:
    with st.form(forms.key("add-person"), border=False):
        email = st.text_input("E-mail", key=forms.key("add-person", "email"), type="email", max_chars=254)
        name = st.text_input("Name", key=forms.key("add-person", "name"), max_chars=100)
        role = st.radio("Role", list(ROLES), key=forms.key("add-person", "role"), format_func=ROLES.__getitem__)
        if st.form_submit_button("Add", type="primary"):
            with forms.saving("add-person", f"{forms.plain(name or email or '')} is added."):
                with transaction() as session:
                    password = accounts.add_person(session, user=user, email=email or "", name=name or "", role=role)
                st.session_state["add-person-password"] = (email, password)


def _list(people: list[Person]) -> None:
    search = (st.text_input("Search people", key="people-search", type="search", placeholder="Name, e-mail or role") or "").casefold()
    found = [person for person in people if search in f"{person.name} {person.email} {person.role}".casefold()]
    if not found:
        forms.empty("Nobody is called that. Search for a part of the name or the e-mail address.")
        return
    pages = -(-len(found) // PAGE)
    at = st.pagination(pages, key="people-page") if pages > 1 else 1
    st.caption(f"{len(found)} {'person' if len(found) == 1 else 'people'}")
    with st.container(key="rows-people"):
        for person in found[(at - 1) * PAGE : at * PAGE]:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(forms.plain(person.name), key=f"open-person-{person.id}", type="tertiary", on_click=_open, args=(person.id,))
                st.caption(f"{forms.plain(person.email)} · {_state(person)}", width="content")


def _open(person_id: int) -> None:
    st.query_params["person"] = str(person_id)


def _state(person: Person) -> str:
    if person.disabled_at:
        return f"{person.role} · **disabled**"
    if person.must_change_password:
        return f"{person.role} · one-time password"
    return f"{person.role} · last signed in {when.since(person.last_sign_in_at)}"


def _person(user: User, person: Person) -> None:
    """One person at the side. Their row is named by the address, so a reload and another replica show the same."""
    form = f"person-{person.id}"
    with st.container(border=True):
        st.subheader(forms.plain(person.name), anchor=False)
        st.caption(f"{forms.plain(person.email)} · since {when.moment(person.created_at)}")
        forms.told(form)
        _one_time_password(form)
        if person.id == user.id:
            st.caption("This is you. Another administrator changes your role or disables you; your password is on your account page.")
            return
        _role(user, person, form)
        _sign_in(user, person, form)
        _sessions(user, person, form)


def _role(user: User, person: Person, form: str) -> None:
    with st.form(forms.key(form, "role-form"), border=False):
        roles = list(ROLES)
        role = st.radio("Role", roles, roles.index(Role(person.role)), format_func=ROLES.__getitem__, key=forms.key(form, "role"))
        if st.form_submit_button("Change role"):
            with forms.saving(form, f"The role is {role}. Their sessions have ended, so that it counts at once."), transaction() as session:
                accounts.change_role(session, user=user, person_id=person.id, role=role)


def _sign_in(user: User, person: Person, form: str) -> None:
    with st.container(horizontal=True):
        if st.button("Give a one-time password", key=forms.key(form, "reset")):
            with forms.saving(form, "The former password no longer works, and their sessions have ended."):
                with transaction() as session:
                    password = accounts.reset_password(session, user=user, person_id=person.id)
                st.session_state[f"{form}-password"] = (person.email, password)
        if person.disabled_at is None:
            if st.button("Disable", key=forms.key(form, "disable")):
                with forms.saving(form, "They can no longer sign in. Nothing of theirs is removed."), transaction() as session:
                    accounts.disable(session, user=user, person_id=person.id)
        elif st.button("Enable", key=forms.key(form, "enable")):
            with forms.saving(form, "They can sign in again."), transaction() as session:
                accounts.enable(session, user=user, person_id=person.id)


def _one_time_password(form: str) -> None:
    """The password, until the administrator says that it is passed on. It is shown here alone, and stored nowhere."""
    shown = st.session_state.get(f"{form}-password")
    if shown is None:
        return
    email, password = shown
    with st.container(border=True):
        st.markdown(f"One-time password for **{forms.plain(email)}**. Pass it on by a safe way; it is not shown again.")
        st.code(password, language=None)
        if st.button("I have passed it on", key=f"{form}-passed-on"):
            del st.session_state[f"{form}-password"]
            st.rerun()


def _sessions(user: User, person: Person, form: str) -> None:
    with transaction() as session:
        open_sessions = accounts.sessions_of(session, user=user, person_id=person.id)
    st.markdown(f"**Sessions** · {len(open_sessions) or 'none'} open")
    for row in open_sessions:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(sessions.line(row), width="content")
            if st.button("End", key=forms.key(form, f"end-{row.id}")):
                with forms.saving(form, "The session has ended."), transaction() as session:
                    accounts.end_session(session, user=user, session_id=row.id)
    if len(open_sessions) > 1 and st.button("End all sessions", key=forms.key(form, "end-all")):
        with forms.saving(form, "All their sessions have ended."), transaction() as session:
            accounts.end_all_sessions(session, user=user, person_id=person.id)
