"""Parameters of a view: typed, bound, never pasted into text."""

import re
from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, StringConstraints, field_validator, model_validator

from nexus.sources.spec import Identifier, Name

TAKEN = frozenset({"name", "version", "paper", "orientation", "embed", "embed_options"})
"""Keys that the addresses of pages and downloads use themselves."""

PERIOD = re.compile(
    r"(today|yesterday|tomorrow|(this|previous|next) (week|month|quarter|year)|(week|month|quarter|year) to date"
    r"|(last|next) [1-9][0-9]{0,3} (minutes|hours|days|weeks|months|quarters|years))"
)
"""Relative dates, as `last 30 days` (today is the last of them), `previous month`, `year to date`."""

RelativeDate = Annotated[str, StringConstraints(pattern=f"^{PERIOD.pattern}$")]

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
    """A relative default means the first day of its period."""

    type: Literal["date"] = "date"
    default: date | RelativeDate | None = None


class DateRangeParameter(ParameterBase, frozen=True):
    """In SQL: `:name_from` and `:name_to`, both inclusive. A default in words, as `last 30 days`, moves on with the day of reading."""

    type: Literal["date_range"] = "date_range"
    default: tuple[date, date] | RelativeDate | None = None


class Choices(BaseModel, frozen=True, extra="forbid"):
    """Where a choice's values come from: a fixed list, or a column of a view (optionally with a column of labels).

    `narrowed` leaves only the rows that fit other filters: column of the view → filter or parameter beside this one.
    """

    values: tuple[str, ...] = ()
    view: Name | None = None
    column: Identifier | None = None
    label_column: Identifier | None = None
    narrowed: dict[Identifier, ParameterName] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if bool(self.values) == bool(self.view):
            raise ValueError("give either values or a view")
        if self.view and not self.column:
            raise ValueError("say which column of the view holds the values")
        if self.narrowed and not self.view:
            raise ValueError("only the values of a view can be narrowed by other filters")
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
