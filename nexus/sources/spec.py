"""What a source is, what is asked of it, and what comes back."""

from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from nexus.errors import BadInput, NexusError, Unavailable
from nexus.sources.rules import ColumnRule

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
"""How sources, views, dashboards and prompts are called in URLs and YAML."""


def _storable_name(name: str) -> str:
    if "\x00" in name or len(name.encode(errors="replace")) > 63:
        raise ValueError("is longer than Postgres's 63 bytes, or holds a NUL character")
    return name


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=63), AfterValidator(_storable_name)]
"""How Postgres calls a schema, table or column; any text, always quoted."""


class Limits(BaseModel, frozen=True, extra="forbid"):
    """How much one query may take of a source."""

    timeout_ms: int = Field(10_000, ge=100, le=600_000, description="Longest a query may run.")
    max_rows: int = Field(10_000, ge=1, le=1_000_000, description="Most rows that a page holds.")
    max_bytes: int = Field(32 * 1024 * 1024, ge=1024, le=1024 * 1024 * 1024, description="Most bytes that a result holds.")
    concurrent_queries: int = Field(8, ge=1, le=64, description="Most queries at once from one Nexus process.")
    cache_seconds: int = Field(60, ge=0, le=86_400, description="How long an equal query is answered from memory; 0 turns it off.")


class Source(BaseModel, frozen=True, extra="forbid"):
    """A database that Nexus reads. Its address is stored encrypted beside it, and is never part of it."""

    name: Name
    title: str = Field(min_length=1, max_length=200)
    description: str = ""
    limits: Limits = Limits()
    per_reader: bool = Field(
        True,
        description="Tell the database who asks (settings `nexus.user_id`, `nexus.user_email`, `nexus.<attribute>`), and keep each person's answers apart. "
        "Off, queries know nobody, and people share answers.",
    )
    equal_readers_share: bool = Field(
        False,
        description="Of `per_reader`: tell the database role and attributes alone, so that people with the same ones share answers. "
        "For databases whose rules ask for nothing else.",
    )
    timezone: str = Field(
        "UTC",
        pattern=r"^[A-Za-z][A-Za-z0-9_+/-]{0,63}$",
        description="Zone in which moments of this source are cut into days, as `America/New_York`.",
    )
    rules: tuple[ColumnRule, ...] = Field(
        (),
        max_length=500,
        description="What prompts may send of its columns. Of several that fit the strictest wins; without one a column is sent.",
    )
    revision: str = Field("", exclude=True, repr=False, description="Changes with the address or the limits; not part of the YAML.")

    @property
    def zone(self) -> tzinfo:
        """`timezone`, or UTC where this machine knows no such zone."""
        try:
            return ZoneInfo(self.timezone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            return UTC


class Query(BaseModel, frozen=True):
    """One SELECT. `sql` names its parameters as `:name`; each is bound, never pasted into the text."""

    source: str
    sql: str
    parameters: dict[str, Any] = Field(default_factory=dict)


ColumnKind = Literal["number", "text", "boolean", "date", "time", "duration", "json", "binary", "other"]
"""`time` is a moment (a timestamp); a time of day is `other`. `json` values are the database's own text."""


class Column(BaseModel, frozen=True):
    name: str = Field(description="As the database calls it; two columns may have the same.")
    kind: ColumnKind
    type_name: str = Field(description="Postgres's own name, as `timestamp with time zone`.")


class Table(BaseModel, frozen=True, arbitrary_types_allowed=True):
    """A result, with where it came from. `rows` are tuples in the order of `columns`."""

    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]
    truncated: bool = Field(description="More rows existed than `rows` holds.")
    truncated_because: str = Field("", description="One phrase when truncated: `first 10,000 rows` or `first 32 MB`.")
    elapsed_ms: float = Field(description="From sending the statement to holding the last row.")
    read_at: datetime
    query: Query
    cached: bool = False
    origins: tuple[tuple[int, int], ...] = Field(
        (), description="Of each column the table and column that Postgres says it is, by their numbers; (0, 0) for one that is made."
    )

    @property
    def row_count(self) -> int:
        return len(self.rows)

    def position(self, name: str) -> int:
        """Index of the first column called `name`. Raises KeyError."""
        for position, column in enumerate(self.columns):
            if column.name == name:
                return position
        raise KeyError(name)

    def values(self, name: str) -> list[Any]:
        at = self.position(name)
        return [row[at] for row in self.rows]


class QueryRefused(BadInput):
    """The guard's answer: not one plain SELECT. The sentence says what is not allowed, and where."""

    def __init__(self, message: str | None = None, *, position: int | None = None) -> None:
        super().__init__(message)
        self.position = position
        """Of the character in the statement as it was typed, from 0; None when it is about the whole."""
        self.function = ""
        """Name of the function that is not allowed; empty when it is about something else."""


class NotSql(QueryRefused):
    """Postgres's own grammar cannot read it, or a parameter in it is not there."""


class QueryFailed(BadInput):
    """The database's own answer, as one sentence: a column that is gone, a right that was taken away."""

    code = ""
    """Postgres's own code of it, as `42703`; empty when it is not the database that complains."""

    position: int | None = None
    """As of QueryRefused, where the database named a place."""


class QueryTooSlow(NexusError):
    message = (
        "This query took longer than its source allows, and was stopped. Narrow the filters, or ask an administrator for a longer limit."
    )
    status = 504


class QueryTooBig(NexusError):
    message = (
        "This result holds more than its source allows. Ask for fewer columns or rows, or shorten long values with left(column, 1000)."
    )
    status = 413


class QueryStopped(NexusError):
    """The reader left or pressed cancel."""

    message = "This query was stopped before it ended. Refresh to ask again."
    status = 499


class SourceUnavailable(Unavailable):
    message = "This source cannot be reached right now. Try again in a minute; an administrator can test it in Settings."
    reason = ""
    """One sentence for administrators, who test the source; without host, user and password."""


class SourceBusy(Unavailable):
    message = "Too many queries are running on this source right now. Try again in a moment."
