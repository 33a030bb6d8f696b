"""What a reader asks of a view's rows: which of them, in which order, from where. The same in an address and in a call."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from nexus.errors import BadInput
from nexus.views.keyset import KeyPart, Place
from nexus.views.question import Condition, OrderBy, every_filter

SIZES = (25, 50, 100, 250, 500)
MOST_ORDER = 5
MOST_FILTERS = 30
LONGEST = 8_000
"""Characters of filters or of a place in an address."""
MOST_NAMES = 64_000
LONGEST_VALUE = 500
"""Characters of one value that pages can begin at."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,60}")
_conditions = TypeAdapter(tuple[Condition, ...])


class Page(BaseModel, frozen=True):
    """One page of a view. At most one of `after`, `before`, `last` and `at` says where it lies; none means the first.

    `order` and `where` name columns of the result; a second column of one name is `name (2)`. `after` and `before` are
    places that an earlier page gave. `at` is a value of the first column of `order`: the page begins with it or what follows.
    """

    order: tuple[OrderBy, ...] = Field((), max_length=MOST_ORDER)
    where: tuple[Condition, ...] = Field((), max_length=MOST_FILTERS)
    after: str | None = None
    before: str | None = None
    last: bool = False
    at: str | None = None
    size: int = Field(100, ge=1, le=1_000)

    @property
    def first(self) -> bool:
        return not (self.after or self.before or self.last or self.at is not None)

    def moved(self, **where: Any) -> "Page":
        """The same rows in the same order, elsewhere."""
        return self.model_copy(update={"after": None, "before": None, "last": False, "at": None} | where)


class WrongPlace(BadInput):
    message = "The address names a page that is not there any more. This is the first one."


class NoSuchValue(WrongPlace):
    """Somebody typed what is no value of the column that the rows lie by."""


class WrongOrder(BadInput):
    """An order by what is not there or has none; the rows have their usual one."""


def written_order(order: Sequence[OrderBy]) -> str:
    """As an address holds it: `-arr_delay,carrier`, each name with `\\` before a comma, a minus at its start, or a `\\`."""
    return ",".join(("-" if one.descending else "") + _escaped(one.column) for one in order)


def written_names(names: Sequence[str]) -> str:
    return ",".join(map(_escaped, names))


def read_names(text: str) -> list[str]:
    return [_unescaped(name) for name in _split(text) if name]


def read_order(text: str) -> tuple[OrderBy, ...]:
    """Raises BadInput."""
    names = [name for name in _split(text) if name not in ("", "-")]
    if len(names) > MOST_ORDER:
        raise BadInput(f"Rows can be ordered by {MOST_ORDER} columns at most. They are in their usual order.")
    try:
        return tuple(OrderBy(column=_unescaped(name.removeprefix("-")), descending=name.startswith("-")) for name in names)
    except ValidationError:
        raise BadInput("The order in the address is not readable. The rows are in their usual order.") from None


def _escaped(name: str) -> str:
    text = name.replace("\\", "\\\\").replace(",", "\\,")
    return "\\" + text if text.startswith("-") else text


def _split(text: str) -> list[str]:
    """At commas that stand alone."""
    names = [""]
    pending = iter(text[:MOST_NAMES])
    for character in pending:
        if character == ",":
            names.append("")
        else:
            names[-1] += character + (next(pending, "") if character == "\\" else "")
    return names


def _unescaped(name: str) -> str:
    pending = iter(name)
    return "".join(next(pending, "") if character == "\\" else character for character in pending)


def written_filters(where: Sequence[Condition]) -> str:
    """As an address holds them: JSON of the spec's own filters, without what is not said."""
    return json.dumps([one.model_dump(mode="json", exclude_defaults=True) for one in where], ensure_ascii=False, separators=(",", ":"))


def read_filters(text: str) -> tuple[Condition, ...]:
    """Raises BadInput: not readable, too many, or one that names a parameter, which only the view itself may."""
    try:
        if len(text) > LONGEST:
            raise ValueError
        found = _conditions.validate_python(json.loads(text))
        # JSON can spell halves of a character, which no page and no database can.
        written_filters(found).encode()
    except (ValueError, RecursionError):
        raise BadInput("The filters in the address are not readable, and were left out.") from None
    flat = every_filter(found)
    if len(flat) > MOST_FILTERS or any(one.parameter or one.of for one in flat):
        raise BadInput("The filters in the address are too many or not such as a page takes, and were left out.")
    return found


# --- places ------------------------------------------------------------------------------------------------


def written_place(place: Place, parts: Sequence[KeyPart]) -> str:
    if any(value is not None and len(value) > LONGEST_VALUE for value in place.values):
        raise BadInput(
            f"The rows lie by a text of more than {LONGEST_VALUE} characters, at which no page can begin. Order them by another column."
        )
    text = json.dumps([_mark(parts), list(place.values), place.passed], ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_place(text: str, parts: Sequence[KeyPart]) -> Place:
    """Raises WrongPlace, also for a place in another order."""
    try:
        if len(text) > LONGEST:
            raise ValueError
        said = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        mark, values, passed = said
        right = mark == _mark(parts) and isinstance(values, list) and 0 < len(values) <= len(parts)
        right = right and all(value is None or isinstance(value, str) for value in values)
        if not right or type(passed) is not int or not 0 <= passed < 10**9:
            raise ValueError
    except (ValueError, TypeError, binascii.Error, RecursionError):
        raise WrongPlace() from None
    return Place(tuple(values), passed)


def written_row(key: Sequence[str | None]) -> str | None:
    """The name of a row by its key, for an address: `.1234` for a single plain value."""
    if len(key) == 1 and key[0] is not None and _PLAIN.fullmatch(key[0]):
        return f".{key[0]}"
    if any(value is None or len(value) > LONGEST_VALUE for value in key):
        return None
    text = json.dumps(list(key), ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_row(text: str, *, count: int) -> tuple[str, ...]:
    """The key of a row, of `count` values. Raises BadInput."""
    if text.startswith(".") and count == 1 and _PLAIN.fullmatch(text[1:]):
        return (text[1:],)
    try:
        said = json.loads(base64.b64decode(text[:LONGEST] + "=" * (-len(text[:LONGEST]) % 4), altchars=b"-_", validate=True))
        if not isinstance(said, list) or len(said) != count or not all(isinstance(value, str) for value in said):
            raise ValueError
    except (ValueError, TypeError, RecursionError):
        raise BadInput("The address names a row in a way that cannot be read. Choose the row from the table again.") from None
    return tuple(said)


def _mark(parts: Sequence[KeyPart]) -> int:
    """Of an order: a place in one means nothing in another."""
    return zlib.crc32(repr([(part.expression, part.type_name, part.descending, part.nulls_first) for part in parts]).encode())
