"""Use-cases on sources. Only administrators add, test and change them; no answer holds a password."""

import time
from dataclasses import dataclass

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db import session as own
from nexus.db.session import Session
from nexus.errors import Conflict, NotFound
from nexus.sources import address as addresses
from nexus.sources import store
from nexus.sources.address import Address
from nexus.sources.connect import Pool
from nexus.sources.run import answers, inquire
from nexus.sources.spec import Limits, Source, SourceUnavailable


class SourceNotFound(NotFound):
    message = "This source no longer exists. Ask an administrator to add it again."


class SourceInUse(Conflict):
    message = "Views still read this source. Change or delete them first."


class AddressMissing(Conflict):
    message = "This source has no address yet. An administrator adds it in Settings; then apply again."


@dataclass(frozen=True)
class Trial:
    """What a test of a source found. `warnings` are sentences for the administrator, the gravest first."""

    version: str
    latency_ms: float
    tables: int
    superuser: bool
    can_write: bool
    warnings: tuple[str, ...]


def find(session: Session, *, reader: User, name: str) -> Source:
    require(reader, Permission.SEE)
    source = store.find(session, name=name)
    if source is None:
        raise SourceNotFound()
    return source


def all_sources(session: Session, *, reader: User) -> list[Source]:
    require(reader, Permission.SEE)
    return store.every(session)


def shown_addresses(session: Session, *, user: User) -> dict[str, str]:
    """By name of the source: user, host and database, without the password."""
    require(user, Permission.ADMINISTER)
    return store.shown_addresses(session)


def add_source(
    session: Session,
    *,
    user: User,
    name: str,
    title: str,
    url: str,
    description: str = "",
    limits: Limits | None = None,
    per_reader: bool = True,
) -> Source:
    """Raises WrongAddress, SourceExists. Connects nowhere: test the address with `try_address` before."""
    require(user, Permission.ADMINISTER)
    address = addresses.parse(url)
    if store.find(session, name=name) is not None:
        raise store.SourceExists()
    source = Source(name=name, title=title, description=description, limits=limits or Limits(), per_reader=per_reader)
    store.put(session, source=source, address=address, changed_by=user.id)
    audit.record(session, user_id=user.id, what="source.added", subject=f"source {name}", detail={"address": address.shown})
    return find(session, reader=user, name=name)


def change_source(session: Session, *, user: User, source: Source) -> Source:
    """Write title, description, limits and the rest of the spec of a source that has an address. Raises AddressMissing."""
    require(user, Permission.ADMINISTER)
    present = store.find(session, name=source.name)
    if present is None:
        raise AddressMissing(f"The source {source.name} has no address yet. Add it in Settings, then apply again.")
    if present.model_dump() == source.model_dump():
        return present
    store.put(session, source=source, address=None, changed_by=user.id)
    audit.record(
        session, user_id=user.id, what="source.changed", subject=f"source {source.name}", detail={"spec": source.model_dump(mode="json")}
    )
    return find(session, reader=user, name=source.name)


def change_address(session: Session, *, user: User, name: str, url: str) -> Source:
    """Point a source elsewhere; its views stay. Raises WrongAddress."""
    require(user, Permission.ADMINISTER)
    address = addresses.parse(url)
    source = find(session, reader=user, name=name)
    store.put(session, source=source, address=address, changed_by=user.id)
    audit.record(session, user_id=user.id, what="source.moved", subject=f"source {name}", detail={"address": address.shown})
    return find(session, reader=user, name=name)


def remove_source(session: Session, *, user: User, name: str) -> None:
    """Raises SourceInUse, naming the views that read it."""
    require(user, Permission.ADMINISTER)
    find(session, reader=user, name=name)
    titles = store.views_of(session, name=name)
    if titles:
        shown = ", ".join(titles[:3]) + (f" and {len(titles) - 3} more" if len(titles) > 3 else "")
        raise SourceInUse(f"Views still read this source: {shown}. Change or delete them first.")
    store.delete(session, name=name)
    audit.record(session, user_id=user.id, what="source.removed", subject=f"source {name}")
    answers.forget(lambda key: key[0] == name)


# --- test -------------------------------------------------------------------------------------------------

ABOUT = """
select
    pg_catalog.current_setting('server_version'),
    r.rolsuper,
    r.rolcreaterole or r.rolcreatedb or r.rolbypassrls or r.rolreplication,
    exists (
        select 1 from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        and pg_catalog.has_table_privilege(c.oid, 'insert, update, delete, truncate')
        and pg_catalog.has_schema_privilege(n.oid, 'usage')
    ) or pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create')
    or exists (
        select 1 from pg_catalog.pg_namespace n
        where n.nspname not like 'pg\\_%%' and pg_catalog.has_schema_privilege(n.oid, 'create')
    ),
    (
        select pg_catalog.count(*) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
        and pg_catalog.has_schema_privilege(n.oid, 'usage') and pg_catalog.has_any_column_privilege(c.oid, 'select')
    )
from pg_catalog.pg_roles r where r.rolname = current_user
"""


def try_address(*, user: User, url: str) -> Trial:
    """Connect once to an address that is not stored. Raises WrongAddress, or SourceUnavailable with the reason as its sentence."""
    require(user, Permission.ADMINISTER)
    return _try(addresses.parse(url), Source(name="trial", title="Trial"))


def try_source(*, user: User, name: str) -> Trial:
    """Connect once to a source as it is stored. No transaction of Nexus's is open meanwhile."""
    require(user, Permission.ADMINISTER)
    with own.transaction() as session:
        source, address = find(session, reader=user, name=name), store.find_address(session, name=name)
    if address is None:
        raise SourceNotFound()
    return _try(address, source)


def _try(address: Address, source: Source) -> Trial:
    pool = Pool(source, address)
    try:
        started = time.monotonic()
        inquire(pool, sql="select 1")
        connected = time.monotonic()
        version, superuser, powerful, writes, tables = inquire(pool, sql=ABOUT, parameters={})[0]
        latency_ms = (time.monotonic() - connected) * 1000
    except SourceUnavailable as error:
        raise SourceUnavailable(error.reason or error.message) from None
    finally:
        pool.close()
    warnings = []
    if superuser:
        warnings.append("This role is a superuser and can read and change everything on the server. Use a role that may only SELECT.")
    elif powerful:
        warnings.append("This role may create roles or databases, replicate or pass row-level security. Use a role that may only SELECT.")
    if writes and not superuser:
        warnings.append("This role can write. Nexus reads in read-only transactions, but a role that may only SELECT is the safer wall.")
    if not tables:
        warnings.append("This role can read no table. Grant it USAGE on a schema and SELECT on its tables.")
    if connected - started > 1:
        warnings.append(f"Connecting took {connected - started:.1f} s. Is the database far away?")
    return Trial(
        version=version, latency_ms=latency_ms, tables=tables, superuser=superuser, can_write=writes or superuser, warnings=tuple(warnings)
    )
