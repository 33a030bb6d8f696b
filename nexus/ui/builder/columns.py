"""Which columns the result has: all of the tables, those chosen, or groups with figures."""

from functools import partial
from typing import Any

import streamlit as st

from nexus.ui.builder import fitting
from nexus.ui.builder import form as fields
from nexus.ui.builder.filters import draw_conditions
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import COUNTS_ROWS, Item, Items, items, new_id, result_name
from nexus.ui.builder.reach import Columns, Key
from nexus.ui.builder.words import FIGURES
from nexus.ui.forms import plain

SHAPES = {"all": "All columns", "choose": "Choose columns", "group": "Group and count"}
GRAINS = (
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "hour",
    "minute",
    "hour of day",
    "day of week",
    "day of month",
    "month of year",
    "quarter of year",
)
WHOLE = "each value"
OF_NUMBERS = ("sum", "average", "median", "percentile", "min", "max", "count", "count distinct", "share")
OF_OTHERS = ("count distinct", "count", "min", "max")
OFFERED = ("count", "median", "average", "sum", "min", "max", "count distinct", "percentile", "share", "share where")
DRAWN = ("x", "row", "color", "size", "latitude", "longitude")
"""The fields of a chart that name a column each."""


def shape_of(form: Item) -> str:
    found = form.get("columns") or []
    if any(item.get("aggregate") for item in found):
        return "group"
    return "choose" if found else str(form.get("shape") or "all")


def draw_columns(b: Builder, rows: Columns) -> None:
    at = b.key(b.form, "shape")
    shape = shape_of(b.form)
    if st.session_state.get(at, shape) != shape:
        st.session_state[at] = shape
    st.segmented_control(
        "What the result has",
        list(SHAPES),
        default=shape,
        format_func=SHAPES.__getitem__,
        key=at,
        on_change=_took_shape,
        args=(b, at),
        label_visibility="collapsed",
        required=True,
    )
    match shape:
        case "choose":
            _draw_chosen(b, rows)
        case "group":
            _draw_groups(b, rows)
            _draw_figures(b, rows)
            _draw_top(b)
        case _:
            st.caption("Every column of the table and of what is joined to it.")


def _took_shape(b: Builder, at: str) -> None:
    shape, form = st.session_state.get(at), b.form
    found = items(form, "columns")
    kept: Items = []
    if shape == "group":
        kept = [item for item in found if item.get("aggregate")] or [{"id": new_id(), "aggregate": "count"}]
        kept = [*(item for item in found if not item.get("aggregate") and len(found) <= 3), *kept]
    elif shape == "choose":
        kept = [item for item in found if not item.get("aggregate")]
    form["columns"], form["shape"] = kept, shape
    _forget_gone(b)
    b.editing.keep()


Known = dict[str, tuple[str, Item | None]]
"""What the result calls each column of the form, and the format that fits it, by its id."""


def _names(b: Builder) -> Known:
    found = [item for item in b.form.get("columns") or [] if item.get("column") or item.get("aggregate")]
    return {str(item.get("id")): (result_name(item), fitting.style_of(item)) for item in found}


def _follow(b: Builder, before: Known) -> None:
    """Columns are called otherwise than `before`: whatever speaks of them is told."""
    _told_apart(items(b.form, "columns"))
    new = {before[id_][0]: name for id_, (name, _) in _names(b).items() if id_ in before and before[id_][0] != name}
    if new:
        _rename(b.editing.content, new)
    fitting.suit_formats(b.editing.content, {id_: style for id_, (_, style) in before.items()})
    _forget_gone(b)


def _rename(content: Item, new: dict[str, str]) -> None:
    form = content["question"]
    for part in (*(form.get("order") or []), *_filters(form.get("result_filters") or [])):
        part["column"] = new.get(str(part.get("column")), part.get("column"))
    for speaks, names in ((form.get("top"), ("column", "by")), (content.get("chart"), DRAWN)):
        part = speaks or {}
        for name in names:
            if part.get(name):
                part[name] = new.get(part[name], part[name])
    chart = content.get("chart")
    if chart and chart.get("y"):
        chart["y"] = [new.get(name, name) for name in chart["y"]]
    if content.get("formats"):
        content["formats"] = {new.get(name, name): format_ for name, format_ in content["formats"].items()}


def _filters(conditions: Items) -> Items:
    return [inner for one in conditions for inner in (_filters(one.get("filters") or []) if "match" in one else [one])]


def _forget_gone(b: Builder) -> None:
    """Order and the top speak of columns of the result: what is gone from it goes with it."""
    form = b.form
    names = {result_name(item) for item in form.get("columns") or [] if item.get("column") or item.get("aggregate")}
    if not names:
        form.pop("top", None)
        return
    form["order"] = [item for item in form.get("order") or [] if item.get("column") in names]
    top = form.get("top")
    if top and (top.get("column") not in names or top.get("by") not in names):
        form.pop("top", None)


