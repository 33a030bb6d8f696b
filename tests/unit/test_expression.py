"""Expressions of computed columns: what is allowed is printed anew, and everything else gets one sentence."""

import pglast
import pytest

from nexus.errors import BadInput
from nexus.sources import guard
from nexus.views.compile import compile
from nexus.views.spec import View


def sql_of(*computed: str | tuple[str, str], **question) -> str:
    """The statement of a question with these computed columns, passed by the guard."""
    named = [one if isinstance(one, tuple) else (f"c{number}", one) for number, one in enumerate(computed)]
    asked = {
        "kind": "table",
        "schema": "sample",
        "table": "flights",
        "computed": [{"name": n, "expression": e} for n, e in named],
        **question,
    }
    view = View(name="v", title="V", source="sample", question={**asked, "columns": [{"column": named[-1][0]}]})
    query = compile(view, {})
    guard.check(query.sql, names=query.parameters)
    return query.sql


def printed(*computed: str | tuple[str, str]) -> str:
    """The last expression as Postgres's grammar understands what was printed, with no more parentheses than it needs."""
    return pglast.prettify(sql_of(*computed)).partition("SELECT ")[2].rpartition(" AS ")[0]


@pytest.mark.parametrize(
    "expression",
    [
        "arr_delay / 60.0",
        "(a + b) * c",
        "a - (b - c)",
        "-a",
        "a ^ 2",
        "NOT (a OR b)",
        "a AND b OR c",
        "a IS NULL",
        "a IS NOT TRUE",
        "a IN (1, 2)",
        "a NOT IN ('x', 'it''s')",
        "a BETWEEN 1 AND 2",
        "a ILIKE '%x\\_%'",
        "a IS NOT DISTINCT FROM b",
        "COALESCE(a, 0)",
        "GREATEST(a, b)",
        "NULLIF(a, 0)",
        "left(dest, 2) || '-' || upper(origin)",
        "round(CAST(a AS numeric), 2)",
        "CAST(a AS varchar(3))",
        "EXTRACT(YEAR FROM time_hour)",
        "date_trunc('month', time_hour)",
        "CAST('1 day' AS interval)",
        "a -> 'b'",
        "CURRENT_DATE",
        "make_interval(days => 3)",
        "1e400",
        "9223372036854775808",
        '"Ünï "" %s :x"',
        "'%s %(x)s {{ x }} \\ $$'",
    ],
)
def test_allowed_expressions_come_out_as_they_went_in(expression):
    whole = f"SELECT {expression}"
    assert printed(expression) == pglast.prettify(whole).removeprefix("SELECT ")


def test_a_case_comes_out_as_it_went_in():
    expression = "case when arr_delay > 15 then 'late' when arr_delay is null then null else 'on time' end"
    assert pglast.prettify(f"select {expression}").split() == f"SELECT {printed(expression)}".split()


def test_earlier_computed_columns_are_columns():
    assert printed(("speed", "distance / air_time"), ("twice", "speed * 2")) == "distance / air_time * 2"
    assert printed(("speed", "distance - air_time"), ("twice", "speed * 2")) == "(distance - air_time) * 2"
    assert printed(("dep_delay", "flights.dep_delay / 60.0")) == "flights.dep_delay / 60.0"


