"""Which views read a table: those built by clicking and those in SQL, as far as the reader may see them."""

import pytest

from nexus.accounts.spec import Role
from nexus.db.session import transaction
from nexus.errors import NotAllowed
from nexus.views import reads, service
from nexus.views.spec import View


@pytest.fixture
def save(sample_database, analyst):
    def save(name: str, question: dict, *, open_to_all: bool = True, **more) -> None:
        view = View.model_validate({"name": name, "title": name.upper(), "source": "sample", "question": question, **more})
        with transaction() as session:
            service.save_view(session, user=analyst, view=view, open_to_all=open_to_all)

    return save


def names(reader, table: str, schema: str = "sample") -> set[str]:
    with transaction() as session:
        return {view.name for view in reads.views_of_table(session, reader=reader, source="sample", schema=schema, table=table)}


def sql(text: str) -> dict:
    return {"kind": "sql", "sql": text}


def test_the_views_of_a_table_are_found_however_they_are_made(save, analyst):
    before = names(analyst, "weather")
    save("clicked", {"kind": "table", "schema": "sample", "table": "weather"})
    on = [{"column": "origin", "equals": "origin"}]
    save("joined", {"kind": "table", "schema": "sample", "table": "flights", "joins": [{"schema": "sample", "table": "weather", "on": on}]})
    save("written", sql("with w as (select * from sample.weather) select count(*) as n from w"))
    save("deep", sql('select 1 as one where exists (select from sample."weather" limit 1)'))
    save("bare", sql("select 1 as n from Weather"))
    optional = sql("select 1 as n [[ where exists (select from sample.weather where temp > :t) ]]")
    save("optional", optional, parameters=[{"type": "number", "name": "t"}])
    save("other-schema", sql("select 1 as n from other.weather"))
    save("only-a-word", sql("select 'sample.weather' as weather, 1 as n -- from sample.weather"))
    save("own-part", sql("with weather as (select 1 as n) select n from weather"))
    save("like-it", {"kind": "table", "schema": "other", "table": "weather"})
    assert names(analyst, "weather") - before == {"clicked", "joined", "written", "deep", "bare", "optional"}


def test_names_of_every_kind_are_found(save, analyst):
    odd = 'a"b <b>☕ %s\\'
    save("odd-clicked", {"kind": "table", "schema": "sample", "table": odd})
    save("odd-written", sql('select 1 as n from sample."a""b <b>☕ %s\\"'))
    assert names(analyst, odd) == {"odd-clicked", "odd-written"}
    assert names(analyst, "a\0b") == set()


def test_only_views_that_the_reader_may_see_are_told(save, analyst, make_user):
    save("private", sql("select 1 as n from sample.planes"), open_to_all=False)
    assert "private" in names(analyst, "planes")
    assert "private" not in names(make_user(Role.ANALYST), "planes")


def test_who_may_only_see_does_not_ask(save, viewer):
    with pytest.raises(NotAllowed):
        names(viewer, "planes")
