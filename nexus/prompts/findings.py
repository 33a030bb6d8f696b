"""What was found of the figures and names of an answer: the record of a check."""

from typing import Literal

from pydantic import BaseModel, Field

Kind = Literal["figure", "entity"]
Status = Literal["found", "derived", "unfound", "wrong_row"]


class RowsBehind(BaseModel, frozen=True):
    """Rows of one table of the request, counted from 0; `more` where not all are listed."""

    block: str
    table: int = Field(0, description="Which table of the request, counted from 0.")
    rows: tuple[int, ...]
    more: int = 0


class Finding(BaseModel, frozen=True):
    """A figure or name of the answer, from character `start` to `end`, and what was found of it."""

    start: int
    end: int
    text: str
    kind: Kind
    status: Status
    how: str = Field(description="For people.")
    rows: tuple[RowsBehind, ...] = ()

    @property
    def is_supported(self) -> bool:
        return self.status in ("found", "derived")


class Grounding(BaseModel, frozen=True):
    """All findings of an answer. `found` and `total` count its figures, and its names that are nowhere."""

    findings: tuple[Finding, ...]
    found: int
    total: int
    is_cut: bool = Field(False, description="Whether the answer is so long that only its beginning was checked.")
    share: float = Field(description="`found` of `total`, 1 where there is nothing to find.")

    @property
    def doubtful(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if not finding.is_supported)
