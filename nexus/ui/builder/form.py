"""Widgets of the builder: each shows a value of the question, and writes every change straight back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.sources.spec import ColumnKind, Source
from nexus.ui.builder.items import Item, Items, items, new_id
from nexus.ui.builder.reach import Columns, Key, Tables
from nexus.ui.editing import Editing
from nexus.views.values import EARLIEST, LATEST

After = Callable[[Item], None]
Words = Callable[[Any], str]
SIGNS: dict[str, str] = {
    "number": "123",
    "text": "abc",
    "boolean": "yes/no",
    "date": "date",
    "time": "time",
    "duration": "duration",
    "json": "json",
}
"""How a list of columns tells their kinds."""
BEGINS: dict[str, Item] = {"filters": {}, "computed": {}, "order": {"descending": True}}
"""The steps that are a list, with what a first part begins as."""


@dataclass
class Builder:
    """One drawing of the builder: what its steps share until the page runs anew."""

    user: User
    editing: Editing
    source: Source
    tables: Tables
    kinds: dict[str, ColumnKind] = field(default_factory=dict)
    """Of computed columns."""

    @property
    def form(self) -> Item:
        """The question as its form holds it."""
        question: Item = self.editing.content["question"]
        return question

    def key(self, item: Item, name: str) -> str:
        return f"{self.editing.scope}-{item.get('id', 'form')}-{name}"

    @property
    def opened(self) -> str | None:
        """The step whose card is open."""
        at = f"{self.editing.scope}-open"
        return st.session_state.setdefault(at, None if self.editing.opened or self.form.get("table") else "table")

    def open(self, step: str | None) -> None:
        """For callbacks. An empty list begins with an empty part, to save a click; it means nothing until something is chosen."""
        if step in BEGINS and not items(self.form, step):
            items(self.form, step).append({"id": new_id(), **BEGINS[step]})
        st.session_state[f"{self.editing.scope}-open"] = step


def took(b: Builder, target: Any, name: Any, at: str, *, convert: Words | None = None, after: After | None = None) -> None:
    """Callback of every widget here: what the widget `at` holds becomes `target[name]`, of a part or of a pair of values."""
    value = st.session_state.get(at)
    target[name] = convert(value) if convert else value
    if after:
        after(target)
    b.editing.keep()


def select(
    b: Builder,
    item: Item,
    name: str,
    label: str,
    options: Sequence[Any],
    *,
    words: Words = str,
    width: Any = "stretch",
    placeholder: str = "choose",
    after: After | None = None,
    key: str = "",
    new: bool = False,
    shown: bool = False,
) -> None:
    """A choice. What is held and not among `options` (any more) stays, so that nothing is lost by looking at it."""
    held = item.get(name)
    listed = list(options) if held is None or held in options else [*options, held]
    at = b.key(item, key or name)
    st.selectbox(
        label,
        listed,
        listed.index(held) if held is not None else None,
        words,
        at,
        on_change=took,
        args=(b, item, name, at),
        kwargs={"after": after},
        placeholder=placeholder,
        label_visibility="visible" if shown else "collapsed",
        accept_new_options=new,
        width=width,
    )


def text(
    b: Builder,
    item: Item,
    name: str,
    label: str,
    *,
    placeholder: str = "",
    width: Any = "stretch",
    max_chars: int = 1000,
    key: str = "",
    convert: Words | None = None,
    after: After | None = None,
    shown: bool = False,
) -> None:
    at = b.key(item, key or name)
    st.text_input(
        label,
        item.get(name) or "",
        key=at,
        placeholder=placeholder,
        max_chars=max_chars,
        on_change=took,
        args=(b, item, name, at),
        kwargs={"convert": convert or _or_none, "after": after},
        label_visibility="visible" if shown else "collapsed",
        width=width,
    )


def _or_none(value: str | None) -> Any:
    return (value or "").strip() or None


def number(
    b: Builder, item: Item, name: str, label: str, *, key: str = "", shown: bool = False, place: int | None = None, **more: Any
) -> None:
    """A number; with `place`, one of the two that `item[name]` holds."""
    target, part = (item, name) if place is None else (item[name], place)
    held = item.get(name) if place is None else item[name][place]
    at = b.key(item, key or name)
    st.number_input(
        label,
        value=float(held) if isinstance(held, int | float) else None,
        key=at,
        step=1.0,
        format="%g",
        on_change=took,
        args=(b, target, part, at),
        kwargs={"convert": whole},
        label_visibility="visible" if shown else "collapsed",
        **more,
    )


def day(b: Builder, item: Item, name: str, label: str, *, key: str, place: int | None = None) -> None:
    """A day from a calendar, kept as text; with `place`, one of the two that `item[name]` holds."""
    target, part = (item, name) if place is None else (item[name], place)
    at = b.key(item, key)
    st.date_input(
        label,
        _day(item.get(name) if place is None else item[name][place]),
        EARLIEST,
        LATEST,
        key=at,
        format="YYYY-MM-DD",
        on_change=took,
        args=(b, target, part, at),
        kwargs={"convert": lambda value: value.isoformat() if value else None},
        label_visibility="collapsed",
    )


def _day(held: Any) -> date | None:
    try:
        return date.fromisoformat(str(held)[:10]) if held else None
    except ValueError:
        return None


def whole(value: Any) -> Any:
    """A number without a fraction as an integer, as people mean it."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def column(
    b: Builder,
    item: Item,
    columns: Columns,
    *,
    label: str = "Column",
    name: str = "column",
    of: str | None = "of",
    after: After | None = None,
    width: Any = "stretch",
) -> None:
    """A column of those that can be spoken of, with its kind. `of` is where the join it comes from is kept; None: nowhere."""
    options: list[Key] = list(columns)
    held: Key | None = (item.get(of) if of else None, item[name]) if item.get(name) else None
    listed = options if held is None or held in columns else [*options, held]
    at = b.key(item, name)
    st.selectbox(
        label,
        listed,
        listed.index(held) if held else None,
        lambda key: column_words(key, columns),
        at,
        on_change=_took_column,
        args=(b, item, name, at),
        kwargs={"of": of, "after": after},
        placeholder="choose a column",
        label_visibility="collapsed",
        width=width,
    )


