"""Parameters of a question in SQL: each name in the text with its type, label and default."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import streamlit as st

from nexus.ui.filter_boxes import yes_or_no
from nexus.ui.forms import plain
from nexus.views.parameter import PERIOD, TAKEN
from nexus.views.period import PERIODS
from nexus.views.values import EARLIEST, LATEST

Given = dict[str, Any]
"""A parameter as its spec's JSON, perhaps unfinished."""

TYPES = {
    "text": "Text",
    "number": "Number",
    "boolean": "Yes or no",
    "date": "Date",
    "date_range": "Range of dates",
    "choice": "Choice",
    "multiple_choice": "Several choices",
}


@dataclass(frozen=True)
class Around:
    """What a parameter can lean on: views that choices may come from, and the names of the parameters beside it."""

    views: Sequence[str] = ()
    beside: Sequence[str] = ()


NO_DEFAULT, FIXED, RELATIVE = "none", "fixed", "relative"
LIST, VIEW = "A fixed list", "Another view"


def declared(parameters: Sequence[Given], found: Collection[str]) -> list[Given]:
    """`parameters`, with a text parameter for each name that none of them stands for; `x_from` and `x_to` are a range of dates `x`."""
    known = {name for one in parameters for name in _names(one)}
    new: list[Given] = []
    for name in found:
        stem = name.removesuffix("_from")
        if name in known or name != name.lower() or name in TAKEN:
            continue
        if name.endswith("_from") and f"{stem}_to" in found and stem:
            made: Given = {"name": stem, "type": "date_range"}
        else:
            made = {"name": name, "type": "text"}
        new.append(made)
        known |= _names(made)
    # Most were put there by a text that is no more: those that nobody has touched go with it.
    kept = [one for one in parameters if _names(one) & set(found) or set(one) - {"name", "type"}]
    return [*kept, *new]


def _names(parameter: Given) -> set[str]:
    name = str(parameter.get("name") or "")
    return {f"{name}_from", f"{name}_to"} if parameter.get("type") == "date_range" else {name}


def in_sql(parameter: Given) -> str:
    """How a parameter is written there."""
    return " ".join(f"`:{one}`" for one in sorted(_names(parameter)))


def by_label(parameter: Given) -> str:
    """A parameter as the filter bar calls it."""
    return f"**{plain(str(parameter.get('label') or _readable(str(parameter['name']))))}**"


def _readable(name: str) -> str:
    return name.replace("_", " ").capitalize()


def draw_parameters(
    scope: str,
    parameters: Sequence[Given],
    *,
    found: Collection[str],
    views: Sequence[str] = (),
    written: Callable[[Given], str] = in_sql,
    unused: str = "Not in the SQL any more.",
) -> list[Given]:
    """A card for each parameter. Returns them as they are now; `views` are those that choices may come from.

    `written` is the Markdown at the head of a card: how the text names the parameter. `unused` is what is said of one that it does not name.
    """
    made = []
    every = declared(parameters, found)
    for parameter in every:
        around = Around(views, [str(one["name"]) for one in every if one is not parameter])
        with st.container(border=True, gap="small", key=f"parameter-{scope}-{parameter['name']}"):
            gone = "" if _names(parameter) & set(found) else unused
            after = _draw(f"{scope}-p-{parameter['name']}", parameter, written=written(parameter), gone=gone, around=around)
        if after is not None:
            made.append(after)
    return made


def _draw(at: str, before: Given, *, written: str, gone: str, around: Around) -> Given | None:
    """One card; none when it was removed."""
    name, kind = str(before["name"]), str(before.get("type") or "text")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.markdown(written, width="content", help=None if name in written else f"`{name}`, in YAML and in the address")
        chosen = st.selectbox(
            "Type", list(TYPES), list(TYPES).index(kind) if kind in TYPES else 0, TYPES.__getitem__, f"{at}-type", width=160
        )
        after: Given = {"name": name, "type": chosen or kind}
        label = st.text_input(
            "Label",
            str(before.get("label") or ""),
            key=f"{at}-label",
            max_chars=100,
            width=200,
            placeholder=_readable(name),
        ).strip()
        required = st.checkbox("Must be filled in", bool(before.get("required")), key=f"{at}-required")
        if gone:
            st.caption(gone, width="content")
            if st.button("Remove", key=f"{at}-remove", type="tertiary"):
                return None
    after |= ({"label": label} if label else {}) | ({"required": True} if required else {})
    same = before if after["type"] == kind else {}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        # Widgets of another type begin anew.
        after |= _FIELDS[after["type"]](f"{at}-{after['type']}", same, around)
    return after


def _text(at: str, before: Given, _around: Around) -> Given:
    return _only(default=st.text_input("Default", str(before.get("default") or ""), key=f"{at}-default", width=240, placeholder="none"))


def _number(at: str, before: Given, _around: Around) -> Given:
    def field(label: str, name: str) -> float | None:
        held = before.get(name)
        value = float(held) if isinstance(held, int | float) else None
        read = st.number_input(label, value=value, key=f"{at}-{name}", width=140, placeholder="none", step=1.0, format="%g")
        return int(read) if read is not None and float(read).is_integer() else read

    return _only(default=field("Default", "default"), minimum=field("At least", "minimum"), maximum=field("At most", "maximum"))


