"""Pages of a view of 10,103,280 rows, beside the same rows asked with bare psycopg2 in the same run."""

from collections.abc import Callable

import psycopg2

from nexus.accounts.spec import User
from nexus.db import session as own
from nexus.sources import catalog
from nexus.sources import service as sources
from nexus.sources.run import answers
from nexus.views import counting
from nexus.views.page import Page
from nexus.views.paging import PageOfRows, read_page
from nexus.views.question import Filter, OrderBy
from nexus.views.service import OpenView
from nexus.views.spec import View
from tests.bench import big
from tests.bench.figures import Figure, in_turn, seconds

RUNS = 60
SIZE = 100
PAGE = 50_000


def figures(database_url: str, user: User) -> list[Figure]:
    big.build(database_url)
    opened = _opened(user)
    found = []
    connection = psycopg2.connect(database_url)
    connection.autocommit = True
    with connection.cursor() as cursor:

        def bare(sql: str) -> Callable[[], float]:
            def ask() -> None:
                cursor.execute(sql)
                cursor.fetchall()

            ask()
            return lambda: seconds(ask)

        def ours(page: Page) -> Callable[[], float]:
            ask = lambda: read_page(opened, reader=user, values={}, page=page)  # noqa: E731
            ask()
            return lambda: seconds(ask)

        def beside(what: str, page: Page, sql: str) -> None:
            mine, theirs, ratio = in_turn(RUNS, ours(page), bare(f"select * from {big.TABLE} {sql} limit {SIZE + 1}"))
            found.append(Figure(what, f"{mine * 1000:.2f} ms", f"{theirs * 1000:.2f} ms bare psycopg2", f"{ratio:.2f}", "≤ 3"))

        at = _place(opened, user, PAGE)
        delay, hour = (OrderBy(column="arr_delay", descending=True),), (OrderBy(column="time_hour"),)
        beside("first page of 10,103,280 rows", Page(size=SIZE), "order by id")
        beside(f"page {PAGE:,} by key", Page(size=SIZE, after=at), f"where id > {PAGE * SIZE} order by id")
        beside("last page", Page(size=SIZE, last=True), "order by id desc")
        beside(
            "sorted by an indexed column, downwards",
            Page(size=SIZE, order=delay),
            "where arr_delay is not null order by arr_delay desc, id desc",
        )
        beside(
            "from a day on, by an indexed column",
            Page(size=SIZE, order=hour, at="2013-07-04"),
            "where time_hour >= '2013-07-04' order by time_hour, id",
        )
        where = (Filter(column="arr_delay", operator=">", value=1_200),)
        beside("filtered by an indexed column", Page(size=SIZE, where=where), "where arr_delay > 1200 order by id")
        found.append(_estimate(opened, user, cursor))
    connection.close()
    return found


def _opened(user: User) -> OpenView:
    """A view of the table through a source that keeps nothing, so that each page is asked anew."""
    with own.transaction() as session:
        source = sources.find(session, reader=user, name="uncached")
    catalog.tables(source, reader=user, fresh=True)
    schema, table = big.TABLE.split(".")
    view = View(name="big", title="Big", source=source.name, question={"kind": "table", "schema": schema, "table": table})
    return OpenView(view=view, version=1, source=source, owner=None, saved_at="2026-01-01T00:00:00Z", saved_by=None)


def _place(opened: OpenView, user: User, page: int) -> str:
    """The place that walking there would end at, without turning fifty thousand pages."""
    first: PageOfRows = read_page(opened, reader=user, values={}, page=Page(size=1, where=(Filter(column="id", value=page * SIZE),)))
    beyond = read_page(opened, reader=user, values={}, page=Page(size=1, order=(OrderBy(column="id"),), at=str(page * SIZE)))
    assert first.table.rows[0] == beyond.table.rows[0]
    assert beyond.next is not None
    return beyond.next


def _estimate(opened: OpenView, user: User, cursor: "psycopg2.extensions.cursor") -> Figure:
    reading = read_page(opened, reader=user, values={}, page=Page(size=1)).reading
    about = counting.about_rows(reading, reader=user)

    def count() -> None:
        cursor.execute(f"select count(*) from {big.TABLE}")
        cursor.fetchall()

    def estimate() -> None:
        answers.forget(lambda key: "plan" in key)
        counting.about_rows(reading, reader=user)

    mine, theirs, ratio = in_turn(5, lambda: seconds(estimate), lambda: seconds(count))
    return Figure(
        f"how many: about {counting.rounded(about)}",
        f"{mine * 1000:.2f} ms",
        f"{theirs * 1000:.0f} ms count(*)",
        f"{ratio:.3f}",
        "no count(*)",
    )
