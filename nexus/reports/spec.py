"""What a report is: one produced PDF, and the record of how it was made."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from nexus.reports.layout import Layout

Kind = Literal["dashboard", "view", "prompt-run"]


class Asked(BaseModel, frozen=True):
    """What it takes to print a report again, besides filters and layout; empty for reports of earlier times."""

    query: dict[str, list[str]] = {}
    """Keys and texts of its address: the zone, what was clicked, and which part of a view."""
    meant: list[tuple[str, str]] = []
    """The filters, and what part of it was printed, as label and text, as they stood on paper."""
    moving: dict[str, str] = {}
    """Filters that stood at a relative date: name → its words, as `last 30 days`."""
    days: dict[str, list[str]] = {}
    """The texts of those as days."""


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
    asked: Asked = Asked()
    issue_of: int | None = None
    removed_at: datetime | None = None
    """When the file was removed, by age or size; the record stays."""
    comparable: bool = False
    """Whether what it said is kept as values."""


class Wanted(BaseModel, frozen=True):
    """Which reports a person looks for; what is None or empty does not narrow."""

    words: tuple[str, ...] = ()
    kind: Kind | None = None
    subject: str | None = None
    made_by: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not this moment any more."""


class Maker(BaseModel, frozen=True):
    id: int
    name: str
    email: str


class Issued(BaseModel, frozen=True):
    """What the ledger says of a file in hand. Who may not see what it is of learns only `created_at`."""

    created_at: datetime
    id: int | None = None
    kind: Kind | None = None
    subject: str = ""
    subject_version: int = 0
    title: str = ""
    made_by: str | None = None
    removed_at: datetime | None = None
    readable: bool = False
    """Whether its record may be opened."""


class Kept(BaseModel, frozen=True):
    """How much printed files take."""

    files: int
    size_bytes: int
    oldest_at: datetime | None
    snapshot_bytes: int


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
    before: int
    """How many, of anybody, are printed or wait before this one; 0 once it is printed itself."""
    user_name: str | None

    @property
    def open(self) -> bool:
        return self.state in ("waiting", "running")
