"""Fields of a form, each a value of the draft: what somebody sets is in it, and on the page, at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from nexus.ui.composing.draft import Composing, Given
from nexus.ui.forms import plain


@dataclass(frozen=True)
class Fields:
    """`target` is what the fields belong to: a panel, or the dashboard. An empty field leaves it without that key."""

    editing: Composing
    target: Given
    scope: str
    inside: tuple[Given, str] | None = None
    """Where `target` stands: it is there only while it holds something."""

    def text(self, name: str, label: str, *, lines: int = 1, max_chars: int = 200, placeholder: str = "", help: str | None = None) -> None:  # noqa: A002
        at = self._begin(name, str(self.target.get(name) or ""))
        more: dict[str, Any] = {"max_chars": max_chars, "placeholder": placeholder, "help": help}
        said: dict[str, Any] = {"key": at, "on_change": self._take, "args": (name, at)}
        if lines > 1:
            st.text_area(label, height=max(68, 24 * lines), **more, **said)
        else:
            st.text_input(label, **more, **said)

    def number(
        self, name: str, label: str, *, default: float | None = None, least: Any = None, most: Any = None, step: Any = None, **more: Any
    ) -> None:
        at = self._begin(name, self.target.get(name, default))
        st.number_input(
            label, min_value=least, max_value=most, step=step, value=None, key=at, on_change=self._take, args=(name, at), **more
        )

    def choice(self, name: str, label: str, options: Mapping[Any, str], *, default: Any = None, empty: str = "", **more: Any) -> None:
        """`options`: value → words. What is held and not among them is offered as it is. `empty` is what none is called."""
        held = self.target.get(name, default)
        offered = {**options, **({held: str(held)} if held is not None and held not in options else {})}
        at = self._begin(name, held)
        st.selectbox(
            label,
            list(offered),
            index=None,
            format_func=lambda value: plain(offered.get(value, str(value))),
            placeholder=empty or "Choose",
            key=at,
            on_change=self._take,
            args=(name, at),
            **more,
        )

    def several(self, name: str, label: str, options: Sequence[str], *, empty: str = "", new: bool = False) -> None:
        held = [str(value) for value in self.target.get(name) or ()]
        at = self._begin(name, held)
        st.multiselect(
            label,
            list(dict.fromkeys([*options, *held])),
            key=at,
            placeholder=empty or "Choose",
            accept_new_options=new,
            select_all=False,
            on_change=self._take,
            args=(name, at),
        )

    def switch(self, name: str, label: str, *, default: bool = False) -> None:
        at = self._begin(name, bool(self.target.get(name, default)))
        st.checkbox(label, key=at, on_change=self._take, args=(name, at))

    def _begin(self, name: str, value: Any) -> str:
        """What the draft says is what the field shows, also when it came from elsewhere: a drag, a step back, the YAML."""
        at = f"{self.scope}-{name}"
        if at not in st.session_state or st.session_state[at] != value:
            st.session_state[at] = value
        return at

    def _take(self, name: str, at: str) -> None:
        put(self.target, name, st.session_state.get(at))
        if self.inside:
            put(*self.inside, self.target)
        self.editing.keep()
        self.editing.redraw()


def put(target: Given, name: str, value: Any) -> None:
    if value is None or value in ("", [], {}):
        target.pop(name, None)
    else:
        target[name] = value


def change(editing: Composing, act: Callable[..., None], *arguments: Any) -> None:
    """For callbacks: do it, keep it, draw the page."""
    act(*arguments)
    editing.keep()
    editing.redraw()
