"""The builder: its steps as cards, the open one with its editor, the others in words; beside them the preview."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from nexus.accounts.spec import User
from nexus.errors import BadInput, NexusError
from nexus.sources.spec import Source
from nexus.ui.builder import asking, reach, words
from nexus.ui.builder.columns import draw_columns
from nexus.ui.builder.computed import draw_computed
from nexus.ui.builder.filters import draw_conditions
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import STEPS, items, mark, question_of, unfinished
from nexus.ui.builder.looks import draw_chart, draw_format
from nexus.ui.builder.order import draw_limit, draw_order
from nexus.ui.builder.parameters import draw_parameters_card
from nexus.ui.builder.preview import draw_preview
from nexus.ui.builder.tables import draw_joins, draw_table
from nexus.ui.builder.written import draw_sql
from nexus.ui.editing import Content, Editing, draw_draft, view_of
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown
from nexus.views.spec import View

STYLE = Path(__file__).parents[1] / "static" / "builder.css"
TITLES = {
    "table": ("Table", "table"),
    "joins": ("Joins", "join_inner"),
    "computed": ("Computed columns", "function"),
    "filters": ("Filters", "filter_alt"),
    "parameters": ("Asked on the page", "live_help"),
    "columns": ("Columns", "view_column"),
    "result_filters": ("Conditions on the result", "rule"),
    "order": ("Order", "sort"),
    "limit": ("Limit", "vertical_align_top"),
    "formats": ("Formats", "format_paint"),
    "chart": ("Chart", "bar_chart"),
}


def blank(source: str) -> Content:
    """A view of which nothing is chosen yet."""
    return {"title": "", "source": source, "question": {"kind": "table"}}


def draw_builder(user: User, editing: Editing, source: Source) -> None:
    """The steps at the left, the preview at the right; both of one fragment, so that the head and the rest of the page stay."""
    st.html(STYLE)
    mark(editing.content["question"])
    editing.begin()
    known: reach.Tables | None
    try:
        known = reach.tables_of(source, reader=user)
    except NexusError as error:
        st.error(sentence(error.message))
        known = None
    if known == {}:
        st.info("This source holds no table that Nexus may read. An administrator can give its role more rights.")
    st.fragment(_draw, key="builder")(Builder(user=user, editing=editing, source=source, tables=known or {}))


def made_view(editing: Editing) -> View:
    """The view that the form means. Raises BadInput where something in it is not finished."""
    form = editing.content["question"]
    if not form.get("table"):
        raise BadInput("Choose a table first.")
    for one in unfinished(form):
        raise BadInput(f"{one} Finish it, or remove it.")
    content = {**editing.content, "question": question_of(form)}
    return view_of({**content, "title": content.get("title") or words.title(form)})


def _draw(b: Builder) -> None:
    with errors_shown(where="builder", user=b.user):
        steps, preview = st.columns([5, 7], gap="medium")
        with steps, st.container(gap="xsmall"):
            b.kinds = asking.kinds_of_computed(b)
            _draw_steps(b)
        with preview:
            draw_preview(b)
        _draw_foot(b)


def _draw_foot(b: Builder) -> None:
    """The draft, and what the steps mean in SQL."""
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="builder-foot"):
        shown = bool(b.form.get("table")) and st.toggle("See the SQL", key=f"{b.editing.scope}-see-sql")
        draw_draft(b.editing)
    if shown:
        draw_sql(b)
    if b.editing.unkept:
        st.error(sentence(b.editing.unkept), icon=":material/error:")


def _draw_steps(b: Builder) -> None:
    rows = reach.of_rows(b.form, b.tables, b.kinds)
    result = reach.of_result(b.form, rows)
    draw: dict[str, Callable[[], None]] = {
        "table": lambda: draw_table(b),
        "joins": lambda: draw_joins(b),
        "computed": lambda: draw_computed(b),
        "filters": lambda: draw_conditions(b, items(b.form, "filters"), rows, key="filters"),
        "columns": lambda: draw_columns(b, rows),
        "result_filters": lambda: draw_conditions(b, items(b.form, "result_filters"), result, key="result", result=True),
        "order": lambda: draw_order(b, result),
        "limit": lambda: draw_limit(b),
        "formats": lambda: draw_format(b),
        "chart": lambda: draw_chart(b),
    }
    for step in STEPS if b.form.get("table") else STEPS[:1]:
        _draw_card(b, step, draw[step])
        if step == "filters" and b.editing.content.get("parameters"):
            _draw_card(b, "parameters", lambda: draw_parameters_card(b))


def _draw_card(b: Builder, step: str, draw: Callable[[], None]) -> None:
    title, icon = TITLES[step]
    is_open = b.opened == step
    with st.container(border=True, gap="xsmall", key=f"{'open' if is_open else 'card'}-{step}"):
        said = "" if is_open else _summary(b, step)
        st.button(
            f"**{title}** {plain(said)}" if said else f"**{title}**",
            key=f"{b.editing.scope}-step-{step}",
            icon=f":material/{icon}:",
            type="tertiary",
            width="stretch",
            on_click=b.open,
            args=(None if is_open else step,),
        )
        if is_open:
            draw()


def _summary(b: Builder, step: str) -> str:
    form = b.form
    match step:
        case "table":
            return str(form.get("table") or "")
        case "joins":
            return words.joins(form.get("joins") or [])
        case "computed":
            return words.computed(form.get("computed") or [])
        case "filters" | "result_filters":
            return words.conditions(form.get(step) or [])
        case "columns":
            return words.columns(form) or "all"
        case "parameters":
            return ", ".join(str(one.get("label") or one.get("name")) for one in b.editing.content["parameters"])
        case "order":
            return words.order(form.get("order") or [])
        case "limit":
            return words.limit(form)
        case "formats":
            return ", ".join(list(b.editing.content.get("formats") or {})[: words.MOST])
        case _:
            return words.chart(b.editing.content)
