"""What is shared with whom: who finds it, who may change it, and where nobody else hears of it."""

import pytest
from sqlalchemy import text

from nexus.accounts import sharing
from nexus.accounts.spec import Role
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import PanelHidden
from nexus.dashboards.spec import Dashboard
from nexus.db import query_runs, uses
from nexus.db import session as own
from nexus.db.report_tables import ReportRow
from nexus.db.tables import AuditRow
from nexus.errors import BadInput, Conflict, NotAllowed, NotFound
from nexus.prompts import history
from nexus.prompts import service as prompts
from nexus.prompts.spec import Prompt
from nexus.reports import ledger as reports
from nexus.sources import store as sources
from nexus.sources.address import own_role
from nexus.sources.spec import Source
from nexus.views import runs
from nexus.views import service as views
from nexus.views.spec import View
from nexus.workspace import service as workspace

SECRET, TITLE, FIGURE = "pay-slips", "Who earns what", "987654"
"""Name, title and data that a stranger must meet nowhere."""


@pytest.fixture
def owner(make_user):
    return make_user(Role.ANALYST, name="Ana Ruiz")


@pytest.fixture
def other(make_user):
    return make_user(Role.ANALYST, name="Ben")


def view(name=SECRET, title=TITLE, **changes):
    question = {"kind": "sql", "sql": f"select {FIGURE} as pay"}
    return View.model_validate({"name": name, "title": title, "source": "books", "question": question, **changes})


@pytest.fixture
def secret(session, owner):
    """A view that is the owner's alone, and a dashboard and a prompt that use it and are open to all."""
    sources.put(session, source=Source(name="books", title="Books"), address=own_role("nobody", "nothing"), changed_by=None)
    views.save_view(session, user=owner, view=view())
    panels = [
        {"kind": "table", "name": "pay", "title": "Pay", "view": SECRET},
        {"kind": "text", "name": "about", "text": "Hello"},
        {"kind": "prompt", "name": "brief", "prompt": "brief"},
    ]
    filters = [{"name": "who", "type": "choice", "choices": {"view": SECRET, "column": "pay"}}]
    prompts.save_prompt(
        session,
        user=owner,
        prompt=Prompt.model_validate({"name": "brief", "title": "Brief", "template": "Say", "data": [{"name": "pay", "view": SECRET}]}),
    )
    dashboards.save_dashboard(
        session, user=owner, dashboard=Dashboard.model_validate({"name": "office", "title": "Office", "filters": filters, "panels": panels})
    )
    sharing.set_open(session, user=owner, kind="view", name=SECRET, open_to_all=False)
    return SECRET


def names(session, reader, search=""):
    return [item.name for item in views.list_views(session, reader=reader, search=search)]


def test_what_is_open_is_seen_by_all_and_changed_by_who_may_build(session, secret, owner, other, viewer):
    sharing.set_open(session, user=owner, kind="view", name=SECRET, open_to_all=True)
    assert names(session, viewer) == [SECRET]
    assert views.find_view(session, reader=other, name=SECRET).may_edit
    assert not views.find_view(session, reader=viewer, name=SECRET).may_edit
    views.save_view(session, user=other, view=view(description="x"), base_version=1)


def test_what_is_not_shared_is_as_if_it_were_not_there(session, secret, owner, other, viewer, admin):
    for stranger in (other, viewer):
        assert names(session, stranger) == []
        assert names(session, stranger, search="earns") == []
        said = set()
        for name in (SECRET, "never-was"):
            for look in (
                lambda who, name: views.find_view(session, reader=who, name=name),
                lambda who, name: views.find_view(session, reader=who, name=name, version=1),
                lambda who, name: views.view_versions(session, reader=who, name=name),
                lambda who, name: views.used_by(session, reader=who, name=name),
                lambda who, name: views.toggle_favourite(session, user=who, name=name),
                lambda who, name: runs.statistics(session, reader=who, view=name),
                lambda who, name: sharing.find(session, reader=who, kind="view", name=name),
            ):
                with pytest.raises(NotFound) as refused:
                    look(stranger, name)
                said.add(refused.value.message)
        assert len(said) == 1
    assert names(session, owner) == names(session, admin) == [SECRET]


