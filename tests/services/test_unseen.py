"""What a dashboard, prompt or view names and its reader may not see: it says nothing to them, and outlasts what they change around it."""

import json

import pytest
from sqlalchemy import text

from nexus.accounts import sharing
from nexus.accounts.spec import Role
from nexus.dashboards import service as dashboards
from nexus.dashboards.service import PanelHidden
from nexus.dashboards.spec import Dashboard
from nexus.db import versions
from nexus.errors import BadInput, NotFound
from nexus.prompts import history
from nexus.prompts import service as prompts
from nexus.prompts.spec import Prompt
from nexus.sources import store as sources
from nexus.sources.address import own_role
from nexus.sources.spec import Source
from nexus.ui import editor
from nexus.views import drafts
from nexus.views import service as views
from nexus.views.spec import View
from nexus.workspace import compare, files
from nexus.workspace import service as workspace
from nexus.workspace.spec import WorkspaceInvalid

SECRET, TITLE, COLUMN, ASKED, PROMPT = "pay-slips", "Who earns what", "yearly_pay", "review-of-pay", "Review of pay"
TOLD = (SECRET, TITLE, COLUMN, ASKED, PROMPT)
"""Names, titles and a column that a stranger must meet nowhere."""
CHOICES = {"view": SECRET, "column": COLUMN, "label_column": COLUMN}
PANELS = [
    # As the page for composing makes them: called as the view.
    {"kind": "table", "name": SECRET, "title": f"{TITLE} by month", "view": SECRET, "columns": [COLUMN], "filtered": {COLUMN: "who"}},
    {"kind": "chart", "name": f"{SECRET}-2", "title": "Course", "view": SECRET, "chart": {"kind": "bar", "x": COLUMN, "y": [COLUMN]}},
    {
        "kind": "metric",
        "name": "total",
        "title": "Total",
        "view": SECRET,
        "measure": COLUMN,
        "note": f"of {TITLE}",
        "parameters": {"min": "who"},
    },
    {"kind": "table", "name": "open", "view": "plain", "drill": {"view": SECRET, "values": {COLUMN: "n"}}},
    {"kind": "prompt", "name": ASKED, "title": PROMPT, "prompt": ASKED},
]
DASHBOARD = {
    "name": "office",
    "title": "Office",
    "filters": [{"name": "who", "type": "choice", "choices": CHOICES}],
    "panels": PANELS,
}


def view(name, title, sql, **changes):
    return View.model_validate({"name": name, "title": title, "source": "books", "question": {"kind": "sql", "sql": sql}, **changes})


@pytest.fixture
def owner(make_user):
    return make_user(Role.ANALYST, name="Ana Ruiz")


@pytest.fixture
def other(make_user):
    return make_user(Role.ANALYST, name="Ben")


@pytest.fixture
def office(session, owner):
    """A dashboard, a prompt and a view that everybody may change, and that name a view and a prompt of the owner's alone."""
    sources.put(session, source=Source(name="books", title="Books"), address=own_role("nobody", "nothing"), changed_by=None)
    views.save_view(
        session, user=owner, view=view(SECRET, TITLE, f"select 1 as {COLUMN} where :min > 0", parameters=[{"name": "min", "type": "text"}])
    )
    views.save_view(
        session,
        user=owner,
        view=view("plain", "Plain", "select 1 as n", parameters=[{"name": "who", "type": "choice", "choices": CHOICES}]),
    )
    for name, title in ((ASKED, PROMPT), ("brief", "Brief")):
        data = [{"name": "slips", "view": SECRET, "columns": [COLUMN], "rules": {COLUMN: "mask"}}]
        spec = {
            "name": name,
            "title": title,
            "template": "Say",
            "data": data,
            "variables": [{"name": "who", "type": "choice", "choices": CHOICES}],
        }
        prompts.save_prompt(session, user=owner, prompt=Prompt.model_validate(spec))
    dashboards.save_dashboard(session, user=owner, dashboard=Dashboard.model_validate(DASHBOARD))
    for kind, name in (("view", SECRET), ("prompt", ASKED)):
        sharing.set_open(session, user=owner, kind=kind, name=name, open_to_all=False)


