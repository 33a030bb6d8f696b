"""Values as people read them, the same on screen and on paper."""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from nexus.sources.spec import Column
from nexus.views import format as written
from nexus.views.appearance import Format

SPACE = "\N{NO-BREAK SPACE}"


def number(**style) -> Format:
    return Format(style=style.pop("style", "number"), **style)


@pytest.mark.parametrize(
    ("value", "style", "text"),
    [
        (None, None, "–"),
        (None, number(), "–"),
        (2013, None, "2013"),
        (336776, None, "336,776"),
        (-336776, None, "−336,776"),
        (Decimal("12345678901234567890.123"), None, "12,345,678,901,234,567,890.123"),
        (Decimal("0.10"), None, "0.10"),
        (0.1 + 0.2, None, "0.3"),
        (1e300, None, "1e+300"),
        (-1.5, None, "−1.5"),
        (1234.5, number(), "1,234.5"),
        (1234.0, number(), "1,234"),
        (1234.567, number(decimals=0), "1,235"),
        (1234.5, number(decimals=2, unit="min"), f"1,234.50{SPACE}min"),
        (-0.001, number(decimals=1), "0.0"),
        (0.12, number(style="percent"), f"12{SPACE}%"),
        (0.1234, number(style="percent"), f"12.3{SPACE}%"),
        (0.12, number(style="percent", decimals=1), f"12.0{SPACE}%"),
        (Decimal("0.746"), number(style="percent"), f"74.6{SPACE}%"),
        (1234.5, number(style="currency", unit="€"), f"1,234.50{SPACE}€"),
        (3725, number(style="duration"), "1 h 2 min"),
        (86400 * 3 + 7200, number(style="duration"), "3 d 2 h"),
        (0.25, number(style="duration"), "0.25 s"),
        (-90, number(style="duration"), "−1 min 30 s"),
        (59.999, number(style="duration"), "60 s"),
        (timedelta(minutes=5), None, "5 min"),
        (math.nan, None, "NaN"),
        (math.inf, number(), "∞"),
        (Decimal("-Infinity"), number(style="percent"), "−∞"),
        (Decimal("NaN"), None, "NaN"),
        (Decimal("1e20"), None, "100,000,000,000,000,000,000"),
        (10**20, number(decimals=1), "100,000,000,000,000,000,000.0"),
        (True, None, "yes"),
        (False, None, "no"),
        (date(2013, 6, 1), None, "2013-06-01"),
        (datetime(2013, 6, 1, 9, 5), None, "2013-06-01 09:05"),
        (datetime(2013, 6, 1, 9, 5, 7), None, "2013-06-01 09:05:07"),
        (datetime(2013, 6, 1), Format(style="date"), "2013-06-01"),
        (time(9, 5), None, "09:05"),
        ([1, None, "x"], None, "{1, –, x}"),
        ({"a": [1, "ñ"]}, None, '{"a": [1, "ñ"]}'),
        (b"\x00\xff", None, "\\x00ff"),
        (memoryview(b"\x01" * 20), None, "\\x" + "01" * 16 + "… (20 bytes)"),
        ("Grüße aus 東京, ñandú", None, "Grüße aus 東京, ñandú"),
        ("<b>&amp;", None, "<b>&amp;"),
    ],
)
def test_a_value_reads_as_people_write_it(value, style, text):
    assert written.text(value, style) == text


def test_a_moment_is_shown_in_the_readers_zone_and_a_local_time_as_it_stands():
    moment = datetime(2013, 6, 1, 12, 0, tzinfo=UTC)
    assert written.text(moment, zone=ZoneInfo("Asia/Tokyo")) == "2013-06-01 21:00"
    assert written.text(moment.replace(tzinfo=None), zone=ZoneInfo("Asia/Tokyo")) == "2013-06-01 12:00"


def test_figures_stand_at_the_right_and_names_at_the_left():
    def column(kind):
        return Column(name="x", kind=kind, type_name="")

    assert [written.align(column(kind)) for kind in ("number", "duration", "text", "date", "boolean")] == [
        "right",
        "right",
        "left",
        "left",
        "center",
    ]


def test_a_column_is_called_by_its_label_or_its_own_name():
    column = Column(name="dep_delay", kind="number", type_name="integer")
    assert written.label(column, Format(label="Delay")) == "Delay"
    assert written.label(column, Format()) == "dep_delay"
    assert written.label(column) == "dep_delay"


@pytest.mark.parametrize("value", [10**400, Decimal("1e5000"), Decimal("-1e-400"), -(10**400)])
@pytest.mark.parametrize("style", ["plain", "number", "percent", "currency"])
def test_a_figure_larger_than_any_float_is_still_text(value, style):
    assert written.text(value, Format(style=style)).lstrip("−")[0].isdigit()


def test_whole_numbers_of_a_column_are_written_alike():
    def column(values, style=None):
        return [written.text(value, written.alike(values, style)) for value in values]

    assert column([1268, None, 14651]) == ["1,268", "–", "14,651"]
    assert column([2012, 2013]) == ["2012", "2013"], "years"
    assert column([1268, 14651], Format(unit="kg")) == [f"1,268{SPACE}kg", f"14,651{SPACE}kg"]
    assert column([Decimal(1268), 14651.0]) == ["1,268", "14,651"]
    assert column([Decimal("1268.00"), Decimal("14651.00")]) == ["1268.00", "14,651.00"]
    assert column([1268, 14651.5]) == ["1268", "14,651.5"]
    assert column([1268, 14651], number(style="duration")) == [
        written.text(1268, number(style="duration")),
        written.text(14651, number(style="duration")),
    ]
    assert column([True, 20_000]) == ["yes", "20,000"]
