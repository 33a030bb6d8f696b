"""What went wrong in Nexus itself: a number for the person, a trace for the log, a line for the status page."""

import logging
import secrets
import traceback

from nexus import audit
from nexus.db.session import transaction
from nexus.settings import ROOT

_log = logging.getLogger(__name__)

EVENT = "defect"
"""What the audit log calls them."""


def note(error: BaseException, *, where: str, user_id: int | None = None) -> str:
    """Log `error` with its trace, record it for administrators, and return the reference to show.

    The record names the kind of error and the line it came from. It leaves out the error's own text, which may
    quote what a person typed or what a query returned. Never raises.
    """
    reference = secrets.token_hex(4)
    _log.error("defect %s in %s", reference, where, exc_info=error)
    try:
        with transaction() as session:
            audit.record(
                session,
                user_id=user_id,
                what=EVENT,
                subject=f"defect {reference}",
                detail={"where": where, "error": type(error).__name__, "line": _line(error)},
            )
    except Exception:
        # The database may be what failed. The log has it all the same.
        _log.warning("defect %s is only in the log", reference)
    return reference


def _line(error: BaseException) -> str:
    """File and line of the innermost frame that is Nexus's own."""
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(str(ROOT)) and "site-packages" not in frame.filename
    ]
    if not own:
        return ""
    return f"{own[-1].filename.removeprefix(str(ROOT)).lstrip('/')}:{own[-1].lineno}"