def stored(session, kind, name):
    return session.execute(
        text(
            f"select spec from nexus.{kind}_versions as told join nexus.{kind}s as kept on kept.id = kept_id and kept.version = told.version where name = :name"
        ),
        {"name": name},
    ).scalar()


def says_nothing(*things):
    said = "\n".join(thing if isinstance(thing, str) else repr(thing) for thing in things)
    assert [word for word in TOLD if word.casefold() in said.casefold()] == []
    return True


def test_nothing_that_is_read_of_them_tells_what_they_name(session, office, owner, other, viewer):
    for stranger in (other, viewer):
        opened = dashboards.open_dashboard(session, reader=stranger, name="office")
        assert says_nothing(opened, opened.dashboard.model_dump_json())
        for panel in opened.dashboard.panels[:3]:
            with pytest.raises(PanelHidden) as refused:
                dashboards.ask_panel(opened, panel, reader=stranger, values={})
            assert says_nothing(refused.value.message)
        assert says_nothing(
            prompts.open_prompt(session, reader=stranger, name="brief"),
            prompts.find_prompt(session, reader=stranger, name="brief"),
            views.find_view(session, reader=stranger, name="plain"),
        )
    draft = dashboards.open_draft(
        session, reader=other, dashboard=dashboards.open_dashboard(session, reader=other, name="office").dashboard
    )
    assert says_nothing(draft)
    with pytest.raises(PanelHidden):
        draft.view(draft.dashboard.panels[0].view)
    assert says_nothing(*workspace.export(session, user=other).values())


def test_the_owner_and_administrators_read_it_as_it_is(session, office, owner, admin):
    for reader in (owner, admin):
        opened = dashboards.open_dashboard(session, reader=reader, name="office")
        assert versions.plain(opened.dashboard) == versions.plain(Dashboard.model_validate(DASHBOARD))
        assert opened.hidden == frozenset()


def test_versions_are_compared_and_restored_without_a_word_of_it(session, office, owner, other):
    less = Dashboard.model_validate(DASHBOARD | {"panels": PANELS[3:], "title": "Less"})
    dashboards.save_dashboard(session, user=owner, dashboard=less, base_version=1)
    assert says_nothing(compare.compare_versions(session, reader=other, kind="dashboard", name="office", before=1, after=2))
    dashboards.restore_dashboard(session, user=other, name="office", version=1, base_version=2)
    assert stored(session, "dashboard", "office") == versions.plain(Dashboard.model_validate(DASHBOARD))


def test_what_is_changed_around_it_leaves_it_as_it_is(session, office, owner, other):
    shown = versions.plain(dashboards.open_dashboard(session, reader=other, name="office").dashboard)
    assert shown["panels"][0]["title"] == "Hidden"
    assert shown["panels"][1]["title"] == "Course"
    shown["title"] = "Changed"
    shown["panels"][1] |= {"title": "The course", "width": 12}
    shown["panels"] = [*shown["panels"][1:], shown["panels"][0]]
    dashboards.save_dashboard(session, user=other, dashboard=Dashboard.model_validate(shown), base_version=1)
    panels = [*PANELS[1:], PANELS[0]]
    panels[0] = panels[0] | {"title": "The course", "width": 12}
    assert stored(session, "dashboard", "office") == versions.plain(
        Dashboard.model_validate(DASHBOARD | {"title": "Changed", "panels": panels})
    )


def test_a_draft_that_had_its_panels_in_another_order_gives_each_its_own_back(session, office, owner, other):
    drafts.keep_draft(session, user=other, name="office", content=DASHBOARD | {"panels": PANELS[::-1]}, base_version=1, kind="dashboard")
    found = drafts.find_draft(session, reader=other, name="office", kind="dashboard").content
    dashboards.save_dashboard(session, user=other, dashboard=Dashboard.model_validate(found), base_version=1)
    assert stored(session, "dashboard", "office")["panels"] == versions.plain(Dashboard.model_validate(DASHBOARD))["panels"][::-1]


