"""What people's SQL may be: one SELECT that reads tables and calls harmless functions. Nothing here opens a connection.

This is the first wall, and gives the clear sentence. Behind it stand the source's role and the read-only
transaction, which hold without it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pglast import parse_sql
from pglast.parser import ParseError

from nexus.sources.grammar import Walk
from nexus.sources.spec import QueryRefused
from nexus.sources.sqltext import Piece, numbered_for, pieces_of, places_of, syntax_error, template_of, tokens_of


@dataclass(frozen=True)
class Statement:
    """A statement that may run. `template` has each `:name` as `%(name)s` and each function with its schema."""

    template: str
    parameters: frozenset[str]
    pieces: tuple[Piece, ...] = ()
    """What `template` is made of, to find a place in it in the text as typed."""


def check(sql: str, *, names: Collection[str] = ()) -> Statement:
    """The statement, ready to bind `names`. Raises QueryRefused with a sentence, or QueryTooBig past the size limits."""
    return _checked(sql, frozenset(names))


@lru_cache(maxsize=512)
def _checked(sql: str, names: frozenset[str]) -> Statement:
    tokens = tokens_of(sql)
    places = list(places_of(sql, tokens, names))
    numbered, origin = numbered_for(sql, places)
    try:
        statements = parse_sql(numbered)
    except ParseError as error:
        raise syntax_error(sql, error, origin) from None
    if len(statements) != 1:
        raise QueryRefused("Write one SELECT. " + ("There is none." if not statements else "There are several statements here."))
    statement: Any = statements[0]
    walk = Walk(sql, origin)
    walk.statement(statement.stmt)
    end = statement.stmt_location + statement.stmt_len if statement.stmt_len else len(numbered)
    pieces = pieces_of(numbered[:end], walk.unqualified, places, origin)
    return Statement(template=template_of(pieces), parameters=frozenset(place.name for place in places), pieces=pieces)
