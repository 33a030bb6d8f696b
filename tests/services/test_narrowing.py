"""Filters over columns, and what is clicked in one panel: the others show the rows that fit, and nothing typed becomes SQL."""

from typing import Any

import pytest

from nexus.dashboards import picks as picking
from nexus.dashboards import service as dashboards
from nexus.dashboards.narrowing import Contradiction
from nexus.dashboards.picks import Pick
from nexus.dashboards.service import PanelBroken, PanelWaits
from nexus.dashboards.spec import Dashboard
from nexus.db import session as own
from nexus.errors import BadInput, NexusError
from nexus.views import offered
from nexus.views import service as views
from nexus.views import values as typed
from nexus.views.spec import View

ROWS = """select * from (values
    (1, 'AA', 'O''Hare', true, date '2013-06-01', timestamptz '2013-06-01 10:30:00+00', 1.5),
    (2, 'AA', '100%', false, date '2013-06-02', timestamptz '2013-06-02 00:00:00+00', 2.0),
    (3, 'UA', 'a_b', null, date '2013-07-01', timestamptz '2013-07-01 23:59:59+00', 3.25),
    (4, null, '=1+1', true, null, null, null)
) t (id, carrier, name, late, day, at, delay)"""
FILTERS = [
    {"name": "words", "type": "text"},
    {"name": "amount", "type": "number"},
    {"name": "yes", "type": "boolean"},
    {"name": "on", "type": "date"},
    {"name": "period", "type": "date_range"},
    {"name": "one", "type": "choice", "choices": {"values": ["AA", "UA", "DL"]}},
    {"name": "several", "type": "multiple_choice", "choices": {"values": ["AA", "UA", "DL"]}},
]


def view(name: str, sql: str, **more: Any) -> View:
    return View(name=name, title=name.title(), source="sample", question={"kind": "sql", "sql": sql}, **more)


@pytest.fixture
def keep(sample_database, admin):
    """Saves views and a dashboard, and opens it."""

    def make(panels: list[dict[str, Any]], *, filters: Any = FILTERS, more: tuple[View, ...] = (), reader=admin):
        with own.transaction() as session:
            for one in (view("rows", ROWS), *more):
                views.save_view(session, user=admin, view=one)
            made = Dashboard(name="board", title="Board", filters=filters, panels=[{"kind": "table", **panel} for panel in panels])
            dashboards.save_dashboard(session, user=admin, dashboard=made)
        with own.transaction() as session:
            return dashboards.open_dashboard(session, reader=reader, name="board")

    return make


def ids(opened, admin, *, panel: str = "p", picks: Any = (), **values: Any) -> list[int]:
    one = next(one for one in opened.dashboard.panels if one.name == panel)
    checked = typed.check(opened.dashboard.filters, values)
    return sorted(dashboards.ask_panel(opened, one, reader=admin, values=checked, picks=picks).values("id"))


@pytest.mark.parametrize(
    ("column", "text", "found"),
    [
        ("name", {"words": "hare"}, [1]),
        ("id", {"amount": "2"}, [2]),
        ("delay", {"amount": "3.25"}, [3]),
        ("late", {"yes": "true"}, [1, 4]),
        ("late", {"yes": "false"}, [2]),
        ("day", {"on": "2013-06-02"}, [2]),
        ("at", {"on": "2013-07-01"}, [3]),
        ("day", {"period": "2013-06-01..2013-06-30"}, [1, 2]),
        ("at", {"period": "2013-06-02..2013-07-01"}, [3]),  # a day of the source's zone, New York's
        ("carrier", {"one": "UA"}, [3]),
        ("carrier", {"several": ["UA", "AA"]}, [1, 2, 3]),
        ("carrier", {}, [1, 2, 3, 4]),
    ],
)
def test_a_filter_of_every_type_narrows_a_column(keep, admin, column, text, found):
    name = next(iter(text), "several")
    opened = keep([{"name": "p", "view": "rows", "filtered": {column: name}}])
    given = {key: [said] if isinstance(said, str) else said for key, said in text.items()}
    assert ids(opened, admin, **typed.parse(opened.dashboard.filters, given)) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [("'", [1]), ("%", [2]), ("_", [3]), ("%s", []), ("{{ 1 }}", []), (":id", []), ("' or '1'='1", []), ("\\", []), ("=1", [4])],
)
def test_a_hostile_text_is_only_looked_for(keep, admin, words, found):
    opened = keep([{"name": "p", "view": "rows", "filtered": {"name": "words"}}])
    assert ids(opened, admin, words=words) == found


