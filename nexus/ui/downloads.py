"""The menu for taking a view's rows away. The links are plain; `downloads.js` shows how far each file is, and cancels it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from nexus.ui import url
from nexus.views.excerpt import PART, WHERE_IT_LIES, WHICH
from nexus.views.spec import View

KINDS = {
    "csv": ("CSV", ":material/csv:", "Plain text, for any program."),
    "xlsx": ("Spreadsheet", ":material/table:", "For Excel: types, widths, and a sheet that says where it came from."),
    "parquet": ("Parquet", ":material/view_column:", "Typed columns, for pandas, DuckDB and Spark."),
    "jsonl": ("JSON lines", ":material/data_object:", "One object a row, for programs."),
    "pdf": ("PDF", ":material/picture_as_pdf:", "To print and to send; as many rows as the page's source allows."),
}
"""By the end of the address: what it is called, its icon, and what it is for."""


def draw_downloads(view: View, values: Mapping[str, Any], *, page: bool = False) -> None:
    """A menu of every kind of file, with the values, filters and order that the page has; with `page`, of its rows alone, too."""
    with st.popover("Download", icon=":material/download:", key="downloads"):
        parts = {"Everything": {}, "This page": {PART: "page"}} if page else {"Everything": {}}
        with st.container(horizontal=True, key="download-parts"):
            for title, more in parts.items():
                with st.container(gap="xsmall", width="content"):
                    st.markdown(f"**{title}**")
                    _links(view, values, more)


def _links(view: View, values: Mapping[str, Any], more: Mapping[str, str]) -> None:
    kept = {key: texts[-1] for key, texts in url.given().items() if key in WHICH or (more and key in WHERE_IT_LIES)}
    for ending, (label, icon, purpose) in KINDS.items():
        zone = {"zone": st.context.timezone or "UTC"} if ending == "pdf" else {}
        address = url.link(f"/views/{view.name}.{ending}", view.parameters, values, **zone, **kept, **more)
        st.link_button(f"{label} of this page" if more else label, address, icon=icon, help=purpose, type="tertiary")
