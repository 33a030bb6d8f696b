"""Where a mistake stands in the text that a person typed, said by the guard or by the database."""

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import BadInput
from nexus.sources import run, store
from nexus.sources.spec import Query, QueryFailed, QueryRefused

ANA = User(id=1, email="ana@example.org", name="Ana", role=Role.ANALYST)


@pytest.fixture
def source(shared_sample):
    with own.transaction() as session:
        return store.find(session, name="sample")


REFUSED = [
    ("select 1 fromm x", "x"),
    ("select é, 'ü' from\nt where )", ")"),
    ("select :a, pg_sleep(:b)", "pg_sleep"),
    ("select 1, :unknown", ":unknown"),
    ("select * from pg_class", "pg_class"),
    ("select $1", "$1"),
]
FAILED = [
    ("select wrong from sample.flights", "wrong"),
    ("select 'é%s', '100 %', lower('A'), upper('b'), wrong from sample.flights", "wrong"),
    ("select :a || 'x', 5 % 2,\n  :a, length(:a), wrong\nfrom sample.flights where carrier = :a", "wrong"),
    ("select * from sample.airlines\n-- a comment, :a\nwhere :b = 1 and nothing = :a", "nothing"),
    ("select * from sample.no_such_table", "sample.no_such"),
    ("select carrier from sample.airlines where carrier = any(:b)", "= any"),
    ("select lower(1, 2) from sample.airlines", "lower"),
]


def place(sql, marked):
    return sql.index(marked)


@pytest.mark.parametrize(("sql", "marked"), REFUSED, ids=[marked for _, marked in REFUSED])
def test_a_refusal_says_where(source, sql, marked):
    with pytest.raises(QueryRefused) as refusal:
        run.run(source, query=Query(source="sample", sql=sql, parameters={"a": 1, "b": 2}), reader=ANA)
    assert refusal.value.position == place(sql, marked)


@pytest.mark.parametrize("value", ["x", "it's \\ a % 'long' é one" * 20, None], ids=["short", "long", "null"])
@pytest.mark.parametrize(("sql", "marked"), FAILED, ids=[marked for _, marked in FAILED])
def test_the_database_s_own_position_is_found_in_the_text_as_typed(source, sql, marked, value):
    with pytest.raises(QueryFailed) as failure:
        run.run(source, query=Query(source="sample", sql=sql, parameters={"a": value, "b": 1}), reader=ANA)
    assert failure.value.position == place(sql, marked)


def test_a_mistake_that_shows_only_while_reading_has_no_position(source):
    with pytest.raises(BadInput) as failure:
        run.run(source, query=Query(source="sample", sql="select 1 / (dep_delay - dep_delay) from sample.flights"), reader=ANA)
    assert failure.value.position is None


def test_a_name_that_is_nearly_right_is_suggested(source):
    with pytest.raises(QueryFailed, match="Perhaps you meant"):
        run.run(source, query=Query(source="sample", sql="select carier from sample.flights"), reader=ANA)
