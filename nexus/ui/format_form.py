"""How columns are shown: label, style and colours, one column at a time, with an example."""

import html
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

import streamlit as st
from pydantic import ValidationError

from nexus.db import versions
from nexus.errors import BadInput
from nexus.sources.spec import Column, ColumnKind, Table
from nexus.ui import cells
from nexus.ui.forms import plain
from nexus.views import format as written
from nexus.views import highlight
from nexus.views.appearance import ColumnStyle, Format, Tone
from nexus.views.question import Operator

STYLES: dict[ColumnKind, tuple[ColumnStyle, ...]] = {
    "number": ("plain", "number", "percent", "currency", "duration", "progress", "boolean", "weekday", "month"),
    "time": ("plain", "datetime", "date", "weekday", "month"),
    "date": ("plain", "date", "weekday", "month"),
    "text": ("plain", "link"),
}
"""The styles that mean something to each kind of column; for the others there is only `plain`."""
OPERATORS: dict[ColumnKind, tuple[Operator, ...]] = {
    "number": ("<", "<=", ">", ">=", "=", "!=", "between", "in", "is empty", "is not empty"),
    "duration": ("<", "<=", ">", ">=", "between", "is empty", "is not empty"),
    "date": ("within", "<", "<=", ">", ">=", "=", "between", "is empty", "is not empty"),
    "time": ("within", "<", "<=", ">", ">=", "=", "between", "is empty", "is not empty"),
    "boolean": ("=", "is empty", "is not empty"),
}
TEXT_OPERATORS: tuple[Operator, ...] = ("=", "!=", "contains", "starts with", "in", "is empty", "is not empty")
EXAMPLES: dict[ColumnKind, Any] = {
    "number": 1234.567,
    "text": "Newark Liberty Intl",
    "boolean": True,
    "date": date(2013, 6, 1),
    "time": datetime(2013, 6, 1, 9, 5, tzinfo=UTC),
    "duration": timedelta(minutes=85),
}
SHARES: tuple[ColumnStyle, ...] = ("percent", "progress")
MOST_RULES = 20
Plain = dict[str, Any]


def draw_formats(scope: str, formats: dict[str, Format], columns: tuple[Column, ...], *, table: Table | None = None) -> dict[str, Plain]:
    """The formats of all columns as values of their specs; a column that is shown as it is has none. `table` gives the example."""
    # What was chosen for the columns that are not on screen just now is kept here: their fields are gone.
    kept: dict[str, Plain] = st.session_state.setdefault(
        f"{scope}-formats", {name: versions.plain(style) for name, style in formats.items()}
    )
    known = {column.name: column for column in columns if column.name}
    if not known:
        st.caption("Columns can be formatted once there is a result.")
        return _said(kept)
    name = st.selectbox("Column", list(known), key=f"{scope}-format-column", width=320)
    column = known[name]
    # Of each column its own fields: a change of column must not carry one's label to the next.
    kept[name] = _draw_column(f"{scope}-format-{name}", kept.get(name, {}), column)
    _draw_example(column, kept[name], table)
    said = _said(kept)
    if said:
        st.caption(f"With a format: {', '.join(map(plain, said))}.")
    return said


def _said(kept: dict[str, Plain]) -> dict[str, Plain]:
    """Only what differs from a column without a format."""
    said = {
        name: {field: value for field, value in style.items() if value not in (None, "", False, [], ())} for name, style in kept.items()
    }
    for style in said.values():
        if style.get("style") == "plain":
            del style["style"]
    return {name: style for name, style in said.items() if style}


def _draw_column(scope: str, before: Plain, column: Column) -> Plain:
    style: Plain = {}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        style["label"] = st.text_input(
            "Label", before.get("label", ""), key=f"{scope}-label", placeholder=column.name, max_chars=200, width=220
        )
        offered = list(dict.fromkeys([*STYLES.get(column.kind, ("plain",)), before.get("style", "plain")]))
        style["style"] = st.selectbox("Shown as", offered, offered.index(before.get("style", "plain")), key=f"{scope}-style", width=140)
        if column.kind == "number" and style["style"] in ("plain", "number", "percent", "currency", "progress"):
            style["decimals"] = st.number_input(
                "Decimals", 0, 12, before.get("decimals"), key=f"{scope}-decimals", placeholder="as given", width=120
            )
        if column.kind == "number" and style["style"] in ("plain", "number", "currency"):
            style["unit"] = st.text_input(
                "Unit", before.get("unit", ""), key=f"{scope}-unit", placeholder="min, €", max_chars=20, width=100
            )
        if style["style"] == "progress":
            style["maximum"] = st.number_input(
                "Full at", value=before.get("maximum"), min_value=1e-9, key=f"{scope}-maximum", placeholder="1 (a share)", width=140
            )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        tones = list(get_args(Tone))
        if column.kind in ("number", "duration", "date", "time"):
            style["shade"] = st.pills("Shade by value", tones, default=before.get("shade"), format_func=_tone, key=f"{scope}-shade")
        if column.kind in ("number", "duration"):
            totals = ["", "none", "sum", "mean"]
            style["total"] = st.selectbox(
                "Total in print",
                totals,
                totals.index(before.get("total") or ""),
                format_func=lambda total: total or "by itself",
                key=f"{scope}-total",
                width=140,
            )
        style["hidden"] = st.checkbox("Hidden in tables", before.get("hidden", False), key=f"{scope}-hidden")
    style["highlights"] = _draw_rules(scope, before.get("highlights", []), column)
    return style


