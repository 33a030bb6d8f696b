"""Tables of what is printed: reports, their files and values, jobs, and the letterhead."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Double,
    ForeignKey,
    Index,
    PrimaryKeyConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from nexus.db.base import SCHEMA, Base
from nexus.db.base import identity as _id
from nexus.db.base import now as _now
from nexus.db.base import person as _person
from nexus.db.encrypted import EncryptedText


class ReportRow(Base):
    __tablename__ = "reports"

    id: Mapped[int] = _id()
    kind: Mapped[str] = mapped_column(doc="dashboard, view or prompt-run.")
    subject: Mapped[str] = mapped_column(doc="Name of the dashboard or view, or id of the run.")
    subject_version: Mapped[int]
    title: Mapped[str]
    filters: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    layout: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), doc="Paper, margins, cover and the like.")
    queries: Mapped[list[Any]] = mapped_column(
        JSONB, server_default=text("'[]'"), doc="Of each panel: view, version, parameters, rows, complete, elapsed_ms."
    )
    file: Mapped[bytes | None] = mapped_column(deferred=True, doc="None when it was removed; the record stays.")
    sha256: Mapped[str] = mapped_column(index=True)
    size_bytes: Mapped[int]
    pages: Mapped[int]
    elapsed_ms: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    created_by: Mapped[int | None] = _person(index=True)
    locked: Mapped[bool] = mapped_column(server_default=text("false"), doc="Behind a password, which is kept nowhere.")
    asked: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), doc="What else it takes to print it again, and what filters meant then: nexus.reports.spec.Asked."
    )
    issue_of: Mapped[int | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.reports.id", ondelete="SET NULL"), doc="The report it was issued again from."
    )
    removed_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "kind", "subject", "id"),
        # Words are looked for here, from the newest report on: records are ten times as wide.
        Index("ix_reports_words", "id", postgresql_include=["title", "subject", "created_by"]),
    )


class ReportSnapshotRow(Base):
    """What a report said, as values, for comparing two issues; compressed, and removed before its file."""

    __tablename__ = "report_snapshots"

    report_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.reports.id", ondelete="CASCADE"), primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(doc="JSON by zlib: nexus.reports.snapshot.Snapshot.")


class ReportPartRow(Base):
    """What of a large file does not lie in its report."""

    __tablename__ = "report_parts"

    report_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.reports.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(doc="From 1.")
    content: Mapped[bytes]

    __table_args__ = (PrimaryKeyConstraint("report_id", "position"),)


class ReportJobRow(Base):
    """A report that is being printed, or waits to be; kept for a week. The process that prints says so every other second."""

    __tablename__ = "report_jobs"

    id: Mapped[int] = _id()
    user_id: Mapped[int] = _person(keep=False, index=True)
    kind: Mapped[str] = mapped_column(doc="dashboard, view or prompt-run.")
    subject: Mapped[str] = mapped_column(doc="Name of the dashboard or view, or id of the run.")
    title: Mapped[str]
    given: Mapped[dict[str, Any]] = mapped_column(doc="Filters, layout and zone, as the texts of an address.")
    seal: Mapped[str | None] = mapped_column(EncryptedText, doc="The lock of the file; gone when the job has ended. Never the password.")
    state: Mapped[str] = mapped_column(server_default=text("'waiting'"), doc="waiting, running, complete, failed or stopped.")
    share: Mapped[float] = mapped_column(Double, server_default=text("0"), doc="How much is printed, from 0 to 1.")
    pages: Mapped[int] = mapped_column(server_default=text("0"))
    note: Mapped[str] = mapped_column(server_default=text("''"), doc="What went wrong.")
    cancelled: Mapped[bool] = mapped_column(server_default=text("false"), doc="Asked for; the process that prints stops within seconds.")
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    worker: Mapped[str | None] = mapped_column(doc="Which process prints it.")
    report_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.reports.id", ondelete="SET NULL"))
    asked_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    told_at: Mapped[datetime] = _now()
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "state", postgresql_where=text("state in ('waiting', 'running')")),)


class LetterheadRow(Base):
    """What stands at the head and the foot of every printed page; one row."""

    __tablename__ = "letterheads"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    logo: Mapped[bytes | None] = mapped_column(doc="PNG, as it was drawn anew from the file that was brought.")
    header: Mapped[str] = mapped_column(server_default=text("''"))
    footer: Mapped[str] = mapped_column(server_default=text("''"))
    changed_at: Mapped[datetime] = _now()
    changed_by: Mapped[int | None] = _person()

    __table_args__ = (CheckConstraint("id = 1", name="one"),)
