"""What leaves for Gemini, what comes back, and the record of both."""

import hashlib
import json
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from nexus.prompts import output
from nexus.prompts.findings import Grounding
from nexus.prompts.output import Output, Records
from nexus.prompts.spec import Prompt
from nexus.sources.rules import Ruled

Ending = Literal["complete", "cut", "refused"]
Status = Literal["running", "complete", "cut", "refused", "failed", "stopped"]


class Request(BaseModel, frozen=True):
    """The exact request: nothing but this is sent, and the preview shows all of it."""

    model: str
    system: str
    text: str
    temperature: float
    max_answer_tokens: int
    answer_schema: dict[str, Any] | None = Field(None, description="JSON schema that the answer is held to; none for free text.")
    thinking_tokens: int | None = None
    examples: tuple[tuple[str, str], ...] = Field((), description="Sent before the text: what was asked, and what was answered well.")

    @property
    def digest(self) -> str:
        """SHA-256, hex, of the whole request."""
        return hashlib.sha256(json.dumps(self.model_dump(exclude_defaults=True), sort_keys=True).encode()).hexdigest()

    @property
    def estimated_tokens(self) -> int:
        """About how many tokens the request takes, without asking anyone.

        Google gives four characters a token for English; other scripts come nearer to one a character.
        """
        schema = json.dumps(self.answer_schema) if self.answer_schema else ""
        sent = "".join([self.system, self.text, schema, *(part for example in self.examples for part in example)])
        narrow = sum(character.isascii() for character in sent)
        return round(narrow / 4 + (len(sent) - narrow) * 0.75) + 1


class Piece(BaseModel, frozen=True):
    """A part of an answer. One without text says that Gemini is still being waited for."""

    text: str = ""
    ending: Ending | None = Field(None, description="Set on the last piece.")
    reason: str = Field("", description="One sentence where the ending is not `complete`.")
    prompt_tokens: int | None = None
    answer_tokens: int | None = Field(None, description="With those that the model spent on thinking.")
    cached_tokens: int | None = Field(None, description="Those of `prompt_tokens` that Google still knew.")


class ChosenFrom(BaseModel, frozen=True):
    """The column of a view that a value was chosen from, which a rule keeps from leaving as it is."""

    view: str
    column: str
    ruled: Ruled


class BlockSent(BaseModel, frozen=True):
    """What one data block puts into the request."""

    name: str
    view: str
    view_title: str
    view_version: int
    parameters: dict[str, Any] = Field(description="As they stand in a URL, with pseudonyms as in the run's variables.")
    columns: tuple[str, ...] = Field(description="Those sent row by row.")
    masked: tuple[str, ...] = Field((), description="Those of `columns` that are sent as pseudonyms.")
    aggregated: tuple[str, ...] = Field((), description="Those sent as summary statistics only.")
    withheld: tuple[str, ...] = Field((), description="Those that stay here.")
    because: dict[str, str] = Field(default_factory=dict, description="Whose rule holds for a column that is not sent as it is.")
    emptied: int = Field(0, description="Figures of too few values, which would have given single ones away.")
    rows: int
    complete: bool = Field(description="All rows of the view are there.")
    read_at: datetime
    digest: str = Field(description="SHA-256, hex, of the block's text.")


class OpenPrompt(BaseModel, frozen=True):
    """One version of a prompt, as kept."""

    id: int | None = Field(description="None for one that was never saved.")
    prompt: Prompt
    version: int
    owner: str | None
    saved_at: datetime
    saved_by: str | None
    open_to_all: bool = True
    may_edit: bool = True
    """Whether the reader may save it; a service looks again."""


class Prepared(BaseModel, frozen=True):
    """A prompt with its values and data, ready to be sent."""

    prompt_id: int | None = Field(description="None for a prompt that was never saved.")
    prompt: Prompt
    version: int = Field(description="0 for one that is tried as it is written, before it is saved.")
    user_id: int
    variables: dict[str, list[str]] = Field(
        description="As they stand in a URL, dashboard filters that the data took among them; pseudonyms for those in `masked`."
    )
    masked: dict[str, ChosenFrom] = Field(
        default_factory=dict, description="By variable, where a value comes from that may not leave as it is."
    )
    blocks: tuple[BlockSent, ...]
    shared: bool = Field(
        False, description="None of its sources is told who asks: everybody would get the same rows, and may see the answer."
    )
    request: Request

    @property
    def rows(self) -> int:
        return sum(block.rows for block in self.blocks)

    @property
    def columns(self) -> int:
        return sum(len(block.columns) + len(block.aggregated) for block in self.blocks)


class PromptRun(BaseModel, frozen=True):
    """The record of one run."""

    id: int
    prompt: str
    prompt_title: str
    prompt_version: int
    user_id: int | None
    user_name: str = Field("", description="Empty when the person is gone.")
    dashboard: str | None
    variables: dict[str, Any]
    masked: dict[str, ChosenFrom] = Field(default_factory=dict, description="Those of `variables` that are kept as pseudonyms.")
    blocks: tuple[BlockSent, ...]
    request_digest: str
    model: str
    status: Status
    answer: str
    error: str | None = Field(description="One sentence where the status is not `complete`.")
    prompt_tokens: int | None
    answer_tokens: int | None
    started_at: datetime
    elapsed_ms: int | None
    cost_usd_micros: int | None = Field(None, description="Millionths of a dollar; None where the model has no price, or it is not known.")
    kept_from: int | None = Field(None, description="The run whose answer this is, where an equal request had been answered.")
    answered_at: datetime | None = Field(None, description="When that run was answered.")
    rating: Literal[1, -1] | None = None
    comment: str = ""
    grounding: Grounding | None = Field(None, description="None for answers that were not checked, and where there is none.")
    output: Output | None = Field(None, description="The fields that it was to answer in.")

    @property
    def records(self) -> Records | None:
        """A structured answer, read; None for one in words, and for one that did not come to its end."""
        return output.read(self.output, self.answer) if self.output and self.status == "complete" else None
