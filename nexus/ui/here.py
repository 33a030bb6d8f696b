"""Links to other places of the page that they are on, followed in place.

Streamlit's own leave the address as it is where they lead to the page that one is on, and a plain one loads the whole of Nexus anew. These are
plain ones, so that they have names of their own and open in a new tab; a script takes the clicks that do not ask for that.
"""

import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode

import streamlit as st

from nexus.ui.components import component

_mount = component("links")
LONGEST = 8_000


def follow(page: str) -> None:
    """Follow the links of `page`, as `pages/reports.py`, which this run draws. Once a run."""
    _mount(key=f"here-{page}", on_to_change=lambda: _go(page), width="content", height="content")


def address(path: str, query: Mapping[str, Any]) -> str:
    """The address of a link, as HTML's attribute."""
    return html.escape(f"{path}?{urlencode(query, doseq=True)}" if query else path, quote=True)


def _go(page: str) -> None:
    said: Any = st.session_state.get(f"here-{page}")
    to = said.get("to") if hasattr(said, "get") else None
    if isinstance(to, str) and len(to) <= LONGEST:
        st.switch_page(page, query_params=_query(to))


def _query(text: str) -> dict[str, str | list[str]]:
    """It comes from a browser, and is read as an address is."""
    try:
        return {
            key: texts if len(texts) > 1 else texts[0] for key, texts in parse_qs(text, keep_blank_values=True, max_num_fields=500).items()
        }
    except ValueError:
        return {}
