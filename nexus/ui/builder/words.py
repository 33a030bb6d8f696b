"""The steps of a question in words: what a card says while it is closed."""

from datetime import date
from typing import Any

from nexus.ui.builder.items import Item, Items, is_group, result_name
from nexus.ui.builder.reach import alias

OPERATORS: dict[str, str] = {
    "=": "is",
    "!=": "is not",
    "<": "is less than",
    "<=": "is at most",
    ">": "is more than",
    ">=": "is at least",
    "between": "is between",
    "in": "is one of",
    "contains": "contains",
    "starts with": "starts with",
    "within": "is within",
    "is empty": "is empty",
    "is not empty": "is not empty",
}
OF_DATES: dict[str, str] = {"=": "is on", "!=": "is not on", "<": "is before", "<=": "is until", ">": "is after", ">=": "is from"}
FIGURES: dict[str, str] = {
    "count": "count",
    "count distinct": "count of different",
    "sum": "sum of",
    "average": "average of",
    "median": "median of",
    "percentile": "percentile of",
    "min": "smallest",
    "max": "largest",
    "share": "share of total",
    "share where": "share where",
}
MATCH = {"all": "all of", "any": "any of", "none": "none of"}
MOST = 3
"""Parts that a summary names before it counts the rest."""


def said(value: Any) -> str:
    match value:
        case list() | tuple():
            shown = ", ".join(said(part) for part in value[:MOST])
            return f"{shown} and {len(value) - MOST} more" if len(value) > MOST else shown
        case bool():
            return "yes" if value else "no"
        case None:
            return "…"
        case float() if value.is_integer():
            return str(int(value))
        case date():
            return value.isoformat()
        case _:
            return str(value)


def column(item: Item) -> str:
    name = item.get("column") or "…"
    return f"{item['of']}.{name}" if item.get("of") else str(name)


def condition(item: Item) -> str:
    if is_group(item):
        return f"({MATCH.get(item['match'], '')} {conditions(item.get('filters') or [], glue='; ')})"
    operator = item.get("operator", "=")
    words = f"{column(item)} {OPERATORS.get(operator, operator)}"
    if operator in ("is empty", "is not empty"):
        return words
    if item.get("parameter"):
        return f"{words} what the page asks as {item['parameter']}"
    value = item.get("value")
    if operator == "between" and isinstance(value, list) and len(value) == 2:
        return f"{words} {said(value[0])} and {said(value[1])}"
    return f"{words} {said(value)}"


def conditions(found: Items, *, glue: str = " and ") -> str:
    shown = [condition(item) for item in found if not item.get("off")]
    return _list(shown, glue)


def _list(shown: list[str], glue: str = ", ") -> str:
    return glue.join(shown[:MOST]) + (f" and {len(shown) - MOST} more" if len(shown) > MOST else "")


def joins(found: Items) -> str:
    return _list(
        [f"{alias(item)} on {_list([str(pair.get('column') or '…') for pair in item.get('on') or []], ' and ')}" for item in _on(found)]
    )


def computed(found: Items) -> str:
    return _list([f"{item.get('name') or '…'} = {item.get('expression') or '…'}" for item in _on(found)])


def figure(item: Item) -> str:
    kind = item.get("aggregate")
    if kind == "share where":
        return f"share where {conditions(item.get('where') or [])}"
    of = column(item) if item.get("column") else "rows" if kind == "count" else ""
    percent = f"{item['percentile'] * 100:g} % " if item.get("percentile") else ""
    words = f"{percent}{FIGURES.get(str(kind), str(kind))} {of}".strip()
    return f"{words} where {conditions(item['where'])}" if item.get("where") else words


def group(item: Item) -> str:
    if item.get("grain"):
        return f"{column(item)} by {item['grain']}"
    return f"{column(item)} in steps of {said(item['bin'])}" if item.get("bin") else column(item)


def columns(form: Item) -> str:
    found = _on(form.get("columns") or [])
    if not any(item.get("aggregate") for item in found):
        return _list([result_name(item) for item in found if item.get("column")])
    words = _list([figure(item) for item in found if item.get("aggregate")])
    groups = _list([group(item) for item in found if not item.get("aggregate")])
    top = form.get("top")
    if top and not top.get("off") and top.get("column"):
        groups += f"; {'lowest' if top.get('lowest') else 'top'} {top.get('count', 5)} of {top['column']} by {top.get('by') or '…'}"
    return f"{words} by {groups}" if groups else words


def order(found: Items) -> str:
    return _list([f"{item.get('column') or '…'}{', largest first' if item.get('descending') else ''}" for item in found])


def limit(form: Item) -> str:
    return f"the first {form['limit']:,} rows" if form.get("limit") else ""


def chart(content: Item) -> str:
    drawn = content.get("chart")
    return str(drawn.get("kind")) if drawn else ""


def title(form: Item) -> str:
    """A title for a question that has none, as `Flights: count by carrier`."""
    if not form.get("table"):
        return ""
    table = str(form["table"]).replace("_", " ").strip()
    rest = columns(form) if any(item.get("aggregate") for item in form.get("columns") or []) else conditions(form.get("filters") or [])
    made = f"{table[:1].upper()}{table[1:]}{': ' if rest else ''}{rest}"
    return made[:120]


def _on(found: Items) -> Items:
    return [item for item in found if not item.get("off")]
