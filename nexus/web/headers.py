"""What every answer carries, and which hosts and origins are answered at all."""

import re
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nexus import settings
from nexus.web.address import header

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
OPEN_TO_ANY_HOST = frozenset({"/healthz", "/readyz"})
"""A platform's probes call by address or by names of their own; these two answer nothing that could be stolen."""


_HASHED = re.compile(r"/_stcore/bidi-components/nexus\.[a-z-]+-[0-9a-f]{8}/[a-z]+(\.[A-Z0-9]{8})?\.(js|css)")
"""Scripts and styles of our components: a hash of their content stands in the address."""


def policy(*, host: str, inline_hashes: tuple[str, ...], production: bool) -> str:
    """The Content-Security-Policy. Streamlit's styles need `unsafe-inline`; scripts do not."""
    socket = f"wss://{host}" if production else f"ws://{host} wss://{host}"
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(("'self'", *inline_hashes)),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' blob:",
        "worker-src": "'self' blob:",
        "connect-src": f"'self' {socket}",
        "frame-src": "'self'",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def host_of(scope: Scope) -> tuple[str, str] | None:
    """The Host header as (name with port, name alone); none when it is missing, doubled or not a host."""
    values = header(scope, b"host")
    # It stands in the policy too, so it may hold nothing that would end a rule there.
    if len(values) != 1 or not re.fullmatch(r"[A-Za-z0-9._-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?", values[0]):
        return None
    try:
        parts = urlsplit(f"//{values[0]}")
        name, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return (values[0].lower(), name.lower().rstrip(".")) if name else None


def same_origin(origins: list[str], *, host: str) -> bool:
    """Whether exactly one Origin came, and it is this host."""
    if len(origins) != 1:
        return False
    try:
        parts = urlsplit(origins[0])
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc.lower() == host and not parts.path and not parts.query


class Headers:
    """ASGI middleware: refuses foreign hosts and origins, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, *, inline_hashes: tuple[str, ...]) -> None:
        self.app = app
        self._inline_hashes = inline_hashes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        current = settings.current()
        host = host_of(scope)
        probe = scope["path"] in OPEN_TO_ANY_HOST and scope["type"] == "http"
        if not probe and (host is None or (current.hosts and host[1] not in current.hosts)):
            await _refuse(scope, receive, self._secured(send, "'none'"), "This host name is not answered here.", 421)
            return
        netloc = host[0] if host else ""
        origins = header(scope, b"origin")
        changing = scope["type"] == "websocket" or scope["method"] not in SAFE
        # Every browser sends Origin with a form that is posted and with a websocket.
        if changing and not same_origin(origins, host=netloc):
            await _refuse(scope, receive, self._secured(send, netloc), "This may only be done from Nexus's own pages.", 403)
            return
        await self.app(scope, receive, self._secured(send, netloc, keep=scope["type"] == "http" and bool(_HASHED.fullmatch(scope["path"]))))

    def _secured(self, send: Send, host: str, *, keep: bool = False) -> Send:
        """`keep`: browsers may keep what is found there; it has another name when it is another."""
        production = settings.current().production
        content_policy = policy(host=host, inline_hashes=self._inline_hashes, production=production)

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = content_policy
                headers["X-Content-Type-Options"] = "nosniff"
                # `no-referrer` would make browsers send `Origin: null` with our own forms.
                headers["Referrer-Policy"] = "same-origin"
                headers["X-Frame-Options"] = "DENY"
                headers["Cross-Origin-Opener-Policy"] = "same-origin"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
                if keep and message["status"] == 200:
                    headers["Cache-Control"] = "private, max-age=31536000, immutable"
                headers.setdefault("Cache-Control", "no-store")
                if production:
                    headers["Strict-Transport-Security"] = "max-age=31536000"
                for name in ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Server"):
                    if name in headers:
                        del headers[name]
            await send(message)

        return secured


async def _refuse(scope: Scope, receive: Receive, send: Send, sentence: str, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await PlainTextResponse(sentence, status_code=status)(scope, receive, send)
