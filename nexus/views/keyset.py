"""Places in an order, as SQL: what comes after a place, what before, each in a form that an index serves.

A place is given by the key of a row as texts, and by how many rows of the very same key stand before it. So rows that
are alike in everything are neither lost nor shown twice. A place may also be the first columns of a key alone.
"""

from dataclasses import dataclass, replace

from nexus.sources.spec import Column

UNLIMITED = {
    "character": "pg_catalog.bpchar",
    "character[]": "pg_catalog.bpchar[]",
    "bit": 'pg_catalog."bit"',
    "bit[]": 'pg_catalog."bit"[]',
}
"""Types whose plain name means a length of 1 in a cast."""
ORDERED = frozenset(
    ("time without time zone", "time with time zone", "inet", "cidr", "macaddr", "macaddr8", "bit", "bit varying", "pg_lsn")
) | frozenset(("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"))
"""Types of the kind `other` that have an order."""

SORTED_ITEMS = frozenset(
    ("smallint", "integer", "bigint", "numeric", "real", "double precision", "text", "character varying", "character", "boolean")
) | frozenset(("date", "uuid", "interval", "timestamp without time zone", "timestamp with time zone", "name", "bytea", "oid"))
"""Types whose arrays have an order."""


@dataclass(frozen=True)
class KeyPart:
    """One thing to order by. `expression` is SQL over the row `v`; its text, cast to `type_name`, is the value again."""

    name: str
    expression: str
    type_name: str
    descending: bool = False
    nulls_first: bool = False
    nullable: bool = True

    @property
    def cast(self) -> str:
        return UNLIMITED.get(self.type_name, self.type_name)

    def nulls_come_last(self, backwards: bool) -> bool:
        return self.nulls_first == backwards

    def smaller_first(self, backwards: bool) -> bool:
        return self.descending == backwards

    def order(self, backwards: bool) -> str:
        text = self.expression + ("" if self.smaller_first(backwards) else " desc")
        # Said only where it means something, so that an index in Postgres's own order serves the rest.
        return text + (f" nulls {'last' if self.nulls_come_last(backwards) else 'first'}" if self.nullable else "")


Values = tuple[str | None, ...]


@dataclass(frozen=True)
class Place:
    """Between two rows: after `passed` rows whose key begins with `values`, and before the others of them."""

    values: Values
    passed: int = 0


@dataclass(frozen=True)
class Segment:
    """Rows that one query reads in order: those whose leading key is null, or those where it is not, or all."""

    parts: tuple[KeyPart, ...]
    condition: str = ""
    nulls: bool | None = None
    """Whether the leading key is null here; None where it never is."""

    def holds(self, place: Place) -> bool:
        return self.nulls is None or self.nulls == (place.values[0] is None)

    def values(self, place: Place) -> Values:
        return place.values[1:] if self.nulls else place.values


def segments(parts: tuple[KeyPart, ...], *, backwards: bool) -> tuple[Segment, ...]:
    """In the order in which they are read. Split at the nulls of the leading key, each is one range of an index."""
    lead = parts[0]
    if not lead.nullable:
        return (Segment(parts),)
    filled = Segment((replace(lead, nullable=False), *parts[1:]), f"{lead.expression} is not null", nulls=False)
    empty = Segment(parts[1:], f"{lead.expression} is null", nulls=True)
    return (filled, empty) if lead.nulls_come_last(backwards) else (empty, filled)


def bound(parts: tuple[KeyPart, ...], values: Values, *, prefix: str) -> dict[str, str]:
    """The values that the conditions below name."""
    return {f"{prefix}{number}": value for number, (_, value) in enumerate(zip(parts, values, strict=False)) if value is not None}


def beyond(parts: tuple[KeyPart, ...], values: Values, *, prefix: str, backwards: bool, inclusive: bool) -> str:
    """Rows whose key comes after `values` in the direction, or with `inclusive` is the same. `values` may be shorter than `parts`."""
    pairs = list(zip(parts, values, strict=False))
    if not pairs:
        return "true" if inclusive else "false"
    lead = pairs[0][0]
    smaller = lead.smaller_first(backwards)
    comparison = (">" if smaller else "<") + ("=" if inclusive else "")
    alike = all(part.smaller_first(backwards) == smaller and not part.nullable for part, _ in pairs) and None not in values
    names = [f"cast(:{prefix}{number} as {part.cast})" for number, (part, _) in enumerate(pairs)]
    if alike:
        left, right = ", ".join(part.expression for part, _ in pairs), ", ".join(names)
        return f"({left}) {comparison} ({right})"
    # The range of the leading key for the index; what follows decides among the rows at its edge.
    edge = "" if lead.nullable or values[0] is None else f"{lead.expression} {'>=' if smaller else '<='} {names[0]} and "
    return edge + _stepwise(pairs, names, backwards, inclusive)


def _stepwise(pairs: list[tuple[KeyPart, str | None]], names: list[str], backwards: bool, inclusive: bool) -> str:
    text = "true" if inclusive else "false"
    for (part, value), name in reversed(list(zip(pairs, names, strict=True))):
        text = f"({_after(part, value, name, backwards)} or ({_equal(part, value, name)} and {text}))"
    return text


def _after(part: KeyPart, value: str | None, name: str, backwards: bool) -> str:
    if value is None:
        return "false" if part.nulls_come_last(backwards) else f"{part.expression} is not null"
    text = f"{part.expression} {'>' if part.smaller_first(backwards) else '<'} {name}"
    return f"({text} or {part.expression} is null)" if part.nullable and part.nulls_come_last(backwards) else text


def _equal(part: KeyPart, value: str | None, name: str) -> str:
    return f"{part.expression} is null" if value is None else f"{part.expression} = {name}"


def same(parts: tuple[KeyPart, ...], values: Values, *, prefix: str) -> str:
    """Rows of exactly this key."""
    pairs = enumerate(zip(parts, values, strict=True))
    return " and ".join(_equal(part, value, f"cast(:{prefix}{number} as {part.cast})") for number, (part, value) in pairs) or "true"


def sortable(column: Column) -> bool:
    """Whether its type has an order that people mean; JSON, XML and points have none."""
    name = column.type_name.removesuffix("[]")
    if name in ("json", "jsonb", "xml", "point") or name.startswith("reg"):
        return False
    if column.kind in ("json", "other"):
        return name in ORDERED or (column.type_name.endswith("[]") and name in SORTED_ITEMS)
    return True
