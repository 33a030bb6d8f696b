"""The Table tab of a view: filters, the grid, and the line to walk through its pages."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.errors import NexusError
from nexus.sources.shortening import LONGEST
from nexus.sources.spec import QueryStopped, QueryTooSlow
from nexus.ui import grid, grid_address, url, view_filters, view_row, waiting
from nexus.ui.forms import plain, sentence
from nexus.ui.grid_address import Address
from nexus.ui.panels import provenance
from nexus.ui.view_head import FRESH, STATISTICS
from nexus.views import counting
from nexus.views.afresh import read_columns
from nexus.views.appearance import Format
from nexus.views.format import label
from nexus.views.page import SIZES, Page, WrongOrder, WrongPlace
from nexus.views.paging import PageOfRows, read_page
from nexus.views.question import OrderBy, every_filter
from nexus.views.reading import Reading
from nexus.views.service import OpenView

HEIGHT = 560
ROW, HEAD = 26, 30
COUNTED = "grid-counted"
"""In the session: what was counted exactly, and for which question."""


def draw_table_tab(user: User, opened: OpenView, values: Mapping[str, Any], said: Any) -> PageOfRows | None:
    """Draws, with how many rows there are on `said`, and returns the page of rows; none where there is only a sentence."""
    address = grid_address.read()
    for problem in address.problems:
        st.warning(sentence(problem), icon=":material/link_off:")
    slot_chips, slot, why = st.container(gap="small"), st.skeleton(height=HEIGHT), ""
    try:
        reading = read_columns(opened, reader=user, values=values)
        with slot_chips:
            view_filters.draw_filters(user, reading, address)
            beside = st.container()
        if waiting.cancelled("grid"):
            raise QueryStopped()
        why = _why_slow(reading, user, address.page)
        address, page = _read(user, opened, values, address, slot=slot, why=why, beside=beside)
    except QueryStopped as error:
        slot.info(sentence(error.message), icon=":material/stop_circle:")
        return None
    except NexusError as error:
        slot.error(sentence(error.message), icon=":material/error:")
        _draw_why(why if isinstance(error, QueryTooSlow) else "")
        return None
    _draw(slot, user, opened, values=values, address=address, page=page)
    _draw_pager(address, page, opened.view.formats)
    _draw_why(why)
    with said:
        _draw_count(user, opened, values, address, page)
    return page


def _draw_why(why: str) -> None:
    if why:
        st.caption(f":material/hourglass: {sentence(why)}")


def _why_slow(reading: Reading, user: User, page: Page) -> str:
    if not (page.order or reading.default or not reading.unique):
        return ""
    try:
        return counting.why_slow(reading, reader=user, page=page)
    except NexusError:
        return ""  # the question itself will say what is wrong with it


def _read(
    user: User, opened: OpenView, values: Mapping[str, Any], address: Address, *, slot: Any, why: str, beside: Any
) -> tuple[Address, PageOfRows]:
    """The page, and the address without what cannot be; `beside` says what that is."""
    fresh = bool(st.session_state.get(FRESH))
    wait = waiting.patience(slot, key="grid", why=why)

    def read(asked: Page) -> tuple[Address, PageOfRows]:
        page = read_page(opened, reader=user, values=values, page=asked, fresh=fresh, cancelled=wait)
        return replace(address, page=asked), page

    try:
        return read(address.page)
    except WrongOrder as error:
        beside.warning(sentence(f"{error.message} The rows are in their usual order."), icon=":material/link_off:")
        return read(address.page.moved(order=()))
    except WrongPlace as error:
        beside.warning(sentence(error.message), icon=":material/link_off:")
        return read(address.page.moved())


def _draw(slot: Any, user: User, opened: OpenView, *, values: Mapping[str, Any], address: Address, page: PageOfRows) -> None:
    with slot.container(key="grid-and-row"):
        body = st.container()
        # In the place of the button to cancel, which was drawn in this run, and would stay: browsers keep what is in a container.
        st.empty()
    with body:
        if not page.table.rows:
            _draw_empty(address)
        elif address.row is None:
            _draw_grid(user, opened, address, page)
        else:
            left, right = st.columns([5, 3], gap="medium")
            with left:
                _draw_grid(user, opened, address, page)
            with right, st.container(key="grid-row"):
                view_row.draw_row(user, opened, values, address.row, page)


def _draw_empty(address: Address) -> None:
    if address.page.where:
        st.info("No rows. Change the filters, or remove one.")
    elif not address.page.first:
        st.info("No rows here: this is past the last one. Go back to the first page.")
    else:
        st.info("No rows. Widen the filters, or clear them.")


def _draw_grid(user: User, opened: OpenView, address: Address, page: PageOfRows) -> None:
    view = opened.view
    shown = grid.shown_columns(page.table, page.names, view.formats, address.hidden)
    if len(shown) > grid.MOST_COLUMNS:
        st.caption(f"The first {grid.MOST_COLUMNS} of {len(shown):,} columns. Hide some to see the next, or open a row to see them all.")
    if page.shortened:
        st.caption(f"Values of more than {LONGEST:,} characters are cut here: a row with all of them is too big for a page.")
    grid.draw_grid(
        page.table,
        names=page.names,
        formats=view.formats,
        hidden=address.hidden,
        orderable=page.orderable,
        order=page.order,
        ordered=bool(address.page.order),
        filtered=frozenset(one.column for one in every_filter(address.page.where)),
        rows=page.rows,
        chosen=address.row,
        widths=address.widths,
        may_format=user.may(Permission.BUILD),
        height=min(HEIGHT, HEAD + ROW * len(page.table.rows) + 18),
        label=view.title,
        key="grid",
        act=lambda said: _act(said, address, page),
    )


def _act(said: Mapping[str, Any], address: Address, page: PageOfRows) -> None:
    """What a person chose in the grid, put into the address. A browser can say anything: names are looked up."""
    column, row = said.get("column"), said.get("row")
    if said["what"] == "row":
        if row in page.rows:
            grid_address.go(row=None if row == address.row else row)
        return
    if column not in page.names:
        return
    order = tuple(one for one in address.page.order if one.column != column)
    match said["what"]:
        case "sort":
            grid_address.order_by((OrderBy(column=column, descending=said.get("descending") is True),))
        case "then":
            before = order or tuple(one for one in page.order if one.column != column)
            grid_address.order_by((*before[:4], OrderBy(column=column)))
        case "unsort":
            grid_address.order_by(order)
        case "filter":
            view_filters.open_editor(column)
        case "width":
            width = said.get("width")
            if type(width) is int and grid_address.NARROWEST <= width <= grid_address.WIDEST:
                grid_address.widen(dict(address.widths) | {column: width})
        case "hide":
            grid_address.hide((*address.hidden, column))
        case "statistics":
            url.go(**{"show": STATISTICS, grid_address.COLUMN: column})
            st.session_state["show"] = STATISTICS
        case "format":
            url.go(edit="1")


# --- pages ------------------------------------------------------------------------------------------------


def _draw_pager(address: Address, page: PageOfRows, formats: Mapping[str, Format]) -> None:
    first = address.page.first
    if first and page.next is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="grid-pager"):
        _turn("first", ":material/first_page:", disabled=first or page.previous is None, changes={})
        _turn("previous", ":material/chevron_left:", disabled=page.previous is None, changes={"before": page.previous})
        _turn("next", ":material/chevron_right:", disabled=page.next is None, changes={"after": page.next}, after=True)
        _turn("last", ":material/last_page:", disabled=page.next is None, changes={"last": "1"}, after=True)
        if first_by := page.begins_at:
            _draw_jump(address, page, first_by, formats)
        st.selectbox(
            "Rows on a page",
            SIZES,
            SIZES.index(address.page.size) if address.page.size in SIZES else 2,
            lambda size: f"{size} rows",
            key=f"grid-size-{address.page.size}",
            label_visibility="collapsed",
            width=110,
            on_change=lambda: grid_address.go(size=str(st.session_state[f"grid-size-{address.page.size}"])),
        )
    if page.note:
        st.caption(sentence(page.note))


def _turn(name: str, icon: str, *, disabled: bool, changes: dict[str, str | None], after: bool = False) -> None:
    st.button(
        name,
        key=f"grid-{name}",
        icon=icon,
        icon_position="right" if after else "left",
        type="tertiary",
        disabled=disabled,
        on_click=lambda: grid_address.go(**(changes or {"after": None})),
    )


def _draw_jump(address: Address, page: PageOfRows, name: str, formats: Mapping[str, Format]) -> None:
    column = next((one for one, called in zip(page.table.columns, page.names, strict=True) if called == name), None)
    words = label(column, formats.get(column.name)) if column else name

    def jump() -> None:
        text = str(st.session_state.get("grid-jump") or "").strip()
        if text:
            grid_address.go(at=text[:200])

    st.text_input(
        f"Jump to a value of {plain(words)}",
        "",
        key="grid-jump",
        label_visibility="collapsed",
        width=190,
        on_change=jump,
        placeholder=f"jump to {words} …"[:40],
    )
    if address.page.at is not None:
        st.caption(f"from {plain(address.page.at)} on")


def _provenance(address: Address, page: PageOfRows) -> str:
    """Complete is only what is all there is."""
    whole = address.page.first and page.next is None
    return provenance(page.table) if whole else provenance(page.table).replace(" · complete", " on this page")


# --- how many ---------------------------------------------------------------------------------------------


def _draw_count(user: User, opened: OpenView, values: Mapping[str, Any], address: Address, page: PageOfRows) -> None:
    key = (opened.view.name, opened.version, repr(values), repr(address.page.where))
    st.html(f'<span class="nexus-foot">{_provenance(address, page)}</span>', width="content")
    if address.page.first and page.next is None and not page.table.truncated:
        return
    counted = st.session_state.get(COUNTED)
    if counted and counted[0] == key:
        st.caption(f"{counted[1]:,} rows in all", width="content")
        return
    slot = st.empty()
    pressed = st.button("count exactly", key="grid-count", type="tertiary")
    try:
        if pressed:
            total = counting.count_rows(
                opened, reader=user, values=values, where=address.page.where, cancelled=waiting.patience(slot, key="count")
            )
            st.session_state[COUNTED] = (key, total)
            st.rerun()
        about = counting.about_rows(page.reading, reader=user, where=address.page.where)
        slot.caption(f"about {counting.rounded(about)} rows in all", width="content")
    except NexusError as error:
        slot.caption(f":material/error: {sentence(error.message)}", width="content")
