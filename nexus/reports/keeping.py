"""What is printed becomes a file with its record: printed, hashed, and kept with what it said as values."""

import hashlib
import logging
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.reports import document, snapshot
from nexus.reports import letterhead as letterheads
from nexus.reports import press as presses
from nexus.reports.circumstances import Circumstances
from nexus.reports.document import Document
from nexus.reports.press import TooLong
from nexus.reports.spec import Asked, Kind, Report
from nexus.reports.store import files, records
from nexus.views.printed import Printed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Subject:
    """What is printed."""

    kind: Kind
    name: str
    title: str
    description: str
    version: int
    filters: Mapping[str, list[str]]
    """As they stand in a URL."""
    shown: Sequence[tuple[str, str]]
    """The filters, and what part of it is printed, as label and text."""
    asked: Asked = field(default_factory=Asked)
    issue_of: int | None = None
    printed: Printed = field(default_factory=Printed)


@dataclass(frozen=True)
class Block:
    """A block of the document, and what the record says of its query; nothing for a panel without data."""

    block: document.Panel
    query: dict[str, Any] | None = None
    said: Callable[[], snapshot.Panel] | None = None
    """What the ledger keeps of it as values, made when the print is done."""


def keep(started: float, how: Circumstances, subject: Subject, blocks: Sequence[Block], *, more: Sequence[dict[str, Any]] = ()) -> Report:
    """Print, then keep the file with its record: no transaction is open while the browser works. `more` are queries of no block.

    With `short`, raises TooLong for what is not waited for.
    """
    require(how.user, Permission.SEE)
    with transaction() as session:
        letterhead = letterheads.find(session, reader=how.user)
    page = Document(
        title=subject.title,
        description=subject.description,
        subject=f"{subject.kind.replace('-', ' ').capitalize()} {subject.name}, version {subject.version}",
        filters=tuple(subject.shown),
        prepared_by=f"{how.user.name} ({how.user.email})" if how.user.name else how.user.email,
        prepared_at=datetime.now(how.zone),
        layout=how.layout,
        panels=tuple(block.block for block in blocks),
        letterhead=letterheads.of_print(letterhead, subject.printed, wanted=how.layout.letterhead),
    )
    if how.short and presses.cost(page) > presses.LONG:
        raise TooLong()
    if how.look is not None:
        looked: Report = how.look(page, how.printer)
        return looked
    with tempfile.TemporaryFile(prefix="nexus-report-") as out:
        pages = presses.press(page, how.printer, out, seal=how.seal, told=how.told, unwanted=how.cancelled)
        return _kept(started, subject, blocks, page=page, out=out, pages=pages, user=how.user, locked=how.seal is not None, more=more)


def _kept(
    started: float,
    subject: Subject,
    blocks: Sequence[Block],
    *,
    page: Document,
    out: IO[bytes],
    pages: int,
    user: User,
    locked: bool,
    more: Sequence[dict[str, Any]],
) -> Report:
    size_bytes = out.tell()
    out.seek(0)
    sha256 = hashlib.file_digest(out, "sha256").hexdigest()  # type: ignore[arg-type] # an open file is one
    elapsed_ms = round((time.monotonic() - started) * 1000)
    out.seek(0)
    # Of a file behind a password nothing is kept in the clear.
    said = None if locked else snapshot.pack(block.said for block in blocks if block.said is not None)
    with transaction() as session:
        again = records.find(session, reader=user, report_id=subject.issue_of) if subject.issue_of is not None else None
        issue_of = again.id if again is not None and (again.kind, again.subject) == (subject.kind, subject.name) else None
        report_id = records.add(
            session,
            kind=subject.kind,
            subject=subject.name,
            subject_version=subject.version,
            title=subject.title,
            filters=dict(subject.filters),
            layout=page.layout.model_dump(),
            queries=[*(block.query for block in blocks if block.query is not None), *more],
            file=out.read(files.KEPT_WHOLE),
            sha256=sha256,
            size_bytes=size_bytes,
            pages=pages,
            elapsed_ms=elapsed_ms,
            created_by=user.id,
            locked=locked,
            asked=subject.asked.model_dump(),
            issue_of=issue_of,
        )
        if said is not None:
            records.keep_snapshot(session, report_id=report_id, content=said)
        files.add_parts(session, report_id=report_id, parts=iter(lambda: out.read(files.KEPT_WHOLE), b""))
        audit.record(
            session,
            user_id=user.id,
            what="report.printed",
            subject=f"{subject.kind} {subject.name}",
            detail={"report": report_id, "version": subject.version, "pages": pages, "size_bytes": size_bytes},
        )
        report = records.find(session, reader=user, report_id=report_id)
    assert report is not None
    log.info("report printed", extra={"report": report_id, "pages": pages, "size_bytes": size_bytes, "elapsed_ms": elapsed_ms})
    return report