def test_a_hidden_panel_made_into_what_its_rest_does_not_fit_is_refused_and_readable(session, office, owner, other):
    shown = versions.plain(dashboards.open_dashboard(session, reader=other, name="office").dashboard)
    shown["panels"][2] = {"kind": "table"} | {key: value for key, value in shown["panels"][2].items() if key not in ("kind", "measure")}
    shown["panels"][0] |= {"kind": "metric", "measure": "n"}
    with pytest.raises(BadInput, match="may not see"):
        dashboards.save_dashboard(session, user=other, dashboard=Dashboard.model_validate(shown), base_version=1)
    assert dashboards.open_dashboard(session, reader=owner, name="office").version == 1


def test_its_yaml_is_applied_again_and_changes_nothing_but_what_was_typed(session, office, owner, other):
    texts = {name: written.encode() for name, written in workspace.export(session, user=other).items()}
    assert {change.action for change in workspace.diff(session, user=other, texts=texts)} == {"none"}
    changed = {
        name: written.replace(b"title: Brief", b"title: Briefing").replace(b"title: Plain", b"title: Plainer")
        for name, written in texts.items()
    }
    said = [change for change in workspace.apply(session, user=other, texts=changed) if change.action != "none"]
    assert [(change.kind, change.action) for change in said] == [("view", "update"), ("prompt", "update")]
    assert stored(session, "prompt", "brief")["data"][0] == {
        "name": "slips",
        "view": SECRET,
        "columns": [COLUMN],
        "rules": {COLUMN: "mask"},
    }
    assert stored(session, "view", "plain")["parameters"][0]["choices"] == CHOICES


def test_its_name_typed_by_a_stranger_is_answered_as_any_that_is_not_there(session, office, other):
    said = set()
    for name in (SECRET, "pay-slops"):
        typed = versions.plain(dashboards.open_dashboard(session, reader=other, name="office").dashboard)
        typed["panels"][0]["view"] = name
        with pytest.raises(WorkspaceInvalid) as refused:
            workspace.diff(session, user=other, texts={"d.yaml": files.write({"kind": "dashboard", **typed}).encode()})
        with pytest.raises(BadInput) as unsaved:
            dashboards.save_dashboard(session, user=other, dashboard=Dashboard.model_validate(typed), base_version=1)
        draft = dashboards.open_draft(session, reader=other, dashboard=Dashboard.model_validate(typed))
        with pytest.raises(BadInput) as broken:
            draft.view(name)
        said.add(
            (
                repr(refused.value.problems).replace(name, ""),
                unsaved.value.message.replace(name, ""),
                broken.value.message.replace(name, ""),
            )
        )
    assert len(said) == 1


def test_a_stand_in_is_taken_nowhere_else(session, office, other):
    for name in ("hidden-view-1", "hidden-view-999999"):
        mine = {"name": "mine", "title": "Mine", "panels": [{"kind": "table", "name": "p", "view": name}]}
        with pytest.raises(BadInput, match="may not see"):
            dashboards.save_dashboard(session, user=other, dashboard=Dashboard.model_validate(mine))
    with pytest.raises(BadInput, match="may not see"):
        views.save_view(session, user=other, view=view("hidden-view-7", "Mine", "select 1 as n"))


