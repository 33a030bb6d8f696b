"""The grid: rows of a view as a table of our own, which pages, sorts and filters on the server.

A semantic table in the page itself: every cell is text for those who listen, and is reached by keyboard. Streamlit's own
table draws on a canvas, holds all rows in the browser, and sorts only those.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from nexus.sources.spec import Column, Table
from nexus.ui import when
from nexus.ui.components import component
from nexus.views import format as formats_of
from nexus.views.appearance import Format
from nexus.views.highlight import tones
from nexus.views.question import OrderBy

LONGEST_CELL = 300
"""Characters of a cell that the grid shows; a row opened alone shows all."""
MOST_COLUMNS = 150
"""Columns that a browser lays out in good time, with a page of rows; the others are chosen by hiding some."""

_mount = component("grid")


def draw_grid(
    table: Table,
    *,
    names: Sequence[str],
    formats: Mapping[str, Format],
    hidden: Sequence[str] = (),
    orderable: frozenset[str] = frozenset(),
    order: Sequence[OrderBy] = (),
    ordered: bool = False,
    filtered: frozenset[str] = frozenset(),
    rows: Sequence[str | None] = (),
    chosen: str | None = None,
    widths: Mapping[str, int] | None = None,
    may_format: bool = False,
    height: int,
    label: str,
    key: str,
    act: Callable[[Mapping[str, Any]], None],
) -> None:
    """Draw `table`. `act` is called, before the page runs again, with what a person chose: `what`, and `column` or `row`.
    `widths` are pixels, by name.

    `names` tell columns apart. `ordered` says that `order` was asked for here, and can be taken back.
    """
    shown = shown_columns(table, names, formats, hidden)[:MOST_COLUMNS]
    ranks = {one.column: (rank, one.descending) for rank, one in enumerate(order, start=1)}
    data = {
        "columns": [
            _column(table.columns[at], names[at], formats=formats, orderable=orderable, ranks=ranks, filtered=filtered) for at in shown
        ],
        "rows": _rows(table, shown, formats, rows),
        "chosen": chosen,
        "widths": dict(widths or {}),
        "ordered": ordered,
        "formats": may_format,
        "label": label,
        "height": height,
    }

    def acted() -> None:
        said = st.session_state.get(key, {}).get("act")
        if isinstance(said, Mapping) and isinstance(said.get("what"), str):
            act(said)

    _mount(key=key, data=data, on_act_change=acted)


def shown_columns(table: Table, names: Sequence[str], formats: Mapping[str, Format], hidden: Sequence[str]) -> list[int]:
    """Places of the columns that are shown: without those that the view or the reader hides; the first where none is left."""
    left = [at for at in formats_of.shown(table.columns, formats) if names[at] not in hidden]
    return left or [0][: len(table.columns)]


def _column(
    column: Column,
    name: str,
    *,
    formats: Mapping[str, Format],
    orderable: frozenset[str],
    ranks: Mapping[str, tuple[int, bool]],
    filtered: frozenset[str],
) -> dict[str, Any]:
    style = formats.get(column.name)
    rank, down = ranks.get(name, (0, False))
    return {
        "name": name,
        "label": style.label if style and style.label else name,
        "type": column.type_name,
        "align": formats_of.align(column, style),
        "look": _look(column, style),
        "sortable": name in orderable,
        "sorted": None if not rank else "down" if down else "up",
        "rank": rank,
        "filtered": name in filtered,
    }


def _look(column: Column, style: Format | None) -> str:
    if style and style.style in ("link", "boolean"):
        return "link" if style.style == "link" else "tick"
    if column.kind == "boolean":
        return "tick"
    return (
        "number" if column.kind == "number" and not (style and style.style in ("weekday", "month", "duration", "date", "datetime")) else ""
    )


def _rows(table: Table, shown: Sequence[int], formats: Mapping[str, Format], rows: Sequence[str | None]) -> list[dict[str, Any]]:
    zone = when.zone()
    styles = [formats.get(table.columns[at].name) for at in shown]
    colours = tones(table, formats)
    found = []
    for number, row in enumerate(table.rows):
        one: dict[str, Any] = {
            "cells": [_cell(row[at], style, table.columns[at], zone) for at, style in zip(shown, styles, strict=True)],
            "row": rows[number] if number < len(rows) else None,
        }
        marks = colours[number] if colours else None
        if marks:
            one["tones"] = [marks[at] for at in shown]
        found.append(one)
    return found


def _cell(value: Any, style: Format | None, column: Column, zone: Any) -> Any:
    if value is None:
        return None
    text = cut(formats_of.text(value, style, column, zone=zone))
    if style and style.style == "progress" and isinstance(value, int | float) and formats_of.finite(value):
        return [text, float(value) / (style.maximum or 1)]
    return text


def cut(text: str, longest: int = LONGEST_CELL) -> str:
    text = text if len(text) <= longest else text[: longest - 1] + "…"
    # A lone surrogate cannot travel as UTF-8.
    return text.encode("utf-8", "replace").decode()
