"""The writing role of a source: a second address, of a role that may make tables. Only bringing files in uses it."""

import re
import secrets
import time
from dataclasses import dataclass
from typing import Any, cast

from psycopg2 import Error, sql

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db import session as own
from nexus.db.session import Session
from nexus.errors import BadInput, Conflict
from nexus.sources import address as addresses
from nexus.sources import store
from nexus.sources.address import Address, own_role
from nexus.sources.connect import Pool, pool_of
from nexus.sources.run import inquire
from nexus.sources.service import find
from nexus.sources.spec import Source, SourceUnavailable

OWN_SCHEMA = "files"
"""Where files go in Nexus's own database, when Nexus made the role."""


class NoWriter(Conflict):
    message = "This source has no writing role, so nothing can be brought in. An administrator gives it one in Settings, under Sources."


class WriterCannotBeMade(Conflict):
    message = "The role of DATABASE_URL may not make roles and schemas. Make a role yourself, and give its address."


@dataclass(frozen=True)
class WriterTrial:
    """What a test of a writing role found; `schemas` are those where it may make tables. `warnings` are sentences, the gravest first."""

    version: str
    latency_ms: float
    schemas: tuple[str, ...]
    superuser: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class WritableSchema:
    name: str
    readable: bool
    """Whether the role that reads may use it; without that, a new table could not be opened."""


def has_writer(session: Session, *, reader: User, name: str) -> bool:
    require(reader, Permission.SEE)
    return store.find_writer(session, name=name) is not None


def shown_writers(session: Session, *, user: User) -> dict[str, str]:
    """By name of the source: user, host and database of its writing role, without the password. Those without one are not in it."""
    require(user, Permission.ADMINISTER)
    return store.shown_writers(session)


def change_writer(session: Session, *, user: User, name: str, url: str) -> None:
    """Give a source a writing role. Raises WrongAddress. Connects nowhere: test the address before."""
    require(user, Permission.ADMINISTER)
    _keep(session, user, name, addresses.parse(url))


def remove_writer(session: Session, *, user: User, name: str) -> None:
    """Nobody brings anything in any more; the role itself, and its tables, stay in the database."""
    require(user, Permission.ADMINISTER)
    find(session, reader=user, name=name)
    store.put_writer(session, name=name, address=None, changed_by=user.id)
    audit.record(session, user_id=user.id, what="source.writer_removed", subject=f"source {name}")


def _keep(session: Session, user: User, name: str, address: Address) -> None:
    find(session, reader=user, name=name)
    store.put_writer(session, name=name, address=address, changed_by=user.id)
    audit.record(session, user_id=user.id, what="source.writer_changed", subject=f"source {name}", detail={"address": address.shown})


def writer_of(session: Session, *, user: User, name: str) -> Address:
    """For the module that writes. Raises NoWriter."""
    require(user, Permission.BUILD)
    address = store.find_writer(session, name=name)
    if address is None:
        raise NoWriter()
    return address


# --- a role of Nexus's making ------------------------------------------------------------------------------


def can_make_writer(session: Session, *, user: User, name: str) -> bool:
    """Whether the source lies in Nexus's own database, where Nexus may make the role itself."""
    require(user, Permission.ADMINISTER)
    address = store.find_address(session, name=name)
    return address is not None and address.own


def make_writer(session: Session, *, user: User, name: str) -> None:
    """For a source in Nexus's own database: a role that may do nothing but make tables in the schema `files`, which the source then reads.

    Raises WriterCannotBeMade.
    """
    require(user, Permission.ADMINISTER)
    reading = store.find_address(session, name=name)
    if reading is None or not reading.own:
        raise BadInput("This source is not in Nexus's own database. Give the address of a role there.")
    role = f"nexus_{re.sub(r'[^a-z0-9]', '_', name)[:30]}_writer_{secrets.token_hex(4)}"
    password = secrets.token_urlsafe(32)
    connection = cast(Any, session.connection().connection)
    with connection.cursor() as cursor:
        try:
            _make_role(cursor, role=role, password=password, reader=reading.user)
        except Error:
            raise WriterCannotBeMade() from None
    _keep(session, user, name, own_role(role, password))


def _make_role(cursor: Any, *, role: str, password: str, reader: str) -> None:
    cursor.execute("select current_database()")
    (database,) = cursor.fetchone()
    cursor.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(OWN_SCHEMA)))
    cursor.execute(
        sql.SQL("create role {0} login noinherit nocreatedb nocreaterole connection limit 8 password %s").format(sql.Identifier(role)),
        (password,),
    )
    names = [sql.Identifier(text) for text in (role, database, OWN_SCHEMA, reader)]
    cursor.execute(
        sql.SQL("grant connect on database {1} to {0}; grant usage, create on schema {2} to {0}; grant usage on schema {2} to {3}").format(
            *names
        )
    )


