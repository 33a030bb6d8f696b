"""The draft of a dashboard that is being built: places, unfinished panels, and the way back."""

import pytest

from nexus.dashboards.spec import Dashboard, TextPanel
from nexus.errors import BadInput
from nexus.ui.composing.draft import arranged, dashboard_of, free_name, on_tab, shown_now
from nexus.ui.composing.fields import put

PANELS = [{"name": name, "kind": "text", "text": name} for name in "abcd"]


def copies():
    return [dict(panel) for panel in PANELS]


def names(panels):
    return "".join(panel["name"] for panel in panels)


def test_panels_of_a_tab_move_among_their_own_places_and_the_others_stay():
    assert names(arranged(copies(), ["d", "b"], {})) == "adcb"
    assert names(arranged(copies(), ["d", "c", "b", "a"], {})) == "dcba"


@pytest.mark.parametrize("order", [[], ["nobody"], ["a", "a", "nobody"], ["b", "nobody", "a"]])
def test_no_order_that_a_browser_sends_loses_a_panel(order):
    assert sorted(names(arranged(copies(), order, {}))) == list("abcd")


def test_sizes_stay_on_the_grid():
    made = arranged(copies(), [], {"a": [99, -5], "nobody": [1, 1]})
    assert (made[0]["width"], made[0]["height"]) == (12, 1)


def test_a_panel_that_is_not_finished_stands_as_what_it_lacks():
    content = {"title": "T", "panels": [{"kind": "metric", "name": "m", "title": "Late", "view": "flights", "width": 3}]}
    (stand_in,) = shown_now(content).panels
    assert isinstance(stand_in, TextPanel)
    assert (stand_in.title, stand_in.width) == ("Late", 3)
    assert "Choose the column that holds the figure" in stand_in.text
    with pytest.raises(BadInput, match="“Late” is not finished: choose the column"):
        dashboard_of(content)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"title": None, "panels": None, "filters": None, "tabs": None},
        {"title": "x" * 500, "panels": [{"kind": "text", "name": "A B", "text": "x"}, {"kind": "none"}, {"kind": "text"}]},
        {"title": "T", "filters": [{"name": "x"}, {"type": "text", "name": "a"}, {"type": "text", "name": "a"}], "tabs": [{"name": "!"}]},
    ],
)
def test_whatever_a_draft_holds_can_be_shown(content):
    assert isinstance(shown_now(content), Dashboard)


def test_a_title_makes_the_name_and_without_one_nothing_is_published():
    assert dashboard_of({"title": "Größe 2013", "panels": [], "note": "n"}).name == "grosse-2013"
    with pytest.raises(BadInput, match="title first"):
        dashboard_of({"title": " ", "panels": []})
    with pytest.raises(BadInput, match="No name can be made"):
        dashboard_of({"title": "日本", "panels": []})


def test_a_draft_shows_a_tab_as_readers_will_see_it():
    content = {
        "title": "T",
        "tabs": [{"name": "one", "title": "One"}, {"name": "two", "title": "Two"}],
        "panels": [{**panel, **({"tab": tab} if tab else {})} for panel, tab in zip(PANELS, ["two", None, "one", "gone"], strict=True)],
    }
    for tab in ("one", "two"):
        assert names(on_tab(content, tab)) == "".join(panel.name for panel in shown_now(content).on(tab))


def test_names_are_free_and_fit():
    assert free_name("text", ["text", "text-2"]) == "text-3"
    assert free_name("", []) == "panel"
    assert len(free_name("x" * 80, ["x" * 56])) <= 63


def test_an_empty_field_leaves_no_trace():
    target = {"note": "x", "up_is_good": True}
    put(target, "note", "")
    put(target, "up_is_good", False)
    assert target == {"up_is_good": False}
