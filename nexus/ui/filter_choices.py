"""The box of a choice whose values are still being read, and the search for those that a list does not hold."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from typing import Any

import streamlit as st

from nexus.errors import NexusError
from nexus.ui import url
from nexus.ui.filter_boxes import WIDTH, draw_box, of_widget, offers_all
from nexus.ui.forms import plain, sentence
from nexus.views.offered import Offered, Option
from nexus.views.parameter import Parameter

Options = Callable[[Parameter], Sequence[Option] | Future[Offered]]
"""What a choice may be; of a future, its box comes when that is known, and holds nothing else up."""
Search = Callable[[Parameter, str], Offered]


def choice_key(scope: str, name: str) -> str:
    """Of the fragment that draws the choice, where it waits for what it offers."""
    return f"filter-choice-{scope}-{name}"


def draw_when_known(
    parameter: Parameter,
    parameters: Sequence[Parameter],
    *,
    scope: str,
    at: str,
    options: Options,
    search: Search | None,
    on_change: Callable[..., None],
) -> None:
    """The box of a choice, drawn on a thread of its own when what it offers is there."""

    def draw() -> None:
        values, _ = url.read(parameters)
        value = values[parameter.name]
        if at in st.session_state:
            value = of_widget(parameter, st.session_state[at])
        slot = st.empty()
        offered = _waited(options(parameter), slot)
        sought = st.session_state.get(f"{at}-sought")
        if sought and search is not None:
            offered = _found(parameter, sought, search)
        with slot.container(width="content", gap=None):
            # Choices that were found before are known as well: the list of the first ones need not hold them.
            known = {one for one, _ in offered.options} | set(value if isinstance(value, tuple) else [value] if value else [])
            again = [choice_key(scope, parameter.name)]
            found = (lambda text: _found(parameter, text, search)) if offered.more and search is not None else None
            if at in st.session_state and not offers_all(offered, value):
                # It is called otherwise now than when it was chosen, and the browser shows the words that it was told.
                st.session_state[at] = st.session_state[at]
            draw_box(parameter, value, at=at, offered=offered, on_change=_seeking(at, known, found, on_change, again))
            if sought:
                count = len(offered.options)
                st.caption(f"{f'{count:,}' if count else 'Nothing'} with “{plain(sought[:40])}”{'.' if count < 2 else ': choose one.'}")

    with st.container(width="content", gap=None):
        st.fragment(draw, parallel=True, key=choice_key(scope, parameter.name))()


def _waited(offer: Sequence[Option] | Future[Offered], slot: Any) -> Offered:
    """What is offered; nothing, with the sentence that says why, where it cannot be read."""
    if not isinstance(offer, Future):
        return Offered(tuple(offer), known=bool(offer))
    skeleton = False
    while True:
        try:
            return offer.result(timeout=1.0 if skeleton else 0.02)
        except NotYet:
            # Writing is where Streamlit may stop this run.
            slot.skeleton(height=64, width=WIDTH)
            skeleton = True
        except NexusError as error:
            st.caption(f":material/error: {sentence(error.message)}")
            return Offered(known=False)


def _found(parameter: Parameter, sought: str, search: Search) -> Offered:
    try:
        return search(parameter, sought)
    except NexusError:
        return Offered(known=False)


def _seeking(
    at: str, known: set[str], found: Callable[[str], Offered] | None, on_change: Callable[..., None], again: Sequence[str]
) -> Callable[[], None]:
    """Of a list that is not whole: what was typed and is not `known` is looked for. `again` draws the box, which shows what was found."""

    def apply() -> None:
        differs = st.session_state.pop(f"{at}-sought", None) is not None
        held = st.session_state.get(at)
        new = [one for one in (held if isinstance(held, list) else [held]) if isinstance(one, str) and one not in known]
        if found is not None and new:
            values = [value for value, _ in found(new[-1]).options]
            chosen = new[-1] if new[-1] in values else values[0] if len(values) == 1 else None
            kept = [one for one in held if one in known] if isinstance(held, list) else []
            st.session_state[at] = [*kept, *([chosen] if chosen else [])] if isinstance(held, list) else chosen
            if chosen is None:
                st.session_state[f"{at}-sought"] = new[-1]
                return
            differs = True
        on_change(again if differs else ())

    return apply
