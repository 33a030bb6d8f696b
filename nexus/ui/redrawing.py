"""How a fragment that waits for its data gets along with Streamlit: it hears that it is to stop, and lets others go first.

The only place that looks behind Streamlit's own functions for this.
"""

import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from typing import Any, NoReturn, Protocol, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import RerunData, RerunException, StopException, get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_requests import ScriptRequestType
from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ScriptRunContext, ThreadState

LOOK_SECONDS = 0.2
"""How often a panel that waits looks whether its reader is still there."""
Answer = TypeVar("Answer")


class Page(Protocol):
    """Asks questions for its fragments."""

    def pending(self) -> Sequence[Future[Any]]: ...
    def arrived(self) -> bool: ...
    def give_up(self) -> None: ...


def answer(page: Page, future: Future[Answer], slot: Any) -> Answer:
    """What `future` brings. Says in `slot` how long it has been waiting; without one, other fragments are drawn meanwhile.

    When the reader leaves or wants something else, this run ends here, and what the page still waits for is given up.
    """
    began, said = time.monotonic(), 0
    try:
        while not future.done():
            look()
            wait([future] if slot is not None else [future, *page.pending()], timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
            seconds = int(time.monotonic() - began)
            if slot is not None and seconds > said:
                said = seconds
                slot.html(f'<p class="nexus-waiting" role="status">Still running, {seconds} s</p>')
            # Each time costs a run of its own, so only for one that can be drawn at once.
            if slot is None and not future.done() and page.arrived():
                give_way()
    except RerunException as error:
        # A run that only lets others go first waits on.
        if not error.rerun_data.fragment_id_queue:
            page.give_up()
        raise
    except StopException:
        page.give_up()
        raise
    return future.result()


def look() -> None:
    """Ends this run where its reader has left, closed the page, or done something that draws it anew. Sends nothing to the browser."""
    # Reading the state is one of the places where Streamlit stops a run.
    _ = "nexus" in st.session_state


def look_for_own() -> None:
    """As `look`; also where what was done stands in the fragment that is being drawn.

    Streamlit lets a run of fragments wait until the run before has ended: *Cancel*, drawn by a fragment that waits, would be heard
    after what it is to cancel.
    """
    context, own = get_script_run_ctx(), ThreadState.get().fragment_id
    requests = context.script_requests if context else None
    if context is not None and requests is not None and own is not None:
        with requests._lock:
            asked = requests._rerun_data
            if requests._state == ScriptRequestType.RERUN and own in asked.fragment_id_queue:
                queue = list(context.fragment_ids_this_run or ())
                behind = queue[queue.index(own) + 1 :] if own in queue else []
                # On a whole run the rest of the page is still to come: it is begun again.
                again = list(dict.fromkeys([*asked.fragment_id_queue, *behind])) if own in queue else []
                requests._rerun_data = replace(asked, fragment_id_queue=again, is_fragment_scoped_rerun=bool(again))
    look()


def only(keys: Sequence[str]) -> None:
    """Draw the fragments of `keys` and nothing else. Ends a callback, or the body of a fragment; on a whole run all are drawn anyway.

    Streamlit's own `st.rerun` takes keys in callbacks alone.
    """
    state = ThreadState.get()
    if state.run_location == RunLocation.CALLBACK:
        st.rerun(list(keys))
    context = get_script_run_ctx()
    if context is None or not context.fragment_ids_this_run:
        st.rerun()
    waiting = list(context.fragment_ids_this_run or ())
    behind = waiting[waiting.index(state.fragment_id) + 1 :] if state.fragment_id in waiting else []
    _draw_next(context, list(dict.fromkeys([*context.fragment_storage.resolve_target(list(keys)), *behind])))


def of_fragments() -> bool:
    """Whether fragments alone are being drawn, and not the whole page."""
    context = get_script_run_ctx()
    return bool(context and context.fragment_ids_this_run)


def afterwards(keys: Sequence[str]) -> None:
    """Draw the fragments of `keys` once those that are being drawn are through, also such as these have just made. On a whole run all are drawn anyway."""
    context = get_script_run_ctx()
    if context is None or not context.fragment_ids_this_run or context.script_requests is None:
        return
    context.script_requests.request_rerun(
        RerunData(
            query_string=context.query_string,
            page_script_hash=context.page_script_hash,
            fragment_id_queue=context.fragment_storage.resolve_target(list(keys)),
            cached_message_hashes=context.cached_message_hashes,
            context_info=context.context_info,
        )
    )


def give_way() -> None:
    """End this run, and begin it again after the fragments that wait behind it. Nothing happens where none do, or on a whole run.

    Fragments that are drawn alone run one after the other, so the first that waits would hold up those that could be drawn. To be
    called before anything is drawn: what is on screen stays.
    """
    context, own = get_script_run_ctx(), ThreadState.get().fragment_id
    queue = list(context.fragment_ids_this_run or ()) if context else []
    if context is None or own not in queue or queue[-1] == own:
        return
    _draw_next(context, [*queue[queue.index(own) + 1 :], own])


def _draw_next(context: ScriptRunContext, fragments: list[str]) -> NoReturn:
    raise RerunException(
        RerunData(
            query_string=context.query_string,
            page_script_hash=context.page_script_hash,
            fragment_id_queue=fragments,
            is_fragment_scoped_rerun=True,
            cached_message_hashes=context.cached_message_hashes,
            context_info=context.context_info,
        )
    )
