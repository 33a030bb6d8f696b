"""Sources: the databases that views read, each with its limits; one of them at the side. A stored password is never shown again."""

import re

import streamlit as st
from pydantic import ValidationError

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import BadInput
from nexus.sources import service as sources
from nexus.sources.service import Trial
from nexus.sources.spec import Limits, Source
from nexus.ui import column_rules, forms
from nexus.ui.settings import source_writer

EXAMPLE = "postgresql://user:password@host:5432/database"
LABELS = {
    "timeout_ms": "Longest a query may run, in milliseconds",
    "max_rows": "Most rows of a page or a PDF",
    "max_bytes": "Most bytes of a result",
    "concurrent_queries": "Queries at once, from each Nexus process",
    "cache_seconds": "Seconds that an equal query is answered from memory; 0 turns it off",
}


def draw(user: User) -> None:
    with transaction() as session:
        found = sources.all_sources(session, reader=user)
        addresses = sources.shown_addresses(session, user=user)
    chosen = next((source for source in found if source.name == st.query_params.get("source")), None)
    left, right = st.columns([3, 2], gap="large")
    with left:
        with st.popover("Add a source", icon=":material/add:", type="primary", key=forms.key("add-source", "popover")):
            _add(user)
        forms.told("add-source")
        if not found:
            forms.empty("There is no source yet. Add the address of a Postgres database, with a role that may only `SELECT`.")
        with st.container(key="rows-sources"):
            for source in found:
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    st.button(
                        forms.plain(source.title), key=f"open-source-{source.name}", type="tertiary", on_click=_open, args=(source.name,)
                    )
                    st.caption(forms.plain(addresses.get(source.name, "")), width="content")
        if chosen is not None:
            # Here, because four columns want the width.
            with st.container(border=True):
                st.subheader(f"What prompts may send of {forms.plain(chosen.title)}", anchor=False)
                column_rules.draw_source_rules(user, chosen, f"source-{chosen.name}")
        if found:
            source_writer.draw_limit(user)
    with right:
        if chosen is not None:
            _source(user, chosen, addresses.get(chosen.name, ""))
        elif found:
            forms.empty("Open a source to test it, to change its limits, or to point it elsewhere.")


def _open(name: str) -> None:
    st.query_params["source"] = name


def _add(user: User) -> None:
    form = "add-source"
    with st.form(forms.key(form), border=False):
        title = st.text_input("Title", key=forms.key(form, "title"), max_chars=200) or ""
        name = st.text_input(
            "Name", key=forms.key(form, "name"), max_chars=63, placeholder="Made of the title", help="In URLs and files; it never changes."
        )
        url = st.text_input("Address", key=forms.key(form, "url"), type="password", placeholder=EXAMPLE, autocomplete="off") or ""
        with st.container(horizontal=True):
            add = st.form_submit_button("Add", type="primary")
            test = st.form_submit_button("Test")
    if test:
        with forms.refused(), st.spinner("Connecting …"):
            _told(sources.try_address(user=user, url=url))
    elif add:
        with forms.saving(form, f"{forms.plain(title)} is added."), transaction() as session:
            added = sources.add_source(session, user=user, name=_checked(name or forms.slug(title)), title=_titled(title), url=url)
            st.query_params["source"] = added.name


def _checked(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name):
        raise BadInput("A name has small letters, digits and dashes, as `flights-2013`.")
    return name


def _titled(title: str) -> str:
    if not title.strip():
        raise BadInput("Give the source a title, by which people know it.")
    return title.strip()


def _source(user: User, source: Source, address: str) -> None:
    form = f"source-{source.name}"
    with st.container(border=True):
        st.subheader(forms.plain(source.title), anchor=False)
        st.caption(f"`{source.name}` · {forms.plain(address)}")
        forms.told(form)
        if st.button("Test", key=f"{form}-test"):
            with forms.refused(), st.spinner("Connecting …"):
                _told(sources.try_source(user=user, name=source.name))
        _limits(user, source, form)
        with st.expander("Point it elsewhere"):
            _address(user, source, form)
        source_writer.draw(user, source, form)
        with st.expander("Remove it"):
            st.markdown("Nothing in the database itself is touched. A source that views still read stays.")
            if st.button("Remove the source", key=f"{form}-remove"):
                with forms.saving("add-source", f"{forms.plain(source.title)} is removed."), transaction() as session:
                    sources.remove_source(session, user=user, name=source.name)
                    st.query_params.pop("source", None)


def _limits(user: User, source: Source, form: str) -> None:
    seen = forms.begun(form, (source.title, source.limits), field="title")
    with st.form(forms.key(form, "limits"), border=False):
        title = st.text_input("Title", seen[0], key=forms.key(form, "title"), max_chars=200) or ""
        typed = {
            name: st.number_input(label, value=getattr(seen[1], name), step=1, key=forms.key(form, name)) for name, label in LABELS.items()
        }
        if st.form_submit_button("Save"):
            with forms.saving(form), transaction() as session:
                forms.unmoved(seen, (source.title, source.limits))
                changed = source.model_copy(update={"title": _titled(title), "limits": _limited(typed)})
                sources.change_source(session, user=user, source=changed)


def _limited(typed: dict[str, int]) -> Limits:
    """Raises BadInput, which names the field and its range."""
    try:
        return Limits(**typed)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadInput(f"{LABELS[str(first['loc'][0])]}: {first['msg'].removeprefix('Input ')}.") from None


def _address(user: User, source: Source, form: str) -> None:
    with st.form(forms.key(form, "address"), border=False):
        url = st.text_input("New address", key=forms.key(form, "url"), type="password", placeholder=EXAMPLE, autocomplete="off") or ""
        if st.form_submit_button("Change the address"):
            with forms.saving(form, "The address is changed. Test it, to be sure."), transaction() as session:
                sources.change_address(session, user=user, name=source.name, url=url)


def _told(trial: Trial) -> None:
    tables = f"{trial.tables} readable {'table' if trial.tables == 1 else 'tables'}"
    st.success(f"It answers: PostgreSQL {forms.plain(trial.version)}, {tables}, {trial.latency_ms:.0f} ms.", icon=":material/check:")
    for warning in trial.warnings:
        st.warning(warning, icon=":material/warning:")
