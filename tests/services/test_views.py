"""Views asked of a real Postgres: what people chose is what they get, whatever they typed."""

import threading
from datetime import date

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import BadInput, NotAllowed
from nexus.sources import service as sources
from nexus.sources.spec import QueryFailed, Source
from nexus.views import service as views
from nexus.views.service import OpenView
from nexus.views.spec import View
from tests.people import add_person

HOSTILE = ["'; drop table sample.flights --", "%", "_", "%s", "%(x)s", "{{ x }}", ":x", '"', "\\", "$$", "/", "\u202e東京", "x" * 1000]


@pytest.fixture(scope="module")
def reader(shared_sample) -> User:
    return add_person(Role.VIEWER, email="ana@example.org")


@pytest.fixture(scope="module")
def source(reader) -> Source:
    with own.transaction() as session:
        return sources.find(session, reader=reader, name="sample")


@pytest.fixture
def rows(source, reader):
    """Asks a question of the sample, and gives its rows."""

    def ask(question: dict, parameters: list[dict] | None = None, **values) -> list[tuple]:
        return list(views.ask(opened(source, question, parameters), reader=reader, values=values).rows)

    return ask


def opened(source: Source, question: dict, parameters: list[dict] | None = None) -> OpenView:
    view = View(name="v", title="V", source="sample", question=question, parameters=parameters or [])
    return OpenView(view=view, version=1, source=source, owner=None, saved_at="2013-01-01T00:00:00Z", saved_by=None)


def of(table: str, **question) -> dict:
    return {"kind": "table", "schema": "sample", "table": table, **question}


def counted(*filters: dict, table: str = "airlines") -> dict:
    return of(table, columns=[{"aggregate": "count"}], filters=list(filters))


@pytest.mark.parametrize(
    ("where", "count"),
    [
        ({"column": "carrier", "operator": "=", "value": "UA"}, 1),
        ({"column": "carrier", "operator": "!=", "value": "UA"}, 15),
        ({"column": "carrier", "operator": "in", "value": ["UA", "AA", "ZZ"]}, 2),
        ({"column": "name", "operator": "contains", "value": "AIRWAYS"}, 3),
        ({"column": "name", "operator": "starts with", "value": "am"}, 1),
        ({"column": "carrier", "operator": "between", "value": ["A", "B"]}, 2),
        ({"column": "carrier", "operator": ">", "value": "V"}, 3),
        ({"column": "carrier", "operator": "is empty"}, 0),
        ({"column": "carrier", "operator": "is not empty"}, 16),
    ],
)
def test_each_way_to_compare_finds_what_people_expect(rows, where, count):
    assert rows(counted(where)) == [(count,)]


def test_unlike_a_value_holds_for_an_empty_cell_too(rows):
    without = rows(counted({"column": "speed", "operator": "is empty"}, table="planes"))[0][0]
    unlike = rows(counted({"column": "speed", "operator": "!=", "value": 90}, table="planes"))[0][0]
    assert without > 3_000
    assert unlike >= without


def test_text_typed_for_a_number_or_a_date_is_read_as_one(rows):
    assert rows(counted({"column": "year", "operator": "in", "value": ["2004", 2005]}, table="planes"))[0][0] > 100
    days = {"column": "time_hour", "operator": "between", "value": ["2013-01-01", "2013-01-02"]}
    assert rows(counted(days, table="weather"))[0][0] > 20


def test_a_range_of_dates_holds_its_last_day(rows):
    question = of(
        "flights",
        columns=[{"column": "time_hour", "grain": "day", "name": "day"}, {"aggregate": "count"}],
        filters=[{"column": "time_hour", "operator": "between", "parameter": "period"}],
        order=[{"column": "day"}],
    )
    period = [{"name": "period", "type": "date_range"}]
    found = rows(question, period, period=(date(2013, 1, 5), date(2013, 1, 6)))
    assert [row[0] for row in found] == [date(2013, 1, 5), date(2013, 1, 6)]
    assert len(rows(question, period)) >= 365


def test_groups_aggregates_order_and_limit_are_those_of_postgres(rows):
    question = of(
        "flights",
        columns=[
            {"column": "origin"},
            {"aggregate": "count", "name": "flights"},
            {"column": "tailnum", "aggregate": "count distinct", "name": "aircraft"},
            {"column": "distance", "aggregate": "max", "name": "longest"},
            {"column": "arr_delay", "aggregate": "median", "name": "median"},
        ],
        order=[{"column": "flights", "descending": True}],
        limit=2,
    )
    assert [row[:2] for row in rows(question)] == [("EWR", 120835), ("JFK", 111279)]


