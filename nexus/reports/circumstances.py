"""The circumstances of a print: by whom and on what paper, whatever is printed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from nexus.accounts.spec import User
from nexus.reports import browser
from nexus.reports.browser import PrintBrowser
from nexus.reports.document import Document
from nexus.reports.layout import Layout
from nexus.reports.press import Progress, Told
from nexus.reports.seal import Seal

Look = Callable[[Document, PrintBrowser], Any]
"""What is done with a document that is only looked at: it is not kept, and of long tables it has the first rows."""


def _untold(_: Progress) -> None:
    """Nobody asks how far it is."""


def _uncancelled() -> bool:
    return False


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    user: User
    layout: Layout = field(default_factory=Layout)
    zone: tzinfo = UTC
    """In which days begin and times are shown."""
    printer: PrintBrowser = field(default_factory=browser.ours)
    seal: Seal | None = None
    """Puts the file behind a password, also in the ledger."""
    told: Told = _untold
    """Hears how far it is; what it raises ends the print."""
    look: Look | None = None
    cancelled: Callable[[], bool] = _uncancelled
    address: Mapping[str, list[str]] = field(default_factory=dict)
    """What else its address says, for the record."""
    issue_of: int | None = None
    """The report that this one issues again, for the record."""
    short: bool = False
    """It is only printed where that is quickly done: TooLong otherwise."""

    @property
    def whole(self) -> bool:
        return self.look is None
