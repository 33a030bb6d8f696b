"""The page on which a prompt is written: its head, the form beside the exact request, and the answer below."""

import re
from pathlib import Path

import streamlit as st

from nexus.accounts.spec import Permission, User, require
from nexus.db.listing import Listed
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import service as prompts
from nexus.prompts import trials
from nexus.prompts.request import OpenPrompt
from nexus.prompts.service import OpenPanel
from nexus.prompts.spec import Prompt
from nexus.ui import editor, prompt, prompt_runs, url
from nexus.ui.editing import Editing, draw_draft, draw_outcome, resume, save, save_as_new
from nexus.ui.forms import plain, sentence, slug
from nexus.ui.page import errors_shown, tab
from nexus.ui.prompting import cases_form
from nexus.ui.prompting.draft import Prompting, blank, prompt_of
from nexus.ui.prompting.model_form import draw_examples, draw_model, draw_output, draw_system
from nexus.ui.prompting.template_form import draw_data, draw_template, draw_variables
from nexus.ui.written import draw_written, read
from nexus.views import drafts
from nexus.views import service as views

STYLE = Path(__file__).parents[1] / "static" / "prompting.css"
WRITTEN = "What is changed here is in the form as soon as you leave the field, and is saved with the rest."
WRITE, CASES, VERSIONS, RUNS, YAML = "Prompt", "Test cases", "Versions", "Runs", "YAML"


def draw_new(user: User) -> None:
    """A prompt that is not there yet; the address names its draft, so that a reload finds it again."""
    require(user, Permission.BUILD)
    named = st.query_params.get("draft", "")
    if not re.fullmatch(r"[0-9a-f]{8}", named):
        named = drafts.new_name().removeprefix(drafts.NEW)
        st.query_params["draft"] = named
    tab("New prompt")
    _draw(user, f"{drafts.NEW}{named}", None)


def draw_edit(user: User, opened: OpenPrompt) -> None:
    require(user, Permission.BUILD)
    tab(opened.prompt.title)
    _draw(user, opened.prompt.name, opened)


def _draw(user: User, name: str, opened: OpenPrompt | None) -> None:
    st.html(STYLE)
    editing = resume(Prompting, user, name, kind="prompt", opened=opened, blank=blank)
    with transaction() as session:
        known = views.list_views(session, reader=user)
        has_key = prompts.has_key(session, reader=user)
    saved = _draw_head(editing, user, has_key=has_key)
    if saved:
        st.switch_page("pages/prompt.py", query_params={"name": saved})
    shown = [WRITE, CASES, *([VERSIONS, RUNS] if opened else []), YAML]
    for what, place in zip(shown, st.tabs(shown, key=f"prompt-tabs-{name}", on_change="rerun"), strict=True):
        if not place.open:
            continue
        with place, errors_shown(where=f"prompt editor, {what}", user=user):
            _draw_tab(what, editing, user, opened, known, has_key=has_key)


def _draw_tab(what: str, editing: Editing, user: User, opened: OpenPrompt | None, known: list[Listed], *, has_key: bool) -> None:
    match what:
        case _ if what == WRITE:
            _draw_writing(editing, user, opened, known, has_key=has_key)
        case _ if what == CASES:
            cases_form.draw_cases(editing, user, opened=opened, has_key=has_key)
        case _ if what == VERSIONS and opened:
            _draw_versions(user, opened)
        case _ if what == RUNS and opened:
            prompt_runs.draw_runs(user, opened.prompt.name)
        case _:
            draw_written(editing, prompt_of, where=WRITTEN)


