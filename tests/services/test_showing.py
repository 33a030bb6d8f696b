"""What a dashboard costs its source: equal questions once, also between people, and nothing that nobody waits for any more."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date

import psycopg2
import pytest

from nexus.accounts.spec import Role
from nexus.dashboards import service as dashboards
from nexus.dashboards import showing
from nexus.dashboards.service import OpenDashboard
from nexus.dashboards.spec import Dashboard
from nexus.db.session import transaction
from nexus.sources.spec import QueryStopped
from nexus.ui.board import Board
from nexus.views import service as views
from nexus.views.spec import View
from tests.people import add_person
from tests.server import until

SLOW = (
    "select count(*) as rows from sample.flights as a join sample.flights as b on a.month = b.month and a.day = b.day and a.hour = b.hour"
)
FOR_EVER = "select count(*) as for_ever from sample.flights as a, sample.flights as b"
BY_DAY = """
select make_date(year, month, day) as day, count(*) as flights from sample.flights
where (:period_from is null or make_date(year, month, day) >= :period_from) and (:period_to is null or make_date(year, month, day) <= :period_to)
group by 1 order by 1
"""
PERIOD = {"name": "period", "type": "date_range"}
JUNE = (date(2013, 6, 1), date(2013, 6, 30))
Served = Callable[..., OpenDashboard]


@pytest.fixture
def served(sample_database, analyst) -> Served:
    """`served(sql, panels=[…])` is a dashboard whose panels ask `sql`, opened."""

    def make(sql: str, *panels: dict, per_reader: bool = False, parameters: tuple = (), filters: tuple = ()) -> OpenDashboard:
        view = View(
            name="asked", title="Asked", source="sample", question={"kind": "sql", "sql": sql}, parameters=parameters,
            chart={"kind": "line", "x": "day", "y": ["flights"]} if parameters else None,
        )  # fmt: skip
        made = panels or ({"kind": "table", "name": "one"}, {"kind": "table", "name": "two"})
        with transaction() as session:
            views.save_view(session, user=analyst, view=view)
            spec = Dashboard(name="served", title="Served", filters=filters, panels=[{"view": "asked", **panel} for panel in made])
            dashboards.save_dashboard(session, user=analyst, dashboard=spec)
        with transaction() as session:
            opened = dashboards.open_dashboard(session, reader=analyst, name="served")
        view_there = opened.views["asked"]
        source = view_there.source.model_copy(update={"per_reader": per_reader})
        return opened.model_copy(update={"views": {"asked": view_there.model_copy(update={"source": source})}})

    return make


def running(database: str, what: str) -> int:
    """Statements under way at the source that name `what`."""
    connection = psycopg2.connect(database)
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from pg_stat_activity where state = 'active' and query like %s and pid <> pg_backend_pid()", (f"%{what}%",)
            )
            return cursor.fetchone()[0]
    finally:
        connection.close()


def open_at_once(opened: OpenDashboard, people: int) -> list:
    """The answers of all panels for so many people who open the dashboard together."""
    readers = [add_person(Role.VIEWER, email=f"reader{number}@example.org") for number in range(people)]

    def open_page(reader) -> list:
        board = Board(opened=opened, user=reader)
        board.ask(board.panels)
        return [board.answer(panel).result() for panel in board.panels]

    with ThreadPoolExecutor(people) as pool:
        return [table for tables in pool.map(open_page, readers) for table in tables]


def test_twenty_people_who_open_a_dashboard_at_once_cost_one_run_of_each_query(served):
    tables = open_at_once(served(SLOW), 20)
    assert len(tables) == 40
    assert len({table.read_at for table in tables}) == 1


def test_where_the_database_is_told_who_asks_nobody_gets_the_answer_of_another(served):
    tables = open_at_once(served("select current_setting('nexus.user_id') as who", per_reader=True), 4)
    assert len({table.rows[0][0] for table in tables}) == 4


def test_a_panel_that_nobody_waits_for_any_more_is_cancelled_at_the_source(served, database, viewer):
    board = Board(opened=served(FOR_EVER), user=viewer)
    board.ask(board.panels)
    until(lambda: running(database, "for_ever"), what="the query")
    asked = [board.answer(panel) for panel in board.panels]
    board.give_up()
    wait(asked)
    assert all(isinstance(future.exception(), QueryStopped) for future in asked)
    until(lambda: not running(database, "for_ever"), what="the end of the query")


def test_a_changed_filter_gives_up_what_the_panel_asked_before(served, database, viewer):
    board = Board(opened=served(FOR_EVER, {"kind": "table", "name": "one"}), user=viewer)
    board.ask(board.panels)
    before = board.answer(board.panels[0])
    board.ask(board.panels)
    wait([before])
    assert isinstance(before.exception(), QueryStopped)
    board.give_up()
    until(lambda: not running(database, "for_ever"), what="the end of the query")


def test_who_leaves_takes_no_answer_away_from_who_stays(served, database, viewer, analyst):
    opened = served(SLOW, {"kind": "table", "name": "one"})
    leaves, stays = Board(opened=opened, user=viewer), Board(opened=opened, user=analyst)
    for board in (leaves, stays):
        board.ask(board.panels)
    leaves.give_up()
    assert stays.answer(stays.panels[0]).result().row_count == 1


def test_a_refresh_by_itself_takes_a_young_answer_and_one_by_hand_asks_again(served, viewer):
    board = Board(opened=served(BY_DAY, {"kind": "table", "name": "one"}, parameters=(PERIOD,)), user=viewer)

    def asked(**how) -> object:
        board.ask(board.panels, **how)
        return board.answer(board.panels[0]).result().read_at

    first = asked()
    assert asked(max_age_s=30) == first
    assert asked(max_age_s=0) > first
    assert asked(fresh=True) > first


@pytest.mark.parametrize("of_filter", [True, False], ids=["by a filter", "by the view's own default"])
def test_the_period_before_is_asked_of_the_same_view(served, viewer, of_filter):
    panel = {"kind": "chart", "name": "one", "compare_with": "previous period"}
    default = {**PERIOD, "default": JUNE}
    opened = served(BY_DAY, panel, parameters=(PERIOD,) if of_filter else (default,), filters=(default,) if of_filter else ())
    before = showing.ask_before(opened, opened.dashboard.panels[0], reader=viewer, values={})
    assert before.problem == ""
    assert [before.table.rows[0][0], before.table.rows[-1][0]] == [date(2013, 5, 1), date(2013, 5, 31)]
    assert before.words == "1 – 31 May 2013, the period before"


def test_a_panel_without_a_date_range_says_what_it_cannot_be_compared_with(served, viewer):
    panel = {"kind": "metric", "name": "one", "measure": "flights", "compare_with": "previous year"}
    opened = served(BY_DAY, panel, parameters=(PERIOD,))
    before = showing.ask_before(opened, opened.dashboard.panels[0], reader=viewer, values={})
    assert before.table is None
    assert before.problem.startswith("Nothing to compare with")


def test_of_many_panels_only_those_in_sight_are_asked(served, viewer):
    board = Board(
        opened=served(BY_DAY, *({"kind": "table", "name": f"p{number}"} for number in range(60)), parameters=(PERIOD,)), user=viewer
    )
    board.begin()
    assert len(board.in_sight) == 16
    # Before the page is whole nothing is asked, and a forged name never is.
    board.came_into_sight(["p40", "nothing", "p40"])
    assert len(board.in_sight) == 16
