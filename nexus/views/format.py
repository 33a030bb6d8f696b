"""A value as text, the same on screen and on paper.

Numbers and dates are written the English way; data is left as it is, in whatever language.
"""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from typing import Any, Literal

from nexus.sources.spec import Column
from nexus.views.appearance import Format

NOTHING = "–"
PLAIN = Format()
LONGEST_BINARY = 16
"""Bytes that are shown of a binary value."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")

Align = Literal["left", "right", "center"]


def label(column: Column, format: Format | None = None) -> str:  # noqa: A002 - the word of the spec
    """The head of a column: the label of its format, or its own name."""
    return (format.label if format else "") or column.name


def shown(columns: Sequence[Column], formats: Mapping[str, Format]) -> list[int]:
    """Positions of the columns that tables show: all but the hidden ones; all where every one is hidden."""
    kept = [at for at, column in enumerate(columns) if not (style := formats.get(column.name)) or not style.hidden]
    return kept or list(range(len(columns)))


def align(column: Column, format: Format | None = None) -> Align:  # noqa: A002
    """Figures stand at the right, so that their digits line up."""
    if format and format.style in ("weekday", "month"):
        return "left"
    if column.kind == "boolean" or (format and format.style == "boolean"):
        return "center"
    return "right" if column.kind in ("number", "duration") else "left"


def text(value: Any, format: Format | None = None, column: Column | None = None, *, zone: tzinfo = UTC) -> str:  # noqa: A002
    """`value` for people. Null is a dash; `percent` takes a share, so 0.12 is `12 %`."""
    style = format or PLAIN
    match value:
        case None:
            return NOTHING
        case bool():
            return "yes" if value else "no"
        case int() | float() | Decimal():
            return _number(value, style)
        case datetime():
            return _moment(value, style, zone)
        case date():
            return _named(value, style) or value.isoformat()
        case time():
            return value.isoformat(timespec="minutes" if not value.second and not value.microsecond else "seconds")
        case timedelta():
            return _duration(value.total_seconds())
        case bytes() | bytearray() | memoryview():
            return _binary(bytes(value))
        case str():
            return value
        case list() | tuple() if column is None or column.kind != "json":
            return "{" + ", ".join(text(item, style, zone=zone) for item in value) + "}"
        case dict() | list() | tuple():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)


def _number(value: float | Decimal, style: Format) -> str:
    if not finite(value):
        nan = value.is_nan() if isinstance(value, Decimal) else math.isnan(value)
        return "NaN" if nan else ("∞" if value > 0 else "−∞")
    match style.style:
        case "percent":
            return _with_unit(_digits(value * 100, 1 if style.decimals is None else style.decimals, shorten=style.decimals is None), "%")
        case "currency":
            return _with_unit(_digits(value, 2 if style.decimals is None else style.decimals), style.unit)
        case "duration" if math.isfinite(float(value)):
            return _duration(float(value))
        case "progress":
            part = Decimal(value) / Decimal(str(style.maximum or 1))
            return _with_unit(_digits(part * 100, style.decimals or 0), "%")
        case "boolean" if value in (0, 1):
            return "yes" if value else "no"
        case "weekday" if value in range(1, 8):
            return WEEKDAYS[int(value) - 1]
        case "month" if value in range(1, 13):
            return MONTHS[int(value) - 1]
        case "number":
            decimals = style.decimals
            written = _digits(value, 2 if decimals is None else decimals, shorten=decimals is None)
            return _with_unit(written, style.unit)
        case _:
            return _with_unit(_plain(value) if style.decimals is None else _digits(value, style.decimals), style.unit)


def share(value: Any, style: Format) -> float | None:
    """How full the bar of a `progress` is, from 0 to 1; none for what is no figure."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not finite(value):
        return None
    return float(min(max(Decimal(value) / Decimal(str(style.maximum or 1)), Decimal(0)), Decimal(1)))


