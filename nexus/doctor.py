"""What the `doctor` command prints: one table of what is found, missing or wrong, and what to do."""

import shutil
import textwrap
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack

from nexus import settings, status
from nexus.accounts.service import OPERATOR
from nexus.db import session as own
from nexus.errors import DatabaseUnavailable, NexusError
from nexus.reports import chromium
from nexus.status import Finding, State

COLOURS: dict[State, str] = {"ok": "green", "note": "yellow", "missing": "yellow", "wrong": "red"}


def look(database: AbstractContextManager[None]) -> list[Finding]:
    """All findings. `database` connects to Nexus's own one; the bundled one is left alone where it was never made."""
    bundled = settings.current().database_url is None
    if bundled and not (settings.STATE / "postgres" / "PG_VERSION").exists():
        return _without_database("missing", "the bundled Postgres was not made yet", "Run `make run`, which makes it.")
    with ExitStack() as stack:
        try:
            stack.enter_context(database)
            own.ping()
        except DatabaseUnavailable as error:
            detail = f"does not answer: {_reason(error)}"
            return _without_database("wrong", detail, "Check DATABASE_URL, and that this Postgres runs and lets Nexus in.")
        except NexusError as error:
            return _without_database("wrong", error.message, "")
        return [_tried(finding) for finding in status.findings(reader=OPERATOR)]


def _tried(finding: Finding) -> Finding:
    """A browser that was found is started here, which the status page has no time for."""
    path = chromium.find()
    if finding.what != "Browser" or finding.state != "ok" or path is None:
        return finding
    fault = chromium.fault(path)
    if fault is None:
        return finding
    return Finding(
        what="Browser",
        state="missing",
        detail=f"{path} cannot print here: {fault}",
        what_to_do="Install what it lacks (Debian: apt-get install chromium-headless-shell libatomic1), or set CHROMIUM_PATH to another.",
    )


def _reason(error: DatabaseUnavailable) -> str:
    """What the database's client says, in its first line: host and port, never a password."""
    cause = getattr(error.__cause__, "orig", None) or error.__cause__ or error
    return str(cause).strip().partition("\n")[0]


def _without_database(state: State, detail: str, what_to_do: str) -> list[Finding]:
    """One line for the database, and what can be said without it."""
    first = Finding(what="Database", state=state, detail=detail, what_to_do=what_to_do)
    rest = [_tried(finding) for finding in status.findings(reader=OPERATOR) if finding.detail != DatabaseUnavailable.message]
    return [first, *rest]


def table(findings: Sequence[Finding], *, width: int | None = None) -> list[tuple[State, str]]:
    """The lines to print, each with the state that colours it."""
    width = width or shutil.get_terminal_size((100, 24)).columns
    first = max((len(finding.what) for finding in findings), default=0)
    indent = " " * (10 + first)
    lines: list[tuple[State, str]] = []
    for finding in findings:
        head = f"{finding.state:<8}{finding.what:<{first}}  "
        texts: Iterable[str] = filter(None, (finding.detail, finding.what_to_do))
        wrapped = [line for text in texts for line in textwrap.wrap(text, max(width - len(indent), 30))] or [""]
        lines += [(finding.state, (head if number == 0 else indent) + line) for number, line in enumerate(wrapped)]
    return lines


def healthy(findings: Sequence[Finding]) -> bool:
    """False when something that Nexus needs is wrong; what is merely missing turns a feature off."""
    return not any(finding.state == "wrong" for finding in findings)
