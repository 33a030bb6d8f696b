"""What a form of the builder holds: the question as JSON values, its parts told apart by an id that widgets go by."""

import secrets
from typing import Any

from nexus.views.question import SelectedColumn

Item = dict[str, Any]
Items = list[Item]

OWN = frozenset({"id", "shape"})
"""What the form keeps beside the spec."""
NEEDS_NOTHING = ("is empty", "is not empty")
COUNTS_ROWS = ("count", "share", "share where")
"""Figures that need no column."""


def new_id() -> str:
    return secrets.token_hex(4)


def mark(value: Any) -> Any:
    """`value` with an id at every part of a list that has none, in place."""
    match value:
        case dict():
            for inner in value.values():
                mark(inner)
        case list():
            for inner in value:
                if isinstance(inner, dict):
                    inner.setdefault("id", new_id())
                mark(inner)
    return value


def bare(value: Any) -> Any:
    """`value` without what the form keeps for itself."""
    match value:
        case dict():
            return {name: bare(inner) for name, inner in value.items() if name not in OWN}
        case list() | tuple():
            return [bare(inner) for inner in value]
        case _:
            return value


def items(question: Item, name: str) -> Items:
    """The list `name` of the question, made where it is not there."""
    held = question.get(name)
    if not isinstance(held, list):
        held = question[name] = []
    return held


# --- what is not finished yet -----------------------------------------------------------------------------


def filter_is_done(item: Item) -> bool:
    if not item.get("column"):
        return False
    if item.get("operator") in NEEDS_NOTHING:
        return True
    return item.get("parameter") is not None or _given(item.get("operator"), item.get("value"))


def _given(operator: Any, value: Any) -> bool:
    match value:
        case None | "" | []:
            return False
        case list():
            return all(part is not None for part in value) and (operator != "between" or len(value) == 2)
        case _:
            return True


def is_group(item: Item) -> bool:
    return "match" in item


def done_conditions(conditions: Items) -> Items:
    """Those that can be asked; groups without a filter mean nothing yet."""
    found: Items = []
    for item in conditions:
        if is_group(item):
            inner = done_conditions(item.get("filters") or [])
            if inner:
                found.append({**item, "filters": inner})
        elif filter_is_done(item):
            found.append(item)
    return found


def column_is_done(item: Item) -> bool:
    figure = item.get("aggregate")
    if figure == "share where":
        return bool(done_conditions(item.get("where") or []))
    return bool(item.get("column")) or figure in COUNTS_ROWS


def join_is_done(item: Item) -> bool:
    pairs = item.get("on") or []
    return bool(item.get("table")) and bool(pairs) and all(pair.get("column") and pair.get("equals") for pair in pairs)


def computed_is_done(item: Item) -> bool:
    return bool(item.get("name")) and bool(str(item.get("expression") or "").strip())


def result_name(item: Item) -> str:
    """What the result calls a column of the form, by the spec's own rule."""
    shown: dict[str, Any] = {name: item.get(name) for name in ("column", "aggregate", "percentile", "name")}
    return SelectedColumn.model_construct(**shown).result_name


def done_columns(columns: Items) -> Items:
    return [{**item, "where": done_conditions(item["where"])} if item.get("where") else item for item in columns if column_is_done(item)]


STEPS = ("table", "joins", "computed", "filters", "columns", "result_filters", "order", "limit", "formats", "chart")
"""The steps of a question in the order in which they apply; the last two are about its looks."""


def question_of(form: Item, *, upto: str = "chart") -> Item:
    """The question that the form means, as far as it is finished, with the steps after `upto` left out."""
    last = STEPS.index(upto)

    def reached(step: str) -> bool:
        return STEPS.index(step) <= last

    made: Item = {name: form[name] for name in ("kind", "schema", "table") if form.get(name)}
    if reached("joins"):
        made["joins"] = [item for item in form.get("joins") or [] if join_is_done(item)]
    if reached("computed"):
        made["computed"] = [item for item in form.get("computed") or [] if computed_is_done(item)]
    if reached("filters"):
        made["filters"] = done_conditions(form.get("filters") or [])
    if reached("columns"):
        made["columns"] = done_columns(form.get("columns") or [])
        top = form.get("top")
        made["top"] = top if top and top.get("column") and top.get("by") else None
    if reached("result_filters"):
        made["result_filters"] = done_conditions(form.get("result_filters") or [])
    if reached("order"):
        made["order"] = [item for item in form.get("order") or [] if item.get("column")]
    if reached("limit"):
        made["limit"] = form.get("limit")
    return {name: value for name, value in bare(made).items() if value not in (None, [])}


def unfinished(form: Item) -> list[str]:
    """What saving would lose, each as one sentence."""
    said = []
    for step, where in (("filters", "Filters"), ("result_filters", "Conditions on the result")):
        said += [f"{where}: {one}" for one in _open_conditions(form.get(step) or [])]
    said += [
        f"Joins: {_called(item, 'table')} has no pair of columns yet."
        for item in form.get("joins") or []
        if item.get("table") and not join_is_done(item)
    ]
    said += [
        f"Computed columns: {_called(item, 'name')} needs a name and an expression."
        for item in form.get("computed") or []
        if not computed_is_done(item) and (item.get("name") or item.get("expression"))
    ]
    for item in form.get("columns") or []:
        if not column_is_done(item):
            said.append(
                f"Columns: {_called(item, 'aggregate')} has no {'condition' if item.get('aggregate') == 'share where' else 'column'} yet."
            )
        said += [f"Columns: {one}" for one in _open_conditions(item.get("where") or [])]
    return said


def _open_conditions(conditions: Items) -> list[str]:
    said: list[str] = []
    for item in conditions:
        if is_group(item):
            said += _open_conditions(item.get("filters") or [])
        elif item.get("column") and not filter_is_done(item):
            said.append(f"{_called(item, 'column')} has no value yet.")
    return said


def _called(item: Item, name: str) -> str:
    return f"`{item[name]}`" if item.get(name) else "one of them"
