"""Filters that somebody keeps under a name: theirs alone, for one dashboard, one of them the default."""

import pytest

from nexus.dashboards import filter_sets
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.errors import BadInput, Conflict, NotFound


@pytest.fixture
def board(session, analyst) -> str:
    for name in ("sales", "other"):
        dashboards.save_dashboard(session, user=analyst, dashboard=Dashboard(name=name, title=name.title()))
    return "sales"


def mine(session, reader, name="sales") -> dict[str, filter_sets.FilterSet]:
    return {one.name: one for one in dashboards.open_dashboard(session, reader=reader, name=name).filter_sets}


def test_a_set_is_there_for_its_owner_alone_and_on_its_dashboard_alone(session, board, viewer, analyst):
    filter_sets.save(session, user=viewer, dashboard=board, name="  Summer  in JFK ", query={"origin": ["JFK"], "g.pick": ["[]"]})
    assert mine(session, viewer)["Summer in JFK"].query == {"origin": ["JFK"], "g.pick": ["[]"]}
    assert mine(session, analyst) == {}
    assert mine(session, viewer, "other") == {}


def test_the_same_name_again_takes_its_place_and_stays_the_default(session, board, viewer):
    filter_sets.save(session, user=viewer, dashboard=board, name="Mine", query={"a": ["1"]})
    filter_sets.make_default(session, user=viewer, dashboard=board, set_id=mine(session, viewer)["Mine"].id)
    filter_sets.save(session, user=viewer, dashboard=board, name="Mine", query={"a": ["2"]})
    (kept,) = mine(session, viewer).values()
    assert (kept.query, kept.is_default) == ({"a": ["2"]}, True)


def test_a_set_is_renamed_made_default_and_deleted(session, board, viewer):
    for name in ("One", "Two"):
        filter_sets.save(session, user=viewer, dashboard=board, name=name, query={})
    one, two = (mine(session, viewer)[name].id for name in ("One", "Two"))
    with pytest.raises(Conflict, match="“Two” already"):
        filter_sets.rename(session, user=viewer, dashboard=board, set_id=one, name="Two")
    filter_sets.rename(session, user=viewer, dashboard=board, set_id=one, name="First")
    for chosen in (one, two):
        filter_sets.make_default(session, user=viewer, dashboard=board, set_id=chosen)
    assert filter_sets.default_of(tuple(mine(session, viewer).values())).id == two
    filter_sets.make_default(session, user=viewer, dashboard=board, set_id=None)
    assert filter_sets.default_of(tuple(mine(session, viewer).values())) is None
    filter_sets.remove(session, user=viewer, dashboard=board, set_id=two)
    assert list(mine(session, viewer)) == ["First"]


def test_nobody_touches_the_set_of_another(session, board, viewer, analyst):
    filter_sets.save(session, user=viewer, dashboard=board, name="Mine", query={})
    theirs = mine(session, viewer)["Mine"].id
    for act in (
        lambda: filter_sets.remove(session, user=analyst, dashboard=board, set_id=theirs),
        lambda: filter_sets.rename(session, user=analyst, dashboard=board, set_id=theirs, name="Yours"),
        lambda: filter_sets.make_default(session, user=analyst, dashboard=board, set_id=theirs),
        lambda: filter_sets.remove(session, user=viewer, dashboard="other", set_id=theirs),
    ):
        with pytest.raises(NotFound):
            act()
    assert list(mine(session, viewer)) == ["Mine"]


@pytest.mark.parametrize("name", ["", "  ", "x" * 81, "\0"])
def test_a_set_needs_a_name(session, board, viewer, name):
    with pytest.raises(BadInput, match="name of up to 80"):
        filter_sets.save(session, user=viewer, dashboard=board, name=name, query={})


def test_sets_are_few_and_small(session, board, viewer):
    with pytest.raises(BadInput, match="more text"):
        filter_sets.save(session, user=viewer, dashboard=board, name="Big", query={"a": ["x" * 30_000]})
    for number in range(filter_sets.MOST):
        filter_sets.save(session, user=viewer, dashboard=board, name=f"Set {number}", query={})
    with pytest.raises(BadInput, match="that is the most"):
        filter_sets.save(session, user=viewer, dashboard=board, name="One more", query={})


def test_no_set_is_kept_on_a_dashboard_that_one_may_not_see(session, analyst, viewer):
    dashboards.save_dashboard(session, user=analyst, dashboard=Dashboard(name="secret", title="Secret"), open_to_all=False)
    with pytest.raises(NotFound):
        filter_sets.save(session, user=viewer, dashboard="secret", name="Mine", query={})