@pytest.mark.parametrize(
    ("column", "name", "text", "found"), [("id", "words", "1", [1]), ("id", "amount", "1e18", []), ("at", "words", "2013-07", [3])]
)
def test_a_filter_is_compared_with_a_column_of_another_type_where_that_says_something(keep, admin, column, name, text, found):
    opened = keep([{"name": "p", "view": "rows", "filtered": {column: name}}])
    assert ids(opened, admin, **typed.parse(opened.dashboard.filters, {name: [text]})) == found


@pytest.mark.parametrize(
    ("column", "name", "text"), [("delay", "period", "2013-06-01..2013-06-02"), ("at", "one", "AA"), ("id", "one", "AA")]
)
def test_a_filter_that_no_value_of_the_column_can_be_is_said_in_a_sentence(keep, admin, column, name, text):
    opened = keep([{"name": "p", "view": "rows", "filtered": {column: name}}])
    with pytest.raises(BadInput, match=f"(?s)`{column}`.*"):
        ids(opened, admin, **typed.parse(opened.dashboard.filters, {name: [text]}))


def test_a_column_that_the_view_does_not_return_breaks_that_panel_alone(keep, admin):
    opened = keep([{"name": "p", "view": "rows", "filtered": {"gone": "words"}}, {"name": "q", "view": "rows"}])
    with pytest.raises(PanelBroken, match="`gone`"):
        ids(opened, admin, words="x")
    assert ids(opened, admin, panel="q", words="x") == [1, 2, 3, 4]


def test_a_filter_that_no_dashboard_has_is_refused_when_it_is_saved(keep):
    with pytest.raises(BadInput, match="there is no filter `several_`; did you mean `several`"):
        keep([{"name": "p", "view": "rows", "filtered": {"carrier": "several_"}}])


def test_a_required_filter_keeps_its_panels_waiting_and_no_others(keep, admin):
    filters = [{"name": "several", "label": "Airline", "type": "multiple_choice", "required": True, "choices": {"values": ["AA", "UA"]}}]
    opened = keep([{"name": "p", "view": "rows", "filtered": {"carrier": "several"}}, {"name": "q", "view": "rows"}], filters=filters)
    with pytest.raises(PanelWaits, match="Choose “Airline”"):
        ids(opened, admin)
    assert ids(opened, admin, panel="q") == [1, 2, 3, 4]
    assert ids(opened, admin, several=("UA",)) == [3]


def pick(panel: str, *points: dict[str, Any]) -> Pick:
    return Pick(panel=panel, points=points)


def test_what_is_clicked_narrows_every_panel_that_has_the_column_but_its_own(keep, admin):
    other = view("days", "select 7 as id, date '2013-06-01' as day")
    opened = keep([{"name": "p", "view": "rows"}, {"name": "q", "view": "rows"}, {"name": "d", "view": "days"}], more=(other,))
    clicked = (pick("p", {"carrier": "AA"}),)
    assert ids(opened, admin, panel="q", picks=clicked) == [1, 2]
    assert ids(opened, admin, panel="p", picks=clicked) == [1, 2, 3, 4]
    assert ids(opened, admin, panel="d", picks=clicked) == [7]


def test_several_picks_hold_together_and_several_points_of_one_each(keep, admin):
    opened = keep([{"name": name, "view": "rows"} for name in ("p", "q", "r")])
    two = (pick("q", {"carrier": "AA"}, {"carrier": None}), pick("r", {"late": True}))
    assert ids(opened, admin, picks=two) == [1, 4]
    assert ids(opened, admin, picks=(pick("q", {"carrier": "AA", "late": True}, {"carrier": "UA", "late": None}),)) == [1, 3]


@pytest.mark.parametrize(
    ("point", "found"),
    [
        ({"day": "2013-06-01"}, [1]),
        ({"at": "2013-06-02T00:00:00+00:00"}, [2]),
        ({"delay": "3.25"}, [3]),
        ({"delay": 1.5}, [1]),
        ({"name": "' or true --"}, []),
        ({"name": "100%"}, [2]),
        ({"late": None, "id": 3}, [3]),
        ({"delay": {"from": 1.5, "to": 2}}, [1]),
        ({"delay": {"from": 2, "to": 3.25}}, [2]),
        ({"day": {"from": "2013-06-02", "to": "2013-07-01"}}, [2]),
        ({"at": {"from": "2013-06-01T10:30:00+00:00", "to": "2013-07-01T23:59:59+00:00"}}, [1, 2]),
    ],
)
def test_every_kind_of_cell_can_be_clicked(keep, admin, point, found):
    opened = keep([{"name": "p", "view": "rows"}, {"name": "q", "view": "rows"}])
    assert ids(opened, admin, picks=picking.read(picking.written([pick("q", point)]))) == found


