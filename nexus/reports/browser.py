"""The print browser as the rest of Nexus sees it: a queue in front of one process, for any thread.

One thread with its own event loop owns the process, since Playwright's objects belong to the loop that
made them. It starts with the first print, stays warm while it is used, and stops when nobody prints; one
that crashed or hangs is replaced.
"""

import asyncio
import json
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nexus.errors import NexusError, Unavailable
from nexus.reports import chromium, process
from nexus.reports.drawings import Drawings
from nexus.reports.fonts import scripts
from nexus.reports.process import Died, Process

log = logging.getLogger(__name__)

MOST_BYTES = 24 * 1024 * 1024
FONTS = ("11px Inter", "600 11px Inter")

LOOK_S = 0.25
"""Between two looks whether a print is still wanted."""

Result = TypeVar("Result")


def _never() -> bool:
    return False


class BrowserMissing(Unavailable):
    message = "Nexus found no browser to print with. An administrator can run `python -m nexus doctor`, which says what to install, or set CHROMIUM_PATH."


class PrintQueueFull(Unavailable):
    message = "Many reports are being printed right now. Try again in a minute."


class Stopping(Unavailable):
    message = "Nexus is being restarted. Try again in a minute."


class CalledOff(NexusError):
    message = "This print was called off."


class PrintFailed(Unavailable):
    message = "The print browser stopped twice on this report. Choose fewer rows or panels, or try again in a minute."


class PrintTooSlow(Unavailable):
    message = "Printing took too long and was stopped. Choose fewer rows or panels, and try again."
    status = 504


class ReportTooBig(NexusError):
    message = "This report is too big to print. Choose fewer rows or panels, or export the views as CSV."
    status = 413


@dataclass(frozen=True)
class State:
    """What the status page and the doctor show."""

    executable: Path | None
    running: bool
    version: str
    printing: int
    waiting: int
    restarts: int
    last_error: str


