"""The table that a question is about, and the tables joined to it."""

from collections.abc import Iterator
from dataclasses import dataclass

import streamlit as st

from nexus.sources.catalog import CatalogTable
from nexus.ui.builder import form as fields
from nexus.ui.builder import reach
from nexus.ui.builder.choosing import choose_table
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import Item, Items, items, new_id
from nexus.ui.forms import plain
from nexus.ui.page import errors_shown

KINDS = {"left": "Keep all rows", "inner": "Only rows with a match"}
MOST_OFFERED = 12


def draw_table(b: Builder) -> None:
    """Which table. Another one drops what spoke of the columns of the former."""
    held = reach.full_name(b.form) if b.form.get("table") else None
    choose_table(b, b.form, "Table", took=_took_table)
    st.button(
        "Read the tables anew",
        key=f"{b.editing.scope}-anew",
        icon=":material/refresh:",
        type="tertiary",
        help="For a table or column that was added within the last minutes.",
        on_click=_read_anew,
        args=(b,),
    )
    table = b.tables.get(held or "")
    if table and table.comment:
        st.caption(plain(table.comment))
    if held and table is None:
        st.warning(f"The table {plain(held)} is gone, or the source may not read it any more. Choose another.")


def _read_anew(b: Builder) -> None:
    with errors_shown(where="builder", user=b.user):
        b.tables = reach.tables_of(b.source, reader=b.user, fresh=True)


def _took_table(b: Builder, form: Item, table: CatalogTable) -> None:
    for name in [name for name in form if name not in ("kind", "id")]:
        del form[name]
    form |= {"schema": table.schema, "table": table.name}
    b.editing.content.pop("chart", None)
    b.editing.keep()


# --- joins ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Offer:
    """A join that the keys of the tables suggest: of `origin` (None is the question's table) to `table`, by pairs of columns."""

    origin: str | None
    table: CatalogTable
    pairs: tuple[tuple[str, str], ...]
    many: bool
    """Several rows may match, so rows can come more than once."""

    @property
    def words(self) -> str:
        on = " and ".join(mine if mine == theirs else f"{mine} = {theirs}" for mine, theirs in self.pairs)
        return f"{self.table.name} on {f'{self.origin}: ' if self.origin else ''}{on}"


def offers(form: Item, tables: reach.Tables) -> list[Offer]:
    """What can be joined with one click: along foreign keys, and to tables whose whole key stands in a table that is there."""
    found: dict[tuple[str | None, str, tuple[tuple[str, str], ...]], Offer] = {}
    done = {
        (join.get("table"), tuple((pair.get("column"), pair.get("equals")) for pair in join.get("on") or []))
        for join in form.get("joins") or []
    }
    for origin, table in _present(form, tables):
        for offer in (*_by_keys(origin, table, tables), *_by_names(origin, table, tables), *_from_outside(origin, table, tables)):
            if (offer.table.name, offer.pairs) not in done:
                found.setdefault((origin, offer.table.name, offer.pairs), offer)
    return list(found.values())


def _present(form: Item, tables: reach.Tables) -> Iterator[tuple[str | None, CatalogTable]]:
    places = [(None, form), *((reach.alias(join), join) for join in form.get("joins") or [] if not join.get("off"))]
    for origin, item in places:
        table = tables.get(reach.full_name(item))
        if table:
            yield origin, table


def _by_keys(origin: str | None, table: CatalogTable, tables: reach.Tables) -> Iterator[Offer]:
    for key in table.foreign_keys:
        other = tables.get(f"{key.schema}.{key.table}")
        if other:
            yield Offer(origin, other, tuple(zip(key.columns, key.other_columns, strict=True)), many=False)


