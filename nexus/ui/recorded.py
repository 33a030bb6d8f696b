"""Structured answers on the page: as a table or cards where they were asked for, and as rows of a panel."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import PromptPanel
from nexus.prompts import markdown, marks, originals, records
from nexus.prompts import service as prompts
from nexus.prompts.request import PromptRun
from nexus.prompts.service import OpenPanel
from nexus.ui import charts, tables, when
from nexus.ui.forms import plain, sentence
from nexus.views import values as typed

ROW, HEAD = 80, 150
"""Pixels of a panel's row, and of what is not the table or chart in it."""


def draw_records(run: PromptRun, scope: str, *, found: Mapping[str, str] = MappingProxyType({})) -> None:
    """A structured answer as a table, or as cards: one record is one card."""
    assert run.records
    cards = len(run.records.rows) == 1
    if len(run.records.rows) > 1:
        cards = st.toggle("As cards", key=f"cards-{scope}-{run.id}")
    drawn = originals.in_html(records.html(run.records, look="cards" if cards else "table"), found)
    st.html(f"<style>{markdown.STYLE}{records.STYLE}</style>{drawn}")
    if run.grounding:
        st.caption(f":material/rule: {marks.summary(run.grounding)}.")


def say_whose(found: Mapping[str, str]) -> None:
    """Below what shows originals."""
    if found:
        st.caption("Gemini was sent pseudonyms. What stands for them is shown to you by your own rights, and is not in the record.")


def draw_recorded(open_dashboard: OpenDashboard, panel: PromptPanel, opened: OpenPanel, values: Mapping[str, Any], *, user: User) -> None:
    """The fields of the latest answer to these filters, among those that the reader may see. Raises what `records.table` does."""
    prompt = opened.opened.prompt
    taken = typed.check(prompt.variables, prompts.take(prompt.variables, values))
    run = opened.answer_for(prompts.variables_of(prompt, taken, filters=open_dashboard.dashboard.filters, filter_values=values))
    if run is None:
        st.caption("This prompt has not been asked with these filters yet. Ask it on its own page, or in a panel that shows its answer.")
        return
    found = originals.known(reader=user, run=run)
    table, height, label = originals.in_table(records.table(run), found), max(panel.height * ROW - HEAD, 80), panel.title or prompt.title
    for problem in run.records.problems if run.records else ():
        st.caption(f":material/warning: {sentence(problem)}")
    if panel.chart and table.rows:
        charts.draw_chart(st, panel.chart, table, formats={}, height=height, label=label)
    else:
        tables.draw_table(st, table, formats={}, height=height, label=label)
    st.caption(f"Answered {when.moment(run.started_at)} by {plain(run.model)} · {table.row_count:,} records · run {run.id}")
    say_whose(found)
