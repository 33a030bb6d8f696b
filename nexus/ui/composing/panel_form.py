"""The form of one panel: every field of its spec that a person would set, by kind."""

from typing import Any

import streamlit as st
from pydantic import ValidationError

from nexus.accounts.spec import User
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import TablePanel
from nexus.db import versions
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.prompts import records
from nexus.prompts import service as prompts
from nexus.sources.spec import Table
from nexus.ui.chart_form import draw_chart_form
from nexus.ui.composing.adding import LOOKS, figures_of
from nexus.ui.composing.draft import Composing, Given, free_name, on_tab
from nexus.ui.composing.fields import Fields, change, put
from nexus.ui.composing.links import draw_links
from nexus.ui.composing.marks import draw_thresholds
from nexus.ui.forms import sentence
from nexus.views import charts
from nexus.views import service as views
from nexus.views.appearance import Chart

KINDS = {
    "chart": "Chart",
    "table": "Table",
    "metric": "Figure",
    "text": "Text",
    "prompt": "Prompt",
    "section": "Section",
    "divider": "Divider",
}
DATA = ("chart", "table", "metric")
SHOWS = {"answer": ":material/notes: Answer", "table": ":material/table: Table", "chart": ":material/bar_chart: Chart"}
EARLIER = {"previous period": "the period before", "previous year": "the year before"}


def draw_panel_form(editing: Composing, panel: Given, opened: OpenDashboard, user: User, values: dict[str, Any]) -> None:
    """At the top what it is and how to be rid of it, then its content, then its place."""
    fields = Fields(editing, panel, f"{editing.scope}-panel-{panel['name']}")
    _draw_head(editing, panel)
    kind = panel["kind"]
    if kind in DATA:
        _draw_view(fields, user, opened)
    if kind != "divider":
        fields.text("title", "Title", max_chars=200)
    table = _rows(panel, opened, user, values) if kind in DATA and panel.get("view") else None
    match kind:
        case "text":
            fields.text(
                "text", "Text", lines=8, max_chars=50_000, help="Markdown: **bold**, *italic*, # headings, - lists, [links](https://…)."
            )
        case "prompt":
            _draw_prompt(fields, user)
        case "table" if table:
            fields.several("columns", "Columns", [column.name for column in table.columns if column.name], empty="All of them")
        case "chart" if table:
            _draw_chart(fields, opened, table)
        case "metric" if table:
            _draw_metric(fields, table)
    if kind not in ("divider",):
        fields.text("note", "Line below the title" if kind == "section" else "Note", max_chars=1000)
    _draw_place(fields, kind)
    if kind in DATA:
        draw_links(fields, opened, user, table)


def _draw_head(editing: Composing, panel: Given) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="panel-form-head"):
        st.markdown(f"**{KINDS.get(panel['kind'], panel['kind'])}**", width="stretch")
        for label, icon, act in (
            ("Move earlier", "arrow_back", lambda: move(editing, panel, -1)),
            ("Move later", "arrow_forward", lambda: move(editing, panel, 1)),
            ("Duplicate the panel", "content_copy", lambda: duplicate(editing, panel)),
            ("Remove the panel", "delete", lambda: remove(editing, panel["name"])),
            ("Close the form", "close", lambda: editing.choose(None)),
        ):
            key = f"icon-{label.split()[0].lower()}-{label.split()[-1].lower()}"
            st.button(label, icon=f":material/{icon}:", key=key, type="tertiary", help=label, on_click=change, args=(editing, act))


def move(editing: Composing, panel: Given, by: int) -> None:
    """Before or after its neighbour on the page."""
    names = {tab["name"] for tab in editing.content.get("tabs") or ()}
    tab = panel.get("tab") if panel.get("tab") in names else None
    beside = [one for one in on_tab(editing.content, tab) if (one.get("tab") if one.get("tab") in names else None) == tab]
    at = next(number for number, one in enumerate(beside) if one is panel) + by
    if 0 <= at < len(beside):
        panels, other = editing.panels, beside[at]
        mine, theirs = (next(number for number, one in enumerate(panels) if one is each) for each in (panel, other))
        panels[mine], panels[theirs] = panels[theirs], panels[mine]


def duplicate(editing: Composing, panel: Given) -> None:
    name = free_name(panel["name"], (one["name"] for one in editing.panels))
    at = next(number for number, one in enumerate(editing.panels) if one is panel)
    editing.panels.insert(at + 1, {**panel, "name": name})
    editing.choose(name)


def remove(editing: Composing, name: str) -> None:
    editing.panels[:] = [panel for panel in editing.panels if panel["name"] != name]
    editing.choose(None)


def _draw_view(fields: Fields, user: User, opened: OpenDashboard) -> None:
    with transaction() as session:
        titles = {one.name: one.title for one in views.list_views(session, reader=user)}
    held = fields.target.get("view")
    if held in opened.hidden:
        titles[held] = "A view that you may not see"
    at = f"{fields.scope}-looks"
    st.session_state[at] = fields.target["kind"]
    st.segmented_control(
        "Shown as", list(LOOKS), format_func=LOOKS.__getitem__, key=at, on_change=_change_kind, args=(fields, at), width="stretch"
    )
    fields.choice("view", "View", titles, empty="Type to search the views")


def _change_kind(fields: Fields, at: str) -> None:
    kind = st.session_state.get(at)
    if kind in LOOKS and kind != fields.target["kind"]:
        common = set(TablePanel.model_fields) - {"columns", "kind"}
        kept = {key: value for key, value in fields.target.items() if key in common}
        fields.target.clear()
        fields.target.update(kept | {"kind": kind})
        fields.editing.keep()
    fields.editing.redraw()


