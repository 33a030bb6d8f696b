import pytest
from sqlalchemy import select

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.db.tables import AuditRow, SourceRow, ViewRow, ViewVersionRow
from nexus.errors import NotAllowed
from nexus.sources import catalog, run, service, store
from nexus.sources.address import WrongAddress
from nexus.sources.connect import pool_of
from nexus.sources.service import AddressMissing, SourceInUse, SourceNotFound
from nexus.sources.spec import Limits, Query, Source, SourceUnavailable
from nexus.sources.store import SourceExists

SECRET = "hunter2secret"
URL = f"postgresql://ana:{SECRET}@db.example.org:5433/sales"


def added(admin, **more):
    with own.transaction() as session:
        return service.add_source(session, user=admin, **{"name": "sales", "title": "Sales", "url": URL} | more)


def test_an_added_source_is_there_for_everyone_without_its_address(admin, viewer):
    added(admin, limits=Limits(timeout_ms=2_000))
    with own.transaction() as session:
        found = service.find(session, reader=viewer, name="sales")
        listed = service.all_sources(session, reader=viewer)
    assert listed == [found]
    assert (found.title, found.limits.timeout_ms) == ("Sales", 2_000)
    assert "db.example.org" not in found.model_dump_json() + repr(found)


def test_the_address_lies_encrypted_and_the_password_is_shown_to_nobody(admin):
    added(admin)
    with own.transaction() as session:
        stored = session.connection().exec_driver_sql("select url, spec from nexus.sources").one()
        shown = service.shown_addresses(session, user=admin)
        entries = [(entry.what, entry.subject, entry.detail) for entry in session.execute(select(AuditRow)).scalars()]
    assert SECRET.encode() not in bytes(stored.url)
    assert b"db.example.org" not in bytes(stored.url)
    assert shown == {"sales": "ana@db.example.org:5433/sales"}
    assert entries == [("source.added", "source sales", {"address": "ana@db.example.org:5433/sales"})]


def test_a_name_is_given_once(admin):
    added(admin)
    with pytest.raises(SourceExists):
        added(admin)


def test_a_bad_address_adds_nothing(admin):
    with pytest.raises(WrongAddress):
        added(admin, url=URL + "?options=-c%20x")
    with own.transaction() as session:
        assert session.execute(select(SourceRow)).all() == []
        assert session.execute(select(AuditRow)).all() == []


def test_changing_limits_changes_the_revision_and_is_recorded(admin):
    before = added(admin)
    with own.transaction() as session:
        after = service.change_source(session, user=admin, source=before.model_copy(update={"limits": Limits(max_rows=10)}))
    assert after.limits.max_rows == 10
    assert after.revision != before.revision


def test_writing_the_same_again_changes_nothing(admin):
    before = added(admin)
    with own.transaction() as session:
        assert service.change_source(session, user=admin, source=Source(name="sales", title="Sales")) == before


def test_a_source_of_a_file_needs_an_address_first(admin):
    with own.transaction() as session, pytest.raises(AddressMissing, match="sales"):
        service.change_source(session, user=admin, source=Source(name="sales", title="Sales"))


def test_a_source_that_moves_keeps_its_name_and_its_views_read_the_new_place(sample_database, admin):
    with own.transaction() as session:
        present = store.find_address(session, name="sample")
        moved = service.change_address(session, user=admin, name="sample", url="postgresql://u:p@127.0.0.1:1/x")
    with pytest.raises(SourceUnavailable):
        run.run(moved, query=Query(source="sample", sql="select 1"), reader=admin)
    with own.transaction() as session:
        store.put(session, source=moved, address=present, changed_by=None)
    with own.transaction() as session:
        back = service.find(session, reader=admin, name="sample")
    assert run.run(back, query=Query(source="sample", sql="select 1"), reader=admin).rows == [(1,)]


def test_a_source_that_views_read_is_not_removed(admin):
    added(admin)
    with own.transaction() as session:
        view = ViewRow(name="deals", title="Deals of the year", version=1, owner_id=admin.id)
        session.add(view)
        session.flush()
        session.add(ViewVersionRow(kept_id=view.id, version=1, spec={"source": "sales"}))
    with own.transaction() as session, pytest.raises(SourceInUse, match="Deals of the year"):
        service.remove_source(session, user=admin, name="sales")


def test_a_removed_source_is_gone(admin, viewer):
    added(admin)
    with own.transaction() as session:
        service.remove_source(session, user=admin, name="sales")
    with own.transaction() as session, pytest.raises(SourceNotFound):
        service.find(session, reader=viewer, name="sales")


ADMINISTRATIVE = {
    "add": lambda session, user: service.add_source(session, user=user, name="x", title="X", url=URL),
    "change": lambda session, user: service.change_source(session, user=user, source=Source(name="sales", title="Mine")),
    "move": lambda session, user: service.change_address(session, user=user, name="sales", url=URL),
    "remove": lambda session, user: service.remove_source(session, user=user, name="sales"),
    "addresses": lambda session, user: service.shown_addresses(session, user=user),
    "try address": lambda _session, user: service.try_address(user=user, url=URL),
    "try source": lambda _session, user: service.try_source(user=user, name="sales"),
}


@pytest.mark.parametrize("deed", ADMINISTRATIVE)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.ANALYST])
def test_only_administrators_touch_sources(admin, make_user, role, deed):
    before = added(admin)
    with pytest.raises(NotAllowed), own.transaction() as session:
        ADMINISTRATIVE[deed](session, make_user(role))
    with own.transaction() as session:
        assert service.all_sources(session, reader=admin) == [before]


