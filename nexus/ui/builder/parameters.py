"""A filter whose value the page asks: it makes a parameter that fits the column, or uses one that is there."""

from typing import Any

import streamlit as st

from nexus.db.session import transaction
from nexus.ui.builder import form as fields
from nexus.ui.builder import suggest
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import Item
from nexus.ui.builder.reach import Reached
from nexus.ui.forms import slug
from nexus.ui.parameter_form import draw_parameters
from nexus.views import service as views
from nexus.views.parameter import TAKEN

FIXED = "a fixed value"
MOST_CHOICES = 100


def ask_on_page(b: Builder, item: Item, chosen: Reached | None) -> None:
    """Callback: the filter's value comes from a parameter of the view from now on; what was given becomes its default."""
    parameters = _parameters(b)
    made = _made(b, item, chosen, {parameter["name"] for parameter in parameters})
    parameters.append(made)
    item["parameter"] = made["name"]
    item.pop("value", None)
    b.editing.keep()


def _parameters(b: Builder) -> list[Item]:
    held = b.editing.content.get("parameters")
    if not isinstance(held, list):
        held = b.editing.content["parameters"] = []
    return held


def _made(b: Builder, item: Item, chosen: Reached | None, taken: set[str]) -> Item:
    stem = slug(str(item["column"])).replace("-", "_")
    stem = stem if stem[:1].isalpha() else f"value_{stem}".rstrip("_")
    name = next(one for one in (stem, *(f"{stem}_{count}" for count in range(2, 1000))) if one not in taken | TAKEN)
    label = str(item["column"]).replace("_", " ")
    made: dict[str, Any] = {"name": name, "label": (label[:1].upper() + label[1:])[:100]}
    operator, value = item.get("operator"), item.get("value")
    match chosen.kind if chosen else "text", operator:
        case (("date" | "time"), ("between" | "within")):
            item["operator"] = "between"
            complete = isinstance(value, list) and all(value)
            return made | {"type": "date_range"} | ({"default": value} if complete else {})
        case (("date" | "time"), _):
            return made | {"type": "date"} | _default(value)
        case "boolean", _:
            return made | {"type": "boolean"} | _default(value)
        case "number", ("in" | "between"):
            item["operator"] = ">="
            return made | {"type": "number"}
        case "number", _:
            return made | {"type": "number"} | _default(value)
        case _, "in":
            found = [str(one) for one in (suggest.values(b, chosen)[:MOST_CHOICES] if chosen else value or [])]
            if not found:
                item["operator"] = "="
                return made | {"type": "text"}
            given = [str(one) for one in value or []]
            return made | {"type": "multiple_choice", "choices": {"values": sorted({*found, *given})}} | _default(given or None)
        case _:
            return made | {"type": "text"} | _default(value)


def _default(value: Any) -> Item:
    return {} if value is None else {"default": value}


def draw_parameters_card(b: Builder) -> None:
    """Types, labels and defaults of what the page asks."""
    with transaction() as session:
        known = [listed.name for listed in views.list_views(session, reader=b.user)]
    before = list(_parameters(b))
    after = draw_parameters(b.key(b.form, "asked"), before, found=_used(b, before), views=known)
    if after != before:
        b.editing.content["parameters"] = after
        b.editing.keep()
        if len(after) != len(before):
            st.rerun(scope="fragment")


def _used(b: Builder, parameters: list[Item]) -> list[str]:
    """The names by which the filters use the parameters, as SQL would: a range of dates has two."""
    used, found = fields.parameters_in(b.form), []
    for parameter in parameters:
        name = str(parameter["name"])
        if name in used:
            found += [f"{name}_from", f"{name}_to"] if parameter.get("type") == "date_range" else [name]
    return found


def draw_asked(b: Builder, item: Item) -> None:
    """Which parameter gives the value, or back to a fixed one."""
    names = [parameter["name"] for parameter in _parameters(b) if parameter.get("name")]
    at = b.key(item, "parameter")
    held = item["parameter"]
    listed = [*names, *([] if held in names else [held]), FIXED]
    labels = {parameter.get("name"): parameter.get("label") or parameter.get("name") for parameter in _parameters(b)}
    st.selectbox(
        "Asked on the page as",
        listed,
        listed.index(held),
        lambda name: name if name == FIXED else f"asked as “{labels.get(name, name)}”",
        at,
        on_change=_took_parameter,
        args=(b, item, at),
        label_visibility="collapsed",
    )


def _took_parameter(b: Builder, item: Item, at: str) -> None:
    chosen, before = st.session_state.get(at), item.get("parameter")
    if chosen == FIXED:
        item.pop("parameter", None)
        fields.drop_unused(b, {str(before)})
        b.editing.keep()
    else:
        fields.took(b, item, "parameter", at)
