"""Times as the reader's clock shows them."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st


def zone() -> tzinfo:
    """The zone of the reader's browser; UTC where it does not say, or says something else."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def moment(at: datetime | None, *, never: str = "never") -> str:
    """Day and minute, as `3 May 2026, 14:05`; `never` for none."""
    if at is None:
        return never
    local = at.astimezone(zone())
    return f"{local.day} {local:%b %Y, %H:%M}"


def since(at: datetime | None, *, never: str = "never", now: datetime | None = None) -> str:
    """How long ago in words, as `5 minutes ago`; beyond a week the moment itself."""
    if at is None:
        return never
    seconds = ((now or datetime.now(UTC)) - at).total_seconds()
    if seconds < 60:
        return "just now"
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return moment(at) if size == 86_400 and count > 7 else f"{count} {word}{'s' if count > 1 else ''} ago"
    return moment(at)
