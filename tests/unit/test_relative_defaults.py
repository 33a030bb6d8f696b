"""Defaults in words: they move on with the day, and the day is the reader's."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from nexus.views import values as typed
from nexus.views.parameter import DateParameter, DateRangeParameter, Parameter
from nexus.views.period import days_of

SPAN = DateRangeParameter(name="period", default="last 30 days")
READ = TypeAdapter(Parameter)


def test_the_default_is_of_today():
    first, last = typed.default(SPAN)
    assert last == datetime.now(UTC).date()
    assert (last - first).days == 29
    assert typed.default(DateParameter(name="day", default="this month")) == last.replace(day=1)


def test_today_is_the_day_where_it_is_read():
    with typed.in_zone(ZoneInfo("Pacific/Kiritimati")):
        early = typed.today()
    with typed.in_zone(ZoneInfo("Etc/GMT+12")):
        late = typed.today()
    assert (early - late).days in (1, 2)


def test_an_address_keeps_the_words_and_a_link_for_others_the_days():
    values = typed.parse([SPAN], {})
    assert typed.unparse([SPAN], values) == {}
    first, last = values["period"]
    assert typed.unparse([SPAN], values, for_good=True) == {"period": [f"{first}..{last}"]}


@pytest.mark.parametrize("given", ["last 30 days", ["2013-06-01", "2013-08-31"], None])
def test_words_and_days_come_out_of_yaml_as_they_went_in(given):
    read = READ.validate_python({"type": "date_range", "name": "period", "default": given})
    assert READ.validate_json(read.model_dump_json()) == read
    assert read.model_dump(mode="json")["default"] == given


@pytest.mark.parametrize("given", ["last 30 moons", "'; drop table t; --", "2013-06-01", "last 30 days\n"])
def test_other_words_are_refused(given):
    with pytest.raises(ValidationError):
        READ.validate_python({"type": "date_range", "name": "period", "default": given})


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ("last 3 months", date(2026, 3, 1), date(2026, 5, 31)),
        ("last 2 weeks", date(2026, 5, 4), date(2026, 5, 17)),
        ("next 7 days", date(2026, 5, 13), date(2026, 5, 19)),
        ("next 2 quarters", date(2026, 4, 1), date(2026, 9, 30)),
        ("previous month", date(2026, 4, 1), date(2026, 4, 30)),
        ("year to date", date(2026, 1, 1), date(2026, 5, 13)),
        ("last 9999 years", date.min, date(2026, 12, 31)),
    ],
)
def test_periods_are_whole_and_hold_today(words, first, last):
    assert days_of(words, date(2026, 5, 13)) == (first, last)
