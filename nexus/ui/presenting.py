"""A dashboard as it is looked at: refreshed while somebody sees it, on a wall screen, or with one panel on the whole page.

`?present=1` shows it without bars, and turns its tabs where `&turn=30` gives seconds; `?panel=<name>` shows one panel.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from nexus.ui import tabs, url
from nexus.ui.board import Board
from nexus.ui.components import component

STYLE = Path(__file__).parent / "static" / "presenting.css"
SHORTEST_S, LONGEST_S, USUAL_TURN_S = 5, 3_600, 30
_mount = component("showing")


def presents() -> bool:
    """Whether the address asks for a wall screen."""
    return "present" in st.query_params


def panel_alone(board: Board) -> str | None:
    """The panel that the address gives the whole page, where there is one of that name."""
    named = url.text("panel")
    return named if any(panel.name == named for panel in board.opened.dashboard.panels) else None


def turn_seconds(board: Board) -> int | None:
    """How long a tab is shown before the next; none where they do not turn."""
    said = url.text("turn")
    if not presents() or len(board.opened.dashboard.tabs) < 2 or not (said.isascii() and said.isdecimal() and len(said) < 6):
        return None
    return min(max(int(said), SHORTEST_S), LONGEST_S)


def begin() -> None:
    """To a wall screen. For callbacks and bodies; ends the run."""
    url.go(present="1", panel=None)
    st.rerun()


def leave() -> None:
    """Back to the whole page with its bars. For callbacks and bodies; ends the run."""
    url.go(present=None, panel=None, turn=None)
    st.rerun()


def draw_style() -> None:
    if presents():
        st.html(STYLE)


def watch(board: Board, key: str) -> tuple[dict[str, Any], dict[str, Callable[[], None]]]:
    """What the browser is to look after, and who hears what it tells the element of `key`. A button to pause where something goes by itself."""
    spec = board.opened.dashboard
    seconds, turn = spec.refresh_seconds, turn_seconds(board)
    data = {
        "key": spec.name,
        "seconds": seconds,
        "turn_seconds": turn,
        "unseen": board.unseen,
        "said": _said(seconds, turn),
    }
    tells = {"tick": lambda: _tick(board), "turn": lambda: _turn(board), "seen": lambda: _seen(board, key), "leave": leave}
    return data, tells


def draw_sight(board: Board) -> None:
    """Of many panels, those that come into sight are drawn; nothing else is looked after."""
    key = f"sight-{board.opened.dashboard.name}"
    data = {"key": key, "seconds": None, "turn_seconds": None, "unseen": board.unseen, "said": _said(None, None)}
    _mount(key=key, data=data, on_seen_change=lambda: _seen(board, key))


def _said(seconds: int | None, turn: int | None) -> dict[str, tuple[str, str]]:
    """Title and words of the button, while it runs and while it is paused."""
    parts = [f"Refreshes every {_span(seconds)}"] if seconds else []
    parts += [f"Turns every {_span(turn)}"] if turn else []
    words = ", ".join(parts)
    return {
        "running": (f"{words}, while this tab can be seen. Press to pause.", f"{words} · Pause"),
        "paused": ("Paused. Press to go on.", "Paused · Go on"),
    }


def _span(seconds: int) -> str:
    return f"{seconds // 60} min" if seconds >= 60 and seconds % 60 == 0 else f"{seconds} s"


def _tick(board: Board) -> None:
    """Ask again: a colleague's answer that is younger than half the interval will do. What is still being read is not begun anew."""
    if board.pending():
        return
    seconds = board.opened.dashboard.refresh_seconds or 60
    board.look_again()
    board.ask(board.in_sight, max_age_s=seconds / 2)
    board.redraw(board.in_sight)


def _turn(board: Board) -> None:
    names = [tab.name for tab in board.opened.dashboard.tabs]
    if names:
        at = names.index(board.tab) if board.tab in names else -1
        tabs.turn(board, names[(at + 1) % len(names)])
    st.rerun()


def _seen(board: Board, key: str) -> None:
    said: Any = st.session_state.get(key)
    names = said.get("seen") if hasattr(said, "get") else None
    board.came_into_sight([name for name in names or () if isinstance(name, str)])
