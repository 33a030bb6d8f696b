"""One running browser: the only place that knows Playwright.

Nothing leaves it. Pages are printed with JavaScript off, offline, with a content security policy, and
every request is answered here from memory or refused; names resolve to nothing on top. Charts are
drawn in a page of their own, whose only script is ours and whose specs are values, never code.
"""

import asyncio
import contextlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from nexus.errors import Unavailable
from nexus.reports import chromium, fonts

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page, Playwright, Route

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
PAGE = "http://report.invalid/"
CHARTS = "http://charts.invalid/"
PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
CHARTS_POLICY = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; font-src 'self'; base-uri 'none'; form-action 'none'"
# A spec that is no JSON fails alone, as one that Vega refuses does.
DRAW = "([specs, fonts]) => drawCharts(specs.map(spec => { try { return JSON.parse(spec) } catch { return {} } }), fonts)"


class Died(Exception):
    """The browser, its driver or one of its pages failed under a job."""


class DoesNotStart(Exception):
    """The program is there, and does not run here."""


class NoRoom(Unavailable):
    message = "There is no room for the files of a print. An administrator can free some in the folder for temporary files, or set TMPDIR to another."


class Process:
    """A browser with its driver: a page that draws charts, and an empty sheet kept ready for the next document."""

    def __init__(
        self,
        playwright: "Playwright",
        browser: "Browser",
        folder: chromium.Folder,
        driver: psutil.Process | None,
        main: Sequence[psutil.Process],
    ) -> None:
        self._playwright = playwright
        self._browser = browser
        self._charts: Page | None = None
        self._drawing = asyncio.Lock()
        self._ready: asyncio.Task[_Sheet] | None = None
        self._chores: set[asyncio.Task[None]] = set()
        self._stopping = False
        self.version = browser.version
        self._driver = driver
        self._main = main
        self._folder = folder
        self._family = chromium.family(driver)
        self._names = chromium.names(self._family[1:])

    @property
    def alive(self) -> bool:
        return self._browser.is_connected()

    async def dies(self) -> None:
        """Comes to an end when the browser does, and a job that was told of it has had the time to fail by itself."""
        while self.alive and all(chromium.lives(process) for process in self._main):
            await asyncio.sleep(0.2)
        await asyncio.sleep(0.5)

    async def prepare(self, *, charts: bool) -> None:
        """Have ready what a print needs: a sheet, and the page that draws where it has charts. Raises Died."""
        async with _failures():
            if charts:
                await self._charts_page()
            self._prepare()

    async def print(self, body: bytes, *, tagged: bool = True) -> bytes:
        """Raises Died."""
        async with _failures():
            sheet = await self._sheet()
            try:
                return await sheet.print(body, tagged=tagged)
            finally:
                self._chore(self._turn(sheet))

    async def shoot(self, body: bytes, *, width: int) -> bytes:
        """A picture of the page's `main`. Raises Died."""
        async with _failures():
            sheet = await self._sheet()
            try:
                return await sheet.shoot(body, width=width)
            finally:
                self._chore(self._turn(sheet))

    async def draw(self, specs: Sequence[str], fonts: Sequence[str]) -> list[dict[str, str]]:
        """Of each spec in JSON its `svg`, or the `error` that it met. Raises Died."""
        async with _failures():
            page = await asyncio.shield(self._charts_page())
            self._prepare()  # while the page is drawing
            drawn: list[dict[str, str]] = await page.evaluate(DRAW, [list(specs), list(fonts)])
            return drawn

    async def stop(self) -> None:
        """Close what answers, and kill what does not: nothing of it outlives this."""
        self._stopping = True
        for task in (*self._chores, *filter(None, [self._ready])):
            task.cancel()
        # Where the driver is gone, what it started is nobody's, and known from before.
        family = list({*self._family, *chromium.family(self._driver), *(one for main in self._main for one in chromium.family(main))})
        await _in_the_end(self._browser.close())
        await _in_the_end(self._playwright.stop())
        await asyncio.to_thread(chromium.see_off, family)
        chromium.reap(self._names)
        await asyncio.to_thread(self._folder.remove)

    async def _sheet(self) -> "_Sheet":
        self._prepare()
        ready, self._ready = self._ready or asyncio.ensure_future(_open_sheet(self._browser)), None
        try:
            return await asyncio.shield(ready)
        except asyncio.CancelledError:
            self._chore(self._turn_unused(ready))
            raise

    async def _turn_unused(self, ready: "asyncio.Task[_Sheet]") -> None:
        await self._turn(await ready)

    def _prepare(self) -> None:
        """Have an empty sheet ready: a context, a page and its process take half as long as printing on it."""
        if self._ready is None and not self._stopping:
            self._ready = asyncio.ensure_future(_open_sheet(self._browser))

    async def _turn(self, sheet: "_Sheet") -> None:
        """Throw a used sheet away with all that it knew, then lay out the next: never both in memory."""
        await _in_the_end(sheet.context.close())
        self._prepare()

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _charts_page(self) -> "Page":
        """The page that draws, made once; a second caller waits for it."""
        async with self._drawing:
            if self._charts is None or self._charts.is_closed():
                context = await self._browser.new_context(offline=True, accept_downloads=False, service_workers="block")
                await context.route("**/*", _answer(CHARTS, _charts_html, CHARTS_POLICY))
                page = await context.new_page()
                await page.goto(CHARTS, wait_until="load", timeout=0)
                self._charts = page
            return self._charts


