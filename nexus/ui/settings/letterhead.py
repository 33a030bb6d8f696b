"""Letterhead: the logo, and a line at the head and the foot of every printed page."""

import html

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.reports import letterhead
from nexus.reports.letterhead import Letterhead
from nexus.reports.logo import MOST_BYTES
from nexus.ui import forms, when
from nexus.ui.components import component
from nexus.views.printed import MOST_WORDS

_upload = component("upload")
MOST_MB = MOST_BYTES // 1024 // 1024


def draw(user: User) -> None:
    with transaction() as session:
        found = letterhead.find(session, reader=user)
    st.markdown(
        "Stands on every page of every PDF, and on pictures of panels. A dashboard or a view can go without it or have words of its own, "
        "and so can each print."
    )
    forms.told("letterhead")
    _draw_logo(user, found)
    with st.form(forms.key("letterhead")):
        header = st.text_input(
            "Header", found.header, max_chars=MOST_WORDS, placeholder="None", help="At the head of every page, at the right."
        )
        footer = st.text_input(
            "Footer", found.footer, max_chars=MOST_WORDS, placeholder="None", help="Below the title at the foot of every page."
        )
        save = st.form_submit_button("Save", type="primary")
    if save:
        with forms.saving("letterhead", "Saved. What is printed from now on has it."), transaction() as session:
            letterhead.save_words(session, user=user, header=header or "", footer=footer or "")
    if found.changed_at:
        st.caption(f"Last changed {when.moment(found.changed_at)}.")


def _draw_logo(user: User, found: Letterhead) -> None:
    st.markdown("**Logo**")
    if found.logo and found.changed_at:
        source = html.escape(f"/letterhead/logo.png?{found.changed_at.timestamp():.0f}", quote=True)
        st.html(
            f'<img src="{source}" alt="The logo" style="max-width:240px;max-height:60px;padding:8px;border:1px solid #8886;background:#fff">'
        )
        st.button("Remove the logo", icon=":material/delete:", key="letterhead-remove", type="tertiary", on_click=_remove, args=(user,))
    done = _upload(
        key="letterhead-logo",
        data={
            "address": "/letterhead/logo",
            "accept": "image/png,image/jpeg",
            "words": "Drop a PNG or JPEG picture here, or",
            "limit": f"At most {MOST_MB} MB. It is printed up to 60 mm wide and 9 mm high.",
            "most_mb": MOST_MB,
        },
        on_uploaded_change=lambda: None,
    )
    if done.uploaded:
        st.rerun()


def _remove(user: User) -> None:
    with transaction() as session:
        letterhead.remove_logo(session, user=user)
