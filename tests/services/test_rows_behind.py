"""The rows behind a figure: those that it was made of, to the row, and to nobody whom the view or a rule keeps them from."""

from typing import Any

import pytest

from nexus.accounts.spec import Role
from nexus.dashboards import service as dashboards
from nexus.dashboards.behind import rows_behind
from nexus.dashboards.picks import Pick, conditions, point_of
from nexus.dashboards.spec import Dashboard
from nexus.db import session as own
from nexus.errors import BadInput, NotAllowed
from nexus.exports import service as exports
from nexus.sources.rules import ColumnRule
from nexus.sources.run import run
from nexus.views import behind
from nexus.views import service as views
from nexus.views.page import Page
from nexus.views.paging import read_page
from nexus.views.spec import View

COUNT = {"aggregate": "count", "name": "flights"}
CARRIERS: dict[str, Any] = {
    "columns": [
        {"column": "carrier"},
        {"column": "name", "of": "airlines", "name": "airline"},
        COUNT,
        {"column": "arr_delay", "aggregate": "average", "name": "delay"},
        {
            "aggregate": "count",
            "name": "late",
            "where": [{"column": "arr_delay", "operator": ">=", "value": 15}],
        },
    ],
    "joins": [{"schema": "sample", "table": "airlines", "on": [{"column": "carrier", "equals": "carrier"}]}],
    "filters": [{"column": "origin", "parameter": "origin"}],
    "order": [{"column": "flights", "descending": True}],
}
ORIGIN = {"name": "origin", "type": "choice", "choices": {"values": ["EWR", "JFK", "LGA"]}}


@pytest.fixture
def open_panel(sample_database, make_user):
    """A dashboard of one panel over a view of flights, as somebody sees it, and what it shows."""
    admin = make_user(Role.ADMIN)

    def make(question: dict[str, Any], *, reader=admin, panel: dict[str, Any] | None = None, values: Any = (), **more: Any):
        asked = {"kind": "table", "schema": "sample", "table": "flights"} | question if "sql" not in question else question
        more = {"rows_behind": True} | more
        view = View(name="grouped", title="Grouped", source="sample", question=asked, parameters=[ORIGIN], **more)
        board = Dashboard(
            name="board", title="Board", filters=[ORIGIN], panels=[{"kind": "table", "name": "p", "view": "grouped"} | (panel or {})]
        )
        with own.transaction() as session:
            views.save_view(session, user=admin, view=view)
            dashboards.save_dashboard(session, user=admin, dashboard=board)
        with own.transaction() as session:
            opened = dashboards.open_dashboard(session, reader=reader, name="board")
        panel_, given = opened.dashboard.panels[0], dict(values)
        table = dashboards.ask_panel(opened, panel_, reader=reader, values=given)

        def behind_(point: dict[str, Any] | None = None, **how: Any):
            only = conditions(Pick(panel="p", points=(point,)), [column.name for column in table.columns]) if point else ()
            return rows_behind(opened, panel_, reader=reader, values=given, table=table, only=only, **how)

        return table, behind_

    return make


def count(found, reader) -> int:
    """How many rows there are, as a file of them would hold."""
    total, after = 0, None
    while True:
        page = read_page(found.opened, reader=reader, values=found.values, page=Page(where=found.where, size=1_000, after=after))
        total, after = total + len(page.table.rows), page.next
        if after is None:
            return total


def names(found, reader) -> list[str]:
    return list(read_page(found.opened, reader=reader, values=found.values, page=Page(where=found.where, size=1)).names)


def test_the_rows_of_a_group_are_as_many_as_it_counts_page_by_page(open_panel, make_user):
    reader = make_user(Role.VIEWER)
    table, of = open_panel(CARRIERS, reader=reader, values={"origin": "LGA"})
    smallest = table.rows[-1]
    found = of({"carrier": smallest[0]})
    assert (found.made, found.problem) == (True, "")
    assert count(found, reader) == smallest[2]
    assert names(found, reader) == ["carrier", "airline", "arr_delay", "origin"]
    late = of({"carrier": smallest[0]}, figure="late")
    assert count(late, reader) == smallest[4] < smallest[2]


@pytest.mark.parametrize(
    ("group", "row"),
    [
        ({"column": "time_hour", "grain": "month"}, 5),
        ({"column": "time_hour", "grain": "week"}, 7),
        ({"column": "time_hour", "grain": "day"}, 300),
        ({"column": "time_hour", "grain": "hour"}, 40),
        ({"column": "time_hour", "grain": "quarter"}, 1),
        ({"column": "time_hour", "grain": "day of week"}, 2),
        ({"column": "distance", "bin": 100}, 9),
        ({"column": "arr_delay", "bin": 30.5}, 0),
        ({"column": "tailnum"}, -1),
    ],
)
def test_every_kind_of_group_has_just_its_rows(open_panel, make_user, group, row):
    reader = make_user(Role.ANALYST)
    asked = {"columns": [group | {"name": "g"}, COUNT], "filters": [{"column": "carrier", "value": "9E"}], "order": [{"column": "g"}]}
    table, of = open_panel(asked, reader=reader)
    found = of(point_of(table, table.rows[row], ("g",)))
    assert count(found, reader) == table.rows[row][1]
    ranged = ("grain" in group and " of " not in group["grain"]) or "bin" in group
    assert (len(found.where) == 2) == bool(ranged)


