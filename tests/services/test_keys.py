"""What tells the rows of a view apart: keys of the tables that it shows whole, then its groups."""

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.sources import service as sources
from nexus.views import service as views
from nexus.views.keys import keys
from nexus.views.spec import View
from nexus.workspace import service as workspace
from tests.people import add_person


@pytest.fixture(scope="module")
def ada(shared_sample: str) -> User:
    ada = add_person(Role.ADMIN, email="ada@example.org", name="Ada")
    workspace.apply_sample(ada)
    return ada


def told_apart(reader: User, question: dict, *shown: str):
    with own.transaction() as session:
        source = sources.find(session, reader=reader, name="sample")
    view = View.model_validate({"name": "v", "title": "V", "source": "sample", "question": question})
    opened = views.OpenView(view=view, version=1, source=source, owner=None, saved_at="2026-01-01T00:00:00Z", saved_by=None)
    return keys(opened, reader=reader, shown=shown)


@pytest.mark.parametrize(
    ("sql", "shown", "found"),
    [
        ("select name, carrier as code from sample.airlines", ("name", "code"), [("table", ("code",))]),
        ("select * from sample.airlines order by name", ("name", "carrier"), [("table", ("carrier",))]),
        ("select name, carrier as code from sample.airlines", ("name",), []),
        ("select name from sample.airlines", ("name",), []),
        ("select carrier, count(*) from sample.flights group by carrier", ("carrier", "count"), []),
        ("select a.carrier from sample.airlines a, sample.airports b", ("carrier",), []),
        ("select carrier from sample.nothing", ("carrier",), []),
    ],
)
def test_of_sql_the_key_of_its_one_table_where_it_is_shown(ada, sql, shown, found):
    assert told_apart(ada, {"kind": "sql", "sql": sql}, *shown) == found


def built(table: str, *columns: dict, joins=()) -> dict:
    return {"kind": "table", "schema": "sample", "table": table, "columns": list(columns), "joins": list(joins)}


def test_of_clicked_questions_the_key_of_the_tables_and_then_the_groups(ada):
    code, name, count = {"column": "carrier"}, {"column": "name"}, {"aggregate": "count", "name": "flights"}
    assert told_apart(ada, built("airlines"), "carrier", "name") == [("table", ("carrier",))]
    assert told_apart(ada, built("airlines", name, code | {"name": "code"}), "name", "code") == [("table", ("code",))]
    assert told_apart(ada, built("airlines", name, code, count), "carrier", "name", "flights") == [
        ("table", ("carrier",)),
        ("groups", ("name", "carrier")),
    ]
    assert told_apart(ada, built("flights", code, count), "carrier", "flights") == [("groups", ("carrier",))]
    assert told_apart(ada, built("flights", code, count), "flights") == []


def test_a_joined_table_adds_its_key_only_where_a_row_may_meet_several_of_it(ada):
    tail, maker = {"column": "tailnum"}, {"column": "manufacturer"}
    flight, day = {"column": "flight"}, {"column": "time_hour", "of": "flights"}
    many = {"schema": "sample", "table": "flights", "on": [{"column": "tailnum", "equals": "tailnum"}]}
    assert (
        told_apart(ada, built("planes", tail, maker, flight | {"of": "flights"}, day, joins=[many]), "tailnum", "flight", "time_hour") == []
    )
    once = {"schema": "sample", "table": "planes", "name": "again", "on": [{"column": "tailnum", "equals": "tailnum"}]}
    assert told_apart(ada, built("planes", tail, maker, joins=[once]), "tailnum", "manufacturer") == [("table", ("tailnum",))]


def test_a_source_that_does_not_answer_leaves_the_groups(ada):
    question = built("airlines", {"column": "name"}, {"aggregate": "count", "name": "rows"})
    with own.transaction() as session:
        source = sources.find(session, reader=ada, name="sample")
    view = View.model_validate({"name": "v", "title": "V", "source": "sample", "question": question})
    gone = source.model_copy(update={"name": "gone"}) if hasattr(source, "model_copy") else source
    opened = views.OpenView(view=view, version=1, source=gone, owner=None, saved_at="2026-01-01T00:00:00Z", saved_by=None)
    assert keys(opened, reader=ada, shown=("name", "rows")) == [("groups", ("name",))]
