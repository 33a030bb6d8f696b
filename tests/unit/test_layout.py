"""SQL laid out: other space, the same statement."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from pglast import scan

from nexus.errors import BadInput
from nexus.sources.layout import laid_out
from nexus.sources.spec import QueryRefused

HOSTILE = [
    one.get("sql") or "".join(part * times for part, times in one.get("recipe", ()))
    for one in json.loads((Path(__file__).parents[1] / "security/hostile_sql.json").read_text())
]
STATEMENTS = [
    "select a,b from t left join u on u.a=t.b and u.c=2 where x is distinct from 3 and y between 1 and 2 or z=:from order by 1",
    "with a as (select 1) , b as (select 2 -- two\n) select /* all */ * from a cross join b",
    "select x from t where true [[and day >= :day_from]] [[and c = any(:c)]] limit 3",
    "select a[1:2], m[a[1]], x::date, e'\\n', $$a  b$$, U&'\\0041' from \"T  x\" -- end",
    "select case when a and b then 1 else 2 end, extract(year from d), left(x, 2) from t fetch first 3 rows with ties",
    "select from where group order (",
    *(sql for sql in HOSTILE if len(sql) < 5_000),
]


def tokens(sql):
    # A comment ends with its last sign.
    return [sql[token.start : token.end + 1].rstrip() for token in scan(sql)]


@pytest.mark.parametrize("sql", STATEMENTS, ids=range(len(STATEMENTS)))
def test_only_the_space_between_the_parts_changes_and_a_second_time_nothing(sql):
    with suppress(BadInput):  # what does not end is refused
        laid = laid_out(sql)
        assert tokens(laid) == tokens(sql)
        assert laid_out(laid) == laid


def test_clauses_conditions_and_subqueries_stand_on_lines_of_their_own():
    sql = "select f.dest, (select max(x) from y) m from sample.flights f join sample.airlines a using (carrier) where f.dep_delay > :late and (f.origin = 'EWR' or f.origin = 'JFK') [[ and dest = :dest ]] group by 1"
    assert laid_out(sql) == (
        "select\n    f.dest,\n    (\n        select max(x)\n        from y\n    ) m\nfrom sample.flights f\njoin sample.airlines a using (carrier)\n"
        "where f.dep_delay > :late\n  and (f.origin = 'EWR' or f.origin = 'JFK')\n  [[ and dest = :dest ]]\ngroup by 1\n"
    )


def test_a_comment_stays_beside_what_it_is_about():
    laid = laid_out("-- who\nselect a, -- the first\nb from t -- where\nwhere a > 1")
    assert laid == "-- who\nselect\n    a, -- the first\n    b\nfrom t -- where\nwhere a > 1\n"


def test_a_text_without_an_end_is_said_with_its_place():
    with pytest.raises(QueryRefused) as refusal:
        laid_out("select 'never")
    assert refusal.value.position == 7
