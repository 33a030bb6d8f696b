"""The steps of a question built by clicking, each with its own preview."""

from typing import Any, Literal, get_args

from nexus.views.question import TableQuestion

Step = Literal["table", "joins", "computed", "filters", "columns", "result", "order", "limit"]
"""`columns` holds the groups too; `result` the top values and the filters by names of the result."""

_FIELDS: dict[Step, dict[str, Any]] = {
    "table": {},
    "joins": {"joins": ()},
    "computed": {"computed": ()},
    "filters": {"filters": ()},
    "columns": {"columns": ()},
    "result": {"top": None, "result_filters": ()},
    "order": {"order": ()},
    "limit": {"limit": None},
}


def up_to(question: TableQuestion, step: Step, *, count: int | None = None) -> TableQuestion:
    """The question cut after `step`; with `count`, after so many of its joins, computed columns, filters or orders."""
    steps = get_args(Step)
    cut: dict[str, Any] = {}
    for later in steps[steps.index(step) + 1 :]:
        cut |= _FIELDS[later]
    if count is not None and step in ("joins", "computed", "filters", "order"):
        cut[step] = getattr(question, step)[:count]
    return question.model_copy(update=cut)
