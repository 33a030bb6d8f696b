"""The dialog in which a person says how a PDF is to look, the same for all that is printed. What was chosen is in the page's address."""

from collections.abc import Callable
from typing import Any

import streamlit as st
from pydantic import ValidationError

from nexus.reports.layout import Layout
from nexus.ui import url

PAPERS = {"A4": "A4", "A3": "A3", "Letter": "Letter", "Legal": "Legal"}
ORIENTATIONS = {"portrait": "Portrait", "landscape": "Landscape"}
MARGINS = {"narrow": "Narrow", "normal": "Normal", "wide": "Wide"}
WIDE = {
    "fit": "Shrink, then turn the page",
    "shrink": "Shrink",
    "turn": "Turn the page",
    "continue": "Continue on side pages",
}
SWITCHES = {
    "cover": "Cover page",
    "contents": "Table of contents",
    "new_pages": "Each panel on a new page",
    "totals": "Totals below tables",
    "queries": "Queries at the end",
}

Link = Callable[[dict[str, str]], str]
"""The address of the file, with the layout in its query."""


def chosen(usual: Layout) -> Layout:
    """As this page's address says; what is not in it, or is nothing that can be printed, as usual."""
    said = {name: texts[-1] for name in Layout.model_fields if (texts := url.given().get(_key(name)))}
    layout = usual
    for name, text in said.items():
        try:
            layout = Layout.model_validate(layout.model_dump() | {name: text})
        except ValidationError:
            continue
    return layout


def query(layout: Layout) -> dict[str, str]:
    """What the address of a file says of the layout, and of the reader's zone."""
    said = {name: _text(value) for name, value in layout if value != Layout.model_fields[name].default}
    return {**said, "zone": st.context.timezone or "UTC"}


def draw_print(link: Link, *, usual: Layout, key: str) -> None:
    """The button, and the dialog behind it."""
    if st.button("Print", icon=":material/print:", key=key, help="Paper, margins, cover, contents and more"):
        st.dialog("Print", width="medium", on_dismiss="rerun")(_draw)(link, usual)


def _draw(link: Link, usual: Layout) -> None:
    layout = chosen(usual)
    with st.container(horizontal=True, gap="medium"):
        _one_of("Paper", "paper", PAPERS, layout, usual)
        _one_of("Orientation", "orientation", ORIENTATIONS, layout, usual)
        _one_of("Margins", "margins", MARGINS, layout, usual)
    st.slider("Scale", 80, 120, step=5, format="%d %%", **_kept("scale", layout, usual))
    wide = _kept("wide", layout, usual)
    st.selectbox("Tables wider than the page", list(WIDE), format_func=WIDE.__getitem__, help="Nothing is cut.", **wide)
    with st.container(horizontal=True, gap="medium"):
        for name, label in SWITCHES.items():
            st.toggle(label, **_kept(name, layout, usual), width="content")
    st.link_button("Download PDF", link(query(layout)), icon=":material/picture_as_pdf:", type="primary")


def _one_of(label: str, name: str, offered: dict[str, str], layout: Layout, usual: Layout) -> None:
    st.segmented_control(
        label, list(offered), format_func=offered.__getitem__, required=True, width="content", **_kept(name, layout, usual)
    )


def _kept(name: str, layout: Layout, usual: Layout) -> dict[str, Any]:
    """What a field needs to show the layout's value and to put another into the address."""
    field = f"print-{name}"
    st.session_state[field] = getattr(layout, name)

    def keep() -> None:
        value = st.session_state[field]
        url.go(**{_key(name): None if value == getattr(usual, name) else _text(value)})

    return {"key": field, "on_change": keep}


def _key(name: str) -> str:
    return f"print.{name}"


def _text(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
