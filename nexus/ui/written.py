"""A draft as YAML: the same spec as the form's, checked as it is typed, with the place of each mistake."""

from collections.abc import Callable

import streamlit as st

from nexus.db import versions
from nexus.errors import NexusError
from nexus.ui.editing import Content, Editing, Spec
from nexus.ui.editor import draw_problems, parse, yaml_of
from nexus.ui.forms import sentence
from nexus.workspace import files
from nexus.workspace.spec import WorkspaceInvalid

OWN = ("note", "yaml")
"""What a draft holds beside the spec: the note for the list of versions, and YAML with a mistake in it."""

Meant = Callable[[Content], Spec]
"""The spec that a draft means. Raises NexusError while it is not finished."""


def draw_written(editing: Editing, meant: Meant, *, where: str) -> None:
    """What is typed becomes the draft as soon as it is right; until then it is kept as it is. `where` says where it shows then."""
    at = f"{editing.scope}-yaml"
    text = editing.content.get("yaml") or as_yaml(editing, meant)
    if st.session_state.get(at) != text:
        st.session_state[at] = text
    st.text_area(
        "YAML", height=560, key=at, label_visibility="collapsed", max_chars=files.LARGEST_BYTES, on_change=_take, args=(editing, at)
    )
    if "yaml" not in editing.content:
        st.caption(where)
        return
    try:
        read(editing)
    except WorkspaceInvalid as invalid:
        draw_problems(invalid, f"the {editing.kind} stays as it was")
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")
    st.button("Give up what is typed here", key=f"{at}-off", on_click=_give_up, args=(editing,))


def as_yaml(editing: Editing, meant: Meant) -> str:
    """The file that the draft would be; one that is not finished comes as far as it goes."""
    try:
        return yaml_of(meant(editing.content))
    except NexusError:
        return files.write({"kind": editing.kind, **{key: value for key, value in editing.content.items() if key not in OWN}})


def read(editing: Editing) -> Spec:
    """What the YAML that is typed says. Raises WorkspaceInvalid, BadInput."""
    name = editing.name if editing.opened else None
    return parse(str(editing.content.get("yaml") or ""), kind=editing.kind, user=editing.user, name=name)


def _take(editing: Editing, at: str) -> None:
    before = editing.content
    editing.problem = ""
    editing.content = before | {"yaml": str(st.session_state.get(at) or "")}
    try:
        spec = read(editing)
    except NexusError:
        pass
    else:
        note = before.get("note")
        editing.replace({**versions.plain(spec), **({"note": note} if note else {})})
    editing.keep()


def _give_up(editing: Editing) -> None:
    editing.content.pop("yaml", None)
    editing.keep()
