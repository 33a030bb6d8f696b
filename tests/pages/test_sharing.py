"""A view that is its owner's alone, and a person who may not see it: they meet neither its name nor its title nor its data, on any page."""

import pytest
from sqlalchemy import text

from nexus.accounts import sharing
from nexus.accounts.spec import Role
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db.session import transaction
from nexus.prompts import service as prompts
from nexus.prompts.spec import Prompt
from nexus.views import runs
from nexus.views import service as views
from nexus.views.spec import View
from tests.pages.conftest import button, listed, press, shown

SECRET, TITLE, FIGURE = "pay-slips", "Who earns what", "exactly-987654"


@pytest.fixture
def owner(make_user):
    return make_user(Role.ANALYST, name="Ana Ruiz")


@pytest.fixture
def secret(sample_database, owner):
    with transaction() as session:
        question = {"kind": "sql", "sql": f"select '{FIGURE}' as pay"}
        view = View.model_validate({"name": SECRET, "title": TITLE, "source": "sample", "question": question})
        views.save_view(session, user=owner, view=view)
        spec = {"name": "brief", "title": "Brief", "template": "Say", "data": [{"name": "rows", "view": SECRET}]}
        prompts.save_prompt(session, user=owner, prompt=Prompt.model_validate(spec))
        filters = [{"name": "who", "type": "choice", "choices": {"view": SECRET, "column": "pay"}}]
        panels = [
            {"kind": "table", "name": "pay", "title": "Pay", "view": SECRET},
            # As one is called that was added on the page for composing.
            {"kind": "chart", "name": SECRET, "title": TITLE, "view": SECRET, "chart": {"kind": "bar", "x": "pay", "y": ["pay"]}},
            {"kind": "prompt", "name": "brief", "prompt": "brief"},
        ]
        spec = {"name": "office", "title": "Office", "filters": filters, "panels": panels}
        dashboards.save_dashboard(session, user=owner, dashboard=Dashboard.model_validate(spec))
        opened = views.find_view(session, reader=owner, name=SECRET)
    views.ask(opened, reader=owner, values={})
    runs.flush()
    with transaction() as session:
        sharing.set_open(session, user=owner, kind="view", name=SECRET, open_to_all=False)


def everything(app) -> str:
    """All that the page sends to the browser."""
    return shown(app) + "\n".join(str(element.proto) for element in app.main) + str([element.proto for element in app.get("html")])


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("home", {}),
        ("data", {}),
        ("data", {"q": "earns"}),
        ("dashboards", {}),
        ("dashboard", {"name": "office"}),
        ("dashboard", {"name": "office", "edit": "page"}),
        ("dashboard", {"name": "office", "edit": "yaml"}),
        ("dashboard", {"name": "office", "edit": "versions"}),
        ("prompts", {}),
        ("prompt", {"name": "brief"}),
        ("reports", {}),
        ("view", {"name": SECRET}),
        ("view", {"name": SECRET, "edit": "1"}),
    ],
    ids=str,
)
def test_a_stranger_meets_it_on_no_page(secret, visit, make_user, role, page, query):
    app = visit(page, make_user(role), **query)
    assert not app.exception
    for word in (TITLE, FIGURE, SECRET):
        assert word not in everything(app), word


def test_its_owner_does(secret, visit, owner):
    assert TITLE in everything(visit("data", owner))
    assert TITLE in everything(visit("view", owner, name=SECRET))
    assert SECRET in everything(visit("prompt", owner, name="brief"))
    assert FIGURE in everything(visit("dashboard", owner, name="office"))


def test_a_prompt_that_chooses_from_it_says_so_and_stands(secret, visit, owner, make_user):
    spec = {"name": "greeting", "title": "Greeting", "template": "Say {{ who }} {{ year }}"}
    choice = {"name": "who", "type": "choice", "choices": {"view": SECRET, "column": "pay"}}
    with transaction() as session:
        prompts.save_prompt(
            session, user=owner, prompt=Prompt.model_validate(spec | {"variables": [choice, {"name": "year", "type": "number"}]})
        )
    app = visit("prompt", make_user(Role.ANALYST), name="greeting")
    assert "You may not see what “Who” offers." in everything(app)
    assert "Year" in {box.label for box in app.number_input}
    assert "What it is made of" in shown(app)


def lent(owner, other, *, taken_back: bool = False) -> None:
    with transaction() as session:
        change = sharing.unshare if taken_back else sharing.share
        change(session, user=owner, kind="view", name=SECRET, user_id=other.id)


