"""The filter bar: one widget a parameter, with the address of the page as the only place where values live.

Widgets begin with what the address says, and every change of a widget goes into the address first. So a
reload, the back button, a colleague's link and another replica all draw the same page.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, assert_never

import streamlit as st

from nexus.ui import url
from nexus.views import values as forms
from nexus.views.spec import (
    BooleanParameter,
    ChoiceParameter,
    DateParameter,
    DateRangeParameter,
    MultipleChoiceParameter,
    NumberParameter,
    Parameter,
    TextParameter,
)

Option = tuple[str, str]
"""A value, and how it is shown."""
Options = Callable[[Parameter], Sequence[Option]]

EARLIEST, LATEST = date(1, 1, 1), date(9998, 12, 31)
_WIDE = 184
_SPAN = 232
_NARROW = 128


def draw_filters(
    parameters: Sequence[Parameter], *, scope: str, options: Options, changed: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    """Draw the bar for the values in the address, and return them.

    `options` gives what a choice may be. `changed` is called with all values after a person changed one, when
    the address already has it, and before the page runs again: the place for `st.rerun` of some fragments.
    """
    values, refused = url.read(parameters)
    for sentence in refused:
        st.warning(f"{sentence} The default is shown instead.", icon=":material/link_off:")
    if not parameters:
        return values
    round_ = _round(parameters, values, scope)
    _toggle(parameters, values, scope)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"filter-bar-{scope}"):
        for parameter in parameters:
            at = f"filter-{scope}-{parameter.name}-{round_}"
            _draw(
                parameter, values[parameter.name], at=at, options=options, on_change=_on_change(parameter, parameters, scope, at, changed)
            )
        if url.differs(parameters):
            st.button(
                "Clear", key=f"filter-clear-{scope}", type="tertiary", icon=":material/filter_alt_off:", on_click=clear, args=(parameters,)
            )
    return values


def clear(parameters: Sequence[Parameter]) -> None:
    """Every parameter back to its default."""
    url.write(parameters, {})


def _round(parameters: Sequence[Parameter], values: dict[str, Any], scope: str) -> int:
    """A number that grows when the address says something else than the widgets: new widgets then begin with it."""
    at, said = f"filter-round-{scope}", forms.unparse(parameters, values)
    number, known = st.session_state.get(at, (0, said))
    if known != said:
        number += 1
    st.session_state[at] = (number, said)
    return number


@st.fragment
def _toggle(parameters: Sequence[Parameter], values: dict[str, Any], scope: str) -> None:
    """Opens the bar on a phone, where the style sheet keeps it shut; a wide window never shows the switch."""
    differ = len(forms.unparse(parameters, values))
    with st.container(key=f"filter-toggle-{scope}"):
        st.toggle(f"Filters ({differ})" if differ else "Filters", key=f"filter-open-{scope}")


def _on_change(
    parameter: Parameter, parameters: Sequence[Parameter], scope: str, at: str, changed: Callable[[dict[str, Any]], None]
) -> Callable[[], None]:
    def apply() -> None:
        held = st.session_state.get(at)
        if isinstance(parameter, DateRangeParameter) and isinstance(held, tuple | list) and len(held) == 1:
            return  # the person has chosen the first day, and not yet the last
        values, _ = url.read(parameters)
        values[parameter.name] = of_widget(parameter, held)
        url.write(parameters, values)
        number, _ = st.session_state[f"filter-round-{scope}"]
        st.session_state[f"filter-round-{scope}"] = (number, forms.unparse(parameters, values))
        changed(values)

    return apply


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


def _draw(parameter: Parameter, value: Any, *, at: str, options: Options, on_change: Callable[[], None]) -> None:
    label = forms.label(parameter)
    match parameter:
        case TextParameter():
            st.text_input(label, value or "", key=at, on_change=on_change, width=_NARROW, max_chars=forms.LONGEST_TEXT, placeholder="any")
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
            st.selectbox(label, [True, False], index, _yes_or_no, at, on_change=on_change, width=_NARROW, placeholder="any")
        case DateParameter():
            st.date_input(
                label, key=at, on_change=on_change, width=_NARROW, value=value, min_value=EARLIEST, max_value=LATEST, format="YYYY-MM-DD"
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
            listed, text = _listed(options(parameter), [value] if value else [])
            st.selectbox(
                label, listed, listed.index(value) if value else None, text, at, on_change=on_change, width=_WIDE, placeholder="all"
            )
        case MultipleChoiceParameter():
            listed, text = _listed(options(parameter), list(value or ()))
            st.multiselect(label, listed, list(value or ()), key=at, on_change=on_change, width=_WIDE, placeholder="all", format_func=text)
        case _:
            assert_never(parameter)


def _yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _listed(options: Sequence[Option], chosen: list[str]) -> tuple[list[str], Callable[[str], str]]:
    """The values to offer, with chosen ones that the data does not have (any more), and how each is shown."""
    texts = dict(options)
    values = list(texts) + [value for value in chosen if value not in texts]
    return values, lambda value: texts.get(value, str(value))
