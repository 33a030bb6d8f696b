"""What a view is: a saved question to one source, with typed parameters, column formats and a chart."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from nexus.sources.spec import Name

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=63)]
ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class ParameterBase(BaseModel, frozen=True, extra="forbid"):
    name: ParameterName
    label: str = Field("", max_length=100, description="What the filter bar shows; the name, made readable, without it.")
    required: bool = False


class TextParameter(ParameterBase, frozen=True):
    type: Literal["text"] = "text"
    default: str | None = None


class NumberParameter(ParameterBase, frozen=True):
    type: Literal["number"] = "number"
    default: float | None = None
    minimum: float | None = None
    maximum: float | None = None


class BooleanParameter(ParameterBase, frozen=True):
    type: Literal["boolean"] = "boolean"
    default: bool | None = None


class DateParameter(ParameterBase, frozen=True):
    type: Literal["date"] = "date"
    default: date | None = None


class DateRangeParameter(ParameterBase, frozen=True):
    """In SQL: `:name_from` and `:name_to`, both inclusive."""

    type: Literal["date_range"] = "date_range"
    default: tuple[date, date] | None = None


class Choices(BaseModel, frozen=True, extra="forbid"):
    """Where a choice's values come from: a fixed list, or a column of a view (optionally with a column of labels)."""

    values: tuple[str, ...] = ()
    view: Name | None = None
    column: Identifier | None = None
    label_column: Identifier | None = None

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if bool(self.values) == bool(self.view):
            raise ValueError("give either values or a view")
        if self.view and not self.column:
            raise ValueError("say which column of the view holds the values")
        return self


class ChoiceParameter(ParameterBase, frozen=True):
    type: Literal["choice"] = "choice"
    choices: Choices
    default: str | None = None


class MultipleChoiceParameter(ParameterBase, frozen=True):
    """In SQL an array: `carrier = any(:carrier)`. Empty means null: `:carrier is null or …`."""

    type: Literal["multiple_choice"] = "multiple_choice"
    choices: Choices
    default: tuple[str, ...] = ()


Parameter = Annotated[
    TextParameter | NumberParameter | BooleanParameter | DateParameter | DateRangeParameter | ChoiceParameter | MultipleChoiceParameter,
    Field(discriminator="type"),
]


class SqlQuestion(BaseModel, frozen=True, extra="forbid"):
    """Written in SQL, with `:name` parameters."""

    kind: Literal["sql"] = "sql"
    sql: str = Field(min_length=1, max_length=100_000)


Operator = Literal["=", "!=", "<", "<=", ">", ">=", "contains", "starts with", "in", "is empty", "is not empty", "between"]
Aggregate = Literal["count", "count distinct", "sum", "average", "median", "min", "max"]
Grain = Literal["hour", "day", "week", "month", "quarter", "year"]


class Filter(BaseModel, frozen=True, extra="forbid"):
    """`value` is fixed, or `parameter` names one; with an empty parameter the filter drops out."""

    column: Identifier
    operator: Operator = "="
    value: Any = None
    parameter: ParameterName | None = None


class SelectedColumn(BaseModel, frozen=True, extra="forbid"):
    """A column of the result; with `aggregate`, over the group. `column` may be absent only for `count`."""

    column: Identifier | None = None
    aggregate: Aggregate | None = None
    grain: Grain | None = None
    name: Identifier | None = Field(None, description="What the result calls it.")

    @model_validator(mode="after")
    def _has_something_to_show(self) -> Self:
        if self.column is None and self.aggregate != "count":
            raise ValueError("name a column, or count rows")
        if self.grain and self.aggregate:
            raise ValueError("a date grain belongs to a group, not to an aggregate")
        return self


class OrderBy(BaseModel, frozen=True, extra="forbid"):
    column: Identifier = Field(description="Name of a column of the result.")
    descending: bool = False


class TableQuestion(BaseModel, frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True):
    """Built by clicking: one table, its columns, filters, groups and order. Columns without an aggregate are the groups."""

    kind: Literal["table"] = "table"
    db_schema: Identifier = Field("public", alias="schema")
    table: Identifier
    columns: tuple[SelectedColumn, ...] = Field((), description="Empty means all columns of the table.")
    filters: tuple[Filter, ...] = ()
    order: tuple[OrderBy, ...] = ()
    limit: int | None = Field(None, ge=1, le=1_000_000)


ChartKind = Literal["line", "bar", "stacked bar", "area", "scatter"]


class Chart(BaseModel, frozen=True, extra="forbid"):
    kind: ChartKind
    x: Identifier
    y: tuple[Identifier, ...] = Field(min_length=1)
    color: Identifier | None = None
    horizontal: bool = False


ColumnStyle = Literal["plain", "number", "percent", "currency", "date", "datetime", "duration", "link", "progress"]


class Format(BaseModel, frozen=True, extra="forbid"):
    """How a column is shown. `percent` takes a share: 0.12 is shown as 12 %."""

    label: str = ""
    style: ColumnStyle = "plain"
    decimals: int | None = Field(None, ge=0, le=12)
    unit: str = Field("", max_length=20)


class View(BaseModel, frozen=True, extra="forbid"):
    """A saved question. The same spec is the form, the YAML file and the stored row."""

    name: Name
    title: str = Field(min_length=1, max_length=200)
    description: str = ""
    tags: tuple[str, ...] = ()
    source: Name
    question: Annotated[SqlQuestion | TableQuestion, Field(discriminator="kind")]
    parameters: tuple[Parameter, ...] = ()
    formats: dict[Identifier, Format] = Field(default_factory=dict)
    chart: Chart | None = None

    @model_validator(mode="after")
    def _parameters_are_told_apart(self) -> Self:
        names = [parameter.name for parameter in self.parameters]
        if len(names) != len(set(names)):
            raise ValueError("two parameters have the same name")
        return self
