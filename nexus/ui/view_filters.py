"""Filters by column above a view's grid: one chip each, and one editor that fits the column's type."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.errors import NexusError
from nexus.sources.spec import Column
from nexus.ui import grid_address
from nexus.ui.builder.filters import BY_KIND, OTHERS
from nexus.ui.builder.words import MATCH, OF_DATES, OPERATORS, said
from nexus.ui.forms import plain, sentence
from nexus.ui.grid_address import Address
from nexus.views.format import label
from nexus.views.page import MOST_FILTERS
from nexus.views.page_filters import as_text
from nexus.views.period import PERIODS
from nexus.views.question import Condition, Filter, FilterGroup, Operator
from nexus.views.reading import Reading
from nexus.views.suggest import suggest_from_view
from nexus.views.values import EARLIEST, LATEST

EDITED = "grid-filter"
"""In the session: which filter is open in the editor, and for which column. A reload closes it."""
NOTHING = ("is empty", "is not empty")


def open_editor(column: str, at: int | None = None) -> None:
    st.session_state[EDITED] = (column, at)


def draw_chips(where: Sequence[Condition], names: Sequence[str], hidden: int) -> None:
    """The filters that hold, each to change or to remove, and a way to add one."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="grid-chips"):
        for at, one in enumerate(where):
            with st.container(horizontal=True, gap=None, key=f"grid-chip-{at}", width="content"):
                words = plain(said_filter(one))
                st.button(words, key=f"grid-edit-{at}", on_click=_edit, args=(one, at), disabled=isinstance(one, FilterGroup))
                st.button(f"Remove: {words}", key=f"icon-remove-{at}", icon=":material/close:", on_click=_remove, args=(tuple(where), at))
        if len(where) < MOST_FILTERS and names:
            st.button("filter", key="grid-add", icon=":material/add:", type="tertiary", on_click=open_editor, args=(names[0],))
        if len(where) > 1:
            st.button(
                "Clear", key="grid-clear", type="tertiary", icon=":material/filter_alt_off:", on_click=grid_address.filter_by, args=((),)
            )
        if hidden:
            st.button(
                f"{hidden} hidden · show",
                key="grid-show",
                type="tertiary",
                icon=":material/visibility:",
                on_click=grid_address.hide,
                args=((),),
            )


def said_filter(one: Condition) -> str:
    """In words, as `arr delay is more than 60`."""
    if isinstance(one, FilterGroup):
        return f"{MATCH[one.match]}: " + " · ".join(said_filter(each) for each in one.filters)
    operator = OPERATORS[one.operator]
    if one.operator in NOTHING:
        return f"{one.column} {operator}"
    return f"{one.column} {operator} {said(one.value)}"[:120]


def _edit(one: Condition, at: int) -> None:
    if isinstance(one, Filter):
        open_editor(one.column, at)


def _remove(where: tuple[Condition, ...], at: int) -> None:
    st.session_state.pop(EDITED, None)
    grid_address.filter_by(where[:at] + where[at + 1 :])


def draw_filters(user: User, reading: Reading, address: Address) -> None:
    """The chips, and the editor below them."""
    hidden = len(set(address.hidden) & set(reading.names))
    draw_chips(address.page.where, reading.names, hidden)
    _draw_editor(user, reading, address.page.where)


def _draw_editor(user: User, reading: Reading, where: Sequence[Condition]) -> None:
    """The editor, when one is open: column, operator and value in one line; what was typed stays until it is applied."""
    names, columns = reading.names, reading.columns
    column, at = st.session_state.get(EDITED, (None, None))
    if column is None or not names:
        return
    known = where[at] if at is not None and at < len(where) else None
    with st.container(border=True, horizontal=True, vertical_alignment="bottom", gap="small", key="grid-editor"):
        scope = f"grid-{at}-{column}"
        name = st.selectbox("Column", names, names.index(column) if column in names else 0, key=f"{scope}-column", width=200)
        of = columns[list(names).index(name)]
        operators: Sequence[Any] = BY_KIND.get(of.kind, OTHERS)
        before = known if isinstance(known, Filter) and known.column == name else None
        words = OPERATORS | (OF_DATES if of.kind in ("date", "time") else {})
        first = operators.index(before.operator) if before and before.operator in operators else 0
        operator: Operator = st.selectbox(
            "Condition",
            operators,
            first,
            lambda one: words[one],
            key=f"{scope}-{name}-operator",
            width=170,
            help=f"`{label(of)}` is of the type {of.type_name}.",
        )
        offered = _offered(user, reading, name, tuple(one for place, one in enumerate(where) if place != at), operator)
        held = before.value if before and before.operator == operator else None
        value = _value(of, operator, held, f"{scope}-{name}-{operator}", offered)
        if st.button("Apply", key=f"{scope}-apply", type="primary"):
            _apply(tuple(where), at, name=name, column=of, operator=operator, value=value)
        st.button("Cancel", key=f"{scope}-close", type="tertiary", on_click=lambda: st.session_state.pop(EDITED, None))


