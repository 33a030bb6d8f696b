"""The SQL page: the catalog at the left, the editor over its result; parameters, plan and history as tabs."""

from pathlib import Path
from typing import Any

import streamlit as st
from pydantic import TypeAdapter, ValidationError

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources.spec import Source
from nexus.ui import filters, tables
from nexus.ui.chart_form import draw_chart_form
from nexus.ui.choices import options_of
from nexus.ui.editing import Content, Editing, draw_draft, view_of
from nexus.ui.format_form import draw_formats
from nexus.ui.forms import sentence
from nexus.ui.page import errors_shown
from nexus.ui.panels import provenance
from nexus.ui.parameter_form import draw_parameters
from nexus.ui.sql_editor.bench import CHART, FORMATS, HISTORY, PARAMETERS, PLAN, RESULT, TABS, Bench, bench_of
from nexus.ui.sql_editor.editor import draw_editor
from nexus.ui.sql_editor.history import draw_history
from nexus.ui.sql_editor.plan import draw_plan
from nexus.ui.sql_editor.tables import draw_catalog
from nexus.views import service as views
from nexus.views.appearance import Chart, Format
from nexus.views.spec import View

_FORMATS: TypeAdapter[dict[str, Format]] = TypeAdapter(dict[str, Format])
STYLE = Path(__file__).parents[1] / "static" / "sql.css"
LOOK_EVERY_S = 0.5
HEIGHT = 420


def blank(source: str) -> Content:
    """A view of which nothing is written yet."""
    return {"title": "", "source": source, "question": {"kind": "sql", "sql": ""}, "parameters": []}


def made_view(editing: Editing) -> View:
    """The view that is meant. Raises BadInput where it has no title, or is not finished."""
    return view_of(editing.content)


def draw_sql_editor(user: User, editing: Editing, source: Source) -> None:
    """Everything under the head of the page, as one fragment: typing never draws the rest of the page again."""
    require(user, Permission.BUILD)
    st.html(STYLE)
    st.fragment(_draw, key="sql-editor")(bench_of(user, editing, source))


def _draw(bench: Bench) -> None:
    with errors_shown(where="SQL page", user=bench.user):
        bench.collect()
        bench.declare()
        beside, main = st.columns([3, 9], gap="medium")
        with beside, st.container(gap="xsmall", key="sql-catalog"):
            draw_catalog(bench)
        with main, st.container(gap="small", key="sql-main"):
            draw_editor(bench)
            with st.container(horizontal=True, vertical_alignment="center", gap="small", key="sql-note"):
                st.caption("`:name` is a parameter; `[[ … ]]` drops out when one in it is empty.", width="stretch")
                draw_draft(bench.editing)
            _draw_values(bench)
            _draw_tabs(bench)


def _draw_values(bench: Bench) -> None:
    """Values to try with, in the address: a reload keeps them."""
    parameters = bench.in_use()
    if not parameters:
        return
    # A parameter whose type was changed gets another widget.
    kinds = "-".join(f"{one.name}.{one.type}" for one in parameters)
    filters.draw_filters(
        parameters,
        scope=f"{bench.scope}-{kinds}",
        options=lambda parameter: options_of(bench.user, parameter),
        changed=lambda _values, _also: None,
        folds=False,
    )


def _draw_tabs(bench: Bench) -> None:
    chosen = st.segmented_control(
        "Below the editor",
        TABS,
        default=RESULT,
        key=bench.tab_key,
        label_visibility="collapsed",
        required=True,
    )
    if bench.running is not None:
        st.fragment(_follow, run_every=LOOK_EVERY_S)(bench)
    elif bench.error is not None and chosen in (RESULT, PLAN):
        st.error(sentence(bench.error.message), icon=":material/error:")
    draw = {PARAMETERS: _draw_parameters, CHART: _draw_chart, FORMATS: _draw_formats, PLAN: draw_plan, HISTORY: draw_history}
    draw.get(chosen or RESULT, _draw_result)(bench)


def _follow(bench: Bench) -> None:
    """While it runs: how long already, and Cancel."""
    running = bench.running
    if running is None or running.over():
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f"Still running, {running.waited_s:.0f} s", width="content")
        st.button("Cancel", key=f"{bench.scope}-cancel", icon=":material/stop_circle:", on_click=running.stop)


def _draw_result(bench: Bench) -> None:
    table = bench.table
    if table is None or bench.running is not None:
        if bench.running is None and bench.error is None:
            st.caption("Run the query, or a selected part of it, to see its rows here.")
        return
    if not table.rows:
        st.info("No rows. The query ran, and nothing fits its conditions.")
    else:
        formats = _formats(bench)
        tables.draw_table(st, table, formats=formats, height=min(HEIGHT, tables.height_of(table)), label="Result of the query")
    st.html(f'<div class="nexus-foot">{provenance(table)}</div>')


def _formats(bench: Bench) -> dict[str, Format]:
    held = bench.editing.content.get("formats")
    try:
        return _FORMATS.validate_python(held or {})
    except ValidationError:
        return {}


def _draw_formats(bench: Bench) -> None:
    table = bench.table
    if table is None:
        st.caption("Run the query first. Its columns then stand here, to be given names, units and colours.")
        return
    _keep(bench, "formats", draw_formats(f"{bench.scope}-formats", _formats(bench), table.columns, table=table))


def _draw_chart(bench: Bench) -> None:
    table = bench.table
    if table is None:
        st.caption("Run the query first. Charts that fit its columns are then offered here.")
        return
    held = bench.editing.content.get("chart")
    try:
        chart = Chart.model_validate(held) if held else None
    except ValidationError:
        chart = None
    _keep(bench, "chart", draw_chart_form(f"{bench.scope}-chart", chart, table, formats=_formats(bench)))


def _keep(bench: Bench, name: str, made: Any) -> None:
    if made != (bench.editing.content.get(name) or (None if made is None else type(made)())):
        bench.editing.content[name] = made
        bench.editing.keep()


def _draw_parameters(bench: Bench) -> None:
    with transaction() as session:
        known = [listed.name for listed in views.list_views(session, reader=bench.user)]
    content = bench.editing.content
    before = list(content.get("parameters") or ())
    after = draw_parameters(bench.scope, before, found=bench.found(), views=known)
    if after != before:
        content["parameters"] = after
        bench.editing.keep()
        st.rerun(scope="app")
    if not before:
        st.caption(
            "Write `:name` where a value belongs, as `where dep_delay > :late`. It stands here then, to be given a type and a default."
        )
    try:
        bench.parameters()
    except NexusError as error:
        st.warning(sentence(error.message), icon=":material/info:")
