"""The template in its editor, the variables that it asks for, and the data that goes with it."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.db import versions
from nexus.db.listing import Listed
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import template
from nexus.sources.rules import RULES
from nexus.ui.components import component
from nexus.ui.editing import Editing
from nexus.ui.forms import plain, sentence
from nexus.ui.parameter_form import declared, draw_parameters
from nexus.ui.prompting.cards import Given, add, draw_cards, items_of
from nexus.ui.prompting.columns import Known, known_columns
from nexus.ui.prompting.draft import names_used
from nexus.views import service as views
from nexus.views.service import OpenView

HEIGHT = 260
FORMATS = {"table": "The rows", "summary": "Statistics only", "both": "Rows and statistics"}
STRICTER = {"mask": "Sent as pseudonyms", "aggregate only": "Sent as statistics only", "never": "Never sent"}

_mount = component("sql-editor", isolate_styles=False)
"""The editor of SQL, which knows templates too."""


def draw_template(editing: Editing) -> None:
    """Draw the editor. What was typed is in the draft before the page runs."""
    key = f"{editing.scope}-template"
    content = editing.content
    text = str(content.get("template") or "")
    known = [str(one.get("name")) for name in ("variables", "data") for one in items_of(editing, name)]
    known = list(dict.fromkeys([*known, *template.names(text)]))
    _mount(
        key=key,
        data={
            "mode": "template",
            "text": text,
            "serial": st.session_state.get(f"{key}-serial", 0),
            "insert": "",
            "label": "Template of the prompt",
            "height": HEIGHT,
            "catalog": "",
            "names": known,
            "problems": [],
        },
        on_typed_change=lambda: _typed(editing, key),
    )


def _typed(editing: Editing, key: str) -> None:
    told = getattr(st.session_state.get(key), "typed", None)
    if isinstance(told, dict) and isinstance(told.get("text"), str):
        editing.content["template"] = told["text"][:50_000]
        editing.content["variables"] = declared(items_of(editing, "variables"), names_used(editing.content))
        editing.keep()


def draw_variables(editing: Editing, known: Sequence[Listed]) -> None:
    """A card for each, those that only feed a view among them."""
    before = items_of(editing, "variables")
    if not before:
        st.caption("None yet. Write `{{ airline }}` in the template, and it is asked for here.")
    found = names_used(editing.content)
    editing.content["variables"] = draw_parameters(
        f"{editing.scope}-variables",
        before,
        found=found,
        views=[view.name for view in known],
        written=_as_place,
        unused="Not in the template; the data below may take it.",
    )


def _as_place(variable: Given) -> str:
    return f"`{{{{ {variable['name']} }}}}`"


def draw_data(editing: Editing, user: User, known: Sequence[Listed]) -> None:
    at, blocks = f"{editing.scope}-data", items_of(editing, "data")
    if not blocks:
        st.caption("No data goes with this prompt. Add the rows of a view, and the model writes about them.")
    draw_cards(at, editing, blocks, what="data", draw=lambda key, block: _draw_block(key, block, editing, user))
    titles = {view.name: view.title for view in known}
    st.selectbox(
        "Add the rows of a view",
        list(titles),
        None,
        lambda name: f"{titles[name]} · {name}",
        f"{at}-add",
        placeholder="Choose a view",
        on_change=_add_block,
        args=(at, editing, blocks),
    )


def _add_block(at: str, editing: Editing, blocks: list[Given]) -> None:
    view = st.session_state.get(f"{at}-add")
    if not isinstance(view, str):
        return
    taken = {str(one.get("name")) for name in ("variables", "data") for one in items_of(editing, name)}
    stem = view.replace("-", "_")[:50]
    stem = stem if stem[:1].isalpha() else f"data_{stem}"
    name = next(name for name in (stem, *(f"{stem}_{count}" for count in range(2, 1_000))) if name not in taken)
    st.session_state[f"{at}-add"] = None
    add(at, editing, blocks, {"name": name, "view": view})


def _draw_block(at: str, block: Given, editing: Editing, user: User) -> Given:
    after: Given = {"name": block.get("name"), "view": block.get("view")}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        after["name"] = st.text_input(
            "Name in the template", str(block.get("name") or ""), key=f"{at}-name", max_chars=63, width=180
        ).strip()
        format_ = st.selectbox(
            "What is sent", list(FORMATS), list(FORMATS).index(block.get("format", "table")), FORMATS.__getitem__, f"{at}-format", width=170
        )
        rows = st.number_input("At most, rows", 1, 1_000, int(block.get("max_rows", 50)), key=f"{at}-rows", width=130)
    after |= ({"format": format_} if format_ != "table" else {}) | ({"max_rows": int(rows)} if rows != 50 else {})
    try:
        with transaction() as session:
            opened = views.find_view(session, reader=user, name=str(block.get("view")))
        columns = known_columns(opened, user)
    except NexusError as error:
        st.warning(sentence(error.message), icon=":material/error:")
        return block | after
    st.caption(f"Of the view {plain(opened.view.title)} (`{opened.view.name}`)")
    after |= _columns(at, block, columns)
    return after | _mapped(at, block, opened, editing)


def _columns(at: str, block: Given, columns: Sequence[Known]) -> Given:
    """Which columns, and what of each may leave: the rules of source and view are said, and those of the prompt can be stricter."""
    names = [column.name for column in columns]
    made: Given = {}
    held = [name for name in block.get("columns") or () if name in names]
    chosen = st.multiselect("Columns", names, held, key=f"{at}-columns", placeholder="All that may be sent")
    if chosen:
        made["columns"] = list(chosen)
    ruled = [f"`{column.name}`: {column.rule} by {plain(column.because)}" for column in columns if column.because]
    if ruled:
        st.caption("Held back already: " + " · ".join(ruled))
    rules = {name: rule for name, rule in (block.get("rules") or {}).items() if name in names and rule in RULES}
    label = f"Held back by this prompt{f' ({len(rules)})' if rules else ''}"
    with st.expander(label, key=f"{at}-rules"):
        after: dict[str, str] = {name: rule for name, rule in rules.items() if rule == "send"}
        for rule, words in STRICTER.items():
            for name in st.multiselect(words, names, [one for one, its in rules.items() if its == rule], key=f"{at}-rule-{rule}"):
                after[name] = rule
    return made | ({"rules": after} if after else {})


def _mapped(at: str, block: Given, opened: OpenView, editing: Editing) -> Given:
    """Where each parameter of the view takes its value from."""
    parameters = opened.view.parameters
    if not parameters:
        return {}
    variables = [str(one.get("name")) for one in items_of(editing, "variables")]
    held, made = block.get("parameters") or {}, {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for parameter in parameters:
            named = str(held.get(parameter.name, parameter.name))
            options = list(dict.fromkeys([parameter.name, *variables, named]))
            taken = st.selectbox(
                f"{parameter.name} takes",
                options,
                options.index(named),
                lambda name: name if name in variables else f"{name} (not asked for)",
                f"{at}-takes-{parameter.name}",
                width=200,
            )
            if taken and taken != parameter.name:
                made[parameter.name] = taken
            if taken not in variables:
                st.button(
                    f"Ask for {parameter.name}",
                    key=f"{at}-ask-{parameter.name}",
                    type="tertiary",
                    on_click=_ask_for,
                    args=(editing, parameter, str(taken)),
                )
    return {"parameters": made} if made else {}


def _ask_for(editing: Editing, parameter: Any, name: str) -> None:
    """A variable like the parameter of the view."""
    told = versions.plain(parameter) | {"name": name}
    told.setdefault("label", name.replace("_", " ").capitalize())
    items_of(editing, "variables").append(told)
    editing.keep()
