import socket
import threading
from contextlib import suppress

import psycopg2
import pytest
from sqlalchemy import make_url

from nexus.accounts.spec import Role, User
from nexus.db import session as own
from nexus.sample import load as sample
from nexus.sources import connect, run, service, store
from nexus.sources.address import connection_arguments
from nexus.sources.spec import Query


@pytest.fixture
def reader(sample_database):
    """A connection as the sample's own role, outside any transaction of ours."""
    sample.load()  # rights on a database are not part of the copy that a test gets
    with own.transaction() as session:
        address = store.find_address(session, name="sample")
    connection = psycopg2.connect(**connection_arguments(address))
    connection.set_session(readonly=False, autocommit=True)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        connection.close()


def test_the_sample_has_every_flight_of_2013(reader):
    reader.execute("select count(*), count(dep_time), min(make_date(year, month, day))::text, max(time_hour)::text from flights")
    flights, flown, first, last = reader.fetchone()
    assert (flights, flown, first) == (336_776, 328_521, "2013-01-01")
    assert last.startswith("2014-01-01")
    reader.execute("select count(*) from information_schema.columns where table_schema = 'sample' and table_name = 'flights'")
    assert reader.fetchone() == (19,)
    for table, rows in {"airlines": 16, "airports": 1458, "planes": 3322, "weather": 26_115}.items():
        reader.execute(f"select count(*) from {table}")
        assert reader.fetchone() == (rows,)


def test_loading_again_changes_nothing(sample_database, reader):
    assert sample.load() is False
    reader.execute("select count(*) from flights")
    assert reader.fetchone() == (336_776,)


def test_a_lost_role_comes_back_with_the_next_load(database):
    assert sample.load() is True
    with own.transaction() as session:
        store.delete(session, name="sample")
    assert sample.load() is True
    with own.transaction() as session:
        address = store.find_address(session, name="sample")
    psycopg2.connect(**connection_arguments(address)).close()


@pytest.mark.parametrize(
    "statement",
    [
        "insert into sample.airlines values ('ZZ', 'Nobody')",
        "delete from sample.flights",
        "create table sample.mine (a int)",
        "create table public.mine (a int)",
        "create temporary table mine (a int)",
        "create schema mine",
        "select * from nexus.users",
        "select * from nexus.sources",
        "select * from pg_authid",
        "select pg_read_file('PG_VERSION')",
        "set role postgres",
    ],
)
def test_the_sample_role_can_only_read_the_sample(reader, statement):
    reader.execute("set default_transaction_read_only = off")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        reader.execute(statement)


@pytest.fixture
def port(postgres):
    """A TCP port of this machine that leads to the bundled server's socket."""
    path = f"{make_url(postgres.url).query['host']}/.s.PGSQL.5432"
    listener = socket.create_server(("127.0.0.1", 0))

    def copy(source, target):
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def accept():
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(path)
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=copy, args=pair, daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()


def test_the_sample_is_read_as_its_role_over_tcp_too(sample_database, port):
    reader = User(id=1, email="ana@example.org", name="Ana", role=Role.VIEWER)
    url = make_url(sample_database)
    own.connect(f"postgresql://{url.username}:{url.password}@127.0.0.1:{port}/{url.database}")
    with own.transaction() as session:
        source = service.find(session, reader=reader, name="sample")
        arguments = connection_arguments(store.find_address(session, name="sample"))
    assert (arguments["host"], arguments["port"], arguments["dbname"]) == ("127.0.0.1", port, url.database)
    query = Query(source="sample", sql="select count(*) from flights where carrier = :carrier", parameters={"carrier": "UA"})
    assert run.run(source, query=query, reader=reader).rows == [(58_665,)]
    connect.close_all()
