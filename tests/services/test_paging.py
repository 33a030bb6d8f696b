"""Pages of views over a real Postgres: forwards and backwards, every row comes exactly once, whatever is in it."""

import base64
import json
import random

import psycopg2
import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import BadInput
from nexus.sources import catalog, connect
from nexus.sources import service as sources
from nexus.sources.run import answers
from nexus.sources.spec import Source
from nexus.views.counting import about_rows, count_rows, why_slow
from nexus.views.page import Page, WrongPlace, read_filters, read_order, written_filters, written_order
from nexus.views.paging import PageOfRows, read_page
from nexus.views.question import Filter, OrderBy
from nexus.views.service import OpenView
from nexus.views.spec import View
from tests.people import add_person

KINDS = """
create type sample.mood as enum ('sad', 'ok', 'happy');
create table sample.kinds (
    n int, whole bigint, exact numeric, short real, float double precision, words text, code varchar(9), fixed char(5), yes boolean,
    day date, moment timestamp, zoned timestamptz, clock time, span interval, id uuid, bytes bytea, mood sample.mood,
    list int[], texts text[], bits bit varying, address inet, range int4range, js json, jsb jsonb, spot point, mark xml
);
"""
MAKERS = {
    "n": ["1", "2", "3"],
    "whole": ["9223372036854775807", "-9223372036854775808", "0"],
    "exact": ["0.1", "0.10", "1e30", "NaN", "-Infinity", "12345678901234567890.123456789"],
    "short": ["0.1", "NaN", "Infinity"],
    "float": ["0.1", "0.30000000000000004", "NaN", "Infinity", "-Infinity", "1e-300", "-0"],
    "words": ["a", "A", "ä", "", "'; drop table x --", "%s :x", "東京", "\U0001f600", 'say "no"', "b\nc", "\\", "a" * 300],
    "code": ["x", "Y", ""],
    "fixed": ["ab", "ab  c", ""],
    "yes": ["true", "false"],
    "day": ["2013-01-01", "infinity", "-infinity", "0044-03-15 BC", "9999-12-31"],
    "moment": ["2013-01-01 10:00", "2013-01-01 10:00:00.000001", "infinity"],
    "zoned": ["2013-03-31 01:30+00", "2013-10-27 00:30+00", "2013-10-27 01:30+00", "-infinity"],
    "clock": ["10:00", "24:00"],
    "span": ["1 mon", "30 days", "720:00:00", "-1 year"],
    "id": ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"],
    "bytes": ["\\x00ff", "\\x"],
    "mood": ["sad", "happy", "ok"],
    "list": ["{1,2}", "{1,NULL}", "{}"],
    "texts": ['{"a,b",c}', "{}"],
    "bits": ["101", "1"],
    "address": ["10.0.0.1", "10.0.0.0/8"],
    "range": ["[1,5)", "empty"],
    "js": ['{"a": 1}', "[1]"],
    "jsb": ['{"a": 1}', "2"],
    "spot": ["(1,2)", "(0,0)"],
    "mark": [None],  # the bundled server knows the type, and can read none of it
}
SORTED = [name for name in MAKERS if name not in ("js", "jsb", "spot", "mark")]


def _rows(count: int, seed: int = 1) -> list[list[str | None]]:
    pick = random.Random(seed)
    rows = [[None if pick.random() < 0.25 else pick.choice(values) for values in MAKERS.values()] for _ in range(count)]
    return rows + [list(rows[0])] * 7 + [[None] * len(MAKERS)] * 3