def _draw_head(editing: Editing, user: User, *, has_key: bool) -> str | None:
    """Title, details, and saving. Returns the name of what was saved in this run."""
    scope, fields = editing.scope, editing.content
    mine = editing.opened is None or editing.opened.may_edit
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="edit-head"):
        title = st.text_input(
            "Title",
            str(fields.get("title") or ""),
            key=f"{scope}-title",
            max_chars=200,
            placeholder="What the prompt writes",
            width="stretch",
        )
        fields["title"] = title.strip()
        _draw_details(editing)
        if editing.opened is not None:
            st.button("Back to the prompt", icon=":material/arrow_back:", key="edit-back", on_click=url.go, kwargs={"edit": None})
        _draw_saving(editing, user, mine=mine, has_key=has_key)
    editing.keep()
    if not mine:
        st.caption("You may see this prompt, and its owner may change it. What you make of it becomes a prompt of your own.")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        draw_draft(editing)
    _save_when_tested(editing, user)
    return draw_outcome(editing, lambda: _ready(editing))


def _draw_details(editing: Editing) -> None:
    fields, scope = editing.content, editing.scope
    with st.popover("Details", icon=":material/edit_note:"):
        if editing.opened is None:
            hint = slug(fields.get("title") or "") or "morning-brief"
            name = st.text_input("Name in addresses", str(fields.get("name") or ""), key=f"{scope}-name", max_chars=63, placeholder=hint)
            fields["name"] = name.strip()
        about = st.text_input("Description", str(fields.get("description") or ""), key=f"{scope}-description", max_chars=1_000)
        fields["description"] = about.strip()
        held = [str(one) for one in fields.get("tags") or ()]
        fields["tags"] = list(st.multiselect("Tags", held, held, key=f"{scope}-tags", accept_new_options=True))
        note = st.text_input("What changed (for the list of versions)", str(fields.get("note") or ""), key=f"{scope}-note", max_chars=500)
        fields["note"] = note.strip()


def _draw_saving(editing: Editing, user: User, *, mine: bool, has_key: bool) -> None:
    """Save, after the test cases where there are some that were not run on what is written."""
    act, label = (save, "Save") if mine else (save_as_new, "Save as a new prompt")
    ready = (editing, lambda: _ready(editing))
    if has_key and mine and _untested(editing, user):
        st.button(f"{label} untested", key=f"{editing.scope}-save-untested", type="tertiary", on_click=act, args=ready)
        st.button(
            f"Test and {label[:1].lower()}{label[1:]}",
            key=f"{editing.scope}-save",
            type="primary",
            icon=":material/check:",
            on_click=_test_and_save,
            args=(editing, user),
        )
    else:
        st.button(label, key=f"{editing.scope}-save", type="primary", icon=":material/check:", on_click=act, args=ready)


def _untested(editing: Editing, user: User) -> bool:
    if not editing.content.get("test_cases"):
        return False
    try:
        written = prompt_of(editing.content, to_try=True)
    except NexusError:
        return False
    with transaction() as session:
        score = trials.last_score(session, reader=user, prompt=written)
    return score is None


def _test_and_save(editing: Editing, user: User) -> None:
    try:
        _ready(editing)
    except NexusError as error:
        editing.problem = error.message
        return
    editing.problem = ""
    opened = editing.opened if isinstance(editing.opened, OpenPrompt) else None
    cases_form.start(editing, user, opened)
    st.session_state[f"{editing.scope}-save-when-tested"] = True
    st.session_state[f"prompt-tabs-{editing.name}"] = CASES


def _save_when_tested(editing: Editing, user: User) -> None:
    """What was asked to be tested first is saved once every case has passed; else it is said how many did not."""
    waiting = f"{editing.scope}-save-when-tested"
    testing = st.session_state.get(f"testing-{editing.scope}")
    if not st.session_state.get(waiting) or not isinstance(testing, trials.Testing):
        return
    now = testing.look()
    if not now.over:
        return
    del st.session_state[waiting]
    if now.problem:
        editing.problem = now.problem
    elif now.passed < now.total:
        failed = now.total - now.passed
        editing.problem = f"{failed} of {now.total} test cases failed, so nothing was saved. Correct the prompt, or save it all the same."
    else:
        save(editing, lambda: _ready(editing))


