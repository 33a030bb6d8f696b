"""The catalog beside the editor: tables to search, and a click that writes a name."""

import re

import streamlit as st

from nexus.accounts.spec import User
from nexus.errors import NexusError
from nexus.sources import catalog
from nexus.sources.catalog import CatalogTable, quoted
from nexus.sources.spec import Source
from nexus.ui.forms import plain, sentence
from nexus.ui.sql_editor.bench import Bench

MOST = 40
MOST_COLUMNS = 100
MOST_WRITTEN = 30
"""Columns that a first statement names."""


def draw_catalog(bench: Bench) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        words = st.text_input("Tables and columns", key=f"{bench.scope}-tables", placeholder="Search", width="stretch")
        fresh = st.button("Read anew", key=f"{bench.scope}-anew", icon=":material/refresh:", help="Read the catalog anew", type="tertiary")
    try:
        if fresh:
            catalog.catalog(bench.source, reader=bench.user, fresh=True)
        found = catalog.search_tables(bench.source, reader=bench.user, words=words or "", limit=MOST + 1)
    except NexusError as error:
        st.caption(sentence(error.message))
        return
    if not found:
        st.caption("No table or column is called so." if words else "This source holds no table that Nexus may read.")
    with st.container(height=420, border=False, gap="xsmall", key="sql-tables"):
        for table in found[:MOST]:
            _draw_table(bench, table, open_=len(found) == 1)
    if len(found) > MOST:
        st.caption(f"The first {MOST}. Search for the others.")


def _draw_table(bench: Bench, table: CatalogTable, *, open_: bool) -> None:
    key = f"{bench.scope}-table-{table.schema}.{table.name}"
    with st.expander(plain(f"{table.schema}.{table.name}"), key=key, expanded=open_, on_change="rerun") as expander:
        pass
    if not (expander.open or open_):
        return
    with expander:
        name = f"{name_of(table.schema)}.{name_of(table.name)}"
        rows = f", about {table.estimated_rows:,} rows" if table.estimated_rows is not None else ""
        st.caption(f"{table.kind.capitalize()}{rows}" + (f". {plain(table.comment)}" if table.comment else ""))
        _insert(bench, f"{key}-name", f"Insert {name}", name, icon=":material/input:")
        for column in table.columns[:MOST_COLUMNS]:
            mark = " :material/key:" if column.key else ""
            label = f"{plain(column.name)} :small[{plain(column.type_name)}]{mark}"
            _insert(bench, f"{key}-{column.name}", label, name_of(column.name), help_=column.comment)


def _insert(bench: Bench, key: str, label: str, name: str, *, icon: str | None = None, help_: str = "") -> None:
    st.button(label, key=key, type="tertiary", icon=icon, help=plain(help_) or None, on_click=bench.insert_name, args=(name,))


def name_of(name: str) -> str:
    """A name as it is written in SQL: quoted where it must be."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) else quoted(name)


def statement_of(source: Source, schema: str, name: str, *, reader: User) -> str:
    """A first statement over a table, to go on from: its columns, or `*` where there are many or they cannot be told."""
    try:
        table = catalog.find_table(source, reader=reader, schema=schema, name=name)
    except NexusError:
        table = None
    columns = [name_of(column.name) for column in table.columns] if table else []
    chosen = ",\n    ".join(columns) if 0 < len(columns) <= MOST_WRITTEN else "*"
    return f"select\n    {chosen}\nfrom {name_of(schema)}.{name_of(name)}"
