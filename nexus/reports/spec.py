"""What a report is: one produced PDF, and the record of how it was made."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from nexus.reports.layout import Layout

Kind = Literal["dashboard", "view", "prompt-run"]


class Report(BaseModel, frozen=True):
    """The record; the file itself is read apart. `filters` are the keys and texts of the URL that prints it again."""

    id: int
    kind: Kind
    subject: str
    subject_version: int
    title: str
    filters: dict[str, list[str]]
    layout: Layout
    queries: list[dict[str, Any]]
    """Of each panel with data: panel, view, version, parameters, rows, complete, elapsed_ms, read_at; or the sentence of its error."""
    sha256: str
    size_bytes: int
    pages: int
    elapsed_ms: int
    locked: bool = False
    """Only who has its password can read the file."""
    created_at: datetime
    created_by: int | None
    created_by_name: str | None


JobState = Literal["waiting", "running", "complete", "failed", "stopped"]


class Job(BaseModel, frozen=True):
    """A report that is printed in the background."""

    id: int
    user_id: int
    kind: Kind
    subject: str
    title: str
    given: dict[str, list[str]]
    state: JobState
    share: float
    """How much is printed, from 0 to 1."""
    pages: int
    note: str
    """Why it failed; a sentence."""
    cancelled: bool
    report_id: int | None
    asked_at: datetime
    user_name: str | None

    @property
    def open(self) -> bool:
        return self.state in ("waiting", "running")
