"""Views become SQL in which nothing that a person gave is text."""

from datetime import date

import pglast
import pytest
from pydantic import ValidationError

from nexus.errors import BadInput
from nexus.views.compile import bind_names, compile
from nexus.views.spec import View

HOSTILE = ["'; drop table flights --", "%s", "%(x)s", "{{ x }}", ":x", '"', "\\", "$$", "a%b_c/d"]


def view(question: dict, parameters: list[dict] | None = None) -> View:
    return View(name="flights", title="Flights", source="sample", question=question, parameters=parameters or [])


def of_table(**question) -> dict:
    return {"kind": "table", "schema": "sample", "table": "flights", **question}


def test_sql_is_passed_on_as_it_stands_and_its_parameters_beside_it():
    sql = "select 1 where :period_from is null or day between :period_from and :period_to and carrier = any(:carrier) and x > :minimum"
    asked = compile(
        view(
            {"kind": "sql", "sql": sql},
            [
                {"name": "period", "type": "date_range"},
                {"name": "carrier", "type": "multiple_choice", "choices": {"values": ["UA", "AA"]}},
                {"name": "minimum", "type": "number"},
            ],
        ),
        {"period": (date(2013, 1, 1), date(2013, 2, 1)), "carrier": ("UA",)},
    )
    assert asked.sql == sql
    assert asked.parameters == {"period_from": date(2013, 1, 1), "period_to": date(2013, 2, 1), "carrier": ["UA"], "minimum": None}


def test_the_names_that_sql_may_use_are_those_of_the_parameters():
    asked = view({"kind": "sql", "sql": "select 1"}, [{"name": "period", "type": "date_range"}, {"name": "dest", "type": "text"}])
    assert bind_names(asked.parameters) == ("period_from", "period_to", "dest")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_and_names_stay_values_and_names(text):
    asked = compile(
        view(
            of_table(
                table=text,
                columns=[{"column": text, "name": "shown"}, {"aggregate": "count", "name": text}],
                filters=[
                    {"column": text, "operator": "=", "value": text},
                    {"column": text, "operator": "contains", "parameter": "dest"},
                    {"column": text, "operator": "in", "value": [text, "x"]},
                ],
                order=[{"column": text, "descending": True}],
            ),
            [{"name": "dest", "type": "text"}],
        ),
        {"dest": text},
    )
    assert text in asked.parameters.values()
    # Postgres's own grammar sees one SELECT with the name whole, once each placeholder is a number.
    numbered = asked.sql
    for number, bound in enumerate(sorted(asked.parameters, key=len, reverse=True), start=1):
        numbered = numbered.replace(f":{bound}", f"${number}")
    (statement,) = pglast.parse_sql(numbered)
    assert statement.stmt.fromClause[0].relname == text
    assert statement.stmt.targetList[0].val.fields[0].sval == text


def test_an_empty_parameter_drops_its_filter():
    asked = view(
        of_table(filters=[{"column": "dest", "parameter": "dest"}, {"column": "day", "operator": "between", "parameter": "period"}]),
        [{"name": "dest", "type": "text"}, {"name": "period", "type": "date_range"}],
    )
    assert "WHERE" not in compile(asked, {}).sql
    assert "dest = " in compile(asked, {"dest": "IAH"}).sql


def test_a_range_of_dates_holds_its_last_day_whole():
    asked = view(
        of_table(filters=[{"column": "time_hour", "operator": "between", "parameter": "period"}]),
        [{"name": "period", "type": "date_range"}],
    )
    bound = compile(asked, {"period": (date(2013, 1, 1), date(2013, 1, 31))})
    assert "time_hour >= " in bound.sql
    assert "time_hour < " in bound.sql
    assert sorted(bound.parameters.values()) == [date(2013, 1, 1), date(2013, 2, 1)]


def test_columns_without_an_aggregate_are_the_groups():
    asked = compile(
        view(
            of_table(
                columns=[
                    {"column": "time_hour", "grain": "month", "name": "month"},
                    {"column": "carrier"},
                    {"aggregate": "count"},
                    {"column": "dep_delay", "aggregate": "median"},
                    {"column": "tailnum", "aggregate": "count distinct", "name": "aircraft"},
                ],
                order=[{"column": "month"}, {"column": "count", "descending": True}],
                limit=7,
            )
        ),
        {},
    )
    sql = " ".join(asked.sql.split())
    assert "CAST(date_trunc('month', time_hour) AS DATE) AS month" in sql
    assert "GROUP BY 1, 2" in sql
    assert "percentile_cont(0.5) WITHIN GROUP (ORDER BY dep_delay) AS dep_delay_median" in sql
    assert "count(DISTINCT tailnum) AS aircraft" in sql
    assert "ORDER BY month, count DESC NULLS LAST" in sql
    assert 7 in asked.parameters.values()


def test_no_columns_means_all_of_them():
    assert compile(view(of_table()), {}).sql.split() == ["SELECT", "*", "FROM", "sample.flights"]


@pytest.mark.parametrize(
    "question",
    [
        of_table(columns=[{"column": "carrier"}], order=[{"column": "secret"}]),
        of_table(columns=[{"column": "carrier"}, {"column": "carrier"}]),
        of_table(filters=[{"column": "carrier", "operator": "; drop", "value": 1}]),
        of_table(filters=[{"column": "carrier", "parameter": "other"}]),
        of_table(filters=[{"column": "carrier"}]),
        of_table(filters=[{"column": "carrier", "operator": "in", "value": "UA"}]),
        of_table(filters=[{"column": "carrier", "operator": "in", "value": []}]),
        of_table(filters=[{"column": "carrier", "operator": "between", "value": [1, 2, 3]}]),
        of_table(filters=[{"column": "carrier", "value": float("nan")}]),
        of_table(filters=[{"column": "carrier", "value": 2**63}]),
        of_table(filters=[{"column": "carrier", "value": {"a": 1}}]),
        of_table(columns=[{"aggregate": "sum"}]),
        of_table(columns=[{"column": "a", "aggregate": "count", "grain": "day"}]),
        of_table(table="a\x00b"),
        of_table(table="ü" * 40),
        of_table(limit=0),
    ],
)
def test_a_question_that_cannot_be_asked_is_refused_when_it_is_written(question):
    with pytest.raises(ValidationError):
        view(question)


def test_a_required_parameter_that_is_empty_is_asked_for():
    asked = view({"kind": "sql", "sql": "select :dest"}, [{"name": "dest", "type": "text", "label": "Destination", "required": True}])
    with pytest.raises(BadInput, match="Fill in “Destination”"):
        compile(asked, {})


def test_several_values_for_a_comparison_of_one_are_refused():
    asked = view(
        of_table(filters=[{"column": "carrier", "operator": "<", "parameter": "carrier"}]),
        [{"name": "carrier", "type": "multiple_choice", "choices": {"values": ["UA", "AA"]}}],
    )
    with pytest.raises(BadInput, match="carrier"):
        compile(asked, {"carrier": ("UA", "AA")})


def test_values_of_a_choice_filter_with_equals_mean_one_of_them():
    asked = view(
        of_table(filters=[{"column": "carrier", "parameter": "carrier"}]),
        [{"name": "carrier", "type": "multiple_choice", "choices": {"values": ["UA", "AA"]}}],
    )
    assert "carrier IN (" in compile(asked, {"carrier": ("UA", "AA")}).sql
