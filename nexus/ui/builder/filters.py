"""Conditions: filters in groups of all, any or none, each with the editor that fits its column and its operator."""

import re
from typing import Any

import streamlit as st

from nexus.ui.builder import form as fields
from nexus.ui.builder import suggest
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import NEEDS_NOTHING, Item, Items, is_group, new_id
from nexus.ui.builder.parameters import ask_on_page, draw_asked
from nexus.ui.builder.reach import Columns, Reached
from nexus.ui.builder.words import OF_DATES, OPERATORS, said
from nexus.views.period import PERIODS
from nexus.views.question import MOST_NESTED

BY_KIND: dict[str, tuple[str, ...]] = {
    "number": (">", ">=", "<", "<=", "=", "!=", "between", "in", "is empty", "is not empty"),
    "text": ("in", "=", "!=", "contains", "starts with", "is empty", "is not empty"),
    "date": ("between", "within", ">=", "<", "=", "is empty", "is not empty"),
    "time": ("between", "within", ">=", "<", "is empty", "is not empty"),
    "boolean": ("=", "is empty", "is not empty"),
    "duration": (">", "<", "is empty", "is not empty"),
}
OTHERS = ("=", "contains", "is empty", "is not empty")
MATCHES = {"all": "All of these hold", "any": "Any of these holds", "none": "None of these holds"}
OWN_PERIOD = "another span …"
UNITS = ("minutes", "hours", "days", "weeks", "months", "quarters", "years")


def draw_conditions(
    b: Builder, found: Items, columns: Columns, *, key: str, depth: int = 0, asks: bool = True, result: bool = False
) -> None:
    """A list of conditions. `asks`: a value may be asked on the page. `result`: they are about the result, whose values are not suggested."""
    for item in list(found):
        if is_group(item):
            _draw_group(b, found, item, columns, depth=depth, asks=asks, result=result)
        else:
            _draw_filter(b, found, item, columns, asks=asks, result=result)
    with st.container(horizontal=True, gap="small"):
        fields.add_button(b, "Add a condition" if result or depth else "Add a filter", found, {}, key=key)
        if depth < MOST_NESTED:
            st.button(
                "Add a group",
                key=f"{b.editing.scope}-group-{key}",
                icon=":material/data_array:",
                type="tertiary",
                on_click=fields.add,
                args=(b, found, {"match": "any", "filters": [{"id": new_id()}]}),
            )


def _draw_group(b: Builder, found: Items, item: Item, columns: Columns, *, depth: int, asks: bool, result: bool) -> None:
    with st.container(border=True, gap="xsmall", key=b.key(item, "part-box")):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            fields.select(b, item, "match", "Which of these must hold", list(MATCHES), words=MATCHES.__getitem__)
            fields.part_buttons(b, found, item, "this group")
        inner = item.setdefault("filters", [])
        draw_conditions(b, inner, columns, key=str(item["id"]), depth=depth + 1, asks=asks, result=result)


def _draw_filter(b: Builder, found: Items, item: Item, columns: Columns, *, asks: bool, result: bool) -> None:
    chosen = columns.get((item.get("of"), item.get("column") or ""))
    with st.container(border=True, gap="xsmall", key=b.key(item, "part-box")):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            fields.column(b, item, columns, after=lambda changed: _fit(changed, columns))
            if item.get("column") and asks and not item.get("parameter") and item.get("operator") not in NEEDS_NOTHING:
                words = "Ask on the page: whoever opens the view sets the value"
                fields.icon_button(b, item, words, "live_help", act=ask_on_page, given=(item, chosen))
            fields.part_buttons(b, found, item, "this filter")
        if item.get("column"):
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                _draw_operator(b, item, chosen)
                if item.get("parameter"):
                    draw_asked(b, item)
                elif item.get("operator") not in NEEDS_NOTHING:
                    _draw_value(b, item, chosen, result=result)


def _kind(chosen: Reached | None) -> str:
    return chosen.kind if chosen else "other"


def _fit(item: Item, columns: Columns) -> None:
    """A newly chosen column: the operator that it is mostly compared by, and no value yet."""
    item.pop("value", None)
    item.pop("parameter", None)
    chosen = columns.get((item.get("of"), item.get("column") or ""))
    item["operator"] = BY_KIND.get(_kind(chosen), OTHERS)[0]
    if _kind(chosen) == "boolean":
        item["value"] = True


def _draw_operator(b: Builder, item: Item, chosen: Reached | None) -> None:
    kind = _kind(chosen)
    item.setdefault("operator", "=")
    words: dict[str, str] = {**OPERATORS, **OF_DATES} if kind in ("date", "time") else OPERATORS
    fields.select(
        b,
        item,
        "operator",
        "How it compares",
        BY_KIND.get(kind, OTHERS),
        words=lambda one: words.get(one, str(one)),
        width=300 if item["operator"] == "between" and kind in ("date", "time") else 132,
        key=f"how-{kind}",
        after=_refit,
    )


