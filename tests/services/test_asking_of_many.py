"""A source of more tables than go along: what a model asks to see, it sees once."""

import json
from functools import partial

import psycopg2
import pytest
from pydantic import SecretStr

from nexus import settings
from nexus.asking import preparing, service
from nexus.prompts import gemini
from tests.gemini_stand_in import GeminiStandIn, streams

HURRY = partial(gemini.generate, patience=gemini.Patience(deadline_s=10, silence_s=5, pause_s=0.01, beat_s=0.02))
SPANISH = "¿Cuántas aerolíneas vuelan?"
# Nothing in them is called as a Spanish question calls it, and the tables of the sample are the smaller ones.
MANY = """
create schema erp;
do $$ begin
    for at in 1..60 loop
        execute format('create table erp.t%s (id int, zz int)', at);
        execute format('insert into erp.t%s select n, n from generate_series(1, 400000 / 1000) n', at);
        execute format('update pg_class set reltuples = 1000000 where oid = ''erp.t%s''::regclass', at);
    end loop;
end $$;
"""


@pytest.fixture
def stand_in(monkeypatch):
    with GeminiStandIn() as stand_in:
        values = settings.current().model_copy(update={"gemini_base_url": stand_in.url, "google_api_key": SecretStr("AIza")})
        monkeypatch.setattr(settings, "current", lambda: values)
        yield stand_in


def test_a_table_that_only_its_name_was_sent_of_is_looked_at_once_and_then_read(sample_database, sample_role, analyst, stand_in):
    connection = psycopg2.connect(sample_database)
    with connection, connection.cursor() as cursor:
        cursor.execute(MANY)
        cursor.execute(f'grant usage on schema erp to "{sample_role}"')
        cursor.execute(f'grant select on all tables in schema erp to "{sample_role}"')
    connection.close()
    prepared = preparing.prepare(user=analyst, source="sample", question=SPANISH)
    assert "sample.airlines" not in prepared.tables
    assert "sample.airlines" in prepared.named
    assert len(prepared.tables) == 40
    assert len(prepared.tables) + len(prepared.named) == 65
    look = {"outcome": "look", "tables": ["sample.airlines", "nexus.users", "sample.nothing"]}
    answer = {"outcome": "sql", "sql": "select count(*) as n from sample.airlines", "answers": "Las aerolíneas de la tabla."}
    stand_in.will(streams(json.dumps(look)), streams(json.dumps(answer)))
    found = service.ask(user=analyst, prepared=prepared, generate=HURRY)
    assert found.table.rows == [(16,)]
    assert "sample.airlines" in found.asking.tables
    second = stand_in.generated[1].text
    assert "Airlines by their two-letter carrier code." in second
    assert "password_hash" not in second
    stand_in.will(streams(json.dumps(look)), streams(json.dumps(look)))
    assert service.ask(user=analyst, prepared=prepared, generate=HURRY, fresh=True).asking.outcome == "cannot"
    assert len(stand_in.generated) == 4
