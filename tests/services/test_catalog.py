"""The catalog of a source: what may be read is there with its keys and indexes, however many tables there are."""

import pytest

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.errors import NotAllowed
from nexus.sources import catalog, connect, service
from nexus.sources.catalog import ForeignKey, IndexColumn, TableNotFound
from nexus.sources.run import answers
from nexus.sources.spec import Source
from tests.people import add_person

TABLES = """
create schema shop;
create table shop.people (id int primary key, "e-mail" text unique, name text collate "C", secret text);
comment on column shop.people.name is 'What to call them';
create table shop.hidden (id int primary key);
create table shop.orders (
    shop int, number int, buyer int constraint b_buyer references shop.people (id), giver int constraint a_giver references shop.people,
    hidden int references shop.hidden, at timestamptz default now(), state text default 'new',
    twice int generated always as (number * 2) stored, primary key (shop, number)
);
create table shop.lines (shop int, order_number int, place int, foreign key (shop, order_number) references shop.orders (shop, number));
create index newest on shop.orders (at desc nulls last, buyer);
create index expression on shop.orders (giver, (shop + 1), number);
create index partial on shop.orders (hidden) where hidden is not null;
create index other_collation on shop.people (name collate "POSIX");
create index secrets on shop.people (secret);
create index secret_expression on shop.people (upper(secret));
create index other_class on shop.people ("e-mail" text_pattern_ops);
create index hashed on shop.people using hash (name);
create view shop.names as select id, name from shop.people;
create table shop.parts (at date, n int) partition by range (at);
create table shop.parts_2013 partition of shop.parts for values from ('2013-01-01') to ('2014-01-01');
insert into shop.parts select '2013-03-01', n from generate_series(1, 5000) n;
analyze shop.parts, shop.parts_2013;
create table shop."a""b <b>☕ %s" ("Ünï :x %(y)s" int);
insert into shop."a""b <b>☕ %s" values (7);
grant usage on schema shop to {role};
grant select on shop.orders, shop.lines, shop.names, shop.parts, shop."a""b <b>☕ %s" to {role};
grant select (id, "e-mail", name) on shop.people to {role};
"""


@pytest.fixture(scope="module")
def reader(shared_sample) -> User:
    return add_person(Role.ANALYST, email="ana@example.org")


@pytest.fixture(scope="module")
def source(reader, postgres, sample_role) -> Source:
    connect.close_all()
    answers.forget()
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(TABLES.replace("{role}", sample_role))
    with own.transaction() as session:
        return service.find(session, reader=reader, name="sample")


@pytest.fixture
def table(source, reader):
    def find(name: str, schema: str = "shop"):
        found = catalog.find_table(source, reader=reader, schema=schema, name=name)
        assert found is not None
        return found

    return find


def test_tables_are_joined_along_keys_that_may_be_read(table):
    orders, people = table("orders"), table("people")
    assert orders.primary_key == ("shop", "number")
    assert orders.foreign_keys == (
        ForeignKey("a_giver", ("giver",), "shop", "people", ("id",)),
        ForeignKey("b_buyer", ("buyer",), "shop", "people", ("id",)),
    )
    assert [key.name for key in people.referenced_by] == ["a_giver", "b_buyer"]
    assert people.referenced_by[1] == ForeignKey("b_buyer", ("id",), "shop", "orders", ("buyer",))
    lines = ForeignKey("lines_shop_order_number_fkey", ("shop", "order_number"), "shop", "orders", ("shop", "number"))
    assert table("lines").foreign_keys == (lines,)
    assert orders.referenced_by == (ForeignKey(lines.name, ("shop", "number"), "shop", "lines", ("shop", "order_number")),)
    assert people.unique_keys == (("id",), ("e-mail",))


def test_columns_that_may_not_be_read_are_not_there(table, source, reader):
    assert [column.name for column in table("people").columns] == ["id", "e-mail", "name"]
    assert table("people").column("name").comment == "What to call them"
    assert catalog.find_table(source, reader=reader, schema="shop", name="hidden") is None