def _tone(tone: str) -> str:
    return f":{'orange' if tone == 'amber' else 'gray' if tone == 'grey' else tone}[:material/circle:] {tone}"


def _draw_rules(scope: str, before: list[Plain], column: Column) -> list[Plain]:
    """Rules in their order; the first that holds colours. Numbers in keys never come back, so a removed rule takes its fields along."""
    numbers: list[int] = st.session_state.setdefault(f"{scope}-rules", list(range(len(before))))
    first: dict[int, Plain] = st.session_state.setdefault(f"{scope}-rules-before", dict(enumerate(before)))
    rules = []
    for number in list(numbers):
        if rule := _draw_rule(f"{scope}-rule-{number}", first.get(number, {}), column, remove=lambda number=number: numbers.remove(number)):
            first[number] = rule
            rules.append(rule)
    if len(numbers) < MOST_RULES:
        st.button(
            "Add a rule",
            icon=":material/format_color_fill:",
            key=f"{scope}-add",
            on_click=lambda: numbers.append(max(first, default=-1) + 1),
        )
    return rules


def _draw_rule(scope: str, before: Plain, column: Column, *, remove: Any) -> Plain:
    offered = list(dict.fromkeys([*OPERATORS.get(column.kind, TEXT_OPERATORS), *([before["operator"]] if before else [])]))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        operator = st.selectbox(
            "Where it is", offered, offered.index(before["operator"]) if before else 0, key=f"{scope}-operator", width=140
        )
        text = ""
        if operator not in ("is empty", "is not empty"):
            text = st.text_input(
                "Value",
                _text_of(before.get("value")),
                key=f"{scope}-value",
                placeholder=_hint(operator, column),
                max_chars=1_000,
                width=180,
            )
        tones = list(get_args(Tone))
        tone = st.selectbox("Colour", tones, tones.index(before.get("tone", "red")), key=f"{scope}-tone", width=110)
        whole = st.checkbox("Whole row", before.get("whole_row", False), key=f"{scope}-whole")
        st.button("Remove this rule", icon=":material/close:", type="tertiary", key=f"{scope}-icon-remove", on_click=remove)
    rule: Plain = {"operator": operator, "tone": tone, "whole_row": whole}
    if operator not in ("is empty", "is not empty"):
        rule["value"] = _value(operator, text or "", column)
        if rule["value"] in ("", []) or (operator == "between" and len(rule["value"]) != 2):
            st.caption(
                "Two values by comma, as 10, 20."
                if operator == "between"
                else "Give a value to compare with; until then this rule colours nothing."
            )
    return rule


def _hint(operator: str, column: Column) -> str:
    if operator == "within":
        return "last 30 days"
    if operator in ("in", "between"):
        return "2013-01-01, 2013-06-30" if column.kind in ("date", "time") else "10, 20" if column.kind == "number" else "EWR, JFK"
    return {"date": "2013-06-01", "time": "2013-06-01", "boolean": "yes", "number": "15", "duration": "seconds"}.get(column.kind, "")


def _text_of(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(_text_of, value))
    return "" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _value(operator: str, text: str, column: Column) -> Any:
    """What was typed, in the type of the column; what does not fit stays text, and never matches."""
    if operator in ("in", "between"):
        return [_value("=", part.strip(), column) for part in text.split(",") if part.strip()]
    if column.kind in ("number", "duration"):
        try:
            number = float(text.replace("−", "-"))
        except ValueError:
            return text
        return int(number) if number.is_integer() and abs(number) < 2**53 else number if abs(number) < float("inf") else text
    if column.kind == "boolean" and text.lower() in ("yes", "true", "no", "false"):
        return text.lower() in ("yes", "true")
    return text


def _draw_example(column: Column, style: Plain, table: Table | None) -> None:
    """How a few values look with the format as it is chosen so far."""
    try:
        format_ = Format.model_validate(_said({column.name: style}).get(column.name, {}))
    except ValidationError as error:
        raise BadInput(f"The format of `{column.name}` does not fit. {versions.first_problem(error)}") from None
    values = _examples(column, format_, table)
    marks = highlight.marks(values, format_, column)
    body = "".join(f"<tr>{cells.cell(value, mark, format_, column)}</tr>" for value, mark in zip(values, marks, strict=True))
    head = f'<thead><tr><th scope="col"{cells.aligned(written.align(column, format_))}>{html.escape(written.label(column, format_))}</th></tr></thead>'
    st.html(cells.boxed(f"{head}<tbody>{body}</tbody>", label=f"Example of {column.name}", height=260))
    if format_.style in SHARES and not format_.maximum:
        st.caption(f"{plain(format_.style.capitalize())} takes a share: 0.12 is shown as 12 %.")


def _examples(column: Column, format_: Format, table: Table | None) -> list[Any]:
    if table is not None and column.name in {other.name for other in table.columns}:
        seen = {written.text(value, None, column): value for value in table.values(column.name)[:200] if value is not None}
        if seen:
            return list(seen.values())[:6]
    if format_.style in SHARES and not format_.maximum:
        return [0.1234, 0.87]
    return [EXAMPLES.get(column.kind, "example")]
