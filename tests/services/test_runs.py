"""Who ran what, how fast, and how it ended."""

import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from nexus.accounts.spec import Role
from nexus.db import query_runs, versions
from nexus.db import session as own
from nexus.db.session import transaction
from nexus.errors import DatabaseUnavailable
from nexus.sources.spec import QueryFailed, QueryRefused, QueryStopped
from nexus.views import runs
from nexus.views import service as views
from nexus.views.spec import View


@pytest.fixture(autouse=True)
def kept_view(database, admin):
    """A view `late`."""
    with transaction() as session:
        versions.save(session, kind="view", spec=late("late", "select 1 as one"), user=admin)


def late(name, sql):
    return View.model_validate({"name": name, "title": "Late", "source": "sample", "question": {"kind": "sql", "sql": sql}})


def noted(person, **changes):
    given = {
        "source": "sample",
        "view": "late",
        "view_version": 1,
        "sql": None,
        "parameters": {},
        "purpose": "page",
        "status": "complete",
        "error": None,
        "row_count": 10,
        "elapsed_ms": 5.0,
        "cached": False,
    }
    runs.record(person, **(given | changes))


def of_view(person, view="late"):
    runs.flush()
    with transaction() as session:
        return runs.statistics(session, reader=person, view=view)


def saved_view(analyst, sql="select 1 as one", name="mine"):
    with transaction() as session:
        views.save_view(session, user=analyst, view=late(name, sql))
        return views.find_view(session, reader=analyst, name=name)


def test_asking_a_view_is_counted_with_its_time_and_whether_it_was_kept(sample_database, analyst):
    opened = saved_view(analyst)
    views.ask(opened, reader=analyst, values={})
    views.ask(opened, reader=analyst, values={}, purpose="dashboard")
    views.ask(opened, reader=analyst, values={}, max_rows=1, purpose="preview")
    found = of_view(analyst, "mine")
    assert (found.last_24_hours, found.last_7_days, found.last_30_days, found.cached) == (2, 2, 2, 1)
    assert found.cached_share == 0.5
    assert found.median_ms == found.max_ms > 0
    assert found.max_rows == 1
    assert [(person.name, person.runs) for person in found.people] == [(analyst.name, 2)]
    assert len(found.days) == 30
    assert (found.days[-1].runs, found.days[-1].failed, found.days[0].runs) == (2, 0, 0)


def test_a_cut_and_a_failed_run_say_how_they_ended(sample_database, analyst, admin):
    views.ask(saved_view(analyst, "select * from sample.flights"), reader=analyst, values={}, max_rows=5)
    broken = saved_view(analyst, "select carrier::int from sample.airlines", name="broken")
    with pytest.raises(QueryFailed):
        views.ask(broken, reader=analyst, values={})
    assert (of_view(analyst, "mine").cut, of_view(analyst, "mine").failed) == (1, 0)
    found = of_view(analyst, "broken")
    assert (found.failed, found.median_ms) == (1, None)
    assert found.last_error
    assert of_view(admin, "broken").last_error == found.last_error


def test_an_error_that_may_quote_a_value_is_told_to_who_met_it_and_to_administrators(make_user):
    ana, ben, chief = make_user(Role.ANALYST), make_user(Role.ANALYST), make_user(Role.ADMIN)
    noted(ana, status="failed", error="invalid input syntax: “salary of Ben”")
    assert "Ben" in of_view(ana).last_error
    assert "Ben" in of_view(chief).last_error
    assert of_view(ben).failed == 1
    assert of_view(ben).last_error is None


def test_viewers_are_not_told_who_ran_what(make_user):
    viewer = make_user(Role.VIEWER)
    noted(viewer)
    assert of_view(viewer).last_30_days == 1
    assert of_view(viewer).people == ()


@pytest.mark.parametrize(
    ("error", "status"),
    [(QueryRefused("no"), "refused"), (QueryStopped(), "stopped"), (QueryFailed("gone"), "failed"), (ValueError("x"), "failed")],
)
def test_how_a_run_ends_is_told_apart(analyst, error, status):
    def ask():
        raise error

    with pytest.raises(type(error)):
        runs.observed(analyst, source="sample", sql="select 1", purpose="sql", ask=ask)
    runs.flush()
    with transaction() as session:
        [run] = runs.history(session, reader=analyst)
    assert (run.status, run.sql, run.purpose) == (status, "select 1", "sql")


