"""Questions built by clicking, asked of the sample: each answers as the statement that somebody would write by hand."""

from datetime import date

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import BadInput
from nexus.sources import connect, run, service
from nexus.sources.run import answers
from nexus.sources.spec import Query, QueryFailed, Source
from nexus.views import service as views
from nexus.views.service import OpenView
from nexus.views.spec import View
from tests.people import add_person

MORE = """
create table sample."odd ""<b>☕ %s :x" (
    "a b" int, "q""u%(x)s" text, "☕:y" timestamptz, "<i>" date, "MiXed" double precision, "?" timestamp
);
insert into sample."odd ""<b>☕ %s :x" values
    (1, 'a%b_c\\d''e', '2013-03-31 23:30-04', '2013-03-31', 1.5, '2013-03-31 23:30'),
    (2, null, '2013-04-01 00:30-04', '2013-04-01', 'NaN', '2013-04-01 00:30'),
    (3, 'x', null, null, 'Infinity', null);
grant select on sample."odd ""<b>☕ %s :x" to {role};
create table sample.moments as
    select n, now() + n * interval '1 hour' as at, (now() + n * interval '1 hour')::date as day,
        (now() + n * interval '1 hour') at time zone 'America/New_York' as wall from generate_series(-20000, 20000) n;
create index on sample.moments (at);
create index on sample.moments (day);
analyze sample.moments;
grant select on sample.moments to {role};
"""
ODD = 'odd "<b>☕ %s :x'


@pytest.fixture(scope="module")
def reader(shared_sample) -> User:
    return add_person(Role.ANALYST, email="ana@example.org")


@pytest.fixture(scope="module")
def source(reader, postgres, sample_role) -> Source:
    connect.close_all()
    answers.forget()
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(MORE.replace("{role}", sample_role))
    with own.transaction() as session:
        return service.find(session, reader=reader, name="sample")


def opened(source: Source, question: dict, parameters: list[dict] | None = None) -> OpenView:
    view = View(name="v", title="V", source="sample", question=question, parameters=parameters or [])
    return OpenView(view=view, version=1, source=source, owner=None, saved_at="2013-01-01T00:00:00Z", saved_by=None)


def of(table: str = "flights", **question) -> dict:
    return {"kind": "table", "schema": "sample", "table": table, **question}


@pytest.fixture
def ask(source, reader):
    """Asks a question, and gives its table."""

    def ask(question: dict, parameters: list[dict] | None = None, **values):
        return views.ask(opened(source, question, parameters), reader=reader, values=values)

    return ask


@pytest.fixture
def written(source, reader):
    """Rows of a statement written by hand."""
    return lambda sql: run.run(source, query=Query(source="sample", sql=sql), reader=reader).rows


@pytest.fixture
def count(ask):
    """How many rows of a table meet the filters."""
    return lambda *filters, table="flights", **more: ask(of(table, columns=[{"aggregate": "count"}], filters=list(filters), **more)).rows[
        0
    ][0]


WEATHER = {
    "schema": "sample",
    "table": "weather",
    "kind": "inner",
    "on": [{"column": "origin", "equals": "origin"}, {"column": "time_hour", "equals": "time_hour"}],
}


# --- what analysts ask ------------------------------------------------------------------------------------


def test_the_carriers_with_the_worst_median_delay_in_summer_by_month(ask, written):
    answer = ask(
        of(
            columns=[
                {"column": "carrier"},
                {"column": "time_hour", "grain": "month", "name": "month"},
                {"column": "arr_delay", "aggregate": "median", "name": "delay"},
            ],
            filters=[{"column": "time_hour", "operator": "between", "value": ["2013-06-01", "2013-08-31"]}],
            top={"count": 5, "column": "carrier", "by": "delay"},
            order=[{"column": "carrier"}, {"column": "month"}],
        )
    )
    assert answer.rows == written("""
        with summer as (select * from sample.flights where month in (6, 7, 8)),
        worst as (
            select carrier from summer group by carrier order by percentile_cont(0.5) within group (order by arr_delay) desc nulls last, carrier limit 5
        )
        select carrier, make_date(2013, month, 1), percentile_cont(0.5) within group (order by arr_delay)
        from summer where carrier in (select carrier from worst) group by 1, 2 order by 1, 2
    """)
    assert len({row[0] for row in answer.rows}) == 5
    assert {row[1] for row in answer.rows} == {date(2013, 6, 1), date(2013, 7, 1), date(2013, 8, 1)}


