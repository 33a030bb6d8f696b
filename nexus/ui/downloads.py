"""The menu for taking a view's rows away. The links are plain; `downloads.js` shows how far each file is, and cancels it."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from nexus.reports.layout import Layout
from nexus.ui import printing, url
from nexus.views.excerpt import PART, WHERE_IT_LIES, WHICH
from nexus.views.spec import View

KINDS = {
    "csv": ("CSV", ":material/csv:", "Plain text, for any program."),
    "xlsx": ("Spreadsheet", ":material/table:", "For Excel: types, widths, and a sheet that says where it came from."),
    "parquet": ("Parquet", ":material/view_column:", "Typed columns, for pandas, DuckDB and Spark."),
    "jsonl": ("JSON lines", ":material/data_object:", "One object a row, for programs."),
    "pdf": ("PDF", ":material/picture_as_pdf:", "To print and to send: every row, up to a million cells."),
}
"""By the end of the address: what it is called, its icon, and what it is for."""


PRINTED = Layout()


def draw_downloads(view: View, values: Mapping[str, Any], *, page: bool = False) -> None:
    """A menu of every kind of file, with the values, filters and order that the page has; with `page`, of its rows alone, too."""
    printing.draw_print(lambda query: _address(view, values, "pdf", query, {}), usual=PRINTED, key="icon-print")
    with st.popover("Download", icon=":material/download:", key="downloads"):
        parts = {"Everything": {}, "This page": {PART: "page"}} if page else {"Everything": {}}
        with st.container(horizontal=True, key="download-parts"):
            for title, more in parts.items():
                with st.container(gap="xsmall", width="content"):
                    st.markdown(f"**{title}**")
                    _links(view, values, more)


def _links(view: View, values: Mapping[str, Any], more: Mapping[str, str]) -> None:
    for ending, (label, icon, purpose) in KINDS.items():
        query = printing.query(printing.chosen(PRINTED)) if ending == "pdf" else {}
        address = _address(view, values, ending, query, more)
        st.link_button(f"{label} of this page" if more else label, address, icon=icon, help=purpose, type="tertiary")


def _address(view: View, values: Mapping[str, Any], ending: str, query: Mapping[str, str], more: Mapping[str, str]) -> str:
    """Of a file with what the page's filters and order leave; `more` says which part."""
    kept = {key: texts[-1] for key, texts in url.given().items() if key in WHICH or (more and key in WHERE_IT_LIES)}
    return url.link(f"/views/{view.name}.{ending}", view.parameters, values, **query, **kept, **more)
