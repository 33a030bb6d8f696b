"""Home: favourites, what was opened last, what is new, and the first steps."""

import pytest

from nexus.accounts.spec import Role
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard, TextPanel
from nexus.db import session as own
from nexus.sources import service as sources
from nexus.workspace import service as workspace
from tests.pages.conftest import shown


@pytest.fixture
def make_dashboard(analyst):
    def make(name: str, *, title: str = "", description: str = "") -> None:
        spec = Dashboard(name=name, title=title or name, description=description, panels=(TextPanel(name="a", text="Hello"),))
        with own.transaction() as session:
            dashboards.save_dashboard(session, user=analyst, dashboard=spec)

    return make


def links(app):
    return [element.label for element in app.get("page_link")]


def test_an_empty_account_is_told_what_to_do(visit, viewer):
    app = visit("home", viewer)
    assert not app.exception
    assert not app.error
    assert "There is no dashboard yet." in shown(app)
    assert links(app)[0] == "Open a dashboard"
    assert "Connect a database" not in links(app)


def test_an_administrator_sees_the_steps_ticked_off_as_they_are_done(visit, admin, make_user):
    app = visit("home", admin)
    assert {"Open a dashboard", "Connect a database", "Invite a colleague"} <= set(links(app))
    make_user(Role.VIEWER)
    with own.transaction() as session:
        sources.add_source(session, user=admin, name="own", title="Own", url="postgresql://reader:word@db.example.org/flights")
    app = visit("home", admin)
    assert "Connect a database · done" in shown(app)
    assert "Invite a colleague · done" in shown(app)
    assert "Open a dashboard" in links(app)


def test_the_steps_are_gone_when_all_are_done(visit, viewer, make_dashboard):
    make_dashboard("sales")
    with own.transaction() as session:
        dashboards.open_dashboard(session, reader=viewer, name="sales")
    assert "First steps" not in shown(visit("home", viewer))


def test_favourites_opened_and_new_dashboards_stand_under_their_headings(visit, viewer, make_dashboard):
    for name in ("loved", "opened", "untouched"):
        make_dashboard(name, title=name.title(), description=f"About {name}")
    with own.transaction() as session:
        dashboards.toggle_favourite(session, user=viewer, name="loved")
    with own.transaction() as session:
        dashboards.open_dashboard(session, reader=viewer, name="opened")
    app = visit("home", viewer)
    assert not app.error
    assert [element.value for element in app.header] == ["Favourites", "Opened last", "New or changed since you looked"]
    cards = [label for label in links(app) if label.startswith("**")]
    # Who stars a dashboard has it open.
    assert cards == ["**Loved**", "**Opened**", "**Loved**", "**Untouched**"]


def test_titles_that_people_typed_mean_nothing_to_the_page(visit, viewer, make_dashboard):
    make_dashboard("odd", title=":red[x] <script>alert(1)</script> [a](https://evil.example)")
    app = visit("home", viewer)
    assert not app.exception
    label = next(label for label in links(app) if "script" in label)
    assert "[a](" not in label
    assert "<script>" not in label


def test_the_card_of_a_favourite_shows_what_its_dashboard_shows_first_and_is_no_visit(visit, sample_database, admin):
    workspace.apply_sample(admin)
    with own.transaction() as session:
        dashboards.toggle_favourite(session, user=admin, name="delays")
        before = [item.visited_at for item in dashboards.list_dashboards(session, reader=admin)]
    app = visit("home", admin)
    assert not app.exception
    assert len(app.get("arrow_vega_lite_chart") or app.get("vega_lite_chart")) == 1
    with own.transaction() as session:
        assert [item.visited_at for item in dashboards.list_dashboards(session, reader=admin)] == before
