"""The text of one cell: which types it fits, and how it is written for Postgres.

`fits` is strict, for proposing: a post code with a leading zero is a text. `converter` takes more, for a type that a person chose.
"""

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from nexus.imports.spec import Layout

TYPES = (
    "text",
    "bigint",
    "numeric",
    "double precision",
    "boolean",
    "date",
    "timestamp",
    "timestamptz",
    "uuid",
    "jsonb",
    "bytea",
)

WHOLE, POINT, COMMA, DOUBLE_POINT, DOUBLE_COMMA, BOOLEAN, DATE_DMY, DATE_MDY, TIME_DMY, TIME_MDY, MOMENT, UUID, JSON = (
    1 << bit for bit in range(13)
)
EVERY = (1 << 13) - 1
NUMBER = WHOLE | POINT | COMMA | DOUBLE_POINT | DOUBLE_COMMA
DATES = DATE_DMY | DATE_MDY | TIME_DMY | TIME_MDY

EMPTY_WORDS = frozenset({"NA", "N/A", "#N/A", "NULL", "null", "\\N", "None"})
"""Words that programs write for nothing."""

_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]*)", re.ASCII)
_PLAIN = {
    "point": re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:,[0-9]{3})+)(?:\.[0-9]+)?|\.[0-9]+)", re.ASCII),
    "comma": re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*|[1-9][0-9]{0,2}(?:\.[0-9]{3})+)(?:,[0-9]+)?|,[0-9]+)", re.ASCII),
}
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)[eE][+-]?[0-9]{1,3}", re.ASCII)
_SPECIAL = frozenset({"nan", "inf", "-inf", "+inf", "infinity", "-infinity", "+infinity"})
_DATE = re.compile(
    r"(?:([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})|([0-9]{1,2})([-/.])([0-9]{1,2})\6([0-9]{4}))"
    r"(?:[T ] *([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)? ?([AaPp][Mm])?)?"
    r" ?(Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?",
    re.ASCII,
)
_UUID = re.compile(r"\{?[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\}?", re.ASCII)
_BYTES = re.compile(r"\\x(?:[0-9a-fA-F]{2})*", re.ASCII)
_TRUE = frozenset({"true", "yes", "t", "y", "1", "on"})
_FALSE = frozenset({"false", "no", "f", "n", "0", "off"})


class Wrong(ValueError):
    """A cell does not fit the type of its column. The text says why, to go after the cell itself."""


# --- proposing ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=20_000)
def fits(text: str) -> int:
    """The types that a cell fits, as bits. A cell that fits none is a text."""
    first = text[0]
    if first in "{[":
        return (JSON if _is_json(text) else 0) | (UUID if _UUID.fullmatch(text) else 0)
    if len(text) > 64:
        return 0
    if first.isdigit() or first in "+-.,":
        return _numeric(text) or _dated(text) or (UUID if _UUID.fullmatch(text) else 0)
    word = text.lower()
    if word in ("true", "false", "yes", "no"):
        return BOOLEAN
    if word in _SPECIAL:
        return DOUBLE_POINT | DOUBLE_COMMA
    return UUID if _UUID.fullmatch(text) else 0


def _numeric(text: str) -> int:
    if _WHOLE.fullmatch(text):
        return NUMBER if len(text) < 19 or -(2**63) <= int(text) < 2**63 else NUMBER & ~WHOLE
    found = 0
    if _PLAIN["point"].fullmatch(text):
        found |= POINT | DOUBLE_POINT
    if _PLAIN["comma"].fullmatch(text):
        found |= COMMA | DOUBLE_COMMA
    return found or (DOUBLE_POINT if _FLOAT.fullmatch(text) else 0)


def _dated(text: str) -> int:
    match = _DATE.fullmatch(text)
    if not match:
        return 0
    found = 0
    for order, day, moment in (("dmy", DATE_DMY, TIME_DMY), ("mdy", DATE_MDY, TIME_MDY)):
        try:
            _moment(match, order)
        except ValueError:
            continue
        found |= moment if match[9] else day | moment
    return (MOMENT if match[9] else 0) if match[14] and found else found


def _is_json(text: str) -> bool:
    if len(text) > 100_000:
        return False
    try:
        _json(text)
    except Wrong:
        return False
    return True


def proposed(mask: int, *, decimal: str, dates: str) -> str:
    """The narrowest type of a column all of whose cells fit `mask`."""
    comma, month_first = decimal == ",", dates == "mdy"
    order = (
        (BOOLEAN, "boolean"),
        (WHOLE, "bigint"),
        (COMMA if comma else POINT, "numeric"),
        (DOUBLE_COMMA if comma else DOUBLE_POINT, "double precision"),
        (DATE_MDY if month_first else DATE_DMY, "date"),
        (TIME_MDY if month_first else TIME_DMY, "timestamp"),
        (MOMENT, "timestamptz"),
        (UUID, "uuid"),
        (JSON, "jsonb"),
    )
    return next((name for bit, name in order if mask & bit), "text")


# --- writing -----------------------------------------------------------------------------------------------

Convert = Callable[[str], str]
"""The text of a cell as COPY's text format wants it. Raises Wrong."""