def _rows(panel: Given, opened: OpenDashboard, user: User, values: dict[str, Any]) -> Table | None:
    """What the view gives, for the columns to choose from; the sentence where it gives nothing."""
    try:
        return dashboards.ask_panel(opened, TablePanel(name="look", view=panel["view"]), reader=user, values=values)
    except ValidationError:
        return None
    except NexusError as error:
        st.caption(f":material/error: {sentence(error.message)}")
        return None


def _draw_prompt(fields: Fields, user: User) -> None:
    """Which prompt, and of one that answers in fields how they are shown."""
    with transaction() as session:
        titles = {one.name: one.title for one in prompts.list_prompts(session, reader=user)}
    fields.choice("prompt", "Prompt", titles, empty="Type to search the prompts")
    table, shows = _fields_of(fields.target, user), fields.target.get("shows", "answer")
    if table is None and shows == "answer":
        return
    at = f"{fields.scope}-shows"
    st.session_state[at] = shows
    st.segmented_control(
        "Shown as", list(SHOWS), format_func=SHOWS.__getitem__, key=at, on_change=_change_shows, args=(fields, at, table), width="stretch"
    )
    if table is None:
        st.caption("This prompt answers in words, so there are no fields to show. Show its answer, or choose another prompt.")
    elif shows == "chart":
        _draw_chart_form(fields, table)


def _fields_of(panel: Given, user: User) -> Table | None:
    """The fields of the prompt's answers as a table; none where it answers in words, or is not for this reader, which the panel says."""
    try:
        with transaction() as session:
            found = prompts.open_prompt(session, reader=user, name=str(panel.get("prompt") or ""))
    except NexusError:
        return None
    return records.outline(found.opened.prompt, found.answers)


def _change_shows(fields: Fields, at: str, table: Table | None) -> None:
    shows = st.session_state.get(at)
    if shows in SHOWS:
        proposed = _first_chart(table) if shows == "chart" and table else None
        put(fields.target, "shows", None if shows == "answer" else shows)
        put(fields.target, "chart", versions.plain(proposed) if proposed else None)
        fields.editing.keep()
    st.rerun()


def _first_chart(table: Table) -> Chart | None:
    """What fits the rows; before the first answer, when there are none, a bar for each value of the first field that is no figure."""
    figures = figures_of(table)
    names = [column.name for column in table.columns if column.name not in figures]
    return charts.propose(table) or (Chart(kind="bar", x=names[0], y=tuple(figures[:1])) if names and figures else None)


def _draw_chart(fields: Fields, opened: OpenDashboard, table: Table) -> None:
    """The view's own chart, or one of this panel."""
    panel, found = fields.target, opened.views.get(fields.target["view"])
    own = found.view.chart if found else None
    at = f"{fields.scope}-own-chart"
    if own is not None:
        st.session_state[at] = panel.get("chart") is None
        st.checkbox("The chart of the view", key=at, on_change=_own_chart, args=(fields, at, own))
    if own is None or panel.get("chart") is not None:
        _draw_chart_form(fields, table)
    fields.choice("compare_with", "Drawn pale behind it", EARLIER, empty="nothing")
    fields.number("target", "Target line", placeholder="none")
    if panel.get("target") is not None:
        fields.text("target_label", "Called", max_chars=60, placeholder="Target")


def _own_chart(fields: Fields, at: str, own: Chart) -> None:
    if st.session_state.get(at):
        fields.target.pop("chart", None)
    else:
        fields.target["chart"] = versions.plain(own)
    fields.editing.keep()
    fields.editing.redraw()


def _draw_chart_form(fields: Fields, table: Table) -> None:
    held = fields.target.get("chart")
    try:
        chart = Chart.model_validate(held) if held else None
    except ValidationError:
        chart = None
    made = draw_chart_form(f"{fields.scope}-chart", chart, table, preview=False)
    try:
        after = versions.plain(Chart.model_validate(made)) if made else None
    except ValidationError:
        st.caption("This chart needs another column before it can be drawn.")
        return
    if after != held and (after or held):
        fields.target.pop("chart", None)
        if after:
            fields.target["chart"] = after
        elif fields.target["kind"] == "prompt":
            fields.target["shows"] = "table"
        fields.editing.keep()
        fields.editing.redraw()


def _draw_metric(fields: Fields, table: Table) -> None:
    figures = {name: name for name in figures_of(table)}
    fields.choice("measure", "Figure", figures)
    if not fields.target.get("compare_with"):
        fields.choice("comparison", "Compared with the column", figures, empty="nothing")
    if not fields.target.get("comparison"):
        fields.choice("compare_with", "Compared with itself in", EARLIER, empty="nothing")
    if fields.target.get("comparison"):
        fields.text("comparison_label", "What that is called", max_chars=60, placeholder="before")
    fields.choice("up_is_good", "Colour of the change", {True: "up is good", False: "down is good"}, empty="grey")
    fields.choice("sparkline", "Its course", figures, empty="not drawn")
    fields.number("target", "Target", placeholder="none")
    if fields.target.get("target") is not None:
        fields.text("target_label", "What that is called", max_chars=60, placeholder="target")
    draw_thresholds(fields)


def _draw_place(fields: Fields, kind: str) -> None:
    with st.container(horizontal=True, gap="small", key="panel-place"):
        full = kind in ("section", "divider")
        fields.number("width", "Columns of 12", default=12 if full else 6, least=1, most=12, step=1)
        fields.number("height", "Rows", default=1 if full else 4, least=1, most=24, step=1)
    tabs = {tab["name"]: tab.get("title") or tab["name"] for tab in fields.editing.content.get("tabs") or ()}
    if tabs:
        fields.choice("tab", "Tab", tabs, empty="on every tab")
