"""Plans of real queries on the sample, as a person reads them."""

import threading

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.sources import store
from nexus.sources.explain import explain
from nexus.sources.spec import Query, QueryFailed, QueryRefused, QueryStopped, QueryTooSlow
from tests.server import until

ANA = User(id=1, email="ana@example.org", name="Ana", role=Role.ANALYST)
ENDLESS = "select count(*) from sample.flights a, sample.flights b, sample.flights c"


@pytest.fixture
def source(shared_sample):
    with own.transaction() as session:
        return store.find(session, name="sample")


def plan_of(source, sql, *, analyze=False, cancelled=None, **parameters):
    query = Query(source="sample", sql=sql, parameters=parameters)
    return explain(source, query=query, reader=ANA, analyze=analyze, cancelled=cancelled)


def words(plan):
    return [step.words for _, step in plan.walk()]


def test_a_scan_says_how_much_is_read_to_keep_how_little(source):
    plan = plan_of(source, "select * from sample.flights where dep_delay > :late", late=300)
    scan = next(step for _, step in plan.walk() if "scan of flights" in step.words)
    assert scan.words.startswith("Sequential scan of flights: reads all 336,776 rows to keep about ")
    assert scan.costly
    assert scan.hint == "No index on `dep_delay` of flights: with one, the database would read only the rows that it keeps."
    assert not plan.analyzed


def test_the_shares_of_all_steps_add_up(source):
    plan = plan_of(
        source,
        "select c.name, count(*) from sample.flights f join sample.airlines c using (carrier) where f.dep_delay > 60 group by 1 order by 2 desc limit 3",
    )
    assert sum(step.share for _, step in plan.walk()) == pytest.approx(1)
    assert sum(step.costly for _, step in plan.walk()) == 1
    assert any(text.startswith("Stops after") for text in words(plan))


def test_analyze_runs_the_query_and_counts(source):
    plan = plan_of(source, "select * from sample.flights where dep_delay > 300", analyze=True)
    scan = next(step for _, step in plan.walk() if "scan of flights" in step.words)
    assert plan.analyzed
    assert plan.execution_ms > 0
    assert scan.rows == 610
    assert "to keep 610 rows" in scan.words


def test_only_what_may_run_is_explained(source):
    with pytest.raises(QueryRefused):
        plan_of(source, "delete from sample.flights")
    with pytest.raises(QueryRefused):
        plan_of(source, "select 1) x; drop table sample.flights; select * from (select 1")


def test_a_mistake_has_its_position_here_too(source):
    sql = "select :a, wrong from sample.flights"
    with pytest.raises(QueryFailed) as failure:
        plan_of(source, sql, a="x" * 50)
    assert failure.value.position == sql.index("wrong")


def test_analyzing_keeps_to_the_source_s_time(source):
    short = source.model_copy(update={"limits": source.limits.model_copy(update={"timeout_ms": 300})})
    with pytest.raises(QueryTooSlow):
        plan_of(short, ENDLESS, analyze=True)


def test_a_cancelled_one_ends_in_the_database_too(source, postgres):
    stop = threading.Event()
    outcome = []

    def ask():
        try:
            plan_of(source, ENDLESS, analyze=True, cancelled=stop.is_set)
        except QueryStopped as stopped:
            outcome.append(stopped)

    def running():
        with postgres.superuser() as cursor:
            cursor.execute(
                "select count(*) from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and strpos(query, %s) > 0",
                ("explain (format json, verbose, analyze",),
            )
            return cursor.fetchone()[0]

    asking = threading.Thread(target=ask)
    asking.start()
    until(running, what="the query in pg_stat_activity")
    stop.set()
    asking.join(10)
    assert outcome
    until(lambda: not running(), what="the end of the query")
