"""Views made by clicking, seen and gone on with as SQL: the rows stay the same."""

import itertools
from datetime import date

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import BadInput
from nexus.sources import catalog, connect, run, service
from nexus.sources.run import answers
from nexus.sources.spec import Query, QueryTooBig, Source
from nexus.views import service as views
from nexus.views.service import OpenView, check_view
from nexus.views.spec import View
from nexus.views.written import as_sql, sql_of
from tests.people import add_person

WEATHER = {
    "schema": "sample",
    "table": "weather",
    "kind": "inner",
    "on": [{"column": "origin", "equals": "origin"}, {"column": "time_hour", "equals": "time_hour"}],
}
PARAMETERS = [
    {"name": "period", "type": "date_range"},
    {"name": "dest", "type": "text"},
    {"name": "carriers", "type": "multiple_choice", "choices": {"values": ["UA", "AA", "B6"]}},
    {"name": "day", "type": "date"},
    {"name": "param_1", "type": "number"},
    {"name": "origin", "type": "choice", "choices": {"values": ["EWR", "JFK"]}},
]
VALUES = {
    "period": (date(2013, 7, 1), date(2013, 7, 9)),
    "dest": "a",
    "carriers": ("UA", "B6"),
    "day": date(2013, 7, 4),
    "param_1": 30,
    "origin": "JFK",
}


@pytest.fixture(scope="module")
def reader(shared_sample) -> User:
    return add_person(Role.ANALYST, email="ana@example.org")


@pytest.fixture(scope="module")
def source(reader) -> Source:
    connect.close_all()
    answers.forget()
    with own.transaction() as session:
        return service.find(session, reader=reader, name="sample")


def view(parameters=(), **question) -> View:
    asked = {"kind": "table", "schema": "sample", "table": "flights", **question}
    return View(name="v", title="V", source="sample", question=asked, parameters=list(parameters))


