"""A workspace in files: applied whole or not at all, compared field by field, exported as it was applied."""

from pathlib import Path

import pytest

from nexus.accounts import service as accounts
from nexus.accounts.spec import Role
from nexus.dashboards import service as dashboards
from nexus.db import session as own
from nexus.db import versions
from nexus.errors import BadInput, NotAllowed
from nexus.sources import store
from nexus.sources.address import own_role
from nexus.sources.spec import Source
from nexus.views import service as views
from nexus.workspace import service as workspace
from nexus.workspace.spec import WorkspaceInvalid

VIEW = b"""\
kind: view
name: orders
title: Orders
source: sales
question:
  kind: sql
  sql: |
    select 1 as one, region from orders where :region is null or region = :region
parameters:
- name: region
  type: text
formats:
  one:
    style: percent
"""
DASHBOARD = b"""\
kind: dashboard
name: sales
title: Sales
filters:
- name: region
  type: text
panels:
- name: first
  view: orders
  kind: table
- name: second
  title: One
  view: orders
  kind: metric
  measure: one
- name: brief
  kind: prompt
  prompt: brief
"""
PROMPT = b"""\
kind: prompt
name: brief
title: Brief
template: Say {{ rows }}
data:
- name: rows
  view: orders
"""
SOURCE = b"kind: source\nname: sales\ntitle: Sales\n"
ALL = {"d.yaml": DASHBOARD, "p.yaml": PROMPT, "v.yaml": VIEW}


@pytest.fixture
def source(session) -> None:
    store.put(session, source=Source(name="sales", title="Sales"), address=own_role("nobody", "nothing"), changed_by=None)


def problems(session, user, texts: dict[str, bytes]) -> list[str]:
    with pytest.raises(WorkspaceInvalid) as invalid:
        workspace.apply(session, user=user, texts=texts)
    return [str(problem) for problem in invalid.value.problems]


def test_files_that_name_each_other_are_applied_in_any_order(session, source, analyst):
    changes = workspace.apply(session, user=analyst, texts=ALL)
    assert [(change.kind, change.name, change.action, change.version) for change in changes] == [
        ("view", "orders", "create", 1),
        ("prompt", "brief", "create", 1),
        ("dashboard", "sales", "create", 1),
    ]
    assert dashboards.open_dashboard(session, reader=analyst, name="sales").view("orders").view.title == "Orders"


def test_applying_the_same_again_makes_no_version(session, source, analyst):
    workspace.apply(session, user=analyst, texts=ALL)
    assert {change.action for change in workspace.apply(session, user=analyst, texts=ALL)} == {"none"}
    assert len(views.view_versions(session, reader=analyst, name="orders")) == 1


def test_one_bad_file_leaves_everything_as_it_was(session, source, analyst):
    problems(session, analyst, {**ALL, "x.yaml": b"kind: view\nname: x\n"})
    assert views.list_views(session, reader=analyst) == []


def test_a_failure_while_saving_leaves_everything_as_it_was(database, make_user, tmp_path):
    analyst = make_user(Role.ANALYST)
    with own.transaction() as session:
        store.put(session, source=Source(name="sales", title="Sales"), address=own_role("nobody", "nothing"), changed_by=None)
    for name, text in {**ALL, "s.yaml": SOURCE + b"description: changed\n"}.items():
        (tmp_path / name).write_bytes(text)
    with pytest.raises(NotAllowed):
        workspace.apply_folder(analyst, tmp_path)
    with own.transaction() as session:
        assert views.list_views(session, reader=analyst) == []


def test_a_diff_names_the_fields_and_changes_nothing(session, source, analyst):
    workspace.apply(session, user=analyst, texts=ALL)
    changed = DASHBOARD.replace(b"title: One", b"title: Uno\n  width: 3").replace(b"- name: first\n  view: orders\n  kind: table\n", b"")
    (change,) = [change for change in workspace.diff(session, user=analyst, texts={**ALL, "d.yaml": changed}) if change.action != "none"]
    assert (change.kind, change.name, change.action, change.file) == ("dashboard", "sales", "update", "d.yaml")
    assert {(field.path, str(field.before), str(field.after)) for field in change.fields} == {
        ("panels.first", "{'kind': 'table', 'name': 'first', 'view': 'orders'}", "None"),
        ("panels.second.title", "One", "Uno"),
        ("panels.second.width", "None", "3"),
    }
    assert dashboards.open_dashboard(session, reader=analyst, name="sales").version == 1


def test_a_new_order_of_panels_is_a_change(session, source, analyst):
    workspace.apply(session, user=analyst, texts=ALL)
    first = b"- name: first\n  view: orders\n  kind: table\n"
    moved = DASHBOARD.replace(first, b"") + first
    (change,) = [change for change in workspace.diff(session, user=analyst, texts={**ALL, "d.yaml": moved}) if change.action != "none"]
    assert [field.path for field in change.fields] == ["panels.order"]