def _apply(where: tuple[Condition, ...], at: int | None, *, name: str, column: Column, operator: Operator, value: Any) -> None:
    try:
        made = Filter(column=name, operator=operator, value=_typed(column, operator, value))
    except NexusError as error:
        st.error(sentence(error.message))
        return
    except ValueError:
        st.error("Fill in a value to compare with.")
        return
    st.session_state.pop(EDITED, None)
    grid_address.filter_by((*where, made) if at is None else (*where[:at], made, *where[at + 1 :]))
    st.rerun()


def _typed(column: Column, operator: Operator, value: Any) -> Any:
    """As a filter holds it: texts proven to be values of the column."""
    if operator in NOTHING:
        return None
    if operator in ("contains", "starts with", "within"):
        return value or None
    if isinstance(value, list | tuple):
        return [_typed(column, "=", one) for one in value]
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or value in (None, ""):
        return value if value != "" or column.kind == "text" else None
    text = as_text(column, str(value))
    if column.kind != "number":
        return text
    number = float(text)
    return int(number) if number.is_integer() and abs(number) < 2**53 else number if abs(number) < 1e15 else text


def _offered(user: User, reading: Reading, name: str, others: Sequence[Condition], operator: Operator) -> list[str]:
    """Values that the column has, to choose from, where one of them is to be named."""
    kind = reading.columns[reading.names.index(name)].kind
    if not (operator == "in" or (operator in ("=", "!=") and kind == "text")) or kind in ("date", "time"):
        return []
    try:
        return [str(value) for value in suggest_from_view(reading, reader=user, name=name, where=others)]
    except NexusError:
        return []  # a value can be typed all the same


def _value(column: Column, operator: Operator, before: Any, key: str, offered: list[str]) -> Any:
    """The widget for a value. Several are chosen or typed one after another."""
    match column.kind, operator:
        case _, "is empty" | "is not empty":
            return None
        case _, "within":
            options = list(PERIODS) + ([before] if before and before not in PERIODS else [])
            return st.selectbox("Span", options, options.index(before) if before else 3, key=key, width=170)
        case _, "in":
            given = [str(one) for one in before] if isinstance(before, list | tuple) else []
            options = [*offered, *(one for one in given if one not in offered)]
            words = "choose or type" if options else "type, then Enter"
            return st.multiselect(
                "Values", options, given, key=key, width=260, accept_new_options=True, placeholder=words, select_all=False
            )
        case "text", "=" | "!=":
            options = [*offered, *([before] if before is not None and before not in offered else [])]
            first = None if before is None else options.index(before)
            return st.selectbox("Value", options, first, said, key=key, width=260, accept_new_options=True, placeholder="choose or type")
        case "boolean", _:
            return st.selectbox("Value", [True, False], 1 if before is False else 0, lambda one: "yes" if one else "no", key=key, width=110)
        case "date" | "time", "between":
            span: Any = tuple(_days(before))
            return st.date_input("From, until", span, key=key, width=230, min_value=EARLIEST, max_value=LATEST, format="YYYY-MM-DD")
        case "date" | "time", _:
            days = _days([before])
            return st.date_input(
                "Day", days[0] if days else None, key=key, width=150, min_value=EARLIEST, max_value=LATEST, format="YYYY-MM-DD"
            )
        case _, "between":
            pair = list(before) if isinstance(before, list | tuple) else ["", ""]
            low = st.text_input("From", str(pair[0]), key=f"{key}-low", width=110)
            return [low, st.text_input("Until", str(pair[1]), key=f"{key}-high", width=110)]
        case _:
            return st.text_input("Value", "" if before is None else str(before), key=key, width=200)


def _days(values: Any) -> list[date]:
    found = []
    for value in values or ():
        try:
            found.append(date.fromisoformat(str(value)[:10]))
        except ValueError:
            return []
    return found