def test_a_page_that_is_open_says_no_more_of_it_once_the_right_is_taken_back(secret, visit, owner, make_user):
    other = make_user(Role.ANALYST)
    lent(owner, other)
    app = visit("dashboard", other, name="office")
    assert FIGURE in everything(app)
    lent(owner, other, taken_back=True)
    press(app, "refresh")
    assert "You may not see this panel" in everything(app)
    assert [word for word in (TITLE, FIGURE, SECRET) if word in everything(app)] == []


def test_who_composes_around_it_changes_nothing_of_it_and_hears_nothing(secret, visit, owner, make_user):
    """Also where they were allowed to see it when they began."""
    other = make_user(Role.ANALYST)
    lent(owner, other)
    app = visit("dashboard", other, name="office", edit="page")
    app.text_input[0].set_value("Office of Ana").run()
    assert TITLE in everything(app)
    lent(owner, other, taken_back=True)
    app.run()
    assert [word for word in (TITLE, FIGURE, SECRET) if word in everything(app)] == []
    for side in ("Filters", "Page", "Add"):
        next(control for control in app.segmented_control if control.label == "Form").set_value(side).run()
        assert not app.exception
        assert [word for word in (TITLE, FIGURE, SECRET) if word in everything(app)] == []
    button(app, "Publish now").click().run()
    with transaction() as session:
        opened = dashboards.open_dashboard(session, reader=owner, name="office")
        before = dashboards.open_dashboard(session, reader=owner, name="office", version=1)
    assert opened.dashboard == before.dashboard.model_copy(update={"title": "Office of Ana"})
    assert opened.version == 2


def test_a_panel_says_whom_to_ask(secret, visit, viewer):
    assert "You may not see this panel's data. Ask Ana Ruiz." in everything(visit("dashboard", viewer, name="office")).replace(
        "&#x27;", "'"
    )


def test_only_administrators_see_as_somebody_else(secret, visit, viewer, owner, admin):
    app = visit("view", admin, name=SECRET, **{"g.as": str(owner.id)})
    assert "As **Ana Ruiz** (analyst) sees it" in shown(app)
    assert "Edit" not in [element.label for element in app.button]
    button(app, "Stop").click().run()
    assert "sees it" not in shown(app)
    assert "Only administrators" in shown(visit("view", viewer, name="late-routes", **{"g.as": str(owner.id)}))
    for nobody in ("0", "-1", "x", "9" * 40, "1.5", "１"):
        assert TITLE not in shown(visit("view", admin, name=SECRET, **{"g.as": nobody}))


def test_a_dashboard_is_seen_as_somebody_else_with_their_rights_and_nothing_to_act_with(secret, visit, viewer, owner, admin):
    hidden = visit("dashboard", admin, name="office", **{"g.as": str(viewer.id)})
    assert f"As **{viewer.name}** (viewer) sees it" in shown(hidden)
    assert FIGURE not in everything(hidden)
    assert "You may not see this panel" in everything(hidden)
    theirs = visit("dashboard", admin, name="office", **{"g.as": str(owner.id)})
    assert FIGURE in everything(theirs)
    labels = {element.label for element in theirs.button}
    assert labels.isdisjoint({"Edit", "Share", "Print", "Keep on my home page", "Save this set"})
    assert "office.pdf" not in everything(theirs)
    edited = visit("dashboard", admin, name="office", edit="1", **{"g.as": str(owner.id)})
    assert "You see this as someone else does, and can change nothing." in shown(edited)
    assert "Only administrators" in shown(visit("dashboard", viewer, name="office", **{"g.as": str(owner.id)}))
    with transaction() as session:
        seen = session.execute(
            text("select detail ->> 'as' from nexus.audit_entries where what = 'person.seen as' and subject = 'dashboard office'")
        )
        assert set(seen.scalars()) == {viewer.email, owner.email}


def test_a_duplicate_is_made_under_the_name_that_was_typed(secret, visit, owner):
    app = visit("view", owner, name=SECRET)
    app.menu_button(key="icon-more-view").click("Duplicate").run()
    app.text_input(f"duplicate-view-{SECRET}-name").set_value("pay-2")
    # A browser runs the dialog alone; here the page runs with it, and has to be asked for it again.
    app.menu_button(key="icon-more-view").click("Duplicate")
    button(app, "Duplicate it").click().run()
    with transaction() as session:
        assert views.find_view(session, reader=owner, name="pay-2").view.title == f"Copy of {TITLE}"


def test_the_list_of_views_says_how_often_and_how_fast_each_runs(secret, visit, owner):
    assert "1 run in 30 days" in listed(visit("data", owner))


def test_how_long_runs_are_kept_is_set_on_the_settings_page(visit, admin):
    app = visit("settings", admin, section="runs")
    app.number_input[0].set_value(14)
    button(app, "Save").click().run()
    with transaction() as session:
        assert session.execute(text("select value ->> 'value' from nexus.saved_settings where name = 'run_days'")).scalar_one() == "14"
