"""What happened, by whom."""

from typing import Any

from nexus.db.session import Session
from nexus.db.tables import AuditRow


def record(
    session: Session, *, user_id: int | None, what: str, subject: str, detail: dict[str, Any] | None = None, address: str | None = None
) -> None:
    """Add one entry in the caller's transaction, so that what is undone is not recorded either.

    `what` is a past event (`dashboard.saved`), `subject` what it happened to (`dashboard delays`);
    `detail` holds no secret, password, token or query value.
    """
    # The command line acts as a person with the id 0, who is in no table.
    session.add(AuditRow(user_id=user_id or None, what=what, subject=subject, detail=detail or {}, address=address))
