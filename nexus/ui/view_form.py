"""The fields of a view's form, each turned into the values of its spec."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, get_args

import streamlit as st

from nexus.accounts.spec import User
from nexus.db import versions
from nexus.errors import BadInput, NexusError
from nexus.sources import catalog
from nexus.sources.catalog import CatalogTable
from nexus.sources.spec import Source
from nexus.ui import forms
from nexus.ui.forms import sentence
from nexus.views.appearance import Chart, ChartKind
from nexus.views.question import Aggregate, Grain, Operator, TableQuestion
from nexus.views.spec import View

TYPES = ("text", "number", "boolean", "date", "date_range", "choice", "multiple_choice")
Rows = list[dict[str, Any]]


def draw_head(scope: str, before: View | None, known: list[str]) -> dict[str, Any]:
    """Title, name, source, description and tags."""
    with st.container(horizontal=True):
        title = st.text_input("Title", before.title if before else "", key=f"{scope}-title", max_chars=200, width=320)
        name = (
            before.name
            if before
            else st.text_input(
                "Name in addresses", key=f"{scope}-name", placeholder=forms.slug(title) or "late-flights", max_chars=63, width=240
            )
        )
        at = known.index(before.source) if before and before.source in known else 0
        source = st.selectbox("Source", known, at, key=f"{scope}-source", width=200)
        tags = st.multiselect(
            "Tags",
            list(before.tags) if before else [],
            list(before.tags) if before else [],
            key=f"{scope}-tags",
            accept_new_options=True,
            width=240,
        )
    description = st.text_input("Description", before.description if before else "", key=f"{scope}-description", max_chars=1000)
    return {"title": title.strip(), "name": name or forms.slug(title), "source": source, "description": description.strip(), "tags": tags}


def draw_table_question(scope: str, before: TableQuestion | None, source: Source, *, reader: User) -> dict[str, Any]:
    """Table, columns with their aggregates, filters, order and limit, over what the source holds now."""
    try:
        known = {f"{table.schema}.{table.name}": table for table in catalog.tables(source, reader=reader)}
    except NexusError as error:
        st.error(sentence(error.message))
        known = {}
    chosen = f"{before.db_schema}.{before.table}" if before else None
    names = list(known) + ([chosen] if chosen and chosen not in known else [])
    if not names:
        raise BadInput("This source holds no table that Nexus may read. An administrator can give its role more rights.")
    picked = st.selectbox("Table", names, names.index(chosen) if chosen else 0, key=f"{scope}-table", width=320)
    table = known.get(picked)
    columns = [column.name for column in table.columns] if table else []
    schema, _, bare = picked.partition(".")
    question: dict[str, Any] = {"kind": "table", "schema": schema, "table": bare}
    question["columns"] = _grid(
        f"{scope}-columns-{picked}",
        "Columns: without an aggregate they are the groups; none at all means every column",
        [selected.model_dump(exclude_none=True) for selected in before.columns] if before and chosen == picked else [],
        {"column": columns, "aggregate": get_args(Aggregate), "grain": get_args(Grain), "name": str},
    )
    filters = _grid(
        f"{scope}-filters-{picked}",
        "Filters: a fixed value, or the name of a parameter below; several values by comma",
        [_shown_filter(filter_.model_dump(exclude_none=True)) for filter_ in before.filters] if before and chosen == picked else [],
        {"column": columns, "operator": get_args(Operator), "value": str, "parameter": str},
    )
    question["filters"] = [_filter(row, table) for row in filters]
    question["order"] = _grid(
        f"{scope}-order-{picked}",
        "Order, by names of the result",
        [order.model_dump() for order in before.order] if before and chosen == picked else [],
        {"column": str, "descending": bool},
    )
    limit = st.number_input(
        "At most so many rows", 1, 1_000_000, before.limit if before else None, key=f"{scope}-limit", width=200, placeholder="no limit"
    )
    question["limit"] = limit
    return question


def _shown_filter(row: dict[str, Any]) -> dict[str, Any]:
    value = row.get("value")
    return row if value is None else {**row, "value": ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)}


def _filter(row: Mapping[str, Any], table: CatalogTable | None) -> dict[str, Any]:
    """A row of the grid as a filter, its value in the type of the column."""
    found = dict(row)
    text = found.get("value")
    if text is None:
        return found
    column = table.column(str(found.get("column"))) if table else None
    kind = column.kind if column else "text"
    several = found.get("operator") in ("in", "between")
    values = [_typed(part.strip(), kind) for part in text.split(",")] if several else _typed(text, kind)
    return {**found, "value": values}


def _typed(text: str, kind: str) -> Any:
    if kind == "number":
        try:
            return int(text) if re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII) else float(text)
        except ValueError:
            raise BadInput(f"The filter value “{text}” is not a number. Correct it, or choose another column.") from None
    if kind == "boolean" and text.lower() in ("true", "false", "yes", "no"):
        return text.lower() in ("true", "yes")
    return text


def draw_parameters(scope: str, before: View | None) -> Rows:
    """Typed parameters, one a row; what a row does not show (bounds, labels of choices) stays with the parameter of the same name."""
    stored = [versions.plain(parameter) for parameter in before.parameters] if before else []
    rows = _grid(
        f"{scope}-parameters",
        "Parameters: in SQL `:name`; a date range gives `:name_from` and `:name_to`. Choices are values by comma, or `view.column`",
        [_shown_parameter(parameter) for parameter in stored],
        {"name": str, "type": TYPES, "label": str, "default": str, "choices": str, "required": bool},
    )
    known = {(parameter["name"], parameter["type"]): parameter for parameter in stored}
    return [_parameter(row, known.get((row.get("name"), row.get("type")), {})) for row in rows]


def _shown_parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {name: parameter[name] for name in ("name", "type", "label", "required") if name in parameter}
    default, choices = parameter.get("default"), parameter.get("choices")
    if default is not None:
        row["default"] = ", ".join(map(str, default)) if isinstance(default, list) else str(default)
    if choices:
        row["choices"] = f"{choices['view']}.{choices['column']}" if "view" in choices else ", ".join(choices["values"])
    return row


def _parameter(row: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    kind = row.get("type") or "text"
    found: dict[str, Any] = {**stored, **{name: value for name, value in row.items() if name not in ("default", "choices")}, "type": kind}
    found.pop("default", None)
    text = row.get("default")
    if text is not None:
        parts = [part.strip() for part in text.replace("..", ",").split(",")]
        values: dict[str, Any] = {"multiple_choice": parts, "date_range": parts, "boolean": text.lower() in ("true", "yes")}
        found["default"] = values.get(kind, text)
    if kind in ("choice", "multiple_choice"):
        found["choices"] = _choices(row.get("choices") or "", stored.get("choices") or {})
    return found


def _choices(text: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    view, dot, column = text.partition(".")
    if dot and "," not in text and re.fullmatch(r"[a-z0-9][a-z0-9-]*", view):
        same = stored.get("view") == view and stored.get("column") == column
        return {**(stored if same else {}), "view": view, "column": column.strip()}
    return {"values": [part.strip() for part in text.split(",") if part.strip()]}


def draw_chart(scope: str, chart: Chart | None) -> dict[str, Any] | None:
    """The chart, or none."""
    kinds = list(get_args(ChartKind))
    with st.container(horizontal=True):
        kind = st.selectbox("Chart", kinds, kinds.index(chart.kind) if chart else None, key=f"{scope}-chart", placeholder="none", width=160)
        if kind is None:
            return None
        x = st.text_input("Along (x)", chart.x if chart else "", key=f"{scope}-x", width=180)
        y = st.text_input("Figures (y), by comma", ", ".join(chart.y) if chart else "", key=f"{scope}-y", width=220)
        color = st.text_input("A series for each", (chart.color or "") if chart else "", key=f"{scope}-color", width=180)
        horizontal = st.checkbox("Bars lie", chart.horizontal if chart else False, key=f"{scope}-horizontal")
    figures = [part.strip() for part in y.split(",") if part.strip()]
    return {"kind": kind, "x": (x or "").strip() or None, "y": figures, "color": color.strip() or None, "horizontal": horizontal}


def _grid(key: str, label: str, rows: Rows, columns: Mapping[str, Any]) -> Rows:
    """A small editable table. `columns` names each column's choices, `str` or `bool`. Empty rows and cells are left out."""
    # pandas only here: the pages that people read do without it.
    import pandas as pd

    st.caption(label)
    config = st.column_config
    shown = {}
    for name, of in columns.items():
        if of is bool:
            shown[name] = config.CheckboxColumn(name)
        elif of is str:
            shown[name] = config.TextColumn(name, max_chars=1_000)
        else:
            offered = list(of) + [row[name] for row in rows if row.get(name) not in (None, *of)]
            shown[name] = config.SelectboxColumn(name, options=offered)
    frame = pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], columns=list(columns), dtype=object)
    edited = st.data_editor(frame, num_rows="dynamic", placeholder="", hide_index=True, width="stretch", column_config=shown, key=key)
    return [row for row in (_filled(record) for record in edited.to_dict("records")) if row]


def _filled(record: Mapping[Any, Any]) -> dict[str, Any]:
    cells: Iterable[tuple[Any, Any]] = record.items()
    # What is empty comes back as None, NaN or an empty text.
    return {str(name): value for name, value in cells if value not in (None, "", False) and value == value}  # noqa: PLR0124 - NaN
