"""The filter bar: one widget a parameter, with the address of the page as the only place where values live.

Widgets begin with what the address says, and every change of a widget goes into the address first. So a
reload, the back button, a colleague's link and another replica all draw the same page.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import Any, assert_never

import streamlit as st

from nexus.errors import NexusError
from nexus.ui import url
from nexus.ui.forms import plain, sentence
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

Option = tuple[str, str]
"""A value, and how it is shown."""
Options = Callable[[Parameter], Sequence[Option] | Future[Offered]]
"""What a choice may be; of a future, its box comes when that is known, and holds nothing else up."""
Search = Callable[[Parameter, str], Offered]

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
        _toggle(scope)
    kind = "filter-bar" if folds else "variable-bar"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"{kind}-{scope}"):
        for parameter in parameters:
            at = _key(parameter, scope)
            on_change = _on_change(parameter, parameters, scope, at, held.hold if held else changed, keep=held is None)
            offer = options(parameter) if isinstance(parameter, ChoiceParameter | MultipleChoiceParameter) else ()
            if isinstance(offer, Future):
                _draw_when_known(parameter, parameters, scope=scope, at=at, options=options, search=search, on_change=on_change)
            else:
                _draw(parameter, values[parameter.name], at=at, offered=Offered(tuple(offer), known=bool(offer)), on_change=on_change)
        if tail is not None:
            tail()
        elif len(parameters) > 1:
            # Also where nothing is set yet: a change redraws some panels, and not the bar.
            at = f"filter-clear-{scope}"
            st.button("Clear", key=at, type="tertiary", icon=":material/filter_alt_off:", on_click=clear, args=(parameters, scope))
    return values


class Held:
    """Changes that wait for a button: in the address too, so that a reload keeps them, and what is done when one more was changed."""

    def __init__(self, scope: str, parameters: Sequence[Parameter], then: Callable[[], None]) -> None:
        self._scope, self._parameters, self._then = scope, parameters, then

    @property
    def names(self) -> frozenset[str]:
        return frozenset(pending(self._parameters))

    def hold(self, values: dict[str, Any]) -> None:
        """`values` as the address and the widgets have them."""
        before, _ = url.read(self._parameters)
        changed = [one for one in self._parameters if values.get(one.name) != before[one.name]]
        said = {one.name: next(iter(url.query([one], values).values()), None) for one in changed}
        url.go(**{PENDING: json.dumps(said, ensure_ascii=False, separators=(",", ":")) if said else None})
        self._then()

    def values(self) -> dict[str, Any]:
        """What holds once they are applied."""
        values, _ = url.read(self._parameters)
        return values | pending(self._parameters)

    def show(self) -> None:
        """Let the widgets begin with what waits, after a reload or on another replica."""
        for parameter in self._parameters:
            at, waits = _key(parameter, self._scope), pending([parameter])
            if parameter.name in waits and not _half_chosen(parameter, st.session_state.get(at)):
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
    keys = {parameter.name: (parameter, _key(parameter, scope)) for parameter in parameters if parameter.name in names}
    return {
        name: of_widget(parameter, st.session_state[at])
        for name, (parameter, at) in keys.items()
        if at in st.session_state and not _half_chosen(parameter, st.session_state[at])
    }


def clear(parameters: Sequence[Parameter], scope: str) -> None:
    """Every parameter back to its default, also a range of which only the first day was chosen."""
    url.write(parameters, {})
    for parameter in parameters:
        st.session_state[_key(parameter, scope)] = to_widget(parameter, url.default(parameter))


def _key(parameter: Parameter, scope: str) -> str:
    return f"filter-{scope}-{parameter.name}"


def choice_key(scope: str, name: str) -> str:
    """Of the fragment that draws the choice, where it waits for what it offers."""
    return f"filter-choice-{scope}-{name}"


def _follow_address(parameters: Sequence[Parameter], values: dict[str, Any], scope: str, held: frozenset[str]) -> None:
    """Set the widgets that show something else than the address says: after the back button, a link or Clear.

    The widgets themselves are compared, not a note of what was set: the run that set them may have been broken
    off by the next click before the browser heard of it, and the browser then brings its old values again.
    """
    for parameter in parameters:
        at = _key(parameter, scope)
        if at not in st.session_state or parameter.name in held or _half_chosen(parameter, st.session_state[at]):
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
    parameter: Parameter,
    parameters: Sequence[Parameter],
    scope: str,
    at: str,
    changed: Callable[[dict[str, Any]], None],
    *,
    keep: bool = True,
) -> Callable[[], None]:
    def apply() -> None:
        held = st.session_state.get(at)
        values, _ = url.read(parameters)
        if _half_chosen(parameter, held):
            changed(values)
            return
        if not keep:
            everything = frozenset(one.name for one in parameters)
            changed(values | shown(parameters, scope, everything))
            return
        values[parameter.name] = of_widget(parameter, held)
        url.write(parameters, values)
        changed(values)

    return apply


def _draw_when_known(
    parameter: Parameter,
    parameters: Sequence[Parameter],
    *,
    scope: str,
    at: str,
    options: Options,
    search: Search | None,
    on_change: Callable[[], None],
) -> None:
    """The box of a choice, drawn on a thread of its own when what it offers is there."""

    def draw() -> None:
        values, _ = url.read(parameters)
        value = values[parameter.name]
        if at in st.session_state:
            value = of_widget(parameter, st.session_state[at])
        slot = st.empty()
        offered = _waited(options(parameter), slot, wide=isinstance(parameter, MultipleChoiceParameter))
        sought = st.session_state.get(f"{at}-sought")
        if sought and search is not None:
            offered = _found(parameter, sought, search)
        with slot.container(width="content", gap=None):
            _draw(parameter, value, at=at, offered=offered, on_change=_seeking(parameter, at, offered, search, on_change))
            if sought:
                count = len(offered.options)
                st.caption(f"{f'{count:,}' if count else 'Nothing'} with “{plain(sought[:40])}”{'.' if count < 2 else ': choose one.'}")

    with st.container(width="content", gap=None):
        st.fragment(draw, parallel=True, key=choice_key(scope, parameter.name))()


def _waited(offer: Sequence[Option] | Future[Offered], slot: Any, *, wide: bool) -> Offered:
    """What is offered; nothing, with the sentence that says why, where it cannot be read."""
    if not isinstance(offer, Future):
        return Offered(tuple(offer), known=bool(offer))
    skeleton = False
    while True:
        try:
            return offer.result(timeout=1.0 if skeleton else 0.02)
        except NotYet:
            # Writing is where Streamlit may stop this run.
            slot.skeleton(height=64, width=_WIDE if wide else _ONE)
            skeleton = True
        except NexusError as error:
            st.caption(f":material/error: {sentence(error.message)}")
            return Offered(known=False)


def _found(parameter: Parameter, sought: str, search: Search) -> Offered:
    try:
        return search(parameter, sought)
    except NexusError:
        return Offered(known=False)


def _seeking(parameter: Parameter, at: str, offered: Offered, search: Search | None, on_change: Callable[[], None]) -> Callable[[], None]:
    """Of a list that is not whole: what was typed and is no value is looked for."""
    known = {value for value, _ in offered.options}

    def apply() -> None:
        st.session_state.pop(f"{at}-sought", None)
        held = st.session_state.get(at)
        new = [one for one in (held if isinstance(held, list) else [held]) if isinstance(one, str) and one not in known]
        if offered.more and search is not None and new:
            found = _found(parameter, new[-1], search)
            values = [value for value, _ in found.options]
            chosen = new[-1] if new[-1] in values else values[0] if len(values) == 1 else None
            kept = [one for one in held if one in known] if isinstance(held, list) else []
            st.session_state[at] = [*kept, *([chosen] if chosen else [])] if isinstance(held, list) else chosen
            if chosen is None:
                st.session_state[f"{at}-sought"] = new[-1]
                return
        on_change()

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


def _draw(parameter: Parameter, value: Any, *, at: str, offered: Offered, on_change: Callable[[], None]) -> None:
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
            listed, text = _listed(offered, [value] if value else [])
            st.selectbox(
                label,
                listed,
                listed.index(value) if value else None,
                text,
                at,
                on_change=on_change,
                width=_ONE,
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
                width=_WIDE,
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


def _listed(offered: Offered, chosen: list[str]) -> tuple[list[str], Callable[[str], str]]:
    """The values to offer, with chosen ones that are not offered (any more), and how each is shown."""
    texts = dict(offered.options)
    whole = offered.known and not offered.more
    values = list(texts) + [value for value in chosen if value not in texts]
    return values, lambda value: texts.get(value, f"{value} (not offered)" if whole else str(value))