def test_an_export_applied_again_changes_nothing(session, source, admin):
    workspace.apply(session, user=admin, texts={**ALL, "s.yaml": SOURCE})
    texts = {name: text.encode() for name, text in workspace.export(session, user=admin).items()}
    assert sorted(texts) == ["dashboards/sales.yaml", "prompts/brief.yaml", "sources/sales.yaml", "views/orders.yaml"]
    assert texts["views/orders.yaml"] == VIEW
    assert b"nobody" not in b"".join(texts.values())
    assert {change.action for change in workspace.apply(session, user=admin, texts=texts)} == {"none"}
    versions.archive(session, user=admin, kind="dashboard", name="sales")
    assert [change.action for change in workspace.apply(session, user=admin, texts=texts)].count("create") == 1


def test_a_folder_is_read_and_written(database, admin, tmp_path):
    with own.transaction() as session:
        store.put(session, source=Source(name="sales", title="Sales"), address=own_role("nobody", "nothing"), changed_by=None)
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name, text in ALL.items():
        (tmp_path / "in" / "deep" / name).write_bytes(text)
    (tmp_path / "in" / "readme.txt").write_text("not YAML")
    assert len(workspace.apply_folder(admin, tmp_path / "in")) == 3
    assert "views/orders.yaml" in workspace.export_folder(admin, tmp_path / "out")
    assert {change.action for change in workspace.diff_folder(admin, tmp_path / "out")} == {"none"}


