"""Runs of prompts, as they are kept."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from nexus.db.base import SCHEMA, Base, identity, now, person
from nexus.db.encrypted import EncryptedText


class PromptRunRow(Base):
    __tablename__ = "prompt_runs"

    id: Mapped[int] = identity()
    prompt_id: Mapped[int | None] = mapped_column(
        ForeignKey(f"{SCHEMA}.prompts.id", ondelete="CASCADE"), index=True, doc="None for a prompt that was tried and never saved."
    )
    prompt_version: Mapped[int] = mapped_column(doc="0 for one that was tried as it was written, before it was saved.")
    user_id: Mapped[int | None] = person(index=True)
    dashboard: Mapped[str | None] = mapped_column(doc="Name of the dashboard it ran on, if on one.")
    variables: Mapped[dict[str, Any]]
    data: Mapped[dict[str, Any]] = mapped_column(doc="Of each data block: view, version, parameters, rows, complete, hash.")
    data_hash: Mapped[str] = mapped_column(doc="SHA-256, hex, of the whole request as sent.")
    model: Mapped[str]
    status: Mapped[str] = mapped_column(doc="complete, cut, refused, failed or stopped.")
    answer: Mapped[str] = mapped_column(server_default=text("''"))
    error: Mapped[str | None]
    prompt_tokens: Mapped[int | None]
    answer_tokens: Mapped[int | None]
    cost_usd_micros: Mapped[int | None]
    started_at: Mapped[datetime] = now()
    elapsed_ms: Mapped[int | None]
    grounding: Mapped[dict[str, Any] | None] = mapped_column(
        doc="Of each figure and name of the answer: where it stands, and whether it is in the data that was sent."
    )
    request: Mapped[str | None] = mapped_column(
        EncryptedText, deferred=True, doc="The whole request as JSON, for as long as the settings say."
    )
    kept_from: Mapped[int | None] = mapped_column(doc="The run whose answer this is, where an equal one had been answered.")
    rating: Mapped[int | None] = mapped_column(doc="1 for a good answer, -1 for a bad one.")
    comment: Mapped[str] = mapped_column(server_default=text("''"))