def _refit(item: Item) -> None:
    """Another operator: the value stays where it can mean the same."""
    value, several = item.get("value"), item.get("operator") in ("in", "between")
    if item.get("operator") in NEEDS_NOTHING or item.get("operator") == "within":
        item.pop("value", None)
    elif several != isinstance(value, list):
        item["value"] = [value] if several and value is not None and item["operator"] == "in" else None
    if item.get("operator") in NEEDS_NOTHING:
        item.pop("parameter", None)


def _draw_value(b: Builder, item: Item, chosen: Reached | None, *, result: bool) -> None:
    kind, operator = _kind(chosen), item.get("operator")
    at = f"value-{kind}-{operator}"
    match kind, operator:
        case _, "within":
            _draw_period(b, item)
        case _, "between":
            _draw_pair(b, item, kind, at)
        case (("date" | "time"), _):
            fields.day(b, item, "value", "Day", key=at)
        case "boolean", _:
            fields.select(b, item, "value", "Value", [True, False], words=lambda one: "yes" if one else "no", key=at)
        case _, "in":
            _draw_several(b, item, kind, [] if result or chosen is None else suggest.values(b, chosen), at)
        case "number", _:
            fields.number(b, item, "value", "Value", key=at, placeholder="a number")
        case "text", ("=" | "!="):
            offered = [] if result or chosen is None else suggest.values(b, chosen)
            fields.select(b, item, "value", "Value", offered, key=at, placeholder="choose or type", new=True)
        case _:
            fields.text(b, item, "value", "Value", key=at, placeholder="a value")


def _draw_pair(b: Builder, item: Item, kind: str, at: str) -> None:
    held = item.get("value")
    if not isinstance(held, list) or len(held) != 2:
        item["value"] = [None, None]
    for place, label in enumerate(("From", "To")):
        if kind in ("date", "time"):
            # Side by side, under the operator.
            fields.day(b, item, "value", label, key=f"{at}-{place}", place=place)
        else:
            fields.number(b, item, "value", label, key=f"{at}-{place}", place=place, placeholder=label.lower())


def _draw_several(b: Builder, item: Item, kind: str, offered: list[Any], at: str) -> None:
    value = item.get("value")
    held = value if isinstance(value, list) else []
    key = b.key(item, at)
    st.multiselect(
        "Values",
        [*offered, *(one for one in held if one not in offered)],
        held,
        format_func=said,
        key=key,
        on_change=fields.took,
        args=(b, item, "value", key),
        kwargs={"convert": _numbers if kind == "number" else list},
        accept_new_options=True,
        placeholder="choose or type",
        label_visibility="collapsed",
        select_all=False,  # Enter takes the one that was typed
    )


def _numbers(values: list[Any]) -> list[Any]:
    """Typed ones are text; what is no number is left out."""
    found = []
    for value in values:
        try:
            found.append(fields.whole(float(value)) if isinstance(value, str) else value)
        except ValueError:
            continue
    return found


def _draw_period(b: Builder, item: Item) -> None:
    """A relative date: one of the usual ones, or so many hours to years back or ahead."""
    value, at = item.get("value"), b.key(item, "period")
    own = re.fullmatch(r"(last|next) (\d+) (\w+)", str(value or "")) if value not in PERIODS else None
    listed = [*PERIODS, OWN_PERIOD]
    held = OWN_PERIOD if own else value
    st.selectbox(
        "Period",
        listed,
        listed.index(held) if held in listed else None,
        key=at,
        on_change=fields.took,
        args=(b, item, "value", at),
        kwargs={"convert": lambda chosen: "last 14 days" if chosen == OWN_PERIOD else chosen},
        placeholder="choose",
        label_visibility="collapsed",
    )
    if own:
        _draw_span(b, item, *own.groups())


def _draw_span(b: Builder, item: Item, way: str, count: str, unit: str) -> None:
    keys = [b.key(item, f"period-{part}") for part in ("way", "count", "unit")]

    def taken() -> None:
        chosen = [st.session_state.get(key) for key in keys]
        item["value"] = f"{chosen[0]} {int(chosen[1] or 1)} {chosen[2]}"
        b.editing.keep()

    shown: dict[str, Any] = {"on_change": taken, "label_visibility": "collapsed"}
    st.selectbox("Back or ahead", ["last", "next"], ["last", "next"].index(way), key=keys[0], width=80, **shown)
    st.number_input("How many", 1, 9999, int(count), key=keys[1], width=110, **shown)
    st.selectbox("Unit", UNITS, UNITS.index(unit) if unit in UNITS else 2, key=keys[2], width=110, **shown)
