"""The order of the result, and how many rows of it."""

import streamlit as st

from nexus.ui.builder import form as fields
from nexus.ui.builder.form import Builder
from nexus.ui.builder.items import items
from nexus.ui.builder.reach import Columns

WAYS = {False: "smallest first", True: "largest first"}
LIMITS = (10, 100, 1_000, 10_000)


def draw_order(b: Builder, columns: Columns) -> None:
    found = items(b.form, "order")
    for item in list(found):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            fields.column(b, item, columns, of=None)
            item.setdefault("descending", False)
            fields.select(b, item, "descending", "Which way", list(WAYS), words=WAYS.__getitem__, width=132)
            fields.part_buttons(b, found, item, "this order", moves=True, off=False)
    fields.add_button(b, "Order by a column" if not found else "Then by another", found, {"descending": bool(not found)}, key="order")


def draw_limit(b: Builder) -> None:
    fields.number(
        b, b.form, "limit", "At most so many rows", key="limit", placeholder="no limit", min_value=1.0, max_value=1_000_000.0, width=200
    )
