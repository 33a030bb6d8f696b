"""What the question gives so far: the first rows after the chosen step, as it grows."""

from typing import Any

import streamlit as st

from nexus.errors import NexusError
from nexus.sources.spec import QueryStopped, Table
from nexus.ui import charts, tables, waiting
from nexus.ui.builder import asking
from nexus.ui.builder.asking import CHART_ROWS
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import STEPS, question_of
from nexus.ui.forms import empty, sentence
from nexus.ui.panels import provenance

ROWS = 100
HEIGHT = 470
RESULT = "columns"
"""From this step on, the preview is of the result as a whole."""
TITLES = {"table": "The table", "joins": "With what is joined", "computed": "With computed columns", "filters": "What the filters leave"}


def draw_preview(b: Builder) -> None:
    if not b.form.get("table"):
        empty("Choose a table. Its first rows stand here, and change with every step.")
        return
    step = "filters" if b.opened == "parameters" else b.opened
    early = step is not None and STEPS.index(step) < STEPS.index(RESULT) and any(b.form.get(name) for name in ("columns", "result_filters"))
    with st.container(horizontal=True, vertical_alignment="center", gap="small", height=40, border=False):
        st.markdown(f"**{TITLES.get(step or '', 'The result') if early else 'The result'}**")
        if early:
            st.button("Show the result", key=f"{b.editing.scope}-result", type="tertiary", on_click=b.open, args=(None,))
    upto = step if early and step else "limit"
    chart = b.editing.content.get("chart") if not early else None
    looks = step in ("formats", "chart")
    slot = st.empty()
    try:
        table = _ask(b, question_of(b.form, upto=upto), CHART_ROWS if chart or looks else ROWS, slot)
        _draw(b, table, slot, chart=bool(chart))
    except QueryStopped:
        with slot.container(gap="small"):
            st.info("You cancelled the preview. The next change asks again.", icon=":material/stop_circle:")
            st.button("Ask again", key=f"{b.editing.scope}-preview-again", icon=":material/refresh:")
    except NexusError as error:
        slot.error(sentence(error.message), icon=":material/error:")


def _ask(b: Builder, question: Any, max_rows: int, slot: Any) -> Table:
    """The rows. A change of the question, Cancel, or leaving the page ends the query that is under way."""
    key = f"{b.editing.scope}-preview"
    if waiting.cancelled(key):
        raise QueryStopped()
    view = asking.opened(b, asking.view_of(b, question))
    return asking.ask_view(b, view, max_rows, cancelled=waiting.patience(slot, key=key))


def _draw(b: Builder, table: Table, slot: Any, *, chart: bool) -> None:
    with slot.container(gap="small"):
        if chart:
            _draw_chart(b, table)
        if not table.rows:
            st.info("No rows. Loosen the filters, or switch one of them off.")
        else:
            shown = table.model_copy(update={"rows": table.rows[:ROWS]})
            formats = asking.view_of(b, question_of(b.form)).formats
            height = min(HEIGHT if not chart else 240, tables.height_of(shown))
            tables.draw_table(st, shown, formats=formats, height=height, label="Preview")
        st.html(f'<div class="nexus-foot">{provenance(table)}</div>')


def _draw_chart(b: Builder, table: Table) -> None:
    try:
        view = asking.view_of(b, question_of(b.form), chart=True)
        if view.chart:
            charts.draw_chart(st, view.chart, table, formats=view.formats, height=300, label="Chart")
    except NexusError as error:
        st.warning(sentence(error.message), icon=":material/bar_chart:")
