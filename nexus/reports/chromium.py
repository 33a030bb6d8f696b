"""The browser that prints, as a program: where it is, how it is started, and which processes it has."""

import contextlib
import os
import shutil
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
    "--js-flags=--max-old-space-size=192",
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


def environment() -> dict[str, str | float | bool]:
    """What the browser sees of our environment: no address, key or token."""
    return {name: value for name, value in settings.environment_for_child().items() if name in KEPT_ENVIRONMENT}


def driver_of(mark: str) -> psutil.Process | None:
    """The driver above the browser that was started with `mark` among its arguments."""
    for driver in psutil.Process().children():
        with contextlib.suppress(psutil.Error):
            if any(mark in process.cmdline() for process in driver.children(recursive=True)):
                return driver
    return None


def family(root: psutil.Process | None) -> list[psutil.Process]:
    if root is None:
        return []
    with contextlib.suppress(psutil.Error):
        return [root, *root.children(recursive=True)]
    return []
