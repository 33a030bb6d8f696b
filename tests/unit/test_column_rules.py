"""Which rule holds for a column of a source."""

import pytest

from nexus.sources.rules import ColumnRule, Ruled, among, strictest
from nexus.sources.spec import Source


def source(*rules) -> Source:
    return Source(name="shop", title="Shop", rules=[ColumnRule.model_validate(rule) for rule in rules])


def rule(source, name) -> str:
    schema, table, column = name.split(".")
    return among(source.rules, schema=schema, table=table, column=column).rule


def test_a_column_without_a_rule_is_sent():
    assert rule(source(), "shop.people.email") == "send"
    assert rule(source({"table": "orders", "column": "*", "rule": "never"}), "shop.people.email") == "send"


@pytest.mark.parametrize(
    ("written", "name", "fits"),
    [
        ({"column": "email"}, "shop.people.email", True),
        ({"column": "email"}, "shop.people.EMail", True),
        ({"column": "email"}, "shop.people.email2", False),
        ({"column": "*mail*"}, "shop.people.work_email_address", True),
        ({"column": "e?ail"}, "shop.people.email", True),
        ({"column": "e[m]ail"}, "shop.people.email", False),
        ({"column": "a.b"}, "shop.people.axb", False),
        ({"schema": "crm", "column": "email"}, "shop.people.email", False),
        ({"schema": "s*", "table": "pe*", "column": "*"}, "shop.people.email", True),
        ({"column": "*a" * 30}, "shop.people." + "a" * 62 + "b", False),
    ],
)
def test_a_rule_holds_for_the_names_that_fit_it(written, name, fits):
    assert rule(source(written | {"rule": "never"}), name) == ("never" if fits else "send")


def test_the_strictest_rule_wins_whatever_their_order():
    rules = [{"column": "email", "rule": one} for one in ("mask", "never", "send", "aggregate only")]
    assert rule(source(*rules), "shop.people.email") == "never"
    assert rule(source(*reversed(rules)), "shop.people.email") == "never"
    assert strictest(Ruled(rule="mask", because="a"), Ruled(rule="mask", because="b")).because == "a"


def test_a_source_without_rules_reads_as_before():
    assert Source.model_validate({"name": "shop", "title": "Shop"}).rules == ()
    kept = source({"schema": "shop", "column": "email", "rule": "mask"}).model_dump(mode="json")
    assert kept["rules"] == [{"schema": "shop", "table": "*", "column": "email", "rule": "mask"}]
    assert Source.model_validate(kept).rules[0].db_schema == "shop"