# --- test of a source -------------------------------------------------------------------------------------


def test_the_sample_passes_its_test_without_a_warning(sample_database, admin):
    trial = service.try_source(user=admin, name="sample")
    assert (trial.tables, trial.superuser, trial.can_write, trial.warnings) == (5, False, False, ())
    assert trial.version.startswith("18")


def test_a_superuser_is_warned_about(sample_database, admin):
    superuser = own.engine().url
    with own.transaction() as session:
        role = store.find_address(session, name="sample").__class__
        address = role(host="", port=0, database="", user=superuser.username, password=superuser.password, own=True)
        store.put(session, source=Source(name="root", title="Root"), address=address, changed_by=None)
    trial = service.try_source(user=admin, name="root")
    assert trial.superuser
    assert trial.can_write
    assert "superuser" in trial.warnings[0]


def test_a_role_that_can_write_is_warned_about(sample_database, admin, postgres, sample_role):
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(f"grant insert on sample.airlines to {sample_role}")
    trial = service.try_source(user=admin, name="sample")
    assert trial.can_write
    assert "can write" in trial.warnings[0]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"postgresql://ana:{SECRET}@127.0.0.1:1/sales", "Nothing listens"),
        (f"postgresql://ana:{SECRET}@nowhere.invalid/sales", "not known to the network"),
    ],
)
def test_a_test_that_fails_says_why_and_never_the_password(database, admin, url, reason):
    with pytest.raises(SourceUnavailable, match=reason) as failure:
        service.try_address(user=admin, url=url)
    text = repr(failure.value) + repr(failure.value.__cause__)
    assert SECRET not in text
    assert "ana" not in text


# --- catalog ----------------------------------------------------------------------------------------------


def test_the_catalog_shows_what_the_role_may_read_and_nothing_else(sample_database, viewer):
    with own.transaction() as session:
        sample = service.find(session, reader=viewer, name="sample")
    tables = catalog.tables(sample, reader=viewer)
    assert [(table.schema, table.name, table.estimated_rows) for table in tables] == [
        ("sample", "airlines", 16),
        ("sample", "airports", 1_458),
        ("sample", "flights", 336_776),
        ("sample", "planes", 3_322),
        ("sample", "weather", 26_115),
    ]
    flights = catalog.find_table(sample, reader=viewer, schema="sample", name="flights")
    assert flights is not None
    assert len(flights.columns) == 19
    assert flights.comment.startswith("Every flight")
    delay, moment = flights.column("dep_delay"), flights.column("time_hour")
    assert (delay.type_name, delay.kind, delay.nullable, delay.key) == ("smallint", "number", True, False)
    assert (moment.type_name, moment.kind, moment.nullable, moment.key) == ("timestamp with time zone", "time", False, True)
    assert catalog.find_table(sample, reader=viewer, schema="nexus", name="users") is None


def test_the_catalog_is_remembered_until_asked_afresh(sample_database, viewer, postgres, sample_role):
    with own.transaction() as session:
        sample = service.find(session, reader=viewer, name="sample")
    assert len(catalog.tables(sample, reader=viewer)) == 5
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute(f"create table sample.more (a int); grant select on sample.more to {sample_role}")
    assert len(catalog.tables(sample, reader=viewer)) == 5
    assert len(catalog.tables(sample, reader=viewer, fresh=True)) == 6


def test_five_thousand_tables_are_all_there(sample_database, viewer, postgres, sample_role, monkeypatch):
    with postgres.superuser(own.engine().url.database) as cursor:
        cursor.execute("create schema wide")
        for start in range(0, 5000, 500):
            cursor.execute(
                "do $$ begin for t in %s..%s loop execute format('create table wide.table_%%s (%%s)', t,"
                " (select string_agg(format('column_%%s_of_%%s int', c, t), ', ') from generate_series(1, 12) c)); end loop; end $$",
                (start, start + 499),
            )
        cursor.execute(f"grant usage on schema wide to {sample_role}; grant select on all tables in schema wide to {sample_role}")
    reader = viewer
    with own.transaction() as session:
        source = service.find(session, reader=reader, name="sample")
    found = catalog.catalog(source, reader=reader)
    assert len(found.tables) == 5005
    assert not found.truncated
    assert sum(len(table.columns) for table in found.tables[-100:]) == 1200
    assert catalog.catalog(source, reader=reader).tables[0] is found.tables[0], "kept, and not asked again"
    looker = reader.model_copy(update={"role": Role.ANALYST})
    assert [table.name for table in catalog.search_tables(source, reader=looker, words="column_7_of_4321")] == ["table_4321"]
    monkeypatch.setattr("nexus.sources.catalog_sql.MAX_BYTES", 100_000)
    cut = catalog.catalog(source, reader=reader, fresh=True)
    assert cut.truncated
    assert catalog.find_table(source, reader=reader, schema="wide", name="table_999").columns[0].name == "column_1_of_999"


def test_a_panel_reads_no_own_table_once_its_pool_is_open(sample_database, viewer):
    with own.transaction() as session:
        sample = service.find(session, reader=viewer, name="sample")
    pool_of(sample)
    with own.statements() as statements:
        run.run(sample, query=Query(source="sample", sql="select 1"), reader=User(**viewer.model_dump()))
    assert statements == []
