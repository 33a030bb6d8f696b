"""Values offered for a filter, and what is said of a view whose table has changed."""

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import NotAllowed
from nexus.sources import catalog, connect, service
from nexus.sources.run import answers
from nexus.sources.spec import QueryFailed, Source
from nexus.views import service as views
from nexus.views.changes import check_against
from nexus.views.page import Page
from nexus.views.paging import read_page
from nexus.views.question import Filter
from nexus.views.reading import reading_of
from nexus.views.service import OpenView
from nexus.views.spec import View
from nexus.views.suggest import suggest_from_view, suggest_values
from tests.people import add_person

MORE = """
create table sample.big as
    select n, n % 7 as remainder, 'value ' || n % 40 as name, repeat('x', 50) as filler, 'p ' || n % 30 as plain
    from generate_series(1, 1200000) n;
create index on sample.big (name);
analyze sample.big;
create table sample.docs (doc json, "a ""% :x" text);
insert into sample.docs values ('{}', '50%'), ('[]', '50_'), (null, 'It''s'), (null, null), (null, repeat('y', 5000));
create table sample.gone (id int, carrier text, old int);
insert into sample.gone values (1, 'UA', 2);
create view sample.slow as select pg_sleep(1)::text as nap from generate_series(1, 100);
grant select on sample.big, sample.docs, sample.gone, sample.slow to {role};
"""


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


@pytest.fixture
def suggested(source, reader):
    def suggest(table: str, column: str, typed: str = "", **more):
        return suggest_values(source, reader=reader, schema="sample", table=table, column=column, typed=typed, **more)

    return suggest


def test_values_that_begin_with_what_was_typed_come_first(suggested):
    assert suggested("flights", "carrier")[:3] == ("9E", "AA", "AS")
    assert suggested("airlines", "name", "air")[:2] == ("AirTran Airways Corporation", "Alaska Airlines Inc.")
    assert suggested("flights", "origin", "j") == ("JFK",)
    assert suggested("flights", "month", limit=3) == (1, 2, 3)
    assert suggested("flights", "distance", "1400")[0] == 1400


def test_signs_are_what_they_are_and_long_or_empty_values_are_not_offered(suggested):
    assert suggested("docs", 'a "% :x') == ("50%", "50_", "It's")
    assert suggested("docs", 'a "% :x', "%") == ("50%",)
    assert suggested("docs", 'a "% :x', "_") == ("50_",)
    assert suggested("docs", 'a "% :x', "'") == ("It's",)


def test_what_cannot_be_offered_is_nothing(suggested):
    assert suggested("docs", "doc") == ()
    assert suggested("docs", "no column") == ()
    assert suggested("no table", "x") == ()
    assert suggested("slow", "nap") == ()


def test_values_of_a_big_table_come_along_its_index_or_from_a_sample(suggested):
    assert suggested("big", "name", "value 3", limit=3) == ("value 3", "value 30", "value 31")
    assert len(suggested("big", "plain")) == 30
    assert suggested("big", "remainder") == (0, 1, 2, 3, 4, 5, 6)
    assert suggested("big", "name", "nothing like it") == ()


# --- changed sources --------------------------------------------------------------------------------------


def opened(source: Source, question: dict) -> OpenView:
    view = View(name="v", title="V", source="sample", question=question)
    return OpenView(view=view, version=1, source=source, owner=None, saved_at="2013-05-03T10:00:00Z", saved_by=None)


def of(table: str, **question) -> dict:
    return {"kind": "table", "schema": "sample", "table": table, **question}


JOINED = [{"schema": "sample", "table": "gone", "name": "g", "on": [{"column": "carrier", "equals": "carrier"}]}]


def test_a_name_that_was_typed_wrong_is_not_said_to_be_gone(source, reader):
    tried = opened(source, of("airlines", computed=[{"name": "new", "expression": "nmae || carrier"}])).model_copy(update={"version": 0})
    with pytest.raises(QueryFailed, match=r"^There is no column `nmae` in `airlines`. Edit the view"):
        views.ask(tried, reader=reader, values={})


