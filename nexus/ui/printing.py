"""The dialog in which a person says how a PDF is to look, the same for all that is printed. What was chosen is in the page's address."""

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

import streamlit as st
from pydantic import ValidationError

from nexus.accounts.spec import User
from nexus.errors import NexusError
from nexus.reports import browser, jobs, orders
from nexus.reports import preview as previews
from nexus.reports.layout import Layout
from nexus.reports.press import LONG
from nexus.reports.spec import Kind
from nexus.ui import print_jobs, url
from nexus.ui.forms import sentence
from nexus.ui.page import errors_shown, person

CELLS_A_MINUTE = 300_000
"""About what is printed."""

HINT = "Paper, margins, cover, contents and more"
PAPERS = {"A4": "A4", "A3": "A3", "Letter": "Letter", "Legal": "Legal"}
ORIENTATIONS = {"portrait": "Portrait", "landscape": "Landscape"}
MARGINS = {"narrow": "Narrow", "normal": "Normal", "wide": "Wide"}
WIDE = {
    "fit": "Shrink, then turn the page",
    "shrink": "Shrink",
    "turn": "Turn the page",
    "continue": "Continue on side pages",
}
SWITCHES = {
    "cover": "Cover page",
    "contents": "Table of contents",
    "new_sections": "Each section on a new page",
    "new_pages": "Each panel on a new page",
    "totals": "Totals below tables",
    "letterhead": "Letterhead",
    "queries": "Queries at the end",
}

Link = Callable[[dict[str, str]], str]
"""The address of the file, with the layout in its query."""


def chosen(usual: Layout) -> Layout:
    """As this page's address says; what is not in it, or is nothing that can be printed, as usual."""
    said = {name: texts[-1] for name in Layout.model_fields if (texts := url.given().get(_key(name)))}
    layout = usual
    for name, text in said.items():
        try:
            layout = Layout.model_validate(layout.model_dump() | {name: text})
        except ValidationError:
            continue
    return layout


def query(layout: Layout) -> dict[str, str]:
    """What the address of a file says of the layout, and of the reader's zone."""
    said = {name: _text(value) for name, value in layout if value != Layout.model_fields[name].default}
    return {**said, "zone": st.context.timezone or "UTC"}


def draw_print(link: Link, *, usual: Layout, key: str) -> None:
    """The button, and the dialog behind it."""
    if st.button("Print", icon=":material/print:", key=key, help=HINT):
        open_print(link, usual=usual)


def open_print(link: Link, *, usual: Layout) -> None:
    """The dialog alone."""
    for former in ("print-job", "print-page", "print-preview", "print-password"):
        st.session_state.pop(former, None)
    browser.ours().prepare(charts=False)  # while the person chooses
    st.dialog("Print", width="medium", on_dismiss="rerun")(_draw)(link, usual)


def _draw(link: Link, usual: Layout) -> None:
    with errors_shown(where="print dialog"):
        _draw_dialog(link, usual)


def _draw_dialog(link: Link, usual: Layout) -> None:
    layout = chosen(usual)
    with st.container(horizontal=True, gap="medium"):
        _one_of("Paper", "paper", PAPERS, layout, usual)
        _one_of("Orientation", "orientation", ORIENTATIONS, layout, usual)
        _one_of("Margins", "margins", MARGINS, layout, usual)
    st.slider("Scale", 80, 120, step=5, format="%d %%", **_kept("scale", layout, usual))
    wide = _kept("wide", layout, usual)
    st.selectbox("Tables wider than the page", list(WIDE), format_func=WIDE.__getitem__, help="Nothing is cut.", **wide)
    with st.container(horizontal=True, gap="small"):
        for name, label in SWITCHES.items():
            st.toggle(label, **_kept(name, layout, usual), width="content")
    order = _order(link(query(layout)))
    if st.toggle("Preview", key="print-preview", help="The pages as they will be, of long tables the first rows"):
        _draw_preview(order)
    _draw_taking(order, link(query(layout)))


@dataclass(frozen=True)
class _Order:
    """What an address of a file asks for."""

    kind: Kind
    name: str
    given: dict[str, list[str]]
    address: str


KINDS: dict[str, Kind] = {"dashboards": "dashboard", "views": "view", "prompt-runs": "prompt-run"}


