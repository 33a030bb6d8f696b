"""Use-cases of bringing files in: keep an upload, look at it, make a table of it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import IO, Any

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db import saved
from nexus.db.session import Session, transaction
from nexus.imports import names, process, store
from nexus.imports.cells import TYPES
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
from nexus.sources.loading import NewColumn, NewTable
from nexus.sources.service import find as find_source
from nexus.sources.writer import writer_of

AT_ONCE = 2
"""Files that one process reads at the same time."""
MOST_UPLOADS = 5
LONGEST_SECONDS = 900
MOST_COMMENT = 2_000

_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Choice:
    """What a person decided about one column of the file: the name and type of the table's, or none to leave it out."""

    name: str
    type: str
    taken: bool = True


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


def table_name(filename: str) -> str:
    stem = filename.rpartition(".")[0] or filename
    return names.name_of(stem, "new_table")


# --- files -------------------------------------------------------------------------------------------------


def look(*, user: User, upload_id: int, given: dict[str, Any], progress: Callable[[Progress], object] = lambda _: None) -> FileLook:
    """What the file holds, after a pass over all of it; `given` are the fields of its layout that the person chose.

    Raises UploadNotFound, UnreadableFile, TooSlow, TooManyImports.
    """
    require(user, Permission.BUILD)
    with transaction() as session:
        find_upload(session, reader=user, upload_id=upload_id)
    with _place(), process.spooled(store.chunks(upload_id=upload_id)) as file:
        return process.look(file, given, deadline=time.monotonic() + LONGEST_SECONDS, progress=progress)


class _Refused(Exception):
    """The file has problems: what was written is undone."""


def bring_in(
    *,
    user: User,
    upload_id: int,
    found: FileLook,
    choices: tuple[Choice, ...],
    schema: str,
    name: str,
    key: tuple[str, ...] = (),
    comment: str = "",
    progress: Callable[[Progress], object] = lambda _: None,
) -> Outcome:
    """Make a table of an upload, all or nothing, and throw the upload away. With problems in the outcome, nothing was made.

    `choices` are one for each column of `found`. Raises WrongTable, TableExists, NotLoaded, NoWriter, UnreadableFile,
    TooSlow, and what `progress` raises, which stops the import.
    """
    require(user, Permission.BUILD)
    table = new_table(schema=schema, name=name, choices=choices, key=key, comment=comment)
    with transaction() as session:
        upload = find_upload(session, reader=user, upload_id=upload_id)
        source = find_source(session, reader=user, name=upload.source)
    columns = [(at, choice.type) for at, choice in enumerate(choices) if choice.taken]
    request = process.writing(found.layout, columns=columns, width=len(choices))
    started = time.monotonic()
    with _place(), process.spooled(store.chunks(upload_id=upload_id)) as file:
        outcome = _write(
            request,
            file,
            progress,
            lambda lines, check: loading.load(source, user=user, table=table, lines=lines, check=check, seconds=LONGEST_SECONDS),
        )
    if outcome.problem_count:
        return outcome
    with transaction() as session:
        store.delete(session, user_id=user.id, upload_id=upload_id)
        _note(session, user, upload, table, outcome)
    return Outcome(rows=outcome.rows, elapsed_ms=(time.monotonic() - started) * 1000)


def _write(
    request: dict[str, Any], file: IO[bytes], progress: Callable[[Progress], object], load: Callable[[Any, Callable[[], object]], int]
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


def new_table(*, schema: str, name: str, choices: tuple[Choice, ...], key: tuple[str, ...] = (), comment: str = "") -> NewTable:
    """The table that was asked for. Raises WrongTable."""
    taken = [choice for choice in choices if choice.taken]
    columns = names.checked_columns(choice.name for choice in taken)
    for choice in taken:
        if choice.type not in TYPES:
            raise WrongTable(f"The column `{choice.name}` has no type of the list. Choose one.")
    for part in key:
        if part not in columns:
            raise WrongTable(f"The key names the column `{part}`, which the table does not have. Choose again.")
    if len(comment) > MOST_COMMENT or "\0" in comment:
        raise WrongTable(f"A comment has at most {MOST_COMMENT:,} characters. Shorten it.")
    return NewTable(
        schema=names.checked(schema, what="the schema"),
        name=names.checked(name, what="the table"),
        columns=tuple(NewColumn(column, choice.type) for column, choice in zip(columns, taken, strict=True)),
        key=key,
        comment=comment.strip(),
    )


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise TooManyImports()
    try:
        yield
    finally:
        _places.release()
