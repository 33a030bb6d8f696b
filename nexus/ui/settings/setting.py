"""One saved setting on the page: its value, where that comes from, who changed it last."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from nexus.accounts import service as accounts
from nexus.accounts.spec import Permission, User, require
from nexus.db.saved import Saved, read_all
from nexus.db.session import transaction
from nexus.ui import forms, when

ORIGINS = {"environment": "from the environment", "saved": "saved here", "default": "the default"}


def read(user: User) -> tuple[Saved, dict[int, str]]:
    """The settings as they hold now, and the names of people by id."""
    require(user, Permission.ADMINISTER)
    with transaction() as session:
        return read_all(session), {person.id: person.name for person in accounts.everyone(session, user=user)}


def fixed(saved: Saved, name: str) -> bool:
    """Whether the environment sets it, so that nothing can be changed here."""
    return saved.origins[name] == "environment"


def origin(saved: Saved, name: str, people: dict[int, str]) -> None:
    """The line below a setting."""
    line = "Not set" if getattr(saved.values, name) is None else f"Now {ORIGINS[saved.origins[name]]}"
    if fixed(saved, name):
        line += f": `{name.upper()}` is set there, and wins. Remove it there to change it here."
    elif name in saved.changed_at:
        by = people.get(saved.changed_by.get(name) or 0)
        line += f", changed {when.moment(saved.changed_at[name])}{f' by {forms.plain(by)}' if by else ''}"
    st.caption(line)


def begun(saved: Saved, form: str, *names: str) -> dict[str, Any]:
    """The values of settings that the fields of a form show, whose keys are their names."""
    return forms.begun(form, {name: getattr(saved.values, name) for name in names}, field=names[0])


def save(user: User, saved: Saved, begun: Mapping[str, Any], typed: Mapping[str, Any], *, back: bool = False) -> int:
    """Keep what differs from what the form showed, or go `back` to the defaults. How many changed. Raises BadInput, Conflict."""
    changes = {name: value for name, value in typed.items() if value != begun[name] and not fixed(saved, name)}
    if back:
        changes = {name: None for name in typed if saved.origins[name] == "saved"}
    with transaction() as session:
        for name, value in changes.items():
            if not back:
                forms.unmoved(begun[name], getattr(saved.values, name))
            accounts.change_setting(session, user=user, name=name, value=value)
    return len(changes)


def draw_number(user: User, name: str, *, form: str, label: str, least: int, most: int, done: str, step: int = 1) -> None:
    """A form of one number, `least` to `most`, with the way back to its default; `done` is the sentence when it is saved."""
    saved, people = read(user)
    before = begun(saved, form, name)
    forms.told(form)
    with st.form(forms.key(form)):
        value = st.number_input(
            label,
            value=before[name],
            min_value=least,
            max_value=most,
            step=step,
            key=forms.key(form, name),
            disabled=fixed(saved, name),
            width=240,
        )
        origin(saved, name, people)
        with st.container(horizontal=True):
            kept = st.form_submit_button("Save", type="primary")
            back = st.form_submit_button("Back to the default")
    if kept or back:
        with forms.saving(form, done):
            save(user, saved, before, {name: value}, back=back)
