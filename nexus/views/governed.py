"""A view's rows for a prompt, and what may leave of each column: the rules of its source, followed to the result, and its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nexus.accounts.spec import Permission, User, require
from nexus.sources import ruling
from nexus.sources.rules import Rule, Ruled, strictest
from nexus.sources.spec import Table
from nexus.views import service as views
from nexus.views.question import Aggregate, SelectedColumn, TableQuestion
from nexus.views.service import OpenView
from nexus.views.spec import View

FEWEST = 5
"""Values; a figure of fewer would give single ones away."""
COUNTS: frozenset[Aggregate] = frozenset({"count", "count distinct"})
FIGURES: frozenset[Aggregate] = COUNTS | {"sum", "average", "median", "percentile", "share", "share where"}
"""Of many values they tell none. `min` and `max` are values themselves."""
ALLOWED: dict[Rule, frozenset[Aggregate]] = {"mask": COUNTS, "aggregate only": FIGURES}
COUNTED = "nexus count {}"


@dataclass(frozen=True)
class Answer:
    """`rules` are of the table's columns, in order. `emptied` cells held a figure of fewer than `FEWEST` values of a column that only goes in figures."""

    table: Table
    rules: tuple[Ruled, ...]
    emptied: int = 0


def ask(opened: OpenView, *, reader: User, values: Mapping[str, Any], max_rows: int) -> Answer:
    """The rows with the reader's own rights. Raises what `views.ask` and `ruling.rules_of` raise."""
    require(reader, Permission.SEE)
    counts = _counts(opened) if any(rule.rule == "aggregate only" for rule in opened.source.rules) else {}
    asked = opened.model_copy(update={"view": _with(opened.view, list(counts.values()))}) if counts else opened
    table = views.ask(asked, reader=reader, values=values, max_rows=max_rows, purpose="prompt")
    of_source = ruling.rules_of(opened.source, reader=reader, table=table)
    table, of_source, emptied = _counted(table, of_source, {name: one.result_name for name, one in counts.items()})
    return Answer(table, _whole(opened.view, table, of_source), emptied)


def rules_of(opened: OpenView, *, reader: User, table: Table) -> tuple[Ruled, ...]:
    """Of each column of `table`, which is an answer of the view, in order."""
    require(reader, Permission.SEE)
    return _whole(opened.view, table, ruling.rules_of(opened.source, reader=reader, table=table))


def _whole(view: View, table: Table, of_source: Sequence[Ruled]) -> tuple[Ruled, ...]:
    figures = _figures(view)
    return tuple(
        strictest(_as_figure(figures.get(column.name), ruled), _own(view, column.name))
        for column, ruled in zip(table.columns, of_source, strict=True)
    )


def _own(view: View, name: str) -> Ruled:
    rule = view.rules.get(name, "send")
    return Ruled(rule=rule, because="" if rule == "send" else "the view's rule")


def _figures(view: View) -> dict[str, SelectedColumn]:
    question = view.question
    chosen = question.columns if isinstance(question, TableQuestion) else ()
    return {one.result_name: one for one in chosen if one.aggregate and not one.off}


def _as_figure(figure: SelectedColumn | None, ruled: Ruled) -> Ruled:
    """What a rule for a column means for a figure over it."""
    allowed = figure is not None and figure.aggregate in ALLOWED.get(ruled.rule, frozenset())
    return Ruled() if allowed else ruled


def _counts(opened: OpenView) -> dict[str, SelectedColumn]:
    """By the name of each figure a column that says of how many values it is."""
    figures = [one for one in _figures(opened.view).values() if one.aggregate in FIGURES]
    return {one.result_name: _count(one, COUNTED.format(place)) for place, one in enumerate(figures)}


def _count(figure: SelectedColumn, name: str) -> SelectedColumn:
    # Of a share all rows of the group count, not those that met its condition.
    where = () if figure.aggregate == "share where" else figure.where
    return SelectedColumn(column=figure.column, of=figure.of, aggregate="count", where=where, name=name)


def _with(view: View, more: Sequence[SelectedColumn]) -> View:
    assert isinstance(view.question, TableQuestion)
    question = view.question.model_copy(update={"columns": (*view.question.columns, *more)})
    return view.model_copy(update={"question": question})


def _counted(table: Table, of_source: Sequence[Ruled], counts: Mapping[str, str]) -> tuple[Table, tuple[Ruled, ...], int]:
    """Without the counting columns, and without figures of very few values of a column that only goes in figures."""
    if not counts:
        return table, tuple(of_source), 0
    at = {column.name: place for place, column in enumerate(table.columns)}
    kept = [place for place, column in enumerate(table.columns) if column.name not in set(counts.values())]
    watched = {at[name]: at[count] for name, count in counts.items() if of_source[at[name]].rule == "aggregate only"}
    emptied = 0
    rows = []
    for row in table.rows:
        few = {place for place, count in watched.items() if (row[count] or 0) < FEWEST and row[place] is not None}
        emptied += len(few)
        rows.append(tuple(None if place in few else row[place] for place in kept))
    columns = tuple(table.columns[place] for place in kept)
    update = {"columns": columns, "rows": rows, "origins": tuple(table.origins[place] for place in kept)}
    return table.model_copy(update=update), tuple(of_source[place] for place in kept), emptied
