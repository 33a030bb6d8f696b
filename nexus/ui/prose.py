"""Text that a model or a person wrote, drawn on the page as on paper."""

from typing import Any

import streamlit as st

from nexus.prompts import markdown


def draw_prose(text: str, *, at: Any = st) -> None:
    """Draw Markdown without anything in it that could act, call out or become something else."""
    if text.strip():
        at.html(f"<style>{markdown.STYLE}</style>{markdown.html(text)}")
