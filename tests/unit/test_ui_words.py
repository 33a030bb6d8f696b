"""Small things that pages say: how long ago, which browser, which name."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nexus.sources.spec import Column
from nexus.ui import tables, view_statistics, when
from nexus.ui.forms import slug
from nexus.ui.sessions import browser
from nexus.ui.settings.sections import SECTIONS
from nexus.views import format as written_as

NOW = datetime(2026, 5, 3, 14, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(seconds=60), "1 minute ago"),
        (timedelta(minutes=59, seconds=59), "59 minutes ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(hours=47), "1 day ago"),
        (timedelta(days=7), "7 days ago"),
        (timedelta(days=8), "25 Apr 2026, 14:05"),
    ],
)
def test_how_long_ago_is_said_in_words_and_then_as_a_date(ago, words):
    assert when.since(NOW - ago, now=NOW) == words


def test_what_never_happened_is_said_so():
    assert when.since(None) == "never"
    assert when.moment(None, never="not yet") == "not yet"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0) Version/19.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("curl/8.0", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_named_so_that_people_know_their_own(agent, words):
    assert browser(agent) == words


@pytest.mark.parametrize(
    ("title", "name"), [("Flüge 2013", "fluge-2013"), ("Größe", "grosse"), ("  A--b  ", "a-b"), ("売上", ""), ("x" * 100, "x" * 63)]
)
def test_a_title_suggests_a_name(title, name):
    assert slug(title) == name


def test_every_section_can_be_drawn():
    for section in SECTIONS:
        module = __import__(f"nexus.ui.settings.{section.name}", fromlist=["draw"])
        assert callable(module.draw)


def test_a_number_that_a_browser_cannot_count_stays_as_it_is():
    column = Column(name="big", kind="number", type_name="bigint")
    as_number = tables.column_config(column, tables.PLAIN)
    as_text = tables.column_config(column, tables.PLAIN, as_text=True)
    assert (as_number["type_config"]["type"], as_text["type_config"]["type"]) == ("number", "text")


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([float("nan"), 1.5], ["NaN", "1.5"]),
        ([float("-inf"), None], ["−∞", None]),
        ([Decimal("Infinity"), Decimal("0.10")], ["∞", "0.10"]),
        ([5e-324, 0.0], ["4.94066e−324", "0"]),
        ([1e308, 2.5], ["1.79769e+308".replace("1.79769", "1"), "2.5"]),
        ([2**63, 1], ["9,223,372,036,854,775,808", "1"]),
    ],
    ids=str,
)
def test_a_number_that_a_browser_would_show_wrong_comes_as_the_text_that_people_read(values, written):
    assert tables._array(Column(name="n", kind="number", type_name="numeric"), values).to_pylist() == written


@pytest.mark.parametrize(
    ("values", "step"),
    [
        ([0.0004, 12.5], 1e-6),
        ([0.5, None], None),
        ([Decimal("1.2345"), Decimal("2.0000")], 1e-4),
        ([Decimal("12.3333333333333333")], None),
        ([float("nan"), 0.002], 1e-5),
        ([3, 4], None),
    ],
    ids=str,
)
def test_a_small_fraction_is_never_rounded_to_nothing(values, step):
    column = Column(name="n", kind="number", type_name="numeric")
    shown = tables.column_config(column, tables._with_decimals(column, tables.PLAIN, values))
    assert shown["type_config"]["step"] == step


@pytest.mark.parametrize(
    ("value", "written"), [(2013.0, "2013"), (336_776.53, "336,776.5"), (0.123456, "0.1235"), (1_234_567.0, "1,234,567")]
)
def test_a_mean_keeps_its_whole_digits(value, written):
    assert written_as.text(view_statistics._rounded(value)) == written


@pytest.mark.parametrize(
    ("values", "shown"), [([2013, None], "%d"), ([10_000, 1], "localized"), ([1.5], "localized"), ([None], "localized")]
)
def test_years_read_as_years_in_tables(values, shown):
    column = Column(name="year", kind="number", type_name="integer")
    config = tables.column_config(column, tables.PLAIN, small=tables._small(column, values))
    assert config["type_config"]["format"] == shown
