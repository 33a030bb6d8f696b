"""How the model is asked: standing instruction, model, limits, fields of the answer, and examples."""

from typing import Any

import streamlit as st

from nexus.db.limits import Price
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import budgets, gemini
from nexus.prompts.gemini import Model
from nexus.ui.editing import Editing
from nexus.ui.forms import sentence
from nexus.ui.prompting.cards import Given, add, draw_cards, items_of

LONGEST_ANSWER, TEMPERATURE = 2_048, 0.2
TYPES = {"text": "Text", "number": "Number", "boolean": "Yes or no", "date": "Date", "choice": "One of a list"}
WORDS, FIELDS = "Words", "Fields"


def draw_system(editing: Editing) -> None:
    said = st.text_area(
        "Standing instruction",
        str(editing.content.get("system") or ""),
        key=f"{editing.scope}-system",
        max_chars=20_000,
        height=90,
        placeholder="Who the model writes as, and what it must never do.",
    )
    _set(editing.content, "system", said.strip() or None)


def draw_model(editing: Editing) -> None:
    content, at = editing.content, editing.scope
    models, problem = known_models()
    with transaction() as session:
        prices = budgets.prices(session, reader=editing.user)
    held = content.get("model")
    names = list(dict.fromkeys([*([str(held)] if held else []), *models]))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.selectbox(
            "Model",
            names,
            names.index(held) if held else None,
            lambda name: (models[name].title if name in models else name) + _price(prices.get(name)),
            f"{at}-model",
            placeholder="The one in Settings",
            accept_new_options=True,
            width=240,
        )
        _set(content, "model", chosen or None)
        warmth = st.slider("Temperature", 0.0, 2.0, float(content.get("temperature", TEMPERATURE)), 0.1, key=f"{at}-temperature", width=170)
        _set(content, "temperature", None if warmth == TEMPERATURE else warmth)
        length = st.number_input(
            "Longest answer, tokens", 16, 65_536, int(content.get("max_answer_tokens", LONGEST_ANSWER)), 256, key=f"{at}-length", width=170
        )
        _set(content, "max_answer_tokens", None if length == LONGEST_ANSWER else int(length))
        # Without a list nobody knows, and the API says it.
        if chosen is None or chosen not in models or models[chosen].thinks:
            _draw_thinking(at, content)
        else:
            content.pop("thinking_tokens", None)
            st.caption("This model does not think before it answers.", width="content")
    if problem:
        st.caption(f"The list of models is not there: {sentence(problem)} Type a model's name instead, or leave it.")


def _price(price: Price | None) -> str:
    """For a million tokens, of input and of answer."""
    return f" · ${price.input:g} in, ${price.output:g} out a million" if price else " · no price set"


def _draw_thinking(at: str, content: Given) -> None:
    thinking = st.number_input(
        "Thinking, tokens",
        0,
        32_768,
        content.get("thinking_tokens"),
        256,
        key=f"{at}-thinking",
        width=170,
        placeholder="As the model likes",
        help="The most that the model spends before it answers. Those tokens cost as answers do; 0 switches it off where the model allows.",
    )
    _set(content, "thinking_tokens", None if thinking is None else int(thinking))


def known_models() -> tuple[dict[str, Model], str]:
    """By name, as Gemini lists them for our key, asked once a session; else why there is none."""
    if "known-models" not in st.session_state:
        try:
            st.session_state["known-models"] = {model.name: model for model in gemini.describe_models()}
        except NexusError as error:
            return {}, error.message
    found: dict[str, Model] = st.session_state["known-models"]
    return found, ""


def draw_output(editing: Editing) -> None:
    """Words, or fields with their types."""
    at, content = f"{editing.scope}-output", editing.content
    held = content.get("output") if isinstance(content.get("output"), dict) else None
    kind = st.segmented_control(
        "The model answers in", [WORDS, FIELDS], default=FIELDS if held else WORDS, key=f"{at}-kind", on_change=_switch, args=(at, editing)
    )
    if kind != FIELDS or held is None:
        return
    records = st.selectbox(
        "How many records",
        ["many", "one"],
        ["many", "one"].index(held.get("records", "many")),
        {"many": "As many as there are: a table", "one": "Exactly one: a card"}.__getitem__,
        f"{at}-records",
        width=280,
    )
    _set(held, "records", None if records == "many" else records)
    fields = held.setdefault("fields", [])
    draw_cards(f"{at}-fields", editing, fields, what="field", draw=_draw_field)
    taken = {str(one.get("name")) for one in fields}
    name = next(name for count in range(1, 1_000) if (name := f"field_{count}") not in taken)
    st.button("Add a field", key=f"{at}-add", icon=":material/add:", on_click=add, args=(f"{at}-fields", editing, fields, {"name": name}))


def _switch(at: str, editing: Editing) -> None:
    if st.session_state.get(f"{at}-kind") == FIELDS:
        editing.content["output"] = {"fields": [{"name": "field_1"}]}
    else:
        editing.content.pop("output", None)
    editing.keep()


def _draw_field(at: str, field: Given) -> Given:
    kind = str(field.get("type") or "text")
    after: Given = {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        after["name"] = st.text_input("Field", str(field.get("name") or ""), key=f"{at}-name", max_chars=63, width=150).strip()
        chosen = st.selectbox("Type", list(TYPES), list(TYPES).index(kind), TYPES.__getitem__, f"{at}-type", width=130)
        needed = st.checkbox("Always there", bool(field.get("required", True)), key=f"{at}-required")
    about = st.text_input(
        "What it is", str(field.get("description") or ""), key=f"{at}-about", max_chars=500, placeholder="Told to the model"
    ).strip()
    after |= ({"type": chosen} if chosen != "text" else {}) | ({} if needed else {"required": False})
    after |= {"description": about} if about else {}
    if chosen == "choice":
        held = [str(one) for one in field.get("choices") or ()]
        choices = st.multiselect("Choices", held, held, key=f"{at}-choices", accept_new_options=True, placeholder="Type one, then Enter")
        after["choices"] = list(choices)
    return after


def draw_examples(editing: Editing) -> None:
    at, examples = f"{editing.scope}-examples", items_of(editing, "examples")
    st.caption("What was asked and what was answered well, sent before the prompt. Their figures do not count as data.")
    draw_cards(at, editing, examples, what="example", draw=_draw_example)
    blank = {"input": "", "answer": ""}
    st.button("Add an example", key=f"{at}-add", icon=":material/add:", on_click=add, args=(at, editing, examples, blank))


def _draw_example(at: str, example: Given) -> Given:
    return {
        "input": st.text_area("Asked", str(example.get("input") or ""), key=f"{at}-input", height=70, max_chars=20_000),
        "answer": st.text_area("Answered well", str(example.get("answer") or ""), key=f"{at}-answer", height=70, max_chars=20_000),
    }


def _set(target: Given, name: str, value: Any) -> None:
    """Nothing stays where nothing was said."""
    if value is None:
        target.pop(name, None)
    else:
        target[name] = value
