"""Lists inside a prompt as cards that can be added and removed: data, fields, examples, test cases."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from nexus.ui.editing import Editing

Given = dict[str, Any]
"""An item as its spec's JSON, perhaps unfinished."""


def items_of(editing: Editing, name: str) -> list[Given]:
    """The list in the draft, which callbacks and forms change in place."""
    held = editing.content.get(name)
    if not isinstance(held, list):
        held = editing.content[name] = []
    return held


def draw_cards(at: str, editing: Editing, items: list[Given], *, what: str, draw: Callable[[str, Given], Given]) -> None:
    """A card for each item; `draw` draws one, and returns it as it is now. Keys follow an item when one before it is removed."""
    ids = _ids(at, items)
    for place, (number, item) in enumerate(zip(ids, list(items), strict=True)):
        with st.container(border=True, gap="small", key=f"{at}-{number}-card"):
            items[place] = draw(f"{at}-{number}", item)
            st.button(
                f"Remove this {what}", key=f"{at}-{number}-remove", type="tertiary", on_click=_remove, args=(at, editing, items, number)
            )


def add(at: str, editing: Editing, items: list[Given], item: Given) -> None:
    """For callbacks."""
    ids = _ids(at, items)
    items.append(item)
    ids.append(max(ids, default=-1) + 1)
    editing.keep()


def _remove(at: str, editing: Editing, items: list[Given], number: int) -> None:
    ids = _ids(at, items)
    if number in ids:
        place = ids.index(number)
        del ids[place], items[place]
        editing.keep()


def _ids(at: str, items: list[Given]) -> list[int]:
    ids: list[int] = st.session_state.setdefault(f"{at}-ids", list(range(len(items))))
    if len(ids) != len(items):
        ids[:] = range(len(items))
    return ids
