"""Which cells are coloured: as the rules say, and never by a value that does not fit."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from nexus.sources.spec import Column, Query, Table
from nexus.views.appearance import Format, Highlight
from nexus.views.highlight import RULE, STRONGEST, WEAKEST, marks, tones

HOSTILE = [None, "", "x", "NaN", "1e999", math.nan, math.inf, -math.inf, 10**400, Decimal("NaN"), Decimal("sNaN"), Decimal("1e5000"), True, [], {}, b"\x00",
           memoryview(b"x"), date.min, datetime.max, datetime(2013, 1, 1, tzinfo=UTC), timedelta(days=1), object(), "\ud800"]  # fmt: skip
OPERATORS = ["=", "!=", "<", "<=", ">", ">=", "contains", "starts with", "in", "is empty", "is not empty", "between", "within"]
KINDS = ["number", "text", "boolean", "date", "time", "duration", "json", "binary", "other"]


def column(kind: str, name: str = "x") -> Column:
    return Column(name=name, kind=kind, type_name="")


def coloured(kind: str, values: list, *rules: dict, **style) -> list[str | None]:
    """The tone of each value."""
    format_ = Format(highlights=tuple(Highlight(**{"tone": "red", **rule}) for rule in rules), **style)
    return [mark and mark[0] for mark in marks(values, format_, column(kind), today=date(2013, 6, 12))]


@pytest.mark.parametrize(
    ("kind", "values", "rule", "hits"),
    [
        ("number", [1, 2, 3.5, Decimal(4)], {"operator": ">", "value": 2}, [0, 0, 1, 1]),
        ("number", [1, 2, 3], {"operator": ">", "value": "2"}, [0, 0, 1]),
        ("number", [1, 2, 3], {"operator": ">", "value": "many"}, [0, 0, 0]),
        ("number", [1, 2, 3], {"operator": "between", "value": [2, 3]}, [0, 1, 1]),
        ("number", [1, 2, 3], {"operator": "between", "value": [2]}, [0, 0, 0]),
        ("number", [1, None, math.nan], {"operator": "!=", "value": 2}, [1, 0, 0]),
        ("number", [1, 2, 3], {"operator": "in", "value": [1, "3", "x"]}, [1, 0, 1]),
        ("number", [0, None, ""], {"operator": "is empty"}, [0, 1, 1]),
        ("number", [1, 2], {"operator": "contains", "value": "1"}, [0, 0]),
        ("duration", [timedelta(seconds=30), timedelta(hours=1)], {"operator": ">", "value": 60}, [0, 1]),
        ("text", ["Newark", "newcastle", "old"], {"operator": "starts with", "value": "NEW"}, [1, 1, 0]),
        ("text", ["EWR", "ewr", None], {"operator": "=", "value": "EWR"}, [1, 0, 0]),
        ("text", ["a", "b"], {"operator": "=", "value": 1}, [0, 0]),
        ("boolean", [True, False, None], {"operator": "=", "value": True}, [1, 0, 0]),
        ("boolean", [True, False], {"operator": "=", "value": "no"}, [0, 1]),
        ("boolean", [True, False], {"operator": ">", "value": False}, [0, 0]),
        ("date", [date(2013, 6, 1), date(2013, 7, 1)], {"operator": "<", "value": "2013-06-15"}, [1, 0]),
        ("time", [datetime(2013, 6, 1, 23, 59), datetime(2013, 6, 2)], {"operator": "<=", "value": "2013-06-01"}, [1, 0]),
        ("time", [datetime(2013, 6, 1, 9), datetime(2013, 6, 1, 11)], {"operator": ">", "value": "2013-06-01 10:00"}, [0, 1]),
        ("date", [date(2013, 6, 12), date(2013, 5, 13), date(2013, 5, 14)], {"operator": "within", "value": "last 30 days"}, [1, 0, 1]),
        ("date", [date(2013, 5, 1), date(2013, 5, 31), date(2013, 6, 1)], {"operator": "within", "value": "previous month"}, [1, 1, 0]),
        ("date", [date(2013, 4, 1), date(2013, 6, 30), date(2013, 7, 1)], {"operator": "within", "value": "this quarter"}, [1, 1, 0]),
        ("date", [date(2013, 4, 1), date(2013, 3, 31)], {"operator": "within", "value": "last 3 months"}, [1, 0]),
        ("number", [1], {"operator": "within", "value": "today"}, [0]),
    ],
)  # fmt: skip
def test_a_rule_colours_what_it_says(kind, values, rule, hits):
    assert [bool(tone) for tone in coloured(kind, values, rule)] == [bool(hit) for hit in hits]


def test_the_first_rule_that_holds_wins():
    assert coloured(
        "number", [5, 50, 500], {"operator": ">", "value": 100, "tone": "red"}, {"operator": ">", "value": 10, "tone": "amber"}
    ) == [
        None,
        "amber",
        "red",
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operator", OPERATORS)
def test_nothing_that_data_holds_or_a_rule_says_raises(kind, operator):
    for said in (
        None,
        1,
        "x",
        "last 3 days",
        "last 9999 years",
        [1, 2],
        ["a", None],
        [],
        {"a": 1},
        True,
        math.nan,
        "2013-06-01",
        "9999-12-31",
    ):
        rule = Highlight.model_construct(operator=operator, value=said, tone="red", whole_row=False)
        found = marks(HOSTILE, Format.model_construct(**{**Format().__dict__, "highlights": (rule,), "shade": "blue"}), column(kind))
        assert len(found) == len(HOSTILE)


def test_what_is_no_figure_never_meets_a_comparison():
    for operator in ("<", "<=", ">", ">=", "=", "!="):
        assert coloured("number", [None, math.nan, math.inf, 10**400, "x", True], {"operator": operator, "value": 0}) == [None] * 6


def table(names: list[str], kinds: list[str], rows: list[tuple]) -> Table:
    return Table(
        columns=tuple(column(kind, name) for name, kind in zip(names, kinds, strict=True)),
        rows=rows,
        truncated=False,
        elapsed_ms=1,
        read_at=datetime.now(UTC),
        query=Query(source="s", sql="select 1"),
    )


def test_a_shade_is_stronger_where_the_figure_is_higher_and_absent_where_there_is_none():
    found = tones(table(["n"], ["number"], [(0,), (50,), (100,), (None,), (math.nan,)]), {"n": Format(shade="blue")})
    assert found == [[("blue", WEAKEST)], [("blue", pytest.approx((WEAKEST + STRONGEST) / 2))], [("blue", STRONGEST)], None, None]


def test_a_rule_of_a_whole_row_colours_it_but_for_cells_with_a_rule_of_their_own():
    late = Format(highlights=(Highlight(operator=">", value=60, tone="red", whole_row=True),))
    flights = Format(highlights=(Highlight(operator="<", value=5, tone="grey"),), shade="blue")
    found = tones(
        table(["route", "late", "flights"], ["text", "number", "number"], [("a", 90, 3), ("b", 90, 9), ("c", 1, 3)]),
        {"late": late, "flights": flights},
    )
    assert found is not None
    assert found[0] == [("red", RULE), ("red", RULE), ("grey", RULE)]
    assert found[1] == [("red", RULE)] * 3
    assert found[2] == [None, None, ("grey", RULE)]


def test_a_table_without_rules_costs_nothing():
    assert tones(table(["n"], ["number"], [(1,)]), {"n": Format(label="N")}) is None
    assert tones(table(["n"], ["number"], [(1,)]), {"n": Format(shade="red", hidden=True)}) is None


def test_two_columns_of_one_name_are_both_coloured():
    found = tones(
        table(["n", "n"], ["number", "number"], [(1, 9)]), {"n": Format(highlights=(Highlight(operator=">", value=5, tone="red"),))}
    )
    assert found == [[None, ("red", RULE)]]