@pytest.mark.parametrize("operator", ["=", "!=", "contains", "starts with", "in", "<"])
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_only_looked_for(rows, operator, text):
    question = counted({"column": "name", "operator": operator, "parameter": "typed"})
    (found,) = rows(question, [{"name": "typed", "type": "text"}], typed=text)
    # Looked for as a whole, none of it is in a name; unlike it are all names, and some sort before it.
    assert found[0] == 16 if operator == "!=" else found[0] in ((0, 16) if operator == "<" else (0,))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_sql_is_a_value(rows, text):
    sql = "select :typed::text as a, ':typed' as b, '%s %(typed)s' as c, :several::text[] as d, $$:typed$$ as e"
    several = {"name": "several", "type": "multiple_choice", "choices": {"view": "x", "column": "y"}}
    assert rows({"kind": "sql", "sql": sql}, [{"name": "typed", "type": "text"}, several], typed=text, several=(text, "b")) == [
        (text, ":typed", "%s %(typed)s", [text, "b"], ":typed")
    ]


def test_an_empty_parameter_is_null_whatever_its_type(rows):
    sql = "select count(*) from sample.flights where (:a_from is null or time_hour >= :a_from) and (:b is null or origin = any(:b)) and (:c is null or distance > :c)"
    parameters = [
        {"name": "a", "type": "date_range"},
        {"name": "b", "type": "multiple_choice", "choices": {"values": ["EWR", "JFK"]}},
        {"name": "c", "type": "number"},
    ]
    assert rows({"kind": "sql", "sql": sql}, parameters) == [(336_776,)]
    assert rows({"kind": "sql", "sql": sql}, parameters, b=("EWR", "JFK")) == [(232_114,)]


def test_the_largest_number_that_is_let_through_is_one_that_postgres_takes(rows):
    number = [{"name": "n", "type": "number"}]
    assert rows({"kind": "sql", "sql": "select :n::bigint as n"}, number, n=2**63 - 1) == [(2**63 - 1,)]
    with pytest.raises(BadInput, match="`n`"):
        rows({"kind": "sql", "sql": "select :n::bigint as n"}, number, n=2**63)


def test_a_column_that_is_gone_is_one_sentence_that_names_it(rows):
    with pytest.raises(QueryFailed, match="nothing"):
        rows(of("airlines", columns=[{"column": "nothing"}]))


def test_the_choices_of_a_parameter_are_the_rows_of_its_view_each_once(source, reader):
    origins = opened(
        source, {"kind": "sql", "sql": "select o, l from (values ('b', 'Bee'), ('a', null), ('b', 'Other'), (null, 'x')) v(o, l)"}
    )
    view = View(
        name="w",
        title="W",
        source="sample",
        question={"kind": "sql", "sql": "select 1"},
        parameters=[{"name": "p", "type": "choice", "choices": {"view": "v", "column": "o", "label_column": "l"}}],
    )
    assert views.read_choices(view.parameters[0], origins, reader=reader) == [("b", "Bee"), ("a", "a")]
    gone = view.parameters[0].model_copy(update={"choices": view.parameters[0].choices.model_copy(update={"column": "gone"})})
    with pytest.raises(BadInput, match="gone"):
        views.read_choices(gone, origins, reader=reader)


def test_people_who_ask_the_same_at_once_share_one_answer(source, reader):
    view = opened(source, {"kind": "sql", "sql": "select count(*), max(f.distance) from sample.flights f, generate_series(1, 3)"})
    tables, together = [], threading.Barrier(6)

    def ask() -> None:
        together.wait(10)
        tables.append(views.ask(view, reader=reader, values={}))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({table.read_at for table in tables}) == 1
    assert views.ask(view, reader=reader, values={}, fresh=True).read_at > tables[0].read_at


def test_asking_reads_nothing_of_nexus_own_tables_once_the_source_is_known(source, reader):
    view = opened(source, {"kind": "sql", "sql": "select 1 as one"})
    views.ask(view, reader=reader, values={}, fresh=True)
    with own.statements() as statements:
        views.ask(view, reader=reader, values={}, fresh=True)
    assert statements == []


def test_viewers_may_ask_and_not_save(source, reader):
    with own.transaction() as session, pytest.raises(NotAllowed):
        views.save_view(session, user=reader, view=opened(source, counted()).view)