# --- test --------------------------------------------------------------------------------------------------

SCHEMAS = """
select n.nspname from pg_catalog.pg_namespace n
where n.nspname not in ('pg_catalog', 'information_schema', 'nexus') and n.nspname !~ '^pg_'
and pg_catalog.has_schema_privilege(n.oid, 'create') and pg_catalog.has_schema_privilege(n.oid, 'usage')
order by n.nspname
"""
ABOUT = """
select pg_catalog.current_setting('server_version'), r.rolsuper, r.rolcreaterole or r.rolcreatedb or r.rolbypassrls or r.rolreplication,
    pg_catalog.current_database(), (select d.oid::bigint from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
from pg_catalog.pg_roles r where r.rolname = current_user
"""


def try_writer_address(*, user: User, name: str, url: str) -> WriterTrial:
    """Connect once to an address that is not stored. Raises WrongAddress, or SourceUnavailable with the reason as its sentence."""
    require(user, Permission.ADMINISTER)
    address = addresses.parse(url)
    with own.transaction() as session:
        source = find(session, reader=user, name=name)
    return _try(address, source)


def try_writer(*, user: User, name: str) -> WriterTrial:
    """Connect once with the writing role as it is stored. Raises NoWriter, SourceUnavailable."""
    require(user, Permission.ADMINISTER)
    with own.transaction() as session:
        source, address = find(session, reader=user, name=name), store.find_writer(session, name=name)
    if address is None:
        raise NoWriter("This source has no writing role yet. Give the address of one.")
    return _try(address, source)


def _try(address: Address, source: Source) -> WriterTrial:
    pool = Pool(source, address)
    try:
        started = time.monotonic()
        version, superuser, powerful, database, oid = inquire(pool, sql=ABOUT)[0]
        latency_ms = (time.monotonic() - started) * 1000
        schemas = tuple(name for (name,) in inquire(pool, sql=SCHEMAS))
    except SourceUnavailable as error:
        raise SourceUnavailable(error.reason or error.message) from None
    finally:
        pool.close()
    warnings = []
    if superuser:
        warnings.append("This role is a superuser and can change everything on the server. Use a role that may only make tables.")
    elif powerful:
        warnings.append(
            "This role may create roles or databases, replicate or pass row-level security. Use a role that may only make tables."
        )
    if not schemas:
        warnings.append("This role may make a table in no schema. Grant it USAGE and CREATE on one.")
    warnings += _elsewhere(source, (database, oid))
    if schemas and not any(schema.readable for schema in _readable(source, schemas)):
        warnings.append("The role that reads may use none of these schemas. Grant it USAGE on one, or new tables cannot be opened.")
    return WriterTrial(version=version, latency_ms=latency_ms, schemas=schemas, superuser=superuser, warnings=tuple(warnings))


def _elsewhere(source: Source, place: tuple[str, int]) -> list[str]:
    """A warning when the role that reads is at home in another database."""
    try:
        _, _, _, database, oid = inquire(pool_of(source), sql=ABOUT)[0]
    except SourceUnavailable:
        return ["The address that reads does not answer, so it is not known whether both lead to the same database."]
    same = (database, oid) == place
    return [] if same else ["This role is in another database than the one that is read. New tables would not be seen."]


def writable_schemas(*, user: User, name: str) -> tuple[WritableSchema, ...]:
    """Where the writing role may make tables, as the database says now. Raises NoWriter, SourceUnavailable."""
    require(user, Permission.BUILD)
    with own.transaction() as session:
        source, address = find(session, reader=user, name=name), writer_of(session, user=user, name=name)
    pool = Pool(source, address)
    try:
        schemas = tuple(schema for (schema,) in inquire(pool, sql=SCHEMAS))
    finally:
        pool.close()
    return _readable(source, schemas)


def _readable(source: Source, schemas: tuple[str, ...]) -> tuple[WritableSchema, ...]:
    rows = inquire(
        pool_of(source),
        sql="select n.nspname from pg_catalog.pg_namespace n where n.nspname = any(%(names)s) and pg_catalog.has_schema_privilege(n.oid, 'usage')",
        parameters={"names": list(schemas)},
    )
    readable = {name for (name,) in rows}
    return tuple(WritableSchema(name, readable=name in readable) for name in schemas)