def test_a_folder_without_files_or_with_a_way_out_is_refused(admin, tmp_path):
    with pytest.raises(BadInput, match="no YAML"):
        workspace.read_folder(tmp_path)
    with pytest.raises(BadInput, match="not a folder"):
        workspace.read_folder(tmp_path / "nothing")
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "secret.yaml").write_text("kind: view")
    (inside / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(BadInput, match="leads out"):
        workspace.read_folder(inside)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ((b"title: Orders", b"titel: Orders"), ["v.yaml:1: title: the field is missing", "v.yaml:3: titel: the field is not known; did you mean `title`?"]),
        ((b"  sql: |", b"  query: |"), ["v.yaml:5: question.sql: the field is missing", "v.yaml:7: question.query: the field is not known"]),
        ((b"  type: text", b"  type: texts"), ["v.yaml:10: parameters.0: "]),
        ((b"  type: text", b"  type: text\n  minimum: 3"), ["v.yaml:12: parameters.0.minimum: the field is not known"]),
        ((b"style: percent", b"style: per cent"), ["v.yaml:14: formats.one.style: "]),
        ((b"name: orders", b"name: Orders!"), ["v.yaml:2: name: "]),
        ((b"source: sales", b"source: sale"), ["v.yaml:4: source: there is no source `sale`; did you mean `sales`?"]),
        ((b"select 1 as", b"delete from orders returning 1 as"), ["v.yaml:7: question.sql: "]),
        ((b":region is null", b":regio is null"), ["v.yaml:7: question.sql: "]),
        ((b"kind: view", b"kind: vue"), ["v.yaml:1: kind: must say what the file holds"]),
        ((b"kind: view\n", b""), ["v.yaml:1: kind: must say what the file holds"]),
        ((b"title: Orders", b"title: [Orders]"), ["v.yaml:3: title: must be text"]),
        ((b"title: Orders", b'title: "a\\0b"'), ["v.yaml:3: the text holds a NUL"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_file_line_and_field(session, source, analyst, changed, says):
    found = problems(session, analyst, {"v.yaml": VIEW.replace(*changed)})
    assert len(found) == len(says)
    for problem, begins in zip(sorted(found), sorted(says), strict=True):
        assert problem.startswith(begins)


@pytest.mark.parametrize(
    ("file", "changed", "says"),
    [
        ("d.yaml", (b"view: orders", b"view: order"), "d.yaml:9: panels.0.view: there is no view `order`; did you mean `orders`?"),
        ("d.yaml", (b"prompt: brief", b"prompt: briefs"), "d.yaml:18: panels.2.prompt: there is no prompt `briefs`; did you mean `brief`?"),
        ("d.yaml", (b"  measure: one", b"  measure: one\n  parameters:\n    region: area"), "d.yaml:17: panels.1.parameters.region: there is no filter `area`"),
        ("p.yaml", (b"{{ rows }}", b"{{ row }}"), "p.yaml:1: the template uses {{ row }}"),
        ("p.yaml", (b"view: orders", b"view: orders\n  parameters:\n    regio: region"), "p.yaml:9: data.0.parameters.regio: the view `orders` has no parameter `regio`; did you mean `region`?"),
        ("p.yaml", (b"view: orders", b"view: order"), "p.yaml:7: data.0.view: there is no view `order`; did you mean `orders`?"),
    ],
)  # fmt: skip
def test_what_is_named_must_be_in_the_files_or_in_nexus(session, source, analyst, file, changed, says):
    found = problems(session, analyst, {**ALL, file: ALL[file].replace(*changed)})
    assert found[0].startswith(says)


def test_the_same_name_in_two_files_is_refused(session, source, analyst):
    assert problems(session, analyst, {"a.yaml": VIEW, "b.yaml": VIEW}) == ["b.yaml:2: name: a.yaml holds the view `orders` already"]


def test_a_name_that_exists_is_changed_and_its_history_kept(session, source, analyst, make_user):
    workspace.apply(session, user=analyst, texts=ALL)
    bob = make_user(Role.ANALYST, name="Bob")
    workspace.apply(session, user=bob, texts={"v.yaml": VIEW.replace(b"title: Orders", b"title: All orders")}, note="from files")
    assert [(info.version, info.saved_by, info.note) for info in views.view_versions(session, reader=bob, name="orders")] == [
        (2, "Bob", "from files"),
        (1, "Ana", "Applied from files"),
    ]
    assert views.find_view(session, reader=bob, name="orders").owner == "Ana"


def test_what_people_changed_is_kept_when_asked_to(session, source, analyst):
    workspace.apply(session, user=analyst, texts=ALL)
    changed = {"v.yaml": VIEW.replace(b"title: Orders", b"title: Mine")}
    workspace.apply(session, user=analyst, texts=changed)
    changes = workspace.apply(session, user=analyst, texts=ALL, keep_changed=True)
    assert [(change.name, change.action) for change in changes] == [("orders", "keep"), ("brief", "none"), ("sales", "none")]
    assert views.find_view(session, reader=analyst, name="orders").view.title == "Mine"


def test_what_people_archived_stays_archived_when_asked_to(session, source, analyst):
    workspace.apply(session, user=analyst, texts=ALL)
    dashboards.archive_dashboard(session, user=analyst, name="sales")
    changes = workspace.apply(session, user=analyst, texts=ALL, keep_changed=True)
    assert [(change.name, change.action) for change in changes] == [("orders", "none"), ("brief", "none"), ("sales", "keep")]
    assert dashboards.list_dashboards(session, reader=analyst) == []
    assert workspace.apply(session, user=analyst, texts=ALL)[-1].action == "create"


def test_viewers_may_not_apply_compare_or_export(session, source, viewer):
    for attempt in (
        lambda: workspace.apply(session, user=viewer, texts=ALL),
        lambda: workspace.diff(session, user=viewer, texts=ALL),
        lambda: workspace.export(session, user=viewer),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_only_administrators_change_sources(session, source, analyst, admin):
    changed = {"s.yaml": SOURCE + b"limits:\n  timeout_ms: 500\n"}
    assert workspace.apply(session, user=analyst, texts={"s.yaml": SOURCE})[0].action == "none"
    with pytest.raises(NotAllowed):
        workspace.apply(session, user=analyst, texts=changed)
    workspace.apply(session, user=admin, texts=changed)
    found = store.find(session, name="sales")
    assert found is not None
    assert found.limits.timeout_ms == 500


def test_the_command_line_applies_everything_without_being_a_person(session, source):
    texts = {**ALL, "s.yaml": SOURCE + b"description: ours\n"}
    assert {change.action for change in workspace.apply(session, user=accounts.OPERATOR, texts=texts)} == {"create", "update"}
    assert views.find_view(session, reader=accounts.OPERATOR, name="orders").owner is None
    assert dashboards.open_dashboard(session, reader=accounts.OPERATOR, name="sales").dashboard.title == "Sales"


@pytest.mark.parametrize("field", [b"url: postgresql://a:secret@b/c", b"revision: '1'", b"password: secret"])
def test_the_address_of_a_source_stands_in_no_file(session, source, admin, field):
    (found,) = problems(session, admin, {"s.yaml": SOURCE + field})
    assert "the field is not known" in found
    assert "secret" not in found


def test_a_source_that_has_no_address_yet_is_told_of(session, admin):
    (found,) = problems(session, admin, {"s.yaml": SOURCE})
    assert "an administrator adds it in Settings" in found


def test_a_stored_view_of_a_newer_release_stands_in_nobodys_way(session, source, admin):
    workspace.apply(session, user=admin, texts=ALL)
    session.execute(own.text("update nexus.view_versions set spec = spec || '{\"hologram\": true}'"))
    assert "hologram: true" in workspace.export(session, user=admin)["views/orders.yaml"]
    other = VIEW.replace(b"name: orders", b"name: other")
    assert workspace.apply(session, user=admin, texts={"o.yaml": other})[0].action == "create"


def test_the_sample_lies_where_the_package_is():
    assert workspace.SAMPLE.is_dir()
    assert len(list(Path(workspace.SAMPLE).rglob("*.yaml"))) >= 10