def test_a_stranger_can_neither_save_over_it_nor_restore_nor_archive_nor_share_it(session, secret, owner, other, viewer):
    for change in (
        lambda: views.save_view(session, user=other, view=view(title="Mine"), base_version=1),
        lambda: views.restore_view(session, user=other, name=SECRET, version=1, base_version=1),
        lambda: views.archive_view(session, user=other, name=SECRET),
        lambda: sharing.share(session, user=other, kind="view", name=SECRET, user_id=other.id),
        lambda: sharing.set_open(session, user=other, kind="view", name=SECRET, open_to_all=True),
        lambda: sharing.hand_over(session, user=other, kind="view", name=SECRET, to=other.id),
    ):
        with pytest.raises(NotFound) as refused:
            change()
        assert TITLE not in refused.value.message
    with pytest.raises(Conflict) as taken:
        views.save_view(session, user=other, view=view(title="Mine"))
    assert TITLE not in taken.value.message
    assert views.find_view(session, reader=owner, name=SECRET).version == 1


def test_an_archived_view_is_not_brought_back_by_somebody_else(session, secret, owner, other):
    dashboards.archive_dashboard(session, user=owner, name="office")
    prompts.save_prompt(
        session, user=owner, base_version=1, prompt=Prompt.model_validate({"name": "brief", "title": "Brief", "template": "Say"})
    )
    views.archive_view(session, user=owner, name=SECRET)
    with pytest.raises(Conflict):
        views.save_view(session, user=other, view=view(title="Mine"))
    assert views.save_view(session, user=owner, view=view(title="Again")) == 2


