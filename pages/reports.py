"""Reports: every PDF that was made. `?report=…` is one of them, `?compare=…&with=…` two issues side by side, `?job=…` a print under way, `?verify` a file in hand."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.ui import comparison, here, report, url, verify
from nexus.ui.page import run_page
from nexus.ui.print_jobs import draw_job, draw_jobs
from nexus.ui.reports import draw_ledger, link


def number(key: str) -> int | None:
    """An id of the address; what is none is that of no report."""
    text = url.text(key)
    if key not in st.query_params:
        return None
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


def page(user: User) -> None:
    here.follow("pages/reports.py")
    before, one = number("compare"), number("report")
    if before is not None:
        comparison.draw(user, before, number("with") or 0)
    elif one is not None:
        report.draw(user, one, do=url.text("do"))
    elif (job := number("job")) is not None:
        link("All reports", look="nexus-back")
        st.title("Printing", anchor=False)
        draw_job(user, job)
    elif "verify" in st.query_params:
        verify.draw(user)
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.title("Reports", anchor=False, width="stretch")
            link("Verify a PDF", verify=1)
        draw_jobs(user)
        draw_ledger(user)


run_page(page)
