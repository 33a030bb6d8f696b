"""The driver's errors as ours. Addresses and passwords are in none of them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg2

from nexus.sources.connect import Connection
from nexus.sources.question import ROW_BYTES, TOO_BIG, Question
from nexus.sources.spec import QueryFailed, QueryStopped, QueryTooBig, QueryTooSlow, Source, SourceUnavailable
from nexus.sources.sqltext import typed_at

HINTED = ("42703", "42P01")
"""A name that is not there: the database's hint is one that is."""


@contextmanager
def translated(source: Source) -> Iterator[None]:
    """What the driver raises inside comes out as an error of this package."""
    try:
        yield
    except psycopg2.Error as error:
        raise translate(error, source) from None
    except UnicodeDecodeError:
        raise QueryFailed("A text in this result is not valid in the database's own encoding. Ask its owner to correct the row.") from None


@contextmanager
def placed(connection: Connection, question: Question, before: str, given: dict[str, Any]) -> Iterator[None]:
    """A QueryFailed from inside knows its position in the statement as typed. `before` stands in front of the statement."""
    try:
        yield
    except psycopg2.Error as error:
        failure = translate(error, question.source)
        if not isinstance(failure, QueryFailed) or not error.diag.statement_position:
            raise
        failure.position = _typed_at(connection, question, int(error.diag.statement_position) - 1, before, given)
        raise failure from None


def _typed_at(connection: Connection, question: Question, sent_at: int, before: str, given: dict[str, Any]) -> int | None:
    """Of a character of the whole text sent."""
    with suppress(psycopg2.Error):
        return typed_at(
            question.statement.pieces,
            sent_at - len(connection.text_of(before, given)),
            lambda name: len(connection.text_of(f"%({name})s", given)),
        )
    return None


def translate(error: psycopg2.Error, source: Source) -> Exception:
    code = error.pgcode or ""
    primary = (error.diag.message_primary or "").strip()
    if TOO_BIG in primary:
        size = re.search(rf"{TOO_BIG}(\d+)", primary)
        most = f"{ROW_BYTES // 1_048_576} MB"
        megabytes = f"{int(size.group(1)) / 1_048_576:,.0f} MB" if size else f"more than {most}"
        return QueryTooBig(f"One row of this result has {megabytes}, and {most} are allowed. Shorten long values with left(column, 1000).")
    if not code or code.startswith("08") or code in ("57P01", "57P02", "57P03", "57P05", "53300", "28000", "28P01", "3D000"):
        return SourceUnavailable()
    if code in ("57014", "25P04"):
        if "user request" in primary:
            return QueryStopped()
        return QueryTooSlow(
            f"This query took longer than the {source.limits.timeout_ms / 1000:g} s that its source allows, and was stopped. Narrow the filters, or ask an administrator for a longer limit."
        )
    if code in ("53200", "53400", "54000") or "memory alloc request" in primary or "enlarge string buffer" in primary:
        return QueryTooBig(f"The database stopped this query because it grew too big: {_sentence(primary)}")
    hint = (error.diag.message_hint or "").strip() if code in HINTED else ""
    failure = QueryFailed(f"The database says: {_sentence(primary)}" + (f" {_sentence(hint)}" if hint else ""))
    failure.code = code
    return failure


def _sentence(primary: str) -> str:
    text = " ".join(primary.split())[:500] or "it gave no reason"
    return text if text.endswith((".", "?", "!")) else f"{text}."
