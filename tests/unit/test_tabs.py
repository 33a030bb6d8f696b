"""Tabs, sections and dividers of a dashboard."""

import pytest
from pydantic import ValidationError

from nexus.dashboards import check
from nexus.dashboards.spec import Dashboard, DividerPanel, SectionPanel, TextPanel
from nexus.db import versions

DASHBOARD = Dashboard.model_validate(
    {
        "name": "d",
        "title": "D",
        "tabs": [{"name": "one", "title": "One"}, {"name": "two", "title": "Two"}],
        "panels": [
            {"kind": "text", "name": "b", "text": "b", "tab": "two"},
            {"kind": "section", "name": "a", "title": "A", "tab": "one"},
            {"kind": "divider", "name": "line"},
            {"kind": "text", "name": "lost", "text": "x", "tab": "gone"},
        ],
    }
)


def names(panels):
    return [panel.name for panel in panels]


def test_a_tab_shows_what_is_on_every_tab_and_then_its_own():
    assert names(DASHBOARD.on("one")) == ["line", "lost", "a"]
    assert names(DASHBOARD.on("two")) == ["line", "lost", "b"]


def test_paper_holds_every_panel_once_in_the_order_of_the_tabs():
    assert [(tab and tab.name, names(panels)) for tab, panels in DASHBOARD.pages()] == [
        (None, ["line", "lost"]),
        ("one", ["a"]),
        ("two", ["b"]),
    ]


def test_without_tabs_every_panel_is_shown():
    plain = DASHBOARD.model_copy(update={"tabs": ()})
    assert names(plain.on(None)) == names(plain.panels)
    assert plain.tab("one") is None


def test_an_unknown_tab_of_an_address_opens_the_first():
    assert (DASHBOARD.tab("two"), DASHBOARD.tab("nope"), DASHBOARD.tab(None)) == ("two", "one", "one")


def test_a_tab_that_is_not_there_is_a_mistake_with_its_place():
    assert [(problem.path, problem.message) for problem in check.problems(DASHBOARD, views={}, prompts=())] == [
        (("panels", 3, "tab"), "there is no tab `gone`; did you mean `one`?")
    ]


def test_two_tabs_of_one_name_are_refused():
    with pytest.raises(ValidationError, match="two tabs have the same name"):
        Dashboard.model_validate({"name": "d", "title": "D", "tabs": [{"name": "one", "title": "One"}] * 2})


def test_sections_and_dividers_take_the_whole_width_and_stay_short_as_yaml():
    assert versions.plain(SectionPanel(name="s", title="S")) == {"name": "s", "title": "S", "kind": "section"}
    assert versions.plain(DividerPanel(name="s")) == {"name": "s", "kind": "divider"}
    assert versions.plain(TextPanel(name="t", text="x", tab="one"))["tab"] == "one"
