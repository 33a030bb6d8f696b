"""Uploads and their pieces in Nexus's own tables: any replica can go on with a file that another took in."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, insert, select, text, update

from nexus.db.session import Session, transaction
from nexus.db.tables import UploadChunkRow, UploadRow, UserRow

ARRIVING_HOURS = 1
"""An upload that is not complete after so long was cut off with its server."""
KEPT_HOURS = 24


@dataclass(frozen=True)
class Upload:
    id: int
    source: str
    filename: str
    size_bytes: int
    sha256: str
    created_at: datetime
    found: dict[str, Any] | None = field(repr=False)
    form: dict[str, Any] | None = field(repr=False)


def _value(row: UploadRow) -> Upload:
    return Upload(
        id=row.id,
        source=row.source,
        filename=row.filename,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        created_at=row.created_at,
        found=row.found,
        form=row.form,
    )


def clean(session: Session) -> None:
    """Throw away what nobody will go on with."""
    session.execute(
        delete_rows(UploadRow).where(
            (UploadRow.created_at < func.now() - text(f"interval '{KEPT_HOURS} hours'"))
            | (~UploadRow.complete & (UploadRow.created_at < func.now() - text(f"interval '{ARRIVING_HOURS} hours'")))
        )
    )


def count(session: Session, *, user_id: int) -> int:
    """How many files of a person are there, whole or arriving. Others of theirs wait until this transaction ends."""
    session.execute(select(UserRow.id).where(UserRow.id == user_id).with_for_update())
    return session.execute(select(func.count()).select_from(UploadRow).where(UploadRow.user_id == user_id)).scalar_one()


def add(session: Session, *, user_id: int, source: str, filename: str) -> int:
    """Id of a new upload that holds nothing yet."""
    row = UploadRow(user_id=user_id, source=source, filename=filename, size_bytes=0, sha256="")
    session.add(row)
    session.flush()
    return row.id


def arriving(session: Session, *, user_id: int, upload_id: int) -> bool:
    """Whether it is this person's, and not whole yet."""
    wanted = select(UploadRow.id).where(UploadRow.id == upload_id, UploadRow.user_id == user_id, ~UploadRow.complete)
    return session.execute(wanted).scalar_one_or_none() is not None


def add_chunk(session: Session, *, upload_id: int, position: int, content: bytes) -> None:
    session.execute(insert(UploadChunkRow).values(upload_id=upload_id, position=position, content=content))


def complete(session: Session, *, upload_id: int, size_bytes: int, sha256: str) -> None:
    values = {"size_bytes": size_bytes, "sha256": sha256, "complete": True}
    session.execute(update(UploadRow).where(UploadRow.id == upload_id).values(**values))


def find(session: Session, *, reader_id: int, upload_id: int) -> Upload | None:
    """A whole upload of this very person."""
    wanted = select(UploadRow).where(UploadRow.id == upload_id, UploadRow.user_id == reader_id, UploadRow.complete)
    row = session.execute(wanted).scalar_one_or_none()
    return _value(row) if row else None


def every(session: Session, *, reader_id: int) -> list[Upload]:
    """The whole uploads of a person, the newest first."""
    wanted = select(UploadRow).where(UploadRow.user_id == reader_id, UploadRow.complete).order_by(UploadRow.id.desc())
    return [_value(row) for row in session.execute(wanted).scalars()]


def keep(session: Session, *, upload_id: int, **values: dict[str, Any] | None) -> None:
    """Write `found` or `form`, or both."""
    session.execute(update(UploadRow).where(UploadRow.id == upload_id).values(**values))


def delete(session: Session, *, user_id: int, upload_id: int) -> None:
    session.execute(delete_rows(UploadRow).where(UploadRow.id == upload_id, UploadRow.user_id == user_id))


def chunks(*, reader_id: int, upload_id: int) -> Iterator[bytes]:
    """The content of this very person's upload, piece by piece, each in a transaction of its own, so that none is open while a piece is used."""
    position = 0
    while True:
        with transaction() as session:
            wanted = select(UploadChunkRow.content).join(UploadRow, UploadRow.id == UploadChunkRow.upload_id)
            theirs = wanted.where(UploadRow.user_id == reader_id, UploadRow.id == upload_id, UploadChunkRow.position == position)
            content = session.execute(theirs).scalar_one_or_none()
        if content is None:
            return
        yield bytes(content)
        position += 1
