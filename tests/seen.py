"""How a page looks to those who hear it and to those who hold it in one hand, and when it has come to rest: shared by the tests in browsers."""

from collections.abc import Sequence
from weakref import WeakKeyDictionary

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from tests.server import Person, sign_in, until

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
_owed: "WeakKeyDictionary[Page, bool]" = WeakKeyDictionary()
"""Pages that asked their server for a run, and whether it has not begun yet: until it has, Streamlit's own state says that nothing runs."""
RESTS = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    const drawn = app
        ? app.dataset.testScriptState === 'notRunning' && !document.querySelector('[data-stale=true], [data-testid=stSkeleton]')
        : document.readyState === 'complete' && !document.getElementById('root');
    const moves = document.getAnimations().some(one => one.playState === 'running' && isFinite(one.effect.getComputedTiming().endTime));
    window.restedFrames = drawn && !moves ? (window.restedFrames ?? 0) + 1 : 0;
    return window.restedFrames > 2;
}"""
WATCH = """() => {
    const app = document.querySelector('[data-testid=stApp]');
    window.drawnAnew = false;
    if (app) new MutationObserver(() => { window.drawnAnew = true; }).observe(app, {attributeFilter: ['data-test-script-state']});
}"""


def follow(context: BrowserContext) -> None:
    """Keep in mind what the pages of `context` ask of their server."""
    context.on("page", lambda page: page.on("websocket", lambda socket: _listen(page, socket)))


def _listen(page: Page, socket: WebSocket) -> None:
    _owed[page] = False

    def sent(frame: str | bytes) -> None:
        if isinstance(frame, bytes) and BackMsg.FromString(frame).WhichOneof("type") == "rerun_script":
            _owed[page] = True

    def received(frame: str | bytes) -> None:
        if isinstance(frame, bytes) and ForwardMsg.FromString(frame).WhichOneof("type") == "new_session":
            _owed[page] = False

    socket.on("framesent", sent)
    socket.on("framereceived", received)


def settled(page: Page) -> None:
    """Wait for what a person would call finished: what was asked for has been run and drawn, nothing is faded, on its way or in between two colours."""

    def answered() -> bool:
        page.wait_for_function("() => new Promise(done => requestAnimationFrame(() => done(true)))")
        return not _owed.get(page, False)

    while True:
        until(answered, within_s=30, what="the run that the page asked for")
        page.wait_for_function("() => { window.restedFrames = 0; return true; }")
        page.wait_for_function(RESTS)
        if answered():
            return


def drawn(page: Page) -> None:
    """As `settled`, with a page of ours in it."""
    page.wait_for_selector("[data-testid=stMainBlockContainer] h1")
    settled(page)


def barriers(page: Page, *, advice: bool = False) -> list[str]:
    """What axe finds on the page once it is at rest, each with its address and its element; empty when everybody can use it.

    With `advice`, also what is no rule of WCAG; Streamlit's own pages do not keep all of that.
    """
    for _ in range(10):
        settled(page)
        page.evaluate(WATCH)
        report = Axe().run(page, options=None if advice else {"runOnly": WCAG})
        if not page.evaluate("window.drawnAnew"):
            break
        # Half of what it looked at was on its way out.
    else:
        raise AssertionError(f"{page.url} never comes to rest")
    return [f"{page.url} {item['id']}: {node['html'][:200]}" for item in report.response["violations"] for node in item["nodes"]]


def barriers_of(browser: Browser, person: Person, addresses: Sequence[str], *, scheme: str = "light", pixels: int = 1280) -> list[str]:
    """What axe finds on all these pages, as `person` sees them in a fresh browser profile."""
    context = browser.new_context(base_url=person.server.url, viewport={"width": pixels, "height": 900}, color_scheme=scheme)
    try:
        page = context.new_page()
        sign_in(page, person)
        found = []
        for address in addresses:
            page.goto(address)
            drawn(page)
            found += barriers(page)
        return found
    finally:
        context.close()


def width(page) -> int:
    """Pixels that the page takes; more than the window has means that something sticks out."""
    return page.evaluate("Math.max(document.documentElement.scrollWidth, document.querySelector('[data-testid=stMain]')?.scrollWidth ?? 0)")
