"""Views, dashboards and prompts as YAML on the page: checked with the line of each mistake, saved as a version, never lost on the way."""

import html
from collections.abc import Callable
from typing import Literal

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards.service import save_dashboard
from nexus.dashboards.spec import Dashboard
from nexus.db import versions
from nexus.db.session import Session, transaction
from nexus.errors import BadInput, Conflict, NexusError
from nexus.prompts.service import save_prompt
from nexus.prompts.spec import Prompt
from nexus.ui import when
from nexus.ui.forms import plain, sentence
from nexus.views.service import save_view
from nexus.views.spec import View
from nexus.workspace import files, validate
from nexus.workspace import service as workspace
from nexus.workspace.compare import compare_versions
from nexus.workspace.spec import WorkspaceInvalid

Kind = Literal["view", "dashboard", "prompt"]
Spec = View | Dashboard | Prompt
MOST_SENTENCES = 30


def yaml_of(spec: Spec) -> str:
    """The file that `spec` is."""
    return files.write({"kind": _kind(spec), **versions.plain(spec)})


def parse(text: str, *, kind: Kind, user: User, name: str | None = None) -> Spec:
    """The spec that `text` holds, which stays `name`. Raises WorkspaceInvalid with line and field, also for what it names and is not there."""
    data = {f"{kind}.yaml": text.encode("utf-8", "replace")}
    item = validate.read_all(data)[0]
    if item.kind != kind:
        raise BadInput(f"This is the YAML of a {item.kind}. A {kind} begins with `kind: {kind}`.")
    if name and item.name != name:
        raise BadInput(f"The name stands in addresses and stays `{name}`. To make a copy, create a new {kind} with this YAML.")
    with transaction() as session:
        workspace.diff(session, user=user, texts=data)
    assert isinstance(item.spec, View | Dashboard | Prompt)
    return item.spec


def save(spec: Spec, *, user: User, base_version: int | None, note: str) -> int:
    """Keep `spec`. Raises Conflict when someone saved meanwhile."""
    with transaction() as session:
        if isinstance(spec, View):
            return save_view(session, user=user, view=spec, base_version=base_version, note=note)
        if isinstance(spec, Prompt):
            return save_prompt(session, user=user, prompt=spec, base_version=base_version, note=note)
        return save_dashboard(session, user=user, dashboard=spec, base_version=base_version, note=note)


def draw_yaml(text: str, *, kind: Kind, name: str | None, base_version: int | None, user: User) -> str | None:
    """The editor. Returns the name of what was saved in this run, else None; what is typed stays until then."""
    scope = f"yaml-{kind}-{name or 'new'}"
    base_key = f"{scope}-base"
    base = st.session_state.setdefault(base_key, base_version)
    typed = st.text_area("YAML", text, height=520, key=f"{scope}-text", label_visibility="collapsed", max_chars=files.LARGEST_BYTES)
    note = st.text_input("What changed (for the list of versions)", key=f"{scope}-note", max_chars=500)
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button("Save", type="primary", key=f"{scope}-save")
        checked = st.button("Check", key=f"{scope}-check", help="Finds mistakes without saving")
    if not (pressed or checked):
        return _overrule(scope, base_key, typed, kind=kind, name=name, user=user, note=note)
    try:
        spec = parse(typed or "", kind=kind, user=user, name=name)
        if checked:
            st.success("No mistakes found. Nothing was saved.")
            return None
        save(spec, user=user, base_version=base, note=note)
    except WorkspaceInvalid as invalid:
        draw_problems(invalid)
    except Conflict as conflict:
        if base is None:
            st.error(sentence(conflict.message))
        else:
            st.session_state[f"{scope}-conflict"] = True
            st.rerun()
    except NexusError as error:
        st.error(sentence(error.message))
    else:
        forget(scope)
        return spec.name
    return None


def _overrule(scope: str, base_key: str, typed: str, *, kind: Kind, name: str | None, user: User, note: str) -> str | None:
    """After a conflict: their version beside mine, and the choice."""
    if not st.session_state.get(f"{scope}-conflict") or name is None:
        return None
    with transaction() as session:
        theirs = versions.load(session, reader=user, kind=kind, name=name)
    st.warning(
        f"{plain(theirs.saved_by or 'Someone')} saved version {theirs.version} meanwhile. What you typed is still above; theirs is below."
    )
    st.code(files.write({"kind": kind, **theirs.spec}), language="yaml", height=300)
    with st.container(horizontal=True):
        if st.button("Save mine over it", key=f"{scope}-overrule"):
            try:
                spec = parse(typed, kind=kind, user=user)
                save(spec, user=user, base_version=theirs.version, note=note)
            except WorkspaceInvalid as invalid:
                draw_problems(invalid)
            except NexusError as error:
                st.error(sentence(error.message))
            else:
                forget(scope)
                return spec.name
        if st.button("Take theirs", key=f"{scope}-take"):
            forget(scope)
            st.rerun()
    return None