def test_a_pick_fills_the_parameter_of_a_view_that_does_not_return_the_column(keep, admin):
    counted = view(
        "counted",
        f"select count(*) as id from ({ROWS}) r where (:several is null or carrier = any(:several)) and (:late is null or late = :late)",
        parameters=[
            {"name": "several", "type": "multiple_choice", "choices": {"values": ["AA", "UA", "DL"]}},
            {"name": "late", "type": "boolean"},
        ],
    )
    filters = [*FILTERS, {"name": "late", "type": "boolean"}]
    panels = [{"name": "p", "view": "counted"}, {"name": "q", "view": "rows", "filtered": {"carrier": "several"}}]
    opened = keep(panels, filters=filters, more=(counted,))
    assert ids(opened, admin, picks=(pick("q", {"carrier": "AA"}),)) == [2]
    assert ids(opened, admin, picks=(pick("q", {"carrier": "AA"}, {"carrier": "UA"}),)) == [3]
    assert ids(opened, admin, picks=(pick("q", {"carrier": "AA", "late": True}),)) == [1]
    assert ids(opened, admin, picks=(pick("q", {"carrier": "AA"}),), several=("AA", "UA")) == [2]
    with pytest.raises(Contradiction, match="set to UA, and AA was clicked"):
        ids(opened, admin, picks=(pick("q", {"carrier": "AA"}),), several=("UA",))
    # What the parameter cannot take leaves the panel as it is.
    assert ids(opened, admin, picks=(pick("q", {"carrier": "not listed"}),)) == [4]


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "{}",
        "[]x",
        '[["p"]]',
        '[["p",[]]]',
        '[["p",[{}]]]',
        '[["P P",[{"a":1}]]]',
        '[["p",[{"a":NaN}]]]',
        '[["p",[{"a":1e400}]]]',
        '[["p",[{"a":9223372036854775808}]]]',
        '[["p",[{"a":[1]}]]]',
        '[["p",[{"a":{"b":1}}]]]',
        '[["p",[{"a":{"from":1}}]]]',
        '[["p",[{"a":{"from":1,"to":1}}]]]',
        '[["p",[{"a":{"from":2,"to":1}}]]]',
        '[["p",[{"a":{"from":1,"to":"2013-06-01"}}]]]',
        '[["p",[{"a":{"from":"a","to":"b"}}]]]',
        '[["p",[{"a":{"from":"2013-06-01","to":"2013-07-01T00:00:00+00:00"}}]]]',
        '[["p",[{"a":{"from":1,"to":9223372036854775808}}]]]',
        '[["p",[{"a":{"from":{"from":1},"to":2}}]]]',
        '[["p",[{"a":"\\u0000"}]]]',
        '[["p",[{"a":"\\ud800"}]]]',
        '[["p",[{"a":1}]],["p",[{"a":2}]]]',
        '[["p",[{"a":"' + "x" * 501 + '"}]]]',
        "[" * 5_000,
        '[["p",[' + ",".join(['{"a":1}'] * 51) + "]]]",
        "[" + ",".join(f'["p{n}",[{{"a":1}}]]' for n in range(21)) + "]",
        "x" * 9_000,
    ],
)
def test_a_forged_pick_is_refused_in_a_sentence(text):
    with pytest.raises(BadInput, match="not readable in the address"):
        picking.read(text)


def test_a_pick_of_a_panel_that_is_not_there_does_nothing(keep, admin):
    opened = keep([{"name": "p", "view": "rows"}])
    assert ids(opened, admin, picks=(pick("nobody", {"carrier": "AA"}),)) == [1, 2, 3, 4]


def test_the_same_click_once_more_takes_the_choice_back():
    once = picking.toggled((), "p", [{"a": 1}])
    assert [one.points for one in once] == [({"a": 1},)]
    assert picking.toggled(once, "p", [{"a": 1}]) == ()
    assert picking.toggled(once, "p", []) == ()
    assert [one.points for one in picking.toggled(once, "p", [{"a": 2}])] == [({"a": 2},)]


def test_a_chip_says_what_was_clicked():
    assert picking.words(pick("p", {"carrier": "AA"}, {"carrier": "UA"})) == "carrier: AA, UA"
    assert picking.words(pick("p", {"day": "2013-06-01", "late": None})) == "day: 1 Jun 2013 · late: empty"
    assert picking.words(pick("p", {"day": "2013-02-31"})) == "day: 2013-02-31"
    assert picking.words(pick("p", {"delay": {"from": 0, "to": 15}})) == "delay: 0 to below 15"
    assert picking.words(pick("p", {"day": {"from": "2013-06-01", "to": "2013-07-01"}})) == "day: 1 Jun 2013 to 30 Jun 2013"


