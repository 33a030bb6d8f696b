"""Status: what is found, missing or wrong; the processes and their memory; the last errors."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.status import service as status
from nexus.status.spec import Finding
from nexus.ui import forms, when

MARKS = {
    "ok": ":green[:material/check_circle:]",
    "note": ":orange[:material/info:]",
    "missing": ":gray[:material/do_not_disturb_on:]",
    "wrong": ":red[:material/error:]",
}


def draw(user: User) -> None:
    for finding in status.findings(reader=user):
        st.markdown(_line(finding))
    st.subheader("Memory by process")
    processes = status.processes(reader=user)
    st.table(
        {
            "Process": [f"{process.name} ({process.pid})" for process in processes],
            "Memory": [f"{process.pss_bytes / 1024 / 1024:,.0f} MB" for process in processes],
        },
        hide_index=True,
        width="content",
    )
    st.caption(
        "Shared memory is counted by share. Postgres is left out. With several replicas, these are those of the one that drew this page."
    )
    st.subheader("Last errors")
    with transaction() as session:
        defects = status.recent_defects(session, reader=user).entries
    if not defects:
        forms.empty("No error of Nexus itself has been noted.")
        return
    st.dataframe(
        {
            "When": [when.moment(entry.at) for entry in defects],
            "Reference": [entry.subject.removeprefix("defect ") for entry in defects],
            "Where": [str(entry.detail.get("where", "")) for entry in defects],
            "Kind": [str(entry.detail.get("error", "")) for entry in defects],
            "Line": [str(entry.detail.get("line", "")) for entry in defects],
        },
        hide_index=True,
        alt="The last errors, newest first",
    )
    st.caption("The log has each with its trace, under its reference.")


def _line(finding: Finding) -> str:
    advice = f"  \n{forms.plain(finding.what_to_do)}" if finding.what_to_do else ""
    return f"{MARKS[finding.state]} **{forms.plain(finding.what)}** · {forms.plain(finding.detail)}{advice}"
