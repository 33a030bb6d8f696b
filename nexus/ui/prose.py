"""Text that a model or a person wrote, drawn on the page as on paper."""

from typing import Any

import streamlit as st

from nexus.prompts import markdown, marks
from nexus.prompts.grounding import Grounding
from nexus.prompts.sent import Sent


def draw_prose(text: str, *, at: Any = st) -> None:
    """Draw Markdown without anything in it that could act, call out or become something else."""
    if text.strip():
        at.html(f"<style>{markdown.STYLE}</style>{markdown.html(text)}")


def draw_checked(text: str, grounding: Grounding, *, place: str, data: Sent | None) -> None:
    """Draw a checked answer: its figures lead to where they come from, and what is not in the data is marked."""
    if not text.strip():
        return
    drawn = marks.for_screen(text, grounding, place=place, data=data)
    st.html(f"<style>{markdown.STYLE}{marks.STYLE}</style>{drawn}")
    if grounding.doubtful:
        st.caption(f":material/rule: {marks.summary(grounding)}. Those marked with ? were not; select a figure to see why.")
    else:
        st.caption(f":material/check: {marks.summary(grounding)}. Select a figure to see where.")
