"""The boxes of filters: what each one shows, and what is meant by it."""

from collections.abc import Callable
from typing import Any, assert_never

import streamlit as st

from nexus.ui.forms import plain
from nexus.views import values as typed
from nexus.views.offered import Offered
from nexus.views.parameter import (
    BooleanParameter,
    ChoiceParameter,
    DateParameter,
    DateRangeParameter,
    MultipleChoiceParameter,
    NumberParameter,
    Parameter,
    TextParameter,
)
from nexus.views.values import EARLIEST, LATEST

_NARROW, WIDTH, _DAY, _SPAN = 120, 208, 152, 240
"""Pixels of a box for a word or a figure, of one for choices, of one for a day, and of one for two."""


def box_key(parameter: Parameter, scope: str) -> str:
    return f"filter-{scope}-{parameter.name}"


def half_chosen(parameter: Parameter, held: Any) -> bool:
    """The first day of a range is chosen, and the last is not yet."""
    return isinstance(parameter, DateRangeParameter) and isinstance(held, tuple | list) and len(held) == 1


def of_widget(parameter: Parameter, held: Any) -> Any:
    """The value of `parameter` that a widget's state means."""
    match parameter:
        case MultipleChoiceParameter():
            return tuple(held or ())
        case DateRangeParameter():
            return tuple(held) if held else None
        case TextParameter():
            return (held or "").strip() or None
        case NumberParameter() if isinstance(held, float) and held.is_integer():
            return int(held)
        case _:
            return held


def to_widget(parameter: Parameter, value: Any) -> Any:
    """The state of a widget that shows `value`."""
    match parameter:
        case MultipleChoiceParameter():
            return list(value or ())
        case DateRangeParameter():
            return tuple(value or ())
        case TextParameter():
            return value or ""
        case NumberParameter():
            return None if value is None else float(value)
        case _:
            return value


def draw_box(parameter: Parameter, value: Any, *, at: str, offered: Offered, on_change: Callable[[], None]) -> None:
    label = plain(typed.label(parameter)) + (" (required)" if parameter.required else "")
    nothing = "choose" if parameter.required else "all"
    match parameter:
        case TextParameter():
            st.text_input(label, value or "", key=at, on_change=on_change, width=_NARROW, max_chars=typed.LONGEST_TEXT, placeholder="any")
        case NumberParameter():
            st.number_input(
                label,
                key=at,
                on_change=on_change,
                width=_NARROW,
                value=None if value is None else float(value),
                min_value=None if parameter.minimum is None else float(parameter.minimum),
                max_value=None if parameter.maximum is None else float(parameter.maximum),
                step=1.0,
                format="%g",
                placeholder="any",
            )
        case BooleanParameter():
            index = None if value is None else 0 if value else 1
            st.selectbox(label, [True, False], index, yes_or_no, at, on_change=on_change, width=_NARROW, placeholder="any")
        case DateParameter():
            st.date_input(
                label, key=at, on_change=on_change, width=_DAY, value=value, min_value=EARLIEST, max_value=LATEST, format="YYYY-MM-DD"
            )
        case DateRangeParameter():
            span: Any = value or ()
            st.date_input(
                label,
                key=at,
                on_change=on_change,
                width=_SPAN,
                value=span,
                min_value=EARLIEST,
                max_value=LATEST,
                format="YYYY-MM-DD",
            )
        case ChoiceParameter():
            listed, text = _listed(offered, [value] if value else [])
            st.selectbox(
                label,
                listed,
                listed.index(value) if value else None,
                text,
                at,
                on_change=on_change,
                width=WIDTH,
                placeholder=nothing,
                accept_new_options=offered.more,
                help=MORE if offered.more else None,
            )
        case MultipleChoiceParameter():
            listed, text = _listed(offered, list(value or ()))
            st.multiselect(
                label,
                listed,
                list(value or ()),
                key=at,
                on_change=on_change,
                width=WIDTH,
                placeholder=nothing,
                format_func=text,
                select_all=False,
                accept_new_options=offered.more,
                help=MORE if offered.more else None,
            )
        case _:
            assert_never(parameter)


def yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


MORE = "The first 1,000 are listed. Type a part of another one and press Enter, and all are searched."


def offers_all(offered: Offered, value: Any) -> bool:
    """Whether what is chosen is among what is offered, as far as that is known."""
    chosen = value if isinstance(value, tuple | list) else [value] if value else []
    return not offered.known or offered.more or {one for one, _ in offered.options} >= set(chosen)


def _listed(offered: Offered, chosen: list[str]) -> tuple[list[str], Callable[[str], str]]:
    """The values to offer, with chosen ones that are not offered (any more), and how each is shown."""
    texts = dict(offered.options)
    whole = offered.known and not offered.more
    values = list(texts) + [value for value in chosen if value not in texts]
    return values, lambda value: texts.get(value, f"{value} (not offered)" if whole else str(value))