def draw_problems(invalid: WorkspaceInvalid, outcome: str = "nothing was saved") -> None:
    """Every mistake with its line and field."""
    lines = [
        "- "
        + sentence(
            f"{f'Line {problem.line}' if problem.line else 'The file'}{f', `{problem.path}`' if problem.path else ''}: {problem.message}"
        )
        for problem in invalid.problems
    ]
    count = len(lines)
    st.error(f"{'One mistake' if count == 1 else f'{count} mistakes'}; {outcome}.\n\n" + "\n".join(lines))


def forget(scope: str) -> None:
    """Let go of what was typed: it is saved, or given up on purpose."""
    for key in [key for key in st.session_state if str(key).startswith(scope)]:
        del st.session_state[key]


def draw_versions(kind: versions.Kind, name: str, listed: list[versions.VersionInfo], *, user: User, restore: bool = True) -> int | None:
    """The history, and what changed between any two versions. Returns the version whose Restore was pressed, where it is offered."""
    if len(listed) > 1:
        _draw_comparison(kind, name, listed, user=user)
    for info in listed[:50]:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            said = [f"**{info.version}**", when.moment(info.saved_at), plain(info.saved_by or "unknown"), plain(info.note)]
            st.markdown(" · ".join(part for part in said if part))
            offered = restore and info.version != listed[0].version
            if offered and st.button("Restore", key=f"restore-{kind}-{name}-{info.version}", type="tertiary"):
                return info.version
    return None


def _draw_comparison(kind: versions.Kind, name: str, listed: list[versions.VersionInfo], *, user: User) -> None:
    numbers = [info.version for info in listed]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        before = st.selectbox("What changed from version", numbers, index=1, key=f"compare-{kind}-{name}-before", width=200)
        after = st.selectbox("to version", numbers, index=0, key=f"compare-{kind}-{name}-after", width=200)
    if before == after:
        st.caption("Choose two versions to see what changed between them.")
        return
    try:
        with transaction() as session:
            found = compare_versions(session, reader=user, kind=kind, name=name, before=before, after=after)
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")
        return
    if not found.sentences:
        st.caption("The two say the same.")
        return
    st.markdown("\n".join(f"- {plain(words)}" for words in found.sentences[:MOST_SENTENCES]))
    if len(found.sentences) > MOST_SENTENCES:
        st.caption(f"and {len(found.sentences) - MOST_SENTENCES} more changes; all stand in the lines below.")
    st.html(_coloured(found.lines))


_TINTS = {"+": "rgba(45, 164, 78, .2)", "-": "rgba(207, 60, 60, .2)"}


def _coloured(lines: str) -> str:
    """Lines that came on green, lines that went on red, in the colour of the page's own text, so that both can be read in the dark too."""
    drawn = []
    for line in lines.splitlines()[2:]:
        tint = _TINTS.get(line[:1], "transparent")
        drawn.append(f'<span style="display: block; background: {tint}">{html.escape(line) or " "}</span>')
    box = "max-height: 30rem; overflow: auto; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; margin: 0"
    return f'<pre tabindex="0" role="region" aria-label="What changed, line by line" style="{box}">{"".join(drawn)}</pre>'


def draw_archive(kind: versions.Kind, name: str, archive: Callable[[Session], None]) -> bool:
    """Asks once more before `archive` takes the thing off every list. True when it did; a refusal is said here."""
    with st.popover("Archive", icon=":material/archive:", key=f"archive-{kind}-{name}"):
        st.caption(f"The {kind} leaves every list. Its versions stay, and saving one under the name `{name}` brings it back.")
        if not st.button("Archive it", key=f"archive-{kind}-{name}-sure"):
            return False
        try:
            with transaction() as session:
                archive(session)
        except NexusError as error:
            st.error(sentence(error.message), icon=":material/error:")
            return False
    return True


def _kind(spec: Spec) -> Kind:
    return "view" if isinstance(spec, View) else "prompt" if isinstance(spec, Prompt) else "dashboard"
