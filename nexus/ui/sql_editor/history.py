"""What one ran before on this source, with the way back into the editor."""

import streamlit as st

from nexus.db.session import transaction
from nexus.ui import when
from nexus.ui.forms import plain, sentence
from nexus.ui.sql_editor.bench import Bench
from nexus.views import runs
from nexus.views import values as typed
from nexus.views.runs import QueryRun

MOST = 50
ENDED = {"complete": "", "cut": "cut", "refused": "refused", "failed": "failed", "stopped": "stopped"}


def draw_history(bench: Bench) -> None:
    search = st.text_input(
        "Search what you ran", key=f"{bench.scope}-search", placeholder="Search what you ran", label_visibility="collapsed", width=320
    )
    runs.flush()
    with transaction() as session:
        found = runs.history(session, reader=bench.user, source=bench.source.name, search=search or "", limit=MOST * 2)
    shown = [run for run in found if run.sql][:MOST]
    if not shown:
        st.caption("Nothing ran here yet that holds these words." if search else "What you run here stands here, for you alone.")
        return
    with st.container(gap="xsmall", key="rows-history"):
        for at, run in enumerate(shown):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.button(
                    plain(_in_one_line(run)),
                    key=f"{bench.scope}-again-{at}",
                    type="tertiary",
                    help="Put it back into the editor, with the values that it ran with",
                    on_click=bench.put_again,
                    args=(run,),
                )
                st.caption(_about(run), width="content")
            if run.declared:
                st.caption(plain(_values(run)))
            if run.error:
                st.caption(sentence(run.error))


def _in_one_line(run: QueryRun) -> str:
    line = " ".join((run.sql or "").split())
    return line if len(line) <= 90 else f"{line[:89]}…"


def _values(run: QueryRun) -> str:
    """`late: 300 · carrier: AA, UA`."""
    parameters, values = runs.asked_with(run)
    return " · ".join(f"{name}: {said if len(said) <= 60 else f'{said[:59]}…'}" for name, said in typed.describe(parameters, values))


def _about(run: QueryRun) -> str:
    parts = [when.since(run.at), ENDED[run.status]]
    if run.row_count is not None:
        parts.append(f"{run.row_count:,} row{'' if run.row_count == 1 else 's'}")
    parts.append(f"{run.elapsed_ms:,.0f} ms")
    return " · ".join(part for part in parts if part)
