"""The table of questions that people asked in words."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from nexus.db.base import Base
from nexus.db.base import identity as _id
from nexus.db.base import now as _now
from nexus.db.base import person as _person


class AskingRow(Base):
    """A question to a source in words, and what became of it."""

    __tablename__ = "askings"

    id: Mapped[int] = _id()
    source: Mapped[str]
    user_id: Mapped[int | None] = _person()
    thread: Mapped[int | None] = mapped_column(doc="Id of the first question of the conversation; none for the first itself.")
    question: Mapped[str]
    outcome: Mapped[str] = mapped_column(doc="running, answered, cannot, question, refused, costly, failed or stopped.")
    answer: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'"), doc="Sentence, SQL, what it reads, chart, formats, notes and errors: as nexus.asking.spec.Asking."
    )
    sent: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"), doc="Each request as it left: system and text.")
    tables: Mapped[list[Any]] = mapped_column(JSONB, server_default=text("'[]'"), doc="Those whose columns were sent, as schema.table.")
    model: Mapped[str]
    digest: Mapped[str | None] = mapped_column(doc="SHA-256, hex, of the first request.")
    prompt_tokens: Mapped[int | None]
    answer_tokens: Mapped[int | None]
    cost_usd_micros: Mapped[int | None]
    asked_at: Mapped[datetime] = _now()
    elapsed_ms: Mapped[int | None]
    rating: Mapped[str | None] = mapped_column(doc="good or wrong, as its asker says.")
    comment: Mapped[str] = mapped_column(server_default=text("''"))
    rated_at: Mapped[datetime | None]
    approved_by: Mapped[int | None] = _person()
    settled_at: Mapped[datetime | None] = mapped_column(doc="When somebody looked at the report of a wrong answer.")

    __table_args__ = (Index(None, "user_id", "source", "id"), Index(None, "source", "rating"), Index(None, "thread"), Index(None, "digest"))
