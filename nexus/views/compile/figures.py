"""What a result shows: columns, cut or numbered in time, cut into bins, or an aggregate over the group."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, assert_never

from sqlalchemy import ColumnElement, Date, Double, Integer, Numeric, and_, bindparam, cast, distinct, extract, func, literal_column

from nexus.views.compile.conditions import Conditions
from nexus.views.compile.tables import Tables
from nexus.views.question import Grain, SelectedColumn

ZERO: ColumnElement[Any] = literal_column("0")
NUMBERING: dict[Grain, str] = {
    "hour of day": "hour",
    "day of week": "isodow",
    "day of month": "day",
    "month of year": "month",
    "quarter of year": "quarter",
}


def shown(selected: SelectedColumn, tables: Tables, conditions: Conditions) -> ColumnElement[Any]:
    """The column of the result without its name. Raises BadInput for what is switched off or cannot be compared."""
    of = tables.column(selected.column, selected.of) if selected.column is not None else None
    if selected.aggregate is None:
        assert of is not None
        return _group(of, selected)
    chosen = conditions.inner(selected.where, lambda where: tables.column(where.column, where.of))
    taking: Callable[[Any], Any] = (lambda figure: figure.filter(and_(*chosen))) if chosen else lambda figure: figure
    return _figure(selected, of, taking)


def _group(of: ColumnElement[Any], selected: SelectedColumn) -> ColumnElement[Any]:
    if selected.bin is not None:
        # As decimals, so that steps of 0.1 are exact and whole numbers are not divided as such.
        width: ColumnElement[Any] = bindparam(None, Decimal(repr(selected.bin)).normalize())
        return func.floor(cast(of, Numeric).op("/")(width)).op("*")(width)
    grain = selected.grain
    if grain is None:
        return of
    if grain in NUMBERING:
        return cast(extract(NUMBERING[grain], of), Integer)
    # Of a list in the spec, so it may stand in the text.
    cut = func.date_trunc(literal_column(f"'{grain}'"), of)
    # A day and what is longer is a date, whether of dates or of moments: nobody's own time zone moves it.
    return cut if grain in ("minute", "hour") else cast(cut, Date)


def _figure(selected: SelectedColumn, of: Any, taking: Callable[[Any], Any]) -> ColumnElement[Any]:
    match selected.aggregate:
        case "count":
            return taking(func.count() if of is None else func.count(of))
        case "count distinct":
            return taking(func.count(distinct(of)))
        case "sum":
            return taking(func.sum(of))
        case "average":
            return taking(func.avg(of))
        case "median" | "percentile":
            part: ColumnElement[Any] = literal_column(format(Decimal(repr(selected.percentile or 0.5)), "f"))
            return taking(func.percentile_cont(part).within_group(of))
        case "min":
            return taking(func.min(of))
        case "max":
            return taking(func.max(of))
        case "share":
            own = taking(func.count() if of is None else func.sum(of))
            return cast(own, Double).op("/")(func.nullif(func.sum(own).over(), ZERO))
        case "share where":
            return cast(taking(func.count()), Double).op("/")(func.nullif(func.count(), ZERO))
        case None:
            raise ValueError(selected)
        case _:
            assert_never(selected.aggregate)