def test_only_indexes_that_can_serve_an_order_are_told(table):
    assert table("orders").indexes == (
        (IndexColumn("shop", False, False), IndexColumn("number", False, False)),
        (IndexColumn("at", True, False), IndexColumn("buyer", False, False)),
        (IndexColumn("giver", False, False),),
    )
    assert [tuple(column.name for column in index) for index in table("people").indexes] == [("id",), ("e-mail",)]


def test_a_partitioned_table_is_as_big_as_its_parts(table, source, reader):
    assert table("parts").estimated_rows == 5000
    described = catalog.describe_table(source, reader=reader, schema="shop", name="parts")
    assert described.detail.size_bytes > 100_000
    assert catalog.describe_table(source, reader=reader, schema="shop", name="names").detail.size_bytes is None


@pytest.mark.parametrize("name", ["hidden", "gone", "a\0b"])
def test_a_table_that_may_not_be_read_is_not_found(source, reader, name):
    with pytest.raises(TableNotFound):
        catalog.describe_table(source, reader=reader, schema="shop", name=name)
    with pytest.raises(TableNotFound):
        catalog.describe_table(source, reader=reader, schema=f"{name}s", name="orders")


def test_described_and_listed_are_the_same(table, source, reader):
    for name in ("orders", "people", 'a"b <b>☕ %s'):
        described = catalog.describe_table(source, reader=reader, schema="shop", name=name)
        listed = table(name)
        assert (described.columns, described.foreign_keys, described.referenced_by) == (
            listed.columns,
            listed.foreign_keys,
            listed.referenced_by,
        )
        assert described.indexes == listed.indexes
        assert described.detail.size_bytes is not None


def test_rows_to_look_at_come_from_any_table(source, reader, table):
    rows = catalog.sample_rows(source, reader=reader, table=table('a"b <b>☕ %s'))
    assert [column.name for column in rows.columns] == ["Ünï :x %(y)s"]
    assert rows.rows == [(7,)]
    assert catalog.sample_rows(source, reader=reader, table=table("flights", "sample"), rows=3).row_count == 3
    in_part = catalog.sample_rows(source, reader=reader, table=table("people"))
    assert [column.name for column in in_part.columns] == ["id", "e-mail", "name"]


def test_defaults_and_indexes_are_told_as_the_database_writes_them(source, reader):
    detail = catalog.describe_table(source, reader=reader, schema="shop", name="orders").detail
    assert [index.definition for index in detail.indexes] == [
        "btree (shop, number)",
        "btree (giver, ((shop + 1)), number)",
        "btree (at DESC NULLS LAST, buyer)",
        "btree (hidden) WHERE (hidden IS NOT NULL)",
    ]
    assert detail.indexes[0].primary
    assert detail.defaults == {"at": "now()", "state": "'new'::text", "twice": "generated: (number * 2)"}


def test_what_names_columns_that_may_not_be_read_is_not_told(source, reader):
    detail = catalog.describe_table(source, reader=reader, schema="shop", name="people").detail
    assert not any("secret" in index.definition for index in detail.indexes)
    assert {index.name for index in detail.indexes} >= {"people_pkey", "hashed"}
    assert detail.defaults == {}


def test_those_who_may_only_see_do_not_look_around_in_sources(source, reader, table):
    viewer = reader.model_copy(update={"role": Role.VIEWER})
    for look in (
        lambda: catalog.search_tables(source, reader=viewer, words="people"),
        lambda: catalog.describe_table(source, reader=viewer, schema="shop", name="people"),
        lambda: catalog.sample_rows(source, reader=viewer, table=table("people")),
    ):
        with pytest.raises(NotAllowed):
            look()


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("flights", "flights"),
        ("ORDERS", "orders"),
        ("call them", "people"),
        ("shop b_nothing", None),
        ("tailnum seats", "planes"),
        ("ünï :x", 'a"b <b>☕ %s'),
        ('a"b', 'a"b <b>☕ %s'),
        ("☕", 'a"b <b>☕ %s'),
        ("secret", None),
        ("integer", None),
    ],
)
def test_a_search_goes_through_names_and_comments(source, reader, words, first):
    found = catalog.search_tables(source, reader=reader, words=words)
    assert (found[0].name if found else None) == first
