"""The rows behind a panel or a mark of it, in a dialog: page by page, as a file, and as the query."""

from dataclasses import dataclass

import streamlit as st

from nexus.dashboards.behind import RowsBehind, rows_behind
from nexus.dashboards.spec import DataPanel
from nexus.sources.spec import Table
from nexus.ui import tables, url, viewing
from nexus.ui.board import Board
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown
from nexus.views.excerpt import words
from nexus.views.page import Page, WrongPlace
from nexus.views.paging import PageOfRows, read_page
from nexus.views.question import Condition

SIZE, HEIGHT = 100, 360


@dataclass(frozen=True)
class Meant:
    """Of which mark, as conditions over the panel's columns, and of which figure; nothing means the whole panel."""

    only: tuple[Condition, ...] = ()
    figure: str | None = None


def begin(panel: DataPanel) -> None:
    """The dialog opens with the first page."""
    st.session_state.pop(_key(panel), None)


def draw_rows_behind(board: Board, panel: DataPanel, table: Table, meant: Meant) -> None:
    """`table` is what the panel shows."""
    with errors_shown():
        found = rows_behind(
            board.opened,
            panel,
            reader=board.user,
            values=board.values,
            picks=board.picks,
            table=table,
            only=meant.only,
            figure=meant.figure,
        )
        said = [words(one) for one in found.where]
        if said:
            st.caption(plain(" · ".join(said)))
        if found.problem:
            st.caption(f":material/info: {sentence(found.problem)}")
        _draw(board, panel, table if not found.made and not meant.only else None, found)


def _draw(board: Board, panel: DataPanel, table: Table | None, found: RowsBehind) -> None:
    """`table` are all rows, where the panel has them; else they are read page by page."""
    view = found.opened.view
    label = f"Rows of {panel.title or view.title}"
    page = None if table else _page(board, panel, found)
    shown = table or (page.table if page else None)
    if shown is None:
        return
    if shown.rows:
        tables.draw_table(st, shown, formats=view.formats, height=min(HEIGHT, tables.height_of(shown)), label=label)
    else:
        st.caption("No rows. Widen the filters, or clear them.")
    more = found.address
    with st.container(horizontal=True, vertical_alignment="center"):
        if page:
            _draw_pager(panel, page)
        if board.user.looked_at_by is None:
            file = url.link(f"/views/{view.name}.csv", view.parameters, found.values, **more)
            st.link_button("Download CSV", file, icon=":material/download:")
        page_of_view = url.page("/view", view.parameters, found.values, name=view.name, **more, **viewing.kept())
        st.link_button("Open view", page_of_view, icon=":material/table:")
    st.code(shown.query.sql.strip(), language="sql", wrap_lines=True, height=200)


def _page(board: Board, panel: DataPanel, found: RowsBehind) -> PageOfRows:
    first = Page(where=found.where, size=SIZE)
    place = st.session_state.get(_key(panel)) or {}
    try:
        return read_page(found.opened, reader=board.user, values=found.values, page=first.moved(**place))
    except WrongPlace:
        return read_page(found.opened, reader=board.user, values=found.values, page=first)


def _draw_pager(panel: DataPanel, page: PageOfRows) -> None:
    if page.previous is None and page.next is None:
        return
    for label, icon, place in (("Previous", "chevron_left", {"before": page.previous}), ("Next", "chevron_right", {"after": page.next})):
        (where,) = place.values()
        key = f"behind-{label.lower()}-{panel.name}"
        st.button(label, icon=f":material/{icon}:", key=key, disabled=where is None, on_click=_go, args=(panel, place))


def _go(panel: DataPanel, place: dict[str, str | None]) -> None:
    st.session_state[_key(panel)] = place


def _key(panel: DataPanel) -> str:
    return f"behind-place-{panel.name}"
