"""The sources as a tree, and the page of one table."""

import pytest

from nexus.db import session as own
from nexus.db.session import transaction
from nexus.sources import service
from nexus.sources.run import answers
from nexus.views import drafts
from nexus.views import service as views
from nexus.views.question import SqlQuestion
from nexus.views.spec import View
from tests.pages.conftest import button, field, shown

ODD = 'a"b <b>☕ %s'
TABLES = """
create schema shop;
create table shop.people (id int primary key, name text not null default 'nobody', secret text);
comment on table shop.people is 'Everybody who *ever* <b>bought</b>';
comment on column shop.people.name is 'What to call them';
create table shop.orders (number int primary key, buyer int references shop.people (id));
insert into shop.people values (1, 'Ana <i>');
create table shop."a""b <b>☕ %s" ("Ünï :x %(y)s" int);
create view shop.names as select id, name from shop.people;
create schema wide;
grant usage on schema shop, wide to {role};
grant select on all tables in schema shop to {role};
"""


@pytest.fixture
def source(sample_database, postgres, sample_role):
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(TABLES.replace("{role}", sample_role))
        cursor.execute(f"create table wide.all_of_it ({', '.join(f'c{at} int' for at in range(1600))})")
        cursor.execute(f"grant select on wide.all_of_it to {sample_role}")
    answers.forget()


@pytest.fixture
def dead_source(source, admin):
    with transaction() as session:
        service.add_source(session, user=admin, name="dead", title="Dead *one*", url="postgresql://nobody:x@127.0.0.1:9/none")


def links(app) -> dict[str, str]:
    """The address of each link by what it says."""
    return {element.proto.label: element.proto.query_string for element in app.get("page_link")}


def tree(visit, user, **query):
    return visit("data", user, list="Sources", **query)


def test_a_source_unfolds_into_schemas_and_tables(visit, source, analyst):
    app = tree(visit, analyst)
    assert not app.exception
    assert [element.label for element in app.expander] == [
        "**Sample\\: flights from New York City**",
        "sample :small[5]",
        "shop :small[4]",
        "wide :small[1]",
    ]
    assert "tables · read" in shown(app)
    assert "people" not in links(app), "what is not open is not drawn"
    app = tree(visit, analyst, open="sample/shop")
    found = links(app)
    assert found["people"] == "source=sample&schema=shop&table=people"
    assert "schema=shop&table=a%22b" in found['a"b \\<b\\>☕ %s']
    assert "Everybody who \\*ever\\* \\<b\\>bought" in shown(app)
    assert "flights" not in found


def test_a_search_finds_names_columns_and_comments(visit, source, analyst):
    for words, table in (("people", "shop\\.people"), ("call them", "shop\\.people"), ("tailnum seats", "sample\\.planes")):
        assert table in links(tree(visit, analyst, q=words))
    assert "column name" in shown(tree(visit, analyst, q="call"))
    assert "matches “zzz \\<b\\>”" in shown(tree(visit, analyst, q="zzz <b>"))


def test_a_new_table_is_there_after_refresh(visit, source, analyst, postgres, sample_role):
    app = tree(visit, analyst, open="sample/shop")
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(f"create table shop.newest (id int); grant select on shop.newest to {sample_role}")
    assert "newest" not in links(app.run())
    button(app, "Refresh").click().run()
    assert "newest" in links(app)


def test_a_source_that_cannot_be_reached_is_a_sentence_beside_the_others(visit, dead_source, analyst):
    app = tree(visit, analyst, q="people")
    assert not app.exception
    assert "shop\\.people" in links(app)
    assert len(app.error) == 1
    assert "Nexus made a mistake" not in app.error[0].value
    gone = visit("table", analyst, source="dead", schema="a", table="b")
    assert len(gone.error) == 1
    assert not gone.exception


def test_a_catalog_that_was_cut_says_so(visit, source, analyst, monkeypatch):
    monkeypatch.setattr("nexus.sources.catalog_sql.MAX_BYTES", 8_000)
    assert "There are more than Nexus keeps" in shown(tree(visit, analyst))


def test_of_many_tables_the_first_are_drawn(visit, source, analyst, postgres, sample_role):
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute("select format('create table wide.t%s (id int)', n) from generate_series(100, 400) n")
        cursor.execute(";".join(row[0] for row in cursor.fetchall()))
        cursor.execute(f"grant select on all tables in schema wide to {sample_role}")
    app = tree(visit, analyst, open="sample/wide")
    assert "The first 50 of 302" in shown(app)
    assert len([one for one in links(app) if one.startswith("t")]) == 49
    builder = visit("view", analyst, new="table")
    assert not [element for element in builder.selectbox if element.label == "Table"], "302 tables are searched, not sent"
    field(builder, "Table: search").set_value("t37 id").run()
    button(builder, "wide\\.t377").click().run()
    assert not builder.exception
    assert "wide\\.t377" in shown(builder)
    assert field(builder, "Table: search").value == ""


