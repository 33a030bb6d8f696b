"""Conditional formatting, decided once for screen and paper: which cells are coloured, in which tone, how strongly.

A rule that does not fit the type of its column, or a value, never matches; nothing here raises on what data holds.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from nexus.sources.spec import Column, Table
from nexus.views import period, scale
from nexus.views.appearance import Format, Highlight, Tone

Mark = tuple[Tone, float]
"""A tone, and its strength: 1 where a rule holds; below 1 where a column is shaded by its figures."""
Tones = list[list[Mark | None] | None]
Test = Callable[[Any], bool]

RULE = 1.0
WEAKEST, STRONGEST = 0.06, 0.7
"""Of a shade."""


def tones(table: Table, formats: Mapping[str, Format], *, today: date | None = None) -> Tones | None:
    """One entry a row: its cells' marks in the order of the columns, or None for a row without any.

    None in place of the whole when no column has rules or a shade. Of several marks on a cell its own rule wins, then the
    rule of a whole row (the first column's), then its shade. `today` is what relative dates count from.
    """
    marked = [(at, column, formats[column.name]) for at, column in enumerate(table.columns) if _is_marked(formats.get(column.name))]
    if not marked:
        return None
    width = len(table.columns)
    found: Tones = [None] * len(table.rows)
    wide: list[Mark | None] = [None] * len(table.rows)
    for at, column, style in marked:
        for number, (mark, whole_row) in enumerate(_of_column([row[at] for row in table.rows], style, column, today)):
            if mark is None:
                continue
            if whole_row:
                wide[number] = wide[number] or mark
            else:
                cells = found[number] or [None] * width
                cells[at] = mark
                found[number] = cells
    for number, mark in enumerate(wide):
        if mark is not None:
            own = found[number] or [None] * width
            found[number] = [cell if cell is not None and cell[1] == RULE else mark for cell in own]
    return found


def marks(values: Sequence[Any], style: Format, column: Column, *, today: date | None = None) -> list[Mark | None]:
    """The marks of one column's values, as of a pivot table's cells; what would colour a whole row colours the cell."""
    return [mark for mark, _ in _of_column(values, style, column, today)]


def _is_marked(style: Format | None) -> bool:
    return style is not None and not style.hidden and bool(style.highlights or style.shade)


def _of_column(values: Sequence[Any], style: Format, column: Column, today: date | None) -> list[tuple[Mark | None, bool]]:
    rules = [(test, (rule.tone, RULE), rule.whole_row) for rule in style.highlights if (test := holds_of(rule, column, today=today))]
    shades: Sequence[Mark | None] = _shades(values, style.shade) if style.shade else [None] * len(values)
    found: list[tuple[Mark | None, bool]] = []
    for value, shade in zip(values, shades, strict=True):
        for test, mark, whole_row in rules:
            if test(value):
                found.append((mark, whole_row))
                break
        else:
            found.append((shade, False))
    return found


def _shades(values: Sequence[Any], tone: Tone) -> list[Mark | None]:
    """The stronger, the higher a figure or date stands between the lowest and the highest."""
    places = [scale.milliseconds(value) if isinstance(value, date) else scale.number(value) for value in values]
    known = [place for place in places if place is not None]
    if not known:
        return [None] * len(values)
    low, span = min(known), (max(known) - min(known))
    return [
        None if place is None else (tone, WEAKEST + (STRONGEST - WEAKEST) * ((place - low) / span if span else 0.5)) for place in places
    ]


def holds_of(rule: Highlight, column: Column, *, today: date | None = None) -> Test | None:
    """Whether a value of `column` meets `rule`; None where the rule does not fit the column and so never holds."""
    match rule.operator:
        case "is empty":
            return lambda value: value is None or value == ""
        case "is not empty":
            return lambda value: value is not None and value != ""
        case "within":
            return _within(rule.value, column, today or date.today())  # noqa: DTZ011 - the server's day, as its sources cut it
        case "contains" | "starts with":
            return _text_test(rule)
        case "in" | "between":
            return _several(rule, column)
        case _:
            return _compared(rule.operator, rule.value, column)


def _text_test(rule: Highlight) -> Test | None:
    if rule.value is None or isinstance(rule.value, list | tuple | dict):
        return None
    sought = str(rule.value).casefold()
    if rule.operator == "contains":
        return lambda value: isinstance(value, str) and sought in value.casefold()
    return lambda value: isinstance(value, str) and value.casefold().startswith(sought)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda value, other: value == other,
    "!=": lambda value, other: value != other,
    "<": lambda value, other: value < other,
    "<=": lambda value, other: value <= other,
    ">": lambda value, other: value > other,
    ">=": lambda value, other: value >= other,
}


def _compared(operator: str, with_: Any, column: Column) -> Test | None:
    place = _placing(column, with_)
    other = place(with_) if place else None
    if place is None or other is None:
        return None
    if isinstance(other, bool) and operator not in ("=", "!="):
        return None
    compare = _COMPARE[operator]

    def test(value: Any) -> bool:
        found = place(value)
        return found is not None and compare(found, other)

    return test


def _several(rule: Highlight, column: Column) -> Test | None:
    if not isinstance(rule.value, list | tuple):
        return None
    if rule.operator == "in":
        tests = [test for value in rule.value if (test := _compared("=", value, column))]
        return (lambda value: any(test(value) for test in tests)) if tests else None
    if len(rule.value) != 2:
        return None
    above, below = _compared(">=", rule.value[0], column), _compared("<=", rule.value[1], column)
    return (lambda value: above(value) and below(value)) if above and below else None


def _within(words: Any, column: Column, today: date) -> Test | None:
    if column.kind not in ("date", "time") or not isinstance(words, str):
        return None
    try:
        first, last = period.days_of(words, today)
    except ValueError:
        return None
    return lambda value: (day := _day(value)) is not None and first <= day <= last


def _placing(column: Column, with_: Any) -> Callable[[Any], Any] | None:
    """How values of `column` are made comparable with `with_`; None where they are not."""
    match column.kind:
        case "number" | "duration":
            return _figure
        case "boolean":
            return _truth
        case "date" | "time":
            # A rule that names a day means the whole day.
            return _day if _names_day(with_) else _moment
        case "binary":
            return None
        case _:
            return lambda value: value if isinstance(value, str) else None


def _figure(value: Any) -> float | int | None:
    if isinstance(value, str):
        try:
            return scale.number(float(value))
        except ValueError:
            return None
    return scale.number(value)


def _truth(value: Any) -> bool | None:
    words = {"true": True, "yes": True, "false": False, "no": False}
    return value if isinstance(value, bool) else words.get(value.lower()) if isinstance(value, str) else None


def _names_day(value: Any) -> bool:
    return (isinstance(value, date) and not isinstance(value, datetime)) or (isinstance(value, str) and len(value) <= 10)


def _day(value: Any) -> date | None:
    match value:
        case datetime():
            return value.date()
        case date():
            return value
        case str():
            try:
                return date.fromisoformat(value)
            except ValueError:
                return None
        case _:
            return None


def _moment(value: Any) -> int | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return scale.milliseconds(value)
