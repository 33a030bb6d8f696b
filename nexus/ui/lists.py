"""Lists of views and dashboards: search, and one row each."""

import html
from collections.abc import Mapping, Sequence

import streamlit as st

from nexus.db.listing import MOST_LISTED, Listed
from nexus.ui import when
from nexus.ui.forms import empty as draw_empty
from nexus.ui.forms import plain, sentence

PAGE = "page"
A_PAGE = 30
"""Rows: a browser takes seconds to draw hundreds."""


def frequency(runs: int, median_ms: float | None) -> str:
    """`· 120 runs in 30 days, 45 ms`."""
    took = "" if median_ms is None else f", {median_ms:,.0f} ms" if median_ms < 1_000 else f", {median_ms / 1_000:,.1f} s"
    return f" · {runs:,} run{'' if runs == 1 else 's'} in 30 days{took}"


def search_box(label: str, *, placeholder: str = "Name, description or tag") -> str:
    """What a person looks for. It stands in the address as `q`, so that a list can be shared too."""
    return st.text_input(
        label,
        key="q",
        bind="query-params",
        placeholder=placeholder,
        icon=":material/search:",
        label_visibility="collapsed",
        max_chars=200,
        on_change=_to_first_page,
    ).strip()


def draw_list(found: Sequence[Listed], *, page: str, search: str, empty: str, notes: Mapping[str, str] | None = None) -> None:
    """Title with its link, description, tags, owner, when it last changed and was opened, and what `notes` say of its name."""
    if not found:
        draw_empty(f"Nothing matches “{plain(search)}”. Try fewer letters." if search else empty)
        return
    rows = st.container()
    page_of_list = _draw_pages(len(found))
    with rows:
        for item in found[(page_of_list - 1) * A_PAGE : page_of_list * A_PAGE]:
            _draw_row(item, page, (notes or {}).get(item.name, ""))


def _draw_row(item: Listed, page: str, note: str) -> None:
    title, about = st.columns([3, 9], vertical_alignment="center")
    star = ":material/star: " if item.favourite else ""
    lock = "" if item.open_to_all else " :material/lock:"
    title.page_link(page, label=f"{star}**{plain(item.title)}**{lock}", query_params={"name": item.name})
    about.html(_about(item, note))
    if item.problem:
        st.warning(sentence(item.problem))


def _about(item: Listed, note: str) -> str:
    """As one element of plain HTML: a browser takes longer for three of Markdown than for all else in a row."""
    tags = " · ".join(item.tags[:6])
    opened = f" · opened {when.since(item.visited_at)}" if item.visited_at else ""
    state = f"{item.owner or 'Nexus'} · changed {when.since(item.changed_at)}{opened}{note}"
    said = f"{html.escape(item.description)} <em>{html.escape(tags)}</em>" if tags else html.escape(item.description)
    return f'<div class="nexus-listed"><span>{said}</span><span>{html.escape(state)}</span></div>'


def _draw_pages(count: int) -> int:
    """The page that is shown; it stands in the address."""
    pages = max(-(-count // A_PAGE), 1)
    held = st.session_state.get(PAGE)
    if isinstance(held, int) and held > pages:
        st.session_state[PAGE] = pages
    if pages == 1:
        return 1
    shown = st.pagination(pages, key=PAGE, bind="query-params")
    if count >= MOST_LISTED:
        st.caption(f"The first {MOST_LISTED} are listed. Search to find the others.")
    return shown


def _to_first_page() -> None:
    if PAGE in st.session_state:
        st.session_state[PAGE] = 1