def _pick(b: Builder, rows: Columns, label: str, *, key: str, made: Any) -> None:
    """Columns without a figure as one list to choose from; each that comes or goes does so in the question."""
    found = items(b.form, "columns")
    held: list[Key] = list(
        dict.fromkeys((item.get("of"), item["column"]) for item in found if not item.get("aggregate") and item.get("column"))
    )
    at = b.key(b.form, key)
    if at in st.session_state and [tuple(one) for one in st.session_state[at]] != held:
        st.session_state[at] = held
    st.multiselect(
        label,
        [*rows, *(one for one in held if one not in rows)],
        held,
        lambda one: fields.column_words(one, rows),
        key=at,
        on_change=_picked,
        args=(b, at, made),
        placeholder="choose columns",
        select_all=False,  # Enter takes the one that was typed
    )


def _picked(b: Builder, at: str, made: Any) -> None:
    chosen: list[Key] = [tuple(one) for one in st.session_state.get(at) or []]
    found = items(b.form, "columns")
    stays = [item for item in found if item.get("aggregate") or (item.get("of"), item.get("column")) in chosen]
    there = {(item.get("of"), item.get("column")) for item in stays if not item.get("aggregate")}
    new = [made(one) for one in chosen if one not in there]
    groups, figures = [item for item in stays if not item.get("aggregate")], [item for item in stays if item.get("aggregate")]
    b.form["columns"] = _told_apart([*groups, *new, *figures])
    _forget_gone(b)
    b.editing.keep()


def _told_apart(found: Items) -> Items:
    """Two columns of one name, of two tables, are called after their table too."""
    taken: set[str] = set()
    for item in found:
        if not item.get("column"):
            continue
        name = result_name(item)
        if name in taken and item.get("name") in (None, fitting.grain_name(item.get("grain"))):
            stem = f"{item['column'] if item.get('grain') else item.get('of') or 'table'}_{name}"[:60]
            item["name"] = next(one for one in (stem, *(f"{stem}_{count}" for count in range(2, 1700))) if one not in taken)
        taken.add(result_name(item))
    return found


def _draw_chosen(b: Builder, rows: Columns) -> None:
    _pick(b, rows, "Columns", key="chosen", made=lambda one: _plain(one, None))
    found = items(b.form, "columns")
    if found and st.toggle("Rename and reorder", key=b.key(b.form, "arrange")):
        for item in list(found):
            _draw_name(b, found, item)


def _plain(one: Key, grain: str | None) -> Item:
    of, name = one
    cut = {"grain": grain, "name": fitting.grain_name(grain)} if grain else {}
    return {"id": new_id(), "column": name} | ({"of": of} if of else {}) | cut


def _draw_name(b: Builder, found: Items, item: Item) -> None:
    before = _names(b)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        fields.text(
            b,
            item,
            "name",
            "Name in the result",
            placeholder=result_name({**item, "name": None}),
            max_chars=63,
            after=lambda _item: _follow(b, before),
        )
        fields.part_buttons(b, found, item, "this column", moves=True)


# --- groups and figures -----------------------------------------------------------------------------------


def _draw_groups(b: Builder, rows: Columns) -> None:
    def made(one: Key) -> Item:
        known = rows.get(one)
        return _plain(one, "month" if known and known.kind in ("date", "time") else None)

    _pick(b, rows, "Group by", key="groups", made=made)
    found, before = items(b.form, "columns"), _names(b)
    for item in [item for item in found if not item.get("aggregate")]:
        known = rows.get((item.get("of"), item.get("column") or ""))
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=b.key(item, "part-row")):
            if known and known.kind in ("date", "time"):
                at = b.key(item, "grain")
                listed = [WHOLE, *GRAINS]
                st.selectbox(
                    "Cut time by",
                    listed,
                    listed.index(item.get("grain") or WHOLE),
                    _grain_words,
                    at,
                    on_change=fields.took,
                    args=(b, item, "grain", at),
                    kwargs={"convert": _grain, "after": partial(_regrained, b, before, item.get("grain"))},
                    label_visibility="collapsed",
                )
            elif known and known.kind == "number":
                st.markdown(plain(known.label), width="content")
                fields.number(b, item, "bin", "Steps", key="bin", placeholder="in steps of", min_value=0.0, width=130)
            fields.text(
                b,
                item,
                "name",
                "Name in the result",
                placeholder=f"called {result_name({**item, 'name': None})}",
                max_chars=63,
                after=lambda _item: _follow(b, before),
            )
            fields.part_buttons(b, found, item, "this group", moves=True)


def _grain(chosen: Any) -> str | None:
    return None if chosen == WHOLE else str(chosen)


def _regrained(b: Builder, before: Known, grain_before: str | None, item: Item) -> None:
    fitting.suit_name(item, grain_before)
    _follow(b, before)