def _named(value: date, style: Format) -> str:
    """The weekday or month of a day, where that is its style."""
    match style.style:
        case "weekday":
            return WEEKDAYS[value.weekday()]
        case "month":
            return MONTHS[value.month - 1]
        case _:
            return ""


def finite(value: float | Decimal) -> bool:
    """Neither infinite nor NaN. A numeric of Postgres may be finite and still larger than any float."""
    return value.is_finite() if isinstance(value, Decimal) else isinstance(value, int) or math.isfinite(value)


def _plain(value: float | Decimal) -> str:
    """Every digit that the database gave, a float at its 15 sure ones; thousands apart from five digits on, so that years read as years."""
    if isinstance(value, float):
        if value and not 1e-5 <= abs(value) < 1e15:
            return f"{value:.6g}".replace("-", "−")
        value = Decimal(f"{value:.15g}")
    apart = "," if abs(value) >= 10_000 else ""
    return (f"{value:{apart}f}" if isinstance(value, Decimal) else f"{value:{apart}}").replace("-", "−")


def alike(values: Iterable[Any], style: Format | None) -> Format | None:
    """How the whole numbers of one column are written: all with thousands apart where one needs it, so that 9,876 stands below 12,345."""
    present = [value for value in values if value is not None]
    plain = style is None or (style.style == "plain" and style.decimals is None)
    if not plain or not all(map(_whole, present)) or not any(abs(value) >= 10_000 for value in present):
        return style
    return (style or Format()).model_copy(update={"decimals": 0})


def _whole(value: Any) -> bool:
    """Whether it is a number that is written without a fraction."""
    match value:
        case bool():
            return False
        case float():
            return value.is_integer() and abs(value) < 10**15
        case Decimal():
            return value.is_finite() and value.as_tuple().exponent == 0
        case _:
            return isinstance(value, int)


def _digits(value: float | Decimal, decimals: int, *, shorten: bool = False) -> str:
    """Rounded to `decimals`; `shorten` drops zeros at the end, as in `12 %` beside `12.5 %`."""
    exact = Decimal(value) if isinstance(value, int) else value
    written = f"{exact:,.{decimals}f}"
    if shorten and "." in written:
        written = written.rstrip("0").rstrip(".")
    if written.startswith("-"):
        # A rounded-away negative number is zero, without a sign.
        written = written[1:] if not any(digit in "123456789" for digit in written) else "−" + written[1:]
    return written


def _with_unit(written: str, unit: str) -> str:
    return f"{written}\N{NO-BREAK SPACE}{unit}" if unit else written


def _moment(value: datetime, style: Format, zone: tzinfo) -> str:
    """A moment with a zone is shown in the reader's; one without, as it stands."""
    if value.tzinfo is not None:
        value = value.astimezone(zone)
    if named := _named(value, style):
        return named
    if style.style == "date":
        return value.date().isoformat()
    return value.strftime("%Y-%m-%d %H:%M:%S" if value.second else "%Y-%m-%d %H:%M").rjust(16, "0")


def _duration(seconds: float) -> str:
    """`1 d 2 h`, `2 h 5 min`, `4 min 10 s`, `0.35 s`: the two largest units."""
    sign, rest = ("−" if seconds < 0 else ""), abs(seconds)
    if rest < 60:
        return f"{sign}{_digits(rest, 2, shorten=True)} s"
    days, rest = divmod(round(rest), 86_400)
    hours, rest = divmod(rest, 3_600)
    minutes, whole = divmod(rest, 60)
    units = [(days, "d"), (hours, "h"), (minutes, "min"), (whole, "s")]
    first = next(index for index, (count, _) in enumerate(units) if count)
    return sign + " ".join(f"{count:,} {unit}" for count, unit in units[first : first + 2] if count)


def _binary(value: bytes) -> str:
    shown = value[:LONGEST_BINARY].hex()
    return f"\\x{shown}" + (f"… ({len(value):,} bytes)" if len(value) > LONGEST_BINARY else "")
