"""The browser that prints, as a program: where it is, how it is started, and which processes it has."""

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from importlib.metadata import version
from pathlib import Path

import psutil

from nexus import settings

NAMES = (
    "chromium-headless-shell",
    "chrome-headless-shell",
    "headless_shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
ARGUMENTS = (
    "--disable-dev-shm-usage",  # /dev/shm is 64 MB in a container
    "--disable-gpu",
    "--in-process-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--font-render-hinting=none",  # else advances are rounded to whole pixels, which shows on paper
    "--disable-sync",
    "--no-first-run",
    "--mute-audio",
    # Drawing charts leaves much garbage: a small young generation and lazy growth take 56 MB where 126 were taken.
    "--js-flags=--max-old-space-size=192 --max-semi-space-size=1 --optimize-for-size",
)
KEPT_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "XDG_RUNTIME_DIR")


def find() -> Path | None:
    """The browser that prints: the setting, then Playwright's own, then one on `PATH`."""
    chosen = settings.current().chromium_path
    if chosen is not None:
        return chosen if chosen.is_file() and os.access(chosen, os.X_OK) else None
    caches = [Path.home() / ".cache/ms-playwright", Path.home() / "Library/Caches/ms-playwright"]
    if named := settings.environment_for_child().get("PLAYWRIGHT_BROWSERS_PATH"):
        caches = [Path(named)]
    for cache in caches:
        for pattern in ("chromium_headless_shell-*/*/*headless*shell", "chromium-*/*/chrome"):
            for path in sorted(cache.glob(pattern), reverse=True):
                if path.is_file() and os.access(path, os.X_OK):
                    return path
    return next((Path(found) for name in NAMES if (found := shutil.which(name))), None)


def fault(executable: Path) -> str | None:
    """Why it cannot print, in its own words; none when both it and the program that drives it start here.

    Takes half a second. What is missing is a library of the system, on a small Debian for instance.
    """
    for command in ([str(executable), "--version"], [sys.executable, "-m", "playwright", "--version"]):
        try:
            tried = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603 - our own program, or the configured one
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if tried.returncode != 0:
            return (tried.stderr.strip().splitlines() or ["it ends at once"])[-1]
    return None


class Folder:
    """All that one browser and its driver write lies here, and goes with them, however they end. What a Nexus that was killed left goes, too."""

    def __init__(self) -> None:
        for left in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
            with contextlib.suppress(OSError):
                os.close(_locked(left))
                shutil.rmtree(left)
        self.path = Path(tempfile.mkdtemp(prefix=FOLDERS))
        self._lock = _locked(self.path)
        folder.set(self.path)

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


FOLDERS = "nexus-print-"
folder: ContextVar[Path] = ContextVar("folder")
"""Of the browser that is being started."""


def _locked(path: Path) -> int:
    """An open file that holds the folder as long as this process lives. Raises OSError where another has it."""
    held = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise
    return held


def living_in(path: Path) -> list[psutil.Process]:
    """The driver that was given this folder, and all below it."""
    found = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if child.environ().get("TMPDIR") == str(path):
                found += family(child)
    return found


def environment() -> dict[str, str | float | bool]:
    """What the browser sees of our environment: no address, key or token."""
    kept = {name: value for name, value in settings.environment_for_child().items() if name in KEPT_ENVIRONMENT}
    # Playwright asks us for every driver of this process, also for one that is started beside ours and has no folder.
    path = folder.get(None)
    return {**kept, "TMPDIR": str(path)} if path is not None else {**kept}


def driver_environment() -> dict[str, str]:
    """What the driver sees of it, and what Playwright's own would add."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {
        **{name: str(value) for name, value in environment().items()},
        "PW_LANG_NAME": "python",
        "PW_LANG_NAME_VERSION": python,
        "PW_CLI_DISPLAY_VERSION": version("playwright"),
    }


def driver_of(mark: str) -> tuple[psutil.Process | None, list[psutil.Process]]:
    """The driver above the browser that was started with `mark` among its arguments, and the browser's main processes: it, and a script that started it."""
    for driver in psutil.Process().children():
        main = []
        for process in family(driver)[1:]:
            with contextlib.suppress(psutil.Error):
                arguments = process.cmdline()
                if mark in arguments and not any(argument.startswith("--type=") for argument in arguments):
                    main.append(process)
        if main:
            return driver, main
    return None, []


def lives(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def family(root: psutil.Process | None) -> list[psutil.Process]:
    if root is None:
        return []
    with contextlib.suppress(psutil.Error):
        return [root, *root.children(recursive=True)]
    return []


def see_off(processes: Sequence[psutil.Process]) -> None:
    """Wait a second for them to end, then kill those that have not."""
    if not _ended(processes):
        kill(processes)


def kill(processes: Sequence[psutil.Process]) -> None:
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    _ended(processes)


def _ended(processes: Sequence[psutil.Process], *, within_s: float = 1.0) -> bool:
    """Whether none of them lives any more. One that nobody has reaped has ended: in some containers nobody ever does."""
    deadline = time.monotonic() + within_s
    while any(map(lives, processes)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def names(processes: Iterable[psutil.Process]) -> set[str]:
    """As the kernel keeps them, which is also what a process that has ended is still called by."""
    found = set()
    for process in processes:
        with contextlib.suppress(psutil.Error):
            found.add(_kernel_name(process))
    return found


def _kernel_name(process: psutil.Process) -> str:
    return process.name()[:15]


def reap(called: Iterable[str]) -> None:
    """Take note of the end of a browser's processes that have become ours.

    They do where Nexus is the first process of a container: the browser leaves orphans, which would stay as zombies.
    A browser is started by its driver alone, so what is directly below us under such a name is an orphan.
    """
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.Error, ChildProcessError):
            if child.status() == psutil.STATUS_ZOMBIE and _kernel_name(child) in called:
                os.waitpid(child.pid, os.WNOHANG)
