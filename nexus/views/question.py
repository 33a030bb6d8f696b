"""What a view asks: a statement in SQL, or a question built by clicking over one table and those joined to it."""

from datetime import date
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, model_validator

from nexus.sources.spec import Identifier
from nexus.views.parameter import PERIOD, ParameterName

MOST_NESTED = 5
"""How deep groups of filters may lie in each other."""


class SqlQuestion(BaseModel, frozen=True, extra="forbid"):
    """Written in SQL, with `:name` parameters. A part between `[[` and `]]` drops out when a parameter in it is empty."""

    kind: Literal["sql"] = "sql"
    sql: str = Field(min_length=1, max_length=100_000)


Operator = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "starts with", "in", "is empty", "is not empty", "between", "within"]
Aggregate = Literal["count", "count distinct", "sum", "average", "median", "percentile", "min", "max", "share", "share where"]
Grain = Literal[
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "hour of day",
    "day of week",
    "day of month",
    "month of year",
    "quarter of year",
]
"""`day` and its like cut a moment; `hour of day` and its like number what repeats: days of the week from 1, Monday, to 7."""


class ColumnRef(BaseModel, frozen=True, extra="forbid"):
    """A column of the question's table, of a joined one (`of` names it), or a computed column."""

    column: Identifier
    of: Identifier | None = Field(None, description="Name of the join that the column comes from.")


class Filter(ColumnRef, frozen=True):
    """`value` is fixed, or `parameter` names one; with an empty parameter the filter drops out.

    `in` takes a list, `between` a list of two or a date range, `within` a relative date, the rest one value.
    """

    operator: Operator = "="
    value: Any = None
    parameter: ParameterName | None = None
    off: bool = Field(False, description="Kept, but not applied.")

    @model_validator(mode="after")
    def _has_what_it_compares_with(self) -> Self:
        if self.operator in ("is empty", "is not empty"):
            if self.value is not None or self.parameter is not None:
                raise ValueError(f"`{self.operator}` compares with nothing; leave out value and parameter")
        elif (self.value is None) == (self.parameter is None):
            raise ValueError("give either a value or a parameter")
        elif self.parameter is None:
            _check_fixed(self.operator, self.value)
        return self


def _check_fixed(operator: Operator, value: Any) -> None:
    if operator == "within":
        if not isinstance(value, str) or not PERIOD.fullmatch(value):
            raise ValueError("`within` takes a relative date, as `last 30 days`, `previous month` or `year to date`")
        return
    several = operator in ("in", "between")
    items = value if several and isinstance(value, list | tuple) else [value]
    if several and (not isinstance(value, list | tuple) or not items or (operator == "between" and len(items) != 2)):
        raise ValueError("`in` takes a list of values, `between` a list of two")
    for item in items:
        if not isinstance(item, str | int | float | bool | date):
            raise ValueError(f"`{operator}` compares with text, numbers, dates, true or false")
        if isinstance(item, int | float) and not -(2**63) <= item < 2**63:
            raise ValueError("a number to compare with is too large, or is not a number")


class FilterGroup(BaseModel, frozen=True, extra="forbid"):
    """Filters of which all, any or none must hold; groups may lie in each other."""

    match: Literal["all", "any", "none"]
    filters: tuple["Condition", ...] = ()
    off: bool = False


Condition = Filter | FilterGroup


def depth(conditions: tuple[Condition, ...]) -> int:
    """How deep groups lie in each other; 0 without a group."""
    return max((1 + depth(one.filters) for one in conditions if isinstance(one, FilterGroup)), default=0)


def every_filter(conditions: tuple[Condition, ...]) -> list[Filter]:
    """The filters in all groups, those switched off too."""
    found: list[Filter] = []
    for one in conditions:
        found += every_filter(one.filters) if isinstance(one, FilterGroup) else [one]
    return found


class JoinOn(BaseModel, frozen=True, extra="forbid"):
    """One pair of equal columns: `column` (of the question's table, or of an earlier join) and `equals`, of the joined table."""

    column: Identifier
    of: Identifier | None = None
    equals: Identifier


class Join(BaseModel, frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True):
    """`left` keeps every row of what stands before; `inner` only those with a match."""

    db_schema: Identifier = Field("public", alias="schema")
    table: Identifier
    name: Identifier | None = Field(None, description="What its columns are `of`; the table's name without it.")
    kind: Literal["left", "inner"] = "left"
    on: tuple[JoinOn, ...] = Field(min_length=1)
    off: bool = False

    @property
    def alias(self) -> str:
        return self.name or self.table


class ComputedColumn(BaseModel, frozen=True, extra="forbid"):
    """A column made of others, row by row, as `arr_delay / 60.0` or `weather.temp - 32`."""

    name: Identifier
    expression: str = Field(min_length=1, max_length=2_000)
    off: bool = False


