"""Forms that keep what was typed until it is saved, and save once however often the button is pressed."""

import re
import time
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st

from nexus.errors import Conflict, NexusError

TOLD_SECONDS = 8
T = TypeVar("T")


def key(form: str, field: str = "") -> str:
    """Key of a form or of a field in it.

    It changes with every success: the form is empty again, and a second press of the same button belongs to a
    form that is gone, so it does nothing.
    """
    return f"{form}-{st.session_state.get(f'{form}-saved', 0)}-{field}"


def begun(form: str, now: T, *, field: str) -> T:
    """What the form changes, as it was when its `field` was first drawn: fields keep what they show, whoever changes `now` meanwhile.

    Anew with every success, and when the form was not on the page for a while.
    """
    at, of = f"{form}-{field}-begun", key(form, field)
    held: tuple[str, T] | None = st.session_state.get(at)
    if held is None or held[0] != of or of not in st.session_state:
        held = st.session_state[at] = (of, now)
    return held[1]


def unmoved(begun: object, now: object) -> None:
    """Raises Conflict where somebody else changed what a form was begun on: saving it would take their change back unseen."""
    if begun != now:
        raise Conflict("Someone else changed this while you typed. Note what you typed, reload to see theirs, and apply yours again.")


@contextmanager
def refused() -> Iterator[None]:
    """Around what a button does without saving: a refusal is one sentence where the form is, and the form stays."""
    try:
        yield
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")


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


def tell(form: str, words: str) -> None:
    st.session_state[f"{form}-told"] = (words, time.monotonic())


def told(form: str) -> None:
    """The sentence of the last success, for as long as it takes to read: whatever else is pressed meanwhile does not hide it."""
    words, at = st.session_state.get(f"{form}-told", ("", 0.0))
    if words and time.monotonic() - at < TOLD_SECONDS:
        st.success(words, icon=":material/check:")


def is_told(form: str) -> bool:
    """Whether `told` has something to say, so that what it stands in can be open."""
    words, at = st.session_state.get(f"{form}-told", ("", 0.0))
    return bool(words) and time.monotonic() - at < TOLD_SECONDS


def empty(words: str) -> None:
    """What a page says when there is nothing yet: what it is for, and what to do next."""
    with st.container(border=True):
        st.markdown(words)


def plain(text: str) -> str:
    """Text that people typed, for a place that reads markdown: every sign is only itself, and no address becomes a link."""
    escaped = "".join(f"\\{sign}" if sign in "\\`*_{}[]()<>#+-.!|$~:^=" else sign for sign in " ".join(text.split()))
    return _unlinked(escaped)


def sentence(message: str) -> str:
    """What an error says, for a place that reads markdown: names in backticks are set as code, and nothing else means anything.

    Messages quote databases, files and what people typed, so a link or a picture in them must stay text.
    """
    parts = re.split(r"(`[^`]+`)", " ".join(message.split()))
    return "".join(part if at % 2 else _unlinked(_SIGNS.sub(r"\\\g<0>", part)) for at, part in enumerate(parts))


_SIGNS = re.compile(r"[\\`*_\[\]<>$~]|:(?=[A-Za-z])|^[#+=-]|(?<=^\d)[.)]")
"""Signs that mean something inside a line, or at its beginning."""


_LIVE = re.compile(r"(?i)https?\\?:|www|:(?=[\w+/\\-]+:)|(?<!\S)\\?[<>~-](?=\\?[-=>])")
"""Bare addresses are linked, icons and emoji drawn by their names, and `--`, `->` or `>=` made one sign, in spite of escapes."""


def _unlinked(text: str) -> str:
    # A word joiner, which nobody sees, keeps them text.
    return _LIVE.sub("\\g<0>\u2060", text)


def slug(title: str) -> str:
    """The name that a title suggests: `Größe 2013` becomes `grosse-2013`; empty where none can be made."""
    latin = unicodedata.normalize("NFKD", title.casefold()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", latin).strip("-")[:63].rstrip("-")
