"""The handles over the panels: one chooses, moves and sizes them by mouse, touch and keyboard on the page itself."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import streamlit as st

from nexus.dashboards.spec import Panel
from nexus.ui import presenting
from nexus.ui.components import component
from nexus.ui.composing.canvas import HANDLES, SIDE, Canvas
from nexus.ui.composing.draft import Composing, arranged
from nexus.ui.composing.panel_form import KINDS, remove

_mount = component("board")


def draw_handles(canvas: Canvas) -> None:
    """Over all panels of the page; and the look-out for those that come into sight."""
    editing = canvas.editing
    key = f"handles-{editing.name}"
    data = {
        "frames": [_frame(panel, canvas) for panel in canvas.panels],
        "order": [panel.name for panel in canvas.panels],
        "chosen": editing.chosen,
    }

    def acted() -> None:
        said = st.session_state.get(key, {}).get("act")
        if isinstance(said, Mapping):
            _act(editing, said)

    _mount(key=key, data=data, on_act_change=acted)
    presenting.draw_sight(canvas)


def _frame(panel: Panel, canvas: Canvas) -> dict[str, Any]:
    # As the draft has it: a panel that is not finished is shown as a sentence.
    given = canvas.editing.panel(panel.name) or {}
    kind = str(given.get("kind") or panel.kind)
    return {
        "name": panel.name,
        "at": canvas.places.index(panel.name),
        "title": panel.title,
        "kind": KINDS.get(kind, kind),
        "width": panel.width,
        "height": panel.height,
    }


def _act(editing: Composing, said: Mapping[str, Any]) -> None:
    """What was done to the handles; steps that were not told yet come along with whatever is done next."""
    name = said.get("name") if isinstance(said.get("name"), str) else None
    order, sizes = said.get("order"), said.get("sizes")
    if isinstance(order, list) and isinstance(sizes, Mapping):
        _arrange(editing, [str(one) for one in order], sizes)
    match said.get("what"):
        case "choose":
            editing.choose(name if editing.panel(name) else None)
        case "remove" if name:
            remove(editing, name)
    if editing.text() == editing.kept:
        # Nothing but the form at the side is another.
        st.rerun([SIDE, HANDLES])
    editing.keep()
    editing.redraw()


def _arrange(editing: Composing, order: list[str], sizes: Mapping[str, Any]) -> None:
    fitting = {name: size for name, size in sizes.items() if isinstance(size, list) and len(size) == 2 and all(map(_whole, size))}
    editing.content["panels"] = arranged(editing.panels, order, fitting)


def _whole(value: Any) -> bool:
    return isinstance(value, int) or (isinstance(value, float) and isfinite(value))
