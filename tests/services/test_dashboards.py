"""Dashboards open quickly, break only where something is broken, and are changed by those who may."""

from datetime import UTC, datetime, timedelta

import pytest

from nexus.accounts import service as accounts
from nexus.accounts.spec import Role
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import PanelBroken
from nexus.dashboards.spec import Dashboard, DataPanel
from nexus.db import session as own
from nexus.db import versions
from nexus.db.tables import AuditRow, SessionRow
from nexus.errors import BadInput, Conflict, NotAllowed, NotFound
from nexus.sources import store
from nexus.sources.address import own_role
from nexus.sources.spec import QueryRefused, Source
from nexus.views import service as views
from nexus.views.compile import compile
from nexus.views.spec import View


@pytest.fixture
def source(session) -> Source:
    store.put(session, source=Source(name="sales", title="Sales"), address=own_role("nobody", "nothing"), changed_by=None)
    return store.find(session, name="sales")


@pytest.fixture
def make_view(session, source, analyst):
    def make(name: str = "orders", **changes) -> View:
        view = View(
            **{
                "name": name,
                "title": name.title(),
                "source": "sales",
                "question": {"kind": "sql", "sql": "select 1 as one where :region is null or :region = 'x'"},
                "parameters": [{"name": "region", "type": "text"}],
                **changes,
            }
        )
        views.save_view(session, user=analyst, view=view)
        return view

    return make


@pytest.fixture
def make_dashboard(session, analyst):
    def make(name: str = "sales", **changes) -> Dashboard:
        dashboard = Dashboard(**{"name": name, "title": name.title(), **changes})
        dashboards.save_dashboard(session, user=analyst, dashboard=dashboard)
        return dashboard

    return make


def panel(name: str, view: str = "orders", **changes) -> dict:
    return {"kind": "table", "name": name, "view": view, **changes}


def test_a_page_with_all_its_panels_takes_three_statements_at_most(session, make_view, make_dashboard, viewer):
    names = [f"orders-{number}" for number in range(8)]
    for name in names:
        make_view(name)
    make_dashboard(panels=[panel(f"p{number}", view=name) for number, name in enumerate(names)])
    row = SessionRow(token_hash=b"t", user_id=viewer.id, address="", user_agent="", expires_at=datetime.now(UTC) + timedelta(hours=1))
    session.add(row)
    session.flush()
    with own.statements() as statements:
        reader = accounts.user_of_session(session, session_id=row.id)
        page = dashboards.open_dashboard(session, reader=reader, name="sales")
        for one in page.dashboard.panels:
            if isinstance(one, DataPanel):
                compile(page.view(one.view).view, dashboards.panel_values(page, one, {}))
    assert len(statements) <= 3


@pytest.mark.parametrize("others", [10, 1_200])
def test_opening_takes_one_statement_however_much_there_is(session, make_view, make_dashboard, viewer, others):
    names = [f"orders-{number}" for number in range(8)]
    for name in names:
        make_view(name)
    make_dashboard(panels=[panel(f"p{number}", view=name) for number, name in enumerate(names)])
    session.execute(
        own.text("""
            with many as (
                insert into nexus.dashboards (name, title, version) select 'other-' || n, 'Other', 1 from generate_series(1, :others) n returning id, name
            )
            insert into nexus.dashboard_versions (kept_id, version, spec)
            select id, 1, jsonb_build_object('name', name, 'title', 'Other') from many
        """),
        {"others": others},
    )
    with own.statements() as statements:
        page = dashboards.open_dashboard(session, reader=viewer, name="sales")
    assert len(statements) == 1
    assert sorted(page.views) == names
    assert page.views["orders-3"].source.name == "sales"
    assert page.views["orders-3"].source.revision == store.find(session, name="sales").revision
    with own.statements() as statements:
        assert dashboards.list_dashboards(session, reader=viewer, search="sales")[0].name == "sales"
    assert len(statements) == 1


