"""Use-cases of bringing files in: keep an upload, look at it, make a table of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import IO, Any

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db import saved
from nexus.db.session import Session, transaction
from nexus.imports import form as forms
from nexus.imports import process, store
from nexus.imports.form import Form
from nexus.imports.spec import (
    FileLook,
    Outcome,
    Progress,
    TooManyImports,
    TooManyUploads,
    UploadBroken,
    UploadNotFound,
    WrongTable,
    problems_of,
)
from nexus.imports.store import Upload
from nexus.sources import loading
from nexus.sources.loading import NewTable
from nexus.sources.service import find as find_source
from nexus.sources.writer import writer_of

AT_ONCE = 2
"""Files that one process reads at the same time."""
MOST_UPLOADS = 5
LONGEST_SECONDS = 900

_places = threading.BoundedSemaphore(AT_ONCE)


def most_bytes(session: Session, *, user: User) -> int:
    """The largest file that may be brought in."""
    require(user, Permission.BUILD)
    return saved.read(session).upload_mb * 1024 * 1024


# --- uploads -----------------------------------------------------------------------------------------------


def begin_upload(session: Session, *, user: User, source: str, filename: str) -> int:
    """Id of an upload that is to be filled. Raises SourceNotFound, NoWriter, TooManyUploads."""
    require(user, Permission.BUILD)
    find_source(session, reader=user, name=source)
    writer_of(session, user=user, name=source)
    store.clean(session)
    if store.count(session, user_id=user.id) >= MOST_UPLOADS:
        raise TooManyUploads()
    return store.add(session, user_id=user.id, source=source, filename=plain_filename(filename))


def add_chunk(session: Session, *, user: User, upload_id: int, position: int, content: bytes) -> None:
    """Raises UploadBroken when the upload was thrown away meanwhile, or is not theirs."""
    require(user, Permission.BUILD)
    if not store.arriving(session, user_id=user.id, upload_id=upload_id):
        raise UploadBroken()
    store.add_chunk(session, upload_id=upload_id, position=position, content=content)


def complete_upload(session: Session, *, user: User, upload_id: int, size_bytes: int, sha256: str) -> None:
    """Raises UploadBroken as `add_chunk` does."""
    require(user, Permission.BUILD)
    if not store.arriving(session, user_id=user.id, upload_id=upload_id):
        raise UploadBroken()
    store.complete(session, upload_id=upload_id, size_bytes=size_bytes, sha256=sha256)


def find_upload(session: Session, *, reader: User, upload_id: int) -> Upload:
    """Raises UploadNotFound, also for somebody else's."""
    require(reader, Permission.BUILD)
    found = store.find(session, reader_id=reader.id, upload_id=upload_id)
    if found is None:
        raise UploadNotFound()
    return found


def my_uploads(session: Session, *, reader: User) -> list[Upload]:
    """Files that wait, the newest first."""
    require(reader, Permission.BUILD)
    return store.every(session, reader_id=reader.id)


def drop_upload(session: Session, *, user: User, upload_id: int) -> None:
    require(user, Permission.BUILD)
    store.delete(session, user_id=user.id, upload_id=upload_id)


def plain_filename(given: str) -> str:
    """The last part of what a browser called the file, without what is not seen."""
    last = given.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[-200:].strip() or "file"


# --- files -------------------------------------------------------------------------------------------------


def look(*, user: User, upload_id: int, given: dict[str, Any], progress: Callable[[Progress], object] = lambda _: None) -> FileLook:
    """What the file holds, after a pass over all of it; `given` are the fields of its layout that the person chose.

    What was found is kept with the upload, and so is the form that it suggests. Raises UploadNotFound, UnreadableFile,
    TooSlow, TooManyImports.
    """
    require(user, Permission.BUILD)
    with transaction() as session:
        upload = find_upload(session, reader=user, upload_id=upload_id)
    with _place(), process.spooled(store.chunks(reader_id=user.id, upload_id=upload_id)) as file:
        found = process.look(file, given, deadline=time.monotonic() + LONGEST_SECONDS, progress=progress)
    form = forms.suggested(found, given=given, filename=upload.filename, former=upload.form)
    with transaction() as session:
        store.keep(session, upload_id=upload_id, found=storable(asdict(found)), form=storable(asdict(form)))
    return found