def _by_names(origin: str | None, table: CatalogTable, tables: reach.Tables) -> Iterator[Offer]:
    """Tables of the schema whose whole primary key stands here under the same names; a lone `id` says nothing."""
    kinds = {column.name: column.kind for column in table.columns}
    for other in tables.values():
        key = other.primary_key
        if other is table or other.schema != table.schema or not key or key == ("id",) or not kinds.keys() >= set(key):
            continue
        if all(known is not None and kinds[name] == known.kind for name in key for known in [other.column(name)]):
            yield Offer(origin, other, tuple((name, name) for name in key), many=False)


def _from_outside(origin: str | None, table: CatalogTable, tables: reach.Tables) -> Iterator[Offer]:
    for key in table.referenced_by:
        other = tables.get(f"{key.schema}.{key.table}")
        if other:
            yield Offer(origin, other, tuple(zip(key.columns, key.other_columns, strict=True)), many=True)


def draw_joins(b: Builder) -> None:
    found = items(b.form, "joins")
    for item in list(found):
        _draw_join(b, found, item)
    offered = offers(b.form, b.tables)[:MOST_OFFERED]
    if offered:
        with st.container(horizontal=True, gap="small", key="offered"):
            for number, offer in enumerate(offered):
                st.button(
                    plain(offer.words),
                    key=f"{b.editing.scope}-offer-{len(found)}-{number}",
                    icon=":material/add:",
                    help="Several of its rows may match one, which then comes as often" if offer.many else None,
                    on_click=_join,
                    args=(b, found, offer),
                )
    fields.add_button(b, "Join another table", found, {"on": [{"id": new_id()}]}, key="join")


def _join(b: Builder, found: Items, offer: Offer) -> None:
    of = {"of": offer.origin} if offer.origin else {}
    item: Item = {"schema": offer.table.schema, "table": offer.table.name}
    item |= _named(b, offer.table.name)
    fields.add(b, found, item | {"on": [{"id": new_id(), "column": mine, **of, "equals": theirs} for mine, theirs in offer.pairs]})


def _named(b: Builder, table: str) -> Item:
    """A name of its own for a table that is there already."""
    taken = {b.form.get("table"), *(reach.alias(join) for join in b.form.get("joins") or [])}
    return (
        {}
        if table not in taken
        else {"name": next(f"{table[:58]}_{count}" for count in range(2, 100) if f"{table[:58]}_{count}" not in taken)}
    )


def _draw_join(b: Builder, found: Items, item: Item) -> None:
    with st.container(border=True, gap="xsmall", key=b.key(item, "part-box")):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            with st.container(gap="xsmall"):
                choose_table(b, item, "Table to join", took=_took_joined)
            fields.part_buttons(b, found, item, "this join", moves=True)
        if not item.get("table"):
            return
        _draw_pairs(b, item)
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            item.setdefault("kind", "left")
            fields.select(b, item, "kind", "Which rows stay", list(KINDS), words=KINDS.__getitem__)
            fields.text(b, item, "name", "Called", placeholder=f"called {item['table']}", max_chars=63)


def _took_joined(b: Builder, item: Item, table: CatalogTable) -> None:
    item.pop("name", None)
    item |= {"schema": table.schema, "table": "", "on": [{"id": new_id()}]}
    item |= {"table": table.name, **_named(b, table.name)}
    b.editing.keep()


def _draw_pairs(b: Builder, item: Item) -> None:
    mine = reach.of_tables(b.form, b.tables, before=item["id"])
    table = b.tables.get(reach.full_name(item))
    theirs: reach.Columns = {
        (None, column.name): reach.Reached(column.name, None, column.kind) for column in (table.columns if table else ())
    }
    pairs: Items = item.setdefault("on", [])
    for pair in list(pairs):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            fields.column(b, pair, mine, label="Column here")
            st.markdown("=", width="content")
            fields.column(b, pair, theirs, label="Column there", name="equals", of=None)
            if len(pairs) > 1:
                fields.part_buttons(b, pairs, pair, "this pair", off=False)
    fields.add_button(b, "Another pair of columns", pairs, {}, key=f"pair-{item['id']}")
