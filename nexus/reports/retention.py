"""How long printed files are kept: by age, then by what they take together, the oldest first. Their records stay, so that a file can be verified.

Looked after hourly by a thread of every process; one of them does it, and the others find it done.
"""

import logging
import threading
from collections.abc import Callable

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db import saved
from nexus.db.session import Session, transaction
from nexus.errors import NexusError
from nexus.prompts import history
from nexus.reports.spec import Kept
from nexus.reports.store import files

logger = logging.getLogger(__name__)

AT_ONCE = 200
"""Files that one transaction removes."""
LET_S = 1_800.0
"""So long who downloads a large file when it is removed may take to the end of it."""
FIRST_S, EVERY_S = 90.0, 3_600.0

_stopping = threading.Event()
_thread: threading.Thread | None = None


def clean_up() -> int:
    """Remove what is too old or too much, as the settings say. How many files went; none when another process is at it."""
    removed = 0
    while not _stopping.is_set():
        with transaction() as session:
            if not files.alone(session):
                return removed
            limits = saved.read(session)
            gone = files.remove_files(
                session,
                days=limits.report_days,
                most_bytes=limits.report_mb * 1024 * 1024,
                last_kept=limits.report_last_kept,
                limit=AT_ONCE,
            )
            files.remove_parts(session, let_s=LET_S)
            dropped = files.remove_snapshots(session, days=limits.report_snapshot_days, limit=AT_ONCE)
            if gone:
                audit.record(session, user_id=None, what="report.removed", subject="reports", detail={"files": gone})
        removed += gone
        if gone < AT_ONCE and dropped < AT_ONCE:
            break
    if removed:
        logger.info("old report files were removed", extra={"files": removed})
    return removed


def what_is_kept(session: Session, *, user: User) -> Kept:
    require(user, Permission.ADMINISTER)
    return files.kept(session, reader=user)


def start(*, first_s: float = FIRST_S, every_s: float = EVERY_S) -> None:
    """Clean up from now on, in a thread of its own."""
    global _thread
    if _thread is None or not _thread.is_alive():
        _stopping.clear()
        _thread = threading.Thread(target=_look_after, args=(first_s, every_s), name="nexus-retention", daemon=True)
        _thread.start()


def stop() -> None:
    _stopping.set()
    if _thread is not None:
        _thread.join(timeout=10)
    _stopping.clear()


def _look_after(first_s: float, every_s: float) -> None:
    pause = first_s
    while not _stopping.wait(pause):
        _safely(clean_up)
        _safely(history.clean_up)
        pause = every_s


def _safely(work: Callable[[], object]) -> None:
    try:
        work()
    except NexusError as error:
        logger.warning("what is old is not removed: %s", error.message)
    except Exception:
        logger.exception("what is old is not removed")
