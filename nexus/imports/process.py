"""The reading process, seen from here: started for one file, listened to, and ended with whoever waits for it."""

import json
import os
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import IO, Any

from nexus import settings
from nexus.errors import NexusError
from nexus.imports.spec import FileColumn, FileLook, Layout, Progress, UnreadableFile, problems_of

LOOK_SECONDS = 0.1
PIECE = 256 * 1024


class TooSlow(NexusError):
    message = "This file took longer than the 15 minutes that one import may take, and nothing was changed. Bring it in in parts."
    status = 504


@contextmanager
def spooled(chunks: Iterable[bytes]) -> Iterator[IO[bytes]]:
    """The file as one that can be read at any place, without a name, gone at the end."""
    with tempfile.TemporaryFile(prefix="nexus-import-") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        file.seek(0)
        yield file


class Reader:
    """One reading process. As a file it gives what is written for COPY; meanwhile it listens to the reports.

    Raises UnreadableFile, TooSlow, and whatever `progress` raises; the process is ended with the block.
    """

    def __init__(self, request: dict[str, Any], file: IO[bytes], *, deadline: float, progress: Callable[[Progress], object]) -> None:
        self._request, self._file = request, file
        self._deadline, self._progress = deadline, progress
        self._buffer = b""
        self._reported = b""
        self.answer: dict[str, Any] | None = None
        self.failure: BaseException | None = None

    def __enter__(self) -> "Reader":
        reports, told = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nexus.imports.reader"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(self._file.fileno(), told),
            cwd=settings.ROOT,
            # Nothing of this process's environment: the reader needs no key and no address.
            env={"PYTHONUTF8": "1", "ARROW_DEFAULT_MEMORY_POOL": "system", "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"},
        )
        os.close(told)
        self._reports = reports
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(self._request | {"file": self._file.fileno(), "report": told}).encode())
            self._process.stdin.close()
        self._selector = selectors.DefaultSelector()
        self._rows = self._process.stdout.fileno()
        self._selector.register(self._rows, selectors.EVENT_READ)
        self._selector.register(reports, selectors.EVENT_READ)
        return self

    def __exit__(self, *_: object) -> None:
        self._selector.close()
        self._process.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        os.close(self._reports)
        self._process.wait()

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes of rows; none at the end. What goes wrong is kept in `failure`: a driver would swallow it."""
        try:
            while not self._buffer and self._rows in self._selector.get_map():
                self._listen()
        except BaseException as error:
            self.failure = error
            raise
        size = len(self._buffer) if size < 0 else size
        given, self._buffer = self._buffer[:size], self._buffer[size:]
        return given

    def finish(self) -> dict[str, Any]:
        """The last report. Raises UnreadableFile when the process ended without one."""
        while self._selector.get_map():
            self._listen()
        if self.answer is None:
            raise UnreadableFile("This file broke what reads it, and nothing was changed. Save it as CSV, and upload that.")
        return self.answer

    def _listen(self) -> None:
        for key, _ in self._selector.select(LOOK_SECONDS):
            piece = os.read(key.fd, PIECE)
            if not piece:
                self._selector.unregister(key.fd)
            elif key.fd == self._rows:
                self._buffer = piece
            else:
                self._take(piece)
        if time.monotonic() > self._deadline:
            raise TooSlow()

    def _take(self, piece: bytes) -> None:
        *lines, self._reported = (self._reported + piece).split(b"\n")
        for line in lines:
            told = json.loads(line)
            if "refused" in told:
                raise UnreadableFile(told["refused"])
            if "rows" in told:
                self._progress(Progress(rows=told["rows"], share=told["share"]))
            else:
                self.answer = told


def look(file: IO[bytes], given: dict[str, Any], *, deadline: float, progress: Callable[[Progress], object]) -> FileLook:
    """What a pass over the whole file finds."""
    with Reader({"job": "look", "given": given}, file, deadline=deadline, progress=progress) as reader:
        reader.read()
        return look_of(reader.finish()["look"])


def look_of(found: dict[str, Any]) -> FileLook:
    """Of its JSON, as the process reports it and the database keeps it."""
    return FileLook(
        layout=layout_of(found["layout"]),
        columns=tuple(FileColumn(**column) for column in found["columns"]),
        rows=found["rows"],
        sample=tuple(tuple(row) for row in found["sample"]),
        sheets=tuple(found["sheets"]),
        problems=problems_of(found["problems"]),
        problem_count=found["problem_count"],
        either_dates=found["either_dates"],
    )


def layout_of(raw: dict[str, Any]) -> Layout:
    return Layout(**(raw | {"nulls": tuple(raw["nulls"])}))


def writing(layout: Layout, *, columns: list[tuple[int, str]], width: int) -> dict[str, Any]:
    """What the process is asked to write rows."""
    return {"job": "write", "given": asdict(layout), "columns": columns, "width": width}
