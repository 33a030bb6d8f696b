"""Values written into the text of a statement, for people to read and go on with. What runs by itself binds them."""

from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import Any

from nexus.sources.spec import Query
from nexus.sources.sqltext import places_of, tokens_of
from nexus.views.compile.conditions import GIVEN


def with_constants(query: Query) -> str:
    """The statement with its values as constants; parameters that are left open stay, as `:name`."""
    pieces, at = [], 0
    for place in places_of(query.sql, tokens_of(query.sql), None):
        if place.name in query.parameters:
            pieces += [query.sql[at : place.start], constant(query.parameters[place.name])]
            at = place.end
        elif place.name.startswith(GIVEN):
            pieces += [query.sql[at : place.start], f":{place.name.removeprefix(GIVEN)}"]
            at = place.end
    return "".join([*pieces, query.sql[at:]])


def constant(value: Any) -> str:
    """A value as Postgres reads it in a statement."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case float() if not isfinite(value):
            return f"CAST('{value}' AS float8)"
        case int() | float() | Decimal():
            return f"({value})" if value < 0 else str(value)
        case datetime():
            return f"CAST('{value.isoformat(sep=' ')}' AS {'timestamptz' if value.tzinfo else 'timestamp'})"
        case date():
            return f"CAST('{value.isoformat()}' AS date)"
        case list() | tuple():
            return f"ARRAY[{', '.join(map(constant, value))}]" if value else "'{}'"
        case _:
            # Sources read backslashes literally, so quotes are all there is to double.
            return "'" + str(value).replace("'", "''") + "'"
