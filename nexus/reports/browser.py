"""The browser that draws charts and prints pages: the only place that knows Playwright.

One thread with its own event loop owns it, since Playwright's objects belong to the loop that made
them. It starts with the first print, stays warm while it is used, and stops when nobody prints.

Nothing leaves it. Pages are printed with JavaScript off, offline, with a content security policy, and
every request is answered here from memory or refused; names resolve to nothing on top. Charts are
drawn in a page of their own, whose only script is ours and whose specs are values, never code.
"""

import asyncio
import contextlib
import logging
import os
import secrets
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psutil

from nexus.errors import NexusError, Unavailable
from nexus.reports import chromium, theme

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page, Playwright, Route

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
PAGE = "http://report.invalid/"
CHARTS = "http://charts.invalid/"
MOST_BYTES = 24 * 1024 * 1024
FONTS = ("11px Inter", "600 11px Inter")
JAPANESE = "11px 'Noto Sans JP'"
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
CHARTS_POLICY = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; font-src 'self'; base-uri 'none'; form-action 'none'"

Result = TypeVar("Result")


class BrowserMissing(Unavailable):
    message = "Nexus found no browser to print with. An administrator can run `python -m nexus doctor`, which says what to install, or set CHROMIUM_PATH."


class PrintQueueFull(Unavailable):
    message = "Many reports are being printed right now. Try again in a minute."


class Stopping(Unavailable):
    message = "Nexus is being restarted. Try again in a minute."


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
    """Draws and prints for any thread. `at_once` jobs run, `waiting` more may wait; each has `deadline_s`."""

    def __init__(
        self, *, executable: Path | None = None, at_once: int = 2, waiting: int = 8, deadline_s: float = 30, idle_s: float = 120
    ) -> None:
        self._executable = executable
        self._at_once, self._waiting, self._deadline_s, self._idle_s = at_once, waiting, deadline_s, idle_s
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._jobs = 0
        self._running = 0
        self._restarts = 0
        self._last_error = ""
        self._closed = False
        self._process: _Process | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._slots: asyncio.Semaphore
        self._starting: asyncio.Lock
        self._idle: asyncio.TimerHandle | None = None

    def draw(self, specs: Sequence[dict[str, Any]]) -> list[str | None]:
        """SVGs of Vega-Lite specs, in order; None where Vega could not draw one. Raises like `print`."""
        if not specs:
            return []
        fonts = [*FONTS, JAPANESE] if theme.JAPANESE.search(str(specs)) else list(FONTS)

        async def job(process: "_Process") -> list[str | None]:
            drawn: list[dict[str, str]] = await (await process.charts()).evaluate(
                "([specs, fonts]) => drawCharts(specs, fonts)", [list(specs), fonts]
            )
            for entry in drawn:
                if "error" in entry:
                    log.warning("a chart could not be drawn", extra={"reason": entry["error"][:500]})
            return [entry.get("svg") for entry in drawn]

        return self._ask(job)

    def print(self, html: str) -> bytes:
        """The page as PDF, on the paper that its `@page` rule names, tagged and with bookmarks.

        Raises ReportTooBig, PrintQueueFull, PrintTooSlow, PrintFailed, BrowserMissing.
        """
        body = html.encode(errors="replace")
        if len(body) > MOST_BYTES:
            raise ReportTooBig()
        return self._ask(lambda process: process.print(body))

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

    def _ask(self, job: "Callable[[_Process], Awaitable[Result]]") -> Result:
        with self._lock:
            if self._closed:
                raise Stopping()
            if self._jobs >= self._at_once + self._waiting:
                raise PrintQueueFull()
            self._jobs += 1
            loop = self._loop or self._start_thread()
        try:
            return asyncio.run_coroutine_threadsafe(self._run(job), loop).result()
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
        self._slots, self._starting = asyncio.Semaphore(self._at_once), asyncio.Lock()

        def run() -> None:
            asyncio.set_event_loop(loop)
            # What a killed driver still had to say is of no use: the job that it failed has told.
            loop.set_exception_handler(lambda _loop, context: log.debug("print browser: %s", context.get("message")))
            loop.run_forever()
            loop.close()

        self._loop, self._thread = loop, threading.Thread(target=run, name="print-browser", daemon=True)
        self._thread.start()
        return loop

    async def _run(self, job: "Callable[[_Process], Awaitable[Result]]") -> Result:
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

    async def _twice(self, job: "Callable[[_Process], Awaitable[Result]]") -> Result:
        """Run a job; when the browser died under it, run it once more in a new one."""
        from playwright.async_api import Error

        for attempt in (1, 2):
            process = await self._ready()
            try:
                return await self._watched(job, process)
            except TimeoutError:
                await self._stop(process)
                raise PrintTooSlow() from None
            except (Error, _Died) as error:
                log.warning("the print browser failed", extra={"attempt": attempt, "reason": str(error)[:500]})
                self._restarts += 1
                await self._stop(process)
        raise PrintFailed()

    async def _watched(self, job: "Callable[[_Process], Awaitable[Result]]", process: "_Process") -> Result:
        """The job's result. Raises TimeoutError past the deadline, and _Died where the driver has not noticed a death itself."""
        working = asyncio.ensure_future(job(process))
        dying = asyncio.ensure_future(process.dies())
        try:
            async with asyncio.timeout(self._deadline_s):
                await asyncio.wait({working, dying}, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                return working.result()
            raise _Died("the browser is gone")
        finally:
            for task in (working, dying):
                task.cancel()
            await asyncio.gather(working, dying, return_exceptions=True)

    async def _ready(self) -> "_Process":
        async with self._starting:
            if self._process is not None and self._process.alive:
                return self._process
            await self._stop()
            executable = self._executable or chromium.find()
            if executable is None or not executable.exists():
                raise BrowserMissing()
            self._process = await _start(executable)
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

    async def _stop(self, process: "_Process | None" = None) -> None:
        """Stop the browser, or only `process` when it is still the one in use."""
        if self._process is not None and process in (None, self._process):
            stopping, self._process = self._process, None
            await stopping.stop()


async def _start(executable: Path) -> "_Process":
    """Start driver and browser. With the sandbox, unless this is root or the kernel does not allow it."""
    from playwright.async_api import Error, async_playwright

    playwright = await async_playwright().start()
    mark = f"--nexus-print={secrets.token_hex(8)}"
    sandboxes = [False] if os.geteuid() == 0 else [True, False]
    for sandbox in sandboxes:
        try:
            browser = await playwright.chromium.launch(
                executable_path=executable,
                args=[*chromium.ARGUMENTS, mark],
                env=chromium.environment(),
                chromium_sandbox=sandbox,
                handle_sigint=False,
                handle_sigterm=False,
                handle_sighup=False,
                timeout=20_000,
            )
        except Error as error:
            log.warning("the print browser did not start", extra={"sandbox": sandbox, "reason": str(error)[:500]})
            continue
        if not sandbox and os.geteuid() != 0:
            log.warning("the print browser runs without its sandbox: this kernel does not allow it")
        return _Process(playwright, browser, *chromium.driver_of(mark))
    await playwright.stop()
    raise BrowserMissing("The print browser does not start. An administrator can run `python -m nexus doctor`, which says why.")


class _Died(Exception):
    """The browser's process is gone, and nobody has said so."""


class _Process:
    """One running browser with its driver, and the page that draws charts."""

    def __init__(self, playwright: "Playwright", browser: "Browser", driver: psutil.Process | None, main: Sequence[psutil.Process]) -> None:
        self._playwright = playwright
        self._browser = browser
        self._charts: Page | None = None
        self._drawing = asyncio.Lock()
        self.version = browser.version
        self._driver = driver
        self._main = main

    @property
    def alive(self) -> bool:
        return self._browser.is_connected()

    async def dies(self) -> None:
        """Comes to an end when the browser does, and a job that was told of it has had the time to fail by itself."""
        while self.alive and all(chromium.lives(process) for process in self._main):
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.5)

    async def print(self, body: bytes) -> bytes:
        context = await self._browser.new_context(
            java_script_enabled=False, offline=True, accept_downloads=False, service_workers="block", reduced_motion="reduce"
        )
        try:
            await context.route("**/*", _answer(PAGE, body, PAGE_POLICY))
            page = await context.new_page()
            await page.goto(PAGE, wait_until="load", timeout=0)
            return await page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
        finally:
            await _in_the_end(context.close())

    async def charts(self) -> "Page":
        """The page that draws, made once; a second caller waits for it."""
        async with self._drawing:
            if self._charts is None or self._charts.is_closed():
                context = await self._browser.new_context(offline=True, accept_downloads=False, service_workers="block")
                await context.route("**/*", _answer(CHARTS, _charts_page(), CHARTS_POLICY))
                page = await context.new_page()
                await page.goto(CHARTS, wait_until="load", timeout=0)
                self._charts = page
            return self._charts

    async def stop(self) -> None:
        """Close what answers, and kill what does not: nothing of it outlives this."""
        family = chromium.family(self._driver)
        await _in_the_end(self._browser.close())
        await _in_the_end(self._playwright.stop())
        _, alive = await asyncio.to_thread(psutil.wait_procs, family, 1.0)
        for process in alive:
            with contextlib.suppress(psutil.Error):
                process.kill()


