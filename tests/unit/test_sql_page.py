"""What the SQL page reads out of the text: parameters, mistakes and their places."""

import pytest
from pydantic import TypeAdapter

from nexus.ui.parameter_form import declared
from nexus.ui.sql_editor import editor
from nexus.ui.sql_editor.tables import name_of
from nexus.views.parameter import Parameter
from nexus.views.sql import names_in, problem_in


def test_names_are_found_in_their_order_and_also_in_optional_parts():
    sql = "select a[1:n], x::date, ':no' from t where a > :late [[ and b = any(:several) ]] -- :neither\n and c = :late"
    assert names_in(sql) == ("late", "several")


@pytest.mark.parametrize("sql", ["", "select '", "select $1", "\0", "x" * 100_001])
def test_of_a_text_that_cannot_be_read_no_names_are_found(sql):
    assert names_in(sql) == ()


@pytest.mark.parametrize(
    ("sql", "marked"),
    [
        ("selec 1", "selec"),
        ("select 1 from t where true [[ and a = :a ]] )", ")"),
        ("select pg_sleep(1)", "pg_sleep"),
        ("select 1 [[ and a = :a", "[["),
        ("select * from pg_catalog.pg_class", "pg_catalog.pg_class"),
        ("select 'é😀', lo_import('/etc/passwd')", "lo_import"),
    ],
)
def test_a_mistake_is_marked_with_the_word_that_it_is_about(sql, marked):
    problem = problem_in(sql)
    assert sql[problem.start : problem.end].startswith(marked[0])
    assert problem.start == sql.index(marked)
    assert problem.message.endswith(".")


@pytest.mark.parametrize("sql", ["", "  \n", "select :a", "select 1 where true [[ and 1 = :a ]]", "select array[[1, 2], [3, 4]]"])
def test_what_may_run_has_no_mark(sql):
    assert problem_in(sql) is None


def test_two_days_become_one_range_and_the_rest_is_text():
    found = ("late", "day_from", "day_to", "from_from", "Big", "name")
    made = declared([], found)
    assert made == [{"name": "late", "type": "text"}, {"name": "day", "type": "date_range"}, {"name": "from_from", "type": "text"}]
    for one in made:
        TypeAdapter(Parameter).validate_python(one)


def test_what_somebody_gave_a_type_stays_when_its_name_goes_and_the_rest_goes_with_it():
    typed = {"name": "late", "type": "number", "minimum": 0}
    assert declared([typed, {"name": "dest", "type": "text"}], ()) == [typed]
    assert declared([typed], ("late", "dest")) == [typed, {"name": "dest", "type": "text"}]


@pytest.mark.parametrize("text", ["select 1", "é😀 x", "😀😀", "\ud800x"])
def test_places_are_the_same_for_the_browser(text):
    for offset in range(len(text) + 1):
        assert editor._characters(text, editor.units(text, offset)) == offset


@pytest.mark.parametrize("told", [None, "3", -1, 1e9, [1], True])
def test_a_place_that_no_browser_tells_is_the_beginning_or_the_end(told):
    assert 0 <= editor._characters("select 1", told) <= 8


def test_names_are_quoted_where_they_must_be():
    assert [name_of(name) for name in ("flights", "Flights", 'a"b', "two words", "1st")] == [
        "flights",
        '"Flights"',
        '"a""b"',
        '"two words"',
        '"1st"',
    ]
