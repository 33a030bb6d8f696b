"""Bringing in a file: choosing and uploading it, then what it holds, and the table that it becomes."""

import streamlit as st

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.imports import service as imports
from nexus.imports.form import Form
from nexus.imports.spec import MOST_PROBLEMS, FileLook, Outcome, Problem, Progress
from nexus.imports.store import Upload
from nexus.sources import catalog, writer
from nexus.sources import service as sources
from nexus.ui import bring_form, forms, when
from nexus.ui.components import component
from nexus.ui.forms import plain, sentence
from nexus.ui.view_drafts import fresh

_upload = component("upload")

SHOWN_PROBLEMS = 20


def draw_start(user: User) -> None:
    """Which source, and the file."""
    with transaction() as session:
        writable = [
            source for source in sources.all_sources(session, reader=user) if writer.has_writer(session, reader=user, name=source.name)
        ]
        waiting = imports.my_uploads(session, reader=user)
        most_mb = imports.most_bytes(session, user=user) // 1_048_576
    forms.told("bring")
    if not writable:
        _draw_no_writer(user)
        return
    st.markdown("A CSV, XLSX or Parquet file becomes a table of a source. You see what it holds, and correct it, before anything is made.")
    titles = {source.name: source.title for source in writable}
    asked = st.query_params.get("source")
    chosen = st.selectbox(
        "Source",
        list(titles),
        index=list(titles).index(asked) if asked in titles else 0,
        format_func=titles.__getitem__,
        width=360,
        key="bring-source",
    )
    done = _upload(key=f"bring-{chosen}", data={"source": chosen, "most_mb": most_mb}, on_uploaded_change=lambda: None)
    if done.uploaded:
        st.query_params.from_dict({"upload": str(done.uploaded)})
        st.rerun()
    if waiting:
        _draw_waiting(user, waiting, titles)


def _draw_no_writer(user: User) -> None:
    if user.may(Permission.ADMINISTER):
        forms.empty(
            "No source has a writing role yet. Give one its writing role in Settings, under Sources: a role that may make tables in a schema, beside the one that only reads."
        )
        st.page_link("pages/settings.py", label="Open Settings, Sources", query_params={"section": "sources"}, icon=":material/settings:")
    else:
        forms.empty("No source takes files yet. An administrator gives one a writing role in Settings, under Sources.")


def _draw_waiting(user: User, waiting: list[Upload], titles: dict[str, str]) -> None:
    st.subheader("Files that wait", anchor=False)
    st.caption("Kept for a day after they were uploaded, for you alone.")
    with st.container(key="rows-uploads"):
        for upload in waiting:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.page_link("pages/bring.py", label=plain(upload.filename), query_params={"upload": str(upload.id)})
                where = plain(titles.get(upload.source, upload.source))
                st.caption(f"{_size(upload.size_bytes)} · for {where} · {when.since(upload.created_at)}", width="content")
                st.button("Throw away", key=f"bring-drop-{upload.id}", type="tertiary", on_click=_drop, args=(user, upload.id))


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1_048_576:,.1f} MB" if size_bytes >= 104_858 else f"{size_bytes / 1024:,.1f} KB"


def _drop(user: User, upload_id: int) -> None:
    with transaction() as session:
        imports.drop_upload(session, user=user, upload_id=upload_id)
    st.query_params.clear()


def draw_made(user: User, source_name: str, made: str) -> None:
    """The table that is there now, and what can be done with it."""
    schema, _, name = made.partition(".")
    with transaction() as session:
        source = sources.find(session, reader=user, name=source_name)
    table = catalog.find_table(source, reader=user, schema=schema, name=name)
    if table is None:
        forms.empty("There is no such table. Bring in a file to make one.")
    else:
        count = f"about {table.estimated_rows:,} rows, " if table.estimated_rows is not None else ""
        st.success(
            f"**{plain(schema)}.{plain(name)}** is in {plain(source.title)}: {count}{len(table.columns):,} columns.",
            icon=":material/check:",
        )
        st.page_link(
            "pages/view.py",
            label="Open it as a new view",
            icon=":material/table:",
            query_params={"new": "table", "draft": fresh(), "source": source.name, "schema": schema, "table": name},
        )
    st.page_link("pages/bring.py", label="Bring in another file", icon=":material/upload_file:", query_params={"source": source.name})


# --- one file ----------------------------------------------------------------------------------------------