def test_shared_to_see_it_opens_and_cannot_be_changed(session, secret, owner, other):
    sharing.share(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    opened = views.find_view(session, reader=other, name=SECRET)
    assert (opened.view.title, opened.may_edit) == (TITLE, False)
    assert names(session, other) == [SECRET]
    for change in (
        lambda: views.save_view(session, user=other, view=view(title="Mine"), base_version=1),
        lambda: views.restore_view(session, user=other, name=SECRET, version=1, base_version=1),
        lambda: views.archive_view(session, user=other, name=SECRET),
        lambda: sharing.share(session, user=other, kind="view", name=SECRET, role=Role.VIEWER),
    ):
        with pytest.raises(NotAllowed, match="Ana Ruiz"):
            change()


def test_shared_to_change_it_can_be_saved_by_who_may_build_alone(session, secret, owner, other, viewer):
    for person in (other, viewer):
        sharing.share(session, user=owner, kind="view", name=SECRET, user_id=person.id, may_edit=True)
    assert views.save_view(session, user=other, view=view(description="better"), base_version=1) == 2
    with pytest.raises(NotAllowed, match="analyst role"):
        views.save_view(session, user=viewer, view=view(description="worse"), base_version=2)
    with pytest.raises(NotAllowed):
        sharing.set_open(session, user=other, kind="view", name=SECRET, open_to_all=True)
    assert [share.may_edit for share in sharing.find(session, reader=owner, kind="view", name=SECRET).shares] == [True, True]
    assert sharing.find(session, reader=other, kind="view", name=SECRET).shares == ()


def test_a_share_with_a_role_follows_the_role(session, secret, owner, other, viewer):
    sharing.share(session, user=owner, kind="view", name=SECRET, role=Role.ANALYST)
    assert names(session, other) == [SECRET]
    assert names(session, viewer) == []
    assert names(session, viewer.model_copy(update={"role": Role.ANALYST})) == [SECRET]
    assert names(session, other.model_copy(update={"role": Role.VIEWER})) == []


@pytest.mark.parametrize("name", ["", "Pay-Slips", "pay-slips\0", "' or true --", "x" * 10_000, "pay-slips "])
def test_a_forged_name_shares_nothing(session, secret, admin, name):
    with pytest.raises((NotFound, BadInput)):
        sharing.share(session, user=admin, kind="view", name=name, role=Role.ANALYST)


def test_sharing_twice_leaves_one_share_and_taking_back_ends_it(session, secret, owner, other):
    for may_edit in (False, True, False):
        sharing.share(session, user=owner, kind="view", name=SECRET, user_id=other.id, may_edit=may_edit)
        sharing.share(session, user=owner, kind="view", name=SECRET, role=Role.ANALYST, may_edit=may_edit)
    assert len(sharing.find(session, reader=owner, kind="view", name=SECRET).shares) == 2
    sharing.unshare(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    sharing.unshare(session, user=owner, kind="view", name=SECRET, role=Role.ANALYST)
    sharing.unshare(session, user=owner, kind="view", name=SECRET, role=Role.ANALYST)
    assert names(session, other) == []
    session.flush()
    recorded = [row.what for row in session.query(AuditRow).order_by(AuditRow.id) if row.subject == f"view {SECRET}"]
    assert recorded == ["view.saved", "view.restricted", *["view.shared"] * 6, *["view.unshared"] * 2]


@pytest.mark.parametrize(
    "whom",
    [{}, {"user_id": 10**9}, {"role": Role.ADMIN}, {"role": Role.VIEWER, "may_edit": True}, {"user_id": 1, "role": Role.VIEWER}],
    ids=str,
)
def test_sharing_with_nobody_in_particular_is_refused(session, secret, owner, whom):
    with pytest.raises(BadInput):
        sharing.share(session, user=owner, kind="view", name=SECRET, **whom)


def test_the_disabled_are_neither_found_nor_shared_with(session, secret, owner, make_user):
    gone = make_user(Role.ANALYST, name="Zoë Quit")
    session.execute(text("update nexus.users set disabled_at = now() where id = :id"), {"id": gone.id})
    assert sharing.find_people(session, user=owner, search="quit") == []
    for change in (
        lambda: sharing.share(session, user=owner, kind="view", name=SECRET, user_id=gone.id),
        lambda: sharing.hand_over(session, user=owner, kind="view", name=SECRET, to=gone.id),
    ):
        with pytest.raises(BadInput, match="disabled"):
            change()


def test_people_are_found_by_parts_of_name_and_mail_a_few_at_a_time(session, owner, viewer, make_user):
    for number in range(12):
        make_user(Role.VIEWER, name=f"Kim {number}", email=f"kim{number}@example.org")
    assert len(sharing.find_people(session, user=owner, search="KIM example")) == 8
    assert [person.email for person in sharing.find_people(session, user=owner, search="kim11")] == ["kim11@example.org"]
    for nothing in ("", "k", "%", "_ _", "\0", "' or 1=1 --", "x" * 5_000):
        assert sharing.find_people(session, user=owner, search=nothing) == []
    with pytest.raises(NotAllowed):
        sharing.find_people(session, user=viewer, search="kim")


def test_whoever_is_deleted_takes_their_shares_along_and_leaves_what_they_owned_to_administrators(
    session, secret, owner, other, admin, make_user
):
    third = make_user(Role.ANALYST)
    sharing.share(session, user=owner, kind="view", name=SECRET, user_id=other.id, may_edit=True)
    sharing.share(session, user=owner, kind="view", name=SECRET, user_id=third.id)
    session.execute(text("delete from nexus.users where id = any(:ids)"), {"ids": [third.id, owner.id]})
    assert names(session, third) == names(session, owner) == []
    assert names(session, other) == [SECRET]
    found = sharing.find(session, reader=admin, kind="view", name=SECRET)
    assert (found.owner_id, [share.user_id for share in found.shares]) == (None, [other.id])
    with pytest.raises(NotAllowed):
        sharing.share(session, user=other, kind="view", name=SECRET, role=Role.ANALYST)
    sharing.hand_over(session, user=admin, kind="view", name=SECRET, to=other.id)
    sharing.share(session, user=other, kind="view", name=SECRET, role=Role.ANALYST)


def test_a_thing_handed_over_stays_in_reach_of_who_had_it(session, secret, owner, other, viewer):
    with pytest.raises(BadInput, match="analyst"):
        sharing.hand_over(session, user=owner, kind="view", name=SECRET, to=viewer.id)
    sharing.hand_over(session, user=owner, kind="view", name=SECRET, to=other.id)
    found = sharing.find(session, reader=other, kind="view", name=SECRET)
    assert (found.owner, [(share.user_id, share.may_edit) for share in found.shares]) == ("Ben", [(owner.id, True)])
    with pytest.raises(NotAllowed, match="Ben"):
        sharing.set_open(session, user=owner, kind="view", name=SECRET, open_to_all=True)


def test_an_owner_who_may_no_longer_build_may_no_longer_share(session, secret, owner, other):
    demoted = owner.model_copy(update={"role": Role.VIEWER})
    assert names(session, demoted) == [SECRET]
    with pytest.raises(NotAllowed):
        sharing.share(session, user=demoted, kind="view", name=SECRET, user_id=other.id)


def test_a_panel_one_may_not_see_says_whom_to_ask_and_nothing_else(session, secret, owner, other, viewer):
    for stranger in (other, viewer):
        opened = dashboards.open_dashboard(session, reader=stranger, name="office")
        panel, _, asked = opened.dashboard.panels
        with pytest.raises(PanelHidden) as refused:
            dashboards.ask_panel(opened, panel, reader=stranger, values={})
        assert refused.value.message == "You may not see this panel's data. Ask Ana Ruiz."
        with pytest.raises(PanelHidden) as refused:
            dashboards.filter_choices(opened, opened.dashboard.filters[0], reader=stranger)
        assert SECRET not in refused.value.message
        assert opened.views == {}
        assert opened.problems == {}
        with_prompt = prompts.open_on_dashboard(session, reader=stranger, name=asked.prompt, owner=opened.owner)
        assert SECRET not in repr(with_prompt)
    assert dashboards.open_dashboard(session, reader=owner, name="office").view(SECRET).view.title == TITLE


def test_a_page_that_is_open_learns_that_a_view_was_taken_back(session, secret, owner, other):
    sharing.share(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    opened = dashboards.open_dashboard(session, reader=other, name="office")
    assert dashboards.still_readable(session, reader=other, opened=opened) is opened
    sharing.unshare(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    session.flush()
    with own.statements() as statements:
        again = dashboards.still_readable(session, reader=other, opened=opened)
    assert len(statements) == 1
    with pytest.raises(PanelHidden):
        again.view(SECRET)
    sharing.set_open(session, user=owner, kind="dashboard", name="office", open_to_all=False)
    with pytest.raises(NotFound):
        dashboards.still_readable(session, reader=other, opened=opened)


def test_a_private_dashboard_and_prompt_are_found_by_nobody_else(session, secret, owner, other, viewer):
    for kind, name in (("dashboard", "office"), ("prompt", "brief")):
        sharing.set_open(session, user=owner, kind=kind, name=name, open_to_all=False)
    for stranger in (other, viewer):
        assert dashboards.list_dashboards(session, reader=stranger) == []
        assert prompts.list_prompts(session, reader=stranger) == []
        for look in (
            lambda who: dashboards.open_dashboard(session, reader=who, name="office"),
            lambda who: dashboards.dashboard_versions(session, reader=who, name="office"),
            lambda who: dashboards.toggle_favourite(session, user=who, name="office"),
            lambda who: prompts.open_prompt(session, reader=who, name="brief"),
            lambda who: prompts.find_prompt(session, reader=who, name="brief"),
        ):
            with pytest.raises(NotFound):
                look(stranger)
    with pytest.raises(NotFound):
        dashboards.archive_dashboard(session, user=other, name="office")


def test_where_a_view_is_used_is_told_as_far_as_one_may_see_it(session, secret, owner, other):
    views.save_view(
        session,
        user=owner,
        view=view("plain", "Plain", parameters=[{"name": "who", "type": "choice", "choices": {"view": SECRET, "column": "pay"}}]),
    )
    used = views.used_by(session, reader=owner, name=SECRET)
    assert [(use.kind, use.name) for use in used] == [("dashboard", "office"), ("prompt", "brief"), ("view", "plain")]
    sharing.share(session, user=owner, kind="view", name=SECRET, user_id=other.id, may_edit=True)
    sharing.set_open(session, user=owner, kind="dashboard", name="office", open_to_all=False)
    assert [use.name for use in views.used_by(session, reader=other, name=SECRET)] == ["brief", "plain"]
    assert [use.name for use in uses.of_view(session, name=SECRET, reader=other)] == ["", "brief", "plain"]
    with pytest.raises(Conflict) as refused:
        views.archive_view(session, user=other, name=SECRET)
    assert "1 more" in refused.value.message
    assert "Office" not in refused.value.message


def test_a_dashboard_with_a_hidden_panel_can_be_changed_around_it(session, secret, owner, other):
    opened = dashboards.open_dashboard(session, reader=other, name="office")
    changed = opened.dashboard.model_copy(update={"title": "Office, changed"})
    assert dashboards.save_dashboard(session, user=other, dashboard=changed, base_version=1) == 2
    texts = {"d.yaml": workspace.export(session, user=other)["dashboards/office.yaml"].encode()}
    assert [change.action for change in workspace.diff(session, user=other, texts=texts)] == ["none"]
    mine = Dashboard.model_validate({"name": "mine", "title": "Mine", "panels": [{"kind": "table", "name": "p", "view": SECRET}]})
    with pytest.raises(BadInput, match="no view"):
        dashboards.save_dashboard(session, user=other, dashboard=mine)


def test_a_workspace_written_by_somebody_holds_what_they_may_see(session, secret, owner, other, admin):
    assert f"views/{SECRET}.yaml" in workspace.export(session, user=owner)
    assert f"views/{SECRET}.yaml" in workspace.export(session, user=admin)
    exported = workspace.export(session, user=other)
    assert f"views/{SECRET}.yaml" not in exported
    assert not any(TITLE in text or FIGURE in text for text in exported.values())


def report(session, person, **changes):
    row = ReportRow(
        **{
            "kind": "view",
            "subject": SECRET,
            "subject_version": 1,
            "title": TITLE,
            "file": FIGURE.encode(),
            "sha256": "",
            "size_bytes": 6,
            "pages": 1,
            "elapsed_ms": 1,
            "created_by": person.id,
            **changes,
        }
    )
    session.add(row)
    session.flush()
    return row.id


def test_a_report_is_gone_with_the_right_to_see_what_is_in_it(session, secret, owner, other, admin):
    sharing.share(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    of_view = report(session, other)
    with_panel = report(session, other, kind="dashboard", subject="office", title="Office", queries=[{"panel": "pay", "view": SECRET}])
    harmless = report(session, other, kind="dashboard", subject="office", title="Office", queries=[{"panel": "pay", "error": "hidden"}])
    assert {item.id for item in reports.list_reports(session, reader=other)} == {of_view, with_panel, harmless}
    sharing.unshare(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    assert {item.id for item in reports.list_reports(session, reader=other)} == {harmless}
    for gone in (of_view, with_panel):
        with pytest.raises(NotFound):
            reports.find_report(session, reader=other, report_id=gone)
        with pytest.raises(NotFound):
            reports.file_of(session, reader=other, report_id=gone)
    assert len(reports.list_reports(session, reader=admin)) == 3
    sharing.set_open(session, user=owner, kind="dashboard", name="office", open_to_all=False)
    assert reports.list_reports(session, reader=other) == []


def test_an_answer_made_of_a_view_is_for_who_may_see_the_view(session, secret, owner, other):
    sharing.share(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    session.execute(
        text("""
        insert into nexus.prompt_runs (prompt_id, prompt_version, user_id, variables, data, data_hash, model, status, answer)
        select id, 1, :asker, '{}', '{"shared": true, "blocks": [{"name": "pay", "view": "pay-slips", "view_title": "", "view_version": 1, "parameters": {},
            "columns": [], "rows": 1, "complete": true, "read_at": "2026-01-01T00:00:00Z", "digest": ""}]}', '', 'm', 'complete', '987654'
        from nexus.prompts where name = 'brief'
        """),
        {"asker": other.id},
    )
    [run] = history.search(session, reader=other)
    assert run.answer == FIGURE
    assert prompts.open_prompt(session, reader=other, name="brief").answers
    sharing.unshare(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    assert history.search(session, reader=other) == []
    assert prompts.open_prompt(session, reader=other, name="brief").answers == ()
    with pytest.raises(NotFound):
        prompts.find_run(session, reader=other, run_id=run.id)
    assert len(history.search(session, reader=owner)) == 1
    sharing.set_open(session, user=owner, kind="prompt", name="brief", open_to_all=False)
    assert history.search(session, reader=other) == []


def test_ones_own_history_forgets_a_view_that_one_may_see_no_longer(session, secret, owner, other):
    sharing.share(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    run = query_runs.QueryRun(
        at=session.execute(text("select now()")).scalar_one(),
        user_id=other.id,
        source="books",
        view=SECRET,
        purpose="page",
        status="failed",
        error=FIGURE,
        elapsed_ms=1,
    )
    query_runs.add(session, [run, run.model_copy(update={"view": None, "sql": "select 1", "purpose": "sql"})])
    assert len(runs.history(session, reader=other)) == 2
    sharing.unshare(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    assert [found.sql for found in runs.history(session, reader=other)] == ["select 1"]
