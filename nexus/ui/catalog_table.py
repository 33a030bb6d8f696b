"""The page of one table: what it is, its columns, keys and indexes, its first rows, and what can be made of it."""

import html
from pathlib import Path

import streamlit as st

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.sources import catalog
from nexus.sources.catalog import MOST_SAMPLED, CatalogColumn, CatalogTable, Detail, ForeignKey
from nexus.sources.spec import Source
from nexus.ui import cells, here, tables
from nexus.ui.catalog_words import address, rows_of, size_of
from nexus.ui.forms import plain, sentence
from nexus.ui.page import errors_shown
from nexus.ui.panels import provenance
from nexus.ui.view_drafts import fresh
from nexus.views import reads

STYLE = Path(__file__).parent / "static" / "catalog.css"
MOST_COLUMNS = 200
"""Columns that are drawn at once."""
SEARCHED_FROM = 30
"""Columns from which on they can be searched."""
MOST_LINKS = 30
LONGEST_DEFAULT = 120


def draw_table_page(user: User, source: Source, schema: str, name: str) -> None:
    """Raises TableNotFound, and what the source raises that cannot be reached."""
    require(user, Permission.BUILD)
    st.html(STYLE)
    here.follow("pages/table.py")
    st.page_link("pages/data.py", label=f"{plain(source.title)}", icon=":material/arrow_back:", query_params=_place(source, schema))
    table = catalog.describe_table(source, reader=user, schema=schema, name=name)
    _draw_head(source, table)
    st.subheader(f"Columns :small[{len(table.columns):,}]", anchor=False)
    st.fragment(_draw_columns, key="table-columns")(table)
    left, right = st.columns(2, gap="medium")
    with left:
        _draw_keys(source, table)
    with right:
        _draw_indexes(table)
        _draw_views(user, source, table)
    st.subheader("First rows", anchor=False)
    st.fragment(_draw_rows, key="table-rows", parallel=True)(user, source, table)


def _place(source: Source, schema: str) -> dict[str, str | list[str]]:
    """Where the table stands in the tree."""
    return {"list": "Sources", "open": [source.name, f"{source.name}/{schema}"]}


def _draw_head(source: Source, table: CatalogTable) -> None:
    query = address(source, table.schema, table.name)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="table-head"):
        st.title(plain(table.name), anchor=False, width="content")
        st.space("stretch")
        written = st.button("Write SQL", icon=":material/code:", key="table-sql")
        built = st.button("New view of this table", icon=":material/add:", type="primary", key="table-view")
    if built or written:
        st.switch_page("pages/view.py", query_params={"new": "sql" if written else "table", "draft": fresh(), **query})
    size = table.detail.size_bytes if table.detail else None
    about = (
        table.kind.capitalize(),
        f"in the schema {plain(table.schema)}",
        rows_of(table),
        f"{size_of(size)} with its indexes" if size is not None else "",
    )
    st.caption(" · ".join(part for part in about if part))
    if table.comment:
        st.markdown(plain(table.comment))


# --- columns ----------------------------------------------------------------------------------------------


def _draw_columns(table: CatalogTable) -> None:
    words = ""
    if len(table.columns) > SEARCHED_FROM:
        words = st.text_input(
            "Search columns", key="table-search", placeholder="Name, type or comment", label_visibility="collapsed", max_chars=200
        )
    wanted = words.casefold().split()
    found = [column for column in table.columns if all(word in _text(column) for word in wanted)]
    if not found:
        st.caption(f"No column matches “{plain(words)}”.")
        return
    st.html(_columns(found[:MOST_COLUMNS], table))
    if len(found) > MOST_COLUMNS:
        st.caption(f"The first {MOST_COLUMNS} of {len(found):,}. Search to narrow them.")


def _text(column: CatalogColumn) -> str:
    return f"{column.name} {column.type_name} {column.comment}".casefold()


