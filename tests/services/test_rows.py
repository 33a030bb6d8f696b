"""One row of a view with what belongs to it, and what the values of a column are like."""

import math
import re

import psycopg2
import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import BadInput, NotAllowed
from nexus.sources import catalog
from nexus.sources import service as sources
from nexus.sources.spec import Source
from nexus.views import service as views
from nexus.views.page import Page
from nexus.views.paging import read_page
from nexus.views.question import Filter
from nexus.views.rows import RowGone, find_row, related_rows, views_by_table
from nexus.views.service import OpenView
from nexus.views.spec import View
from nexus.views.statistics import describe_column
from tests.people import add_person


@pytest.fixture(scope="module")
def source(shared_sample) -> Source:
    reader = add_person(Role.VIEWER, email="rows@example.org")
    with psycopg2.connect(shared_sample) as connection, connection.cursor() as cursor:
        cursor.execute("create table sample.odd (x double precision, d date, j json, t text, u uuid)")
        cursor.execute(
            "insert into sample.odd values ('NaN', 'infinity', '{}', '<b>', gen_random_uuid()), ('Infinity', '0044-03-15 BC', null, '', null)"
        )
        cursor.execute("insert into sample.odd select i, date '2013-01-01' + i, null, repeat('y', 500), null from generate_series(0, 99) i")
        cursor.execute("grant select on sample.odd to public")
    with own.transaction() as session:
        return sources.find(session, reader=reader, name="sample")


@pytest.fixture(scope="module")
def reader(source) -> User:
    return add_person(Role.ANALYST, email="looks@example.org")


def opened(source: Source, **question) -> OpenView:
    asked = question if "sql" in question else {"kind": "table", "schema": "sample", **question}
    view = View(name="v", title="V", source="sample", question=asked)
    return OpenView(view=view, version=1, source=source, owner=None, saved_at="2013-01-01T00:00:00Z", saved_by=None)


def test_a_row_shows_all_its_columns_and_what_belongs_to_it(source, reader):
    view = opened(source, table="planes", columns=[{"column": "model"}, {"column": "manufacturer"}])
    page = read_page(view, reader=reader, values={}, page=Page(where=[Filter(column="model", value="A320-214")], size=1))
    row = find_row(view, reader=reader, values={}, row=page.rows[0])
    assert row.names == ("model", "manufacturer")
    assert row.cells == page.table.rows[0]
    assert {"tailnum", "seats"} <= {column.name for column, _ in row.others}
    pointing = catalog.find_table(source, reader=reader, schema="sample", name="planes").referenced_by
    assert len(row.related) == len(pointing)
    for related in row.related:
        rows = related_rows(source, reader=reader, related=related)
        assert rows.table.row_count <= 5
        assert rows.count >= rows.table.row_count


def test_a_row_that_has_gone_or_that_nobody_named_is_a_sentence(source, reader):
    view = opened(source, table="airports")
    page = read_page(view, reader=reader, values={}, page=Page(size=1))
    with pytest.raises(BadInput):
        find_row(view, reader=reader, values={}, row="x")
    gone = opened(source, table="airports", filters=[{"column": "faa", "value": "JFK"}])
    with pytest.raises(RowGone):
        find_row(gone, reader=reader, values={}, row=page.rows[0])
    with pytest.raises(BadInput, match="no key"):
        find_row(opened(source, kind="sql", sql="select 1 as a"), reader=reader, values={}, row=page.rows[0])


def test_a_row_of_a_plain_sql_question_is_found_too(source, reader):
    view = opened(source, kind="sql", sql="select name, faa as code from sample.airports where lat > 0 order by name")
    page = read_page(view, reader=reader, values={}, page=Page(size=3))
    assert find_row(view, reader=reader, values={}, row=page.rows[2]).cells == page.table.rows[2]


def test_who_may_not_build_sees_of_a_row_what_the_view_shows_and_nothing_else(source, reader):
    viewer = add_person(Role.VIEWER, email="only-reads@example.org")
    view = opened(source, table="flights", columns=[{"column": "carrier"}, {"column": "arr_delay"}])
    (named,) = read_page(view, reader=viewer, values={}, page=Page(size=1)).rows
    row = find_row(view, reader=viewer, values={}, row=named)
    assert row.names == ("carrier", "arr_delay")
    assert row.others == ()
    assert {related.through for related in row.related} == {("carrier",)}, "a key that the view does not show leads nowhere"
    assert len(find_row(view, reader=reader, values={}, row=named).related) > 1
    with pytest.raises(NotAllowed):
        related_rows(source, reader=viewer, related=row.related[0])


