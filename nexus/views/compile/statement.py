"""A question built by clicking, as one SELECT."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, Select, column, literal_column, select
from sqlalchemy.sql.expression import ColumnClause

from nexus.sources.catalog import TableLookup
from nexus.views.compile.conditions import Bool, Conditions
from nexus.views.compile.figures import shown
from nexus.views.compile.tables import Tables
from nexus.views.question import Filter, SelectedColumn, TableQuestion, Top

FIRST: ColumnClause[Any] = literal_column("1")


def statement(
    question: TableQuestion, conditions: Conditions, lookup: TableLookup | None = None, *, percent: float | None = None
) -> Select[Any]:
    """`percent` of the rows of a table that is not joined. Raises BadInput for a part that cannot be asked, naming it."""
    return _Statement(question, conditions, Tables(question, lookup, percent)).whole()


class _Statement:
    def __init__(self, question: TableQuestion, conditions: Conditions, tables: Tables) -> None:
        self.question = question
        self.conditions = conditions
        self.tables = tables
        self.selected = [selected for selected in question.columns if not selected.off]
        self.grouped = any(selected.aggregate for selected in self.selected)
        self.filters = conditions.outer(question.filters, self._of_row)

    def whole(self) -> Select[Any]:
        if not self.grouped:
            rows = self._rows().where(*self.conditions.outer(self.question.result_filters, lambda where: self._named(where.column)))
            return self._cut(rows, self._ordered_by)
        kept = self.conditions.outer(self.question.result_filters, lambda where: column(where.column))
        if self.question.top and not self.question.top.off:
            kept.append(self._top(self.question.top))
        if not kept:
            return self._cut(self._groups(), column)
        # Shares are of all groups, so what of them is shown is chosen after.
        result = self._groups().cte("result")
        return self._cut(select(literal_column("*")).select_from(result).where(*kept), column)

    def _rows(self) -> Select[Any]:
        columns = [self._called(selected) for selected in self.selected] or self.tables.everything()
        return select(*columns).select_from(self.tables.origin).where(*self.filters)

    def _groups(self) -> Select[Any]:
        # By position: the same expression with a bound value in it would be another one to Postgres.
        groups = [str(place) for place, selected in enumerate(self.selected, start=1) if not selected.aggregate]
        return self._rows().group_by(*map(literal_column, groups))

    def _top(self, top: Top) -> Bool:
        """The values that stand highest by the figure over all other groups together; of equals the lesser value."""
        by_name = {selected.result_name: selected for selected in self.selected}
        group, figure = self._shown(by_name[top.column]), self._shown(by_name[top.by])
        best = (
            select(self._called(by_name[top.column]))
            .select_from(self.tables.origin)
            .where(*self.filters, group.is_not(None))
            .group_by(FIRST)
            .order_by(figure if top.lowest else figure.desc().nulls_last(), FIRST)
            .limit(top.count)
        )
        kept: ColumnClause[Any] = column(top.column)
        return kept.in_(best)

    def _cut(self, rows: Select[Any], resolve: Callable[[str], ColumnElement[Any]]) -> Select[Any]:
        for order in self.question.order:
            key = resolve(order.column)
            rows = rows.order_by(key.desc().nulls_last() if order.descending else key)
        return rows if self.question.limit is None else rows.limit(self.question.limit)

    def _ordered_by(self, name: str) -> ColumnElement[Any]:
        # A name that is also a column of the table means the result's one in ORDER BY.
        return column(name) if self.selected else self.tables.named(name)

    def _named(self, name: str) -> ColumnElement[Any]:
        """What the result calls so, as an expression of the row."""
        for selected in self.selected:
            if selected.result_name == name:
                return self._shown(selected)
        return self.tables.named(name)

    def _of_row(self, where: Filter) -> ColumnElement[Any]:
        return self.tables.column(where.column, where.of)

    def _called(self, selected: SelectedColumn) -> ColumnElement[Any]:
        """With its name, where it has not got it by itself."""
        column_of_table = selected.column and not (selected.aggregate or selected.grain or selected.bin)
        if column_of_table and selected.result_name == selected.column and self.tables.is_stored(selected.column, selected.of):
            return self._shown(selected)
        return self._shown(selected).label(selected.result_name)

    def _shown(self, selected: SelectedColumn) -> ColumnElement[Any]:
        return shown(selected, self.tables, self.conditions)
