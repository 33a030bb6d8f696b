"""Values on their way into a statement and out of a result."""

import uuid
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from psycopg2 import BINARY, extensions

from nexus.errors import BadInput
from nexus.sources.spec import ColumnKind

MAX_ITEMS = 10_000
MAX_TEXT = 1_000_000
SCALARS = (bool, int, float, Decimal, date, datetime, time, timedelta, str, bytes)


# --- in ---------------------------------------------------------------------------------------------------


def bind(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What the driver is given: each value as its own type, lists as arrays. Raises BadInput that names the parameter."""
    return {name: _bound(value, name) for name, value in parameters.items()}


def _bound(value: Any, name: str) -> Any:
    if isinstance(value, (list, tuple, set, frozenset)):
        if len(value) > MAX_ITEMS:
            raise BadInput(f"The parameter {name} has {len(value):,} values, and {MAX_ITEMS:,} are allowed.")
        if any(isinstance(item, (list, tuple, set, dict)) for item in value):
            raise BadInput(f"The parameter {name} is a list of lists, which no filter uses. Give plain values.")
        # A psycopg2 list becomes an array; an empty one the text '{}', which fits every array type.
        return [_bound(item, name) for item in value]
    if value is None:
        return None
    if isinstance(value, uuid.UUID):
        return str(value)
    if not isinstance(value, SCALARS):
        raise BadInput(f"The parameter {name} is not a text, number, date or list of them.")
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            raise BadInput(f"The parameter {name} is longer than {MAX_TEXT:,} characters.")
        if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
            raise BadInput(f"The parameter {name} holds a character that no text can hold.")
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 4000:
        raise BadInput(f"The parameter {name} is too large a number.")
    return value


# --- out --------------------------------------------------------------------------------------------------

BUILT_IN: dict[int, tuple[ColumnKind, str]] = {
    16: ("boolean", "boolean"),
    17: ("binary", "bytea"),
    18: ("text", '"char"'),
    19: ("text", "name"),
    20: ("number", "bigint"),
    21: ("number", "smallint"),
    23: ("number", "integer"),
    25: ("text", "text"),
    26: ("number", "oid"),
    114: ("json", "json"),
    700: ("number", "real"),
    701: ("number", "double precision"),
    1042: ("text", "character"),
    1043: ("text", "character varying"),
    1082: ("date", "date"),
    1083: ("other", "time without time zone"),
    1114: ("time", "timestamp without time zone"),
    1184: ("time", "timestamp with time zone"),
    1186: ("duration", "interval"),
    1266: ("other", "time with time zone"),
    1700: ("number", "numeric"),
    2950: ("text", "uuid"),
    3802: ("json", "jsonb"),
}


def kind_of(category: str, name: str) -> ColumnKind:
    """The kind of a type that is not built in, by Postgres's category of it."""
    if name == "money":
        return "text"
    kinds: dict[str, ColumnKind] = {"N": "number", "S": "text", "E": "text", "I": "text", "B": "boolean"}
    return kinds.get(category, "other")


Cast = Callable[[Any, Any], Any]


def _or_text(read: Callable[[str], Any]) -> Cast:
    """A value that Python has, and otherwise the database's own text: a date before Christ, infinity, the year 10000.

    The database writes ISO 8601, which Python reads some ten times as fast as the driver does.
    """

    def convert(value: Any, _cursor: Any) -> Any:
        if value is None:
            return None
        try:
            return read(value)
        except ValueError:
            return value

    return convert


def _duration(value: Any, cursor: Any) -> Any:
    """A timedelta; the text where months or years are in it, since they have no fixed length."""
    if value is None or "mon" in value or "year" in value:
        return value
    try:
        return extensions.INTERVAL(value, cursor)
    except (ValueError, OverflowError):
        return value


def _time(value: Any, cursor: Any) -> Any:
    """A time of day; 24:00, which Python does not have, as text."""
    return value if value is None or value.startswith("24:") else extensions.TIME(value, cursor)


def _bytes(value: Any, cursor: Any) -> bytes | None:
    return None if value is None else bytes(BINARY(value, cursor))


def _text(value: Any, _cursor: Any) -> Any:
    return value


def _types() -> list[Any]:
    new, array = extensions.new_type, extensions.new_array_type
    dates = new((1082,), "NEXUS_DATE", _or_text(date.fromisoformat))
    moments = new((1114,), "NEXUS_TIMESTAMP", _or_text(datetime.fromisoformat))
    zoned = new((1184,), "NEXUS_TIMESTAMPTZ", _or_text(datetime.fromisoformat))
    times = new((1083, 1266), "NEXUS_TIME", _time)
    spans = new((1186,), "NEXUS_INTERVAL", _duration)
    # Shown literally: JSON as it is written, ranges as Postgres writes them.
    plain = new((114, 3802, 3904, 3906, 3908, 3910, 3912, 3926), "NEXUS_TEXT", _text)
    binary = new((17,), "NEXUS_BYTES", _bytes)
    texts = (199, 3807, 3905, 3907, 3909, 3911, 3913, 3927, 2951)
    return [
        dates,
        moments,
        zoned,
        times,
        spans,
        plain,
        binary,
        array((1182,), "NEXUS_DATE_ARRAY", dates),
        array((1115,), "NEXUS_TIMESTAMP_ARRAY", moments),
        array((1185,), "NEXUS_TIMESTAMPTZ_ARRAY", zoned),
        array((1183, 1270), "NEXUS_TIME_ARRAY", times),
        array((1187,), "NEXUS_INTERVAL_ARRAY", spans),
        array((1001,), "NEXUS_BYTES_ARRAY", binary),
        array(texts, "NEXUS_TEXT_ARRAY", plain),
    ]


TYPES = _types()


def read_on(connection: Any) -> None:
    """Have one connection read values as this module says."""
    for kind in TYPES:
        extensions.register_type(kind, connection)
