"""The builder's questions to the source: those of its preview, and what it must know to offer something."""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError

from nexus.db import versions
from nexus.errors import BadInput, NexusError
from nexus.sources.spec import ColumnKind, Table
from nexus.ui import waiting
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import Item, bare, computed_is_done, question_of
from nexus.views import service as views
from nexus.views.service import OpenView
from nexus.views.spec import View

CHART_ROWS = 5_000
"""Rows that a chart in the preview is drawn of."""
NOT_SAVED = "1970-01-01T00:00:00Z"


def view_of(b: Builder, question: Item, *, chart: bool = False) -> View:
    """A view that asks `question`, with the parameters, formats and (with `chart`) the chart of the form. Raises BadInput."""
    content = b.editing.content
    made: Item = {"name": "preview", "title": "Preview", "source": b.source.name, "question": bare(question)}
    made |= {name: content[name] for name in ("parameters", "formats") if content.get(name)}
    made["parameters"] = [{**parameter, "required": False} for parameter in made.get("parameters", [])]
    if chart:
        made["chart"] = content.get("chart")
    try:
        return View.model_validate(made)
    except ValidationError as error:
        raise BadInput(f"This cannot be asked yet: {versions.first_problem(error)}.") from None


def opened(b: Builder, view: View) -> OpenView:
    """`view` as if it were saved."""
    stored: dict[str, Any] = {"version": 0, "owner": None, "saved_at": NOT_SAVED, "saved_by": None}
    return OpenView.model_validate({"view": view, "source": b.source, **stored})


def ask(b: Builder, question: Item, *, max_rows: int) -> Table:
    return ask_view(b, opened(b, view_of(b, question)), max_rows)


def ask_view(b: Builder, view: OpenView, max_rows: int, *, cancelled: Callable[[], bool] = waiting.left) -> Table:
    """The first rows, with every parameter at its default. Whatever the reader does next ends the wait, and the query with it."""
    return views.ask(view, reader=b.user, values={}, max_rows=max_rows, purpose="preview", cancelled=cancelled)


def kinds_of_computed(b: Builder) -> dict[str, ColumnKind]:
    """By name of each computed column; empty where the database does not take one of them."""
    question = question_of(b.form, upto="computed")
    names = [item["name"] for item in question.get("computed", []) if not item.get("off")]
    if not names:
        return {}
    question["columns"] = [{"column": name} for name in names]
    try:
        return {column.name: column.kind for column in ask(b, question, max_rows=1).columns}
    except NexusError:
        return {}


def problem_with(b: Builder, item: Item) -> str:
    """Why a computed column cannot be read, in one sentence; empty where it can, or is not finished."""
    if not computed_is_done(item):
        return ""
    question = question_of(b.form, upto="computed")
    question["columns"] = [{"column": item["name"]}]
    try:
        ask(b, question, max_rows=1)
    except NexusError as error:
        return error.message
    return ""