@pytest.fixture(scope="module")
def source(shared_sample) -> Source:
    reader = add_person(Role.VIEWER, email="pages@example.org")
    with psycopg2.connect(shared_sample) as connection, connection.cursor() as cursor:
        cursor.execute(KINDS)
        names = ", ".join(MAKERS)
        cursor.executemany(f"insert into sample.kinds ({names}) values ({', '.join(['%s'] * len(MAKERS))})", _rows(40))
        cursor.execute("create table sample.keyed as select row_number() over ()::int as id_key, * from sample.kinds")
        cursor.execute("alter table sample.keyed add primary key (id_key)")
        cursor.execute('create table sample."odd "" <b>:x</b> %s" (id int primary key, "a b" text, "%s" int, ":x" int, "😀,-\\" int)')
        cursor.execute('insert into sample."odd "" <b>:x</b> %s" select i, \'<i>\' || i, i % 3, i % 2, -i from generate_series(1, 25) i')
        cursor.execute(
            "create table sample.wide as select " + ", ".join(f"{n} as c{n}" for n in range(1599)) + " from generate_series(1, 12)"
        )
        cursor.execute(
            "do $$ declare r text; begin for r in select rolname from pg_roles where has_table_privilege(oid, 'sample.flights', 'select') and not rolsuper and rolcanlogin "
            "loop execute format('grant select on all tables in schema sample to %I', r); end loop; end $$"
        )
    connect.close_all()
    answers.forget()
    with own.transaction() as session:
        return sources.find(session, reader=reader, name="sample")


@pytest.fixture(scope="module")
def reader(source) -> User:
    return add_person(Role.VIEWER, email="reads@example.org")


@pytest.fixture
def view(source, reader):
    """Pages of a question; `view(question)` or `view("select …")` gives what reads one."""

    return lambda question: lambda **page: read_page(opened(source, question), reader=reader, values={}, page=Page(**page))


def opened(source: Source, question: dict | str) -> OpenView:
    asked = {"kind": "sql", "sql": question} if isinstance(question, str) else {"kind": "table", "schema": "sample", **question}
    view = View(name="v", title="V", source="sample", question=asked)
    return OpenView(view=view, version=1, source=source, owner=None, saved_at="2013-01-01T00:00:00Z", saved_by=None)


def walk(read, **page) -> list[PageOfRows]:
    """All pages from the first on, then all back from the last: both ways show the same rows in the same order."""
    forth = [read(**page)]
    while forth[-1].next:
        forth.append(read(**page, after=forth[-1].next))
    back = [read(**page, last=True)]
    while back[-1].previous:
        back.append(read(**page, before=back[-1].previous))
    ahead = [str(row) for one in forth for row in one.table.rows]
    # The page nearest to the beginning is the first one, whole: it may show rows of the one behind it again.
    behind = [str(row) for one in reversed(back[:-1]) for row in one.table.rows]
    assert sorted(ahead[len(ahead) - len(behind) :]) == sorted(behind)
    assert len(ahead) - len(behind) <= len(back[-1].table.rows)
    assert forth[0].previous is None
    return forth


def rows_of(pages: list[PageOfRows]) -> list[tuple]:
    return [row for one in pages for row in one.table.rows]


@pytest.mark.parametrize("descending", [False, True], ids=["up", "down"])
@pytest.mark.parametrize("name", SORTED)
def test_every_row_comes_once_by_any_type(view, name, descending):
    order = [OrderBy(column=name, descending=descending)]
    everything = sorted(map(str, view({"table": "kinds"})(size=500).table.rows))
    for table in ("kinds", "keyed"):
        pages = walk(view({"table": table, "columns": [{"column": each} for each in MAKERS]}), order=order, size=7)
        rows = rows_of(pages)
        assert sorted(map(str, rows)) == everything
        at = list(MAKERS).index(name)
        empty = [row[at] is None for row in rows]
        assert empty == sorted(empty), "nulls come last"


def test_rows_that_are_alike_in_everything_are_neither_lost_nor_repeated(view):
    sql = "select (i % 2) as a, null::text as b from generate_series(1, 45) i"
    for size in (3, 4, 50):
        assert len(rows_of(walk(view(sql), size=size))) == 45
        assert len(rows_of(walk(view(sql), size=size, order=[OrderBy(column="a", descending=True)]))) == 45