@pytest.mark.parametrize(
    ("expression", "sentence"),
    [
        ("(select 1)", r"A question within it cannot stand in a computed column"),
        ("exists (select 1)", r"A question within it"),
        ("a = any(array[1])", "operator = cannot stand"),
        ("array[1, 2]", "An array cannot stand"),
        ("pg_sleep(10)", r"The function pg_sleep\(\) cannot stand in a computed column \(line 1, column 1\)"),
        ("1 +\n  pg_read_file('/etc/passwd')", r"pg_read_file\(\) cannot stand in a computed column \(line 2, column 3\)"),
        ("pg_catalog.pg_sleep(1)", r"pg_catalog.pg_sleep\(\)"),
        ("public.lower('x')", r"public.lower\(\)"),
        ("sum(arr_delay)", r"sum\(\) cannot stand"),
        ("count(*)", r"count\(\) cannot stand"),
        ("row_number() over ()", r"row_number\(\) cannot stand"),
        ("lower(x) over ()", "plain arguments"),
        ("generate_series(1, 10)", r"generate_series\(\) cannot stand"),
        ("unnest(x)", r"unnest\(\) cannot stand"),
        ("regexp_matches(x, 'a')", r"regexp_matches\(\) cannot stand"),
        ("random()", r"random\(\) cannot stand"),
        ("current_setting('nexus.user_id')", r"current_setting\(\) cannot stand"),
        ("current_user", "current_user cannot stand"),
        ("'flights'::regclass", "The type regclass cannot be cast to"),
        ("'x'::pg_catalog.regproc", "The type pg_catalog.regproc cannot"),
        ("'{1}'::int[]", "The type pg_catalog.int4 cannot"),
        ("x.pg_sleep", "`x.pg_sleep` is of no table of this question"),
        ("x.f", "`x.f` is of no table"),
        ("(flights).pg_sleep", "A part of a value cannot stand"),
        ("sample.flights.carrier", "column or table.column"),
        ("flights.*", "column or table.column"),
        ("*", "column or table.column"),
        ("a operator(public.+) b", "without a schema"),
        ("a @@ b", "The operator @@ cannot stand"),
        ("row(1, 2)", "A row cannot stand"),
        ('a collate "C"', "Collate Clause cannot stand"),
        ("a[1]", "A part of a value cannot stand"),
        ("x'1f'", "Only numbers, texts"),
        ("1; drop table flights", "nothing else"),
        ("1 from flights", "nothing else"),
        ("1 as x", "nothing else"),
        ("1 x", "nothing else"),
        ("1, 2", "nothing else"),
        ("1 union select 2", "nothing else"),
        ("1 where true", "nothing else"),
        ("1 limit 1", "nothing else"),
        ("distinct 1", "nothing else"),
        (":param", "A parameter cannot stand here"),
        ("1 + :param", r"A parameter cannot stand here \(line 1, column 5\)"),
        ("$1", "A parameter cannot stand here"),
        ("a +", "It is not a valid expression: syntax error"),
        ("a -- only a remark\n + ", "It is not a valid expression"),
        ("1) + (2", "It is not a valid expression"),
        ("'open", "unterminated"),
        ("--", "It is empty"),
        ("   ", "It is empty"),
        ("/* a */", "It is empty"),
        ("(" * 999 + "1" + ")" * 999, "nested too deeply"),
        ("+".join(["a"] * 900), "nested too deeply"),
        ("-" * 3 + " -" * 900 + "1", "It is empty|nested too deeply|not a valid"),
        ("(" + "lower(" * 300, "nested too deeply|not a valid"),
        ("c0", "`c0` is not computed before this one; for the table's own column write flights.c0"),
        ("a\0b", "character that no text can hold"),
    ],
)
def test_everything_else_is_refused_with_one_sentence_that_names_the_column(expression, sentence):
    with pytest.raises(BadInput, match=f"The computed column `c0` cannot be used. .*({sentence})") as refused:
        sql_of(expression)
    assert len(refused.value.message) < 400


def test_later_and_switched_off_columns_are_refused():
    with pytest.raises(BadInput, match=r"`first` .* `second` is not computed before"):
        sql_of(("first", "second + 1"), ("second", "1"))
    computed = [{"name": "speed", "expression": "1", "off": True}, {"name": "twice", "expression": "speed * 2"}]
    off = View(name="v", title="V", source="sample", question={"kind": "table", "table": "t", "computed": computed})
    with pytest.raises(BadInput, match=r"`twice` .* `speed` is switched off"):
        compile(off, {})


def test_columns_that_double_and_double_again_end_somewhere():
    doubled = [("c0", "a"), *((f"c{n}", f"c{n - 1} + c{n - 1}") for n in range(1, 90))]
    with pytest.raises(BadInput, match="grows too large"):
        sql_of(*doubled)


def test_remarks_and_texts_never_reach_the_statement_as_they_were_typed():
    assert "secret" not in sql_of("1 /* secret */ + 2 -- secret")
    assert "E'" not in sql_of(r"E'a\'b' || U&'\0041' || $$x$$")


def test_each_function_on_the_list_makes_one_value_of_one_row(postgres):
    from nexus.sources.functions import SCALARS

    with postgres.superuser() as cursor:
        cursor.execute(
            "select distinct proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname = any(%s) and (proretset or prokind <> 'f')"
            " and not exists (select from pg_proc o where o.proname = pg_proc.proname and not o.proretset and o.prokind = 'f')",
            (sorted(SCALARS),),
        )
        assert cursor.fetchall() == []
        cursor.execute(
            "select distinct proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace and proname = any(%s) and provolatile = 'v'",
            (sorted(SCALARS),),
        )
        assert cursor.fetchall() == []
