"""Text that a model or a person wrote, drawn on the page as on paper."""

import html
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import streamlit as st

from nexus.prompts import markdown, marks, originals
from nexus.prompts.findings import Grounding
from nexus.prompts.sent import Sent


def draw_prose(text: str, *, at: Any = st, region: str = "", height: int = 0, found: Mapping[str, str] = MappingProxyType({})) -> None:
    """Draw Markdown without anything in it that could act, call out or become something else.

    With a `height` in pixels what is longer scrolls, also by keyboard, and is called `region`.
    """
    if not text.strip():
        return
    drawn: str = originals.in_html(markdown.html(text), found)
    if height:
        drawn = f'<div role="region" aria-label="{html.escape(region)}" tabindex="0" style="max-height: {height}px; overflow: auto">{drawn}</div>'
    at.html(f"<style>{markdown.STYLE}</style>{drawn}")


def draw_checked(
    text: str, grounding: Grounding, *, place: str, data: Sent | None, found: Mapping[str, str] = MappingProxyType({})
) -> None:
    """Draw a checked answer: its figures lead to where they come from, and what is not in the data is marked."""
    if not text.strip():
        return
    drawn = originals.in_html(marks.for_screen(text, grounding, place=place, data=data), found)
    st.html(f"<style>{markdown.STYLE}{marks.STYLE}</style>{drawn}")
    if grounding.doubtful:
        st.caption(f":material/rule: {marks.summary(grounding)}. Those marked with ? were not; select a figure to see why.")
    else:
        st.caption(f":material/check: {marks.summary(grounding)}. Select a figure to see where.")