class PrintBrowser:
    """Draws and prints for any thread. `at_once` jobs run, `waiting` more may wait; each has `deadline_s`, and the browser `start_s` to start."""

    def __init__(
        self,
        *,
        executable: Path | None = None,
        at_once: int = 2,
        waiting: int = 16,
        deadline_s: float = 30,
        start_s: float = 30,
        idle_s: float = 120,
    ) -> None:
        self._executable = executable
        self._at_once, self._waiting, self._deadline_s, self._start_s, self._idle_s = at_once, waiting, deadline_s, start_s, idle_s
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._jobs = 0
        self._running = 0
        self._restarts = 0
        self._last_error = ""
        self._closed = False
        self._process: Process | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._slots: asyncio.Semaphore
        self._starting: asyncio.Lock
        self._drawing: asyncio.Lock
        self._drawings = Drawings()
        self._idle: asyncio.TimerHandle | None = None

    def prepare(self, *, charts: bool) -> None:
        """Begin to start, for a print that is sure to come; with `charts`, also what draws them. Comes back at once, and raises nothing."""
        with self._lock:
            if self._closed or self._jobs:
                return  # who prints starts it
            loop = self._loop or self._start_thread()
        asyncio.run_coroutine_threadsafe(self._run(lambda process: process.prepare(charts=charts)), loop)

    def draw(self, specs: Sequence[dict[str, Any]], *, unwanted: Callable[[], bool] = _never) -> list[str | None]:
        """SVGs of Vega-Lite specs, in order; None where Vega could not draw one. Raises like `print`."""
        texts = [json.dumps(spec, ensure_ascii=False, default=str) for spec in specs]
        drawn = {text: self._drawings.get(text) for text in texts}
        missing = [text for text, drawing in drawn.items() if drawing is None]
        if missing:
            drawn |= self._ask(lambda process: self._draw(process, missing), unwanted=unwanted)
        return [drawn[text] for text in texts]

    async def _draw(self, process: Process, texts: Sequence[str]) -> dict[str, str | None]:
        """One caller at a time: who waited may find that another's report has the same charts."""
        async with self._drawing:
            drawn = {text: self._drawings.get(text) for text in texts}
            missing = [text for text, drawing in drawn.items() if drawing is None]
            fonts = [*FONTS, *(f"11px '{script.family}'" for script in scripts("".join(missing)))]
            for text, entry in zip(missing, await process.draw(missing, fonts) if missing else [], strict=True):
                drawn[text] = entry.get("svg")
                if "error" in entry:
                    log.warning("a chart could not be drawn", extra={"reason": entry["error"][:500]})
                else:
                    self._drawings.keep(text, entry["svg"])
            return drawn

    def print(self, html: str, *, patient: bool = False, tagged: bool = True, unwanted: Callable[[], bool] = _never) -> bytes:
        """The page as PDF, on the paper that its `@page` rule names, tagged and with bookmarks unless not wanted.

        A `patient` one is a piece of a long report: it waits also where the queue is full. One that is `unwanted` ends at once, in
        the queue or at print, and raises CalledOff. Raises ReportTooBig, PrintQueueFull, PrintTooSlow, PrintFailed, BrowserMissing.
        """
        body = html.encode(errors="replace")
        if len(body) > MOST_BYTES:
            raise ReportTooBig()
        return self._ask(lambda process: process.print(body, tagged=tagged), patient=patient, unwanted=unwanted)

    def shoot(self, html: str, *, width: int) -> bytes:
        """The `main` part of the page as a PNG, `width` pixels wide. Raises like `print`."""
        body = html.encode(errors="replace")
        if len(body) > MOST_BYTES:
            raise ReportTooBig()
        return self._ask(lambda process: process.shoot(body, width=width))

    def state(self) -> State:
        process = self._process
        return State(
            executable=self._executable or chromium.find(),
            running=process is not None and process.alive,
            version=process.version if process is not None else "",
            printing=self._running,
            waiting=max(self._jobs - self._running, 0),
            restarts=self._restarts,
            last_error=self._last_error,
        )

    def close(self) -> None:
        """Stop the browser and the thread; what is being printed fails. Later calls are refused."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._shut(), loop).result(15)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)

    def _ask(self, job: Callable[[Process], Awaitable[Result]], *, patient: bool = False, unwanted: Callable[[], bool] = _never) -> Result:
        with self._lock:
            if self._closed:
                raise Stopping()
            if self._jobs >= self._at_once + self._waiting and not patient:
                raise PrintQueueFull(
                    f"{self._jobs:,} reports are printed or wait before yours, and no more can wait. Try again in a minute."
                )
            self._jobs += 1
            loop = self._loop or self._start_thread()
        try:
            return _awaited(asyncio.run_coroutine_threadsafe(self._run(job), loop), unwanted)
        except (PrintFailed, PrintTooSlow, BrowserMissing) as error:
            self._last_error = error.message
            raise
        except CancelledError:
            raise Stopping() from None
        finally:
            with self._lock:
                self._jobs -= 1

    def _start_thread(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        self._slots, self._starting, self._drawing = asyncio.Semaphore(self._at_once), asyncio.Lock(), asyncio.Lock()

        def run() -> None:
            asyncio.set_event_loop(loop)
            # What a killed driver still had to say is of no use: the job that it failed has told.
            loop.set_exception_handler(lambda _loop, context: log.debug("print browser: %s", context.get("message")))
            loop.run_forever()
            loop.close()

        self._loop, self._thread = loop, threading.Thread(target=run, name="print-browser", daemon=True)
        self._thread.start()
        return loop

    async def _run(self, job: Callable[[Process], Awaitable[Result]]) -> Result:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        async with self._slots:
            if self._idle is not None:
                self._idle.cancel()
                self._idle = None
            self._running += 1
            try:
                return await self._twice(job)
            finally:
                self._running -= 1
                if self._running == 0:
                    self._idle = asyncio.get_running_loop().call_later(self._idle_s, self._rest)

    async def _twice(self, job: Callable[[Process], Awaitable[Result]]) -> Result:
        """Run a job; when the browser died under it, run it once more in a new one."""
        for attempt in (1, 2):
            process = await self._ready()
            try:
                return await self._watched(job, process)
            except TimeoutError:
                await self._stop(process)
                raise PrintTooSlow() from None
            except Died as error:
                log.warning("the print browser failed", extra={"attempt": attempt, "reason": str(error)[:500]})
                self._restarts += 1
                await self._stop(process)
        raise PrintFailed()

    async def _watched(self, job: Callable[[Process], Awaitable[Result]], process: Process) -> Result:
        """The job's result. Raises TimeoutError past the deadline, and Died where the driver has not noticed a death itself."""
        working = asyncio.ensure_future(job(process))
        dying = asyncio.ensure_future(process.dies())
        try:
            async with asyncio.timeout(self._deadline_s):
                await asyncio.wait({working, dying}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise Died("the browser is gone")
        finally:
            for task in (working, dying):
                task.cancel()
            await asyncio.gather(working, dying, return_exceptions=True)

    async def _ready(self) -> Process:
        async with self._starting:
            if self._process is not None and self._process.alive:
                return self._process
            await self._stop()
            executable = self._executable or chromium.find()
            if executable is None or not executable.exists():
                raise BrowserMissing()
            try:
                async with asyncio.timeout(self._start_s):
                    self._process = await process.start(executable)
            except (process.DoesNotStart, TimeoutError):
                raise BrowserMissing(
                    "The print browser does not start. An administrator can run `python -m nexus doctor`, which says why."
                ) from None
            return self._process

    def _rest(self) -> None:
        if self._running == 0:
            task = asyncio.ensure_future(self._stop())
            task.add_done_callback(lambda _: None)

    async def _shut(self) -> None:
        """Give up what runs and waits, then stop the browser."""
        giving_up = list(self._tasks)
        for task in giving_up:
            task.cancel()
        await asyncio.gather(*giving_up, return_exceptions=True)
        await self._stop()
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _stop(self, process: Process | None = None) -> None:
        """Stop the browser, or only `process` when it is still the one in use."""
        if self._process is not None and process in (None, self._process):
            stopping, self._process = self._process, None
            ending = asyncio.ensure_future(stopping.stop())
            self._ending.add(ending)
            ending.add_done_callback(self._ending.discard)
            # It is ended also where nobody waits for that any more.
            await asyncio.shield(ending)


def _awaited(printing: Future[Result], unwanted: Callable[[], bool]) -> Result:
    """What comes of it. Raises CalledOff once it is not wanted any more."""
    while not wait([printing], LOOK_S).done:
        if unwanted():
            printing.cancel()
            raise CalledOff()
    return printing.result()


_lock = threading.Lock()
_ours: PrintBrowser | None = None


def ours() -> PrintBrowser:
    """The print browser of this process; nothing is started before it is used."""
    global _ours
    with _lock:
        if _ours is None:
            _ours = PrintBrowser()
        return _ours


def stop() -> None:
    """Stop this process's browser, if there is one. The next `ours` makes another."""
    global _ours
    with _lock:
        closing, _ours = _ours, None
    if closing is not None:
        closing.close()
