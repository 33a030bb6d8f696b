"""Structured answers: the fields that a prompt asks for, the schema that Gemini is held to, and the check of what it gave."""

import json
from datetime import date
from typing import Any, Literal, Self, assert_never

from pydantic import BaseModel, Field, model_validator

from nexus.views.parameter import ParameterName

MOST_FIELDS = 50
MOST_RECORDS = 5_000
MOST_TOLD = 5

FieldType = Literal["text", "number", "boolean", "date", "choice"]
Value = str | int | float | bool | None


class OutputField(BaseModel, frozen=True, extra="forbid"):
    """One field of a record; on a table its column. A date is written as 2013-06-01."""

    name: ParameterName
    type: FieldType = "text"
    description: str = Field("", max_length=500, description="What the model is told about it.")
    choices: tuple[str, ...] = Field((), max_length=200)
    required: bool = True

    @model_validator(mode="after")
    def _choices_where_one_chooses(self) -> Self:
        if self.type == "choice" and not all(self.choices):
            raise ValueError("a choice is no empty text")
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("give choices to a field of the type choice, and to no other")
        if len(self.choices) != len(set(self.choices)):
            raise ValueError("two choices are the same")
        return self


class Output(BaseModel, frozen=True, extra="forbid"):
    """An answer of records in place of words: one, or as many as there are."""

    records: Literal["one", "many"] = "many"
    fields: tuple[OutputField, ...] = Field(min_length=1, max_length=MOST_FIELDS)

    @model_validator(mode="after")
    def _names_are_told_apart(self) -> Self:
        names = [field.name for field in self.fields]
        if len(names) != len(set(names)):
            raise ValueError("two fields have the same name")
        return self


class Records(BaseModel, frozen=True):
    """A structured answer, read. `problems` are sentences; with one, the answer breaks its schema."""

    fields: tuple[OutputField, ...]
    rows: tuple[tuple[Value, ...], ...] = Field((), description="By the fields' order; None where an optional one is empty.")
    problems: tuple[str, ...] = ()


def schema(output: Output) -> dict[str, Any]:
    """The JSON schema that Gemini holds the answer to."""
    record = {
        "type": "object",
        "properties": {field.name: _schema_of(field) for field in output.fields},
        "required": [field.name for field in output.fields if field.required],
        "propertyOrdering": [field.name for field in output.fields],
        "additionalProperties": False,
    }
    return record if output.records == "one" else {"type": "array", "items": record}


def _schema_of(field: OutputField) -> dict[str, Any]:
    match field.type:
        case "text":
            made: dict[str, Any] = {"type": "string"}
        case "number" | "boolean":
            made = {"type": field.type}
        case "date":
            made = {"type": "string", "format": "date"}
        case "choice":
            made = {"type": "string", "enum": list(field.choices)}
        case _:
            assert_never(field.type)
    return made | ({"description": field.description} if field.description else {})


def read(output: Output, answer: str) -> Records:
    """The records of an answer, each value looked at again: a model, or what stands before it, may not have kept to the schema."""
    try:
        given = json.loads(answer, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return Records(fields=output.fields, problems=("The answer is not the JSON that was asked for.",))
    if output.records == "one":
        given = [given]
    if not isinstance(given, list):
        return Records(fields=output.fields, problems=("The answer is not a list of records.",))
    problems: list[str] = []
    if len(given) > MOST_RECORDS:
        problems.append(f"The answer has {len(given):,} records; the first {MOST_RECORDS:,} are kept.")
    rows = [_row(output, at, record, problems) for at, record in enumerate(given[:MOST_RECORDS], 1)]
    told = problems[:MOST_TOLD] + ([f"And {len(problems) - MOST_TOLD:,} more."] if len(problems) > MOST_TOLD else [])
    return Records(fields=output.fields, rows=tuple(row for row in rows if row is not None), problems=tuple(told))


def _no_number(name: str) -> Any:
    raise ValueError(name)


def _row(output: Output, at: int, record: Any, problems: list[str]) -> tuple[Value, ...] | None:
    where = "The record" if output.records == "one" else f"Record {at:,}"
    if not isinstance(record, dict):
        problems.append(f"{where} has no fields.")
        return None
    unknown = [name for name in record if name not in {field.name for field in output.fields}]
    if unknown:
        problems.append(f"{where} has a field that nobody asked for: `{str(unknown[0])[:60]}`.")
    values: list[Value] = []
    for field in output.fields:
        value, problem = _value(field, record.get(field.name))
        values.append(value)
        if problem:
            problems.append(f"{where}: `{field.name}` {problem}.")
    return tuple(values)


def _value(field: OutputField, given: Any) -> tuple[Value, str]:
    """The value, and in a phrase what is wrong with it. One of the wrong kind is not kept."""
    if given is None:
        return None, "is missing" if field.required else ""
    match field.type:
        case "number":
            fits = isinstance(given, int | float) and not isinstance(given, bool) and abs(given) <= 1e300
            problem = "is not a number"
        case "boolean":
            fits, problem = isinstance(given, bool), "is neither true nor false"
        case "text":
            fits, problem = isinstance(given, str), "is not text"
        case "choice":
            fits, problem = isinstance(given, str) and given in field.choices, "is not one of the choices"
        case "date":
            fits, problem = _is_date(given), "is not a date as 2013-06-01"
        case _:
            assert_never(field.type)
    return (given, "") if fits else (None, problem)


def _is_date(given: Any) -> bool:
    try:
        return isinstance(given, str) and len(given) == 10 and bool(date.fromisoformat(given))
    except ValueError:
        return False
