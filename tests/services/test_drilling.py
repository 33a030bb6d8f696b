"""Where a click leads: the other page's filters, parameters and columns take what was clicked, each proven as from an address."""

import pytest

from nexus.dashboards import drilling
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard, Drill
from nexus.errors import NotFound
from nexus.sources import store
from nexus.sources.address import own_role
from nexus.sources.spec import Source
from nexus.views import service as views
from nexus.views.parameter import MultipleChoiceParameter, TextParameter
from nexus.views.spec import View

FILTERS = [
    {"name": "carrier", "type": "multiple_choice", "choices": {"values": ["AA", "UA"]}},
    {"name": "least", "type": "number"},
    {"name": "on", "type": "date"},
    {"name": "words", "type": "text"},
]


@pytest.fixture
def pages(session, analyst):
    store.put(session, source=Source(name="sales", title="Sales"), address=own_role("nobody", "nothing"), changed_by=None)
    question = {"kind": "sql", "sql": "select 1 as region, 2 as city where :least is null or :least > 0"}
    views.save_view(session, user=analyst, view=View(name="rows", title="Rows", source="sales", question=question, parameters=[FILTERS[1]]))
    dashboards.save_dashboard(session, user=analyst, dashboard=Dashboard(name="detail", title="Detail", filters=FILTERS))
    dashboards.save_dashboard(session, user=analyst, dashboard=Dashboard(name="secret", title="Secret"), open_to_all=False)


def lead(session, reader, drill: dict, point: dict, **values):
    filters = [MultipleChoiceParameter(name="carrier", choices={"values": ("AA", "UA")}), TextParameter(name="words")]
    return drilling.target(session, reader=reader, drill=Drill(**drill), point=point, filters=filters, values=values)


def test_columns_of_the_row_fill_the_filters_that_are_named_and_others_go_along(session, pages, viewer):
    drill = {"dashboard": "detail", "values": {"carrier": "airline", "least": "flights", "on": "day"}}
    target = lead(session, viewer, drill, {"airline": "AA", "flights": 12, "day": "2013-06-01"}, words="late", carrier=("UA",))
    assert (target.page, target.name) == ("/dashboard", "detail")
    assert {name: str(value) for name, value in target.values.items()} == {
        "carrier": "('AA',)",
        "words": "late",
        "least": "12",
        "on": "2013-06-01",
    }


def test_without_names_columns_go_to_filters_of_the_same_name(session, pages, viewer):
    assert lead(session, viewer, {"dashboard": "detail"}, {"carrier": "AA", "other": 1}).values == {"carrier": ("AA",)}


@pytest.mark.parametrize("value", ["DL", "'; drop table flights; --", None, 2**70, True])
def test_a_value_that_the_filter_cannot_take_is_left_out(session, pages, viewer, value):
    assert "carrier" not in lead(session, viewer, {"dashboard": "detail"}, {"carrier": value}).values


def test_of_a_view_parameters_are_filled_and_columns_compared(session, pages, viewer):
    target = lead(
        session,
        viewer,
        {"view": "rows", "values": {"least": "flights", "region": "area", "city": "town"}},
        {"flights": 3, "area": "'x", "town": None},
    )
    assert target.values == {"least": 3}
    assert target.more == {"g.where": '[{"column":"region","value":"\'x"},{"column":"city","operator":"is empty"}]'}


@pytest.mark.parametrize("drill", [{"dashboard": "secret"}, {"dashboard": "gone"}, {"view": "gone"}])
def test_what_one_may_not_see_is_as_if_it_were_not_there(session, pages, viewer, drill):
    with pytest.raises(NotFound) as refused:
        lead(session, viewer, drill, {"carrier": "AA"})
    assert "Secret" not in refused.value.message


def test_titles_are_told_of_those_that_one_may_see(session, pages, viewer):
    assert drilling.titles(session, reader=viewer, names=["detail", "secret", "gone"]) == {"detail": "Detail"}
