"""What is found, missing or wrong, each with what to do; and the audit log for administrators."""

import importlib.metadata
import platform
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

import nexus
from nexus import defects, settings
from nexus.accounts.spec import Permission, User, require
from nexus.db import migrate, saved
from nexus.db.session import Session, transaction
from nexus.errors import NexusError
from nexus.reports import chromium
from nexus.status import store
from nexus.status.spec import Entries, Finding, Process

LITTLE_ROOM = 1024 * 1024 * 1024
"""Bytes. The sample and its indexes take 90 MB, and Postgres's own log of changes up to as much as it likes."""


def findings(*, reader: User) -> list[Finding]:
    """Everything `doctor` and the status page show, in their order. What fails while it is looked at becomes a finding."""
    require(reader, Permission.ADMINISTER)
    found: list[Finding] = []
    for what, look in _LOOKS:
        try:
            found.extend(look())
        except NexusError as error:
            found.append(Finding(what=what, state="wrong", detail=error.message))
        except Exception as error:
            reference = defects.note(error, where=f"status {what}")
            found.append(
                Finding(
                    what=what, state="wrong", detail=f"Could not be looked at; the log has it as {reference}.", what_to_do="Read the log."
                )
            )
    return found


def recent_entries(session: Session, *, reader: User, search: str = "", before: int | None = None, limit: int = 50) -> Entries:
    """A page of the audit log, newest first; the next one begins `before` the key `older`."""
    require(reader, Permission.ADMINISTER)
    rows = store.entries(session, limit=limit + 1, before=before, search=search[:200], what=None)
    shown = tuple(rows[:limit])
    return Entries(entries=shown, older=shown[-1].id if len(rows) > limit else None)


def recent_defects(session: Session, *, reader: User, limit: int = 20) -> Entries:
    """What went wrong in Nexus itself lately, with the references that people were given."""
    require(reader, Permission.ADMINISTER)
    return Entries(entries=tuple(store.entries(session, limit=limit, before=None, search="", what=defects.EVENT)), older=None)


def processes(*, reader: User) -> list[Process]:
    """This process and those it started, Postgres left out; biggest first."""
    require(reader, Permission.ADMINISTER)
    return _processes()


def _processes() -> list[Process]:
    own = psutil.Process()
    found = []
    for process in [own, *own.children(recursive=True)]:
        try:
            name = process.name()
            if not name.startswith("postgres"):
                found.append(Process(name=name, pid=process.pid, pss_bytes=_memory(process)))
        except psutil.Error:
            continue  # it ended meanwhile
    return sorted(found, key=lambda process: -process.pss_bytes)


def _memory(process: psutil.Process) -> int:
    full = process.memory_full_info()
    return int(getattr(full, "pss", 0) or full.rss)


def _versions() -> Iterator[Finding]:
    yield Finding(what="Nexus", state="ok", detail=nexus.VERSION)
    yield Finding(what="Python", state="ok", detail=platform.python_version())
    yield Finding(what="Streamlit", state="ok", detail=importlib.metadata.version("streamlit"))


def _database() -> Iterator[Finding]:
    with transaction() as session:
        version, size = store.postgres(session)
    where = "the bundled one, under .nexus/" if settings.current().database_url is None else "from DATABASE_URL"
    yield Finding(what="Database", state="ok", detail=f"PostgreSQL {version}, {_megabytes(size)}, {where}")


def _schema() -> Iterator[Finding]:
    present, newest = migrate.present(), migrate.newest()
    if present == newest:
        yield Finding(what="Schema", state="ok", detail=f"at {newest}, the newest")
    else:
        yield Finding(
            what="Schema",
            state="wrong",
            detail=f"at {present or 'nothing'}; this version of Nexus needs {newest}",
            what_to_do="Run `python -m nexus migrate`.",
        )