def column_words(key: Key, columns: Columns) -> str:
    known = columns.get(key)
    if known is None:
        return f"{key[0]}.{key[1]} · gone" if key[0] else f"{key[1]} · gone"
    sign = SIGNS.get(known.kind)
    return f"{known.label} · {sign}" if sign else known.label


def _took_column(b: Builder, item: Item, name: str, at: str, *, of: str | None, after: After | None) -> None:
    chosen = st.session_state.get(at)
    item[name] = chosen[1] if chosen else None
    if of:
        item.pop(of, None)
        if chosen and chosen[0]:
            item[of] = chosen[0]
    if after:
        after(item)
    b.editing.keep()


# --- parts of a list --------------------------------------------------------------------------------------


def add(b: Builder, found: Items, item: Item) -> None:
    found.append({"id": new_id(), **item})
    b.editing.keep()


def add_button(b: Builder, label: str, found: Items, item: Item, *, key: str, icon: str = "add") -> None:
    st.button(label, key=f"{b.editing.scope}-add-{key}", icon=f":material/{icon}:", type="tertiary", on_click=add, args=(b, found, item))


def part_buttons(b: Builder, found: Items, item: Item, what: str, *, moves: bool = False, off: bool = True) -> None:
    """Up, off and remove, for a part of a list."""
    if moves and found.index(item) > 0:
        icon_button(b, item, f"Move {what} up", "arrow_upward", act=_up, given=(found, item))
    if off:
        switched = bool(item.get("off"))
        icon_button(
            b,
            item,
            f"Switch {what} {'on' if switched else 'off'}",
            "visibility_off" if switched else "visibility",
            act=_switch,
            given=(item,),
        )
    icon_button(b, item, f"Remove {what}", "close", act=_remove, given=(found, item))


def icon_button(b: Builder, item: Item, label: str, icon: str, *, act: Callable[..., None], given: tuple[Any, ...]) -> None:
    """A button that shows only its icon; `label` is for those who hear the page, and for the tip."""
    name = "icon-off" if icon.startswith("visibility") else f"icon-{icon}"
    st.button(label, key=b.key(item, name), icon=f":material/{icon}:", type="tertiary", on_click=act, args=(b, *given), help=label)


def _up(b: Builder, found: Items, item: Item) -> None:
    at = found.index(item)
    if at > 0:
        found[at - 1], found[at] = found[at], found[at - 1]
    b.editing.keep()


def _switch(b: Builder, item: Item) -> None:
    if item.pop("off", False) is not True:
        item["off"] = True
    b.editing.keep()


def _remove(b: Builder, found: Items, item: Item) -> None:
    if item in found:
        found.remove(item)
    drop_unused(b, parameters_in(item))
    b.editing.keep()


def parameters_in(part: Any) -> set[str]:
    """The parameters that filters somewhere in `part` take their value from."""
    match part:
        case dict():
            named = {part["parameter"]} if isinstance(part.get("parameter"), str) else set()
            return named.union(*(parameters_in(inner) for inner in part.values()))
        case list():
            return set[str]().union(*(parameters_in(inner) for inner in part))
        case _:
            return set()


def drop_unused(b: Builder, names: set[str]) -> None:
    """Those of `names` that no filter uses any more: they would ask for nothing."""
    gone = names - parameters_in(b.form)
    if gone:
        held = b.editing.content.get("parameters") or []
        b.editing.content["parameters"] = [parameter for parameter in held if parameter.get("name") not in gone]