def test_a_column_or_table_that_is_gone_is_named_with_the_day_of_saving(source, reader, postgres):
    asked = {
        "chosen": opened(source, of("gone", columns=[{"column": "id"}, {"column": "old"}])),
        "filtered": opened(source, of("gone", filters=[{"column": "old", "value": 2}])),
        "computed": opened(source, of("gone", computed=[{"name": "new", "expression": "gone.old + id"}])),
        "joined": opened(source, of("airlines", joins=JOINED, columns=[{"column": "name"}, {"column": "old", "of": "g"}])),
        "whole": opened(source, of("airlines", joins=JOINED)),
        "written": opened(source, {"kind": "sql", "sql": "select old from gone"}),
    }
    for view in asked.values():
        assert views.ask(view, reader=reader, values={}).rows
        assert check_against(view.view, catalog.tables(source, reader=reader)) is None
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute("alter table sample.gone drop column old")
    for name in ("chosen", "filtered", "computed", "joined"):
        with pytest.raises(QueryFailed, match=r"^The column `old` is gone from `gone`; the view was saved on 3 May 2013. Edit the view"):
            views.ask(asked[name], reader=reader, values={}, fresh=True)
        with pytest.raises(QueryFailed, match=r"^The column `old` is gone from `gone`; the view was saved on 3 May 2013. Edit the view"):
            read_page(asked[name], reader=reader, values={}, page=Page())
    assert "g.old" not in [column.name for column in views.ask(asked["whole"], reader=reader, values={}, fresh=True).columns]
    with pytest.raises(QueryFailed, match=r'column "old" does not exist. The view was saved on 3 May 2013'):
        views.ask(asked["written"], reader=reader, values={}, fresh=True)
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute("drop table sample.gone")
    with pytest.raises(QueryFailed, match=r"^The table `gone` is gone from `sample`.*3 May 2013"):
        views.ask(asked["joined"], reader=reader, values={}, fresh=True)


def test_a_page_of_joined_tables_names_its_columns_as_the_whole_result_does(source, reader):
    weather = {
        "schema": "sample",
        "table": "weather",
        "on": [{"column": "origin", "equals": "origin"}, {"column": "time_hour", "equals": "time_hour"}],
    }
    view = opened(source, of("flights", joins=[weather], order=[{"column": "weather.temp", "descending": True}], limit=200))
    page = read_page(view, reader=reader, values={}, page=Page(size=50))
    assert list(page.names) == [column.name for column in views.ask(view, reader=reader, values={}, max_rows=50).columns]
    assert page.order[0].column == "weather.temp"
    assert page.next


def test_values_of_tables_are_for_those_who_build(source, reader):
    with pytest.raises(NotAllowed):
        suggest_values(source, reader=reader.model_copy(update={"role": Role.VIEWER}), schema="sample", table="airlines", column="carrier")


def from_view(source, reader, question: dict, name: str, **more):
    view = View(name="suggested", title="Suggested", source=source.name, question=question)
    return suggest_from_view(reading_of(view, source, reader=reader, values={}), reader=reader, name=name, **more)


def of_table(table: str, **question) -> dict:
    return {"kind": "table", "schema": "sample", "table": table, **question}


def test_a_filter_of_the_grid_offers_what_the_view_shows_and_nothing_beyond_it(source, reader):
    only = of_table("flights", filters=[{"column": "origin", "operator": "!=", "value": "LGA"}])
    assert from_view(source, reader, only, "origin") == ("EWR", "JFK")
    where = [Filter(column="dest", value="HNL")]
    assert from_view(source, reader, of_table("flights"), "carrier", where=where) == ("HA", "UA")
    assert len(from_view(source, reader, of_table("big"), "remainder", limit=3)) == 3
    counted = {"kind": "sql", "sql": "select carrier, carrier, count(*) as n from sample.flights group by 1, 2"}
    assert from_view(source, reader, counted, "carrier (2)")[:2] == ("9E", "AA")


def test_a_column_of_odd_values_or_a_slow_view_offers_what_it_can_in_a_second(source, reader):
    assert from_view(source, reader, of_table("docs"), "doc") == ()
    assert from_view(source, reader, of_table("docs"), 'a "% :x') == ("50%", "50_", "It's")
    assert from_view(source, reader, of_table("docs"), "nothing") == ()
    assert from_view(source, reader, of_table("slow"), "nap") == ()
