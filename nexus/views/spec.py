"""What a view is: a saved question to one source, with typed parameters, column formats and a chart."""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, field_validator, model_validator

from nexus.sources.spec import Name


def _storable_name(name: str) -> str:
    if "\x00" in name or len(name.encode(errors="replace")) > 63:
        raise ValueError("is longer than Postgres's 63 bytes, or holds a NUL character")
    return name


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=63), AfterValidator(_storable_name)]
"""How Postgres calls a schema, table or column; any text, always quoted."""

TAKEN = frozenset({"name", "version", "paper", "orientation", "embed", "embed_options"})
"""Keys that the addresses of pages and downloads use themselves."""

ParameterName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class ParameterBase(BaseModel, frozen=True, extra="forbid"):
    name: ParameterName
    label: str = Field("", max_length=100, description="What the filter bar shows; the name, made readable, without it.")
    required: bool = False

    @field_validator("name")
    @classmethod
    def _free_in_addresses(cls, name: str) -> str:
        if name in TAKEN:
            raise ValueError(f"`{name}` is used by the addresses of Nexus's own pages; give it another name")
        return name


class TextParameter(ParameterBase, frozen=True):
    type: Literal["text"] = "text"
    default: str | None = None


class NumberParameter(ParameterBase, frozen=True):
    type: Literal["number"] = "number"
    default: float | None = Field(None, allow_inf_nan=False)
    minimum: float | None = Field(None, allow_inf_nan=False)
    maximum: float | None = Field(None, allow_inf_nan=False)


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
    """`value` is fixed, or `parameter` names one; with an empty parameter the filter drops out.

    `in` takes a list, `between` a list of two or a date range, the rest one value.
    """

    column: Identifier
    operator: Operator = "="
    value: Any = None
    parameter: ParameterName | None = None

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
    several = operator in ("in", "between")
    items = value if several and isinstance(value, list | tuple) else [value]
    if several and (not isinstance(value, list | tuple) or not items or (operator == "between" and len(items) != 2)):
        raise ValueError("`in` takes a list of values, `between` a list of two")
    for item in items:
        if not isinstance(item, str | int | float | bool | date):
            raise ValueError(f"`{operator}` compares with text, numbers, dates, true or false")
        if isinstance(item, int | float) and not -(2**63) <= item < 2**63:
            raise ValueError("a number to compare with is too large, or is not a number")


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

    @property
    def result_name(self) -> str:
        """What the result calls it: its name, or one made of what it shows."""
        if self.name:
            return self.name
        if self.aggregate is None:
            return str(self.column)
        made = f"{self.column}_{self.aggregate}" if self.column else self.aggregate
        return made.replace(" ", "_").encode()[:63].decode(errors="ignore")


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

    @model_validator(mode="after")
    def _columns_are_told_apart(self) -> Self:
        shown = [column.result_name for column in self.columns]
        if len(shown) != len(set(shown)):
            raise ValueError("two columns of the result have the same name; give one of them another `name`")
        for order in self.order:
            if shown and order.column not in shown:
                raise ValueError(f"`{order.column}` is ordered by, but is not a column of the result")
        return self


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

    @model_validator(mode="after")
    def _filters_name_its_parameters(self) -> Self:
        if isinstance(self.question, TableQuestion):
            for where in self.question.filters:
                if where.parameter is not None and where.parameter not in {parameter.name for parameter in self.parameters}:
                    raise ValueError(f"a filter names the parameter `{where.parameter}`, which the view does not have")
        return self