def test_a_big_number_is_of_its_own_rows_and_what_cuts_groups_is_said(open_panel, make_user):
    reader = make_user(Role.VIEWER)
    metric = {"kind": "metric", "measure": "flights"}
    by_month = {"columns": [{"column": "time_hour", "grain": "month", "name": "month"}, COUNT], "order": [{"column": "month"}]}
    table, of = open_panel(by_month | {"filters": [{"column": "carrier", "value": "OO"}]}, reader=reader, panel=metric)
    assert count(of(), reader) == table.rows[-1][1]


def test_groups_that_the_view_leaves_out_have_no_rows_here_or_that_is_said(open_panel, make_user):
    reader = make_user(Role.VIEWER)
    few = {"columns": [{"column": "carrier"}, COUNT], "order": [{"column": "flights"}], "limit": 2}
    table, of = open_panel(few, reader=reader)
    assert count(of(), reader) == sum(row[1] for row in table.rows)


def test_many_groups_left_out_are_said(open_panel, make_user):
    reader = make_user(Role.VIEWER)
    many = {"columns": [{"column": "dest"}, COUNT], "result_filters": [{"column": "flights", "operator": ">", "value": 5}]}
    _, of = open_panel(many, reader=reader)
    assert "rows of all" in of().problem


def test_of_sql_it_is_said_that_nobody_knows(open_panel, make_user):
    reader = make_user(Role.VIEWER)
    sql = {"kind": "sql", "sql": "select carrier, count(*) as flights from sample.flights where :origin is null or true group by 1"}
    _, of = open_panel(sql, reader=reader)
    found = of({"carrier": "AA"})
    assert not found.made
    assert "written in SQL" in found.problem
    assert count(found, reader) == 1


def test_a_view_keeps_its_rows_unless_it_says_otherwise():
    asked = {"kind": "table", "schema": "sample", "table": "flights", "columns": [COUNT]}
    assert not View(name="grouped", title="Grouped", source="sample", question=asked).rows_behind


def test_a_view_that_keeps_its_rows_shows_them_to_those_who_build_alone(open_panel, make_user):
    reader = make_user(Role.VIEWER)
    _, of = open_panel(CARRIERS, reader=reader, rows_behind=False)
    found = of({"carrier": "AA"})
    assert (found.made, found.problem.startswith("This view shows its figures alone to you")) == (False, True)
    with own.transaction() as session:
        opened = views.find_view(session, reader=reader, name="grouped")
    with pytest.raises(NotAllowed):
        behind.behind(opened, reader=reader)
    with own.transaction() as session:
        subject = exports.open_subject(session, user=reader, name="grouped", given={behind.KEY: ["rows"]})
    with pytest.raises(NotAllowed):
        subject.query(reader=reader)
    assert behind.behind(opened, reader=make_user(Role.ANALYST)).opened.view.title == "Grouped: rows behind"


def test_who_only_reads_sees_no_column_that_a_rule_holds_back(open_panel, make_user):
    reader = make_user(Role.VIEWER)
    open_panel(CARRIERS, reader=reader)
    with own.transaction() as session:
        opened = views.find_view(session, reader=reader, name="grouped")
    rule = ColumnRule(schema="sample", table="flights", column="arr_delay", rule="aggregate only")
    ruled = opened.model_copy(update={"source": opened.source.model_copy(update={"rules": (rule,)})})
    shown = [one.result_name for one in behind.behind(ruled, reader=reader).opened.view.question.columns]
    assert shown == ["carrier", "airline", "origin"]
    assert "arr_delay" in [one.result_name for one in behind.behind(ruled, reader=make_user(Role.ANALYST)).opened.view.question.columns]


def test_a_file_and_the_page_of_the_view_hold_the_same_rows(open_panel, make_user):
    reader = make_user(Role.VIEWER)
    table, of = open_panel(CARRIERS, reader=reader)
    smallest = table.rows[-1]
    found = of({"carrier": smallest[0]}, figure="late")
    given = {key: [text] for key, text in found.address.items()}
    with own.transaction() as session:
        subject = exports.open_subject(session, user=reader, name="grouped", given=given)
    assert run(subject.view.source, query=subject.query(reader=reader), reader=reader, max_rows=5_000).row_count == smallest[4]
    assert "Those behind its figures" in subject.part


@pytest.mark.parametrize("said", ["delay'", "carrier", "none", "x" * 5_000, "rows;"])
def test_a_forged_figure_is_refused_in_a_sentence(open_panel, make_user, said):
    reader = make_user(Role.VIEWER)
    open_panel(CARRIERS, reader=reader)
    with own.transaction() as session:
        opened = views.find_view(session, reader=reader, name="grouped")
    with pytest.raises(BadInput, match="a figure that this view does not have"):
        behind.asked_for(opened, reader=reader, said=said)


def test_a_value_that_no_group_has_finds_no_rows(open_panel, make_user):
    reader = make_user(Role.VIEWER)
    by_month = {"columns": [{"column": "time_hour", "grain": "month", "name": "month"}, COUNT]}
    _, of = open_panel(by_month, reader=reader)
    for value in ("2013-06-15", "9998-11-01"):
        assert count(of({"month": value}), reader) == 0
