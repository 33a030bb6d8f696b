"""Addresses that no page gave: forged, huge, repeated or another's. The page says so in a sentence, or shows what it can."""

import json

import pytest

from tests.pages.conftest import shown

HUGE = "9" * 400
FORGED = {
    "order by nothing there": {"g.order": "nothing,-secret; drop table x"},
    "order of 10,000": {"g.order": ",".join(f"c{n}" for n in range(10_000))},
    "order of signs": {"g.order": "\\,-,\\\\,,-"},
    "filters that are no JSON": {"g.where": "[{"},
    "filters nested": {"g.where": "[" * 7_000},
    "filters by nothing there": {"g.where": json.dumps([{"column": "nothing", "value": 1}])},
    "filters with NaN": {"g.where": '[{"column":"flights","operator":">","value":NaN}]'},
    "filters with a huge number": {"g.where": f'[{{"column":"flights","operator":">","value":{HUGE}}}]'},
    "filters with a list": {"g.where": '[{"column":"flights","operator":"=","value":[1,2]}]'},
    "filters with NUL": {"g.where": json.dumps([{"column": "day", "operator": "contains", "value": "\0"}])},
    "filters with half a character": {"g.where": json.dumps([{"column": "day", "operator": "contains", "value": "\ud800"}])},
    "filters by a parameter": {"g.where": json.dumps([{"column": "day", "parameter": "period"}])},
    "filters off": {"g.where": json.dumps([{"match": "none", "filters": []}])},
    "a page that is none": {"g.after": "bnVsbA"},
    "a page before NUL": {"g.before": "\0"},
    "a page of megabytes": {"g.after": "W" * 100_000},
    "all pages at once": {"g.after": "x", "g.before": "y", "g.last": "1", "g.at": "z"},
    "from a value on": {"g.order": "flights", "g.at": HUGE},
    "from NUL on": {"g.order": "flights", "g.at": "\0"},
    "hidden: everything": {"g.hide": "day,flights,cancelled," + "x," * 5_000},
    "a size of nothing": {"g.size": "-1"},
    "a size of millions": {"g.size": "99999999999999999999"},
    "a row that is none": {"g.row": "WzFd"},
    "a row of NUL": {"g.row": ".\0"},
    "a column of nothing": {"show": "Statistics", "g.column": "<b>x</b>"},
    "a tab that is none": {"show": "Everything"},
    "chart of nothing": {"show": "Chart", "g.where": json.dumps([{"column": "day", "operator": "=", "value": "2999-01-01"}])},
    "as somebody else": {"as": "1"},
    "as nobody": {"as": HUGE},
    "a span that is none": {"period": "2013-02-30.."},
    "a span of years": {"period": "0000-00-00..99999-01-01"},
    "a relative span": {"period": "last 99999999999 days"},
    "a relative span that is none": {"period": "last -1 days"},
    "a span of NUL": {"period": "\0"},
    "an unknown parameter": {"p" * 2_000: "1"},
    "a version": {"version": "-1", "edit": "0"},
}  # fmt: skip
OTHERS = [
    ("view", {"name": "'; drop table nexus.views; --"}),
    ("view", {"name": "\0"}),
    ("view", {"name": "x" * 10_000}),
    ("view", {"new": "table", "source": "sample", "schema": "pg_catalog", "table": "pg_authid"}),
    ("view", {"new": "table", "source": "\0", "schema": "nexus", "table": "users"}),
    ("view", {"new": "sql", "source": "sample", "schema": 'x"; drop schema sample; --', "table": "\ufffd"}),
    ("view", {"new": "sql", "draft": "../../etc/passwd"}),
    ("view", {"new": "anything", "draft": "00000000"}),
    ("table", {"source": "sample", "schema": "nexus", "table": "users"}),
    ("table", {"source": "nobody", "schema": "\0", "table": "x" * 5_000}),
    ("bring", {"upload": "1", "source": "sample"}),
    ("bring", {"upload": HUGE}),
    ("bring", {"upload": "\0"}),
    ("data", {"q": "\0%_\\" + "x" * 5_000, "list": "Nothing", "source": "\0"}),
    ("dashboard", {"name": "\0", "period": "\0"}),
]


def mistakes(app) -> list[str]:
    return [str(one.value) for one in app.exception] + [line for line in shown(app).splitlines() if "made a mistake" in line]


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_address_of_a_view_is_a_sentence_or_is_left_out(sample, visit, viewer, forged):
    app = visit("view", viewer, name="days", **FORGED[forged])
    assert mistakes(app) == []
    assert "Traceback" not in shown(app)


@pytest.mark.parametrize(("page", "query"), OTHERS, ids=lambda value: value if isinstance(value, str) else "")
def test_a_forged_address_of_any_page_is_a_sentence(sample, visit, analyst, page, query):
    app = visit(page, analyst, **query)
    assert mistakes(app) == []
    assert "hash" not in shown(app), "of people's passwords"