def test_copies_hold_what_the_person_may_see_and_say_nothing_of_the_rest(session, office, owner, other):
    dashboards.duplicate_dashboard(session, user=other, name="office", as_name="mine", title="Mine")
    [panel] = stored(session, "dashboard", "mine")["panels"]
    assert panel == {"kind": "table", "name": "open", "view": "plain"}
    sharing.share(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    views.duplicate_view(session, user=other, name=SECRET, as_name="copy", title="Copy")
    sharing.unshare(session, user=owner, kind="view", name=SECRET, user_id=other.id)
    assert says_nothing(*views.view_versions(session, reader=other, name="copy"))
    views.duplicate_view(session, user=other, name="plain", as_name="plain-copy", title="Plain copy")
    assert stored(session, "view", "plain-copy")["parameters"][0]["choices"] == CHOICES
    assert says_nothing(views.find_view(session, reader=other, name="plain-copy"))


def test_a_view_that_is_archived_is_no_more_told_than_before(session, office, owner, other):
    session.execute(text("update nexus.views set archived_at = now() where name = :name"), {"name": SECRET})
    assert says_nothing(dashboards.open_dashboard(session, reader=other, name="office"))


def test_a_draft_from_before_the_right_was_lost_says_nothing_after(session, office, owner, other):
    for kind, name in (("view", SECRET), ("prompt", ASKED)):
        sharing.share(session, user=owner, kind=kind, name=name, user_id=other.id)
    written = editor.yaml_of(dashboards.open_dashboard(session, reader=other, name="office").dashboard)
    drafts.keep_draft(session, user=other, name="office", content=DASHBOARD | {"note": "x"}, base_version=1, kind="dashboard")
    step = drafts.Step(to=1, left=0, content=DASHBOARD, anew=True)
    drafts.keep_step(session, user=other, name="office", kind="dashboard", step=step)
    drafts.keep_draft(session, user=other, name="new:1", content=DASHBOARD | {"yaml": f"{written}: ["}, base_version=None, kind="dashboard")
    assert drafts.find_draft(session, reader=other, name="office", kind="dashboard").content == DASHBOARD | {"note": "x"}
    for kind, name in (("view", SECRET), ("prompt", ASKED)):
        sharing.unshare(session, user=owner, kind=kind, name=name, user_id=other.id)
    found = drafts.find_draft(session, reader=other, name="office", kind="dashboard")
    assert found.content["note"] == "x"
    assert says_nothing(
        json.dumps(found.content),
        drafts.draft_steps(session, reader=other, name="office", kind="dashboard"),
        drafts.new_drafts(session, reader=other, kind="dashboard"),
    )
    assert drafts.names_unseen(session, reader=other, content=DASHBOARD)
    assert not drafts.names_unseen(session, reader=other, content=found.content)
    made = Dashboard.model_validate({key: value for key, value in found.content.items() if key != "note"} | {"title": "Mine"})
    dashboards.save_dashboard(session, user=other, dashboard=made, base_version=1)
    assert stored(session, "dashboard", "office") == versions.plain(Dashboard.model_validate(DASHBOARD | {"title": "Mine"}))


def test_a_prompt_panel_that_leads_nowhere_for_a_stranger_says_whom_to_ask(session, office, other):
    opened = dashboards.open_dashboard(session, reader=other, name="office")
    with pytest.raises(NotFound) as refused:
        prompts.open_on_dashboard(session, reader=other, name=opened.dashboard.panels[4].prompt, owner=opened.owner)
    assert "Ana Ruiz" in refused.value.message
    assert says_nothing(refused.value.message)


def test_an_answer_that_was_asked_with_its_values_is_for_who_may_see_them(session, office, owner, other):
    """And the dashboard it was asked on is named to those who may see that."""
    asked = """
        insert into nexus.prompt_runs (prompt_id, prompt_version, user_id, variables, data, data_hash, model, status, answer, dashboard)
        select id, version, :asker, '{"who": ["77310"]}', '{"shared": true, "blocks": []}', '', 'm', 'complete', 'Fine.', :dashboard
        from nexus.prompts where name = :prompt
    """
    plain = {"name": "greeting", "title": "Greeting", "template": "Say {{ who }}", "variables": [{"name": "who", "type": "text"}]}
    prompts.save_prompt(session, user=owner, prompt=Prompt.model_validate(plain))
    dashboards.save_dashboard(session, user=owner, dashboard=Dashboard.model_validate({"name": "closed", "title": "Closed"}))
    sharing.set_open(session, user=owner, kind="dashboard", name="closed", open_to_all=False)
    for prompt, dashboard in (("brief", None), ("greeting", "office"), ("greeting", "closed")):
        session.execute(text(asked), {"asker": owner.id, "prompt": prompt, "dashboard": dashboard})
    told = {reader.id: [(run.prompt, run.dashboard) for run in history.search(session, reader=reader)] for reader in (owner, other)}
    assert told[owner.id] == [("greeting", "closed"), ("greeting", "office"), ("brief", None)]
    assert told[other.id] == [("greeting", None)]
    assert [run.dashboard for run in prompts.open_prompt(session, reader=other, name="greeting").answers] == [None]
    assert prompts.open_prompt(session, reader=other, name="brief").answers == ()
