"""Forms that keep what was typed until it is saved, and save once however often the button is pressed."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from nexus.errors import NexusError

TOLD_SECONDS = 8


def key(form: str, field: str = "") -> str:
    """Key of a form or of a field in it.

    It changes with every success: the form is empty again, and a second press of the same button belongs to a
    form that is gone, so it does nothing.
    """
    return f"{form}-{st.session_state.get(f'{form}-saved', 0)}-{field}"


@contextmanager
def refused() -> Iterator[None]:
    """Around what a button does without saving: a refusal is one sentence where the form is, and the form stays."""
    try:
        yield
    except NexusError as error:
        st.error(error.message, icon=":material/error:")


@contextmanager
def saving(form: str, done: str = "Saved.") -> Iterator[None]:
    """Around what the button does. Success is told after a rerun, at `told(form)`; an error here, with the form as it was typed."""
    saved = False
    with refused():
        yield
        saved = True
    if not saved:
        return
    st.session_state[f"{form}-saved"] = st.session_state.get(f"{form}-saved", 0) + 1
    tell(form, done)
    st.rerun()


def tell(form: str, sentence: str) -> None:
    st.session_state[f"{form}-told"] = (sentence, time.monotonic())


def told(form: str) -> None:
    """The sentence of the last success, for as long as it takes to read: whatever else is pressed meanwhile does not hide it."""
    sentence, at = st.session_state.get(f"{form}-told", ("", 0.0))
    if sentence and time.monotonic() - at < TOLD_SECONDS:
        st.success(sentence, icon=":material/check:")


def empty(sentence: str) -> None:
    """What a page says when there is nothing yet: what it is for, and what to do next."""
    with st.container(border=True):
        st.markdown(sentence)


def plain(text: str) -> str:
    """Text that people typed, for a place that reads markdown: every sign is only itself, and no address becomes a link."""
    escaped = "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+-.!|$~:^=" else sign for sign in " ".join(text.split()))
    # Bare addresses are linked in spite of the escapes; a word joiner, which nobody sees, keeps them text.
    return re.sub(r"(?i)(https?\\:|www)", "\\1\u2060", escaped)