def draw_upload(user: User, upload_id: int) -> None:
    """What the file holds, how it is read, and the table; the button makes it."""
    require(user, Permission.BUILD)
    with transaction() as session:
        upload, found, form = imports.open_file(session, reader=user, upload_id=upload_id)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(f"{plain(upload.filename)} · {_size(upload.size_bytes)} · for {plain(upload.source)}", width="content")
        st.button("Throw this file away", type="tertiary", key="bring-drop", on_click=_drop, args=(user, upload_id))
    wanted = st.session_state.pop(f"bring-given-{upload_id}", None)
    if wanted is not None or found is None or form is None:
        with forms.refused():
            _read(user, upload_id, wanted or {})
            st.rerun()
        if found is None or form is None:
            return
    _draw_found(found)
    bring_form.draw_layout(upload_id, found, form)
    changed = bring_form.draw_table(user, upload, found, form)
    if changed != form:
        with transaction() as session:
            imports.keep_form(session, user=user, upload_id=upload_id, form=changed)
    _draw_making(user, upload, changed)


def _read(user: User, upload_id: int, given: dict[str, object]) -> None:
    bar = st.progress(0.0, "Reading the file …")
    st.button("Stop reading", key="bring-stop", on_click=st.query_params.clear)
    imports.look(user=user, upload_id=upload_id, given=given, progress=lambda at: _show(bar, "Reading", at))


def _show(bar: "st.delta_generator.DeltaGenerator", what: str, at: Progress) -> None:
    bar.progress(min(1.0, at.share), f"{what}: {at.rows:,} rows, {at.share:.0%}")


def _draw_found(found: FileLook) -> None:
    rows = f"{found.rows:,} {'row' if found.rows == 1 else 'rows'}"
    columns = f"{len(found.columns):,} {'column' if len(found.columns) == 1 else 'columns'}"
    said = "" if found.problem_count else " Names and types are proposed so that every row fits."
    st.markdown(f"**{rows}, {columns}.**{said}")
    if not found.rows:
        st.info("The file has a head and no rows: the table will be empty.", icon=":material/info:")
    if found.problem_count:
        _draw_problems(
            found.problems, found.problem_count, "Some rows have more or fewer cells than the first. Correct the file, or how it is read."
        )


def _draw_problems(problems: tuple[Problem, ...], count: int, what: str) -> None:
    st.error(sentence(what), icon=":material/error:")
    lines = "\n".join(f"- {sentence(problem.sentence)}" for problem in problems[:SHOWN_PROBLEMS])
    st.markdown(lines)
    if len(problems) > SHOWN_PROBLEMS:
        with st.expander(f"The next {len(problems) - SHOWN_PROBLEMS}"):
            st.markdown("\n".join(f"- {sentence(problem.sentence)}" for problem in problems[SHOWN_PROBLEMS:]))
    if count > len(problems):
        st.caption(f"The first {MOST_PROBLEMS} of {count:,}.")


def _draw_making(user: User, upload: Upload, form: Form) -> None:
    """The button; while the rows go in, how far they are stands in its place."""
    forms.told(_words(upload))
    place = st.empty()
    with place:
        pressed = st.button("Create the table", type="primary", key="bring-create")
    refusals = f"bring-refused-{upload.id}"
    if not pressed:
        refused = st.session_state.get(refusals)
        if refused is not None and refused[0] == form:
            _draw_refusal(refused[1])
        return
    with place.container():
        bar = st.progress(0.0, "Beginning …")
        # Pressed meanwhile, it ends this run, and with it the import.
        st.button(
            "Cancel",
            key="bring-cancel",
            on_click=forms.tell,
            args=(_words(upload), "Stopped. Nothing was made, and the file is still here."),
        )
    outcome: Outcome | str
    try:
        outcome = imports.bring_in(user=user, upload_id=upload.id, progress=lambda at: _show(bar, "Bringing in", at))
    except NexusError as error:
        outcome = error.message
    if isinstance(outcome, str) or outcome.problem_count:
        st.session_state[refusals] = (form, outcome)
    else:
        st.query_params.from_dict({"source": upload.source, "made": f"{form.schema}.{form.name}"})
    st.rerun()


def _words(upload: Upload) -> str:
    return f"bring-{upload.id}"


def _draw_refusal(outcome: Outcome | str) -> None:
    if isinstance(outcome, str):
        st.error(sentence(outcome), icon=":material/error:")
        return
    count = f"{outcome.problem_count:,} {'problem' if outcome.problem_count == 1 else 'problems'}"
    words = f"Nothing was made: {count} in {outcome.rows:,} rows. Choose other types above, or correct the file and upload it again."
    _draw_problems(outcome.problems, outcome.problem_count, words)
