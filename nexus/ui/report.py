"""One report: its record, issuing it again, and the other issues of what it is of."""

from typing import Any
from urllib.parse import quote, urlencode

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import Session, transaction
from nexus.errors import NexusError
from nexus.reports import issues, jobs, ledger
from nexus.reports.issues import Again
from nexus.reports.spec import Report
from nexus.ui import forms, when
from nexus.ui.forms import plain, sentence
from nexus.ui.page import tab
from nexus.ui.reports import KINDS, SHOWN, draw_actions, draw_rows, filters_of, line, link, size

ADDRESSES = {"dashboard": "/dashboards", "view": "/views", "prompt-run": "/prompt-runs"}
PAGES = {"dashboard": "pages/dashboard.py", "view": "pages/view.py"}


def draw(user: User, report_id: int, *, do: str = "") -> None:
    """`do` is `again` or `compare`: what the person came for, opened."""
    with transaction() as session:
        report = ledger.find_report(session, reader=user, report_id=report_id)
        others = [one for one in issues.history(session, reader=user, report=report) if one.id != report.id]
        again, refused = _understood(session, user, report)
    tab(report.title)
    link("All reports", look="nexus-back")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header(plain(report.title), anchor=False, width="stretch")
        draw_actions(report, opened=True)
    st.caption(line(report))
    if report.removed_at is not None:
        st.info("The file was removed, as old files are. What stands here stays, and a copy in hand can still be verified.")
    with st.expander("Issue again", icon=":material/refresh:", expanded=do == "again"):
        if again is None:
            st.markdown(sentence(refused))
        else:
            _draw_again(user, report, again)
    with st.expander("Compare with another issue", icon=":material/compare_arrows:", expanded=do == "compare"):
        _draw_compare(report, others)
    _draw_record(report)
    _draw_queries(report)
    st.subheader(f"Other issues ({len(others):,}{' or more' if len(others) >= ledger.LISTED - 1 else ''})", anchor=False)
    if others:
        draw_rows(others[:SHOWN])
    else:
        st.caption("This is the only one so far.")


def _understood(session: Session, user: User, report: Report) -> tuple[Again | None, str]:
    try:
        return issues.understood(session, reader=user, report=report), ""
    except NexusError as error:
        return None, error.message


def _draw_again(user: User, report: Report, again: Again) -> None:
    """How it would be read today, and the way to the file."""
    changed = "" if again.version == report.subject_version else f", which is at version {again.version} now, {report.subject_version} then"
    st.markdown(f"With the data of today, the same filters and the same layout{changed}, by your own rights.")
    same_days = False
    if again.moved:
        for one in again.moved:
            st.markdown(f"**{plain(one.label)}** stood at “{plain(one.words)}”: {plain(one.then)} then, {plain(one.now)} now.")
        same_days = (
            st.radio("Its days", ["now", "then"], format_func={"now": "As of today", "then": "The same days as then"}.get, horizontal=True)
            == "then"
        )
    elif again.meant:
        st.caption(" · ".join(f"{plain(label)}: {plain(text)}" for label, text in again.meant))
    for note in again.notes:
        st.caption(sentence(note))
    with transaction() as session:
        given = issues.given_again(session, reader=user, report=report, same_days=same_days)
    forms.told("again")
    with st.container(horizontal=True):
        address = f"{ADDRESSES[report.kind]}/{quote(report.subject, safe='')}.pdf?{urlencode(given, doseq=True)}"
        st.link_button("Issue again", address, icon=":material/picture_as_pdf:", type="primary")
        if st.button("In the background", help="For long ones: the list of reports shows how far it is, and then the file."):
            with forms.saving("again", "It is being printed. The list of reports shows how far it is."):
                jobs.submit(user=user, kind=report.kind, name=report.subject, given=given)


def _draw_compare(report: Report, others: list[Report]) -> None:
    if not report.comparable:
        st.markdown(sentence(_not_comparable(report)))
        return
    offered = {one.id: one for one in others if one.comparable}
    if not offered:
        st.markdown("There is no other issue that can be compared yet. Issue it again, and compare the two.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox("Compare with", list(offered), format_func=lambda one: _named(offered[one]))
        pair: dict[str, Any] = {"compare": min(report.id, chosen), "with": max(report.id, chosen)}
        link("Compare", **pair)


def _not_comparable(report: Report) -> str:
    if report.locked:
        return "It is behind a password, so nothing of what it says is kept beside it."
    return "What it said is not kept any more, or never was. Issue it again, and compare the issues from then on."


def _named(report: Report) -> str:
    who = f", {report.created_by_name}" if report.created_by_name else ""
    filters = " · ".join(text for _, text in report.asked.meant)[:80]
    return f"{when.moment(report.created_at)}{who}, version {report.subject_version}{f' · {filters}' if filters else ''}"


def _draw_record(report: Report) -> None:
    st.subheader("How it was made", anchor=False)
    facts = [
        ("Of", f"{KINDS[report.kind]} {plain(report.subject)}, version {report.subject_version}"),
        ("By", plain(report.created_by_name or "somebody who is gone")),
        ("When", f"{when.moment(report.created_at)}, printed in {report.elapsed_ms / 1000:,.1f} s"),
        ("Filters", filters_of(report) or "none"),
        ("Times in", plain((report.asked.query.get("zone") or ["UTC"])[-1])),
        ("Layout", plain(", ".join(_layout(report)))),
        ("File", f"{report.pages:,} pages, {size(report.size_bytes)}{', behind a password' if report.locked else ''}"),
    ]
    st.table({"": [name for name, _ in facts], "What": [text for _, text in facts]}, hide_index=True, border="horizontal", hide_header=True)
    st.caption("SHA-256 of the file, as it was given out")
    st.code(report.sha256, language=None)
    with st.container(horizontal=True):
        if report.kind in PAGES:
            st.page_link(PAGES[report.kind], label=f"Open the {report.kind}", query_params={"name": report.subject})
        if report.issue_of is not None:
            link("The report that it repeats", look="nexus-title", report=report.issue_of)


def _layout(report: Report) -> list[str]:
    layout = report.layout
    switches = {
        "cover": "cover",
        "contents": "contents",
        "new_sections": "each section on a new page",
        "new_pages": "each panel on a new page",
        "totals": "totals",
        "queries": "queries",
    }
    return [
        layout.paper,
        layout.orientation,
        f"{layout.margins} margins",
        f"{layout.scale} %",
        *(words for name, words in switches.items() if getattr(layout, name, False)),
    ]


def _draw_queries(report: Report) -> None:
    if not report.queries:
        return
    st.caption("What was asked for it")
    st.table(
        {
            "Panel": [plain(str(query.get("panel", ""))) for query in report.queries],
            "View": [_asked(query) for query in report.queries],
            "Rows": [rows(query) for query in report.queries],
            "Time": [
                f"{query['elapsed_ms']:,.0f} ms{', kept' if query.get('cached') else ''}" if "elapsed_ms" in query else ""
                for query in report.queries
            ],
        },
        hide_index=True,
    )


def _asked(query: dict[str, object]) -> str:
    """View or prompt, with its version."""
    name = plain(str(query.get("view") or query.get("prompt") or ""))
    return f"{name}, version {query['version']}" if name and "version" in query else name


def rows(query: dict[str, object]) -> str:
    """How many rows the figures rest on, and whether that was all; or why there are none."""
    if "error" in query:
        return plain(str(query["error"]))
    if not isinstance(query.get("rows"), int):
        return ""
    return f"{query['rows']:,}" if query.get("complete") else f"{query['rows']:,}, cut"