QUESTIONS = {
    "rows": {
        "columns": [{"column": "flight"}, {"column": "dest", "name": "to %s :x"}, {"column": "late"}],
        "computed": [{"name": "late", "expression": "(arr_delay - 15) * 2 > 30 or dep_delay is null"}],
        "filters": [
            {"column": "time_hour", "operator": "between", "parameter": "period"},
            {"column": "dest", "operator": "contains", "parameter": "dest"},
            {"column": "carrier", "parameter": "carriers"},
            {"column": "month", "operator": "in", "value": [6, 7]},
        ],
        "order": [{"column": "flight"}, {"column": "to %s :x", "descending": True}, {"column": "late"}],
        "limit": 500,
    },
    "only parameters": {
        "columns": [{"aggregate": "count"}],
        "filters": [
            {"column": "time_hour", "operator": "<=", "parameter": "day"},
            {"column": "arr_delay", "operator": ">", "parameter": "param_1"},
        ],
    },
    "groups of filters": {
        "columns": [{"column": "origin"}, {"aggregate": "count"}],
        "filters": [
            {
                "match": "any",
                "filters": [
                    {"column": "time_hour", "parameter": "day"},
                    {"column": "dest", "operator": "starts with", "parameter": "dest"},
                ],
            },
            {
                "match": "none",
                "filters": [
                    {"column": "carrier", "operator": "!=", "parameter": "carriers"},
                    {"match": "all", "filters": [{"column": "origin", "parameter": "origin"}, {"column": "month", "value": 7}]},
                ],
            },
        ],
        "order": [{"column": "origin"}],
    },
    "figures": {
        "joins": [WEATHER],
        "columns": [
            {"column": "carrier"},
            {"column": "time_hour", "grain": "week", "name": "week"},
            {"column": "temp", "of": "weather", "aggregate": "median", "name": "temp"},
            {"aggregate": "share"},
            {"aggregate": "share where", "where": [{"column": "arr_delay", "operator": ">", "parameter": "param_1"}]},
            {"column": "distance", "aggregate": "sum", "where": [{"column": "origin", "parameter": "origin"}]},
        ],
        "filters": [{"column": "time_hour", "operator": "between", "parameter": "period"}, {"column": "carrier", "parameter": "carriers"}],
        "top": {"count": 3, "column": "carrier", "by": "share"},
        "result_filters": [
            {"column": "temp", "operator": ">", "parameter": "param_1"},
            {"column": "week", "operator": ">=", "parameter": "day"},
        ],
        "order": [{"column": "carrier"}, {"column": "week"}],
    },
    "all columns": {
        "joins": [WEATHER],
        "filters": [{"column": "time_hour", "parameter": "day"}, {"column": "tailnum", "value": "N516JB"}],
        "order": [{"column": "weather.temp"}, {"column": "dep_time"}],
        "limit": 50,
    },
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_view_continued_in_sql_has_the_same_rows_whatever_is_filled_in(source, reader, name):
    clicked = view(PARAMETERS, **QUESTIONS[name])
    lookup = catalog.lookup(source, reader=reader)
    typed = as_sql(clicked, lookup=lookup)
    check_view(typed)
    assert typed.parameters == clicked.parameters

    def rows(one: View, values: dict):
        opened = OpenView(view=one, version=1, source=source, owner=None, saved_at="2013-01-01T00:00:00Z", saved_by=None)
        table = views.ask(opened, reader=reader, values=values)
        return [column.name for column in table.columns], table.rows

    used = [key for key in VALUES if f":{key}" in typed.question.sql]
    assert used
    for chosen in itertools.chain.from_iterable(itertools.combinations(used, size) for size in {0, 1, len(used)}):
        values = {key: VALUES[key] for key in chosen}
        assert rows(typed, values) == rows(clicked, values), values


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_sql_that_is_shown_is_what_runs(source, reader, name):
    lookup = catalog.lookup(source, reader=reader)
    clicked = view(PARAMETERS, **QUESTIONS[name])
    shown = sql_of(clicked, VALUES, lookup=lookup)
    opened = OpenView(view=clicked, version=1, source=source, owner=None, saved_at="2013-01-01T00:00:00Z", saved_by=None)
    assert (
        run.run(source, query=Query(source="sample", sql=shown), reader=reader).rows == views.ask(opened, reader=reader, values=VALUES).rows
    )


def test_what_is_shown_has_a_clause_a_line_and_its_values():
    shown = sql_of(
        view(
            columns=[{"column": "carrier"}, {"column": "time_hour", "grain": "month", "name": "month"}, {"aggregate": "count"}],
            filters=[{"column": "dest", "value": "O'Hare %s :x"}, {"column": "time_hour", "operator": "within", "value": "last 30 days"}],
            order=[{"column": "carrier"}],
            limit=10,
        ),
        {},
    )
    assert shown == "\n".join(
        [
            "SELECT carrier, CAST(date_trunc('month', time_hour) AS date) AS month, count(*) AS count",
            "FROM sample.flights",
            "WHERE dest = 'O''Hare %s :x'",
            "  AND time_hour >= date_trunc('day', now()) - interval '29 days'",
            "  AND time_hour < date_trunc('day', now()) + interval '1 day'",
            "GROUP BY 1, 2",
            "ORDER BY carrier",
            "LIMIT 10",
        ]
    )


def test_a_view_in_sql_keeps_its_lines():
    asked = View(
        name="v",
        title="V",
        source="s",
        question={"kind": "sql", "sql": "select 1 -- why\n[[where :dest = 'x']]"},
        parameters=[PARAMETERS[1]],
    )
    assert [line.rstrip() for line in sql_of(asked, {}).split("\n")] == ["select 1 -- why", ""]
    assert "where 'it''s' = 'x'" in sql_of(asked, {"dest": "it's"})
    assert as_sql(asked) is asked


def test_a_relative_date_of_a_parameter_has_no_way_into_sql():
    with pytest.raises(BadInput, match="Give it a fixed value first"):
        as_sql(view([PARAMETERS[1]], filters=[{"column": "time_hour", "operator": "within", "parameter": "dest"}]))


def test_a_view_too_wide_for_sql_says_so():
    wide = view(columns=[{"column": f"{n:04} {'ü' * 20}"} for n in range(1600)])
    assert len(sql_of(wide, {})) > 50_000
    wider = view(columns=[{"column": f"{n:04} {'x' * 50}"} for n in range(1600)])
    with pytest.raises(QueryTooBig, match="Choose fewer columns"):
        as_sql(wider)
