"""The workspace that comes with Nexus: the first thing that people see."""

import pytest

from nexus.accounts.spec import Role, User
from nexus.dashboards import service as dashboards
from nexus.dashboards.metric import metric
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import ChartPanel, DataPanel, MetricPanel, TablePanel
from nexus.db import listing
from nexus.db import session as own
from nexus.errors import BadInput
from nexus.prompts import service as prompts
from nexus.prompts.spec import Prompt
from nexus.views import charts, values
from nexus.views import service as views
from nexus.views import values as typed
from nexus.workspace import service as workspace
from tests.people import add_person


@pytest.fixture(scope="module")
def admin(shared_sample) -> User:
    """An administrator of one database for all tests here, with the sample workspace in it."""
    person = add_person(Role.ADMIN, email="ana@example.org")
    workspace.apply_sample(person)
    return person


def opened(admin: User, name: str) -> OpenDashboard:
    with own.transaction() as session:
        return dashboards.open_dashboard(session, reader=admin, name=name)


def test_it_has_two_dashboards_six_prompts_and_their_views(admin):
    with own.transaction() as session:
        assert [item.name for item in dashboards.list_dashboards(session, reader=admin)] == ["delays", "weather-and-aircraft"]
        assert len(listing.list_kept(session, kind="prompt", spec=Prompt, reader=admin)) == 6
        found = views.list_views(session, reader=admin)
    assert len(found) >= 5
    assert not [item for item in found if item.problem]


def test_applying_it_again_changes_nothing(admin):
    assert {change.action for change in workspace.apply_sample(admin)} == {"none"}
    assert {change.action for change in workspace.diff_folder(admin, workspace.SAMPLE)} == {"none"}


def test_exported_it_is_the_same_files(admin):
    with own.transaction() as session:
        texts = workspace.export(session, user=admin)
    shipped = {str(file.relative_to(workspace.SAMPLE)): file.read_text() for file in workspace.SAMPLE.rglob("*.yaml")}
    assert texts == shipped


@pytest.mark.parametrize("name", ["delays", "weather-and-aircraft"])
def test_every_panel_draws_at_the_filters_that_a_person_first_sees(admin, name):
    page = opened(admin, name)
    chosen = values.parse(page.dashboard.filters, {})
    for panel in page.dashboard.panels:
        if not isinstance(panel, DataPanel):
            continue
        table = dashboards.ask_panel(page, panel, reader=admin, values=chosen)
        assert table.rows, panel.name
        assert not table.truncated, panel.name
        view = page.view(panel.view).view
        match panel:
            case MetricPanel():
                drawn = metric(panel, table, view.formats)
                assert drawn.direction is not None, panel.name
                assert len(drawn.spark) > 2, panel.name
            case ChartPanel():
                asked = panel.chart or view.chart
                assert asked is not None, panel.name
                assert charts.vega_lite(asked, table, view.formats)["data"]["values"], panel.name
            case TablePanel():
                assert {column.name for column in table.columns} <= set(view.formats), panel.name


@pytest.mark.parametrize("name", ["delays", "weather-and-aircraft"])
def test_every_panel_holds_with_all_filters_cleared_and_with_all_of_them_set(admin, name):
    page = opened(admin, name)
    cleared = values.parse(page.dashboard.filters, {one.name: [""] for one in page.dashboard.filters})
    narrow = values.parse(
        page.dashboard.filters,
        {
            "period": ["2013-02-08..2013-02-10"],
            "origin": ["JFK"],
            "carrier": ["B6"],
            "destination": ["50%'; --"],
            "minimum_flights": ["1"],
            "condition": ["rain"],
        },
    )
    for chosen in (cleared, narrow):
        for panel in page.dashboard.panels:
            if isinstance(panel, DataPanel):
                dashboards.ask_panel(page, panel, reader=admin, values=chosen)


def test_filters_offer_what_is_in_the_data(admin):
    page = opened(admin, "delays")
    filters = {one.name: one for one in page.dashboard.filters}
    assert dashboards.filter_choices(page, filters["origin"], reader=admin).options[0] == ("EWR", "EWR Newark Liberty Intl")
    assert len(dashboards.filter_choices(page, filters["carrier"], reader=admin).options) == 16
    assert dashboards.filter_choices(page, filters["period"], reader=admin).options == ()


def test_the_figures_are_those_of_the_data(admin):
    page = opened(admin, "delays")
    (panel,) = [panel for panel in page.dashboard.panels if panel.name == "flights"]
    table = dashboards.ask_panel(page, panel, reader=admin, values=values.parse(page.dashboard.filters, {}))
    drawn = metric(panel, table, page.view(panel.view).view.formats)
    # Counted in the package's own file: flights of June to August, and of March to May without its first day.
    assert (drawn.value_text, drawn.comparison_text) == ("86,995", "85,960")
    assert drawn.sentence == "Flights: 86,995, up 1.2\N{NO-BREAK SPACE}% from 85,960 in the period before."


def test_panels_with_the_same_question_ask_it_once(admin):
    page = opened(admin, "delays")
    chosen = values.parse(page.dashboard.filters, {"period": ["2013-04-01..2013-04-30"]})
    metrics = [panel for panel in page.dashboard.panels if isinstance(panel, MetricPanel)]
    tables = [dashboards.ask_panel(page, panel, reader=admin, values=chosen) for panel in metrics]
    assert [table.cached for table in tables] == [False, True, True, True]
    assert len({table.read_at for table in tables}) == 1


def test_a_filter_touches_only_the_panels_that_use_it(admin):
    page = opened(admin, "delays")
    used = {
        panel.name: set(dashboards.panel_filters(page, panel).values()) for panel in page.dashboard.panels if isinstance(panel, DataPanel)
    }
    assert used["late-routes"] == {"period", "origin", "carrier", "destination", "minimum_flights"}
    assert used["by-hour"] == {"period", "origin", "carrier"}


def test_a_value_off_the_list_is_refused_by_the_panel_too(admin):
    page = opened(admin, "weather-and-aircraft")
    (panel,) = [panel for panel in page.dashboard.panels if panel.name == "by-weather"]
    with pytest.raises(BadInput, match="`condition`"):
        dashboards.ask_panel(page, panel, reader=admin, values={"condition": "horoscope"})


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("passenger-letter", "HA 51,2013-01-09,JFK → HNL"),
        ("classify-remarks", "minutes late. At the hour of departure: wind"),
        ("explain-outlier", "Statistics of columns:"),
        ("weekly-summary", "flights_before"),
        ("morning-brief", "key_figures"),
    ],
)
def test_its_prompts_are_ready_with_real_rows_and_test_cases(admin, name, holds):
    with own.transaction() as session:
        found = prompts.find_prompt(session, reader=admin, name=name)
    prepared = prompts.prepare(user=admin, opened=found, values={})
    assert holds in prepared.request.text
    assert all(block.rows for block in prepared.blocks)
    assert found.prompt.test_cases
    for case in found.prompt.test_cases:
        prompts.prepare(user=admin, opened=found, values=typed.parse(found.prompt.variables, case.values))
