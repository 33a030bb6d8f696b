"""What is asked of the data in words, what a model may reply, and the record of both."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from nexus.prompts.markdown import plain
from nexus.prompts.request import Request
from nexus.views.appearance import Chart, Format

LONGEST_QUESTION = 2_000
LONGEST_SENTENCE = 1_000
"""Characters of a question, and of what a model says beside its SQL."""
REPAIRS = 2
"""How often Gemini may correct SQL that did not run; after that there is no answer."""

Kind = Literal["sql", "cannot", "question", "look"]
"""`look` asks for the columns of tables of which only the names were sent."""
Outcome = Literal["running", "answered", "cannot", "question", "refused", "costly", "failed", "stopped"]
Rating = Literal["good", "wrong"]

CHARTS = ("line", "bar", "stacked bar", "area", "scatter", "pie", "heatmap", "histogram", "big number")
STYLES = ("number", "percent", "currency", "date", "datetime", "duration")

_TEXT = {"type": "string"}
REPLY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "outcome": {"type": "string", "enum": ["sql", "cannot", "question", "look"]},
        "title": _TEXT,
        "sql": _TEXT,
        "answers": _TEXT,
        "leaves_out": _TEXT,
        "reason": _TEXT,
        "tables": {"type": "array", "items": _TEXT},
        "chart": {
            "type": "object",
            "properties": {
                "kind": {"type": "string", "enum": list(CHARTS)},
                "x": _TEXT,
                "y": {"type": "array", "items": _TEXT},
                "row": _TEXT,
                "color": _TEXT,
            },
            "required": ["kind"],
        },
        "formats": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "column": _TEXT,
                    "style": {"type": "string", "enum": list(STYLES)},
                    "decimals": {"type": "integer"},
                    "unit": _TEXT,
                },
                "required": ["column", "style"],
            },
        },
    },
    "required": ["outcome"],
}
"""The JSON schema that the answer is held to."""


class Reply(BaseModel, frozen=True, extra="ignore"):
    """A model's answer. Its chart and formats are proposals: what does not fit is left out, never an error."""

    outcome: Kind
    title: str = ""
    sql: str = Field("", max_length=100_000)
    answers: str = ""
    leaves_out: str = ""
    reason: str = Field("", description="Why it cannot be answered, or the question back.")
    tables: tuple[str, ...] = ()
    chart: Any = None
    formats: Any = None

    @field_validator("title", "answers", "leaves_out", "reason", mode="before")
    @classmethod
    def _one_line(cls, text: Any) -> str:
        """Seen characters alone, on one line, and not too long."""
        return " ".join(plain(str(text or "")).split())[:LONGEST_SENTENCE]


class Asking(BaseModel, frozen=True):
    """The record of one question and what became of it."""

    id: int
    source: str
    user_id: int | None
    user_name: str = ""
    thread: int = Field(description="Id of the first question of the conversation.")
    question: str
    outcome: Outcome
    sentence: str = Field("", description="What the SQL answers; else why there is none, or the question back.")
    leaves_out: str = ""
    title: str = ""
    sql: str = ""
    notes: tuple[str, ...] = Field((), description="What was noticed: values that are nowhere in the data.")
    tables: tuple[str, ...] = Field((), description="Those whose columns were sent.")
    read: tuple[str, ...] = Field((), description="Those that the SQL reads.")
    chart: Chart | None = None
    formats: dict[str, Format] = Field(default_factory=dict)
    errors: tuple[str, ...] = Field((), description="Of each SQL that did not run: what the database said.")
    model: str
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    cost_usd_micros: int | None = None
    asked_at: datetime
    elapsed_ms: int | None = None
    rating: Rating | None = None
    comment: str = ""
    kept_from: int | None = Field(None, description="Id of the equal question whose answer this is.")
    answered_at: datetime | None = Field(None, description="When that one was asked.")
    approved: bool = Field(False, description="Goes along as an example when others ask something alike.")

    @property
    def repairs(self) -> int:
        """How often Gemini was asked to correct its SQL; what the last correction says may have failed as well."""
        return min(len(self.errors), REPAIRS)

    @property
    def tokens(self) -> int:
        return (self.prompt_tokens or 0) + (self.answer_tokens or 0)


class Sent(BaseModel, frozen=True):
    """One request that left, to the letter."""

    system: str
    text: str


class Prepared(BaseModel, frozen=True):
    """A question with all that goes along, ready to be sent: nothing else is."""

    user_id: int
    source: str
    question: str
    thread: int | None
    request: Request
    tables: tuple[str, ...]
    """Those whose columns go along, as `schema.table`."""
    named: tuple[str, ...] = ()
    """Those of which only the names do."""
    omitted: int = 0
    """How many tables are not even named, for want of room."""
    examples: int = 0
    earlier: int = 0
    """Examples, and earlier questions of the conversation, that go along."""
    most_usd_micros: int = 0
    """What the first request may cost at most; 0 where nobody knows the model's price."""
