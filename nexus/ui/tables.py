"""Tables on screen: a result as Arrow for the browser, each column shown as its format says.

Arrow is built straight from the rows. Going through pandas, as Streamlit does with anything else, costs
several times as long, turns integers with gaps into floats, and refuses dates outside 1678 to 2262.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import streamlit as st

from nexus.sources.spec import Column, Table
from nexus.ui import cells, when
from nexus.views import format as written
from nexus.views import highlight
from nexus.views.appearance import Format
from nexus.views.columns import unique_names

PLAIN = Format()
LEAST, MOST = Decimal("1e-9"), 10**15
"""Numbers with a fraction that a browser shows as they are, zero apart; others come as text."""
USUAL_DECIMALS, MOST_DECLARED = 3, 6
"""What a browser shows of a fraction, and of decimals that are declared."""
ROW_HEIGHT = 28
LONGEST_CELL = 2_000
"""Characters of one cell that go to the browser; a download has them all."""


def draw_table(
    target: Any,
    table: Table,
    *,
    formats: Mapping[str, Format],
    columns: tuple[str, ...] = (),
    height: int,
    label: str,
    clicks: "CellClicks | None" = None,
) -> None:
    """Draw `table` on `target` (`st` or a placeholder), `height` pixels high. `columns` chooses and orders; empty means all."""
    names = unique_names(table.columns)
    chosen = [at for name in columns for at, column in enumerate(table.columns) if column.name == name]
    positions = chosen or written.shown(table.columns, formats)
    marks = highlight.tones(table, formats)
    if marks is not None:
        shown = cells.rows(table, marks, formats=formats, positions=positions, label=label, height=height, zone=when.zone())
        cells.draw(target, shown, _picked(clicks, [names[at] for at in positions]) if clicks else None)
        return
    sent = arrow(table, names, formats)
    target.dataframe(
        sent,
        height=height,
        width="stretch",
        row_height=ROW_HEIGHT,
        column_config={
            name: column_config(
                column,
                _with_decimals(column, formats.get(column.name, PLAIN), [row[at] for row in table.rows]),
                as_text=pa.types.is_string(sent.schema.field(at).type),
                small=_small(column, [row[at] for row in table.rows]),
            )
            for at, (name, column) in enumerate(zip(names, table.columns, strict=True))
        },
        column_order=[names[at] for at in positions] if len(positions) < len(names) or chosen else None,
        placeholder="",
        alt=label,
        **(_selection(clicks) if clicks else {}),
    )


@dataclass(frozen=True)
class CellClicks:
    """`act` hears the row and the column of the cell that is chosen, and no row once none is any more."""

    key: str
    act: Callable[[int | None, str], None]


def _selection(clicks: CellClicks) -> dict[str, Any]:
    """What `st.dataframe` needs."""

    def told() -> None:
        found = (st.session_state.get(clicks.key) or {}).get("selection", {}).get("cells") or []
        clicks.act(*(found[0] if found else (None, "")))

    return {"key": clicks.key, "on_select": told, "selection_mode": "single-cell"}


def _picked(clicks: CellClicks, names: Sequence[str]) -> cells.Picked:
    """The same for a table of cells with colours of its own."""

    def told(places: list[tuple[int, int]]) -> None:
        row, column = places[-1] if places else (-1, -1)
        clicks.act(row, names[column]) if row >= 0 and 0 <= column < len(names) else clicks.act(None, "")

    return cells.Picked(clicks.key, told)


NAMED = ("weekday", "month", "boolean")
"""Styles that turn a value into a word."""


def arrow(table: Table, names: Sequence[str], formats: Mapping[str, Format] | None = None) -> pa.Table:
    """`table` as Arrow. A column whose values do not fit their kind is sent as text, never dropped."""
    by_column = zip(*table.rows, strict=True) if table.rows else [()] * len(table.columns)
    styles = [(formats or {}).get(column.name, PLAIN) for column in table.columns]
    return pa.Table.from_arrays(
        [_array(column, list(values), style) for column, values, style in zip(table.columns, by_column, styles, strict=True)], names=names
    )


def _array(column: Column, values: list[Any], style: Format = PLAIN) -> pa.Array:
    if style.style in NAMED and column.kind != "boolean":
        return pa.array([None if value is None else written.text(value, style, column) for value in values], pa.string())
    try:
        match column.kind:
            case "number":
                return pa.array(_numbers(values))
            case "boolean":
                return pa.array(values, pa.bool_())
            case "date" if all(value is None or (isinstance(value, date) and not isinstance(value, datetime)) for value in values):
                return pa.array(values, pa.date32())
            case "time" if all(value is None or isinstance(value, datetime) for value in values):
                aware = any(value is not None and value.tzinfo for value in values)
                return pa.array(values, pa.timestamp("us", "UTC" if aware else None))
            case "duration":
                return pa.array(values, pa.duration("us"))
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        pass  # infinity, year 10000, a number past 2^63: shown as text
    if column.kind == "number":
        return pa.array([None if value is None else written.text(value, style, column)[:LONGEST_CELL] for value in values], pa.string())
    return pa.array([_text(value) for value in values], pa.string())


def _numbers(values: list[Any]) -> list[Any]:
    """Integers stay exact as far as the browser counts exactly; anything with a fraction becomes a float.

    Raises OverflowError for what the browser would mark as wrong (NaN), cut short or round to nothing.
    """
    present = [value for value in values if value is not None]
    if any(isinstance(value, float | Decimal) for value in present):
        if not all(written.finite(value) and (not value or LEAST <= abs(value) < MOST) for value in present):
            raise OverflowError
        return [None if value is None else float(value) for value in values]
    if any(abs(value) > 2**53 for value in present):
        raise OverflowError
    return values


def _text(value: Any) -> str | None:
    match value:
        case None:
            return None
        case str():
            text = value
        case dict() | list():
            text = json.dumps(value, ensure_ascii=False, default=str)
        case bytes() | memoryview():
            text = "\\x" + bytes(value[: LONGEST_CELL // 2]).hex()
        case datetime() | date() | time():
            text = value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
        case _:
            text = str(value)
    # A lone surrogate cannot travel as UTF-8.
    return text[:LONGEST_CELL].encode("utf-8", "replace").decode() if len(text) < LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"


def _with_decimals(column: Column, format_: Format, values: Sequence[Any]) -> Format:
    """With as many decimals as the values need: the browser shows three of them, and 0.0004 as 0."""
    if column.kind != "number" or format_.decimals is not None or format_.style not in ("plain", "number"):
        return format_
    present = [value for value in values if isinstance(value, float | Decimal) and value and written.finite(value)]
    declared = max((-int(value.as_tuple().exponent) for value in present if isinstance(value, Decimal)), default=0)
    if present and all(isinstance(value, Decimal) for value in present) and USUAL_DECIMALS < declared <= MOST_DECLARED:
        return format_.model_copy(update={"decimals": declared})
    least = min((abs(float(value)) for value in present), default=1.0)
    if not LEAST <= least < 0.01:
        return format_
    return format_.model_copy(update={"decimals": USUAL_DECIMALS - 1 - math.floor(math.log10(least))})


def _small(column: Column, values: Sequence[Any]) -> bool:
    """Whether these are whole numbers of at most four digits, as years are: they stand without a mark between thousands, as on paper."""
    present = [value for value in values if value is not None] if column.kind == "number" else []
    return bool(present) and all(isinstance(value, int) and abs(value) < 10_000 for value in present)


def column_config(column: Column, format_: Format, *, as_text: bool = False, small: bool = False) -> Any:
    """How the browser shows a column: in the reader's own locale and zone, numbers to the right.

    `as_text`: what did not fit its kind came as text, and stays it. As a number, the browser would round it.
    """
    config = st.column_config
    label = format_.label or column.name
    kinds: dict[str, Callable[[], Any]] = {
        "number": lambda: _number(label, format_, small),
        "boolean": lambda: config.CheckboxColumn(label),
        "date": lambda: config.DateColumn(label, format="localized"),
        "time": lambda: _time(label, column, format_),
    }
    if format_.style == "link":
        return config.LinkColumn(label, validate="^https?://")
    if as_text and column.kind in kinds:
        return config.TextColumn(label, alignment="right" if column.kind == "number" and format_.style not in NAMED else "left")
    make = kinds.get(column.kind)
    return make() if make else config.TextColumn(label)


def _number(label: str, format_: Format, small: bool = False) -> Any:
    config = st.column_config
    decimals = format_.decimals
    if format_.unit and format_.style in ("plain", "number", "currency"):
        unit = format_.unit.replace("%", "%%")
        return config.NumberColumn(
            f"{label} ({unit})" if format_.style != "currency" else f"{label} {unit}", format="localized", step=_step(decimals)
        )
    match format_.style:
        case "percent":
            return config.NumberColumn(label, format="percent", step=_step(2 + (1 if decimals is None else decimals)))
        case "currency":
            return config.NumberColumn(label, format="localized", step=_step(2 if decimals is None else decimals))
        case "progress":
            return config.ProgressColumn(
                label, min_value=0, max_value=format_.maximum or 1, format="localized" if format_.maximum else "percent"
            )
        case "duration":
            return config.NumberColumn(label, format="duration")
        case _:
            plain = small and format_.style == "plain" and decimals is None
            return config.NumberColumn(label, format="%d" if plain else "localized", step=_step(decimals))


def _step(decimals: int | None) -> float | int | None:
    """The browser takes the decimals to show from the step."""
    return None if decimals is None else 1 if decimals == 0 else float(f"1e-{decimals}")


def _time(label: str, column: Column, format_: Format) -> Any:
    config = st.column_config
    if format_.style == "date":
        return config.DateColumn(label, format="localized")
    if column.type_name.startswith("time ") or column.type_name == "time":
        return config.TextColumn(label)
    zone = st.context.timezone if "with time zone" in column.type_name else None
    return config.DatetimeColumn(label, format="localized", timezone=zone)


def height_of(table: Table) -> int:
    """Pixels that the whole table takes with its head."""
    return 36 + ROW_HEIGHT * max(1, table.row_count) + 2
