"""Reports that are printed in the background, with how far they are; wherever one looks, on any replica."""

import html

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.reports import jobs
from nexus.reports.jobs import JobNotFound
from nexus.reports.spec import Job
from nexus.ui.forms import plain, sentence

LOOK_EVERY_S = 2


def draw_jobs(user: User) -> None:
    """Those under way, looked at again by themselves. Nothing where there are none."""
    with transaction() as session:
        found = jobs.list_jobs(session, reader=user)
    if found:
        # Once all have ended nothing is looked at any more.
        st.fragment(_follow, run_every=LOOK_EVERY_S if any(job.open for job in found) else None)(user)


def _follow(user: User) -> None:
    with transaction() as session:
        found = jobs.list_jobs(session, reader=user)
    if not any(job.open for job in found) and st.session_state.get("print-jobs-open"):
        st.session_state["print-jobs-open"] = False
        # The reports that came of them stand in the list now.
        st.rerun()
    st.session_state["print-jobs-open"] = any(job.open for job in found)
    for job in found:
        with st.container(border=True, key=f"print-job-{job.id}"):
            _draw(user, job, owner=job.user_id != user.id)


def draw_job(user: User, job_id: int) -> None:
    """One job until it has ended, then its file."""
    st.fragment(_follow_one, run_every=LOOK_EVERY_S / 2)(user, job_id)


def _follow_one(user: User, job_id: int) -> None:
    try:
        with transaction() as session:
            job = jobs.find_job(session, reader=user, job_id=job_id)
    except JobNotFound as error:
        st.caption(error.message)
        return
    _draw(user, job, owner=job.user_id != user.id)
    if job.open and not job.cancelled:
        st.caption("You can leave this page: it goes on, and the file is then on the Reports page.")


def _draw(user: User, job: Job, *, owner: bool = False) -> None:
    """One line that says how it goes, and what can be done about it."""
    who = f" for {plain(job.user_name)}" if owner and job.user_name else ""
    match job.state:
        case "waiting" | "running":
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.progress(min(job.share, 1.0), text=f"**{plain(job.title)}**{who} · {_far(job)}", width="stretch")
                st.button("Cancel", key=f"print-cancel-{job.id}", on_click=_cancel, args=(user, job.id), disabled=job.cancelled)
        case "complete":
            name = html.escape(f"Download {job.title}", quote=True)
            link = f'<a class="nexus-button" href="/reports/{job.report_id}.pdf" target="_self" aria-label="{name}">Download</a>'
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f"**{plain(job.title)}** is printed, {job.pages:,} {'page' if job.pages == 1 else 'pages'}.", width="stretch")
                st.html(link, width="content")
        case _:
            # Of a print of somebody else, who reads this need not be who cancelled it.
            why = sentence(job.note) if job.note and not (owner and job.cancelled) else "It was cancelled."
            st.markdown(f"**{plain(job.title)}**{who} was not printed. {why}")


def _far(job: Job) -> str:
    if job.cancelled:
        return "is being stopped"
    if job.state == "waiting":
        return f"waits, with {job.before:,} before it" if job.before else "is the next to be printed"
    return f"{job.pages:,} pages, {job.share:.0%}" if job.pages else "reads the data"


def _cancel(user: User, job_id: int) -> None:
    try:
        with transaction() as session:
            jobs.cancel(session, user=user, job_id=job_id)
    except NexusError:
        # It has ended meanwhile; the page shows how.
        return
