"""Programs that the bench starts, and what they take: PSS by process tree, and a memory cgroup of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(url: str, *, seconds: float = 60) -> float:
    """Seconds until `url` answered 200. Raises TimeoutError."""
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        try:
            with urllib.request.urlopen(url, timeout=1) as response:
                if response.status == 200:
                    return time.perf_counter() - started
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise TimeoutError(url)


@contextmanager
def program(
    *arguments: str, environment: dict[str, str], log: Path, folder: Path = ROOT, cgroup: "MemoryGroup | None" = None
) -> Iterator[psutil.Process]:
    """A program in a session of its own; stopped, with all it started, at the end."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            arguments,
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=cgroup.join if cgroup else None,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def clean_environment(**variables: str) -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "SSL_CERT_FILE", "TMPDIR")
    return {**{name: os.environ[name] for name in kept if name in os.environ}, "PYTHONUNBUFFERED": "1", **variables}


def nexus(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "nexus", *arguments)


def pss_mb(root: psutil.Process) -> dict[str, float]:
    """Proportional set size by program name, in MB, of a process and all below it; Postgres is left out."""
    sizes: dict[str, float] = {}
    for process in [root, *root.children(recursive=True)]:
        try:
            if "postgres" in process.name():
                continue
            sizes[process.name()] = sizes.get(process.name(), 0) + process.memory_full_info().pss / 1e6
        except psutil.NoSuchProcess:
            continue
    return sizes


class MemoryGroup:
    """A memory cgroup without swap, version 1 or 2. `available` is false where this machine lets us make none."""

    def __init__(self, limit_bytes: int) -> None:
        self.v2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
        root = Path("/sys/fs/cgroup") if self.v2 else Path("/sys/fs/cgroup/memory")
        self.path = root / f"nexus-bench-{os.getpid()}"
        self.available = False
        try:
            self.path.mkdir()
            if self.v2:
                self._write("memory.max", limit_bytes)
                self._write("memory.swap.max", 0)
            else:
                self._write("memory.limit_in_bytes", limit_bytes)
                self._write("memory.memsw.limit_in_bytes", limit_bytes)
            self.available = True
        except OSError as error:
            self.why_not = str(error)

    def join(self) -> None:
        self._write("cgroup.procs", os.getpid())

    def anonymous_mb(self) -> float:
        """What cannot be given back: anonymous memory, now."""
        return self._stat("anon" if self.v2 else "total_rss") / 1e6

    def peak_mb(self) -> float:
        """The kernel's own peak, page cache included."""
        return int((self.path / ("memory.peak" if self.v2 else "memory.max_usage_in_bytes")).read_text()) / 1e6

    def oom_kills(self) -> int:
        return self._field("memory.events" if self.v2 else "memory.oom_control", "oom_kill")

    def close(self) -> None:
        deadline = time.monotonic() + 5
        while self.path.exists() and time.monotonic() < deadline:
            try:
                self.path.rmdir()
            except OSError:
                time.sleep(0.1)

    def _write(self, name: str, value: int) -> None:
        (self.path / name).write_text(str(value))

    def _stat(self, field: str) -> int:
        return self._field("memory.stat", field)

    def _field(self, file: str, field: str) -> int:
        for line in (self.path / file).read_text().splitlines():
            name, value = line.split()
            if name == field:
                return int(value)
        return 0
