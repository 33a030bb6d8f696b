"""What is said about the state of Nexus, and about what happened in it."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

State = Literal["ok", "note", "missing", "wrong"]
"""`note` wants attention and stops nothing; `missing` turns a feature off; `wrong` is broken."""


class Finding(BaseModel, frozen=True):
    """One line of the status page and of `doctor`. Holds no secret and no address with a password."""

    what: str
    state: State
    detail: str
    what_to_do: str = ""


class Process(BaseModel, frozen=True):
    """One of Nexus's processes. `pss_bytes` counts shared pages by share; where the system cannot tell, resident memory."""

    name: str
    pid: int
    pss_bytes: int


class Entry(BaseModel, frozen=True):
    """One line of the audit log. `by` is empty for the command line and for strangers."""

    id: int
    at: datetime
    by: str
    what: str
    subject: str
    detail: dict[str, Any]
    address: str


class Entries(BaseModel, frozen=True):
    """A page of the audit log, newest first. `older` is the key of the next page; none at the end."""

    entries: tuple[Entry, ...]
    older: int | None