def _order(address: str) -> _Order:
    parts = urlsplit(address)
    folder, _, file = parts.path.strip("/").partition("/")
    return _Order(KINDS[folder], unquote(file.removesuffix(".pdf")), parse_qs(parts.query, keep_blank_values=True), address)


def _draw_taking(order: _Order, address: str) -> None:
    """The file at once where it is short and open to all; else printed in the background, with how far it is."""
    user = person()
    started = st.session_state.get("print-job")
    if started and started[0] == order.address:
        print_jobs.draw_job(user, started[1])
        return
    password = st.text_input(
        "Password",
        type="password",
        max_chars=127,
        autocomplete="new-password",
        key="print-password",
        placeholder="None: everybody who has the file can read it",
        help="The file opens with it alone. Nexus does not keep it, and cannot find it again.",
    )
    expected = _expected(user, order)
    long = expected > LONG
    if long:
        st.caption(f"About {round(expected, -3):,} cells of tables: this takes {_time(expected)}.")
    with st.container(horizontal=True):
        if not long and not password:
            st.link_button("Download PDF", address, icon=":material/picture_as_pdf:", type="primary")
        behind = st.button(
            "Print in the background",
            icon=":material/hourglass_top:",
            type="primary" if long or password else "secondary",
            key="print-job-go",
        )
    if behind:
        _submit(user, order, password or "")


def _submit(user: User, order: _Order, password: str) -> None:
    try:
        job = jobs.submit(user=user, kind=order.kind, name=order.name, given=order.given, password=password)
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")
        return
    st.session_state["print-job"] = (order.address, job)
    st.session_state.pop("print-password", None)
    st.rerun(scope="fragment")


def _expected(user: User, order: _Order) -> int:
    """About how many cells; asked once an address."""
    known = st.session_state.get("print-expected")
    if known is None or known[0] != order.address:
        known = (order.address, orders.expected_cells(order.kind, user=user, name=order.name, given=order.given))
        st.session_state["print-expected"] = known
    return int(known[1])


def _time(cells: int) -> str:
    minutes = round(cells / CELLS_A_MINUTE)
    return f"about {minutes} minutes" if minutes > 1 else "about a minute"


def _draw_preview(order: _Order) -> None:
    """One page, and which it is of how many."""
    user = person()
    try:
        with st.spinner("Printing"):
            pages = previews.preview(order.kind, user=user, name=order.name, given=order.given).pages
    except NexusError as error:
        st.error(sentence(error.message), icon=":material/error:")
        return
    page = min(st.session_state.get("print-page", 1), pages)
    with st.container(horizontal=True, horizontal_alignment="center", vertical_alignment="center", gap="small"):
        st.button(
            "Back",
            icon=":material/chevron_left:",
            key="print-back",
            help="The page before",
            disabled=page <= 1,
            on_click=_turn,
            args=(page - 1,),
        )
        st.markdown(f"Page {page} of {pages}", width="content")
        st.button(
            "Next",
            icon=":material/chevron_right:",
            key="print-on",
            help="The next page",
            disabled=page >= pages,
            on_click=_turn,
            args=(page + 1,),
        )
    source = html.escape(f"/prints/{order.kind}/{quote(order.name)}/{page}.png?{urlsplit(order.address).query}", quote=True)
    st.html(
        f'<img src="{source}" alt="Page {page} of {pages} of the PDF" '
        'style="display:block;max-width:100%;max-height:70vh;margin:0 auto;border:1px solid #8886;background:#fff">'
    )


def _turn(page: int) -> None:
    st.session_state["print-page"] = page


def _one_of(label: str, name: str, offered: dict[str, str], layout: Layout, usual: Layout) -> None:
    st.segmented_control(
        label, list(offered), format_func=offered.__getitem__, required=True, width="content", **_kept(name, layout, usual)
    )


def _kept(name: str, layout: Layout, usual: Layout) -> dict[str, Any]:
    """What a field needs to show the layout's value and to put another into the address."""
    field = f"print-{name}"
    st.session_state[field] = getattr(layout, name)

    def keep() -> None:
        value = st.session_state[field]
        url.go(**{_key(name): None if value == getattr(usual, name) else _text(value)})

    return {"key": field, "on_change": keep}


def _key(name: str) -> str:
    return f"print.{name}"


def _text(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