def test_several_columns_in_different_directions(view):
    order = [OrderBy(column="origin"), OrderBy(column="arr_delay", descending=True), OrderBy(column="carrier")]
    where = [Filter(column="tailnum", operator="starts with", value="N10")]
    read = view({"table": "flights", "columns": [{"column": name} for name in ("origin", "arr_delay", "carrier", "tailnum", "flight")]})
    rows = rows_of(walk(read, order=order, where=where, size=100))
    assert [row[:2] for row in rows] == sorted((row[:2] for row in rows), key=lambda row: (row[0], row[1] is None, -(row[1] or 0)))
    assert len(rows) == view("select count(*) from flights where tailnum ilike 'N10%'")().table.rows[0][0]


def test_a_views_own_order_and_limit_keep_their_meaning(view):
    pages = walk(view("select carrier, count(*) as n from flights group by carrier order by count(*) desc limit 5"), size=2)
    assert [row[0] for row in rows_of(pages)] == ["UA", "B6", "EV", "DL", "AA"]
    assert pages[0].order == (OrderBy(column="n", descending=True),)
    # In another order they are still the same five.
    pages = walk(
        view("select carrier, count(*) as n from flights group by carrier order by count(*) desc limit 5"),
        size=2,
        order=[OrderBy(column="carrier")],
    )
    assert [row[0] for row in rows_of(pages)] == ["AA", "B6", "DL", "EV", "UA"]
    table = {"table": "airports", "columns": [{"column": "faa"}], "order": [{"column": "faa", "descending": True}], "limit": 3}
    assert [row[0] for row in rows_of(walk(view(table), size=2))] == ["ZYP", "ZWU", "ZWI"]


def test_an_order_by_what_is_not_shown_is_kept(view):
    pages = walk(view("select name from airlines order by length(name) desc, name"), size=5)
    names = [row[0] for row in rows_of(pages)]
    assert names == sorted(names, key=lambda name: (-len(name), name))
    assert pages[0].names == ("name",)


def test_nulls_come_where_the_view_puts_them(view):
    pages = walk(
        view("select dep_delay, carrier from flights where month = 1 and day = 2 order by dep_delay nulls first, carrier"), size=50
    )
    delays = [row[0] for row in rows_of(pages)]
    assert delays[0] is None
    assert delays[-1] is not None


def test_a_page_can_begin_at_a_value(view):
    read = view({"table": "airports", "columns": [{"column": "faa"}, {"column": "name"}]})
    page = read(order=[OrderBy(column="faa")], at="JF", size=10)
    assert page.table.rows[0][0] == "JFK"
    assert read(order=[OrderBy(column="faa")], before=page.previous, size=10).table.rows[-1][0] < "JFK"
    numbers = view({"table": "flights", "columns": [{"column": "arr_delay"}]})
    assert numbers(order=[OrderBy(column="arr_delay", descending=True)], at="1,000", size=2).table.rows[0] == (989,)
    with pytest.raises(WrongPlace, match="is not a value of `arr_delay`"):
        numbers(order=[OrderBy(column="arr_delay")], at="soon")
    with pytest.raises(WrongPlace, match="invalid input syntax"):
        view("select a::text::uuid as u from (values (null)) v(a)")(order=[OrderBy(column="u")], at="soon")
    assert read().begins_at == "faa"
    assert view("select 1 as x")().begins_at == ""


def test_names_may_be_anything_and_twice_the_same(view):
    pages = walk(
        view({"table": 'odd " <b>:x</b> %s'}),
        order=[OrderBy(column="😀,-\\"), OrderBy(column="%s")],
        where=[Filter(column=":x", value=1)],
        size=4,
    )
    assert len(rows_of(pages)) == 13
    twice = view('select carrier as x, name as x, 1 as "?column?" from airlines')
    pages = walk(
        twice, order=[OrderBy(column="x (2)", descending=True)], where=[Filter(column="x", operator="in", value=["UA", "B6"])], size=1
    )
    assert [row[1] for row in rows_of(pages)] == ["United Air Lines Inc.", "JetBlue Airways"]


