"""Questions in SQL that are not saved: who may ask, what is noted, and how they end."""

from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import pytest

from nexus.db import session as own
from nexus.errors import BadInput, NotAllowed
from nexus.sources import store
from nexus.sources.spec import QueryFailed, QueryStopped
from nexus.ui.sql_editor.running import Running
from nexus.views import runs, sql
from nexus.views.parameter import BooleanParameter, Choices, DateRangeParameter, MultipleChoiceParameter, NumberParameter, TextParameter
from nexus.views.question import SqlQuestion
from nexus.views.spec import View
from tests.server import until

ENDLESS = "select count(*) from sample.flights a, sample.flights b, sample.flights c"


@pytest.fixture
def source(sample_database):
    with own.transaction() as session:
        return store.find(session, name="sample")


def view(text, *parameters):
    return View(name="untitled", title="Untitled", source="sample", question=SqlQuestion(sql=text), parameters=parameters)


def history(reader, **given):
    runs.flush()
    with own.transaction() as session:
        return runs.history(session, reader=reader, **given)


def test_what_one_ran_is_found_again_with_its_text_and_how_it_ended(source, analyst, make_user):
    late = NumberParameter(name="late")
    asked = view("select * from sample.flights\nwhere dep_delay > :late", late)
    assert sql.ask_sql(asked, source, reader=analyst, values={"late": 300}).row_count == 610
    with pytest.raises(QueryFailed):
        sql.ask_sql(view("select wrong from sample.airlines"), source, reader=analyst, values={})
    failed, ran = history(analyst, source="sample")
    assert (ran.sql, ran.status, ran.row_count, ran.parameters) == (asked.question.sql, "complete", 610, {"late": ["300"]})
    assert (failed.status, failed.row_count) == ("failed", None)
    assert "wrong" in failed.error
    assert history(make_user(), source="sample") == []


def test_what_one_ran_comes_back_with_the_values_it_ran_with_and_as_what_they_were(source, analyst):
    carriers = MultipleChoiceParameter(name="carriers", choices=Choices(values=("AA", "UA", "B6")))
    parameters = (
        NumberParameter(name="late", default=15),
        DateRangeParameter(name="days", default="last 30 days"),
        carriers,
        BooleanParameter(name="longest", default=True),
        TextParameter(name="unused", default="not in the text"),
    )
    text = "select count(*) from sample.flights where dep_delay > :late and time_hour::date between :days_from and :days_to and carrier = any(:carriers) and :longest"
    summer = (date(2013, 6, 1), date(2013, 8, 31))
    asked = {"late": 60, "days": summer, "carriers": ("AA", "UA"), "longest": False}
    assert sql.ask_sql(view(text, *parameters), source, reader=analyst, values=asked).row_count == 1
    (ran,) = history(analyst)
    found, values = runs.asked_with(ran)
    assert found == list(parameters[:4])
    assert values == asked


def test_a_run_of_another_release_comes_back_without_what_cannot_be_read(analyst):
    given = [{"name": "late", "type": "number"}, {"name": "form", "type": "hologram"}, 7, {"name": "day", "type": "date"}]
    ran = runs.QueryRun(
        at=datetime.now(UTC),
        user_id=analyst.id,
        source="sample",
        parameters={"late": ["60"], "day": ["never"]},
        declared=given,
        purpose="sql",
        status="complete",
        elapsed_ms=1,
    )
    assert runs.asked_with(ran) == ([NumberParameter(name="late")], {"late": 60})


def test_a_result_is_cut_at_what_the_page_shows(source, analyst):
    table = sql.ask_sql(view("select * from sample.flights"), source, reader=analyst, values={})
    assert table.truncated
    assert table.row_count == sql.ROWS


def test_viewers_ask_nothing_of_their_own(source, viewer):
    for ask in (sql.ask_sql, sql.explain_sql):
        with pytest.raises(NotAllowed):
            ask(view("select 1"), source, reader=viewer, values={})


def test_an_optional_part_drops_out_and_a_mistake_behind_it_keeps_its_place(source, analyst):
    text = "select count(*) from sample.flights where true [[ and dep_delay > :late ]] and wrong = 1"
    late = NumberParameter(name="late")
    for values in ({}, {"late": 60}):
        with pytest.raises(QueryFailed) as failure:
            sql.ask_sql(view(text, late), source, reader=analyst, values=values)
        problem = sql.problem_of(failure.value, text)
        assert text[problem.start : problem.end] == "wrong"
    counted = sql.ask_sql(view(text.replace(" and wrong = 1", ""), late), source, reader=analyst, values={})
    assert counted.rows == [(336_776,)]


def active(postgres, name):
    with postgres.superuser() as cursor:
        # Of a text so long the server shows no more than its beginning.
        cursor.execute(
            "select count(*) from pg_stat_activity where state = 'active' and application_name = 'nexus' and datname = %s", (name,)
        )
        return cursor.fetchone()[0]


@pytest.mark.parametrize("how", ["cancelled", "nobody looks"])
def test_a_query_that_nobody_wants_any_more_ends_in_the_database(source, analyst, postgres, sample_database, how):
    name = urlsplit(sample_database).path.strip("/")
    asked = view(ENDLESS)
    running = Running(
        lambda stopped: sql.ask_sql(asked, source, reader=analyst, values={}, cancelled=stopped),
        unwatched_s=1.5 if how == "nobody looks" else 60,
    )
    until(lambda: active(postgres, name), what="the query in the database")
    if how == "cancelled":
        running.stop()
    until(lambda: not active(postgres, name), what="its end")
    assert running.over(within_s=10)
    assert isinstance(running.error, QueryStopped)
    assert history(analyst)[0].status == "stopped"


def test_a_value_that_does_not_fit_is_a_sentence(source, analyst):
    with pytest.raises(BadInput, match="number"):
        sql.ask_sql(view("select :late", NumberParameter(name="late")), source, reader=analyst, values={"late": "soon"})