class _Sheet:
    """An empty page for one document, in a context of its own: what one document did, the next cannot meet."""

    def __init__(self, context: "BrowserContext") -> None:
        self.context = context
        self.page: Page
        self.body = b""

    async def print(self, body: bytes, *, tagged: bool) -> bytes:
        self.body = body
        await self.page.goto(PAGE, wait_until="load", timeout=0)
        return await self.page.pdf(prefer_css_page_size=True, print_background=True, tagged=tagged, outline=tagged)

    async def shoot(self, body: bytes, *, width: int) -> bytes:
        self.body = body
        await self.page.set_viewport_size({"width": width, "height": 600})
        await self.page.goto(PAGE, wait_until="load", timeout=0)
        return await self.page.locator("main").screenshot(type="png", animations="disabled")


async def _open_sheet(browser: "Browser") -> _Sheet:
    context = await browser.new_context(
        java_script_enabled=False, offline=True, accept_downloads=False, service_workers="block", reduced_motion="reduce"
    )
    sheet = _Sheet(context)
    await context.route("**/*", _answer(PAGE, lambda: sheet.body, PAGE_POLICY))
    sheet.page = await context.new_page()
    return sheet


async def start(executable: Path) -> Process:
    """Start driver and browser. Nothing of either is left where that fails, or is given up. Raises DoesNotStart."""
    try:
        folder = chromium.Folder()
    except OSError as error:
        raise NoRoom() from error
    try:
        return await _started(executable, folder)
    except BaseException:
        await asyncio.to_thread(chromium.kill, chromium.living_in(folder.path))
        folder.remove()
        raise


async def _started(executable: Path, folder: chromium.Folder) -> Process:
    """With the sandbox, unless this is root or the kernel does not allow it. Raises DoesNotStart."""
    from playwright._impl import transport
    from playwright.async_api import Error, async_playwright

    # The driver would be given all of our environment, keys and addresses included; Playwright has no setting for it.
    transport.get_driver_env = chromium.driver_environment  # type: ignore[attr-defined]
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
        return Process(playwright, browser, folder, *chromium.driver_of(mark))
    await playwright.stop()
    raise DoesNotStart()


@contextlib.asynccontextmanager
async def _failures() -> AsyncIterator[None]:
    """Playwright's errors as ours."""
    from playwright.async_api import Error

    try:
        yield
    except Error as error:
        raise Died(str(error)) from error


def _answer(address: str, body: Callable[[], bytes], policy: str) -> "Callable[[Route], Awaitable[None]]":
    """Answers a page's requests: the page itself, our fonts and script; everything else is refused."""

    async def answer(route: "Route") -> None:
        asked = route.request.url
        if asked == address and route.request.is_navigation_request() and route.request.frame.parent_frame is None:
            await route.fulfill(body=body(), content_type="text/html; charset=utf-8", headers={"Content-Security-Policy": policy})
        elif (file := _files().get(asked.removeprefix(address))) is not None:
            await route.fulfill(path=file, content_type="font/woff2" if file.suffix == ".woff2" else "text/javascript; charset=utf-8")
        else:
            await route.abort("blockedbyclient")

    return answer


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    """All that a page may ask for, by its path."""
    return {"charts.js": STATIC / "charts.js"} | {f"fonts/{file.name}": file for file in (STATIC / "fonts").glob("*.woff2")}


def _charts_html() -> bytes:
    rules = fonts.faces(fonts.ALL)
    return f'<!doctype html><meta charset="utf-8"><style>{rules}canvas{{text-rendering:geometricPrecision}}</style><script src="/charts.js"></script>'.encode()


async def _in_the_end(closing: Coroutine[Any, Any, None]) -> None:
    """Wait for something to close, but not for long, and whatever it says: the processes are looked after apart."""
    with contextlib.suppress(Exception):
        await asyncio.wait_for(closing, 3)
