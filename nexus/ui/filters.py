"""The filter bar: one widget a parameter, with the address of the page as the only place where values live.

Widgets begin with what the address says, and every change of a widget goes into the address first. So a
reload, the back button, a colleague's link and another replica all draw the same page.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import streamlit as st

from nexus.ui import url
from nexus.ui.filter_boxes import box_key, draw_box, half_chosen, of_widget, to_widget
from nexus.ui.filter_choices import Options, Search, draw_when_known
from nexus.ui.forms import sentence
from nexus.views.offered import Offered
from nexus.views.parameter import (
    ChoiceParameter,
    MultipleChoiceParameter,
    Parameter,
)

FOLD = '<label class="nexus-fold"><input type="checkbox" role="switch"> Filters</label>'
"""Opens the bar on a phone, where the style sheet keeps it shut; a wide window never shows it."""
Changed = Callable[[dict[str, Any], Sequence[str]], None]
"""Hears all values, and the keys of fragments of the bar that are to be drawn again."""


def draw_filters(
    parameters: Sequence[Parameter],
    *,
    scope: str,
    options: Options,
    changed: Changed,
    folds: bool = True,
    search: Search | None = None,
    held: "Held | None" = None,
    tail: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Draw the bar for the values in the address, and return them.

    `options` gives what a choice may be; `search` looks for more of it than a list holds. `changed` is called with all values
    after a person changed one, when the address already has it, and before the page runs again: the place for `st.rerun` of
    some fragments. With `held`, changes wait there for a button. `folds`: a phone shows the bar only when asked for it.
    `tail` draws what stands at its end, in place of a button that clears it.
    """
    values, refused = url.read(parameters)
    for problem in refused:
        st.warning(f"{sentence(problem)} The default is shown instead.", icon=":material/link_off:")
    if not parameters:
        return values
    if held is not None:
        held.show()
    _follow_address(parameters, values, scope, held.names if held else frozenset())
    if folds:
        st.html(FOLD)
    kind = "filter-bar" if folds else "variable-bar"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"{kind}-{scope}"):
        for parameter in parameters:
            at = box_key(parameter, scope)
            on_change = _on_change(parameter, parameters, scope, at, held.hold if held else changed, keep=held is None)
            offer = options(parameter) if isinstance(parameter, ChoiceParameter | MultipleChoiceParameter) else ()
            if isinstance(offer, Future):
                draw_when_known(parameter, parameters, scope=scope, at=at, options=options, search=search, on_change=on_change)
            else:
                draw_box(parameter, values[parameter.name], at=at, offered=Offered(tuple(offer), known=bool(offer)), on_change=on_change)
        if tail is not None:
            tail()
        elif len(parameters) > 1:
            # Also where nothing is set yet: a change redraws some panels, and not the bar.
            at = f"filter-clear-{scope}"
            st.button("Clear", key=at, type="tertiary", icon=":material/filter_alt_off:", on_click=clear, args=(parameters, scope))
    return values


class Held:
    """Changes that wait for a button: in the address too, so that a reload keeps them, and what is done when one more was changed."""

    def __init__(self, scope: str, parameters: Sequence[Parameter], then: Callable[[Sequence[str]], None]) -> None:
        self._scope, self._parameters, self._then = scope, parameters, then

    @property
    def names(self) -> frozenset[str]:
        return frozenset(pending(self._parameters))

    def hold(self, values: dict[str, Any], also: Sequence[str] = ()) -> None:
        """`values` as the address and the widgets have them."""
        before, _ = url.read(self._parameters)
        changed = [one for one in self._parameters if values.get(one.name) != before[one.name]]
        said = {one.name: next(iter(url.query([one], values).values()), None) for one in changed}
        url.go(**{PENDING: json.dumps(said, ensure_ascii=False, separators=(",", ":")) if said else None})
        self._then(also)

    def values(self) -> dict[str, Any]:
        """What holds once they are applied."""
        values, _ = url.read(self._parameters)
        return values | pending(self._parameters)

    def show(self) -> None:
        """Let the widgets begin with what waits, after a reload or on another replica."""
        for parameter in self._parameters:
            at, waits = box_key(parameter, self._scope), pending([parameter])
            if parameter.name in waits and not half_chosen(parameter, st.session_state.get(at)):
                st.session_state[at] = to_widget(parameter, waits[parameter.name])

    def release(self) -> None:
        url.go(**{PENDING: None})


PENDING = "g.pending"
"""Of an address: what waits to be applied, as JSON: names and the texts that an address has for their values, null for the default."""
LONGEST_PENDING = 20_000


def pending(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """What waits of `parameters`; what cannot be read, or does not fit, does not."""
    text = url.text(PENDING)
    try:
        said = json.loads(text) if 0 < len(text) <= LONGEST_PENDING else {}
        json.dumps(said, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    found: dict[str, Any] = {}
    for one in parameters if isinstance(said, dict) else ():
        texts = said.get(one.name)
        if one.name in said and texts is None:
            found[one.name] = url.default(one)
        elif isinstance(texts, list) and all(isinstance(each, str) for each in texts):
            values, refused = url.read([one], dict.fromkeys(url.keys([one]), texts[: url.MOST_VALUES]))
            found |= {} if refused else values
    return found


def shown(parameters: Sequence[Parameter], scope: str, names: frozenset[str]) -> dict[str, Any]:
    """The values that the widgets of `names` show now."""
    keys = {parameter.name: (parameter, box_key(parameter, scope)) for parameter in parameters if parameter.name in names}
    return {
        name: of_widget(parameter, st.session_state[at])
        for name, (parameter, at) in keys.items()
        if at in st.session_state and not half_chosen(parameter, st.session_state[at])
    }


def clear(parameters: Sequence[Parameter], scope: str) -> None:
    """Every parameter back to its default, also a range of which only the first day was chosen."""
    url.write(parameters, {})
    for parameter in parameters:
        st.session_state[box_key(parameter, scope)] = to_widget(parameter, url.default(parameter))


def _follow_address(parameters: Sequence[Parameter], values: dict[str, Any], scope: str, held: frozenset[str]) -> None:
    """Set the widgets that show something else than the address says: after the back button, a link or Clear.

    The widgets themselves are compared, not a note of what was set: the run that set them may have been broken
    off by the next click before the browser heard of it, and the browser then brings its old values again.
    """
    for parameter in parameters:
        at = box_key(parameter, scope)
        if at not in st.session_state or parameter.name in held or half_chosen(parameter, st.session_state[at]):
            continue
        said = to_widget(parameter, values[parameter.name])
        if of_widget(parameter, st.session_state[at]) != of_widget(parameter, said):
            st.session_state[at] = said


def _on_change(
    parameter: Parameter,
    parameters: Sequence[Parameter],
    scope: str,
    at: str,
    changed: Changed,
    *,
    keep: bool = True,
) -> Callable[..., None]:
    def apply(also: Sequence[str] = ()) -> None:
        held = st.session_state.get(at)
        values, _ = url.read(parameters)
        if half_chosen(parameter, held):
            changed(values, also)
            return
        if not keep:
            everything = frozenset(one.name for one in parameters)
            changed(values | shown(parameters, scope, everything), also)
            return
        values[parameter.name] = of_widget(parameter, held)
        url.write(parameters, values)
        changed(values, also)

    return apply