def test_a_page_that_is_left_while_it_waits_counts_as_stopped(analyst):
    class Left(BaseException):
        pass

    def ask():
        raise Left

    with pytest.raises(Left):
        runs.observed(analyst, source="sample", view="late", purpose="page", ask=ask)
    assert of_view(analyst).stopped == 1


def test_the_history_is_ones_own_newest_first_and_searchable(make_user):
    ana, ben = make_user(Role.ANALYST), make_user(Role.ANALYST)
    for sql in ("select carrier from flights", "select 100% from x", "select Tailnum from planes"):
        noted(ana, view=None, sql=sql, purpose="sql")
        runs.flush()
    noted(ben, view=None, sql="select secret", purpose="sql", source="other")
    runs.flush()
    with transaction() as session:
        assert runs.history(session, reader=ana)[0].sql == "select Tailnum from planes"
        assert [run.sql for run in runs.history(session, reader=ana, search="PLANES tail")] == ["select Tailnum from planes"]
        assert [run.sql for run in runs.history(session, reader=ana, search="100%")] == ["select 100% from x"]
        assert len(runs.history(session, reader=ana, limit=2)) == 2
        assert runs.history(session, reader=ana, source="other") == []
        assert runs.history(session, reader=ana, search="\0'; drop table x --") == []
        assert [run.sql for run in runs.history(session, reader=ben, source="other")] == ["select secret"]


def test_text_that_postgres_cannot_keep_loses_no_other_run(analyst):
    noted(analyst, sql="select '\0' \ud800", error="\0 half \udfff", parameters={"a": ["\0", "\\u0000", "\ud83d"]})
    noted(analyst, parameters={"x": float("nan")})
    noted(analyst, parameters={"x": object()})
    noted(analyst, parameters={"long": "x" * 50_000}, sql="s" * 200_000, error="e" * 5_000)
    runs.flush()
    with transaction() as session:
        found = runs.history(session, reader=analyst)
    assert len(found) == 4
    assert max(len(run.sql or "") for run in found) == runs.LONGEST_SQL
    assert max(len(run.error or "") for run in found) == runs.LONGEST_ERROR
    assert max(len(json.dumps(run.parameters)) for run in found) < runs.LONGEST_PARAMETERS


def test_runs_of_someone_deleted_meanwhile_stay_without_a_name(make_user, analyst):
    leaving = make_user(Role.ANALYST)
    noted(leaving)
    with transaction() as session:
        session.execute(text("delete from nexus.users where id = :id"), {"id": leaving.id})
    found = of_view(analyst)
    assert [(person.name, person.runs) for person in found.people] == [("", 1)]


def test_a_dead_database_loses_statistics_and_stops_no_page(database, analyst):
    noted(analyst)
    own.disconnect()
    with pytest.raises(DatabaseUnavailable):
        runs.flush()
    noted(analyst)
    runs._safely(runs.flush)
    own.connect(database)
    noted(analyst)
    assert of_view(analyst).last_30_days == 1


def test_more_runs_than_memory_holds_are_not_counted(analyst):
    for _ in range(runs.MOST_WAITING + 100):
        noted(analyst)
    assert of_view(analyst).last_30_days == runs.MOST_WAITING


def test_a_thread_writes_on_its_own_and_the_rest_when_it_is_stopped(analyst):
    runs.start()
    runs.start()
    assert [thread.name for thread in threading.enumerate()].count("nexus-runs") == 1
    noted(analyst)
    runs.stop()
    assert of_view(analyst).last_30_days == 1
    assert "nexus-runs" not in [thread.name for thread in threading.enumerate()]


def test_old_runs_go_when_the_setting_says_so(analyst, admin):
    def at(days):
        return query_runs.QueryRun(
            at=datetime.now(UTC) - timedelta(days=days),
            user_id=analyst.id,
            source="sample",
            view="late",
            purpose="page",
            status="complete",
            elapsed_ms=days,
        )

    with transaction() as session:
        query_runs.add(session, [at(1), at(8), at(40), at(100)])
    found = of_view(analyst)
    assert (found.last_24_hours, found.last_7_days, found.last_30_days) == (0, 1, 2)
    runs._stopping.clear()
    runs.clean_up()
    with transaction() as session:
        assert len(runs.history(session, reader=analyst)) == 3
        from nexus.accounts import service as accounts

        accounts.change_setting(session, user=admin, name="run_days", value=7)
    runs.clean_up()
    with transaction() as session:
        assert len(runs.history(session, reader=analyst)) == 1
        assert runs.frequencies(session, reader=analyst, views=["late", "none"])["late"].runs == 1
