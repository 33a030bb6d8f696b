"""A dashboard's page: its head, its filters and its panels."""

from collections.abc import Sequence
from concurrent.futures import wait

import streamlit as st

from nexus.accounts.spec import Permission
from nexus.dashboards import picks
from nexus.dashboards import service as dashboards
from nexus.db.session import transaction
from nexus.reports.layout import Layout
from nexus.ui import crumbs, filters, head, keeping, picking, presenting, printing, redrawing, saved_filters, tabs, url, when
from nexus.ui.board import AS_OF, HEAD, Board
from nexus.ui.forms import plain, sentence
from nexus.ui.head import Deed, Head
from nexus.ui.notes import draw_notes
from nexus.ui.page import errors_shown
from nexus.ui.sharing import open_share
from nexus.views import values as typed

PRINTED = Layout(orientation="landscape")
"""A dashboard on paper, unless somebody wants it otherwise."""


def draw_dashboard(board: Board) -> None:
    """Questions first, then the frames, then the filters: their own questions must not hold up the panels."""
    presenting.draw_style()
    spec = board.opened.dashboard
    saved_filters.begin(board)
    board.values, _ = url.read(spec.filters)
    board.listens = True
    board.picks, unread = picking.read()
    board.tab = spec.tab(url.text("tab"))
    board.alone, board.large = presenting.panel_alone(board), presenting.presents()
    board.begin()
    board.ask(board.in_sight)
    if not board.large:
        crumbs.draw_crumbs(board.user, spec.title)
    top, bar, chips = st.container(), st.container(), st.container(gap=None)
    tabs.draw_page(board)
    with top:
        st.fragment(_head, key=HEAD)(board)
    with bar:
        _filters_in_words(board)
        if unread:
            st.warning(sentence(unread), icon=":material/link_off:")
        _filters(board)
    with chips:
        st.fragment(picking.draw_chips, key=picking.CHIPS)(board)
    board.whole = True


APPLY = "dashboard-apply"


def _filters(board: Board) -> None:
    spec = board.opened.dashboard
    held = filters.Held(spec.name, spec.filters, lambda also: _held(board, also)) if spec.apply == "button" else None
    board.offer(spec.filters, held.values() if held else board.values)

    def tail() -> None:
        if held is not None:
            with st.container(width="content"):
                st.fragment(_apply_button, key=APPLY)(board, held)
        saved_filters.draw_sets(board)

    filters.draw_filters(
        spec.filters,
        scope=spec.name,
        options=lambda parameter: board.offers.get(parameter.name, ()),
        search=lambda parameter, text: board.offered(parameter, held.values() if held else board.values, text),
        changed=board.changed,
        held=held,
        tail=tail,
    )


def _held(board: Board, also: Sequence[str]) -> None:
    """A filter was changed and waits: choices that depend on it change at once."""
    spec = board.opened.dashboard
    held = filters.Held(spec.name, spec.filters, lambda _also: None)
    if board.whole:
        st.rerun([APPLY, *board.offer_again(held.values()), *also])


def _apply_button(board: Board, held: filters.Held) -> None:
    count = len(held.names)
    label = f"Apply {count} {'change' if count == 1 else 'changes'}" if count else "Apply"
    st.button(label, key="filter-apply", type="primary" if count else "secondary", disabled=not count, on_click=_apply, args=(board, held))


def _apply(board: Board, held: filters.Held) -> None:
    values = held.values()
    held.release()
    url.write(board.opened.dashboard.filters, values)
    board.redraw_also = (APPLY,)
    board.changed(values)


def _head(board: Board) -> None:
    if board.pending():
        # Its age is that of the panels, so it is drawn after them.
        redrawing.give_way()
    spec = board.opened.dashboard
    key = f"head-{spec.name}"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=HEAD):
        watch, tells = presenting.watch(board, key)
        pressed = head.draw_head(_head_of(board), key=key, did=lambda: _did(board, key), watch=watch, tells=tells)
        with st.container(width="content"):
            st.fragment(_as_of, key=AS_OF, parallel=True)(board)
    match pressed:
        case "print":
            printing.open_print(_pdf(board), usual=PRINTED)
        case "share":
            open_share(board.user, "dashboard", spec.name, address=_address(board))
        case "notes":
            draw_notes(board.user, board.opened)
        case keeping.COPY | keeping.SEE_AS:
            keeping.open_dialog(pressed, board.user, "dashboard", spec.name, spec.title)


