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
    text, name = str(editing.content.get("yaml") or ""), editing.name if editing.opened else None
    return parse(_named(editing, text), kind=editing.kind, user=editing.user, name=name)


def _named(editing: Editing, text: str) -> str:
    """`text` with a name: what is new gets one of its title when it is published, so that its draft may lack it. At the end, where no line moves."""
    if editing.opened is not None or text.lstrip().startswith("{"):
        return text
    try:
        given = files.read("draft", text.encode("utf-8", "replace")).value
    except files.Unreadable:
        return text
    return text if "name" in given else f"{text.rstrip()}\nname: {_stand_in(editing)}\n"


def _stand_in(editing: Editing) -> str:
    return editing.name.replace(":", "-")


def draw_unread(editing: Editing, open_yaml: Callable[[], None]) -> None:
    """Where another way to edit is open: what is typed as YAML is not in it, and would take its place."""
    if "yaml" not in editing.content:
        return
    st.warning(
        "The YAML holds a mistake, so what was typed there is not on this page. Mend it or give it up before you go on here.",
        icon=":material/error:",
    )
    with st.container(horizontal=True, gap="small"):
        st.button("Open the YAML", key=f"{editing.scope}-yaml-open", on_click=open_yaml)
        st.button("Give up what is typed there", key=f"{editing.scope}-yaml-off", on_click=_give_up, args=(editing,))


def _take(editing: Editing, at: str) -> None:
    before = editing.content
    editing.problem = ""
    editing.content = before | {"yaml": str(st.session_state.get(at) or "")}
    try:
        spec = read(editing)
    except NexusError:
        pass
    else:
        note, said = before.get("note"), versions.plain(spec)
        if editing.opened is None and said["name"] == _stand_in(editing):
            del said["name"]
        editing.replace({**said, **({"note": note} if note else {})})
    editing.keep()


def _give_up(editing: Editing) -> None:
    editing.content.pop("yaml", None)
    editing.keep()
