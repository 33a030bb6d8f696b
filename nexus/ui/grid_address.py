"""What the address of a view's page says of its grid. Its keys have a dot, which no parameter's name can have."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from nexus.errors import BadInput
from nexus.ui import url
from nexus.views import page as pages
from nexus.views.page import SIZES, Page
from nexus.views.question import Condition, OrderBy

ORDER, WHERE, HIDE, SIZE, ROW, COLUMN, WIDTH = "g.order", "g.where", "g.hide", "g.size", "g.row", "g.column", "g.width"
AFTER, BEFORE, LAST, AT = "g.after", "g.before", "g.last", "g.at"
PLACES = (AFTER, BEFORE, LAST, AT)
USUAL_SIZE = 100
MOST_HIDDEN = 2_000
NARROWEST, WIDEST, MOST_WIDTHS = 40, 1_200, 200
"""Pixels of a column, and columns whose width is kept."""


@dataclass(frozen=True)
class Address:
    """`problems` are sentences about what could not be read; the rest is then as if it were not there."""

    page: Page
    hidden: tuple[str, ...] = ()
    row: str | None = None
    column: str | None = None
    widths: Mapping[str, int] = field(default_factory=dict)
    """In pixels, of the columns that somebody made wider or narrower."""
    problems: tuple[str, ...] = ()


def read() -> Address:
    problems: list[str] = []

    def tried(key: str, reading: Callable[[str], Any], otherwise: Any) -> Any:
        text = st.query_params.get(key)
        if not text:
            return otherwise
        try:
            return reading(text)
        except BadInput as error:
            problems.append(error.message)
            return otherwise

    order: tuple[OrderBy, ...] = tried(ORDER, pages.read_order, ())
    where: tuple[Condition, ...] = tried(WHERE, pages.read_filters, ())
    size = tried(SIZE, _size, USUAL_SIZE)
    said = {key: st.query_params.get(key) for key in PLACES}
    place: dict[str, Any] = {}
    if said[AFTER]:
        place = {"after": said[AFTER]}
    elif said[BEFORE]:
        place = {"before": said[BEFORE]}
    elif said[LAST]:
        place = {"last": True}
    elif said[AT]:
        place = {"at": said[AT]}
    return Address(
        page=Page(order=order, where=where, size=size, **place),
        hidden=tried(HIDE, _names, ()),
        row=st.query_params.get(ROW),
        column=st.query_params.get(COLUMN),
        widths=tried(WIDTH, _widths, {}),
        problems=tuple(problems),
    )


def _size(text: str) -> int:
    if text not in {str(size) for size in SIZES}:
        raise BadInput(f"A page shows {', '.join(map(str, SIZES))} rows. It shows {USUAL_SIZE} now.")
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(pages.read_names(text)[:MOST_HIDDEN])


def _widths(text: str) -> dict[str, int]:
    """Names and widths by turns. One that is no width is left out."""
    parts = pages.read_names(text)[: 2 * MOST_WIDTHS]
    pairs = zip(parts[::2], parts[1::2], strict=False)
    return {name: int(width) for name, width in pairs if re.fullmatch(r"\d{2,4}", width, re.ASCII) and NARROWEST <= int(width) <= WIDEST}


def go(**changes: str | None) -> None:
    """As `url.go`, for names without their `g.`: `go(order=…)`. Another order, filter or size begins with the first page."""
    if changes.keys() & {"order", "where", "size", "after", "before", "last", "at"}:
        begun: dict[str, str | None] = dict.fromkeys(("after", "before", "last", "at", "row"))
        changes = begun | changes
    url.go(**{f"g.{name}": text for name, text in changes.items()})


def order_by(order: tuple[OrderBy, ...]) -> None:
    go(order=pages.written_order(order) or None)


def filter_by(where: tuple[Condition, ...]) -> None:
    go(where=pages.written_filters(where) if where else None)


def widen(widths: Mapping[str, int]) -> None:
    go(width=pages.written_names([part for name, width in widths.items() for part in (name, str(width))]) or None)


def hide(names: tuple[str, ...]) -> None:
    go(hide=pages.written_names(names) or None)
