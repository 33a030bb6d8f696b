"""The colours of data, on light and dark screens and on paper: one set, chosen once.

Every category stands out from its background (contrast of 3 to 1 or more), and the first eight stay apart for people who
see no red or no green. `.streamlit/config.toml` holds the same values for Streamlit; a test keeps them equal.
"""

from typing import Literal

from nexus.views.appearance import Tone

Theme = Literal["light", "dark"]
Colours = tuple[str, ...]

CATEGORIES: dict[Theme, Colours] = {
    "light": (
        "#0f6a86", "#cf6d0c", "#6a5acd", "#3a9c68", "#9c2150", "#7a5c2e", "#4a8fd0", "#767b83", "#c2579f", "#7a8c12", "#1d3f8a", "#5f2a7a",
    ),
    "dark": (
        "#45b0d0", "#f0a35e", "#9180f0", "#5cc48f", "#e0587f", "#e8d9a0", "#a9ccff", "#9aa2ad", "#f5b8e0", "#b4cc4d", "#4f7fe0", "#c55ce8",
    ),
}  # fmt: skip

SEQUENCE: dict[Theme, Colours] = {
    "light": ("#e6f1f5", "#cfe4ec", "#b5d5e1", "#98c5d5", "#79b3c8", "#579fb8", "#3a8aa6", "#207593", "#0f5f7a", "#0a4759"),
    "dark": ("#1a2a32", "#1d3a46", "#204a5a", "#235b6f", "#276d85", "#2f809b", "#3f95b1", "#58abc5", "#7cc3d9", "#ade0ef"),
}
"""From low to high: on white the high are dark, on a dark page they are bright."""

DIVERGING: dict[Theme, Colours] = {
    "light": ("#0a4759", "#207593", "#579fb8", "#98c5d5", "#dcebf1", "#f7e6d3", "#efc195", "#dd9550", "#c0690f", "#8a4700"),
    "dark": ("#ade0ef", "#58abc5", "#2f809b", "#235b6f", "#1a2a32", "#2e2419", "#6f4a1f", "#a56a24", "#dc913d", "#f9c88d"),
}
"""From below nothing to above it."""

INK: dict[Theme, tuple[str, str]] = {"light": ("#1b2430", "#ffffff"), "dark": ("#e4e8ed", "#10151a")}
"""Of words on weak colours, and on strong ones."""

TONES: dict[Tone, str] = {"red": "#d64545", "amber": "#d99a00", "green": "#2f9e5b", "blue": "#2f7fd0", "grey": "#808a96"}
SIGNS: dict[Tone, str] = {"red": "▲", "amber": "◆", "green": "●", "blue": "■", "grey": "○"}
"""What tells the tones of rules apart without colour."""
OPACITY = 0.34
"""Of a tone at full strength behind words: they stay readable on it, dark on light or light on dark."""


def behind(tone: Tone, strength: float) -> str:
    """The colour behind a cell's words, over whatever page there is: `#rrggbbaa`."""
    return f"{TONES[tone]}{round(255 * OPACITY * min(max(strength, 0), 1)):02x}"
