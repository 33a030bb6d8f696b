"""Duplicates, versions side by side, and things seen as somebody else sees them."""

import pytest
from sqlalchemy import text

from nexus.accounts import service as accounts
from nexus.accounts import sharing
from nexus.accounts.spec import Permission, Role, require
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db.session import transaction
from nexus.db.tables import AuditRow
from nexus.errors import BadInput, Conflict, NotAllowed, NotFound
from nexus.prompts import service as prompts
from nexus.prompts.spec import Prompt
from nexus.sources.service import change_source
from nexus.sources.service import find as find_source
from nexus.views import runs
from nexus.views import service as views
from nexus.views.spec import View
from nexus.workspace.compare import compare_versions


def view(name="late", title="Late flights", sql="select 1 as one", **changes):
    return View.model_validate({"name": name, "title": title, "source": "sample", "question": {"kind": "sql", "sql": sql}, **changes})


@pytest.fixture
def owner(make_user):
    return make_user(Role.ANALYST, name="Ana Ruiz")


@pytest.fixture
def other(make_user):
    return make_user(Role.ANALYST, name="Ben")


@pytest.fixture
def kept(sample_database, owner):
    """A view, and a dashboard and a prompt of it, all owned by `owner`."""
    with transaction() as session:
        views.save_view(session, user=owner, view=view())
        panels = [{"kind": "table", "name": "rows", "view": "late"}, {"kind": "text", "name": "about", "text": "Hello"}]
        filters = [{"name": "who", "type": "choice", "choices": {"view": "late", "column": "one"}}, {"name": "day", "type": "date"}]
        dashboards.save_dashboard(
            session,
            user=owner,
            dashboard=Dashboard.model_validate({"name": "office", "title": "Office", "panels": panels, "filters": filters}),
        )
        spec = {"name": "brief", "title": "Brief", "template": "Say", "data": [{"name": "rows", "view": "late"}]}
        prompts.save_prompt(session, user=owner, prompt=Prompt.model_validate(spec))


def test_a_duplicate_belongs_to_who_made_it_and_goes_its_own_way(kept, owner, other):
    with transaction() as session:
        views.duplicate_view(session, user=other, name="late", as_name="late-copy", title="Copy")
        copy = views.find_view(session, reader=other, name="late-copy")
        assert (copy.owner, copy.version, copy.view.title, copy.note) == ("Ben", 1, "Copy", "Duplicate of version 1")
        views.save_view(session, user=owner, view=view(description="later"), base_version=1)
        assert views.find_view(session, reader=other, name="late-copy").view.description == ""


def test_a_duplicate_is_no_way_around_what_is_not_open_to_all(kept, owner, other, viewer):
    with transaction() as session:
        sharing.set_open(session, user=owner, kind="view", name="late", open_to_all=False)
        sharing.share(session, user=owner, kind="view", name="late", user_id=other.id)
        views.duplicate_view(session, user=other, name="late", as_name="mine", title="Mine")
        assert not views.find_view(session, reader=other, name="mine").open_to_all
    with transaction() as session, pytest.raises(NotFound):
        views.find_view(session, reader=viewer, name="mine")


def test_what_one_may_not_see_stays_behind_when_a_dashboard_is_duplicated(kept, owner, other):
    with transaction() as session:
        sharing.set_open(session, user=owner, kind="view", name="late", open_to_all=False)
        dashboards.duplicate_dashboard(session, user=other, name="office", as_name="mine", title="Mine")
        copy = dashboards.open_dashboard(session, reader=other, name="mine").dashboard
        assert [panel.name for panel in copy.panels] == ["about"]
        assert [parameter.name for parameter in copy.filters] == ["day"]
        dashboards.duplicate_dashboard(session, user=owner, name="office", as_name="whole", title="Whole")
        assert len(dashboards.open_dashboard(session, reader=owner, name="whole").dashboard.panels) == 2
    with transaction() as session, pytest.raises(NotAllowed, match="Ana Ruiz"):
        prompts.duplicate_prompt(session, user=other, name="brief", as_name="mine", title="Mine")


@pytest.mark.parametrize("as_name", ["late", "", "Über Uns", "../x", "a" * 64, "x'; drop table y --", "nul\0"])
def test_a_duplicate_needs_a_name_that_is_free_and_fits(kept, other, as_name):
    with transaction() as session, pytest.raises((BadInput, Conflict)):
        views.duplicate_view(session, user=other, name="late", as_name=as_name, title="Copy")


def test_viewers_and_strangers_duplicate_nothing(kept, owner, other, viewer):
    with transaction() as session:
        sharing.set_open(session, user=owner, kind="view", name="late", open_to_all=False)
    for person, error in ((viewer, NotAllowed), (other, NotFound)):
        with transaction() as session, pytest.raises(error):
            views.duplicate_view(session, user=person, name="late", as_name="mine", title="Mine")


def test_two_versions_are_told_apart_in_words_and_lines(kept, owner):
    changed = view(
        title="Late",
        sql="select 2 as two",
        tags=("a", "b"),
        parameters=[{"name": "day", "type": "date"}],
    )
    with transaction() as session:
        views.save_view(session, user=owner, view=changed, base_version=1)
        found = compare_versions(session, reader=owner, kind="view", name="late", before=1, after=2)
        assert "Title: “Late flights” became “Late”." in found.sentences
        assert "Question › sql: “select 1 as one” became “select 2 as two”." in found.sentences
        assert "Tags: added as a, b." in found.sentences
        assert any(sentence.startswith("Parameters: added") for sentence in found.sentences)
        assert "-title: Late flights\n+title: Late\n" in found.lines
        back = compare_versions(session, reader=owner, kind="view", name="late", before=2, after=1)
        assert "Tags: taken out; it was a, b." in back.sentences
        same = compare_versions(session, reader=owner, kind="view", name="late", before=2, after=2)
        assert (same.sentences, same.lines) == ((), "")
    with transaction() as session, pytest.raises(NotFound):
        compare_versions(session, reader=owner, kind="view", name="late", before=1, after=9)


