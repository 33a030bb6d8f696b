"""A view's statement for people to read, and the same view as one written in SQL."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from pglast import parse_sql, printers, scan
from pglast.parser import ParseError
from pglast.stream import IndentedStream

from nexus.sources.catalog import TableLookup
from nexus.sources.spec import QueryTooBig
from nexus.sources.sqltext import MAX_CHARACTERS, numbered_for, places_of, tokens_of
from nexus.views.compile import bind_names, compile
from nexus.views.compile.constants import with_constants
from nexus.views.compile.opened import opened
from nexus.views.question import SqlQuestion
from nexus.views.spec import View

WIDTH = 100
"""Characters up to which a list stays on its line."""
assert printers, "importing them is what makes trees printable"


def sql_of(view: View, values: Mapping[str, Any], *, lookup: TableLookup | None = None) -> str:
    """The statement that is sent for `values`, one clause a line, with each value as a constant in it. Raises what `compile` raises.

    A view written in SQL keeps its own lines.
    """
    text = with_constants(compile(view, values, lookup=lookup))
    return text if isinstance(view.question, SqlQuestion) else formatted(text)


def as_sql(view: View, *, lookup: TableLookup | None = None) -> View:
    """The same view written in SQL: with the same parameters it has the same rows.

    A filter by a parameter becomes an optional part, `[[ AND … ]]`. `lookup` tells which columns hold text and what joined tables
    hold. Raises BadInput where a parameter has no way into SQL: a relative date chosen by one; QueryTooBig for more than a view's SQL may have.
    """
    if isinstance(view.question, SqlQuestion):
        return view
    found, names = opened(view, lookup), bind_names(view.parameters)
    text = formatted(found.sql, names)
    for place, part in enumerate(found.parts):
        condition = formatted(f"SELECT WHERE {part}", names).partition("WHERE ")[2].replace("\n", "\n   ")
        # Without the first condition the others still need a WHERE.
        text = text.replace(f'AND "{found.mark(place)}"', f"[[ AND {condition} ]]")
        text = text.replace(f'WHERE "{found.mark(place)}"', f"WHERE true\n  [[ AND {condition} ]]")
    if len(text) > MAX_CHARACTERS:
        raise QueryTooBig(f"In SQL this view has {len(text):,} characters, and {MAX_CHARACTERS:,} are allowed. Choose fewer columns first.")
    return view.model_copy(update={"question": SqlQuestion(sql=text)})


def formatted(sql: str, names: Collection[str] = ()) -> str:
    """One clause a line, as people write it; `:name` of `names` stays. Remarks are lost; where the printer fails, the text comes back as it was."""
    places = list(places_of(sql, tokens_of(sql), frozenset(names)))
    numbered, _ = numbered_for(sql, places)
    try:
        tree = parse_sql(numbered)
        printed = IndentedStream(comma_at_eoln=True, compact_lists_margin=WIDTH, special_functions=True)(tree)
        plain = next(text for text in (_plainer(printed), printed) if parse_sql(text) == tree)
    except (ParseError, NotImplementedError, RecursionError, StopIteration):
        return sql
    return _named(plain, [place.name for place in places])


def _named(numbered: str, names: list[str]) -> str:
    pieces, at = [], 0
    for token in scan(numbered):
        if token.name == "PARAM":
            pieces += [numbered[at : token.start], f":{names[int(numbered[token.start + 1 : token.end + 1]) - 1]}"]
            at = token.end + 1
    return "".join([*pieces, numbered[at:]])


def _plainer(sql: str) -> str:
    """Dates and intervals as people write them."""
    sql = re.sub(r"CAST\('([0-9-]+)' AS date\)", r"date '\1'", sql)
    sql = re.sub(r"CAST\('([0-9]+ [a-z]+)' AS interval\)", r"interval '\1'", sql)
    return sql.replace("FILTER (WHERE(", "FILTER (WHERE (")
