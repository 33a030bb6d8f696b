"""Structured answers on the page: as a table or cards where they were asked for, and as rows of a panel."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import streamlit as st

from nexus.accounts.spec import User
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import PromptPanel
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import markdown, marks, originals, records
from nexus.prompts import service as prompts
from nexus.prompts.request import BlockSent, PromptRun
from nexus.prompts.service import OpenPanel
from nexus.sources.spec import Table
from nexus.ui import charts, tables, when
from nexus.ui.forms import plain, sentence
from nexus.views import values as typed

ROW, HEAD = 80, 150
"""Pixels of a panel's row, and of what is not the table or chart in it."""
HIGHEST = 480


@dataclass(frozen=True)
class Recorded:
    """The rows of an answer's fields, and where they come from in words."""

    table: Table
    origin: str
    run: PromptRun
    blocks: tuple[BlockSent, ...] = ()
    """Of the data that it was made from, what the reader may know of."""


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


def latest(open_dashboard: OpenDashboard, opened: OpenPanel, values: Mapping[str, Any]) -> PromptRun | None:
    """The latest answer to these filters, among those that the reader may see. Raises BadInput for a value that does not fit."""
    prompt = opened.opened.prompt
    taken = typed.check(prompt.variables, prompts.take(prompt.variables, values))
    return opened.answer_for(prompts.variables_of(prompt, taken, filters=open_dashboard.dashboard.filters, filter_values=values))


def draw_recorded(panel: PromptPanel, opened: OpenPanel, run: PromptRun, *, user: User, as_table: bool = False) -> Recorded:
    """The fields of an answer as the panel shows them. Raises what `records.table` does."""
    found = originals.known(reader=user, run=run)
    table, height, label = (
        originals.in_table(records.table(run), found),
        max(panel.height * ROW - HEAD, 80),
        panel.title or opened.opened.prompt.title,
    )
    for problem in run.records.problems if run.records else ():
        st.caption(f":material/warning: {sentence(problem)}")
    if panel.chart and table.rows and not as_table:
        charts.draw_chart(st, panel.chart, table, formats={}, height=height, label=label)
    else:
        tables.draw_table(st, table, formats={}, height=height, label=label)
    count = f"{table.row_count:,} record{'' if table.row_count == 1 else 's'}"
    origin = f"Answered {when.moment(run.started_at)} by {plain(run.model)} · {count} · run {run.id}"
    st.caption(origin)
    say_whose(found)
    return Recorded(table, origin, run, tuple(block for block in run.blocks if block.view not in opened.hidden))


def draw_rows(shown: Recorded, panel: PromptPanel, user: User) -> None:
    """All rows of the answer in a dialog, with what they were made from, and the way to the prompt for those who may open it."""
    label = f"Rows of {panel.title or shown.run.prompt_title}"
    if shown.table.rows:
        tables.draw_table(st, shown.table, formats={}, height=min(HIGHEST, tables.height_of(shown.table)), label=label)
    else:
        st.caption("The answer holds no records.")
    st.caption(shown.origin)
    for block in shown.blocks:
        rows = f"{block.rows:,} row{'' if block.rows == 1 else 's'}"
        st.caption(f"From {plain(block.view_title)}: {rows}{'' if block.complete else ', which are not all there are'}")
    if shown.table.rows and user.looked_at_by is None:
        # A file is made with one's own rights.
        st.link_button("Download CSV", f"/prompt-runs/{shown.run.id}.csv", icon=":material/download:")
    try:
        with transaction() as session:
            prompts.open_prompt(session, reader=user, name=panel.prompt)
    except NexusError:
        return
    st.page_link("pages/prompt.py", label="Open prompt", icon=":material/auto_awesome:", query_params={"name": panel.prompt})