def test_flights_over_three_hours_late_with_the_weather_at_that_hour(ask, written):
    answer = ask(
        of(
            joins=[WEATHER],
            columns=[{"column": "flight"}, {"column": "time_hour"}, {"column": "arr_delay"}, {"column": "temp", "of": "weather"}],
            filters=[{"column": "arr_delay", "operator": ">", "value": 180}],
            order=[{"column": "arr_delay", "descending": True}, {"column": "flight"}, {"column": "time_hour"}],
        )
    )
    assert answer.rows == written("""
        select f.flight, f.time_hour, f.arr_delay, w.temp
        from sample.flights f join sample.weather w on w.origin = f.origin and w.time_hour = f.time_hour
        where f.arr_delay > 180 order by 3 desc, 1, 2
    """)
    assert answer.row_count > 1000


def test_the_share_of_cancelled_flights_by_origin_and_weekday(ask, written):
    answer = ask(
        of(
            columns=[
                {"column": "origin"},
                {"column": "time_hour", "grain": "day of week", "name": "weekday"},
                {"aggregate": "share where", "where": [{"column": "dep_time", "operator": "is empty"}], "name": "cancelled"},
            ],
            order=[{"column": "origin"}, {"column": "weekday"}],
        )
    )
    assert answer.rows == written("""
        select origin, extract(isodow from make_date(year, month, day))::int, avg((dep_time is null)::int)::float8
        from sample.flights group by 1, 2 order by 1, 2
    """)
    assert [row[1] for row in answer.rows[:7]] == [1, 2, 3, 4, 5, 6, 7]


# --- joins ------------------------------------------------------------------------------------------------


def test_left_joins_keep_rows_without_a_match_and_inner_ones_do_not(count, written):
    planes = {"schema": "sample", "table": "planes", "on": [{"column": "tailnum", "equals": "tailnum"}]}
    assert count(joins=[planes]) == 336_776
    matched = written("select count(*) from sample.flights join sample.planes using (tailnum)")[0][0]
    assert count(joins=[{**planes, "kind": "inner"}]) == matched < 336_776
    assert count({"column": "year", "of": "planes", "operator": "is not empty"}, joins=[planes]) <= matched
    assert count(joins=[{**planes, "kind": "inner", "off": True}]) == 336_776


def test_a_table_is_joined_to_itself_and_to_one_joined_before_it(ask, written):
    answer = ask(
        of(
            "airlines",
            joins=[
                {"schema": "sample", "table": "airlines", "name": "other one", "on": [{"column": "carrier", "equals": "carrier"}]},
                {"schema": "sample", "table": "airlines", "name": "third", "on": [{"column": "name", "of": "other one", "equals": "name"}]},
            ],
            columns=[{"column": "carrier"}, {"column": "carrier", "of": "airlines", "name": "same"}, {"column": "name", "of": "third"}],
            order=[{"column": "carrier"}],
        )
    )
    assert answer.rows == written("select carrier, carrier, name from sample.airlines order by 1")


def test_all_columns_of_joined_tables_are_told_apart(ask):
    answer = ask(
        of(
            joins=[WEATHER],
            computed=[{"name": "hours", "expression": "arr_delay / 60.0"}],
            filters=[{"column": "arr_delay", "operator": ">", "value": 1000}],
            result_filters=[{"column": "weather.temp", "operator": "is not empty"}],
            order=[{"column": "weather.temp"}, {"column": "hours"}, {"column": "dep_time"}],
        )
    )
    names = [column.name for column in answer.columns]
    assert len(names) == len(set(names)) == 19 + 15 + 1
    assert {"origin", "weather.origin", "weather.temp", "hours"} <= set(names)
    temperatures = answer.values("weather.temp")
    assert temperatures == sorted(temperatures)
    assert temperatures


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        (of(columns=[{"column": "temp", "of": "weather"}]), "`weather.temp` is of no table of this question"),
        (
            of(joins=[{**WEATHER, "off": True}], columns=[{"column": "temp", "of": "weather"}]),
            "needs the join `weather`, which is switched off",
        ),
        (of(computed=[{"name": "c", "expression": "1", "off": True}], columns=[{"column": "c"}]), "computed column `c` is switched off"),
    ],
)
def test_what_needs_a_part_that_is_not_there_is_told(ask, question, sentence):
    with pytest.raises(BadInput, match=sentence):
        ask(question)