def converter(type_: str, layout: Layout) -> Convert:
    decimal = "comma" if layout.decimal == "," else "point"
    made: dict[str, Convert] = {
        "text": _text,
        "bigint": lambda text: _whole(text, decimal),
        "numeric": lambda text: _number(text, decimal),
        "double precision": lambda text: _double(text, decimal),
        "boolean": _boolean,
        "date": lambda text: _day(text, layout.dates),
        "timestamp": lambda text: _timestamp(text, layout.dates, zoned=False),
        "timestamptz": lambda text: _timestamp(text, layout.dates, zoned=True),
        "uuid": _uuid,
        "jsonb": lambda text: _text(_json(text)),
        "bytea": _bytes,
    }
    return made[type_]


def _text(text: str) -> str:
    if "\0" in text:
        raise Wrong("holds a NUL character, which Postgres cannot keep")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Wrong("holds half a character, which no text can hold") from None
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\n" in text or "\r" in text or "\t" in text:
        text = text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return text


def _plain(text: str, decimal: str) -> str:
    """A number without its thousands, with a point. Raises Wrong."""
    stripped = text.strip().replace("\u00a0", "").replace("\u202f", "").replace("'", "").replace("−", "-")
    if _PLAIN[decimal].fullmatch(stripped):
        return stripped.replace(".", "").replace(",", ".") if decimal == "comma" else stripped.replace(",", "")
    if re.fullmatch(r"[+-]?[0-9]+(?:[.][0-9]*)?" if decimal == "point" else r"[+-]?[0-9]+(?:,[0-9]*)?", stripped, re.ASCII):
        return stripped.replace(",", ".")
    if _FLOAT.fullmatch(stripped):
        return stripped
    raise Wrong("is not a number")


def _whole(text: str, decimal: str) -> str:
    if len(text) < 19 and text.isascii() and text.isdecimal():
        return text
    plain = _plain(text, decimal)
    body, _, rest = plain.partition(".")
    if rest.strip("0") or "e" in plain.lower() or not body.lstrip("+-"):
        raise Wrong("is not a whole number")
    if len(body) > 18 and not (len(body) < 400 and -(2**63) <= int(body) < 2**63):
        raise Wrong("is too large for a bigint; choose numeric")
    return body


def _number(text: str, decimal: str) -> str:
    if text.strip().lower() == "nan":
        return "NaN"
    plain = _plain(text, decimal)
    if len(plain) > 10_000:
        raise Wrong("has more digits than a number may have")
    return plain


def _double(text: str, decimal: str) -> str:
    word = text.strip().lower()
    if word in _SPECIAL:
        return word
    plain = _plain(text, decimal)
    value = float(plain)
    if value in (float("inf"), float("-inf")) or (value == 0 and plain.lower().partition("e")[0].strip("+-.0")):
        raise Wrong("is beyond what double precision holds; choose numeric")
    return plain


def _boolean(text: str) -> str:
    word = text.strip().lower()
    if word in _TRUE:
        return "t"
    if word in _FALSE:
        return "f"
    raise Wrong("is neither true nor false")


def _moment(match: "re.Match[str]", order: str) -> datetime:
    """Raises ValueError where there is no such day or time."""
    if match[1]:
        year, month, day = int(match[1]), int(match[3]), int(match[4])
    else:
        # Dots stand between day, month and year only.
        day_first = order == "dmy" or match[6] == "."
        day, month = (int(match[5]), int(match[7])) if day_first else (int(match[7]), int(match[5]))
        year = int(match[8])
    hour, minute, second = int(match[9] or 0), int(match[10] or 0), int(match[11] or 0)
    if match[13]:
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if match[13].lower() == "pm" else 0)
    fraction = int((match[12] or "0")[:6].ljust(6, "0"))
    return datetime(year, month, day, hour, minute, second, fraction)  # noqa: DTZ001 - the zone is added as it was written


def _matched(text: str, order: str, what: str) -> tuple["re.Match[str]", datetime]:
    match = _DATE.fullmatch(text.strip())
    if not match:
        raise Wrong(f"is not a {what}")
    try:
        return match, _moment(match, order)
    except ValueError:
        raise Wrong("is a day or time that there is not") from None


def _day(text: str, order: str) -> str:
    match, moment = _matched(text, order, "date")
    if match[14] or moment != datetime.combine(moment.date(), datetime.min.time()):
        raise Wrong("has a time; choose timestamp")
    return _iso(moment.date())


def _iso(day: date) -> str:
    return f"{day.year:04}-{day.month:02}-{day.day:02}"


def _timestamp(text: str, order: str, *, zoned: bool) -> str:
    match, moment = _matched(text, order, "time")
    zone = match[14] or ""
    if zone and not zoned:
        raise Wrong("has a time zone; choose timestamptz")
    if zone and zone not in ("Z", "UTC") and int(zone[1:3]) > 15:
        raise Wrong("has a time zone that there is not")
    return f"{_iso(moment.date())} {moment.time().isoformat()}{'+00' if zone in ('Z', 'UTC') else zone}"


def _uuid(text: str) -> str:
    if not _UUID.fullmatch(text.strip()):
        raise Wrong("is not a UUID")
    return text.strip().strip("{}")


def _bytes(text: str) -> str:
    if not _BYTES.fullmatch(text):
        raise Wrong("is not binary as `\\x0a1b`")
    return "\\" + text


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _json(text: str) -> str:
    try:
        json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise Wrong("is not JSON") from None
    if "\\u0000" in text:
        raise Wrong("holds a NUL character, which Postgres cannot keep")
    return text
