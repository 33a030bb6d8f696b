"""Parameters meet what people, addresses and forged forms give them."""

from datetime import date, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from nexus.errors import BadInput
from nexus.views import values
from nexus.views.parameter import Parameter

PERIOD = {"name": "period", "type": "date_range", "label": "Date", "default": ("2013-06-01", "2013-08-31")}
ORIGIN = {"name": "origin", "type": "multiple_choice", "choices": {"values": ("EWR", "JFK", "LGA")}}
CARRIER = {"name": "carrier", "type": "choice", "choices": {"view": "carriers", "column": "carrier"}}
MINIMUM = {"name": "minimum", "type": "number", "default": 10, "minimum": 0, "maximum": 500}
DEST = {"name": "dest", "type": "text"}
DAY = {"name": "day", "type": "date"}
LATE = {"name": "late", "type": "boolean"}
ALL: tuple[Parameter, ...] = TypeAdapter(tuple[Parameter, ...]).validate_python([PERIOD, ORIGIN, CARRIER, MINIMUM, DEST, DAY, LATE])


def test_an_empty_address_means_the_defaults():
    assert values.parse(ALL, {}) == {
        "period": (date(2013, 6, 1), date(2013, 8, 31)),
        "origin": (),
        "carrier": None,
        "minimum": 10,
        "dest": None,
        "day": None,
        "late": None,
    }


def test_every_kind_of_value_survives_the_way_into_an_address_and_back():
    given = {
        "period": (date(2013, 1, 1), date(2013, 12, 31)),
        "origin": ("JFK", "EWR"),
        "carrier": "UA",
        "minimum": 0.5,
        "dest": "ünï & '%s' {{ }} :x 東京",
        "day": date(2013, 2, 28),
        "late": False,
    }
    assert values.parse(ALL, values.unparse(ALL, given)) == given


def test_only_what_differs_from_the_default_stands_in_the_address():
    assert values.unparse(ALL, values.parse(ALL, {})) == {}
    assert values.unparse(ALL, {"minimum": 10.0, "origin": []}) == {}


def test_clearing_a_filter_that_has_a_default_survives_the_address():
    assert values.unparse(ALL, {"period": None, "minimum": None}) == {"period": [""], "minimum": [""]}
    cleared = values.parse(ALL, {"period": [""], "minimum": [""]})
    assert (cleared["period"], cleared["minimum"]) == (None, None)


def test_keys_of_the_page_itself_are_left_alone():
    assert "utm_source" not in values.parse(ALL, {"utm_source": ["x"], "name": ["delays"]})


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("minimum", ["NaN"]),
        ("minimum", ["inf"]),
        ("minimum", ["1e400"]),
        ("minimum", ["9223372036854775808"]),
        ("minimum", ["9" * 5000]),
        ("minimum", ["1_000"]),
        ("minimum", ["１２"]),
        ("minimum", ["-1"]),
        ("minimum", ["501"]),
        ("minimum", ["1", "2"]),
        ("day", ["0000-01-01"]),
        ("day", ["9999-12-31"]),
        ("day", ["2013-02-30"]),
        ("day", ["20130201"]),
        ("period", ["2013-06-01"]),
        ("period", ["2013-06-01..0000-01-01"]),
        ("period", ["2013-06-01..9999-01-01"]),
        ("period", ["2013-08-31..2013-06-01"]),
        ("period", [".."]),
        ("origin", ["EWR", "XXX"]),
        ("origin", ["EWR' or '1'='1"]),
        ("carrier", ["UA", "AA"]),
        ("carrier", ["x" * 1001]),
        ("dest", ["a\x00b"]),
        ("dest", ["\ud800"]),
        ("late", ["yes"]),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_the_name_of_its_parameter(name, texts):
    with pytest.raises(BadInput, match=f"`{name}`"):
        values.parse(ALL, {name: texts})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("minimum", float("nan")),
        ("minimum", float("inf")),
        ("minimum", True),
        ("minimum", "5"),
        ("minimum", [5]),
        ("minimum", 2**63),
        ("dest", ["a"]),
        ("dest", {"a": 1}),
        ("carrier", 7),
        ("day", datetime(2013, 1, 1)),
        ("day", date(9999, 1, 1)),
        ("period", date(2013, 1, 1)),
        ("period", (date(2013, 1, 1),)),
        ("origin", "EWR"),
        ("origin", ("EWR", 5)),
        ("origin", ["EWR"] * 1001),
        ("late", 1),
    ],
)
def test_a_forged_value_is_refused_by_the_name_of_its_parameter(name, value):
    with pytest.raises(BadInput, match=f"`{name}`"):
        values.check(ALL, {name: value})


def test_a_parameter_that_is_not_there_is_refused():
    with pytest.raises(BadInput, match="`other`"):
        values.check(ALL, {"other": 1})


def test_an_address_with_ten_thousand_keys_is_refused():
    with pytest.raises(BadInput, match="10,000"):
        values.parse(ALL, {f"k{number}": ["x"] for number in range(10_000)})


def test_filters_read_as_sentences_for_the_head_of_a_pdf():
    chosen = values.parse(ALL, {"origin": ["EWR", "JFK"], "late": ["true"]})
    described = dict(values.describe(ALL, chosen))
    assert described["Date"] == "1 Jun 2013 – 31 Aug 2013"
    assert described["Origin"] == "EWR, JFK"
    assert described["Carrier"] == "all"
    assert described["Minimum"] == "10"
    assert described["Late"] == "yes"


@pytest.mark.parametrize("name", ["name", "paper", "embed", "Origin", "1st", "a b"])
def test_a_parameter_cannot_take_a_name_that_addresses_or_sql_cannot_carry(name):
    with pytest.raises(ValidationError):
        TypeAdapter(Parameter).validate_python({"name": name, "type": "text"})
