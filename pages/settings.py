"""Settings: people, sources, keys and limits, each in its section. For administrators."""

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.ui.forms import empty
from nexus.ui.page import run_page
from nexus.ui.settings.sections import SECTIONS, Section, named


def page(user: User) -> None:
    st.title("Settings")
    left, right = st.columns([1, 4], gap="large")
    with left:
        section = choose()
    if section is not None:
        with right:
            st.header(section.title)
            section.draw(user)


def choose() -> Section | None:
    """The sections that match the search, and which one is open: the one in the address."""
    search = st.text_input(
        "Search settings", key="settings-search", type="search", placeholder="Search settings", label_visibility="collapsed"
    )
    found = {section.name: things for section in SECTIONS if (things := section.found(search or ""))}
    if not found:
        empty("No setting is called that. Try `password`, `key` or `limit`.")
        return None
    if st.session_state.get("section-address") != st.query_params.get("section"):
        # A link, or the browser's way back.
        st.session_state["section-address"] = st.query_params.get("section")
        st.session_state["section"] = named(st.query_params.get("section", "")).name
    if st.session_state.get("section") not in found:
        st.session_state["section"] = next(iter(found))
    name = st.radio(
        "Section",
        list(found),
        format_func=lambda name: f"{named(name).icon} {named(name).title}",
        captions=[", ".join(things) for things in found.values()] if search else None,
        key="section",
        on_change=opened,
        label_visibility="collapsed",
    )
    return named(name)


def opened() -> None:
    st.session_state["section-address"] = st.query_params["section"] = st.session_state["section"]
    for chosen in ("person", "source", "price"):
        st.query_params.pop(chosen, None)


run_page(page, needs=Permission.ADMINISTER)
