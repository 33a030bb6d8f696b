"""Choosing a table of the source: from a list, or by search where there are too many to send to a browser and to look through."""

from collections.abc import Callable

import streamlit as st

from nexus.sources import catalog
from nexus.sources.catalog import CatalogTable
from nexus.ui.builder import reach
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import Item
from nexus.ui.catalog_words import rows_of
from nexus.ui.forms import plain

MOST_LISTED = 300
"""Tables of a list that still opens and filters at once."""
MOST_FOUND = 12

Took = Callable[[Builder, Item, CatalogTable], None]
"""Puts the table that was chosen into the part."""


def choose_table(b: Builder, item: Item, label: str, *, took: Took) -> None:
    """The table that `item` names, and the way to another."""
    held = reach.full_name(item) if item.get("table") else None
    if len(b.tables) <= MOST_LISTED:
        _draw_list(b, item, label, held, took)
    else:
        _draw_search(b, item, label, held, took)


def _label(table: CatalogTable, *, with_schema: bool) -> str:
    name = f"{table.schema}.{table.name}" if with_schema else table.name
    about = table.kind if table.kind != "table" else rows_of(table)
    return f"{name} · {about}" if about else name


def _draw_list(b: Builder, item: Item, label: str, held: str | None, took: Took) -> None:
    several = len({table.schema for table in b.tables.values()}) > 1
    labels = {name: _label(table, with_schema=several) for name, table in b.tables.items()}
    options = [*labels, *([held] if held and held not in labels else [])]
    at = b.key(item, "table")
    st.selectbox(
        label,
        options,
        options.index(held) if held else None,
        lambda name: labels.get(name, f"{name} · gone"),
        at,
        on_change=_chose,
        args=(b, item, at, took),
        placeholder=f"Search {len(labels):,} tables",
        label_visibility="collapsed",
    )


def _chose(b: Builder, item: Item, at: str, took: Took) -> None:
    table = b.tables.get(st.session_state.get(at) or "")
    if table is not None:
        took(b, item, table)


def _draw_search(b: Builder, item: Item, label: str, held: str | None, took: Took) -> None:
    """Before anything is typed, the first tables are offered for the question itself alone."""
    at = b.key(item, "table-search")
    if held:
        st.markdown(f":material/table: **{plain(held)}**")
    words = st.text_input(
        f"{label}: search",
        key=at,
        placeholder=f"{'Another: search' if held else 'Search'} {len(b.tables):,} tables by name, column or comment",
        label_visibility="collapsed",
        max_chars=200,
    )
    if not words and (held or item is not b.form):
        return
    found = catalog.search_tables(b.source, reader=b.user, words=words, limit=MOST_FOUND + 1)
    if not found:
        st.caption("No table, column or comment matches. Try fewer letters.")
    for table in found[:MOST_FOUND]:
        st.button(
            plain(_label(table, with_schema=True)),
            key=f"{at}-{table.schema}.{table.name}",
            type="tertiary",
            icon=":material/table:",
            help=plain(table.comment) or None,
            on_click=_found,
            args=(b, item, table, at, took),
        )
    if len(found) > MOST_FOUND:
        st.caption(f"The first {MOST_FOUND}. Type more to find the others.")


def _found(b: Builder, item: Item, table: CatalogTable, at: str, took: Took) -> None:
    st.session_state[at] = ""
    took(b, item, table)