def test_a_table_tells_what_it_is(visit, source, analyst):
    made = View(name="everybody", title="All of *them*", source="sample", question=SqlQuestion(sql="select * from shop.people"))
    with transaction() as session:
        views.save_view(session, user=analyst, view=made)
    app = visit("table", analyst, source="sample", schema="shop", table="people")
    text = shown(app)
    assert not app.exception
    assert app.title[0].value == "people"
    assert "Everybody who \\*ever\\* \\<b\\>bought" in text
    assert "Primary key: **id**" in text
    columns = " ".join(element.proto.body for element in app.get("html"))
    assert "What to call them" in columns
    assert "&#x27;nobody&#x27;::text" in columns
    assert "btree (id)" in columns
    assert '<a class="nexus-here" href="/table?source=sample&amp;schema=shop&amp;table=orders" target="_self">shop.orders</a>' in columns
    assert app.dataframe[0].value.shape == (1, 3)
    other = visit("table", analyst, source="sample", schema="shop", table="orders")
    assert any("shop.people</a> <small>buyer = id" in element.proto.body for element in other.get("html"))
    assert "It has no rows" in shown(other)
    assert "No view reads this table yet" in shown(other)
    assert links(app)["All of \\*them\\*"] == "name=everybody"


@pytest.mark.parametrize(
    ("schema", "table"), [("shop", "gone"), ("none", "people"), ("shop", "a\0b"), ("s\0", "people"), ("nexus", "users")]
)
def test_a_table_that_is_not_there_is_a_sentence(visit, source, analyst, schema, table):
    app = visit("table", analyst, source="sample", schema=schema, table=table)
    assert not app.exception
    assert "There is no such table" in app.error[0].value
    assert "This source no longer exists" in shown(visit("table", analyst, source="gone\0", schema=schema, table=table))


def test_a_grant_that_was_lost_meanwhile_is_a_sentence(visit, source, analyst, postgres, sample_role):
    app = tree(visit, analyst, open="sample/shop")
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(f"revoke select on shop.people from {sample_role}")
    assert "people" in links(app)
    gone = visit("table", analyst, source="sample", schema="shop", table="people")
    assert "may not read it any more" in gone.error[0].value


def test_1600_columns_are_searched_and_not_all_drawn(visit, source, analyst):
    app = visit("table", analyst, source="sample", schema="wide", table="all_of_it")
    assert "The first 200 of 1,600" in shown(app)
    field(app, "Search columns").set_value("c1599").run()
    assert not app.exception
    assert "The first 200" not in shown(app)
    assert any("c1599" in element.proto.body for element in app.get("html"))


def test_a_view_and_sql_begin_with_the_table_and_leave_other_drafts_alone(visit, source, analyst):
    with transaction() as session:
        drafts.keep_draft(
            session, user=analyst, name="new:00000001", content={"question": {"kind": "sql", "sql": "mine"}}, base_version=None
        )
    app = visit("view", analyst, new="sql", source="sample", schema="shop", table=ODD)
    (draft,) = [app.query_params["draft"]] if isinstance(app.query_params["draft"], str) else app.query_params["draft"]
    assert app.session_state[f"editing-view-new:{draft}"].content["question"]["sql"] == (
        'select\n    "Ünï :x %(y)s"\nfrom shop."a""b <b>☕ %s"'
    )
    built = visit("view", analyst, new="table", source="sample", schema="shop", table=ODD)
    assert not built.exception
    assert [element.value for element in built.selectbox if element.label == "Table"] in ([], [f"shop.{ODD}"])
    with transaction() as session:
        kept = drafts.find_draft(session, reader=analyst, name="new:00000001")
    assert kept.content["question"]["sql"] == "mine"
    odd = visit("view", analyst, new="sql", source="sample", schema="a\0", table="b\0")
    assert not odd.exception


def test_who_may_only_see_sees_the_views_alone(visit, source, viewer):
    app = tree(visit, viewer)
    assert not app.expander
    assert "There are no views yet" in shown(app)
    assert not links(app)
    assert "analyst role" in visit("table", viewer, source="sample", schema="shop", table="people").error[0].value