class SelectedColumn(BaseModel, frozen=True, extra="forbid"):
    """A column of the result; with `aggregate`, over the group.

    `column` may be absent for `count`, `share` and `share where`, which then count rows. `share` is of the total of
    all groups, from 0 to 1; `share where` is the part of the group's rows that meet `where`. With `where`, any other
    aggregate takes only the rows that meet it.
    """

    column: Identifier | None = None
    of: Identifier | None = None
    aggregate: Aggregate | None = None
    percentile: float | None = Field(None, gt=0, lt=1, description="Which percentile, as 0.9.")
    where: tuple[Condition, ...] = ()
    grain: Grain | None = None
    bin: float | None = Field(None, gt=0, allow_inf_nan=False, description="Numbers are cut into steps of this width.")
    name: Identifier | None = Field(None, description="What the result calls it.")
    off: bool = False

    @model_validator(mode="after")
    def _has_something_to_show(self) -> Self:
        if self.column is None and self.aggregate not in ("count", "share", "share where"):
            raise ValueError("name a column, or count rows")
        if self.aggregate and (self.grain or self.bin):
            raise ValueError("a grain or bin belongs to a group, not to an aggregate")
        if self.grain and self.bin:
            raise ValueError("give either a grain or a bin")
        if (self.aggregate == "percentile") != (self.percentile is not None):
            raise ValueError("give a percentile, as 0.9, with the aggregate `percentile`, and only there")
        if self.where and not self.aggregate:
            raise ValueError("`where` narrows what an aggregate takes; use the question's filters for the rest")
        if self.aggregate == "share where" and (not self.where or self.column is not None):
            raise ValueError("`share where` counts rows: give `where`, and no column")
        return self

    @property
    def result_name(self) -> str:
        """What the result calls it: its name, or one made of what it shows."""
        if self.name:
            return self.name
        if self.aggregate is None:
            return str(self.column)
        figure = f"p{self.percentile * 100:g}" if self.percentile else self.aggregate
        made = f"{self.column}_{figure}" if self.column else figure
        return made.replace(" ", "_").encode()[:63].decode(errors="ignore")


class Top(BaseModel, frozen=True, extra="forbid"):
    """Keep the few values of one group that stand highest (or lowest) by a figure, taken over all other groups together.

    `column` and `by` are names of the result: a column without and one with an aggregate.
    """

    count: int = Field(5, ge=1, le=1000)
    column: Identifier
    by: Identifier
    lowest: bool = False
    off: bool = False


class OrderBy(BaseModel, frozen=True, extra="forbid"):
    column: Identifier = Field(description="Name of a column of the result.")
    descending: bool = False


class TableQuestion(BaseModel, frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True):
    """Built by clicking: tables, columns, filters, groups and order. Columns without an aggregate are the groups.

    `filters` hold for rows, before they are grouped; `result_filters` for rows of the result, by its names.
    """

    kind: Literal["table"] = "table"
    db_schema: Identifier = Field("public", alias="schema")
    table: Identifier
    joins: tuple[Join, ...] = Field((), max_length=20)
    computed: tuple[ComputedColumn, ...] = Field((), max_length=100)
    columns: tuple[SelectedColumn, ...] = Field((), max_length=1_600, description="Empty means all columns of the tables.")
    filters: tuple[Condition, ...] = Field((), max_length=100)
    top: Top | None = None
    result_filters: tuple[Condition, ...] = Field((), max_length=100)
    order: tuple[OrderBy, ...] = Field((), max_length=20)
    limit: int | None = Field(None, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _columns_are_told_apart(self) -> Self:
        shown = [column.result_name for column in self.columns if not column.off]
        if len(shown) != len(set(shown)):
            raise ValueError("two columns of the result have the same name; give one of them another `name`")
        for order in self.order:
            if shown and order.column not in shown:
                raise ValueError(f"`{order.column}` is ordered by, but is not a column of the result")
        return self

    @model_validator(mode="after")
    def _joins_are_told_apart(self) -> Self:
        names = [self.table, *(join.alias for join in self.joins)]
        if len(names) != len(set(names)):
            raise ValueError("a table is joined twice under one name; give one of the joins another `name`")
        made = [column.name for column in self.computed]
        if len(made) != len(set(made)):
            raise ValueError("two computed columns have the same name")
        before: set[str | None] = {None, self.table}
        for join in self.joins:
            for pair in join.on:
                if pair.of not in before:
                    raise ValueError(f"the join of `{join.alias}` names `{pair.of}`, which does not stand before it")
            before.add(join.alias)
        return self

    @model_validator(mode="after")
    def _groups_are_not_too_deep(self) -> Self:
        for conditions in (self.filters, self.result_filters, *(column.where for column in self.columns)):
            if depth(conditions) > MOST_NESTED:
                raise ValueError(f"groups of filters lie deeper than {MOST_NESTED} in each other")
        return self

    @model_validator(mode="after")
    def _top_is_of_the_result(self) -> Self:
        if self.top and not self.top.off:
            shown = {column.result_name: column for column in self.columns if not column.off}
            group, figure = shown.get(self.top.column), shown.get(self.top.by)
            if group is None or group.aggregate or figure is None or not figure.aggregate:
                raise ValueError("`top` keeps values of a group of the result, by a column of it with an aggregate")
        return self