def open_file(session: Session, *, reader: User, upload_id: int) -> tuple[Upload, FileLook | None, Form | None]:
    """An upload, and what was found and chosen so far. Raises UploadNotFound."""
    require(reader, Permission.BUILD)
    upload = find_upload(session, reader=reader, upload_id=upload_id)
    if upload.found is None or upload.form is None:
        return upload, None, None
    return upload, process.look_of(upload.found), forms.form_of(upload.form)


def keep_form(session: Session, *, user: User, upload_id: int, form: Form) -> None:
    """Keep what was typed: a reload, and another replica, find it again."""
    require(user, Permission.BUILD)
    find_upload(session, reader=user, upload_id=upload_id)
    store.keep(session, upload_id=upload_id, form=storable(asdict(form)))


def storable(value: Any) -> Any:
    """JSON that Postgres keeps: no NUL, no half character."""
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        case dict():
            return {storable(key): storable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [storable(inner) for inner in value]
    return value


class _Refused(Exception):
    """The file has problems: what was written is undone."""


def bring_in(*, user: User, upload_id: int, progress: Callable[[Progress], object] = lambda _: None) -> Outcome:
    """Make the table of an upload's form, all or nothing, and throw the upload away. With problems in the outcome, nothing was made.

    Raises WrongTable, TableExists, NotLoaded, NoWriter, UnreadableFile, TooSlow, and what `progress` raises, which stops the import.
    """
    require(user, Permission.BUILD)
    with transaction() as session:
        upload, found, form = open_file(session, reader=user, upload_id=upload_id)
        source = find_source(session, reader=user, name=upload.source)
    if found is None or form is None:
        raise WrongTable("This file has not been read yet. Reload the page.")
    table = forms.new_table(form)
    columns = [(at, choice.type) for at, choice in enumerate(form.choices) if choice.taken]
    request = process.writing(found.layout, columns=columns, width=len(form.choices))
    started = time.monotonic()

    def load(lines: process.Reader, check: Callable[[], object]) -> int:
        return loading.load(source, user=user, table=table, lines=lines, check=check, seconds=LONGEST_SECONDS)

    with _place(), process.spooled(store.chunks(reader_id=user.id, upload_id=upload_id)) as file:
        outcome = _write(request, file, progress, load)
    if outcome.problem_count:
        return outcome
    with transaction() as session:
        store.delete(session, user_id=user.id, upload_id=upload_id)
        _note(session, user, upload, table, outcome)
    return replace(outcome, elapsed_ms=(time.monotonic() - started) * 1000)


def _write(
    request: dict[str, Any],
    file: IO[bytes],
    progress: Callable[[Progress], object],
    load: Callable[[process.Reader, Callable[[], object]], int],
) -> Outcome:
    with process.Reader(request, file, deadline=time.monotonic() + LONGEST_SECONDS, progress=progress) as lines:

        def check() -> None:
            if lines.finish()["problem_count"]:
                raise _Refused()

        try:
            return Outcome(rows=load(lines, check))
        except _Refused:
            answer = lines.finish()
            return Outcome(rows=answer["done"], problems=problems_of(answer["problems"]), problem_count=answer["problem_count"])


def _note(session: Session, user: User, upload: Upload, table: NewTable, outcome: Outcome) -> None:
    audit.record(
        session,
        user_id=user.id,
        what="table.brought_in",
        subject=f"source {upload.source}",
        detail={
            "table": f"{table.schema}.{table.name}",
            "rows": outcome.rows,
            "columns": [asdict(column) for column in table.columns],
            "filename": upload.filename,
            "size_bytes": upload.size_bytes,
            "sha256": upload.sha256,
        },
    )


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise TooManyImports()
    try:
        yield
    finally:
        _places.release()
