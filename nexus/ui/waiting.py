"""Waiting for a source: after a while the page says so, and offers to cancel; then the database's query ends too."""

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from nexus.ui import redrawing

PATIENCE_SECONDS = 1.5


def cancelled(key: str) -> bool:
    """Whether the reader just pressed cancel on what `key` waits for."""
    return bool(st.session_state.get(f"{key}-cancel"))


def left() -> bool:
    """What a short query is asked with as `cancelled`: it is waited for without a word, as long as its reader wants nothing else."""
    redrawing.look_for_own()
    return False


def patience(slot: Any, *, key: str, why: str = "") -> Callable[[], bool]:
    """What a query is asked with as `cancelled`. Pressing the button, or leaving the page, ends this run of the page at the
    next look, and with it the wait; nobody waits any more then, and the query is cancelled."""
    began = time.monotonic()
    drawn: list[Any] = []
    said = -1

    def look() -> bool:
        nonlocal said
        redrawing.look_for_own()
        seconds = int(time.monotonic() - began)
        if time.monotonic() - began < PATIENCE_SECONDS or seconds == said:
            return False
        said = seconds
        if not drawn:
            with slot.container(horizontal=True, vertical_alignment="center", gap="small", key=f"{key}-waiting"):
                drawn.append(st.empty())
                st.button("Cancel", key=f"{key}-cancel", icon=":material/close:", type="tertiary")
        drawn[0].html(f'<p class="nexus-waiting" role="status">{why} Still running, {seconds} s.</p>', width="content")
        return False

    return look
