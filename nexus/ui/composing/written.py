"""The draft as YAML: the same spec, checked as it is typed, with the place of each mistake."""

import streamlit as st

from nexus.dashboards.spec import Dashboard
from nexus.db import versions
from nexus.errors import NexusError
from nexus.ui.composing.draft import OWN, Composing, dashboard_of
from nexus.ui.editor import draw_problems, parse, yaml_of
from nexus.ui.forms import sentence
from nexus.workspace import files
from nexus.workspace.spec import WorkspaceInvalid


def draw_written(editing: Composing) -> None:
    """What is typed becomes the draft as soon as it is right; until then it is kept as it is."""
    at = f"{editing.scope}-yaml"
    text = editing.content.get("yaml") or as_yaml(editing)
    if st.session_state.get(at) != text:
        st.session_state[at] = text
    st.text_area(
        "YAML", height=560, key=at, label_visibility="collapsed", max_chars=files.LARGEST_BYTES, on_change=_take, args=(editing, at)
    )
    if "yaml" not in editing.content:
        st.caption("What is changed here is on the page as soon as you leave the field, and is published with the rest.")
        return
    try:
        read(editing, editing.content["yaml"])
    except WorkspaceInvalid as invalid:
        draw_problems(invalid, "the page stays as it was")
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")
    st.button("Give up what is typed here", key=f"{at}-off", on_click=_give_up, args=(editing,))


def as_yaml(editing: Composing) -> str:
    """The file that the draft would be; one that is not finished comes as far as it goes."""
    try:
        return yaml_of(dashboard_of(editing.content))
    except NexusError:
        return files.write({"kind": "dashboard", **{key: value for key, value in editing.content.items() if key not in OWN}})


def read(editing: Composing, text: str) -> Dashboard:
    """The dashboard that `text` says. Raises WorkspaceInvalid, BadInput."""
    found = parse(text, kind="dashboard", user=editing.user, name=editing.name if editing.opened else None)
    assert isinstance(found, Dashboard)
    return found


def _take(editing: Composing, at: str) -> None:
    text = str(st.session_state.get(at) or "")
    try:
        spec = read(editing, text)
    except NexusError:
        editing.content["yaml"] = text
    else:
        note = editing.content.get("note")
        editing.replace({**versions.plain(spec), **({"note": note} if note else {})})
    editing.keep()


def _give_up(editing: Composing) -> None:
    editing.content.pop("yaml", None)
    editing.keep()
