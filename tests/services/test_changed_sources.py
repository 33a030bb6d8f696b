"""Sources that change under a view: wherever it is read, that is one sentence with what to do, and never a mistake of Nexus's own."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from nexus.accounts.spec import Role, User
from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db import session as own
from nexus.errors import NexusError
from nexus.exports import routes
from nexus.sources import catalog, connect
from nexus.sources import service as sources
from nexus.sources.address import Address, own_role
from nexus.sources.connect import Watch
from nexus.sources.run import answers
from nexus.sources.spec import Limits, Source, SourceBusy, SourceUnavailable
from nexus.views import service as views
from nexus.views import sql
from nexus.views.counting import about_rows, count_rows
from nexus.views.page import Page
from nexus.views.paging import read_page
from nexus.views.question import Filter, OrderBy
from nexus.views.reading import reading_of
from nexus.views.rows import find_row
from nexus.views.service import OpenView
from nexus.views.spec import View
from nexus.views.statistics import describe_column
from tests.people import add_person
from tests.served import served
from tests.server import free_port

NAME = "watched"
TABLES = """
create schema watched;
create table watched.trips (id int primary key, carrier text, late int);
insert into watched.trips select i, 'UA', i % 7 from generate_series(1, 500) i;
grant usage on schema watched to {role};
grant select on watched.trips to {role};
"""
BY_CLICKING = {
    "kind": "table",
    "schema": "watched",
    "table": "trips",
    "columns": [{"column": "id"}, {"column": "carrier"}, {"column": "late"}],
}
IN_SQL = {"kind": "sql", "sql": "select id, carrier, late from watched.trips"}


@pytest.fixture
def person(sample_database) -> User:
    return add_person(Role.ANALYST, email="ana@example.org")


@pytest.fixture
def superuser(person, postgres, sample_role):
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(TABLES.format(role=sample_role))
        yield cursor


@pytest.fixture
def source(superuser) -> Source:
    with own.transaction() as session:
        return sources.find(session, reader=User(id=1, email="", name="", role=Role.VIEWER), name="sample")


@pytest.fixture
def address(person) -> Iterator[str]:
    with served(routes.routes, person=person) as address:
        yield address


@pytest.fixture
def saved(person, source) -> Callable[[dict], OpenView]:
    """The view with this question, saved and on a dashboard."""

    def save(question: dict) -> OpenView:
        view = View(name=NAME, title="Watched", source="sample", question=question)
        board = {"name": NAME, "title": "Watched", "panels": [{"kind": "table", "name": "t", "view": NAME}]}
        with own.transaction() as session:
            views.save_view(session, user=person, view=view)
            dashboards.save_dashboard(session, user=person, dashboard=Dashboard.model_validate(board))
        return opened(person)

    return save


def opened(person: User) -> OpenView:
    with own.transaction() as session:
        return views.find_view(session, reader=person, name=NAME)


def readings(person: User, address: str, view: OpenView) -> dict[str, Callable[[], Any]]:
    """Every place that reads the view; a download raises its sentence like the others."""
    here: dict[str, Any] = {"reader": person, "values": {}}
    first = read_page(view, **here, page=Page(size=10))
    place, row = first.next, first.rows[0]
    filtered = Page(where=(Filter(column="carrier", value="UA"),), size=10)

    def download(kind: str, **query: str) -> None:
        answer = httpx.get(f"{address}/views/{NAME}.{kind}", params=query, timeout=30)
        if answer.status_code != 200:
            raise NexusError(answer.text)

    def panel() -> None:
        with own.transaction() as session:
            board = dashboards.open_dashboard(session, reader=person, name=NAME)
        dashboards.ask_panel(board, board.dashboard.panels[0], reader=person, values={}, fresh=True)

    found = {
        "view": lambda: views.ask(view, **here, fresh=True),
        "preview": lambda: views.ask(view.model_copy(update={"version": 0}), **here, fresh=True, purpose="preview"),
        "first page": lambda: read_page(view, **here, page=Page(size=10), fresh=True),
        "next page": lambda: read_page(view, **here, page=Page(size=10, after=place), fresh=True),
        "filtered page": lambda: read_page(view, **here, page=filtered, fresh=True),
        "count": lambda: count_rows(view, **here),
        "statistics": lambda: describe_column(view, **here, column="late"),
        "dashboard": panel,
        **{kind: lambda kind=kind: download(kind) for kind in ("csv", "xlsx", "parquet", "jsonl")},
        "filtered csv": lambda: download("csv", **{"g.where": '[{"column":"carrier","value":"UA"}]'}),
        "page as csv": lambda: download("csv", **{"export.part": "page", "g.after": place or "", "g.size": "100"}),
    }
    if row is not None:
        found["row"] = lambda: find_row(view, **here, row=row)
    if view.view.question.kind == "sql":
        found["SQL page"] = lambda: sql.ask_sql(view.view, view.source, **here)
        found["plan"] = lambda: sql.explain_sql(view.view, view.source, **here)
    return found


def said(person, address, view, change) -> dict[str, str]:
    """What each place says after `change`; empty where it answers."""
    places = readings(person, address, view)
    change()
    found = {}
    for name, read in places.items():
        answers.forget()
        try:
            read()
        except NexusError as error:
            found[name] = error.message
        else:
            found[name] = ""
    return found


CHANGES = {
    "dropped column": ("alter table watched.trips drop column late", "The column `late` is gone from `trips`"),
    "renamed table": (
        "alter table watched.trips rename to journeys",
        "The table `trips` is gone from `watched`, or may not be read any more",
    ),
    "lost grant on the table": (
        "revoke select on watched.trips from {role}",
        "The table `trips` is gone from `watched`, or may not be read any more",
    ),
    "lost grant on the column": (
        "revoke select on watched.trips from {role}; grant select (id, carrier) on watched.trips to {role}",
        "The column `late` is gone from `trips`",
    ),
    "lost grant on the schema": (
        "revoke usage on schema watched from {role}",
        "The table `trips` is gone from `watched`, or may not be read any more",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_gone_is_named_wherever_a_view_built_by_clicking_is_read(person, address, saved, superuser, sample_role, change):
    statement, sentence = CHANGES[change]
    found = said(person, address, saved(BY_CLICKING), lambda: superuser.execute(statement.format(role=sample_role)))
    assert {name: words for name, words in found.items() if sentence not in words} == {}
    assert all("Edit the view, or ask the owner of the database." in words for words in found.values())
    assert "the view was saved on" in found["csv"]
    assert "saved on" not in found["preview"]


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_gone_is_a_sentence_wherever_a_view_in_sql_is_read(person, address, saved, superuser, sample_role, change):
    found = said(person, address, saved(IN_SQL), lambda: superuser.execute(CHANGES[change][0].format(role=sample_role)))
    assert {name: words for name, words in found.items() if not words.startswith("The database says: ")} == {}
    places = found.keys() - {"SQL page", "plan", "preview"}
    assert {name for name in places if "its source may have changed since" not in found[name]} == set()


def test_a_column_more_or_less_changes_what_all_columns_are(person, address, saved, superuser):
    view = saved({"kind": "table", "schema": "watched", "table": "trips"})
    for statement in ("alter table watched.trips add column seats int", "alter table watched.trips drop column seats"):
        found = said(person, address, view, lambda statement=statement: superuser.execute(statement))
        assert {name: words for name, words in found.items() if words} == {}


def test_another_key_of_the_table_is_found_again(person, address, saved, superuser):
    view = saved(BY_CLICKING | {"columns": [{"column": "carrier"}, {"column": "late"}]})
    found = said(person, address, view, lambda: superuser.execute("alter table watched.trips rename column id to number"))
    assert {name: words for name, words in found.items() if words and name not in ("next page", "page as csv", "row")} == {}


def test_a_restarted_database_is_not_noticed(person, address, saved, source, sample_role, superuser):
    for question in (BY_CLICKING, IN_SQL):
        view = (
            saved(question)
            if question is BY_CLICKING
            else opened(person).model_copy(update={"view": View(name=NAME, title="W", source="sample", question=IN_SQL)})
        )
        places = readings(person, address, view)
        places["estimate"] = lambda view=view: about_rows(reading_of(view.view, view.source, reader=person, values={}), reader=person)
        places["catalog"] = lambda: catalog.tables(source, reader=person, fresh=True)
        for name, read in places.items():
            answers.forget()
            superuser.execute("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = %s", (sample_role,))
            try:
                read()
            except NexusError as error:
                pytest.fail(f"{name}: {error.message}")


@pytest.mark.parametrize("end", ["nothing listens", "another password", "the role may not connect"])
def test_a_source_that_lets_nobody_in_is_a_sentence_without_its_address(person, address, saved, superuser, sample_role, end):
    view = saved(IN_SQL)
    places = readings(person, address, view)
    pool = connect.pool_of(view.source)
    before = pool.address
    match end:
        case "nothing listens":
            pool.address = Address(host="127.0.0.1", port=free_port(), user="ana", password="hunter2", database="sales")
        case "another password":
            pool.address = own_role("nobody_of_this_name", "hunter2")
        case _:
            superuser.execute(f"alter role {sample_role} nologin")
    try:
        pool.drop_idle()
        for name, read in places.items():
            answers.forget()
            with pytest.raises(NexusError) as failure:
                read()
            assert failure.value.message == SourceUnavailable.message, name
    finally:
        superuser.execute(f"alter role {sample_role} login")
        pool.address = before
    answers.forget()
    places["view"]()


SLOW = "select id, carrier, late from watched.trips, (select count(*) from sample.flights a, sample.flights b) as slow"
BIG = "select id, carrier, wide as late from watched.trips, watched.wide where id = 1"


def under(person: User, admin: User, question: str, **limits: int) -> OpenView:
    with own.transaction() as session:
        source = sources.find(session, reader=admin, name="sample")
        sources.change_source(session, user=admin, source=source.model_copy(update={"limits": Limits(**limits)}))
        views.save_view(
            session,
            user=person,
            view=View(name=NAME, title="W", source="sample", question={"kind": "sql", "sql": question}),
            base_version=1,
        )
    return opened(person)


def sentences(places: dict[str, Callable[[], Any]]) -> dict[str, str]:
    found = {}
    for name, read in places.items():
        answers.forget()
        try:
            read()
        except NexusError as error:
            found[name] = error.message
        else:
            pytest.fail(f"{name} was answered")
    return found


def test_a_statement_that_is_too_slow_is_a_sentence_with_what_to_do(person, address, saved, admin):
    places = readings(person, address, saved(IN_SQL))
    slow = under(person, admin, SLOW, timeout_ms=300)
    reads = {name: read for name, read in places.items() if name in ("csv", "xlsx", "parquet", "jsonl", "filtered csv", "dashboard")}
    reads |= {
        "view": lambda: views.ask(slow, reader=person, values={}),
        "page": lambda: read_page(slow, reader=person, values={}, page=Page()),
        "count": lambda: count_rows(slow, reader=person, values={}),
        "statistics": lambda: describe_column(slow, reader=person, values={}, column="late"),
        "SQL page": lambda: sql.ask_sql(slow.view, slow.source, reader=person, values={}),
        "plan": lambda: sql.explain_sql(slow.view, slow.source, reader=person, values={}, analyze=True),
    }
    for name, words in sentences(reads).items():
        assert words.startswith("This query took longer than"), name
        assert "Narrow the filters, or ask an administrator for a longer limit." in words, name


@pytest.mark.parametrize("size", [30_000_000, 300_000_000])
def test_a_row_that_is_too_big_is_a_sentence_with_what_to_do(person, address, saved, superuser, admin, size):
    # So well compressed that the stored row is a small one.
    superuser.execute(f"create table watched.wide as select repeat('x', {size}) as wide; grant select on watched.wide to public")
    places = readings(person, address, saved(IN_SQL))
    big = under(person, admin, BIG, timeout_ms=120_000)
    reads = {name: read for name, read in places.items() if name in ("csv", "xlsx", "parquet", "jsonl", "filtered csv", "dashboard")}
    reads |= {
        "view": lambda: views.ask(big, reader=person, values={}),
        "SQL page": lambda: sql.ask_sql(big.view, big.source, reader=person, values={}),
    }
    if size > 100_000_000:
        reads = {name: reads[name] for name in ("view", "csv")}
    for name, words in sentences(reads).items():
        assert words.startswith("One row of this result has "), name
        assert words.endswith(" MB, and 4 MB are allowed. Shorten long values with left(column, 1000)."), name


def test_a_page_shows_the_beginning_of_values_that_are_too_big_and_says_so(person, saved, superuser, admin):
    saved(IN_SQL)
    superuser.execute(
        "create table watched.documents (id int primary key, said text, held bytea, kept jsonb);"
        "insert into watched.documents values (1, repeat('x', 30000000), decode(repeat('ab', 5000000), 'hex'), to_jsonb(repeat('y', 9000000))),"
        " (2, 'short', '\\x00ff', '{\"a\": 1}'); grant select on watched.documents to public"
    )
    big = under(person, admin, "select * from watched.documents", timeout_ms=120_000)
    for _ in range(2):
        page = read_page(big, reader=person, values={}, page=Page(order=(OrderBy(column="id"),)))
        assert page.shortened
        (_, said, held, kept), short = page.table.rows
        assert (said[20_000:], held) == (" … (cut, of 30,000,000 bytes)", "\\x" + "ab" * 16 + "… (5,000,000 bytes)")
        assert kept.startswith('"yyy')
        assert short == (2, "short", "\\x00ff", '{"a": 1}')
    assert not read_page(big, reader=person, values={}, page=Page(where=(Filter(column="id", value=2),), size=1)).table.truncated
    whole = find_row(big, reader=person, values={}, row=page.rows[0])
    assert whole.cells == page.table.rows[0]
    table = catalog.find_table(big.source, reader=person, schema="watched", name="documents")
    assert catalog.sample_rows(big.source, reader=person, table=table).rows == page.table.rows


def test_too_many_at_once_is_a_sentence_with_what_to_do(person, address, saved, admin):
    places = readings(person, address, saved(IN_SQL))
    view = under(person, admin, IN_SQL["sql"], concurrent_queries=1, timeout_ms=300)
    reads = {name: read for name, read in places.items() if name in ("csv", "xlsx", "parquet", "jsonl", "dashboard")}
    reads |= {
        "view": lambda: views.ask(view, reader=person, values={}),
        "page": lambda: read_page(view, reader=person, values={}, page=Page()),
        "count": lambda: count_rows(view, reader=person, values={}),
        "statistics": lambda: describe_column(view, reader=person, values={}, column="late"),
        "SQL page": lambda: sql.ask_sql(view.view, view.source, reader=person, values={}),
        "plan": lambda: sql.explain_sql(view.view, view.source, reader=person, values={}),
    }
    with connect.pool_of(view.source).place(Watch(deadline=time.monotonic() + 5, max_bytes=1)):
        assert set(sentences(reads).values()) == {SourceBusy.message}
