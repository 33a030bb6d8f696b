"""Where a file came from, and how far one is."""

from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, Field, StringConstraints

Kind = Literal["csv", "xlsx", "parquet", "jsonl"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TYPES: dict[Kind, str] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
    "jsonl": "application/jsonl; charset=utf-8",
}

ExportKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
"""Made by the page that asks for a file, so that it can ask how far it is."""

State = Literal["running", "complete", "failed", "stopped"]


class Provenance(BaseModel, frozen=True):
    """What a file says of itself."""

    of: Literal["view", "prompt"] = "view"
    view: str = Field(description="The name of what it is of.")
    title: str
    version: int
    source: str
    timezone: str = Field(description="In which moments without a zone of their own are written.")
    parameters: tuple[tuple[str, str], ...] = Field((), description="Label and value of each.")
    part: str = Field("", description="What of the view is in the file, when it is not everything.")
    sql: str
    values: dict[str, str] = Field(default_factory=dict, description="What is bound in `sql`.")
    by: str
    at: datetime


class Export(BaseModel, frozen=True):
    """How far a file is."""

    key: str
    view: str
    kind: Kind
    state: State
    rows: int
    size_bytes: int
    expected_rows: int | None
    note: str = Field("", description="What went wrong, or what the file could not hold; a sentence.")
    started_at: datetime
    told_at: datetime