# --- groups -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "sql"),
    [
        ({"column": "distance", "aggregate": "percentile", "percentile": 0.9}, "percentile_cont(0.9) within group (order by distance)"),
        ({"column": "distance", "aggregate": "average"}, "avg(distance)"),
        ({"column": "tailnum", "aggregate": "count distinct"}, "count(distinct tailnum)"),
        ({"column": "tailnum", "aggregate": "count"}, "count(tailnum)"),
        ({"column": "time_hour", "aggregate": "max"}, "max(time_hour)"),
        ({"aggregate": "share"}, "count(*)::float8 / 336776"),
        (
            {"column": "distance", "aggregate": "share"},
            "sum(distance)::float8 / (select sum(distance) from sample.flights)",
        ),
        (
            {"column": "distance", "aggregate": "sum", "where": [{"column": "month", "operator": "<=", "value": 2}]},
            "sum(distance) filter (where month <= 2)",
        ),
        (
            {"column": "arr_delay", "aggregate": "median", "where": [{"match": "none", "filters": [{"column": "month", "value": 2}]}]},
            "percentile_cont(0.5) within group (order by arr_delay) filter (where month <> 2)",
        ),
        ({"aggregate": "share where", "where": [{"column": "month", "value": 2, "off": True}]}, "1::float8"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_figure_is_the_one_that_would_be_written(ask, written, column, sql):
    answer = ask(of(columns=[{"column": "carrier"}, {**column, "name": "figure"}], order=[{"column": "carrier"}]))
    assert answer.rows == written(f"select carrier, {sql} from sample.flights group by 1 order by 1")


@pytest.mark.parametrize(
    ("grain", "sql"),
    [
        ("minute", "date_trunc('minute', {0})"),
        ("hour", "date_trunc('hour', {0})"),
        ("day", "{0}::date"),
        ("week", "date_trunc('week', {0})::date"),
        ("quarter", "date_trunc('quarter', {0})::date"),
        ("year", "date_trunc('year', {0})::date"),
        ("hour of day", "extract(hour from {0})::int"),
        ("day of week", "extract(isodow from {0})::int"),
        ("day of month", "extract(day from {0})::int"),
        ("month of year", "extract(month from {0})::int"),
        ("quarter of year", "extract(quarter from {0})::int"),
    ],
)
def test_moments_and_dates_are_cut_and_numbered_in_the_zone_of_the_source(ask, written, grain, sql):
    for column in ("at", "wall", *(["day"] if "hour of" not in grain else [])):
        answer = ask(
            of(
                "moments",
                columns=[{"column": column, "grain": grain, "name": "n"}, {"aggregate": "count"}],
                order=[{"column": "n"}],
                limit=9000,
            )
        )
        expression = sql.format(column)
        assert answer.rows == written(f"select {expression}, count(*) from sample.moments group by 1 order by 1 limit 9000")


def test_numbers_are_cut_into_bins(ask, written):
    for width, floor in ((100, "div(distance, 100) * 100"), (0.1, "div(distance, 0.1) * 0.1")):
        answer = ask(of(columns=[{"column": "distance", "bin": width, "name": "bin"}, {"aggregate": "count"}], order=[{"column": "bin"}]))
        assert answer.rows == written(f"select {floor}, count(*) from sample.flights group by 1 order by 1")
    odd = ask(of(ODD, columns=[{"column": "MiXed", "bin": 0.5}, {"aggregate": "count"}]))
    assert odd.row_count == 3


def test_shares_stay_those_of_all_groups_when_few_are_shown(ask, written):
    columns = [{"column": "carrier"}, {"aggregate": "share", "name": "part"}]
    few = ask(of(columns=columns, top={"count": 3, "column": "carrier", "by": "part"}, order=[{"column": "part", "descending": True}]))
    assert few.rows == written("select carrier, count(*)::float8 / 336776 from sample.flights group by 1 order by 2 desc limit 3")
    many = ask(of(columns=columns, result_filters=[{"column": "part", "operator": ">", "value": 0.1}], order=[{"column": "part"}]))
    assert many.rows == written(
        "select carrier, count(*)::float8 / 336776 from sample.flights group by 1 having count(*) > 33677.6 order by 2"
    )


def test_of_equals_the_lesser_value_is_kept_and_empty_ones_never(ask):
    columns = [{"column": 'q"u%(x)s', "name": "value"}, {"aggregate": "count"}]
    first = ask(of(ODD, columns=columns, top={"count": 1, "column": "value", "by": "count"}))
    assert first.rows == [("a%b_c\\d'e", 1)]
    assert ask(of(ODD, columns=columns, top={"count": 9, "column": "value", "by": "count", "lowest": True})).row_count == 2


def test_parts_that_are_off_are_left_out(ask, written):
    answer = ask(
        of(
            columns=[{"column": "carrier"}, {"column": "origin", "off": True}, {"aggregate": "count"}],
            filters=[
                {"column": "month", "value": 1, "off": True},
                {"match": "any", "off": True, "filters": [{"column": "month", "value": 2}]},
            ],
            result_filters=[{"column": "count", "operator": "<", "value": 5, "off": True}],
            top={"count": 1, "column": "carrier", "by": "count", "off": True},
            order=[{"column": "carrier"}],
        )
    )
    assert answer.rows == written("select carrier, count(*) from sample.flights group by 1 order by 1")


# --- filters ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("filters", "where"),
    [
        ([{"column": "arr_delay", "operator": "!=", "value": 0}], "arr_delay is distinct from 0"),
        ([{"match": "none", "filters": [{"column": "arr_delay", "operator": ">", "value": 0}]}], "coalesce(arr_delay, 0) <= 0"),
        (
            [{"match": "any", "filters": [{"column": "month", "value": 1}, {"column": "dep_time", "operator": "is empty"}]}],
            "month = 1 or dep_time is null",
        ),
        (
            [
                {
                    "match": "any",
                    "filters": [
                        {"match": "all", "filters": [{"column": "month", "value": 1}, {"column": "origin", "value": "JFK"}]},
                        {
                            "match": "none",
                            "filters": [{"column": "month", "operator": "<", "value": 12}, {"column": "origin", "value": "EWR"}],
                        },
                    ],
                },
                {"column": "carrier", "operator": "in", "value": ["UA", "B6"]},
            ],
            "((month = 1 and origin = 'JFK') or (month = 12 and origin <> 'EWR')) and carrier in ('UA', 'B6')",
        ),
        ([{"match": "any", "filters": []}, {"match": "none", "filters": []}], "true"),
        ([{"column": "time_hour", "value": "2013-07-04"}], "month = 7 and day = 4"),
        ([{"column": "time_hour", "operator": "!=", "value": "2013-07-04"}], "not (month = 7 and day = 4)"),
        ([{"column": "time_hour", "operator": "<=", "value": "2013-01-31"}], "month = 1"),
        ([{"column": "time_hour", "operator": ">", "value": "2013-11-30"}], "month = 12"),
        ([{"column": "time_hour", "operator": "in", "value": ["2013-07-04", "2013-12-31"]}], "(month, day) in ((7, 4), (12, 31))"),
        ([{"column": "distance", "operator": "contains", "value": "0"}], "distance::text like '%0%'"),
        ([{"column": "time_hour", "operator": "starts with", "value": "2013-12"}], "month = 12"),
    ],
    ids=str,
)
def test_filters_and_their_groups_mean_what_they_say(count, written, filters, where):
    assert count(*filters) == written(f"select count(*) from sample.flights where {where}")[0][0]


@pytest.mark.parametrize(
    ("period", "first", "end"),
    [
        ("today", "{day}", "{day} + interval '1 day'"),
        ("yesterday", "{day} - interval '1 day'", "{day}"),
        ("tomorrow", "{day} + interval '1 day'", "{day} + interval '2 days'"),
        ("this week", "date_trunc('week', now())", "date_trunc('week', now()) + interval '7 days'"),
        ("previous month", "date_trunc('month', now()) - interval '1 month'", "date_trunc('month', now())"),
        ("next quarter", "date_trunc('quarter', now()) + interval '3 months'", "date_trunc('quarter', now()) + interval '6 months'"),
        ("year to date", "date_trunc('year', now())", "{day} + interval '1 day'"),
        ("last 30 days", "{day} - interval '29 days'", "{day} + interval '1 day'"),
        ("next 7 days", "{day}", "{day} + interval '7 days'"),
        ("last 3 months", "date_trunc('month', now()) - interval '2 months'", "date_trunc('month', now()) + interval '1 month'"),
        ("last 2 quarters", "date_trunc('quarter', now()) - interval '3 months'", "date_trunc('quarter', now()) + interval '3 months'"),
    ],
)
def test_relative_dates_follow_the_clock_of_the_database(count, written, period, first, end):
    day = "date_trunc('day', now())"
    for column in ("at", "day", "wall"):
        expected = written(
            f"select count(*) from sample.moments where {column} >= {first.format(day=day)} and {column} < {end.format(day=day)}"
        )
        assert count({"column": column, "operator": "within", "value": period}, table="moments") == expected[0][0] > 0


def test_hours_and_minutes_count_from_now(count):
    assert count({"column": "at", "operator": "within", "value": "last 6 hours"}, table="moments") in (5, 6)
    assert count({"column": "at", "operator": "within", "value": "next 90 minutes"}, table="moments") in (1, 2)


def test_a_relative_date_leaves_an_index_of_use(source, reader, postgres):
    for column in ("at", "day"):
        question = of("moments", filters=[{"column": column, "operator": "within", "value": "yesterday"}])
        query = views.query_of(opened(source, question), reader=reader, values={})
        with postgres.superuser(own.engine().url.database) as cursor:
            cursor.execute("explain " + query.sql)
            assert "Index Cond" in "\n".join(row[0] for row in cursor.fetchall())


def test_a_relative_date_can_come_from_a_parameter(ask):
    question = of("moments", columns=[{"aggregate": "count"}], filters=[{"column": "at", "operator": "within", "parameter": "period"}])
    parameters = [{"name": "period", "type": "text"}]
    assert ask(question, parameters, period="yesterday").rows == [(24,)]
    assert ask(question, parameters).rows == [(40_001,)]
    with pytest.raises(BadInput, match="not a relative date"):
        ask(question, parameters, period="'; drop table x --")


# --- hostile names and values -----------------------------------------------------------------------------


def test_names_of_any_kind_are_names(ask):
    answer = ask(
        of(
            ODD,
            joins=[{"schema": "sample", "table": ODD, "name": 'j"%s :x', "on": [{"column": "a b", "equals": "a b"}]}],
            computed=[{"name": 'c"% :x', "expression": '"a b" * 2 + "j""%s :x"."a b"'}],
            columns=[
                {"column": "a b", "name": "%(n)s"},
                {"column": 'q"u%(x)s', "of": 'j"%s :x', "name": "☕ :x"},
                {"column": 'c"% :x'},
                {"column": "☕:y", "grain": "month", "name": "<script>"},
            ],
            filters=[{"column": 'q"u%(x)s', "of": 'j"%s :x', "operator": "contains", "value": "%b_c\\d'"}],
            order=[{"column": "☕ :x"}],
        )
    )
    assert [column.name for column in answer.columns] == ["%(n)s", "☕ :x", 'c"% :x', "<script>"]
    assert answer.rows == [(1, "a%b_c\\d'e", 3, date(2013, 3, 1))]


@pytest.mark.parametrize("value", [2**62, -(2**62), 9e18, "%s", ":x", "'; select 1 --", "\\", "$1", "{{x}}", "x" * 5000])
def test_values_of_any_size_find_nothing_and_break_nothing(count, value):
    column = "flight" if isinstance(value, int | float) else "dest"
    assert count({"column": column, "operator": "=", "value": value}) == 0
    assert count({"column": column, "operator": "contains", "value": value}) == 0


@pytest.mark.parametrize("value", ["0000-01-01", "9999-12-31", "2013-02-30"])
def test_days_that_are_none_are_the_databases_to_refuse(count, value):
    if value == "9999-12-31":
        assert count({"column": "time_hour", "operator": "<=", "value": value}) == 336_776
    else:
        with pytest.raises(QueryFailed, match="out of range"):
            count({"column": "time_hour", "operator": ">", "value": value})