def _keys() -> Iterator[Finding]:
    """Where the two keys come from, and whether every stored secret opens with them."""
    current = settings.current()
    count = len(current.encryption_key.get_secret_value().split(","))
    where = "kept under .nexus/: back that folder up" if _kept_on_disk(current) else "from the environment"
    with transaction() as session:
        closed = store.secrets_that_do_not_open(session)
    if closed:
        yield Finding(
            what="Keys",
            state="wrong",
            detail=f"{where}; {closed} stored {'secret does' if closed == 1 else 'secrets do'} not open with ENCRYPTION_KEY",
            what_to_do="Put the former ENCRYPTION_KEY back, after the new one, separated by a comma; or enter those secrets again.",
        )
    else:
        yield Finding(
            what="Keys", state="ok", detail=f"{where}; {count} encryption {'key' if count == 1 else 'keys'}, every stored secret opens"
        )


def _kept_on_disk(current: settings.Settings) -> bool:
    return any(
        (settings.STATE / name).is_file() and (settings.STATE / name).read_text().strip() == value.get_secret_value()
        for name, value in (("secret_key", current.secret_key), ("encryption_key", current.encryption_key))
    )


def _browser() -> Iterator[Finding]:
    path = chromium.find()
    if path is not None:
        yield Finding(what="Browser", state="ok", detail=f"prints PDFs: {path}")
    else:
        chosen = settings.current().chromium_path
        yield Finding(
            what="Browser",
            state="missing",
            detail=f"CHROMIUM_PATH names {chosen}, which is no program" if chosen else "no Chromium was found; PDFs cannot be made",
            what_to_do="Run `python -m playwright install --only-shell chromium`, install chromium-headless-shell, or set CHROMIUM_PATH.",
        )


def _gemini() -> Iterator[Finding]:
    """Whether there is a key; whether Google takes it is what the button in the settings tries."""
    with transaction() as session:
        held = saved.read_all(session)
    if held.values.google_api_key is None:
        yield Finding(
            what="Gemini",
            state="missing",
            detail="no key; prompts do not run",
            what_to_do="Set GOOGLE_API_KEY, or add a key in Settings, Gemini.",
        )
    else:
        where = "from the environment" if held.origins["google_api_key"] == "environment" else "saved in the settings"
        yield Finding(what="Gemini", state="ok", detail=f"key {where}, model {held.values.gemini_model}")


def _memory_found() -> Iterator[Finding]:
    found = _processes()
    used = sum(process.pss_bytes for process in found)
    limit = container_limit()
    detail = f"{_megabytes(used)} in {len(found)} {'process' if len(found) == 1 else 'processes'}" + (
        f", of {_megabytes(limit)} allowed" if limit else ""
    )
    tight = limit is not None and used > 0.9 * limit
    yield Finding(
        what="Memory",
        state="note" if tight else "ok",
        detail=detail,
        what_to_do="Give the container more memory, or lower the rows and bytes of the sources." if tight else "",
    )


def _disk() -> Iterator[Finding]:
    """Room for the bundled Postgres; with a DATABASE_URL Nexus keeps nothing on disk."""
    if settings.current().database_url is not None:
        return
    free = shutil.disk_usage(settings.ROOT).free
    tight = free < LITTLE_ROOM
    yield Finding(
        what="Disk",
        state="note" if tight else "ok",
        detail=f"{_megabytes(free)} free for the bundled Postgres",
        what_to_do="Make room: Postgres stops when the disk is full." if tight else "",
    )


def _defects() -> Iterator[Finding]:
    with transaction() as session:
        count = store.defects_since(session, what=defects.EVENT, since=datetime.now(UTC) - timedelta(days=1))
    if count:
        yield Finding(
            what="Errors",
            state="note",
            detail=f"{count} in the last 24 hours",
            what_to_do="Look at Settings, Status, for their references.",
        )
    else:
        yield Finding(what="Errors", state="ok", detail="none in the last 24 hours")


def container_limit(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Bytes of memory that the container allows; none without a limit."""
    try:
        text = (root / "memory.max").read_text().strip()
    except OSError:
        return None  # no container, or one whose limits this kernel tells elsewhere
    return int(text) if text.isdigit() else None


def _megabytes(size: int) -> str:
    return f"{size / 1024 / 1024:,.0f} MB"


_LOOKS: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
    ("Versions", _versions),
    ("Database", _database),
    ("Schema", _schema),
    ("Keys", _keys),
    ("Browser", _browser),
    ("Gemini", _gemini),
    ("Memory", _memory_found),
    ("Disk", _disk),
    ("Errors", _defects),
)
