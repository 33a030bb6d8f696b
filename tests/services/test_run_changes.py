"""Asking a source while something changes: its types, its server, its limits, who reads."""

import pytest

from nexus.db import session as own
from nexus.sources import connect, service, store
from nexus.sources.address import own_role
from nexus.sources.connect import pool_of
from nexus.sources.spec import (
    Limits,
    QueryFailed,
    Source,
    SourceUnavailable,
)
from tests.asking import ANA, BEN, ask


@pytest.fixture
def sample(sample_database) -> Source:
    with own.transaction() as session:
        return service.find(session, reader=ANA, name="sample")


def test_the_kinds_of_columns_are_known_also_for_types_of_the_database_itself(sample, postgres, sample_database):
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute("create type sample.mood as enum ('good', 'bad'); create domain sample.share as numeric")
    columns = ask(
        sample,
        "select 1 a, 'x'::varchar b, true c, date '2013-01-01' d, now() e, interval '1 h' f, '{}'::jsonb g, '\\x'::bytea h, 'good'::mood i,"
        " 0.5::share j, '(1,2)'::point k, '::1'::inet l, '1 $'::text m, array[1] n, gen_random_uuid() o",
    ).columns
    assert {column.name: column.kind for column in columns} == {
        "a": "number", "b": "text", "c": "boolean", "d": "date", "e": "time", "f": "duration", "g": "json", "h": "binary",
        "i": "text", "j": "number", "k": "other", "l": "text", "m": "text", "n": "other", "o": "text",
    }  # fmt: skip
    assert {column.type_name for column in columns} >= {"mood", "character varying", "timestamp with time zone", "integer[]"}


def test_row_level_security_sees_the_reader(sample, postgres, sample_database):
    source = sample.model_copy(update={"per_reader": True})
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute("""
            create table sample.deals (owner text, amount int);
            insert into sample.deals values ('ana@example.org', 1), ('ben@example.org', 2);
            alter table sample.deals enable row level security;
            create policy own_rows on sample.deals for select using (owner = current_setting('nexus.user_email', true));
            grant select on sample.deals to public;
        """)
    assert ask(source, "select amount from deals").rows == [(1,)]
    assert ask(source, "select amount from deals", reader=BEN).rows == [(2,)]


def test_a_right_that_was_taken_away_is_said(sample, postgres, sample_database, sample_role):
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(f"revoke select on sample.planes from {sample_role}")
    with pytest.raises(QueryFailed, match="permission denied for table planes"):
        ask(sample, "select * from planes")


def test_a_restarted_server_is_not_noticed(sample, sample_role, postgres):
    ask(sample, "select 1")
    with postgres.superuser() as cursor:
        cursor.execute("select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = %s", (sample_role,))
        assert cursor.fetchone()[0] >= 1
    assert ask(sample, "select 2").rows == [(2,)]


def test_a_source_that_is_down_is_said_without_its_address(sample_database, admin):
    with own.transaction() as session:
        source = service.add_source(session, user=admin, name="down", title="Down", url="postgresql://ana:hunter2@127.0.0.1:1/sales")
    with pytest.raises(SourceUnavailable) as failure:
        ask(source, "select 1")
    assert "127.0.0.1" not in failure.value.message
    assert "hunter2" not in repr(failure.value) + str(failure.value.__cause__) + str(failure.value.__context__ and "")


def test_the_old_meaning_of_backslashes_is_not_read(sample, postgres, sample_database, sample_role):
    database = own.engine().url.database
    with postgres.superuser(database) as cursor:
        cursor.execute(f'alter role {sample_role} in database "{database}" set standard_conforming_strings = off')
        connect.close_all()
    with pytest.raises(SourceUnavailable) as failure:
        ask(sample, "select 1")
    assert "standard_conforming_strings" in failure.value.reason


def test_a_source_that_was_changed_gets_new_connections(sample, admin):
    former = pool_of(sample)
    with own.transaction() as session:
        changed = service.change_source(session, user=admin, source=sample.model_copy(update={"limits": Limits(max_rows=5)}))
    assert ask(changed, "select flight from flights").row_count == 5
    assert pool_of(changed) is not former


def test_a_source_that_was_removed_is_said_to_be_gone(sample):
    with own.transaction() as session:
        store.delete(session, name="sample")
    with pytest.raises(SourceUnavailable, match="no longer exists"):
        ask(sample, "select 1")


def test_the_tables_of_nexus_are_not_found_without_their_schema_either(sample_database, postgres, admin):
    """As where a source is Nexus's own database, read by the role whose name the schema has."""
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(
            "do $$ begin if not exists (select from pg_roles where rolname = 'nexus') then create role nexus login password 'a password'; end if; end $$;"
            "grant usage on schema nexus, sample to nexus; grant select on all tables in schema nexus, sample to nexus;"
            """alter role nexus set search_path = "$user", sample"""
        )
    with own.transaction() as session:
        store.put(session, source=Source(name="own", title="Own"), address=own_role("nexus", "a password"), changed_by=None)
        source = service.find(session, reader=admin, name="own")
    assert ask(source, "select count(*) from airlines").rows == [(16,)]
    with pytest.raises(QueryFailed, match='relation "users" does not exist'):
        ask(source, "select email from users")
