"""A report in the ledger: what it is of, how it was made, and its file."""

import html

import streamlit as st

from nexus.reports.spec import Report
from nexus.ui import when
from nexus.ui.forms import plain


def draw_report(report: Report) -> None:
    """One line, with the file at its end; filters and the queries behind it on demand."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(report.title)}**", width="content")
            st.caption(line(report), width="stretch")
            # A plain link: the browser takes the file itself, and nothing of it passes through the page.
            name = html.escape(f"Download {report.title}", quote=True)
            st.html(
                f'<a class="nexus-button" href="/reports/{report.id}.pdf" target="_self" aria-label="{name}">Download</a>', width="content"
            )
        if report.filters:
            chosen = " · ".join(f"{plain(name)}: {plain(', '.join(values) or 'none')}" for name, values in report.filters.items())
            st.caption(f"Filters · {chosen}")
        with st.expander("How it was made"):
            st.caption(f"{report.kind} `{report.subject}`, version {report.subject_version} · SHA-256 `{report.sha256}`")
            if report.queries:
                st.table(
                    {
                        "Panel": [plain(str(query.get("panel", ""))) for query in report.queries],
                        "View": [plain(str(query.get("view") or query.get("prompt") or "")) for query in report.queries],
                        "Rows": [rows(query) for query in report.queries],
                        "Time": [f"{query['elapsed_ms']:,.0f} ms" if "elapsed_ms" in query else "" for query in report.queries],
                    },
                    hide_index=True,
                )


def line(report: Report) -> str:
    """When, who, pages, size, paper."""
    pages = f"{report.pages} {'page' if report.pages == 1 else 'pages'}"
    who = f" by {plain(report.created_by_name)}" if report.created_by_name else ""
    return (
        f"{when.moment(report.created_at)}{who} · {pages} · {size(report.size_bytes)} · {report.layout.paper}, {report.layout.orientation}"
    )


def size(size_bytes: int) -> str:
    return f"{size_bytes / 1024 / 1024:,.1f} MB" if size_bytes >= 1024 * 1024 else f"{max(1, round(size_bytes / 1024)):,} KB"


def rows(query: dict[str, object]) -> str:
    """How many rows the figures rest on, and whether that was all; or why there are none."""
    if "error" in query:
        return plain(str(query["error"]))
    if not isinstance(query.get("rows"), int):
        return ""
    return f"{query['rows']:,}" if query.get("complete") else f"{query['rows']:,}, cut"
