"""A new table with rows in it, made by a source's writing role in one transaction: the whole table, or nothing."""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

import psycopg2
from psycopg2 import sql

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import Conflict
from nexus.sources import connect
from nexus.sources.connect import pool_of
from nexus.sources.failures import translate
from nexus.sources.run import answers, inquire
from nexus.sources.spec import QueryFailed, Source
from nexus.sources.writer import writer_of

COPY_BUFFER = 256 * 1024


class TableExists(Conflict):
    message = "A table of this name is there already. Choose another name."


class NotLoaded(QueryFailed):
    """The database took the rows not; the sentence says which and why. Nothing was changed."""


@dataclass(frozen=True)
class NewColumn:
    name: str
    type: str
    """One of Postgres's own type names, from a fixed list of ours; never a person's text."""


@dataclass(frozen=True)
class NewTable:
    schema: str
    name: str
    columns: tuple[NewColumn, ...]
    key: tuple[str, ...] = ()
    comment: str = ""


class Lines(Protocol):
    """Rows as COPY's text format has them. An error that `read` raised is in `failure`: the driver keeps only its words."""

    failure: BaseException | None

    def read(self, size: int = -1) -> bytes: ...


def load(source: Source, *, user: User, table: NewTable, lines: Lines, check: Callable[[], object], seconds: float) -> int:
    """Make the table, fill it, and let the role that reads see it. How many rows went in.

    `check` is called when the rows are in and before anything is kept; what it raises undoes all of it, as does whatever
    `lines` raises. `seconds` bound each statement after the rows. Raises NoWriter, TableExists, NotLoaded, SourceUnavailable.
    """
    require(user, Permission.BUILD)
    with transaction() as session:
        address = writer_of(session, user=user, name=source.name)
    ((reader,),) = inquire(pool_of(source), sql="select current_user::text")
    raw = connect.blocking(address)
    try:
        rows = _load(raw, table, lines, check, zone=source.timezone, reader=reader, seconds=seconds)
    except psycopg2.Error as error:
        if lines.failure is not None:
            raise lines.failure from None
        raise _translated(error, source, table) from None
    finally:
        # Without a commit the server undoes everything, also when this line is all that is left of us.
        with suppress(psycopg2.Error):
            raw.close()
    # The catalog knows the table at once.
    answers.forget(lambda key: key[0] == source.name)
    return rows


def _load(raw: Any, table: NewTable, lines: Lines, check: Callable[[], object], *, zone: str, reader: str, seconds: float) -> int:
    raw.autocommit = False
    name = sql.Identifier(table.schema, table.name)
    names = [sql.Identifier(column.name) for column in table.columns]
    with raw.cursor() as cursor:
        cursor.execute(
            "select pg_catalog.set_config('statement_timeout', %s, true), pg_catalog.set_config('lock_timeout', '5s', true),"
            " pg_catalog.set_config('timezone', %s, true), pg_catalog.set_config('datestyle', 'ISO, YMD', true)",
            (f"{seconds:.0f}s", zone),
        )
        types = [sql.SQL("{} {}").format(column, sql.SQL(of.type)) for column, of in zip(names, table.columns, strict=True)]
        cursor.execute(sql.SQL("create table {} ({})").format(name, sql.SQL(", ").join(types)))
        cursor.copy_expert(sql.SQL("copy {} ({}) from stdin").format(name, sql.SQL(", ").join(names)), lines, COPY_BUFFER)
        rows = int(cursor.rowcount)
        check()
        if table.key:
            key = sql.SQL(", ").join(map(sql.Identifier, table.key))
            cursor.execute(sql.SQL("alter table {} add primary key ({})").format(name, key))
        if table.comment:
            cursor.execute(sql.SQL("comment on table {} is %s").format(name), (table.comment,))
        cursor.execute(sql.SQL("grant select on table {} to {}").format(name, sql.Identifier(reader)))
        # Without it the first question would be planned, and the number of rows estimated, in the dark.
        cursor.execute(sql.SQL("analyze {}").format(name))
    raw.commit()
    return rows


# --- what the database says --------------------------------------------------------------------------------


def _translated(error: psycopg2.Error, source: Source, table: NewTable) -> Exception:
    code, detail = error.pgcode or "", error.diag.message_detail or ""
    place = re.search(r"COPY .*, line (\d+)(?:, column (.+?))?(?::|$)", error.diag.context or "", re.DOTALL)
    where = f"`{table.schema}.{table.name}`"
    match code:
        case "55P03":
            return TableExists(f"Somebody else makes the table {where} at this moment. Choose another name; nothing was changed.")
        case "23505" if error.diag.schema_name == "pg_catalog":
            # Somebody else made it while this waited.
            return TableExists(f"There is a table {where} already. Choose another name; nothing was changed.")
        case "42P07" | "42710":
            return TableExists(f"There is a table {where} already. Choose another name; nothing was changed.")
        case "42501":
            return NotLoaded(f"The writing role may not make {where}. Choose another schema, or ask an administrator for the right.")
        case "3F000":
            return NotLoaded(f"The schema `{table.schema}` is gone. Choose another.")
        case "42704" if "role" in (error.diag.message_primary or ""):
            return NotLoaded(
                "The role that reads is not known where the writing role writes. An administrator corrects one of the addresses."
            )
        case "23505":
            return NotLoaded(f"The key is not unique: {_pair(detail)} is there more than once. Choose other columns, or no key.")
        case "23502":
            return NotLoaded("A column of the key has empty cells. Choose other columns, or no key.")
        case "54011" | "54000":
            return NotLoaded("A row of this file is wider than Postgres can keep. Leave columns out.")
    if place:
        column = f", column `{place[2][:80].replace('`', '')}`" if place[2] else ""
        return NotLoaded(
            f"Line {int(place[1]):,} of the rows{column}: the database says: {' '.join((error.diag.message_primary or '').split())[:300]}."
        )
    return translate(error, source)


def _pair(detail: str) -> str:
    found = re.search(r"Key \((.*)\)=\((.*)\) is duplicated", detail, re.DOTALL)
    return f"`{found[1].replace('`', '')}` “{found[2][:80]}”" if found else "a value"
