"""The sources as a tree: source, schemas, tables with their size and comment; with search over names, columns and comments.

Only what is open is read and drawn. What is open is in the address: `&open=<source>` and `&open=<source>/<schema>`.
"""

from collections.abc import Iterable
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import streamlit as st

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.sources import catalog
from nexus.sources import service as sources
from nexus.sources.catalog import Catalog, CatalogTable
from nexus.sources.spec import Source
from nexus.ui import url, when
from nexus.ui.catalog_words import ICONS, address, rows_of
from nexus.ui.forms import empty, plain
from nexus.ui.page import errors_shown

STYLE = Path(__file__).parent / "static" / "catalog.css"
OPEN = "open"
MOST = 50
"""Tables that are drawn of one schema, or found in one source."""
MOST_SCHEMAS = 30
MOST_MATCHES = 5


def draw_tree(user: User, search: str) -> None:
    """Every source, each read on its own thread: one that is slow or dead holds up no other."""
    require(user, Permission.BUILD)
    with transaction() as session:
        known = sources.all_sources(session, reader=user)
    if not known:
        words = (
            "connect one in Settings, under Sources." if user.may(Permission.ADMINISTER) else "an administrator connects one in Settings."
        )
        empty(f"There is no source yet: {words} Its tables then stand here.")
        return
    st.html(STYLE)
    for source in known:
        opened = bool(search) or len(known) == 1 or source.name in _opened()
        key = f"tree-{source.name}{'-found' if search else ''}"
        with st.container(key=f"{key}-box", gap="xsmall"):
            st.fragment(_draw_source, parallel=True, key=key)(user, source, search, key, opened)


def _opened() -> list[str]:
    return st.query_params.get_all(OPEN)


def _toggle(node: str, key: str) -> None:
    """Put what was opened or closed into the address."""
    kept = [one for one in _opened() if one != node]
    if st.session_state[key]:
        kept.append(node)
    url.put({name: texts for name, texts in url.given().items() if name != OPEN} | ({OPEN: kept} if kept else {}))


def _draw_source(user: User, source: Source, search: str, key: str, opened: bool) -> None:
    title, icon = f"**{plain(source.title)}**", ":material/database:"
    act: Any = "rerun" if search else _toggle
    with st.expander(title, opened, key=key, icon=icon, on_change=act, args=None if search else (source.name, key)) as expander:
        if not expander.open:
            return
        with errors_shown(where="tree of sources", user=user):
            if source.description:
                st.caption(plain(source.description))
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                told = st.empty()
                fresh = st.button("Refresh", key=f"{key}-fresh", icon=":material/refresh:", type="tertiary")
            known = catalog.catalog(source, reader=user, fresh=fresh)
            told.caption(_about(known), width="stretch")
            if search:
                _draw_found(user, source, search)
            else:
                _draw_schemas(source, known, key)


def _about(known: Catalog) -> str:
    count = len(known.tables)
    tables = "1 table" if count == 1 else f"{'the first ' if known.truncated else ''}{count:,} tables"
    read = f"read {known.read_at.astimezone(when.zone()):%H:%M}"
    more = ". There are more than Nexus keeps: the others open by their address" if known.truncated else ""
    return f"{tables} · {read}{more}"


def _draw_found(user: User, source: Source, search: str) -> None:
    found = catalog.search_tables(source, reader=user, words=search, limit=MOST + 1)
    if not found:
        st.caption(f"No table, column or comment matches “{plain(search)}”.")
        return
    words = search.casefold().split()
    _draw_tables(source, found[:MOST], words=words, in_schema=False)
    if len(found) > MOST:
        st.caption(f"The first {MOST}. Search for more words to narrow them.")


def _draw_schemas(source: Source, known: Catalog, key: str) -> None:
    if not known.tables:
        st.caption("The role of this source may read no table. An administrator grants it USAGE on a schema and SELECT on its tables.")
        return
    schemas = [(schema, list(tables)) for schema, tables in groupby(known.tables, lambda table: table.schema)]
    for schema, tables in schemas[:MOST_SCHEMAS]:
        _draw_schema(source, schema, tables, f"{key}/{schema}", opened=len(schemas) == 1)
    if len(schemas) > MOST_SCHEMAS:
        st.caption(f"The first {MOST_SCHEMAS} of {len(schemas):,} schemas. Search to find the others.")


def _draw_schema(source: Source, schema: str, tables: list[CatalogTable], key: str, *, opened: bool) -> None:
    node = f"{source.name}/{schema}"
    label = f"{plain(schema)} :small[{len(tables):,}]"
    with st.expander(label, opened or node in _opened(), key=key, type="compact", on_change=_toggle, args=(node, key)) as expander:
        if expander.open:
            _draw_tables(source, tables[:MOST])
            if len(tables) > MOST:
                st.caption(f"The first {MOST} of {len(tables):,}. Search to narrow them.")


def _draw_tables(source: Source, tables: Iterable[CatalogTable], *, words: list[str] | None = None, in_schema: bool = True) -> None:
    for table in tables:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            name = table.name if in_schema else f"{table.schema}.{table.name}"
            icon = f":material/{ICONS.get(table.kind, 'table')}:"
            query = address(source, table.schema, table.name)
            st.page_link("pages/table.py", label=plain(name), icon=icon, query_params=query, width="content")
            st.caption(_line(table, words or []), width="stretch")


def _line(table: CatalogTable, words: list[str]) -> str:
    kind = "" if table.kind == "table" else table.kind
    matches = list(islice((column.name for column in table.columns if _matches(f"{column.name} {column.comment}", words)), MOST_MATCHES))
    columns = f"column{'s' if len(matches) > 1 else ''} {', '.join(map(plain, matches))}" if matches else ""
    return " · ".join(part for part in (kind, rows_of(table), columns, plain(table.comment)) if part)


def _matches(text: str, words: list[str]) -> bool:
    return any(word in text.casefold() for word in words)