def _head_of(board: Board) -> Head:
    spec, own = board.opened.dashboard, board.user.looked_at_by is None
    star = board.favourite if own else None
    if board.large:
        return Head(spec.title, spec.description, star, [Deed("leave", "Leave (Esc)", "close_fullscreen")])
    again = Deed("refresh", "Refresh", "refresh")
    if board.alone:
        return Head(spec.title, spec.description, star, [again, Deed("leave", "Back to the dashboard (Esc)", "close_fullscreen")])
    # What these give is made with one's own rights.
    mine = [
        Deed("pdf", "Download PDF", "picture_as_pdf", link=_pdf(board)(printing.query(printing.chosen(PRINTED)))),
        Deed("print", "Print", "print", bare=True, hint=printing.HINT),
        Deed("share", "Share", "group_add"),
    ]
    edit = [Deed("edit", "Edit", "edit")]
    return Head(spec.title, spec.description, star, [again, *(mine if own else []), *(edit if board.opened.may_edit else [])], _menu(board))


def _menu(board: Board) -> list[Deed]:
    """What can be done with a dashboard beside what can be done with everything."""
    notes = bool(board.opened.annotations) or board.user.may(Permission.BUILD)
    return [
        Deed("present", "Present", "slideshow"),
        *([Deed("notes", "Notes", "edit_calendar")] if notes else []),
        *(Deed(what, what, keeping.ICONS[what]) for what in keeping.offered(board.user)),
    ]


def _did(board: Board, key: str) -> None:
    """What was pressed, where it draws something else than a dialog. For callbacks."""
    pressed = st.session_state[key].get("did")
    if not _head_of(board).offers(pressed):
        return
    match pressed:
        case "star":
            _toggle_favourite(board)
        case "refresh":
            _refresh(board)
        case "edit":
            _edit()
        case "leave":
            presenting.leave()
        case "present":
            presenting.begin()


def _filters_in_words(board: Board) -> None:
    """Where no filter bar is drawn, what the filters are set to."""
    spec = board.opened.dashboard
    said = [f"{name}: {words}" for name, words in typed.describe(spec.filters, board.values) if words != "all"] if board.large else []
    if said:
        st.caption(plain(" · ".join(said)))


def _edit() -> None:
    url.go(edit="1")
    st.rerun()


def _as_of(board: Board) -> None:
    """The age of the page: of the oldest answer on it, once all are there."""
    slot = st.empty()
    while pending := board.pending():
        # Writing is where Streamlit may stop this run.
        slot.html('<span class="nexus-asof">reading…</span>')
        wait(pending, timeout=1)
    oldest = board.oldest()
    slot.html(
        f'<span class="nexus-asof">as of {oldest.astimezone(when.zone()):%H:%M}</span>' if oldest else '<span class="nexus-asof"></span>'
    )


def _pdf(board: Board) -> printing.Link:
    """One click for a file: `downloads.js` fetches the link, says how it goes, and shows what the server says if it fails."""
    spec = board.opened.dashboard

    def link(query: dict[str, str]) -> str:
        return url.link(f"/dashboards/{spec.name}.pdf", spec.filters, board.values, **query, **_picked(board))

    return link


def _address(board: Board) -> str:
    """This page with its filters as they are."""
    spec = board.opened.dashboard
    more = _picked(board)
    if not more and not url.query(spec.filters, board.values):
        # Else another person's default set would hold there.
        more = {saved_filters.CHOSEN: "none"}
    return url.page("/dashboard", spec.filters, board.values, name=spec.name, **more)


def _picked(board: Board) -> dict[str, str]:
    return {picks.KEY: picks.written(board.picks)} if board.picks else {}


def _refresh(board: Board) -> None:
    board.look_again()
    board.ask(board.in_sight, fresh=True)
    board.redraw(board.in_sight)


def _toggle_favourite(board: Board) -> None:
    with errors_shown(), transaction() as session:
        board.favourite = dashboards.toggle_favourite(session, user=board.user, name=board.opened.dashboard.name)