def _boolean(at: str, before: Given, _around: Around) -> Given:
    held = before.get("default")
    index = None if not isinstance(held, bool) else 0 if held else 1
    return _only(default=st.selectbox("Default", [True, False], index, yes_or_no, f"{at}-default", width=140, placeholder="none"))


def _date(at: str, before: Given, _around: Around) -> Given:
    def fixed(held: Any) -> Any:
        picked = st.date_input("Day", _day(held), key=f"{at}-day", width=160, min_value=EARLIEST, max_value=LATEST, format="YYYY-MM-DD")
        return picked.isoformat() if isinstance(picked, date) else None

    return _dated(at, before, fixed)


def _date_range(at: str, before: Given, _around: Around) -> Given:
    def fixed(held: Any) -> Any:
        days: list[Any] = [day for one in held if (day := _day(one))] if isinstance(held, list | tuple) else []
        picked: Any = st.date_input("Days", days, key=f"{at}-days", width=240, min_value=EARLIEST, max_value=LATEST, format="YYYY-MM-DD")
        return [day.isoformat() for day in picked] if isinstance(picked, tuple | list) and len(picked) == 2 else None

    return _dated(at, before, fixed)


def _dated(at: str, before: Given, fixed: Callable[[Any], Any]) -> Given:
    """No default, a fixed one, or one that moves on with the day."""
    held = before.get("default")
    words = held if isinstance(held, str) and PERIOD.fullmatch(held) else None
    kinds = [NO_DEFAULT, FIXED, RELATIVE]
    now = RELATIVE if words else FIXED if held else NO_DEFAULT
    kind = st.selectbox("Default", kinds, kinds.index(now), key=f"{at}-default", width=140)
    if kind == FIXED:
        return _only(default=fixed(None if words else held))
    if kind == NO_DEFAULT:
        return {}
    listed = list(PERIODS) + ([words] if words and words not in PERIODS else [])
    picked = st.selectbox(
        "Which days",
        listed,
        listed.index(words or "last 30 days"),
        key=f"{at}-period",
        width=200,
        accept_new_options=True,
        help="Or as `last 14 days`, `next 2 weeks`. It moves on with the day on which the view is read.",
    )
    if picked and not PERIOD.fullmatch(picked):
        st.caption(f"“{plain(picked[:60])}” is not known. Write it as `last 14 days` or `this quarter`.", width="content")
        return _only(default=words)
    return _only(default=picked)


def _day(held: Any) -> date | None:
    try:
        return date.fromisoformat(held) if isinstance(held, str) else held if isinstance(held, date) else None
    except ValueError:
        return None


def _choice(at: str, before: Given, around: Around) -> Given:
    choices = _choices(at, before.get("choices") or {}, around)
    default = st.text_input("Default", str(before.get("default") or ""), key=f"{at}-default", width=160, placeholder="none").strip()
    return _only(choices=choices, default=default)


def _several(at: str, before: Given, around: Around) -> Given:
    choices = _choices(at, before.get("choices") or {}, around)
    held = [str(one) for one in before.get("default") or ()]
    listed = list(dict.fromkeys([*choices.get("values", ()), *held]))
    default = st.multiselect("Default", listed, held, key=f"{at}-default", width=220, placeholder="none", accept_new_options=True)
    return _only(choices=choices, default=list(default))


def _choices(at: str, before: Given, around: Around) -> Given:
    """Where the values come from."""
    origins = [LIST, VIEW]
    origin = st.selectbox("Values from", origins, 1 if before.get("view") else 0, key=f"{at}-origin", width=140)
    if origin == LIST:
        held = [str(one) for one in before.get("values") or ()]
        values = st.multiselect(
            "Values", held, held, key=f"{at}-values", accept_new_options=True, width=300, placeholder="Type one, then Enter"
        )
        return _only(values=list(values))
    named = before.get("view")
    listed = list(dict.fromkeys([*around.views, *([named] if named else [])]))
    view = st.selectbox("View", listed, listed.index(named) if named else None, key=f"{at}-view", width=200, placeholder="Choose one")
    column = st.text_input("Column of values", str(before.get("column") or ""), key=f"{at}-column", width=160)
    label = st.text_input(
        "Column of labels", str(before.get("label_column") or ""), key=f"{at}-label_column", width=160, placeholder="same"
    )
    narrowed = _narrowed(at, before.get("narrowed") or {}, around)
    return _only(view=view, column=column.strip(), label_column=label.strip(), narrowed=narrowed)


def _narrowed(at: str, before: Given, around: Around) -> Given:
    """Which others decide what is offered, each by a column of the view: a region its cities. One that is gone is left out."""
    held = {by: column for column, by in before.items() if by in around.beside}
    if not around.beside:
        return {}
    chosen = st.multiselect(
        "Depends on",
        list(around.beside),
        list(held),
        key=f"{at}-narrowed",
        width=200,
        placeholder="nothing else",
        select_all=False,
        help="Only values are offered that fit what is chosen there.",
    )
    columns = {
        by: st.text_input(f"Column of “{plain(by)}”", str(held.get(by) or by), key=f"{at}-narrowed-{by}", width=160).strip()
        for by in chosen
    }
    return {column: by for by, column in columns.items() if column}


def _only(**fields: Any) -> Given:
    """Without what is empty."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}


_FIELDS: dict[str, Callable[[str, Given, Around], Given]] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "date_range": _date_range,
    "choice": _choice,
    "multiple_choice": _several,
}
