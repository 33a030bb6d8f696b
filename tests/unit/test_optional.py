"""Parts of a statement that drop out when their parameter is empty."""

import pytest

from nexus.sources import guard
from nexus.sources.layout import laid_out
from nexus.sources.spec import QueryRefused
from nexus.views.compile import compile
from nexus.views.compile.optional import resolve
from nexus.views.service import check_view
from nexus.views.spec import View

PARAMETERS = [
    {"name": "dest", "type": "text"},
    {"name": "period", "type": "date_range"},
    {"name": "carriers", "type": "multiple_choice", "choices": {"values": ["UA", "AA"]}},
]


def view(sql: str) -> View:
    return View(name="v", title="V", source="sample", question={"kind": "sql", "sql": sql}, parameters=PARAMETERS)


def shown(sql: str, **values) -> str:
    query = compile(view(sql), values)
    guard.check(query.sql, names=query.parameters)
    return " ".join(query.sql.split())


def test_a_part_drops_out_when_a_parameter_in_it_is_empty():
    sql = "select * from flights where true [[ and dest = :dest ]] [[and carrier = any(:carriers) and dest <> :dest]]"
    assert shown(sql) == "select * from flights where true"
    assert shown(sql, dest="IAH") == "select * from flights where true and dest = :dest"
    assert shown(sql, carriers=("UA",)) == "select * from flights where true"
    assert shown(sql, dest="IAH", carriers=("UA",)).endswith("and carrier = any(:carriers) and dest <> :dest")
    assert shown("select 1 [[where day between :period_from and :period_to]]") == "select 1"


@pytest.mark.parametrize(
    "sql",
    [
        "select '[[' || :dest || ']]'",
        "select 1 -- [[ :dest\n",
        "select 1 /* ]] */",
        "select array[[1, 2], [3, 4]], array[ [[1]], [[2]] ]",
        "select a[b[1]], :dest from t",
        'select "[[", $$]]$$ from t',
        "select a[array[1][1]] from t",
    ],
)
def test_brackets_of_other_kinds_are_left_alone(sql):
    assert resolve(sql, names={"dest"}, empty={"dest"}) == sql


def test_texts_and_arrays_may_stand_in_a_part():
    sql = "select 1 where true [[ and x = (array[[1],[2]])[1][1] and y = ']]' and z = :dest ]]"
    assert shown(sql) == "select 1 where true"
    assert shown(sql, dest="x").endswith("y = ']]' and z = :dest")


def test_what_stands_behind_a_part_keeps_its_place():
    sql = "select 1\n[[ where a = :dest\n or b ]]\nfrom"
    assert [line.rstrip() for line in resolve(sql, names={"dest"}, empty={"dest"}).split("\n")] == ["select 1", "", "", "from"]
    assert len(resolve(sql, names={"dest"}, empty={"dest"})) == len(sql)


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("select 1 [[ where :dest = 'a'", r"optional part \(line 1, column 10\) is never closed"),
        ("select 1\n where true ]] and :dest = 'a'", r"closes no optional part \(line 2, column 13\)"),
        ("select 1 [[ where :dest = 'a' [[ and true ]] ]]", r"cannot lie in each other \(line 1, column 31\)"),
        ("select 1 [[ where true ]]", "has no parameter in it"),
        ("select 1 [[ where a = :other ]]", "The parameter :other .* is not defined"),
        ("select 1 [[ from ]] where a = :dest", "has no parameter in it"),
        ("select 1 where [[ a = :dest ]]", "not valid SQL"),
        ("select 1 [[ ; select :dest ]]", "several statements"),
        ("select 1 [[ ] :dest ]]", "not valid SQL|closes no"),
    ],
)
def test_parts_that_do_not_fit_are_told_when_the_view_is_saved(sql, sentence):
    with pytest.raises(QueryRefused, match=sentence):
        check_view(view(sql))


@pytest.mark.parametrize(
    "sql",
    [
        "select a[b[1]] from t",
        "select a[b[c[1]]], a[b[n:m]:c[d]] from t",
        "select a[(array[[1, 2], [3, 4]])[1][1]] from t",
        "select array[[a[1], a[b[2]]], [3, 4]] from t",
        "select array/**/[[1, 2]], '{{1}}'::int[][]",
        "select '[[x]]', E'[[', $$[[ :y ]]$$, \"]]\" from t -- [[z]]",
    ],
)
def test_brackets_of_sql_that_ran_are_no_optional_parts_once_it_is_a_view(sql):
    guard.check(sql)
    assert resolve(sql, names=(), empty=()) == sql
    assert resolve(laid_out(sql), names=(), empty=()) == laid_out(sql)
