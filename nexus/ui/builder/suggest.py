"""Values that a column has, to choose a filter's value from."""

from decimal import Decimal
from typing import Any

from nexus.errors import NexusError
from nexus.ui.builder.asking import ask
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import question_of
from nexus.ui.builder.reach import Reached, alias, full_name
from nexus.views.suggest import suggest_values

MOST = 200


def values(b: Builder, column: Reached) -> list[Any]:
    """Values of `column`, in their order; none where they cannot be read in time."""
    origin = b.form if column.of is None else next((join for join in b.form.get("joins") or [] if alias(join) == column.of), None)
    table = b.tables.get(full_name(origin)) if origin else None
    if table is None or table.column(column.name) is None:
        return _of_computed(b, column)
    try:
        found = suggest_values(b.source, reader=b.user, schema=table.schema, table=table.name, column=column.name, limit=MOST)
    except NexusError:
        return []
    return [_shown(value) for value in found]


def _of_computed(b: Builder, column: Reached) -> list[Any]:
    """The most frequent values of a computed column."""
    question = question_of(b.form, upto="computed")
    question["columns"] = [{"column": column.name, "name": "value"}, {"aggregate": "count", "name": "rows"}]
    question["filters"] = [{"column": column.name, "operator": "is not empty"}]
    question["order"] = [{"column": "rows", "descending": True}]
    try:
        table = ask(b, question, max_rows=MOST)
    except NexusError:
        return []
    return [_shown(value) for value in table.values("value")]


def _shown(value: Any) -> Any:
    """As a filter keeps it: decimals as numbers, anything else as its text."""
    match value:
        case bool() | int() | float():
            return value
        case Decimal():
            return float(value)
        case _:
            return str(value)
