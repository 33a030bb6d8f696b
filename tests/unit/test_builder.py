"""The builder's form as a question, in words, and with what it offers."""

import json

import pytest

from nexus.sources.catalog import CatalogTable, ForeignKey
from nexus.ui.builder import fitting, items, reach, tables, words
from nexus.ui.builder.filters import BY_KIND, OTHERS, PERIODS
from nexus.views.question import PERIOD, Filter, TableQuestion

HALF_DONE = {
    "kind": "table",
    "schema": "sample",
    "table": "flights",
    "shape": "group",
    "joins": [{"id": "1", "table": "weather", "schema": "sample", "on": [{"id": "2", "column": "origin"}]}],
    "filters": [
        {"id": "3", "column": "arr_delay", "operator": ">", "value": 180},
        {"id": "4", "column": "dest", "operator": "in", "value": []},
        {"id": "5", "match": "any", "filters": [{"id": "6"}]},
    ],
    "columns": [{"id": "7", "aggregate": "share where", "where": [{"id": "8"}]}, {"id": "9", "aggregate": "count"}],
    "order": [{"id": "10", "descending": True}],
}


def test_what_is_half_done_is_left_out_of_the_preview_and_named_when_saving():
    asked = items.question_of(HALF_DONE)
    assert asked == {
        "kind": "table",
        "schema": "sample",
        "table": "flights",
        "filters": [{"column": "arr_delay", "operator": ">", "value": 180}],
        "columns": [{"aggregate": "count"}],
    }
    TableQuestion.model_validate(asked)
    assert items.unfinished(HALF_DONE) == [
        "Filters: `dest` has no value yet.",
        "Joins: `weather` has no pair of columns yet.",
        "Columns: `share where` has no condition yet.",
    ]


def test_a_step_is_previewed_without_what_comes_after_it():
    assert "columns" not in items.question_of(HALF_DONE, upto="filters")
    assert "filters" not in items.question_of(HALF_DONE, upto="joins")


@pytest.mark.parametrize("kind", [*BY_KIND, "other"])
def test_every_operator_that_is_offered_has_words_and_is_one_of_the_spec(kind):
    for operator in BY_KIND.get(kind, OTHERS):
        assert words.OPERATORS[operator]
        value = {"in": [1], "between": [1, 2], "within": "today", "is empty": None, "is not empty": None}.get(operator, 1)
        Filter.model_validate({"column": "x", "operator": operator, "value": value})


def test_every_period_that_is_offered_is_one_of_the_spec():
    assert all(PERIOD.fullmatch(period) for period in PERIODS)


def test_closed_cards_say_what_they_hold():
    nested = [
        {"column": "arr_delay", "operator": ">", "value": 180},
        {
            "match": "any",
            "filters": [
                {"column": "temp", "of": "weather", "operator": "is empty"},
                {"column": "origin", "operator": "in", "value": ["JFK"]},
            ],
        },
        {"column": "dest", "operator": "=", "value": "ORD", "off": True},
    ]
    assert words.conditions(nested) == "arr_delay is more than 180 and (any of weather.temp is empty; origin is one of JFK)"
    form = {
        "table": "flights",
        "columns": [
            {"column": "carrier"},
            {"column": "time_hour", "grain": "month", "name": "month"},
            {"column": "arr_delay", "aggregate": "median"},
        ],
        "top": {"count": 5, "column": "carrier", "by": "arr_delay_median"},
    }
    assert words.columns(form) == "median of arr_delay by carrier, time_hour by month; top 5 of carrier by arr_delay_median"
    assert words.title(form).startswith("Flights: median of arr_delay by carrier")


def _table(name: str, columns: list[str], key: tuple[str, ...], keys: list[ForeignKey] = []) -> CatalogTable:  # noqa: B006 - read only
    written = [[column, "integer", 23, "N", True, None] for column in columns]
    outside = [[one.name, list(one.columns), one.schema, one.table, list(one.other_columns)] for one in keys]

    return CatalogTable(
        schema="s", name=name, kind="table", comment="", estimated_rows=1, primary_key=key, written=json.dumps([written, outside])
    )


def test_joins_are_offered_along_keys_and_to_tables_whose_whole_key_is_there():
    flights = _table("flights", ["origin", "hour", "carrier", "id"], ("id",), [ForeignKey("fk", ("carrier",), "s", "airlines", ("code",))])
    others = [
        _table("airlines", ["code"], ("code",)),
        _table("weather", ["origin", "hour", "temp"], ("origin", "hour")),
        _table("half", ["origin", "day"], ("origin", "day")),
        _table("notes", ["id"], ("id",)),
    ]
    known = {f"s.{table.name}": table for table in (flights, *others)}
    form = {"schema": "s", "table": "flights"}
    assert [offer.words for offer in tables.offers(form, known)] == ["airlines on carrier = code", "weather on origin and hour"]
    form["joins"] = [
        {"schema": "s", "table": "weather", "on": [{"column": "origin", "equals": "origin"}, {"column": "hour", "equals": "hour"}]}
    ]
    assert [offer.words for offer in tables.offers(form, known)] == ["airlines on carrier = code"]
    assert ("weather", "temp") in reach.of_tables(form, known)


@pytest.mark.parametrize(
    ("columns", "chart"),
    [
        ([{"aggregate": "count"}], {"kind": "big number", "y": ["count"]}),
        ([{"column": "day", "grain": "month"}, {"aggregate": "count"}], {"kind": "line", "x": "day", "y": ["count"]}),
        ([{"column": "carrier"}, {"aggregate": "count"}], {"kind": "bar", "x": "carrier", "y": ["count"]}),
        (
            [{"column": "carrier"}, {"column": "day", "grain": "month"}, {"aggregate": "count"}],
            {"kind": "line", "x": "day", "y": ["count"], "color": "carrier"},
        ),
        (
            [{"column": "day", "grain": "day of week"}, {"column": "origin"}, {"aggregate": "count"}],
            {"kind": "heatmap", "x": "day", "row": "origin", "y": ["count"]},
        ),
    ],
)
def test_the_chart_follows_the_groups(columns, chart):
    assert fitting.propose_chart({"columns": columns}, None) == chart


def test_a_format_that_only_fitted_the_former_grain_goes_with_it_and_ones_own_stays():
    column = {"id": "1", "column": "day", "grain": "day of week", "name": "day"}
    content = {"question": {"columns": [column]}, "formats": {"other": {"label": "Mine"}}}
    for grain, style in (("day of week", {"style": "weekday"}), ("month of year", {"style": "month"}), ("year", None)):
        before = {"1": fitting.style_of(column)}
        column["grain"] = grain
        fitting.suit_formats(content, before)
        assert content["formats"].get("day") == style
    content["formats"]["day"] = {"style": "weekday"}  # chosen by a person
    fitting.suit_formats(content, {"1": None})
    assert content["formats"] == {"other": {"label": "Mine"}, "day": {"style": "weekday"}}