def test_what_i_opened_last_and_what_i_like_is_on_my_list_only(session, make_dashboard, viewer, analyst):
    make_dashboard("one")
    make_dashboard("two")
    dashboards.open_dashboard(session, reader=viewer, name="two")
    assert dashboards.toggle_favourite(session, user=viewer, name="two") is True
    mine = {item.name: item for item in dashboards.list_dashboards(session, reader=viewer)}
    theirs = {item.name: item for item in dashboards.list_dashboards(session, reader=analyst)}
    assert mine["two"].visited_at is not None
    assert mine["two"].favourite
    assert (mine["one"].visited_at, mine["one"].favourite) == (None, False)
    assert (theirs["two"].visited_at, theirs["two"].favourite) == (None, False)
    assert dashboards.open_dashboard(session, reader=viewer, name="two").favourite
    assert mine["two"].owner == "Ana"


def test_a_view_that_is_gone_breaks_its_panel_and_no_other(session, make_view, make_dashboard, viewer, analyst):
    make_view("orders")
    make_view("refunds")
    make_dashboard(panels=[panel("good", "orders"), panel("bad", "refunds")])
    versions.archive(session, user=analyst, kind="view", name="refunds")
    page = dashboards.open_dashboard(session, reader=viewer, name="sales")
    assert page.view("orders").view.name == "orders"
    with pytest.raises(PanelBroken, match="refunds"):
        page.view("refunds")


def test_a_view_of_a_newer_release_breaks_its_panel_and_no_other(session, make_view, make_dashboard, viewer, analyst):
    make_view("orders")
    make_view("refunds")
    make_dashboard(panels=[panel("good", "orders"), panel("bad", "refunds")])
    session.execute(own.text("update nexus.view_versions set spec = spec || '{\"hologram\": 1}' where spec->>'name' = 'refunds'"))
    page = dashboards.open_dashboard(session, reader=viewer, name="sales")
    assert "hologram" in page.problems["refunds"]
    assert page.view("orders")


def test_a_dashboard_of_a_newer_release_says_so(session, make_dashboard, viewer):
    make_dashboard()
    session.execute(own.text('update nexus.dashboard_versions set spec = spec || \'{"panels": {"a": 1}}\''))
    with pytest.raises(versions.SpecUnreadable, match="panels"):
        dashboards.open_dashboard(session, reader=viewer, name="sales")
    assert "panels" in dashboards.list_dashboards(session, reader=viewer)[0].problem


def test_a_dashboard_that_is_not_there_is_not_found(session, viewer):
    with pytest.raises(NotFound):
        dashboards.open_dashboard(session, reader=viewer, name="nothing")


def test_filters_fill_the_parameters_of_the_same_name_or_the_named_one(session, make_view, make_dashboard, viewer):
    several = {"type": "multiple_choice", "choices": {"values": ["north", "south"]}}
    make_view(
        "orders",
        question={"kind": "sql", "sql": "select :region as r, :limit_to as l"},
        parameters=[{"name": "region", **several}, {"name": "limit_to", "type": "number", "default": 5}],
    )
    make_dashboard(
        filters=[{"name": "region", "type": "choice", "choices": {"values": ["north", "south"]}}, {"name": "most", "type": "number"}],
        panels=[panel("same"), panel("named", parameters={"limit_to": "most"})],
    )
    page = dashboards.open_dashboard(session, reader=viewer, name="sales")
    same, named = (panel for panel in page.dashboard.panels if isinstance(panel, DataPanel))
    chosen = {"region": "north", "most": 9}
    assert dashboards.panel_values(page, same, chosen) == {"region": ("north",)}
    assert dashboards.panel_values(page, named, chosen) == {"region": ("north",), "limit_to": 9}
    assert dashboards.panel_values(page, same, {"region": None}) == {"region": None}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"panels": [panel("p", view="order")]}, "no view `order`"),
        ({"panels": [panel("p", parameters={"regio": "region"})], "filters": [{"name": "region", "type": "text"}]}, "no parameter `regio`"),
        (
            {"panels": [panel("p", parameters={"region": "regions"})], "filters": [{"name": "region", "type": "text"}]},
            "no filter `regions`",
        ),
        ({"panels": [panel("p")], "filters": [{"name": "region", "type": "date_range"}]}, "takes a text"),
        ({"panels": [{"kind": "prompt", "name": "p", "prompt": "brief"}]}, "no prompt `brief`"),
        ({"filters": [{"name": "x", "type": "choice", "choices": {"view": "lists", "column": "a"}}]}, "no view `lists`"),
    ],
)
def test_what_a_dashboard_names_must_be_there_when_it_is_saved(session, make_view, make_dashboard, changes, says):
    make_view()
    with pytest.raises(BadInput, match=says):
        make_dashboard(**changes)


