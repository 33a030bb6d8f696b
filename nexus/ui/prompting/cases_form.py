"""Test cases: what to ask with, what the answer must be like, and what came of it."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import service as prompts
from nexus.prompts import trials
from nexus.prompts.request import OpenPrompt
from nexus.prompts.spec import Prompt
from nexus.prompts.trials import Judged, Testing
from nexus.ui import when
from nexus.ui.editing import Editing
from nexus.ui.forms import plain, sentence
from nexus.ui.prompting.cards import Given, add, draw_cards, items_of
from nexus.ui.prompting.draft import prompt_of

LOOK_EVERY_S = 0.5


def draw_cases(editing: Editing, user: User, *, opened: OpenPrompt | None, has_key: bool) -> None:
    at, cases = f"{editing.scope}-cases", items_of(editing, "test_cases")
    st.caption("Each asks with values of its own, and says what the answer must be like. The score of a version stands in the list.")
    variables = [one for one in editing.content.get("variables") or () if isinstance(one, dict)]
    fields = bool(editing.content.get("output"))
    draw_cards(at, editing, cases, what="test case", draw=lambda key, case: _draw_case(key, case, variables, fields=fields))
    taken = {str(one.get("name")) for one in cases}
    name = next(name for count in range(1, 1_000) if (name := f"Case {count}") not in taken)
    new: Given = {"name": name, "least_found": 1.0} if not fields else {"name": name, "schema_holds": True}
    st.button("Add a test case", key=f"{at}-add", icon=":material/add:", on_click=add, args=(at, editing, cases, new))
    editing.keep()
    if cases:
        _draw_running(editing, user, opened=opened, has_key=has_key)


def _draw_case(at: str, case: Given, variables: Sequence[Mapping[str, Any]], *, fields: bool) -> Given:
    after: Given = {"name": st.text_input("Case", str(case.get("name") or ""), key=f"{at}-name", max_chars=100).strip()}
    held, values = case.get("values") or {}, {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for variable in variables:
            name = str(variable.get("name"))
            said = _texts(held.get(name))
            if text := _draw_value(f"{at}-value-{name}", variable, said):
                values[name] = text
    after |= {"values": values} if values else {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for field, label in (("contains", "Must hold"), ("contains_not", "Must not hold")):
            words = _texts(case.get(field))
            chosen = st.multiselect(
                label, words, words, key=f"{at}-{field}", accept_new_options=True, placeholder="Type words, then Enter", width=260
            )
            after |= {field: list(chosen)} if chosen else {}
        if fields and st.checkbox("Fits its fields", bool(case.get("schema_holds")), key=f"{at}-schema"):
            after["schema_holds"] = True
        least = case.get("least_found")
        share = st.number_input(
            "Figures found, at least %",
            0,
            100,
            None if least is None else round(float(least) * 100),
            key=f"{at}-least",
            placeholder="any",
            width=180,
        )
        # A share with more digits than the field shows stays as it is until somebody changes it.
        same = least is not None and share == round(float(least) * 100)
        after |= {} if share is None else {"least_found": least if same else share / 100}
    return after


def _draw_value(at: str, variable: Mapping[str, Any], said: list[str]) -> list[str] | str:
    """As it stands in an address; a range of dates as its two days with dots between."""
    label = str(variable.get("label") or str(variable.get("name")).replace("_", " ").capitalize())
    if variable.get("type") == "multiple_choice":
        return list(st.multiselect(label, said, said, key=at, accept_new_options=True, placeholder="As usual", width=220))
    hints = {"date_range": "2013-06-01..2013-08-31", "date": "2013-06-01", "boolean": "true or false"}
    text = st.text_input(label, said[0] if said else "", key=at, placeholder=hints.get(str(variable.get("type")), "As usual"), width=190)
    return text.strip()


def _texts(held: Any) -> list[str]:
    return [held] if isinstance(held, str) else [str(one) for one in held or ()]


def _draw_running(editing: Editing, user: User, *, opened: OpenPrompt | None, has_key: bool) -> None:
    at = f"testing-{editing.scope}"
    testing: Testing | None = st.session_state.get(at)
    if testing is not None and not testing.look().over:
        st.fragment(_follow, run_every=LOOK_EVERY_S)(testing)
        return
    try:
        prompt = prompt_of(editing.content, to_try=True)
    except NexusError as error:
        st.info(sentence(error.message), icon=":material/info:")
        return
    if has_key:
        count = len(prompt.test_cases)
        st.button(
            f"Run {'the test case' if count == 1 else f'all {count} test cases'}",
            key=f"{at}-run",
            type="primary",
            icon=":material/play_arrow:",
            on_click=start,
            args=(editing, user, opened),
            help="On your own data, with what is written now. Each is a call to Gemini.",
        )
    if testing is not None and (problem := testing.look().problem):
        st.warning(sentence(problem), icon=":material/info:")
    _draw_score(user, prompt)


def start(editing: Editing, user: User, opened: OpenPrompt | None) -> None:
    """For callbacks: run every case of what is written now."""
    try:
        prompt = prompt_of(editing.content, to_try=True)
        as_saved = opened is not None and prompts.fingerprint(opened.prompt) == prompts.fingerprint(prompt)
        tried = opened if as_saved and opened else prompts.as_written(prompt, user=user, saved=opened)
        st.session_state[f"testing-{editing.scope}"] = Testing(user=user, opened=tried)
    except NexusError as error:
        editing.problem = error.message


def _follow(testing: Testing) -> None:
    now = testing.look()
    if now.over:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(len(now.judged) / max(now.total, 1), f"{len(now.judged)} of {now.total} run, {now.passed} passed", width="stretch")
        st.button("Stop", key="stop-testing", icon=":material/stop_circle:", on_click=testing.stop)
    _draw_results(now.judged)


def _draw_score(user: User, prompt: Prompt) -> None:
    with transaction() as session:
        score = trials.last_score(session, reader=user, prompt=prompt)
    if score is None:
        st.caption("Not run as it is written now.")
        return
    st.markdown(f"**{score.passed} of {score.total} passed** · {when.moment(score.ran_at)}")
    _draw_results([Judged.model_validate(one) for one in score.results])


def _draw_results(judged: Sequence[Judged]) -> None:
    rows = []
    for one in judged:
        said = "passed" if not one.problems else "failed"
        why = " ".join(one.problems) or "–"
        run = f"run {one.run_id}" if one.run_id else ""
        rows.append(f"<tr><td>{html.escape(one.name)}</td><td class='{said}'>{said}</td><td>{html.escape(why)}</td><td>{run}</td></tr>")
    if rows:
        head = "<tr><th scope='col'>Case</th><th scope='col'>Result</th><th scope='col'>Why</th><th scope='col'>Run</th></tr>"
        st.html(f'<table class="nexus-results"><thead>{head}</thead><tbody>{"".join(rows)}</tbody></table>')


def score_words(passed: int, total: int) -> str:
    return f"{passed} of {total} test{'' if total == 1 else 's'} passed"


def said_of(prompt: Prompt, user: User) -> str:
    """What stands beside Save: whether what is written now was tested."""
    with transaction() as session:
        score = trials.last_score(session, reader=user, prompt=prompt)
    return plain("not tested as it is written" if score is None else score_words(score.passed, score.total))