def test_a_version_that_cannot_be_read_is_compared_as_it_is_stored(kept, owner):
    with transaction() as session:
        views.save_view(session, user=owner, view=view(title="Late"), base_version=1)
        session.execute(text("update nexus.view_versions set spec = spec || '{\"hologram\": true}' where version = 2"))
        found = compare_versions(session, reader=owner, kind="view", name="late", before=1, after=2)
        assert "Hologram: added as yes." in found.sentences


def test_versions_side_by_side_are_for_who_may_change_them(kept, owner, other, viewer):
    with transaction() as session:
        sharing.set_open(session, user=owner, kind="dashboard", name="office", open_to_all=False)
    for person, error in ((viewer, NotAllowed), (other, NotFound)):
        with transaction() as session, pytest.raises(error):
            compare_versions(session, reader=person, kind="dashboard", name="office", before=1, after=1)
    with transaction() as session:
        sharing.share(session, user=owner, kind="dashboard", name="office", user_id=other.id)
    with transaction() as session, pytest.raises(NotAllowed):
        compare_versions(session, reader=other, kind="dashboard", name="office", before=1, after=1)


@pytest.fixture
def mine(sample_database, owner, admin):
    """A view whose rows are those of who asks."""
    with transaction() as session:
        source = find_source(session, reader=owner, name="sample")
        change_source(session, user=admin, source=source.model_copy(update={"per_reader": True}))
        views.save_view(
            session,
            user=owner,
            view=view(sql="select current_setting('nexus.user_email') as email, current_setting('nexus.team', true) as team"),
        )


def test_an_administrator_sees_the_rows_of_somebody_else_and_caches_stay_apart(mine, make_user, admin):
    ben = make_user(Role.VIEWER, name="Ben", attributes={"team": "east"})
    with transaction() as session:
        other = accounts.see_as(session, user=admin, person_id=ben.id, subject="view late")
        opened = views.find_view(session, reader=other, name="late")
    assert (other.role, other.looked_at_by) == (Role.VIEWER, admin.id)
    assert views.ask(opened, reader=admin, values={}).rows[0][0] == admin.email
    assert views.ask(opened, reader=other, values={}).rows == [(ben.email, "east")]
    assert views.ask(opened, reader=admin, values={}).rows[0][0] == admin.email
    assert views.ask(opened, reader=ben, values={}).rows == [(ben.email, "east")]


def test_looking_as_somebody_else_is_recorded_once_and_counted_as_ones_own(mine, make_user, admin):
    ben = make_user(Role.VIEWER)
    for _ in range(3):
        with transaction() as session:
            other = accounts.see_as(session, user=admin, person_id=ben.id, subject="view late")
    with transaction() as session:
        [entry] = [row for row in session.query(AuditRow) if row.what == "person.seen as"]
        assert (entry.user_id, entry.subject, entry.detail) == (admin.id, "view late", {"as": ben.email})
        opened = views.find_view(session, reader=other, name="late")
    views.ask(opened, reader=other, values={})
    runs.flush()
    with transaction() as session:
        assert [run.user_id for run in runs.history(session, reader=admin)] == [admin.id]
        assert runs.history(session, reader=ben) == []


def test_who_looks_as_somebody_else_sees_what_they_may_and_changes_nothing(kept, owner, other, admin):
    with transaction() as session:
        sharing.set_open(session, user=owner, kind="view", name="late", open_to_all=False)
        as_owner = accounts.see_as(session, user=admin, person_id=owner.id, subject="view late")
        as_other = accounts.see_as(session, user=admin, person_id=other.id, subject="view late")
        assert not views.find_view(session, reader=as_owner, name="late").may_edit
    for permission in set(Permission) - {Permission.SEE}:
        with pytest.raises(NotAllowed, match="someone else"):
            require(as_owner, permission)
    for change in (
        lambda session: views.find_view(session, reader=as_other, name="late"),
        lambda session: views.save_view(session, user=as_owner, view=view(title="x"), base_version=1),
        lambda session: views.toggle_favourite(session, user=as_owner, name="late"),
        lambda session: views.duplicate_view(session, user=as_owner, name="late", as_name="x", title="x"),
        lambda session: sharing.set_open(session, user=as_owner, kind="view", name="late", open_to_all=True),
        lambda session: accounts.see_as(session, user=as_owner, person_id=other.id, subject="view late"),
    ):
        with transaction() as session, pytest.raises((NotAllowed, NotFound)):
            change(session)
    with transaction() as session:
        dashboards.open_dashboard(session, reader=as_owner, name="office")
        assert session.execute(text("select count(*) from nexus.visits")).scalar_one() == 0


def test_only_administrators_see_as_somebody_and_as_nobody_who_is_gone(session, owner, other, admin, make_user):
    with pytest.raises(NotAllowed):
        accounts.see_as(session, user=owner, person_id=other.id, subject="view late")
    gone = make_user(Role.VIEWER)
    session.execute(text("update nexus.users set disabled_at = now() where id = :id"), {"id": gone.id})
    for person_id in (gone.id, 10**9, -1):
        with pytest.raises(BadInput):
            accounts.see_as(session, user=admin, person_id=person_id, subject="view late")