def test_viewers_may_look_and_not_change(session, make_view, make_dashboard, viewer):
    make_view()
    dashboard = make_dashboard()
    for attempt in (
        lambda: dashboards.save_dashboard(session, user=viewer, dashboard=dashboard, base_version=1),
        lambda: dashboards.restore_dashboard(session, user=viewer, name="sales", version=1, base_version=1),
        lambda: dashboards.archive_dashboard(session, user=viewer, name="sales"),
        lambda: views.archive_view(session, user=viewer, name="orders"),
        lambda: views.save_view(session, user=viewer, view=views.find_view(session, reader=viewer, name="orders").view, base_version=1),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_an_earlier_version_comes_back_as_the_newest(session, make_dashboard, analyst, make_user):
    bob = make_user(Role.ANALYST, name="Bob")
    first = make_dashboard(title="First")
    dashboards.save_dashboard(session, user=bob, dashboard=first.model_copy(update={"title": "Second"}), base_version=1, note="why")
    assert dashboards.restore_dashboard(session, user=analyst, name="sales", version=1, base_version=2) == 3
    assert [(info.version, info.saved_by, info.note) for info in dashboards.dashboard_versions(session, reader=analyst, name="sales")] == [
        (3, "Ana", "Restored version 1"),
        (2, "Bob", "why"),
        (1, "Ana", ""),
    ]
    assert dashboards.open_dashboard(session, reader=analyst, name="sales").dashboard.title == "First"
    with pytest.raises(Conflict):
        dashboards.restore_dashboard(session, user=analyst, name="sales", version=2, base_version=2)


def test_saving_is_audited_and_saving_the_same_is_not(session, make_dashboard, analyst):
    dashboard = make_dashboard()
    assert dashboards.save_dashboard(session, user=analyst, dashboard=dashboard, base_version=1) == 1
    entries = session.query(AuditRow).filter(AuditRow.what == "dashboard.saved").all()
    assert [(entry.subject, entry.user_id, entry.detail) for entry in entries] == [("dashboard sales", analyst.id, {"version": 1})]


def test_a_view_in_use_is_not_archived(session, make_view, make_dashboard, analyst):
    make_view()
    make_dashboard(panels=[panel("p")])
    assert [(use.kind, use.name) for use in views.used_by(session, reader=analyst, name="orders")] == [("dashboard", "sales")]
    with pytest.raises(Conflict, match="dashboard “Sales”"):
        views.archive_view(session, user=analyst, name="orders")
    dashboards.archive_dashboard(session, user=analyst, name="sales")
    views.archive_view(session, user=analyst, name="orders")
    with pytest.raises(NotFound):
        views.find_view(session, reader=analyst, name="orders")


def test_a_view_that_is_not_one_plain_select_is_not_saved(session, make_view):
    with pytest.raises(QueryRefused):
        make_view(question={"kind": "sql", "sql": "delete from orders"}, parameters=[])
    with pytest.raises(QueryRefused):
        make_view(question={"kind": "sql", "sql": "select :nobody"}, parameters=[])
