"""Values that a column has, to choose a filter's value from."""

from typing import Any

from nexus.errors import NexusError
from nexus.ui.builder.asking import ask
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import question_of
from nexus.ui.builder.reach import Reached

MOST = 200


def values(b: Builder, column: Reached) -> list[Any]:
    """The most frequent values of `column`; none where they cannot be read in time."""
    of = {"of": column.of} if column.of else {}
    question = question_of(b.form, upto="computed")
    question["columns"] = [{"column": column.name, **of, "name": "value"}, {"aggregate": "count", "name": "rows"}]
    question["filters"] = [{"column": column.name, **of, "operator": "is not empty"}]
    question["order"] = [{"column": "rows", "descending": True}]
    try:
        table = ask(b, question, max_rows=MOST)
    except NexusError:
        return []
    return [value if isinstance(value, int | bool) else str(value) for value in table.values("value")]
