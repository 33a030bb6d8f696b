"""One row at the side of the grid: every value whole, and the rows that belong to it."""

import html
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from nexus.accounts.spec import Permission, User
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources.spec import Column, Source, Table
from nexus.ui import grid_address, waiting, when
from nexus.ui.catalog_words import address
from nexus.ui.forms import plain, sentence
from nexus.ui.grid import cut
from nexus.views import format as formats_of
from nexus.views import rows
from nexus.views.appearance import Format
from nexus.views.page import written_filters
from nexus.views.paging import PageOfRows
from nexus.views.rows import Related, WholeRow, find_row
from nexus.views.service import OpenView
from nexus.views.spec import View

LONGEST = 20_000
"""Characters of one value that the panel shows."""
MOST_COLUMNS = 6
"""Of a related table."""


def draw_row(user: User, opened: OpenView, values: Mapping[str, Any], row: str, page: PageOfRows) -> None:
    _draw_head(row, page)
    try:
        whole = find_row(opened, reader=user, values=values, row=row)
        st.html(_markup(whole, opened.view.formats))
        _draw_related(user, opened, whole)
    except NexusError as error:
        st.info(sentence(error.message))


def _draw_head(row: str, page: PageOfRows) -> None:
    at = page.rows.index(row) if row in page.rows else None
    before = page.rows[at - 1] if at else None
    after = page.rows[at + 1] if at is not None and at + 1 < len(page.rows) else None
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="row-head"):
        st.subheader("Row", anchor=False, width="content")
        st.space("stretch")
        st.button(
            "Row before", key="icon-row-up", icon=":material/keyboard_arrow_up:", disabled=before is None, on_click=_go, args=(before,)
        )
        st.button(
            "Row after", key="icon-row-down", icon=":material/keyboard_arrow_down:", disabled=after is None, on_click=_go, args=(after,)
        )
        st.button("Close", key="icon-row-close", icon=":material/close:", on_click=_go, args=(None,))


def _go(row: str | None) -> None:
    grid_address.go(row=row)


def _markup(whole: WholeRow, formats: Mapping[str, Format]) -> str:
    zone = when.zone()

    def line(name: str, column: Column, value: Any, style: Format | None) -> str:
        label = style.label if style and style.label else name
        text = cut(formats_of.text(value, style, column, zone=zone), LONGEST)
        quiet = ' class="quiet"' if value is None or value == "" else ""
        shown = html.escape(text) if value != "" else "empty"
        if style and style.style == "link" and text.lower().startswith(("http://", "https://")):
            shown = f'<a href="{html.escape(text)}" target="_blank" rel="noopener noreferrer nofollow">{shown}</a>'
        return f'<dt title="{html.escape(column.type_name)}">{html.escape(label)}</dt><dd{quiet}>{shown}</dd>'

    own = [
        line(name, column, value, formats.get(column.name))
        for name, column, value in zip(whole.names, whole.columns, whole.cells, strict=True)
    ]
    others = [line(column.name, column, value, None) for column, value in whole.others]
    more = f"<h4>Also in {html.escape(whole.table.name)}</h4><dl>{''.join(others)}</dl>" if others and whole.table else ""
    return f'<div class="nexus-row"><dl>{"".join(own)}</dl>{more}</div>'


def _draw_related(user: User, opened: OpenView, whole: WholeRow) -> None:
    if not whole.related:
        return
    with transaction() as session:
        known = rows.views_by_table(session, reader=user, source=opened.source)
    for number, related in enumerate(whole.related):
        _draw_one(user, opened, related, known.get((related.schema, related.table), [])[:3], number)


def _draw_one(user: User, opened: OpenView, related: Related, known: list[View], number: int) -> None:
    """A few of the rows for those who build; for others the way to them, where a view shows them."""
    words = (
        f"{related.table}, by {', '.join(related.through)}"
        if related.outgoing
        else f"{related.table} with this {', '.join(related.columns)}"
    )
    if not user.may(Permission.BUILD):
        if known:
            st.html(f'<div class="nexus-row"><h4>{html.escape(words)}</h4>{_links(related, known)}</div>')
        return
    slot = st.empty()
    try:
        found = rows.related_rows(opened.source, reader=user, related=related, cancelled=waiting.patience(slot, key=f"related-{number}"))
    except NexusError as error:
        slot.caption(f"{plain(words)}: {sentence(error.message)}")
        return
    count = f"more than {found.count:,}" if found.more else f"{found.count:,}"
    head = f"<h4>{html.escape(words)}{'' if related.outgoing else f' <span>{count}</span>'}</h4>"
    if not found.table.rows:
        slot.html(f'<div class="nexus-row">{head}<p class="quiet">none</p></div>')
        return
    slot.html(
        f'<div class="nexus-row">{head}<div class="wide" tabindex="0" role="region" aria-label="{html.escape(words)}">'
        f"{_table(found.table)}</div>{_links(related, known, opened.source)}</div>"
    )


def _links(related: Related, known: list[View], source: Source | None = None) -> str:
    """To the views that show these rows, and for those who build, with `source`, to the table, of which a view can be made."""
    links = []
    for view in known:
        query = urlencode({"name": view.name, grid_address.WHERE: written_filters(related.where)})
        links.append(f'<a href="/view?{html.escape(query)}" target="_self">{html.escape(view.title)}</a>')
    if source is not None:
        query = urlencode(address(source, related.schema, related.table))
        links.append(f'<a href="/table?{html.escape(query)}" target="_self">the table {html.escape(related.table)}</a>')
    return f"<p>Open {'in ' if known else ''}{', '.join(links)}</p>" if links else ""


def _table(table: Table) -> str:
    zone = when.zone()
    heads = "".join(f'<th scope="col">{html.escape(column.name)}</th>' for column in table.columns[:MOST_COLUMNS])

    def cell(value: Any, column: Column) -> str:
        return f"<td>{html.escape(cut(formats_of.text(value, None, column, zone=zone), 60))}</td>"

    body = "".join(
        f"<tr>{''.join(cell(value, column) for value, column in zip(one[:MOST_COLUMNS], table.columns, strict=False))}</tr>"
        for one in table.rows
    )
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
