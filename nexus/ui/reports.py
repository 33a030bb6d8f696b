"""The ledger as a list: what was printed, who, when, with which filters, and what can be done with it."""

import html
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.reports import ledger
from nexus.reports.spec import Report, Wanted
from nexus.ui import forms, here, url, when
from nexus.ui.forms import plain

SHOWN = 25
KINDS = {"dashboard": "Dashboard", "view": "View", "prompt-run": "Answer"}


def draw_ledger(user: User) -> None:
    """Search, and the list below it, a page at a time."""
    wanted, search = _wanted(user)
    place = (search, wanted)
    # The place in the list is the id of a report, and belongs to one search: new reports do not move it.
    at = st.session_state.get("reports-place", (("", Wanted()), None))
    before = at[1] if at[0] == place else None
    with transaction() as session:
        found = ledger.list_reports(session, reader=user, search=search, wanted=wanted, before=before)
    if not found:
        forms.empty(
            "No report matches. Search for a part of its title, or of the name of who made it, or take out the days."
            if search or wanted != Wanted()
            else "There is no report yet. Open a dashboard and press **Download PDF**: the file is kept here, with its filters and figures."
        )
        return
    draw_rows(found[:SHOWN])
    with st.container(horizontal=True):
        if before is not None:
            st.button("Newest", icon=":material/first_page:", on_click=_go, args=(place, None))
        if len(found) > SHOWN:
            st.button("Older", icon=":material/chevron_right:", icon_position="right", on_click=_go, args=(place, found[SHOWN - 1].id))


def draw_rows(reports: Sequence[Report]) -> None:
    with st.container(key="rows-reports"):
        for report in reports:
            draw_report(report)


def draw_report(report: Report) -> None:
    """Two lines, with what can be done at their end."""
    with st.container(border=True), st.container(horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(gap=None, width="stretch"):
            link(report.title, look="nexus-title", report=report.id)
            st.caption(line(report))
            if filters := filters_of(report):
                st.caption(f"Filters · {filters}")
        draw_actions(report)


def draw_actions(report: Report, *, opened: bool = False) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
        if report.removed_at is None:
            # A plain link: the browser takes the file itself, and nothing of it passes through the page.
            name = html.escape(f"Download {report.title}", quote=True)
            st.html(
                f'<a class="nexus-button" href="/reports/{report.id}.pdf" target="_self" aria-label="{name}">Download</a>', width="content"
            )
        if not opened:
            link("Issue again", of=report.title, report=report.id, do="again")
            link("Compare", of=report.title, report=report.id, do="compare")


def link(label: str, *, of: str = "", look: str = "nexus-button", **query: object) -> None:
    """A link to another place of this page: what the list keeps in its address stays behind."""
    named = f' aria-label="{html.escape(f"{label} {of}", quote=True)}"' if of else ""
    address = here.address("/reports", query)
    st.html(f'<a class="{look} nexus-here" href="{address}" target="_self"{named}>{html.escape(label)}</a>', width="content")


def line(report: Report) -> str:
    """What it is of, when, who, pages, size, paper."""
    pages = f"{report.pages:,} {'page' if report.pages == 1 else 'pages'}"
    who = f" by {plain(report.created_by_name)}" if report.created_by_name else ""
    of = f"{KINDS[report.kind]} {plain(report.subject)}, version {report.subject_version}"
    kept = f"file removed {when.moment(report.removed_at)}" if report.removed_at else size(report.size_bytes)
    lock = " · behind a password" if report.locked else ""
    paper = f"{report.layout.paper}, {report.layout.orientation}"
    return f"{when.moment(report.created_at)}{who} · {of} · {pages} · {kept} · {paper}{lock}"


def filters_of(report: Report) -> str:
    """As they stood on paper; of reports of earlier times, as they stood in the address."""
    said = report.asked.meant or [(name, ", ".join(values) or "none") for name, values in report.filters.items()]
    return " · ".join(f"{plain(label)}: {plain(text)}" for label, text in said)


def size(size_bytes: int) -> str:
    return f"{size_bytes / 1024 / 1024:,.1f} MB" if size_bytes >= 1024 * 1024 else f"{max(1, round(size_bytes / 1024)):,} KB"


def _wanted(user: User) -> tuple[Wanted, str]:
    """What the fields above the list say. Person and days stand in the address, too."""
    with transaction() as session:
        makers = {str(maker.id): maker.name or maker.email for maker in ledger.makers(session, reader=user)}
    with st.container(horizontal=True, vertical_alignment="bottom", key="reports-search"):
        search = st.text_input(
            "Search reports",
            key="q",
            type="search",
            bind="query-params",
            placeholder="Title, name or person",
            label_visibility="collapsed",
            max_chars=200,
        )
        by = url.text("by") if url.text("by") in makers else ""
        if len(makers) > 1 or by:
            st.session_state["reports-by"] = by
            st.selectbox(
                "Who made it",
                ["", *makers],
                format_func=lambda one: makers[one] if one else "Anybody",
                key="reports-by",
                on_change=_keep,
                args=("by",),
                label_visibility="collapsed",
                width=200,
            )
        since, until = _day("from"), _day("to")
        for name, label, day in (("from", "Not before", since), ("to", "Not after", until)):
            st.session_state[f"reports-{name}"] = day
            st.date_input(label, value=None, key=f"reports-{name}", on_change=_keep, args=(name,), width=150, format="YYYY-MM-DD")
    return Wanted(made_by=int(by) if by else None, since=_begin(since), until=_begin(until, 1)), search or ""


def _day(name: str) -> date | None:
    try:
        day = date.fromisoformat(url.text(name))
    except ValueError:
        return None
    return day if 1970 <= day.year < 9999 else None


def _begin(day: date | None, days: int = 0) -> datetime | None:
    """Where the day begins, by the reader's clock."""
    return None if day is None else datetime.combine(day + timedelta(days=days), datetime.min.time(), when.zone())


def _keep(name: str) -> None:
    value = st.session_state[f"reports-{name}"]
    url.go(**{name: str(value) if value else None})


def _go(place: tuple[str, Wanted], before: int | None) -> None:
    st.session_state["reports-place"] = (place, before)
