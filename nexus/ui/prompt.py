"""A prompt, on its own page and as a panel: its variables, what will be sent, and the answer as it comes.

What a person chose is in the address; what was asked is in the record. The browser session holds only what is between the
two: a prepared request, and a run that is under way.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import PromptPanel
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import originals, sent
from nexus.prompts import service as prompts
from nexus.prompts.asking import Asking, Look
from nexus.prompts.request import BlockSent, Prepared, PromptRun
from nexus.prompts.service import OpenPanel
from nexus.reports.layout import Layout
from nexus.ui import counting, filters, forms, printing, spending, url, viewing, when
from nexus.ui.choices import options_of_variable
from nexus.ui.editor import draw_archive, draw_versions
from nexus.ui.keeping import draw_more
from nexus.ui.page import errors_shown, tab
from nexus.ui.prompt_runs import draw_runs
from nexus.ui.prose import draw_checked, draw_prose
from nexus.ui.recorded import Recorded, draw_recorded, draw_records, latest, say_whose
from nexus.ui.sharing import draw_share
from nexus.views.parameter import Parameter

LOOK_EVERY_S = 0.5

TROUBLES = {"cut": st.warning, "refused": st.warning, "stopped": st.info, "failed": st.error}


@dataclass
class Place:
    """Where a prompt is drawn, and for what values."""

    scope: str
    panel: OpenPanel
    user: User
    values: dict[str, Any]
    filters: Sequence[Parameter] = ()
    filter_values: Mapping[str, Any] = field(default_factory=dict)
    dashboard: str | None = None

    @property
    def variables(self) -> dict[str, list[str]]:
        return prompts.variables_of(self.panel.opened.prompt, self.values, filters=self.filters, filter_values=self.filter_values)

    def prepare(self) -> Prepared:
        return prompts.prepare(
            user=self.user, opened=self.panel.opened, values=self.values, filters=self.filters, filter_values=self.filter_values
        )


@dataclass
class State:
    """What this browser session holds of a place, for the values that it was made for."""

    variables: dict[str, list[str]]
    prepared: Prepared | None = None
    asking: Asking | None = None


def draw_no_prompt() -> None:
    st.title("Prompt", anchor=False)
    st.caption("Choose one from the list.")
    st.page_link("pages/prompts.py", label="All prompts", icon=":material/arrow_back:")


def draw_prompt_page(user: User, *, name: str) -> None:
    """Variables, the exact request beside what it is made of, the answer, and the runs."""
    with transaction() as session:
        panel = prompts.open_prompt(session, reader=user, name=name)
    prompt = panel.opened.prompt
    tab(prompt.title)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.title(forms.plain(prompt.title), anchor=False, width="content")
        st.space("stretch")
        if panel.opened.may_edit or user.may(Permission.BUILD):
            st.button("Edit", icon=":material/edit:", key="prompt-edit", on_click=url.go, kwargs={"edit": "1"})
        if user.looked_at_by is None:
            draw_share(user, "prompt", name)
        draw_more(user, "prompt", name, prompt.title)
    if prompt.description:
        draw_prose(prompt.description)
    place = Place(scope=f"prompt-{name}", panel=panel, user=user, values=_variables_bar(panel, user, scope=f"prompt-{name}"))
    state = state_of(place)
    if user.could(Permission.RUN_PROMPTS):
        made, sent = st.columns(2, gap="medium")
        with made:
            _draw_template(panel)
        with sent:
            st.subheader("What will be sent" if user.looked_at_by is None else "What they would send", anchor=False)
            if state.prepared is None:
                with errors_shown(), st.spinner("Asking the data…"):
                    state.prepared = place.prepare()
            if state.prepared:
                draw_request(state.prepared, user=user, scope=place.scope, height=360)
    st.subheader("Answer", anchor=False)
    draw_answer(place, state)
    draw_buttons(place, state, at_once=True)
    st.subheader("Runs", anchor=False)
    draw_runs(user, name)
    if panel.opened.may_edit:
        _draw_versions(user, name)


def _draw_versions(user: User, name: str) -> None:
    with st.expander("Versions", icon=":material/history:", key="prompt-versions", on_change="rerun") as shown:
        if not shown.open:
            return
        with transaction() as session:
            listed = prompts.prompt_versions(session, reader=user, name=name)
        restored = draw_versions("prompt", name, listed, user=user)
        archived = draw_archive("prompt", name, lambda session: prompts.archive_prompt(session, user=user, name=name))
        if restored is not None:
            with transaction() as session:
                prompts.restore_prompt(session, user=user, name=name, version=restored, base_version=listed[0].version)
    if archived:
        st.switch_page("pages/prompts.py")
    if restored is not None:
        st.rerun()


def draw_prompt_panel(
    open_dashboard: OpenDashboard, panel: PromptPanel, *, user: User, values: dict[str, Any], as_table: bool = False
) -> Recorded | None:
    """A prompt in a frame of a dashboard: its last answer for the filters as they are, and the way to a new one.

    Returns the rows that it shows, of a panel of the answer's fields; `as_table` also where it has a chart.
    """
    with transaction() as session:
        opened = prompts.open_on_dashboard(session, reader=user, name=panel.prompt, owner=open_dashboard.owner)
    shared, variables = open_dashboard.dashboard.filters, opened.opened.prompt.variables
    names = {parameter.name for parameter in shared}
    scope = f"{open_dashboard.dashboard.name}-{panel.name}"
    own = [variable for variable in variables if variable.name not in names]
    if panel.shows != "answer" and (run := latest(open_dashboard, opened, values | url.read(own)[0])):
        return draw_recorded(panel, opened, run, user=user, as_table=as_table)
    chosen = prompts.take(variables, values) | (draw_bar(own, user, scope=scope) if own else {})
    place = Place(
        scope=scope, panel=opened, user=user, values=chosen, filters=shared, filter_values=values, dashboard=open_dashboard.dashboard.name
    )
    state = state_of(place)
    draw_buttons(place, state, at_once=False)
    if state.prepared and not state.asking:
        draw_request(state.prepared, user=user, scope=scope)
        return None
    draw_answer(place, state)
    if not (state.asking or opened.answer_for(place.variables)):
        # In place of an answer, what it would be about.
        draw_prose(opened.opened.prompt.description)
    return None


def _variables_bar(panel: OpenPanel, user: User, *, scope: str) -> dict[str, Any]:
    return draw_bar(panel.opened.prompt.variables, user, scope=scope)


def draw_bar(variables: Sequence[Parameter], user: User, *, scope: str) -> dict[str, Any]:
    return filters.draw_filters(
        variables,
        scope=scope,
        options=lambda variable: options_of_variable(user, variable),
        changed=lambda _values, _also: None,
        folds=False,
    )


def state_of(place: Place) -> State:
    """The state of the place; a new one when the values are others, and a run for the former ones ends."""
    at = f"asked-{place.scope}"
    state: State | None = st.session_state.get(at)
    if state is None or state.variables != place.variables:
        if state and state.asking:
            state.asking.stop()
        state = st.session_state[at] = State(place.variables)
    return state


def _draw_template(panel: OpenPanel) -> None:
    opened = panel.opened
    st.subheader("What it is made of", anchor=False)
    st.code(opened.prompt.template, language=None, wrap_lines=True, height=240)
    lines = [
        f"Version {opened.version}, saved {when.moment(opened.saved_at)}{f' by {forms.plain(opened.saved_by)}' if opened.saved_by else ''}"
    ]
    for block in opened.prompt.data:
        rules = "".join(f" · `{column}`: {rule}" for column, rule in block.rules.items())
        if block.view in panel.hidden:
            lines.append(f"`{block.name}`: of a view that you may not see; ask {forms.plain(opened.owner or 'an administrator')}")
            continue
        lines.append(f"`{block.name}`: at most {count(block.max_rows, 'row')} of the view `{block.view}`{rules}")
    st.caption("  \n".join(lines))


def draw_request(prepared: Prepared, *, user: User, scope: str, height: int | None = None) -> None:
    """The exact request, and what it comes to."""
    request = prepared.request
    st.caption(
        f"{count(prepared.rows, 'row')} · {count(prepared.columns, 'column')} · {counting.words(request)} · "
        f"{forms.plain(request.model)} · temperature {request.temperature:g} · at most {request.max_answer_tokens:,} tokens back"
        + (f" · at most {request.thinking_tokens:,} tokens of thinking" if request.thinking_tokens is not None else "")
        + "".join(f"  \n{_of_block(block)}" for block in prepared.blocks)
    )
    counting.draw_count(prepared, user=user, scope=scope)
    with st.container(height=height or "content", border=height is not None, gap="small"):
        if request.system:
            st.caption("Standing instruction")
            st.code(request.system, language=None, wrap_lines=True)
        for asked, answered in request.examples:
            st.caption("Example, and the answer to it")
            st.code(asked, language=None, wrap_lines=True)
            st.code(answered, language=None, wrap_lines=True)
        st.caption("Prompt")
        st.code(request.text, language=None, wrap_lines=True)
        if request.answer_schema:
            st.caption("Fields that the answer is held to")
            st.code(json.dumps(request.answer_schema, indent=1), language="json", wrap_lines=True)


def _of_block(block: BlockSent) -> str:
    parts = [f"`{block.name}`: {count(block.rows, 'row')}, " + ("complete" if block.complete else "**not all there are**")]
    for names, what in (
        (block.masked, "as pseudonyms"),
        (block.aggregated, "as statistics only"),
        (block.withheld, "not sent"),
    ):
        if names:
            parts.append(f"{what}: {', '.join(_ruled(name, block) for name in names)}")
    if block.emptied:
        parts.append(f"{count(block.emptied, 'figure')} of too few values left out")
    return " · ".join(parts)


def _ruled(name: str, block: BlockSent) -> str:
    because = block.because.get(name)
    return f"`{name}` by {forms.plain(because)}" if because else f"`{name}`"


def draw_answer(place: Place, state: State) -> None:
    if state.asking:
        look = state.asking.look()
        if not look.over:
            st.fragment(_follow, run_every=LOOK_EVERY_S)(state.asking, place.scope)
            return
        _draw_end(look, place, state.asking.prepared)
        return
    run = place.panel.answer_for(place.variables)
    if run:
        draw_run(run, place, state.prepared)
    elif place.user.may(Permission.RUN_PROMPTS):
        st.caption("Not asked yet for these values.")
    elif place.user.looked_at_by is not None:
        st.caption("They see no answer for these values yet. Nothing can be asked in their name.")
    else:
        st.caption("Nobody has asked this for these values yet. An analyst can run it.")


def _follow(asking: Asking, scope: str) -> None:
    """The answer while it comes. Looking is what keeps it going."""
    look = asking.look()
    if look.over:
        st.rerun()  # once, which also ends the looking
    with st.container(horizontal=True, vertical_alignment="center"):
        doing = "Writing" if look.text else f"In the queue, place {look.place:,}" if look.place else "Waiting for Gemini"
        st.caption(f"{doing}, {look.waited_s:.0f} s", width="stretch")
        st.button("Stop", key=f"stop-{scope}", icon=":material/stop_circle:", on_click=asking.stop)
    if asking.prepared.request.answer_schema:
        st.code(look.text, language=None, wrap_lines=True)
    else:
        draw_prose(look.text)


def _draw_end(look: Look, place: Place, prepared: Prepared) -> None:
    if look.run:
        draw_run(look.run, place, prepared)
        return
    draw_prose(look.text)
    if look.problem:
        st.info(forms.sentence(look.problem), icon=":material/info:")


def draw_run(run: PromptRun, place: Place, prepared: Prepared | None = None) -> None:
    """An answer, what of it is in the data, how it ended, and where it came from. Rows can be opened while the request is at hand."""
    scope, found = place.scope, originals.known(reader=place.user, run=run)
    if run.records:
        draw_records(run, scope, found=found)
    elif run.grounding:
        at_hand = prepared is not None and prepared.request.digest == run.request_digest
        data = sent.read(prepared.request.system, prepared.request.text) if prepared and at_hand else None
        draw_checked(run.answer, run.grounding, place=f"{scope}-{run.id}", data=data, found=found)
    else:
        draw_prose(run.answer, found=found)
    say_whose(found)
    if run.error and run.status in TROUBLES:
        TROUBLES[run.status](forms.sentence(run.error), icon=":material/info:")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.caption(provenance(run), width="stretch")
        if viewing.kept():
            return
        printing.draw_print(
            lambda query: url.link(f"/prompt-runs/{run.id}.pdf", (), {}, **query), usual=Layout(), key=f"icon-print-{scope}-{run.id}"
        )


def provenance(run: PromptRun) -> str:
    """When, by whom, from what, how many tokens, how long, for how much; or where an answer that was there comes from."""
    if run.kept_from and run.answered_at:
        asked = f"{when.moment(run.started_at)} · {forms.plain(run.user_name)}"
        return f"{asked} · answered from run {run.kept_from} of {when.moment(run.answered_at)}: the same request, so nothing was sent · run {run.id}"
    parts = [when.moment(run.started_at), forms.plain(run.user_name), forms.plain(run.model)]
    if run.prompt_tokens is not None or run.answer_tokens is not None:
        parts.append(f"{run.prompt_tokens or 0:,} + {run.answer_tokens or 0:,} tokens")
    if run.elapsed_ms is not None:
        parts.append(f"{run.elapsed_ms / 1000:.1f} s")
    if run.cost_usd_micros:
        parts.append(spending.dollars(run.cost_usd_micros))
    parts += [f"{count(sum(block.rows for block in run.blocks), 'row')} sent", f"run {run.id}"]
    return " · ".join(part for part in parts if part)


def draw_buttons(place: Place, state: State, *, at_once: bool) -> None:
    """What may be done now. `at_once`: the request is on the page already, so that one press sends it."""
    if not place.user.may(Permission.RUN_PROMPTS):
        return
    if state.asking and not state.asking.look().over:
        return
    if not place.panel.has_key:
        say_how_to_get_a_key(place.user)
        return
    if state.prepared:
        spending.draw_warning(place.user, place.panel.opened.prompt.name)
        spending.draw_most(place.user, state.prepared.request)
    asked_before = bool(state.asking or place.panel.answer_for(place.variables))
    with st.container(horizontal=True, vertical_alignment="center"):
        if state.prepared and (at_once or not state.asking):
            label = "Run again" if asked_before and at_once else "Send to Gemini"
            again = asked_before and at_once
            st.button(
                label,
                key=f"send-{place.scope}",
                type="primary",
                icon=":material/send:",
                on_click=_send,
                args=(place, state),
                kwargs={"fresh": again},
                help="Asks Gemini anew, also where the request is the same." if again else None,
            )
            if not at_once:
                st.button("Cancel", key=f"cancel-{place.scope}", on_click=_forget, args=(state,))
        elif not at_once:
            label = "Ask again" if asked_before else "Ask"
            st.button(
                label,
                key=f"ask-{place.scope}",
                icon=":material/visibility:",
                on_click=_prepare,
                args=(place, state),
                help="Shows what will be sent first.",
            )
        if problem := st.session_state.pop(f"problem-{place.scope}", None):
            st.error(forms.sentence(problem), icon=":material/error:")


def _prepare(place: Place, state: State) -> None:
    try:
        state.prepared, state.asking = place.prepare(), None
    except NexusError as error:
        st.session_state[f"problem-{place.scope}"] = error.message


def _send(place: Place, state: State, *, fresh: bool = False) -> None:
    if state.prepared is None:
        return
    try:
        # Data may have moved since the page was drawn, but what was shown is what is sent.
        state.asking = Asking(user=place.user, prepared=state.prepared, dashboard=place.dashboard, fresh=fresh)
        if place.dashboard:
            state.prepared = None
    except NexusError as error:
        st.session_state[f"problem-{place.scope}"] = error.message


def _forget(state: State) -> None:
    state.prepared = None


def say_how_to_get_a_key(user: User) -> None:
    if user.may(Permission.ADMINISTER):
        st.info("Prompts need a Gemini key. Google AI Studio gives one out; put it in Settings, under Gemini.", icon=":material/key:")
        st.page_link("pages/settings.py", label="Add a Gemini key in Settings", icon=":material/settings:")
    else:
        st.info("Prompts need a Gemini key. Ask an administrator to add one in Settings.", icon=":material/key:")


def count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