def _columns(columns: list[CatalogColumn], table: CatalogTable) -> str:
    defaults = table.detail.defaults if table.detail else {}
    away = {name for key in table.foreign_keys for name in key.columns}
    heads = [("Column", True), ("Type", True), ("Key", True), ("May be empty", True)]
    heads += [("Default", bool(defaults)), ("Comment", any(column.comment for column in columns))]
    head = "".join(f'<th scope="col" class="nexus-left">{title}</th>' for title, shown in heads if shown)
    lines = []
    for column in columns:
        keys = ", ".join(word for word, is_so in (("primary", column.key), ("foreign", column.name in away)) if is_so)
        values = [column.type_name, keys, "yes" if column.nullable else "no", _short(defaults.get(column.name, "")), column.comment]
        parts = "".join(
            f'<td class="nexus-left{" nexus-comment" if title == "Comment" else ""}">{html.escape(value)}</td>'
            for value, (title, shown) in zip(values, heads[1:], strict=True)
            if shown
        )
        lines.append(f'<tr><th scope="row">{html.escape(column.name)}</th>{parts}</tr>')
    inside = f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return f'<div class="nexus-columns">{cells.boxed(inside, label=f"Columns of {table.name}", height=420)}</div>'


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_DEFAULT else f"{text[: LONGEST_DEFAULT - 1]}…"


# --- keys, indexes, views ---------------------------------------------------------------------------------


def _draw_keys(source: Source, table: CatalogTable) -> None:
    st.subheader("Keys", anchor=False)
    if not (table.primary_key or table.foreign_keys or table.referenced_by):
        st.caption("It has no key that Nexus may read.")
    if table.primary_key:
        st.markdown(f"Primary key: **{plain(', '.join(table.primary_key))}**")
    _draw_links(source, "Points to", table.foreign_keys)
    _draw_links(source, "Pointed to by", table.referenced_by)


def _draw_links(source: Source, title: str, keys: tuple[ForeignKey, ...]) -> None:
    if not keys:
        return
    lines = []
    for key in keys[:MOST_LINKS]:
        mine, theirs = ", ".join(key.columns), ", ".join(key.other_columns)
        href = here.address("/table", address(source, key.schema, key.table))
        name, pairs = html.escape(f"{key.schema}.{key.table}"), html.escape(f"by {mine}" if mine == theirs else f"{mine} = {theirs}")
        lines.append(f'<li><a class="nexus-here" href="{href}" target="_self">{name}</a> <small>{pairs}</small></li>')
    st.caption(title if len(keys) <= MOST_LINKS else f"{title} (the first {MOST_LINKS} of {len(keys):,})")
    st.html(f'<ul class="nexus-indexes nexus-links">{"".join(lines)}</ul>')


def _draw_indexes(table: CatalogTable) -> None:
    detail = table.detail or Detail(None, {}, ())
    if table.kind in ("view", "foreign table"):
        return
    st.subheader("Indexes", anchor=False)
    if not detail.indexes:
        st.caption("None. Sorting and filtering read the whole table.")
        return
    lines = []
    for index in detail.indexes[:MOST_LINKS]:
        kinds = (("primary key", index.primary), ("unique", index.unique and not index.primary), ("not valid", not index.valid))
        notes = ", ".join(word for word, is_so in kinds if is_so)
        lines.append(f"<li><code>{html.escape(index.definition)}</code>{f' <small>{notes}</small>' if notes else ''}</li>")
    st.html(f'<ul class="nexus-indexes">{"".join(lines)}</ul>')
    if len(detail.indexes) > MOST_LINKS:
        st.caption(f"The first {MOST_LINKS} of {len(detail.indexes):,}.")


def _draw_views(user: User, source: Source, table: CatalogTable) -> None:
    with transaction() as session:
        found = reads.views_of_table(session, reader=user, source=source.name, schema=table.schema, table=table.name)
    st.subheader("Views of it", anchor=False)
    if not found:
        st.caption("No view reads this table yet. Make the first one with “New view of this table”.")
        return
    with st.container(gap="xsmall", key="rows-views"):
        for view in found[:MOST_LINKS]:
            st.page_link("pages/view.py", label=plain(view.title), icon=":material/article:", query_params={"name": view.name})
        if len(found) > MOST_LINKS:
            st.caption(f"The first {MOST_LINKS} of {len(found):,}.")


# --- rows -------------------------------------------------------------------------------------------------


def _draw_rows(user: User, source: Source, table: CatalogTable) -> None:
    with errors_shown(where="rows of a table", user=user):
        try:
            rows = catalog.sample_rows(source, reader=user, table=table)
        except NexusError as error:
            st.error(sentence(error.message), icon=":material/error:")
            return
        if not rows.rows:
            st.caption("It has no rows, or none that you may see.")
            return
        if len(table.columns) > MOST_SAMPLED:
            st.caption(f"The first {MOST_SAMPLED} of {len(table.columns):,} columns.")
        tables.draw_table(st, rows, formats={}, height=tables.height_of(rows), label=f"First rows of {table.name}")
        st.html(f'<div class="nexus-foot">{provenance(rows)}</div>')
