"""Nexus's own tables, in schema `nexus`. Changes go through alembic only; rows never leave a store."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Date,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
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
from nexus.db.base import person_or_none as _person_or_none
from nexus.db.encrypted import EncryptedText


class UserRow(Base):
    __tablename__ = "users"

    id: Mapped[int] = _id()
    email: Mapped[str] = mapped_column(unique=True, doc="Lower case, NFC.")
    name: Mapped[str]
    role: Mapped[str]
    password_hash: Mapped[str | None] = mapped_column(doc="bcrypt of a fixed-length digest; none before the first password.")
    must_change_password: Mapped[bool] = mapped_column(server_default=text("false"))
    attributes: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), doc="Given to queries as local settings, for row-level rights."
    )
    created_at: Mapped[datetime] = _now()
    last_sign_in_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("role in ('viewer', 'analyst', 'admin')", name="role"),)


class SessionRow(Base):
    __tablename__ = "sessions"

    id: Mapped[int] = _id()
    token_hash: Mapped[bytes] = mapped_column(unique=True, doc="Keyed hash of the token in the cookie; the token itself is nowhere.")
    user_id: Mapped[int] = _person(keep=False, index=True)
    address: Mapped[str]
    user_agent: Mapped[str]
    created_at: Mapped[datetime] = _now()
    last_seen_at: Mapped[datetime] = _now()
    expires_at: Mapped[datetime] = mapped_column(index=True)
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None] = mapped_column(
        doc="Shown on the sign-in page: signed out, password changed, disabled, role changed."
    )


class SignInAttemptRow(Base):
    """Failed tries, kept as long as the lockout window looks back."""

    __tablename__ = "sign_in_attempts"

    id: Mapped[int] = _id()
    account: Mapped[bytes] = mapped_column(doc="Keyed hash of the e-mail that was typed, known or not.")
    address: Mapped[str]
    at: Mapped[datetime] = _now()

    __table_args__ = (Index(None, "account", "at"), Index(None, "address", "at"))


class SavedSettingRow(Base):
    """Values set on the settings page. The environment wins over them."""

    __tablename__ = "saved_settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[dict[str, Any] | None] = mapped_column(doc='{"value": …}; none for a secret.')
    secret: Mapped[str | None] = mapped_column(EncryptedText)
    changed_at: Mapped[datetime] = _now()
    changed_by: Mapped[int | None] = _person()


class AuditRow(Base):
    __tablename__ = "audit_entries"

    id: Mapped[int] = _id()
    at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    user_id: Mapped[int | None] = _person(index=True)
    what: Mapped[str] = mapped_column(doc="A verb in the past, as `dashboard.saved`.")
    subject: Mapped[str] = mapped_column(doc="What it happened to, as `dashboard delays`.")
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    address: Mapped[str | None]


class SourceRow(Base):
    __tablename__ = "sources"

    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(unique=True)
    url: Mapped[str] = mapped_column(EncryptedText)
    writer_url: Mapped[str | None] = mapped_column(EncryptedText, doc="Of the role that brings files in as tables; none, and nobody can.")
    spec: Mapped[dict[str, Any]] = mapped_column(doc="nexus.sources.spec.Source without the address.")
    created_at: Mapped[datetime] = _now()
    changed_at: Mapped[datetime] = _now()
    changed_by: Mapped[int | None] = _person()


class Kept(Base):
    """What views, dashboards and prompts have in common: a name, an owner, and every version."""

    __abstract__ = True

    id: Mapped[int] = _id()
    name: Mapped[str] = mapped_column(unique=True, doc="Stands in URLs and YAML; never changes.")
    title: Mapped[str]
    tags: Mapped[list[str]] = mapped_column(JSONB, server_default=text("'[]'"))
    version: Mapped[int] = mapped_column(doc="The newest version; its spec is in the versions table.")
    owner_id: Mapped[int | None] = _person()
    created_at: Mapped[datetime] = _now()
    changed_at: Mapped[datetime] = _now()
    archived_at: Mapped[datetime | None]
    open_to_all: Mapped[bool] = mapped_column(
        server_default=text("true"), doc="Everybody who signs in may see it; else its owner, administrators, and those it is shared with."
    )


class ViewRow(Kept):
    __tablename__ = "views"


class DashboardRow(Kept):
    __tablename__ = "dashboards"


class PromptRow(Kept):
    __tablename__ = "prompts"


class Version(Base):
    __abstract__ = True

    version: Mapped[int]
    spec: Mapped[dict[str, Any]]
    saved_at: Mapped[datetime] = _now()
    saved_by: Mapped[int | None] = _person()
    note: Mapped[str] = mapped_column(server_default=text("''"))


class ViewVersionRow(Version):
    __tablename__ = "view_versions"
    kept_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.views.id", ondelete="CASCADE"))
    __table_args__ = (PrimaryKeyConstraint("kept_id", "version"),)


class DashboardVersionRow(Version):
    __tablename__ = "dashboard_versions"
    kept_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.dashboards.id", ondelete="CASCADE"))
    __table_args__ = (PrimaryKeyConstraint("kept_id", "version"),)


class PromptVersionRow(Version):
    __tablename__ = "prompt_versions"
    kept_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.prompts.id", ondelete="CASCADE"))
    __table_args__ = (PrimaryKeyConstraint("kept_id", "version"),)


class VisitRow(Base):
    """What a person opened last, and what is a favourite; one row a person and thing."""

    __tablename__ = "visits"

    user_id: Mapped[int] = _person(keep=False)
    kind: Mapped[str] = mapped_column(doc="view, dashboard or prompt.")
    name: Mapped[str]
    visited_at: Mapped[datetime] = _now()
    favourite: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (PrimaryKeyConstraint("user_id", "kind", "name"), Index(None, "user_id", "visited_at"))


class FilterSetRow(Base):
    """Filters and picks of a dashboard that a person keeps under a name."""

    __tablename__ = "filter_sets"

    id: Mapped[int] = _id()
    user_id: Mapped[int] = _person(keep=False)
    dashboard_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.dashboards.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    query: Mapped[dict[str, Any]] = mapped_column(doc="Keys and texts of an address; they are read again as an address is.")
    is_default: Mapped[bool] = mapped_column(server_default=text("false"), doc="Holds where the address says nothing.")
    changed_at: Mapped[datetime] = _now()

    __table_args__ = (
        Index(None, "user_id", "dashboard_id", "name", unique=True),
        Index("filter_sets_default_idx", "user_id", "dashboard_id", unique=True, postgresql_where=text("is_default")),
    )


class AnnotationRow(Base):
    """A note on a day or a period, shown in charts along time."""

    __tablename__ = "annotations"

    id: Mapped[int] = _id()
    dashboard_id: Mapped[int | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.dashboards.id", ondelete="CASCADE"), index=True, doc="None: shown on every dashboard."
    )
    text: Mapped[str]
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date, doc="None where it is about one day.")
    created_at: Mapped[datetime] = _now()
    created_by: Mapped[int | None] = _person()
    changed_at: Mapped[datetime] = _now()
    changed_by: Mapped[int | None] = _person()


class ShareRow(Base):
    """A view, dashboard or prompt shared with one person, or with everybody of a role."""

    __tablename__ = "shares"

    id: Mapped[int] = _id()
    kind: Mapped[str] = mapped_column(doc="view, dashboard or prompt.")
    kept_id: Mapped[int] = mapped_column(doc="Of the table that `kind` names.")
    user_id: Mapped[int | None] = _person_or_none()
    role: Mapped[str | None]
    may_edit: Mapped[bool] = mapped_column(server_default=text("false"))
    shared_at: Mapped[datetime] = _now()
    shared_by: Mapped[int | None] = _person()

    __table_args__ = (
        CheckConstraint("(user_id is null) <> (role is null)", name="with_whom"),
        CheckConstraint("role in ('viewer', 'analyst', 'admin')", name="role"),
        Index(None, "kind", "kept_id", "user_id", unique=True, postgresql_where=text("user_id is not null")),
        Index(None, "kind", "kept_id", "role", unique=True, postgresql_where=text("role is not null")),
    )


class DraftRow(Base):
    """What a person has typed and not saved; one a person and thing. A reload, and another replica, find it again."""

    __tablename__ = "drafts"

    user_id: Mapped[int] = _person(keep=False)
    kind: Mapped[str] = mapped_column(doc="view, dashboard or prompt.")
    name: Mapped[str] = mapped_column(doc="What is edited; of something new, `new-sql` and the like.")
    content: Mapped[dict[str, Any]] = mapped_column(doc="As the form holds it; need not be a valid spec.")
    base_version: Mapped[int | None] = mapped_column(doc="The version that the change was made from.")
    changed_at: Mapped[datetime] = _now()
    step: Mapped[int] = mapped_column(server_default=text("0"), doc="Which step of the draft its content is.")

    __table_args__ = (PrimaryKeyConstraint("user_id", "kind", "name"),)


class DraftStepRow(Base):
    """What a draft was before, and after steps that were taken back: so that undoing outlives a reload."""

    __tablename__ = "draft_steps"

    user_id: Mapped[int]
    kind: Mapped[str]
    name: Mapped[str]
    step: Mapped[int] = mapped_column(autoincrement=False)
    content: Mapped[dict[str, Any]]

    __table_args__ = (
        PrimaryKeyConstraint("user_id", "kind", "name", "step"),
        ForeignKeyConstraint(
            ["user_id", "kind", "name"], ["nexus.drafts.user_id", "nexus.drafts.kind", "nexus.drafts.name"], ondelete="CASCADE"
        ),
    )


class QueryRunRow(Base):
    """A query that somebody ran: for the history of the SQL page, and for how often and how slow a view is."""

    __tablename__ = "query_runs"

    id: Mapped[int] = _id()
    at: Mapped[datetime] = _now()
    user_id: Mapped[int | None] = _person()
    source: Mapped[str]
    view: Mapped[str | None] = mapped_column(doc="Name of the view; none on the SQL page.")
    view_version: Mapped[int | None]
    sql: Mapped[str | None] = mapped_column(doc="As typed; of the SQL page only.")
    parameters: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    declared: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"), doc="What its parameters were; of the SQL page only.")
    purpose: Mapped[str] = mapped_column(doc="page, dashboard, export, report, prompt or sql.")
    status: Mapped[str] = mapped_column(doc="complete, cut, refused, failed or stopped.")
    error: Mapped[str | None]
    row_count: Mapped[int | None]
    elapsed_ms: Mapped[float] = mapped_column(Double)
    cached: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (Index(None, "view", "at"), Index(None, "user_id", "at"), Index(None, "at"))


class ExportRow(Base):
    """How far a file is that a person is taking; kept for a day. The process that writes it says so every second."""

    __tablename__ = "exports"

    user_id: Mapped[int] = _person(keep=False)
    key: Mapped[str] = mapped_column(doc="Made by the page that asked for the file.")
    view: Mapped[str]
    kind: Mapped[str] = mapped_column(doc="csv, xlsx, parquet or jsonl.")
    state: Mapped[str] = mapped_column(server_default=text("'running'"), doc="running, complete, failed or stopped.")
    row_count: Mapped[int] = mapped_column(server_default=text("0"))
    size_bytes: Mapped[int] = mapped_column(server_default=text("0"))
    expected_rows: Mapped[int | None] = mapped_column(doc="By the planner's estimate.")
    note: Mapped[str] = mapped_column(server_default=text("''"), doc="What went wrong, or what the file could not hold.")
    cancelled: Mapped[bool] = mapped_column(server_default=text("false"), doc="Asked for; the process that writes stops within a second.")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)
    told_at: Mapped[datetime] = _now()

    __table_args__ = (PrimaryKeyConstraint("user_id", "key"),)


class UploadRow(Base):
    """A file on its way to become a table; thrown away when it is one, or after a day."""

    __tablename__ = "uploads"

    id: Mapped[int] = _id()
    user_id: Mapped[int] = _person(keep=False, index=True)
    source: Mapped[str]
    filename: Mapped[str]
    size_bytes: Mapped[int]
    sha256: Mapped[str]
    complete: Mapped[bool] = mapped_column(server_default=text("false"))
    found: Mapped[dict[str, Any] | None] = mapped_column(JSONB, doc="What a pass over the file found: nexus.imports.spec.FileLook.")
    form: Mapped[dict[str, Any] | None] = mapped_column(JSONB, doc="What the person chose so far: nexus.imports.form.Form.")
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)


class UploadChunkRow(Base):
    __tablename__ = "upload_chunks"

    upload_id: Mapped[int] = mapped_column(ForeignKey(f"{SCHEMA}.uploads.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(doc="From 0.")
    content: Mapped[bytes]

    __table_args__ = (PrimaryKeyConstraint("upload_id", "position"),)


class PromptScoreRow(Base):
    """One run of a prompt's test cases."""

    __tablename__ = "prompt_scores"

    id: Mapped[int] = _id()
    prompt_id: Mapped[int | None] = mapped_column(ForeignKey(f"{SCHEMA}.prompts.id", ondelete="CASCADE"))
    prompt_version: Mapped[int | None] = mapped_column(doc="None while what was tested is not saved.")
    spec_hash: Mapped[str] = mapped_column(doc="SHA-256, hex, of what was tested.")
    user_id: Mapped[int | None] = _person(index=True)
    passed: Mapped[int]
    total: Mapped[int]
    results: Mapped[list[Any]] = mapped_column(JSONB, doc="Of each test case: its name, whether it passed, why not, and its run.")
    ran_at: Mapped[datetime] = _now()
    __table_args__ = (
        Index(None, "prompt_id", "prompt_version", "id"),
        Index(None, "spec_hash", postgresql_where=text("prompt_version is null")),
    )
