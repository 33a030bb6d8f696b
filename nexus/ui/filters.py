"""The filter bar: one widget a parameter, with the address of the page as the only place where values live.

Widgets begin with what the address says, and every change of a widget goes into the address first. So a
reload, the back button, a colleague's link and another replica all draw the same page.
"""

from collections.abc import Callable, Sequence
from typing import Any, assert_never

import streamlit as st

from nexus.ui import url
from nexus.ui.forms import plain, sentence
from nexus.views import values as typed
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

Option = tuple[str, str]
"""A value, and how it is shown."""
Options = Callable[[Parameter], Sequence[Option]]

_WIDE = 168
_SPAN = 240
_NARROW = 120
_ONE = 208


def draw_filters(
    parameters: Sequence[Parameter],
    *,
    scope: str,
    options: Options,
    changed: Callable[[dict[str, Any]], None],
    folds: bool = True,
) -> dict[str, Any]:
    """Draw the bar for the values in the address, and return them.

    `options` gives what a choice may be. `changed` is called with all values after a person changed one, when
    the address already has it, and before the page runs again: the place for `st.rerun` of some fragments.
    `folds`: a phone shows the bar only when asked for it.
    """
    values, refused = url.read(parameters)
    for problem in refused:
        st.warning(f"{sentence(problem)} The default is shown instead.", icon=":material/link_off:")
    if not parameters:
        return values
    _follow_address(parameters, values, scope)
    if folds:
        _toggle(scope)
    kind = "filter-bar" if folds else "variable-bar"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"{kind}-{scope}"):
        for parameter in parameters:
            at = _key(parameter, scope)
            _draw(
                parameter, values[parameter.name], at=at, options=options, on_change=_on_change(parameter, parameters, scope, at, changed)
            )
        if len(parameters) > 1:
            # Also where nothing is set yet: a change redraws some panels, and not the bar.
            at = f"filter-clear-{scope}"
            st.button("Clear", key=at, type="tertiary", icon=":material/filter_alt_off:", on_click=clear, args=(parameters, scope))
    return values


def clear(parameters: Sequence[Parameter], scope: str) -> None:
    """Every parameter back to its default, also a range of which only the first day was chosen."""
    url.write(parameters, {})
    for parameter in parameters:
        st.session_state[_key(parameter, scope)] = to_widget(parameter, url.default(parameter))


def _key(parameter: Parameter, scope: str) -> str:
    return f"filter-{scope}-{parameter.name}"


def _follow_address(parameters: Sequence[Parameter], values: dict[str, Any], scope: str) -> None:
    """Set the widgets that show something else than the address says: after the back button, a link or Clear.

    The widgets themselves are compared, not a note of what was set: the run that set them may have been broken
    off by the next click before the browser heard of it, and the browser then brings its old values again.
    """
    for parameter in parameters:
        at = _key(parameter, scope)
        if at not in st.session_state or _half_chosen(parameter, st.session_state[at]):
            continue
        said = to_widget(parameter, values[parameter.name])
        if of_widget(parameter, st.session_state[at]) != of_widget(parameter, said):
            st.session_state[at] = said


def _half_chosen(parameter: Parameter, held: Any) -> bool:
    """The first day of a range is chosen, and the last is not yet."""
    return isinstance(parameter, DateRangeParameter) and isinstance(held, tuple | list) and len(held) == 1


@st.fragment
def _toggle(scope: str) -> None:
    """Opens the bar on a phone, where the style sheet keeps it shut; a wide window never shows the switch."""
    with st.container(key=f"filter-toggle-{scope}"):
        st.toggle("Filters", key=f"filter-open-{scope}")


def _on_change(
    parameter: Parameter, parameters: Sequence[Parameter], scope: str, at: str, changed: Callable[[dict[str, Any]], None]
) -> Callable[[], None]:
    def apply() -> None:
        held = st.session_state.get(at)
        values, _ = url.read(parameters)
        if _half_chosen(parameter, held):
            changed(values)
            return
        values[parameter.name] = of_widget(parameter, held)
        url.write(parameters, values)
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


def _draw(parameter: Parameter, value: Any, *, at: str, options: Options, on_change: Callable[[], None]) -> None:
    label = plain(typed.label(parameter))
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
                label, listed, listed.index(value) if value else None, text, at, on_change=on_change, width=_ONE, placeholder="all"
            )
        case MultipleChoiceParameter():
            listed, text = _listed(options(parameter), list(value or ()))
            st.multiselect(
                label,
                listed,
                list(value or ()),
                key=at,
                on_change=on_change,
                width=_WIDE,
                placeholder="all",
                format_func=text,
                select_all=False,
            )
        case _:
            assert_never(parameter)


def yes_or_no(value: bool) -> str:
    return "yes" if value else "no"


def _listed(options: Sequence[Option], chosen: list[str]) -> tuple[list[str], Callable[[str], str]]:
    """The values to offer, with chosen ones that the data does not have (any more), and how each is shown."""
    texts = dict(options)
    values = list(texts) + [value for value in chosen if value not in texts]
    return values, lambda value: texts.get(value, str(value))
