"""The writing role of a source, and how large a file it may be given. A stored password is never shown again."""

import streamlit as st

from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.sources import writer
from nexus.sources.spec import Source
from nexus.sources.writer import WriterTrial
from nexus.ui import forms
from nexus.ui.settings import setting
from nexus.ui.settings.setting import fixed, origin, read

EXAMPLE = "postgresql://writer:password@host:5432/database"
GRANTS = """\
create role nexus_writer login password '…';
create schema files;
grant usage, create on schema files to nexus_writer;
grant usage on schema files to …;  -- the role that reads"""


def draw(user: User, source: Source, of: str) -> None:
    """An expander beside the source's other parts."""
    form = f"{of}-writer"
    with transaction() as session:
        shown = writer.shown_writers(session, user=user).get(source.name)
        own = writer.can_make_writer(session, user=user, name=source.name)
    with st.expander("Writing role, for bringing in files", expanded=forms.is_told(form)):
        st.markdown(
            "With a second role that may make tables in a schema, analysts bring in CSV, XLSX and Parquet files. Nothing else uses it; views go on reading with the first."
        )
        forms.told(form)
        st.caption(f"Now: {forms.plain(shown)}" if shown else "Not set: nobody can bring in a file.")
        if shown:
            _present(user, source, form)
        elif own:
            _make(user, source, form)
        _address(user, source, form, new=not shown)


def _present(user: User, source: Source, form: str) -> None:
    with st.container(horizontal=True):
        test = st.button("Test the writing role", key=f"{form}-test")
        remove = st.button("Remove the writing role", key=f"{form}-remove")
    if test:
        with forms.refused(), st.spinner("Connecting …"):
            _told(writer.try_writer(user=user, name=source.name))
    if remove:
        with forms.saving(form, "The writing role is removed. Its tables stay."), transaction() as session:
            writer.remove_writer(session, user=user, name=source.name)


def _make(user: User, source: Source, form: str) -> None:
    """In Nexus's own database, nobody needs to write SQL."""
    st.markdown(
        f"This source is in Nexus's own database, so Nexus can make the role: it may make tables in the schema `{writer.OWN_SCHEMA}`, and nothing else."
    )
    if st.button("Make a writing role", key=f"{form}-make"):
        with forms.saving(form, f"The role is made. Files become tables in the schema {writer.OWN_SCHEMA}."), transaction() as session:
            writer.make_writer(session, user=user, name=source.name)


def _address(user: User, source: Source, form: str, *, new: bool) -> None:
    with st.form(forms.key(form), border=False):
        url = (
            st.text_input(
                "Address of the writing role", key=forms.key(form, "url"), type="password", placeholder=EXAMPLE, autocomplete="off"
            )
            or ""
        )
        with st.container(horizontal=True):
            save = st.form_submit_button("Set the writing role" if new else "Change the writing role")
            test = st.form_submit_button("Test this address")
    if test:
        with forms.refused(), st.spinner("Connecting …"):
            _told(writer.try_writer_address(user=user, name=source.name, url=url))
    elif save:
        with forms.saving(form, "The writing role is set. Test it, to be sure."), transaction() as session:
            writer.change_writer(session, user=user, name=source.name, url=url)
    if new:
        st.caption("How its owner makes one:")
        st.code(GRANTS, language="sql")


def _told(trial: WriterTrial) -> None:
    if trial.schemas:
        where = ", ".join(forms.plain(name) for name in trial.schemas[:10])
        more = f" and {len(trial.schemas) - 10} more" if len(trial.schemas) > 10 else ""
        st.success(
            f"It answers: PostgreSQL {forms.plain(trial.version)}, {trial.latency_ms:.0f} ms. It may make tables in {where}{more}.",
            icon=":material/check:",
        )
    for warning in trial.warnings:
        st.warning(warning, icon=":material/warning:")


def draw_limit(user: User) -> None:
    """How large a file may be, on all sources."""
    saved, people = read(user)
    form = "upload-limit"
    before = setting.begun(saved, form, "upload_mb")
    forms.told(form)
    with st.form(forms.key(form), border=False):
        most = st.number_input(
            "Largest file that may be brought in, in MB",
            value=before["upload_mb"],
            step=1,
            key=forms.key(form, "upload_mb"),
            disabled=fixed(saved, "upload_mb"),
            width=240,
        )
        origin(saved, "upload_mb", people)
        if st.form_submit_button("Save the limit"):
            with forms.saving(form):
                setting.save(user, saved, before, {"upload_mb": most})
