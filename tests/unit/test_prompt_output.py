"""Structured answers: what a model is told of their fields, and what is made of whatever it gives."""

import json

import pytest
from pydantic import ValidationError

from nexus.prompts import output
from nexus.prompts.output import Output, OutputField
from nexus.prompts.spec import Prompt

REMARKS = Output(
    fields=(
        OutputField(name="flight", description="Its number."),
        OutputField(name="minutes", type="number"),
        OutputField(name="weather", type="boolean"),
        OutputField(name="day", type="date"),
        OutputField(name="cause", type="choice", choices=("crew", "weather")),
        OutputField(name="note", required=False),
    )
)
GOOD = {"flight": "UA 12", "minutes": 12.5, "weather": True, "day": "2013-06-01", "cause": "crew"}


def read(**changed):
    return output.read(REMARKS, json.dumps([GOOD | changed]))


def test_records_are_rows_in_the_order_of_the_fields():
    assert output.read(REMARKS, json.dumps([GOOD, GOOD | {"note": "x"}])).rows == (
        ("UA 12", 12.5, True, "2013-06-01", "crew", None),
        ("UA 12", 12.5, True, "2013-06-01", "crew", "x"),
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"minutes": "12"}, "Record 1: `minutes` is not a number."),
        ({"minutes": True}, "Record 1: `minutes` is not a number."),
        ({"minutes": 10**400}, "Record 1: `minutes` is not a number."),
        ({"weather": 1}, "Record 1: `weather` is neither true nor false."),
        ({"day": "1 June"}, "Record 1: `day` is not a date as 2013-06-01."),
        ({"day": "20130601"}, "Record 1: `day` is not a date as 2013-06-01."),
        ({"cause": "strike"}, "Record 1: `cause` is not one of the choices."),
        ({"cause": ["crew"]}, "Record 1: `cause` is not one of the choices."),
        ({"flight": None}, "Record 1: `flight` is missing."),
        ({"flight": {}}, "Record 1: `flight` is not text."),
        ({"secret": 1}, "Record 1 has a field that nobody asked for: `secret`."),
    ],
)
def test_a_value_that_breaks_the_schema_is_said_and_not_kept(changed, said):
    records = read(**changed)
    assert records.problems == (said,)
    assert [value for field, value in zip(REMARKS.fields, records.rows[0], strict=True) if field.name in changed] in ([None], [])


@pytest.mark.parametrize("answer", ["", "no", "{", "[" * 20_000, "NaN", '[{"minutes": NaN}]', "[1]", "{}", "null"])
def test_what_is_no_list_of_records_is_said(answer):
    assert output.read(REMARKS, answer).problems


def test_many_mistakes_are_counted_and_not_all_told():
    assert output.read(REMARKS, json.dumps([1] * 40)).problems[-1] == "And 35 more."


def test_a_model_is_told_every_field_with_its_choices_and_which_may_be_left_out():
    told = output.schema(REMARKS)
    assert told["type"] == "array"
    assert told["items"]["required"] == ["flight", "minutes", "weather", "day", "cause"]
    assert told["items"]["properties"]["cause"] == {"type": "string", "enum": ["crew", "weather"]}
    assert told["items"]["properties"]["note"] == {"type": "string"}
    assert output.schema(REMARKS.model_copy(update={"records": "one"}))["type"] == "object"


@pytest.mark.parametrize(
    "wrong",
    [
        {"output": {"fields": []}},
        {"output": {"fields": [{"name": "a"}, {"name": "a"}]}},
        {"output": {"fields": [{"name": "a", "type": "choice"}]}},
        {"output": {"fields": [{"name": "a", "choices": ["b"]}]}},
        {"test_cases": [{"name": "nothing"}]},
        {"test_cases": [{"name": "empty", "contains": [" "]}]},
        {"test_cases": [{"name": "unknown", "contains": ["a"], "values": {"b": "c"}}]},
        {"test_cases": [{"name": "words", "schema_holds": True}]},
        {"test_cases": [{"name": "twice", "contains": ["a"]}, {"name": "twice", "contains": ["a"]}]},
        {"thinking_tokens": -1},
    ],
)
def test_a_prompt_that_cannot_hold_is_refused(wrong):
    with pytest.raises(ValidationError):
        Prompt.model_validate({"name": "a", "title": "A", "template": "a"} | wrong)