def test_a_bar_of_days_narrows_a_range_of_dates(keep, admin):
    counted = view(
        "counted",
        f"select count(*) as id from ({ROWS}) r where (:period_from is null or day >= :period_from) and (:period_to is null or day <= :period_to)",
        parameters=[{"name": "period", "type": "date_range"}],
    )
    opened = keep([{"name": "p", "view": "counted"}, {"name": "q", "view": "rows", "filtered": {"day": "period"}}], more=(counted,))
    june = (pick("q", {"day": {"from": "2013-06-01", "to": "2013-07-01"}}),)
    assert ids(opened, admin, picks=june) == [2]
    held = typed.parse(opened.dashboard.filters, {"period": ["2013-06-02..2013-07-31"]})
    assert ids(opened, admin, picks=june, **held) == [1]
    with pytest.raises(Contradiction, match="nothing is both"):
        ids(opened, admin, picks=june, **typed.parse(opened.dashboard.filters, {"period": ["2013-08-01..2013-08-31"]}))


REGIONS = "select * from (values ('North', 'Oslo'), ('North', 'Bergen'), ('South', 'Rome'), (null, 'Nowhere')) t (region, city)"
DEPENDENT = [
    {"name": "region", "type": "multiple_choice", "choices": {"view": "regions", "column": "region"}},
    {"name": "city", "type": "choice", "choices": {"view": "regions", "column": "city", "narrowed": {"region": "region"}}},
]


def test_choices_depend_on_other_filters(keep, admin):
    opened = keep([{"name": "p", "view": "rows"}], filters=DEPENDENT, more=(view("regions", REGIONS),))
    city = opened.dashboard.filters[1]

    def cities(**values: Any) -> list[str]:
        return [value for value, _ in dashboards.filter_choices(opened, city, reader=admin, values=values).options]

    assert cities() == ["Oslo", "Bergen", "Rome", "Nowhere"]
    assert cities(region=("North",)) == ["Oslo", "Bergen"]
    assert cities(region=("'; drop table flights; --",)) == []


def test_choices_that_depend_on_each_other_are_refused(keep):
    turned = {"view": "regions", "column": "region", "narrowed": {"city": "city"}}
    filters = [{**DEPENDENT[0], "choices": turned}, DEPENDENT[1]]
    with pytest.raises(BadInput, match="depend on each other"):
        keep([{"name": "p", "view": "rows"}], filters=filters, more=(view("regions", REGIONS),))


def test_more_values_than_a_list_holds_are_searched_by_the_database(keep, admin):
    many = view("many", "select n::text as code, 'Number ' || n as name from generate_series(1, 2500) n, generate_series(1, 3) m")
    filters = [{"name": "code", "type": "choice", "choices": {"view": "many", "column": "code", "label_column": "name"}}]
    opened = keep([{"name": "p", "view": "rows"}], filters=filters, more=(many,))
    (code,) = opened.dashboard.filters
    some = dashboards.filter_choices(opened, code, reader=admin)
    assert (len(some.options), some.more) == (1_000, True)
    found = dashboards.filter_choices(opened, code, reader=admin, search="number 249")
    assert [value for value, _ in found.options] == ["249", *(str(number) for number in range(2490, 2500))]
    assert not found.more
    assert dashboards.filter_choices(opened, code, reader=admin, search="%").options == ()


def test_who_may_not_see_the_view_of_a_choice_learns_nothing(keep, admin, viewer):
    keep([{"name": "p", "view": "rows"}], filters=DEPENDENT, more=(view("regions", REGIONS),))
    with own.transaction() as session:
        session.execute(own.text("update nexus.views set open_to_all = false where name = 'regions'"))
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=viewer, name="board")
    with pytest.raises(NexusError) as refused:
        dashboards.filter_choices(opened, opened.dashboard.filters[1], reader=viewer, values={"region": ("North",)}, search="o")
    assert "regions" not in refused.value.message
    assert "Oslo" not in refused.value.message


def test_a_pick_cannot_ask_a_hidden_panel(keep, admin, viewer):
    keep([{"name": "p", "view": "rows"}, {"name": "q", "view": "rows"}])
    with own.transaction() as session:
        session.execute(own.text("update nexus.views set open_to_all = false where name = 'rows'"))
    with own.transaction() as session:
        opened = dashboards.open_dashboard(session, reader=viewer, name="board")
    with pytest.raises(PanelBroken, match="You may not see this panel's data"):
        ids(opened, viewer, picks=(pick("q", {"carrier": "AA"}),))


def test_offers_of_a_fixed_list_are_searched_too():
    (one,) = [item for item in Dashboard(name="d", title="D", filters=FILTERS).filters if item.name == "one"]
    assert [value for value, _ in offered.offer(one, None, reader=_reader(), search="a").options] == ["AA", "UA"]


def _reader():
    from nexus.accounts.spec import Role, User

    return User(id=1, email="ana@example.org", name="Ana", role=Role.VIEWER)
