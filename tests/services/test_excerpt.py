"""What a file holds when the page has filters, an order, or is one page of many: exactly what the page shows."""

import csv
import io

import httpx
import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import BadInput
from nexus.exports.csv import CsvForm
from nexus.sources import connect, export
from nexus.views import page as pages
from nexus.views import service as views
from nexus.views.excerpt import Excerpt, query_of_excerpt
from nexus.views.page import Page
from nexus.views.paging import read_page
from nexus.views.question import Filter, OrderBy
from nexus.views.service import OpenView
from nexus.views.spec import View
from tests.people import add_person

QUESTIONS = {
    "sql": {"kind": "sql", "sql": "select flight, carrier, tailnum, dep_delay, carrier from sample.flights where month = 1 and day < 4"},
    "ordered": {"kind": "sql", "sql": "select dep_delay, carrier as \"Carrier: :x 50%\" from sample.flights where month = 2 order by dep_delay desc, 2"},
    "table": {"kind": "table", "db_schema": "sample", "table": "airports", "columns": [{"column": "faa"}, {"column": "tzone"}, {"column": "alt"}]},
}  # fmt: skip


@pytest.fixture(scope="module")
def person(shared_sample) -> User:
    connect.close_all()
    return add_person(Role.ANALYST, email="ana@example.org")


def opened(person, kind) -> OpenView:
    view = View.model_validate({"name": f"excerpt-{kind}", "title": kind, "source": "sample", "question": QUESTIONS[kind]})
    with own.transaction() as session:
        try:
            views.save_view(session, user=person, view=view)
        except views.Conflict:
            session.rollback()
    with own.transaction() as session:
        return views.find_view(session, reader=person, name=view.name)


def taken(view, person, excerpt) -> list[list[str]]:
    chunks: list[bytes] = []
    query = query_of_excerpt(view, reader=person, values={}, excerpt=excerpt)
    export.export(view.source, query=query, reader=person, form=CsvForm(), put=chunks.append)
    return list(csv.reader(io.StringIO(b"".join(chunks).decode(), newline="")))


def texts(table) -> list[list[str]]:
    return [[column.name for column in table.columns], *(["" if cell is None else str(cell) for cell in row] for row in table.rows)]


ORDERS = {
    "sql": [(), ("tailnum",), ("-dep_delay", "flight"), ("carrier (2)", "tailnum")],
    "ordered": [(), ("dep_delay",)],
    "table": [(), ("-tzone",), ("alt", "faa")],
}


@pytest.mark.parametrize(("kind", "order"), [(kind, order) for kind, orders in ORDERS.items() for order in orders])
def test_one_page_in_a_file_is_the_page(person, kind, order):
    view = opened(person, kind)
    by = tuple(OrderBy(column=name.removeprefix("-"), descending=name.startswith("-")) for name in order)
    page = Page(order=by, size=250)
    seen = 0
    for _ in range(12):
        shown = read_page(view, reader=person, values={}, page=page)
        assert taken(view, person, Excerpt(page, alone=True)) == texts(shown.table)
        seen += len(shown.rows)
        if shown.next is None:
            break
        page = page.moved(after=shown.next)
    assert seen >= 250
    last = Page(order=by, size=100, last=True)
    shown = read_page(view, reader=person, values={}, page=last)
    assert taken(view, person, Excerpt(last, alone=True)) == texts(shown.table)
    before = last.moved(before=shown.previous)
    assert taken(view, person, Excerpt(before, alone=True)) == texts(read_page(view, reader=person, values={}, page=before).table)


def test_a_page_that_begins_at_a_value_is_that_page(person):
    view = opened(person, "table")
    page = Page(order=(OrderBy(column="alt"),), at="500", size=25)
    rows = taken(view, person, Excerpt(page, alone=True))
    assert rows == texts(read_page(view, reader=person, values={}, page=page).table)
    assert int(rows[1][2]) >= 500


def test_everything_that_the_filters_leave_in_the_order_of_the_page(person):
    view = opened(person, "sql")
    page = Page(
        order=(OrderBy(column="dep_delay", descending=True), OrderBy(column="flight")), where=(Filter(column="carrier", value="UA"),)
    )
    head, *rows = taken(view, person, Excerpt(page))
    assert head == ["flight", "carrier", "tailnum", "dep_delay", "carrier"]
    assert {row[1] for row in rows} == {"UA"}
    delays = [float(row[3]) for row in rows if row[3]]
    assert delays == sorted(delays, reverse=True)
    plain = taken(view, person, Excerpt(Page()))
    assert len(rows) == sum(row[1] == "UA" for row in plain) < len(plain) - 1


def test_an_address_says_what_is_taken():
    where = (Filter(column="carrier", operator="in", value=["UA", "=1"]),)
    given = {
        "g.where": [pages.written_filters(where)],
        "g.order": ["-dep_delay"],
        "g.size": ["50"],
        "g.after": ["x"],
        "export.part": ["page"],
    }
    found = Excerpt.read(given)
    assert found == Excerpt(Page(order=(OrderBy(column="dep_delay", descending=True),), where=where, size=50, after="x"), alone=True)
    assert found.words() == [
        ("Filtered by", "carrier in UA, =1"), ("Ordered by", "dep_delay, descending"), ("Part", "One page of up to 50 rows, not everything"),
    ]  # fmt: skip
    assert Excerpt.read(given | {"export.part": []}).page.first
    assert Excerpt.read({}).whole


@pytest.mark.parametrize(
    "given", [{"g.where": ["[{"]}, {"g.where": ['[{"column": "a", "parameter": "b"}]']}, {"g.size": ["7"]}, {"export.part": ["half"]}]
)
def test_an_address_that_cannot_be_read_gives_no_other_file(given):
    with pytest.raises(BadInput):
        Excerpt.read(given)


def test_a_forged_place_is_refused(person):
    with pytest.raises(BadInput):
        taken(opened(person, "table"), person, Excerpt(Page(after="bm9uc2Vuc2U"), alone=True))


def test_the_routes_take_filters_and_page(app_server):
    viewer = app_server.person(Role.VIEWER)
    client: httpx.Client = viewer.client()
    where = '[{"column":"carrier","value":"UA"}]'
    answer = client.get("/views/carriers.csv", params={"g.where": where})
    assert answer.text == "carrier,airline\nUA,United Air Lines Inc. (UA)\n"
    paged = client.get("/views/carriers.jsonl", params={"g.order": "-carrier", "g.size": "25", "export.part": "page"})
    assert [line[12:14] for line in paged.text.splitlines()][:2] == ["YV", "WN"]
    printed = client.get("/views/carriers.pdf", params={"g.where": where})
    assert printed.status_code == 200, printed.text
    with app_server.database() as cursor:
        cursor.execute("select queries -> 0 -> 'rows' from nexus.reports where created_by = %s", (viewer.id,))
        assert cursor.fetchall() == [(1,)]
        cursor.execute("select detail from nexus.audit_entries where what = 'view.exported' and user_id = %s order by id", (viewer.id,))
        assert [row[0].get("part") for row in cursor.fetchall()] == ["filtered", "page"]
