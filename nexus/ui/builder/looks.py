"""How the result looks: the formats of its columns, and its chart."""

from typing import Any
from zlib import crc32

import streamlit as st
from pydantic import ValidationError

from nexus.db import versions
from nexus.errors import NexusError
from nexus.sources.spec import Table
from nexus.ui.builder.asking import CHART_ROWS, ask
from nexus.ui.builder.fitting import propose_chart
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import Item, question_of
from nexus.ui.chart_form import draw_chart_form
from nexus.ui.format_form import draw_formats
from nexus.views.appearance import Chart, Format


def draw_chart(b: Builder) -> None:
    """The chart, proposed from the columns of the result; the preview beside draws it."""
    table = _result(b)
    if table is None:
        return
    held = b.editing.content.get("chart")
    if not held:
        st.button("Add a chart", key=b.key(b.form, "add-chart"), icon=":material/add_chart:", on_click=_propose, args=(b, table))
        return
    made = draw_chart_form(b.key(b.form, f"chart-{_about(table)}"), _chart(held), table, preview=False)
    _keep(b, "chart", _written(made))
    if made is None:
        st.rerun(scope="fragment")


def _propose(b: Builder, table: Table) -> None:
    """Callback: the chart that fits the result best."""
    _keep(b, "chart", propose_chart(b.form, table))


def _about(table: Table) -> int:
    """A number that changes with the columns: what was chosen among others means nothing then."""
    return crc32(repr([(column.name, column.kind) for column in table.columns]).encode())


def _chart(held: Any) -> Chart | None:
    try:
        return Chart.model_validate(held) if held else None
    except ValidationError:
        return None


def _written(made: Item | None) -> Item | None:
    """As the spec is written, where it is one already; a chart that lacks a column stays as it was chosen."""
    chart = _chart(made)
    return versions.plain(chart) if chart else made


def draw_format(b: Builder) -> None:
    table = _result(b)
    if table is None:
        return
    held = b.editing.content.get("formats") or {}
    formats = {name: Format.model_validate(style) for name, style in held.items()}
    made = draw_formats(b.key(b.form, f"formats-{_about(table)}"), formats, table.columns, table=table)
    _keep(b, "formats", made or None)


def _result(b: Builder) -> Table | None:
    """The result as the preview has it; None where it cannot be read, and the preview says why."""
    try:
        return ask(b, question_of(b.form, upto="limit"), max_rows=CHART_ROWS)
    except NexusError:
        return None


def _keep(b: Builder, name: str, made: Any) -> None:
    content = b.editing.content
    if made == content.get(name):
        return
    if made is None:
        content.pop(name, None)
    else:
        content[name] = made
    b.editing.keep()