def _grain_words(grain: str) -> str:
    return grain if grain == WHOLE else f"by {grain}"


def _draw_figures(b: Builder, rows: Columns) -> None:
    found = items(b.form, "columns")
    st.caption("Figures")
    for item in [item for item in found if item.get("aggregate")]:
        with st.container(border=True, gap="xsmall", key=b.key(item, "part-box")):
            _draw_figure(b, found, item, rows)
    fields.add_button(b, "Add a figure", found, {"aggregate": "count"}, key="figure")


def _draw_figure(b: Builder, found: Items, item: Item, rows: Columns) -> None:
    figure, before = item["aggregate"], _names(b)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        fields.select(
            b, item, "aggregate", "Figure", OFFERED, words=_figure_words, width=128, after=lambda changed: _fit_figure(b, changed, before)
        )
        if figure != "share where" and figure not in ("count", "share"):
            fields.column(b, item, _fitting(rows, figure), label="Of which column", after=lambda _item: _follow(b, before))
        if figure == "percentile":
            at = b.key(item, "percentile")
            held = item.get("percentile") or 0.9
            st.number_input(
                "Percent",
                0.1,
                99.9,
                held * 100,
                1.0,
                "%g",
                at,
                on_change=fields.took,
                args=(b, item, "percentile", at),
                kwargs={"convert": _part, "after": lambda _item: _follow(b, before)},
                label_visibility="collapsed",
                width=104,
            )
        fields.part_buttons(b, found, item, "this figure", moves=True)
    narrowed = bool(item.get("where")) or figure == "share where"
    if narrowed:
        draw_conditions(b, item.setdefault("where", [{"id": new_id()}]), rows, key=f"where-{item['id']}", depth=1)
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        fields.text(
            b,
            item,
            "name",
            "Name of the figure",
            placeholder=f"called {_called(item)}",
            max_chars=63,
            after=lambda _item: _follow(b, before),
        )
        if not narrowed:
            st.button(
                "Only some rows",
                key=b.key(item, "narrow"),
                icon=":material/filter_alt:",
                type="tertiary",
                on_click=_narrow,
                args=(b, item),
                help="Count only the rows that meet a condition",
            )


def _called(item: Item) -> str:
    return result_name({**item, "name": None}) if item.get("column") or item["aggregate"] in COUNTS_ROWS else "…"


def _part(percent: Any) -> float | None:
    return round(float(percent) / 100, 6) if percent else None


def _figure_words(figure: str) -> str:
    return {"count": "Count of rows"}.get(figure, FIGURES[figure].capitalize())


def _fitting(rows: Columns, figure: str) -> Columns:
    """Columns that a figure can be made of."""
    if figure in ("sum", "average", "median", "percentile"):
        return {key: column for key, column in rows.items() if column.kind in ("number", "duration")}
    return rows


def _fit_figure(b: Builder, item: Item, before: Known) -> None:
    """Another figure: what it does not use goes."""
    figure = item["aggregate"]
    item.pop("percentile", None)
    if figure == "percentile":
        item["percentile"] = 0.9
    if figure in COUNTS_ROWS:
        item.pop("column", None)
        item.pop("of", None)
    if figure == "share where" and not item.get("where"):
        item["where"] = [{"id": new_id()}]
    _follow(b, before)


def _narrow(b: Builder, item: Item) -> None:
    item["where"] = [{"id": new_id()}]
    b.editing.keep()


def _draw_top(b: Builder) -> None:
    form = b.form
    found = [item for item in items(form, "columns") if not item.get("off")]
    groups = [result_name(item) for item in found if not item.get("aggregate")]
    figures = [result_name(item) for item in found if item.get("aggregate") and (item.get("column") or item["aggregate"] in COUNTS_ROWS)]
    if not groups or not figures:
        return
    top = form.get("top")
    at = b.key(form, "topped")
    if at in st.session_state and st.session_state[at] != bool(top):
        st.session_state[at] = bool(top)
    st.toggle("Keep only the top", bool(top), key=at, on_change=_took_top, args=(b, at, groups[0], figures[0]))
    if not top:
        return
    top.setdefault("id", new_id())
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="top"):
        top.setdefault("lowest", False)
        fields.select(b, top, "lowest", "Highest or lowest", [False, True], words=lambda low: "lowest" if low else "highest", width=100)
        fields.number(b, top, "count", "How many", key="count", min_value=1.0, max_value=1000.0, width=90)
        fields.select(b, top, "column", "Of which group", groups, words=lambda name: f"of {name}")
        fields.select(b, top, "by", "By which figure", figures, words=lambda name: f"by {name}")


def _took_top(b: Builder, at: str, group: str, figure: str) -> None:
    if st.session_state.get(at):
        b.form["top"] = {"id": new_id(), "count": 5, "column": group, "by": figure, "lowest": False}
    else:
        b.form.pop("top", None)
    b.editing.keep()
