"""What was compiled before is used again only where it would come out the same."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from nexus.errors import BadInput
from nexus.sources.catalog import CatalogTable
from nexus.views import values as typed
from nexus.views.compile import compile
from nexus.views.remembered import Remembered
from nexus.views.spec import View

JOINED = {
    "kind": "table",
    "schema": "sample",
    "table": "flights",
    "joins": [{"schema": "sample", "table": "planes", "on": [{"column": "tailnum", "equals": "tailnum"}]}],
}
PLANES = CatalogTable("sample", "planes", "table", "", 10, written='[[["tailnum", "text", 25, "S", false, null]]]')


def view(filters: list[dict], parameters: list[dict] | None = None) -> View:
    question = {"kind": "table", "schema": "sample", "table": "flights", "filters": filters}
    return View(name="flights", title="Flights", source="sample", question=question, parameters=parameters or [])


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (1, "1"), ("a", "b")])
def test_values_that_look_alike_are_told_apart(one, other):
    texts = [compile(view([{"column": "x", "operator": "=", "value": value}]), {}) for value in (one, other, one)]
    assert [type(value) for asked in texts for value in asked.parameters.values()] == [type(one), type(other), type(one)]
    assert texts[0] == texts[2]


def test_an_emptied_parameter_drops_its_filter_and_comes_back():
    asked = view([{"column": "dest", "operator": "=", "parameter": "dest"}], [{"name": "dest", "type": "text"}])
    assert "WHERE" in compile(asked, {"dest": "LAX"}).sql
    assert "WHERE" not in compile(asked, {"dest": ""}).sql
    assert compile(asked, {"dest": "LAX"}).parameters != compile(asked, {"dest": "SFO"}).parameters


def test_the_last_days_are_those_of_the_zone():
    asked = view(
        [{"column": "day", "operator": "between", "parameter": "period"}],
        [{"name": "period", "type": "date_range", "default": "last 7 days"}],
    )
    found = []
    # It is never the same day in both.
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        with typed.in_zone(ZoneInfo(zone)):
            found.append(compile(asked, {}).parameters)
    assert found[0] != found[1]


def test_a_column_that_came_to_a_joined_table_is_read():
    asked = View(name="flights", title="Flights", source="sample", question=JOINED)
    known = {"planes": PLANES, "flights": replace(PLANES, name="flights")}
    before = compile(asked, {}, lookup=lambda _schema, name: known[name])
    assert compile(asked, {}, lookup=lambda _schema, name: known[name]) == before
    wider = '[[["tailnum", "text", 25, "S", false, null], ["seats", "integer", 23, "N", true, null]]]'
    known["planes"] = replace(PLANES, written=wider)
    assert "seats" in compile(asked, {}, lookup=lambda _schema, name: known[name]).sql
    assert "seats" not in before.sql


def test_the_values_that_come_back_are_ones_own():
    asked = view([{"column": "x", "operator": "=", "value": "mine"}])
    compile(asked, {}).parameters.clear()
    assert list(compile(asked, {}).parameters.values()) == ["mine"]


def test_what_was_used_longest_ago_goes_first_and_errors_are_never_kept():
    kept, made = Remembered[str](most=2, seconds=60), []

    def ask(name: str) -> str:
        def make() -> str:
            made.append(name)
            if name == "wrong":
                raise BadInput
            return name

        return kept.ask(view([]), {}, name, make=make, holds=lambda _kept: True)

    for name in ("a", "b", "a", "c", "a", "b"):
        assert ask(name) == name
    assert made == ["a", "b", "c", "b"]
    for _ in range(2):
        with pytest.raises(BadInput):
            ask("wrong")
    assert made[-2:] == ["wrong", "wrong"]


def test_what_no_longer_holds_or_grew_old_is_made_anew():
    kept, made = Remembered[int](most=2, seconds=60), []
    make = lambda: made.append(1) or len(made)  # noqa: E731
    assert [kept.ask(view([]), {}, make=make, holds=lambda one: one != 1) for _ in range(3)] == [1, 2, 2]
    assert kept.ask(view([]), {}, make=make, holds=lambda _one: True, fresh=True) == 3
    old = Remembered[int](most=2, seconds=-1)
    assert [old.ask(view([]), {}, make=make, holds=lambda _one: True) for _ in range(2)] == [4, 5]