def test_views_of_a_related_table_are_those_that_show_its_rows(source, reader):
    editor = add_person(Role.ANALYST, email="makes@example.org")
    flights = opened(source, table="airports").view.model_copy(update={"name": "plain-airports"})
    counted = opened(source, table="airports", columns=[{"aggregate": "count"}]).view.model_copy(update={"name": "counted-airports"})
    with own.transaction() as session:
        for view in (flights, counted):
            views.save_view(session, user=editor, view=view)
    with own.transaction() as session:
        found = views_by_table(session, reader=reader, source=source)[("sample", "airports")]
    assert [view.name for view in found if view.name in ("plain-airports", "counted-airports")] == ["plain-airports"]


def test_statistics_of_numbers(source, reader):
    found = describe_column(opened(source, table="flights"), reader=reader, values={}, column="arr_delay", whole=True)
    assert (found.rows, found.empty, found.distinct, found.low, found.high, found.median) == (336_776, 9_430, 577, -86, 1272, -5)
    assert found.mean == pytest.approx(6.895, abs=0.001)
    assert sum(bar.count for bar in found.bars) == 327_346
    assert found.top[0][1] >= found.top[1][1]
    assert found.sentence == "Over all 336,776 rows."


def test_statistics_of_very_many_rows_are_of_a_random_part_of_the_table_and_say_so(source, reader):
    view = opened(source, table="flights")
    found = describe_column(view, reader=reader, values={}, column="month")
    assert found.sampled
    assert 50_000 < found.rows < 150_000
    assert re.fullmatch(r"Over [\d,]+ rows taken at random, of about 33\d,000 rows\.", found.sentence)
    # The table lies by month: its first 100,000 rows are of four of them.
    assert found.distinct == 12
    assert describe_column(view, reader=reader, values={}, column="month").rows == found.rows
    where = [Filter(column="carrier", value="HA")]
    assert describe_column(view, reader=reader, values={}, column="dest", where=where).top == (("HNL", 342),)


def test_the_random_part_keeps_to_the_filters_and_the_computed_columns(source, reader):
    question = {
        "columns": [{"column": "late"}, {"column": "origin", "name": "from"}],
        "computed": [{"name": "late", "expression": "flights.arr_delay - 15"}],
        "filters": [{"column": "origin", "operator": "in", "value": ["EWR", "JFK"]}],
    }
    found = describe_column(opened(source, table="flights", **question), reader=reader, values={}, column="from")
    assert found.sampled
    assert {value for value, _ in found.top} == {"EWR", "JFK"}
    assert describe_column(opened(source, table="flights", **question), reader=reader, values={}, column="late").low <= -15


def test_statistics_of_very_many_rows_of_sql_are_of_the_first_and_say_so(source, reader):
    view = opened(source, kind="sql", sql="select month + 0 as month from sample.flights")
    found = describe_column(view, reader=reader, values={}, column="month")
    assert found.rows == 100_000
    assert found.sentence.startswith("Over the first 100,000 of about 33")


@pytest.mark.parametrize("column", ["x", "d", "j", "t", "u"])
def test_statistics_of_odd_values(source, reader, column):
    found = describe_column(opened(source, table="odd"), reader=reader, values={}, column=column)
    assert found.rows == 102
    if column == "x":
        assert sum(bar.count for bar in found.bars) == 100
        assert math.isnan(found.high)
    if column == "t":
        assert all(len(value) <= 200 for value, _ in found.top)


def test_statistics_of_an_expression_and_of_nothing(source, reader):
    view = opened(source, kind="sql", sql="select carrier, count(*) as n from sample.flights where false group by 1")
    found = describe_column(view, reader=reader, values={}, column="n")
    assert (found.rows, found.top, found.bars) == (0, (), ())
    with pytest.raises(BadInput, match="no column"):
        describe_column(view, reader=reader, values={}, column="nothing")
