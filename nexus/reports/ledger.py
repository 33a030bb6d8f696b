"""The ledger: what was printed, by whom and how; its files, and whether a file in hand is one of them."""

import re
from collections.abc import Iterator

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import Session, transaction
from nexus.errors import BadInput, NexusError, NotFound
from nexus.reports.spec import Issued, Maker, Report, Wanted
from nexus.reports.store import files, records

LISTED = 100
MOST_WORDS = 10
MOST_MAKERS = 500


class ReportNotFound(NotFound):
    message = "This report no longer exists, or it is someone else's. Open another from the list."


class FileRemoved(NexusError):
    message = "The file of this report was removed, as old files are. Its record stays; issue it again for the figures of today."
    status = 410


def list_reports(
    session: Session, *, reader: User, search: str = "", wanted: Wanted | None = None, before: int | None = None
) -> list[Report]:
    """One's own reports, the newest first, at most 100 a time; administrators see all. `before` is the last id of the page before."""
    require(reader, Permission.SEE)
    words = tuple(search.replace("\0", " ").split()[:MOST_WORDS])
    wanted = (wanted or Wanted()).model_copy(update={"words": words})
    return records.newest(session, reader=reader, wanted=wanted, before=before, limit=LISTED)


def makers(session: Session, *, reader: User) -> list[Maker]:
    """Whose reports the reader may see."""
    require(reader, Permission.SEE)
    return records.makers(session, reader=reader, limit=MOST_MAKERS)


def find_report(session: Session, *, reader: User, report_id: int) -> Report:
    """Raises ReportNotFound."""
    require(reader, Permission.SEE)
    report = records.find(session, reader=reader, report_id=report_id) if report_id < 2**63 else None
    if report is None:
        raise ReportNotFound()
    return report


def file_of(session: Session, *, reader: User, report_id: int) -> bytes:
    """The PDF, byte for byte as it was printed. Raises ReportNotFound, FileRemoved."""
    require(reader, Permission.SEE)
    if find_report(session, reader=reader, report_id=report_id).removed_at is not None:
        raise FileRemoved()
    file = files.file(session, reader=reader, report_id=report_id)
    if file is None:
        raise ReportNotFound()
    return file


def chunks_of(*, reader: User, report_id: int) -> Iterator[bytes]:
    """The file in pieces of a few megabytes; of a large one no two are in memory.

    The first is read at once: raises ReportNotFound, FileRemoved. What is removed meanwhile still comes whole.
    """
    require(reader, Permission.SEE)
    with transaction() as session:
        find_report(session, reader=reader, report_id=report_id)
        first = files.chunk(session, reader=reader, report_id=report_id, position=0)
    if first is None:
        raise FileRemoved()
    return _from(first, reader, report_id)


def _from(chunk: bytes | None, reader: User, report_id: int) -> Iterator[bytes]:
    position = 0
    while chunk is not None:
        yield chunk
        position += 1
        with transaction() as session:
            chunk = files.chunk(session, reader=reader, report_id=report_id, position=position)


def verify(session: Session, *, reader: User, sha256: str) -> Issued | None:
    """What the ledger says of a file with this hash; None when this Nexus has not issued it. Raises BadInput for what is no hash."""
    require(reader, Permission.SEE)
    wanted = sha256.strip().lower()
    if not re.fullmatch("[0-9a-f]{64}", wanted):
        raise BadInput("A SHA-256 has 64 characters, 0 to 9 and a to f. Choose the PDF itself, or copy its hash again.")
    return records.issued(session, reader=reader, sha256=wanted)
