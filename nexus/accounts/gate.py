"""The gate: decides who comes in, before any Streamlit code runs. Nothing but what is listed here is open to strangers."""

import hmac
import re
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import anyio
import anyio.to_thread
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from nexus import log, settings
from nexus.accounts import cookies, pages, store, tokens
from nexus.accounts.open_pages import OpenPages
from nexus.accounts.sessions import Found
from nexus.accounts.spec import User
from nexus.db.session import transaction
from nexus.errors import DatabaseUnavailable
from nexus.web.address import header

IDENTITY = b"x-nexus-user"
"""Carries the session row's id to Streamlit, which then gives its own session to nobody else."""

OPEN = re.compile(r"/(?:login|logout|healthz|readyz|favicon\.ico|favicon\.png|robots\.txt|door/[a-z0-9.-]+)")
"""What strangers may ask for. `/static/` is answered before the gate, from a fixed list of files."""

STREAM = "/_stcore/stream"
STREAMLIT = re.compile(r"/(?:_stcore/(?:health|host-config|bidi-components/.+)|component/.+)")
"""What is open of Streamlit. Metrics, the agent API, uploads and the media store, whose files have no owner, stay closed."""
CLOSED = re.compile(r"/(?:_stcore|media|component|app/static|auth|oauth2callback|static)(?:/.*)?")
CHANGE_PASSWORD = "/login/password"  # noqa: S105 - an address
_STRANGE_PATH = re.compile(r"//|\\|/\.{1,2}(?:/|$)|[\x00-\x1f\x7f]")

T = TypeVar("T")

_limiter: anyio.CapacityLimiter | None = None


def safe_next(target: str | None) -> str:
    """Where to go after signing in: an address on this very host, or the start page.

    Browsers read `\\` as `/` and drop tabs and line breaks inside addresses, so none of them may be in it.
    """
    if not target or len(target) > 2000 or not target.startswith("/") or target.startswith("//"):
        return "/"
    if any(character in target for character in "\\") or any(ord(character) < 33 or ord(character) == 127 for character in target):
        return "/"
    try:
        parts = urlsplit(target)
    except ValueError:
        return "/"
    if parts.scheme or parts.netloc or parts.path.startswith(("//", "/login", "/logout", "/_stcore", "/door")):
        return "/"
    return target


def find(token: str | None) -> Found:
    """Who holds this cookie. Raises DatabaseUnavailable: an open question is never an open door."""
    if not token:
        return Found()
    with transaction() as session:
        found = store.session_by_hash(session, tokens.session_hash(token))
        if found.user is not None and found.stale and found.user.session_id is not None:
            store.touch(session, [found.user.session_id])
        return found


async def in_thread(function: Callable[..., T], *arguments: Any) -> T:
    """Run a database question off the event loop, with as many at once as the pool has connections."""
    global _limiter
    if _limiter is None:
        _limiter = anyio.CapacityLimiter(10)
    return await anyio.to_thread.run_sync(function, *arguments, limiter=_limiter)


def is_navigation(scope: Scope) -> bool:
    """Whether a person is looking at the answer, and not a script or a picture tag."""
    if scope["method"] != "GET":
        return False
    mode = header(scope, b"sec-fetch-mode")
    return mode[0] == "navigate" if mode else "text/html" in ",".join(header(scope, b"accept"))


def sign_in_address(scope: Scope) -> str:
    query = scope.get("query_string", b"").decode("latin-1")
    here = safe_next(quote(scope["path"]) + (f"?{query}" if query else ""))
    return "/login" if here == "/" else f"/login?next={quote(here, safe='')}"


class Gate:
    """ASGI middleware around everything that is not a static file."""

    def __init__(self, app: ASGIApp, *, open_pages: OpenPages) -> None:
        self.app = app
        self._open_pages = open_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        stripped = [(key, value) for key, value in scope["headers"] if key != IDENTITY]
        inner: Scope = {**scope, "headers": stripped}
        if scope["type"] == "websocket":
            await self._socket(inner, receive, send)
        else:
            await self._request(inner, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if _STRANGE_PATH.search(path):
            await PlainTextResponse("This address is not well formed.", status_code=400)(scope, receive, send)
        elif OPEN.fullmatch(path) or (path == "/metrics" and _holds_metrics_token(scope)):
            await self.app(scope, receive, send)
        else:
            refusal = await self._admit(scope)
            await (refusal or self.app)(scope, receive, send)

    async def _admit(self, scope: Scope) -> Response | None:
        """Put the person into the scope; an answer instead when they may not go on."""
        path = scope["path"]
        try:
            found: Found = await in_thread(find, cookies.value(scope, cookies.session_cookie()))
        except DatabaseUnavailable as error:
            return pages.down(error.message)
        if found.user is None:
            return (
                RedirectResponse(sign_in_address(scope), status_code=303)
                if is_navigation(scope)
                else PlainTextResponse("Sign in first.", status_code=401)
            )
        scope["state"]["user"] = found.user
        log.user_id.set(found.user.id)
        if found.user.must_change_password and path != CHANGE_PASSWORD:
            return _to_change_password(scope)
        return _closed(scope)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        user: User | None = None
        if scope["path"] == STREAM:
            try:
                user = (await in_thread(find, cookies.value(scope, cookies.session_cookie()))).user
            except DatabaseUnavailable:
                user = None
        if user is None or user.session_id is None or user.must_change_password:
            await receive()
            await send({"type": "websocket.close", "code": 4401})
            return
        scope["state"]["user"] = user
        log.user_id.set(user.id)
        # Streamlit keeps the headers for as long as the page is open; it gets the person, and not the key to the session.
        headers = [(key, value) for key, value in scope["headers"] if key not in (b"cookie", b"authorization")]
        scope["headers"] = [*headers, (IDENTITY, str(user.session_id).encode())]
        with self._open_pages.watched(user.session_id, receive, send) as (watched_receive, watched_send):
            await self.app(scope, watched_receive, watched_send)


def _to_change_password(scope: Scope) -> Response:
    if is_navigation(scope):
        return RedirectResponse(sign_in_address(scope).replace("/login", CHANGE_PASSWORD, 1), status_code=303)
    return PlainTextResponse("Choose your own password first.", status_code=403)


def _closed(scope: Scope) -> Response | None:
    """An answer when the address is one of Streamlit's that nobody needs."""
    if not CLOSED.fullmatch(scope["path"]):
        return None
    if not STREAMLIT.fullmatch(scope["path"]):
        return PlainTextResponse("There is nothing here.", status_code=404)
    if scope["method"] not in ("GET", "HEAD"):
        return PlainTextResponse("This can only be read.", status_code=405, headers={"Allow": "GET, HEAD"})
    return None


def _holds_metrics_token(scope: Scope) -> bool:
    """Whether a scraper showed the token that the environment names."""
    token = settings.current().metrics_token
    given = header(scope, b"authorization")
    return token is not None and len(given) == 1 and hmac.compare_digest(given[0].encode(), f"Bearer {token.get_secret_value()}".encode())