def test_rows_without_columns_are_a_sentence(view):
    with pytest.raises(BadInput, match="have no columns"):
        view("select from airlines")()


def test_sixteen_hundred_columns(view):
    pages = walk(view({"table": "wide"}), size=5)
    assert len(rows_of(pages)) == 12
    assert len(pages[0].names) == 1599


@pytest.mark.parametrize(
    ("where", "condition"),
    [
        ({"column": "arr_delay", "operator": ">=", "value": 60.5}, "arr_delay >= 60.5"),
        ({"column": "arr_delay", "operator": "is empty"}, "arr_delay is null"),
        ({"column": "carrier", "operator": "in", "value": ["UA", "'; drop table x --"]}, "carrier = 'UA'"),
        ({"column": "carrier", "operator": "!=", "value": "UA"}, "carrier is distinct from 'UA'"),
        ({"column": "tailnum", "operator": "contains", "value": "%"}, "tailnum like '%!%%' escape '!'"),
        ({"column": "time_hour", "operator": "=", "value": "2013-02-03"}, "time_hour::date = '2013-02-03'"),
        (
            {"column": "time_hour", "operator": "between", "value": ["2013-02-03", "2013-02-04"]},
            "time_hour::date between '2013-02-03' and '2013-02-04'",
        ),
        ({"column": "time_hour", "operator": ">", "value": "2013-12-30"}, "time_hour::date > '2013-12-30'"),
        (
            {"match": "none", "filters": [{"column": "month", "operator": "<", "value": 12}, {"column": "day", "value": 1}]},
            "month = 12 and day <> 1",
        ),
        ({"match": "any", "filters": [{"column": "month", "value": 1}, {"column": "dest", "value": "LAX"}]}, "month = 1 or dest = 'LAX'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_filters_find_what_they_say(view, source, reader, where, condition):
    conditions = read_filters(written_filters(read_filters(json.dumps([where]))))
    page = view("select * from flights")(where=conditions, size=1)
    total = view(f"select count(*) from flights where {condition}")().table.rows[0][0]
    assert count_rows(opened(source, "select * from flights"), reader=reader, values={}, where=conditions) == total
    assert len(page.table.rows) == min(1, total)


def test_an_order_of_any_name_comes_back_from_an_address():
    order = (OrderBy(column="-a,b\\"), OrderBy(column="😀", descending=True), OrderBy(column=",", descending=True))
    assert read_order(written_order(order)) == order


FORGED = ["x", "", "W10", "====", "bnVsbA", "W" * 9_000, "WzEsWzFdLDBd", "WzEsWyIxIl0sLTFd", "[" * 5_000]


@pytest.mark.parametrize("place", FORGED)
def test_a_place_that_no_page_gave_is_refused(view, place):
    read = view({"table": "flights"})
    for page in ({"after": place}, {"before": place}):
        with pytest.raises(WrongPlace):
            read(**page)


def test_a_place_of_another_order_or_with_another_kind_of_value_is_refused(view):
    read = view({"table": "flights", "columns": [{"column": "flight"}, {"column": "carrier"}]})
    place = read(size=5, order=[OrderBy(column="flight")]).next
    with pytest.raises(WrongPlace):
        read(after=place, order=[OrderBy(column="flight", descending=True)])
    mark, values, passed = json.loads(base64.urlsafe_b64decode(place + "=" * (-len(place) % 4)))
    for forged in (["soon", *values[1:]], ["\0", *values[1:]], [str(10**400), *values[1:]]):
        text = base64.urlsafe_b64encode(json.dumps([mark, forged, passed]).encode()).decode().rstrip("=")
        with pytest.raises(BadInput):
            read(after=text, order=[OrderBy(column="flight")])


def test_an_order_by_nothing_there_is_refused(view):
    read = view({"table": "kinds"})
    for name in ("nothing", "n; drop table x", "nexus key 0"):
        with pytest.raises(BadInput, match="no column"):
            read(order=[OrderBy(column=name)])
    for name in ("js", "spot", "mark"):
        with pytest.raises(BadInput, match="has no order"):
            read(order=[OrderBy(column=name)])
    with pytest.raises(BadInput):
        read_order(",".join(f"c{n}" for n in range(10_000)))


@pytest.mark.parametrize(
    "text",
    ["[", "{}", "[1]", '[{"column": "x"}]', '[{"column": "x", "parameter": "p"}]', '[{"column":"x","value":NaN}]', "[" * 7_000, "[" + ",".join(['{"column":"x","value":1}'] * 200) + "]",
     '[{"column":"x","operator":"in","value":3}]', '[{"column":"x","operator":"=","value":[1]}]', '[{"column":"x","of":"y","value":1}]'],
)  # fmt: skip
def test_filters_that_no_page_writes_are_refused(text):
    with pytest.raises(BadInput):
        read_filters(text)


@pytest.mark.parametrize(
    ("column", "operator", "value"),
    [("n", "=", "x"), ("day", "=", "0000-01-01"), ("day", "<", "soon"), ("yes", "=", "perhaps"), ("spot", "<", "(1,2)"), ("nothing", "=", 1), ("n", "=", True)],
)  # fmt: skip
def test_a_filter_that_does_not_fit_its_column_says_so(view, column, operator, value):
    with pytest.raises(BadInput):
        view({"table": "kinds"})(where=[Filter(column=column, operator=operator, value=value)])


def test_a_table_without_order_is_paged_by_its_key(view):
    page = view({"table": "keyed", "columns": [{"column": "words"}]})(size=5)
    assert page.names == ("words",)
    assert len(page.table.columns) == 1
    assert all(page.rows)


def test_an_order_without_an_index_says_so_and_one_with_it_does_not(source, reader, shared_sample):
    with psycopg2.connect(shared_sample) as connection, connection.cursor() as cursor:
        cursor.execute("create table sample.long as select i as id, i % 1000 as n, i % 999 as m from generate_series(1, 600000) i")
        cursor.execute("alter table sample.long add primary key (id); create index on sample.long (n); analyze sample.long")
        cursor.execute("grant select on sample.long to public")
    catalog.tables(source, reader=reader, fresh=True)
    for question in ("select * from sample.long", {"table": "long"}):
        page = read_page(opened(source, question), reader=reader, values={}, page=Page())
        assert 550_000 < about_rows(page.reading, reader=reader) < 650_000
        for order, sentence in ((), ""), (("n",), ""), (("m",), "No index serves `m`: sorting about 600,000 rows takes a while."):
            asked = Page(order=[OrderBy(column=name, descending=True) for name in order])
            assert why_slow(page.reading, reader=reader, page=asked) == sentence


@pytest.mark.parametrize("question", [{"table": "growing"}, "select * from sample.growing order by id"])
def test_a_column_that_came_meanwhile_is_shown_and_the_next_page_is_the_next(source, reader, shared_sample, sample_role, question):
    with psycopg2.connect(shared_sample) as connection, connection.cursor() as cursor:
        cursor.execute("drop table if exists sample.growing; create table sample.growing as select id from generate_series(1, 30) id")
        cursor.execute(f"alter table sample.growing add primary key (id); grant select on sample.growing to {sample_role}")
    catalog.tables(source, reader=reader, fresh=True)
    asked = opened(source, question)
    first = read_page(asked, reader=reader, values={}, page=Page(size=10), fresh=True)
    with psycopg2.connect(shared_sample) as connection, connection.cursor() as cursor:
        cursor.execute("alter table sample.growing add column born date default '2013-06-01'")
    second = read_page(asked, reader=reader, values={}, page=Page(size=10, after=first.next), fresh=True)
    assert [row[0] for row in second.table.rows] == list(range(11, 21))
    assert second.names == ("id", "born")
    assert second.rows[0] == ".11"