def _answer(address: str, body: bytes, policy: str) -> "Callable[[Route], Awaitable[None]]":
    """Answers a page's requests: the page itself, our fonts and script; everything else is refused."""

    async def answer(route: "Route") -> None:
        asked = route.request.url
        if asked == address and route.request.is_navigation_request() and route.request.frame.parent_frame is None:
            await route.fulfill(body=body, content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy})
        elif (file := _files().get(asked.removeprefix(address))) is not None:
            await route.fulfill(path=file, content_type="font/woff2" if file.suffix == ".woff2" else "text/javascript; charset=utf-8")
        else:
            await route.abort("blockedbyclient")

    return answer


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    """All that a page may ask for, by its path."""
    return {"charts.js": STATIC / "charts.js"} | {f"fonts/{file.name}": file for file in (STATIC / "fonts").glob("*.woff2")}


def _charts_page() -> bytes:
    faces = (
        ("Inter", 400, "Inter-Regular"),
        ("Inter", 600, "Inter-SemiBold"),
        ("Noto Sans JP", 400, "NotoSansJP-400"),
        ("Noto Sans JP", 600, "NotoSansJP-700"),
    )
    rules = "".join(
        f"@font-face{{font-family:'{family}';font-weight:{weight};src:url(/fonts/{file}.woff2)}}" for family, weight, file in faces
    )
    return f'<!doctype html><meta charset="utf-8"><style>{rules}canvas{{text-rendering:geometricPrecision}}</style><script src="/charts.js"></script>'.encode()


async def _in_the_end(closing: Coroutine[Any, Any, None]) -> None:
    """Wait for something to close, but not for long, and whatever it says: the processes are looked after apart."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(closing, 3)


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