def _ready(editing: Editing) -> Prompt:
    """The spec to save. Raises BadInput while it is not finished, and what is wrong with YAML that is typed."""
    if "yaml" in editing.content:
        written = read(editing)
        assert isinstance(written, Prompt)
        return written
    return prompt_of(editing.content)


def _draw_writing(editing: Editing, user: User, opened: OpenPrompt | None, known: list[Listed], *, has_key: bool) -> None:
    made, sent = st.columns([6, 5], gap="medium")
    with made:
        draw_template(editing)
        with st.expander("Variables", icon=":material/data_object:", expanded=True, key=f"{editing.scope}-x-variables"):
            draw_variables(editing, known)
        with st.expander("Data", icon=":material/table:", expanded=True, key=f"{editing.scope}-x-data"):
            draw_data(editing, user, known)
        with st.expander("Model", icon=":material/tune:", key=f"{editing.scope}-x-model"):
            draw_system(editing)
            draw_model(editing)
        with st.expander("Answer", icon=":material/output:", expanded="output" in editing.content, key=f"{editing.scope}-x-output"):
            draw_output(editing)
        with st.expander("Examples", icon=":material/school:", key=f"{editing.scope}-x-examples"):
            draw_examples(editing)
    editing.keep()
    _draw_try(editing, user, opened, sent, has_key=has_key)


def _draw_try(editing: Editing, user: User, opened: OpenPrompt | None, sent: object, *, has_key: bool) -> None:
    """The request of what is written now, and its answer; nothing of it needs saving."""
    require(user, Permission.BUILD)
    with sent:  # type: ignore[attr-defined]
        st.subheader("What will be sent", anchor=False)
        try:
            written = prompts.as_written(prompt_of(editing.content, to_try=True), user=user, saved=opened)
        except NexusError as error:
            st.info(sentence(error.message), icon=":material/edit:")
            return
        scope = f"try-{editing.scope}"
        panel = OpenPanel(opened=written, answers=(), has_key=has_key)
        values = prompt.draw_bar(written.prompt.variables, user, scope=scope)
        place = prompt.Place(scope=scope, panel=panel, user=user, values=values)
        state = prompt.state_of(place)
        _prepare(place, state)
        if state.prepared:
            prompt.draw_request(state.prepared, user=user, scope=scope, height=420)
    st.subheader("Answer", anchor=False)
    prompt.draw_answer(place, state)
    if state.prepared:
        prompt.draw_buttons(place, state, at_once=True)


def _prepare(place: prompt.Place, state: prompt.State) -> None:
    """Again where what is written is another prompt than what was prepared, unless an answer to that is coming."""
    fingerprint = prompts.fingerprint(place.panel.opened.prompt)
    if state.prepared and prompts.fingerprint(state.prepared.prompt) == fingerprint:
        return
    if state.asking and not state.asking.look().over:
        return
    state.prepared = None
    with errors_shown(where="trying a prompt", user=place.user), st.spinner("Asking the data…"):
        state.prepared = place.prepare()


def _draw_versions(user: User, opened: OpenPrompt) -> None:
    name = opened.prompt.name
    with transaction() as session:
        listed = prompts.prompt_versions(session, reader=user, name=name)
        scores = trials.scores_of(session, reader=user, name=name)
    if scores:
        said = [f"version {version}: {cases_form.score_words(score.passed, score.total)}" for version, score in sorted(scores.items())]
        st.caption("Scores: " + " · ".join(plain(words) for words in reversed(said)))
    restored = editor.draw_versions("prompt", name, listed, user=user, restore=opened.may_edit)
    archived = False
    if opened.may_edit:
        archived = editor.draw_archive("prompt", name, lambda session: prompts.archive_prompt(session, user=user, name=name))
    if restored is not None:
        with transaction() as session:
            prompts.restore_prompt(session, user=user, name=name, version=restored, base_version=listed[0].version)
    if archived:
        st.switch_page("pages/prompts.py")
    if restored is not None:
        st.switch_page("pages/prompt.py", query_params={"name": name})
