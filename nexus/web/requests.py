"""Every request: its id, its line in the log, and its place in the figures."""

import logging
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable
from threading import Lock

import anyio.to_thread
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nexus import log
from nexus.web.address import header

logger = logging.getLogger("nexus.requests")

BUCKETS_S = (0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_QUIET = ("/static/", "/door/", "/healthz", "/readyz", "/_stcore/health")
"""Counted, but not worth a line each."""


class Figures:
    """Counts since the process started; read by `/metrics`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.requests: Counter[tuple[str, str, int]] = Counter()
        self.buckets: Counter[float] = Counter()
        self.seconds = 0.0
        self.open_sockets = 0

    def count(self, *, method: str, part: str, status: int, seconds: float) -> None:
        with self._lock:
            self.requests[method, part, status] += 1
            self.seconds += seconds
            self.buckets[next((bound for bound in BUCKETS_S if seconds <= bound), float("inf"))] += 1

    def text(self) -> list[str]:
        """Prometheus lines."""
        with self._lock:
            requests, buckets, seconds = dict(self.requests), dict(self.buckets), self.seconds
        lines = ["# TYPE nexus_requests_total counter"]
        lines += [
            f'nexus_requests_total{{method="{method}",part="{part}",status="{status}"}} {count}'
            for (method, part, status), count in sorted(requests.items())
        ]
        lines.append("# TYPE nexus_request_seconds histogram")
        total = 0
        for bound in (*BUCKETS_S, float("inf")):
            total += buckets.get(bound, 0)
            lines.append(f'nexus_request_seconds_bucket{{le="{"+Inf" if bound == float("inf") else bound}"}} {total}')
        lines += [f"nexus_request_seconds_sum {seconds:.6f}", f"nexus_request_seconds_count {total}"]
        return [*lines, "# TYPE nexus_open_pages gauge", f"nexus_open_pages {self.open_sockets}"]


figures = Figures()

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
_PARTS = frozenset(
    {
        "static",
        "door",
        "app",
        "_stcore",
        "login",
        "logout",
        "healthz",
        "readyz",
        "metrics",
        "dashboards",
        "views",
        "reports",
        "sources",
        "exports",
        "uploads",
        "media",
    }
)


def _part(path: str) -> str:
    """The first folder of a path, of a short list: a figure per address would grow without end."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return first if first in _PARTS else "page"


class RequestLog:
    """ASGI middleware, outermost: gives each request an id, times it, writes one line, counts it.

    A defect ends here: `note` records it and gives the reference that the caller is shown.
    """

    def __init__(self, app: ASGIApp, *, note: Callable[[BaseException, str], str]) -> None:
        self.app = app
        self._note = note

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        given = header(scope, b"x-request-id")
        id_ = given[0] if len(given) == 1 and _GIVEN_ID.fullmatch(given[0]) else secrets.token_hex(8)
        log.request_id.set(id_)
        log.user_id.set(None)
        status = 500 if scope["type"] == "http" else 403
        began = False
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status, began
            began = True
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = id_
            elif message["type"] == "websocket.accept":
                status = 101
            await send(message)

        if scope["type"] == "websocket":
            figures.open_sockets += 1
        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            reference = await anyio.to_thread.run_sync(self._note, error, f"{scope.get('method', 'SOCKET')} {scope['path'][:200]}")
            await _apologise(scope, receive, watched, reference=reference, started=began)
        finally:
            seconds = time.perf_counter() - started
            if scope["type"] == "websocket":
                figures.open_sockets -= 1
            self._tell(scope, status, seconds)

    def _tell(self, scope: Scope, status: int, seconds: float) -> None:
        method, path = scope.get("method", "SOCKET"), scope["path"]
        figures.count(
            method=method if method in _METHODS or method == "SOCKET" else "other", part=_part(path), status=status, seconds=seconds
        )
        if status < 400 and path.startswith(_QUIET):
            return
        user = scope.get("state", {}).get("user")
        fields = {
            "method": method,
            "path": path[:500],
            "status": status,
            "duration_ms": round(seconds * 1000, 1),
            "user_id": user.id if user else None,
        }
        logger.info("request", extra={"fields": fields})


async def _apologise(scope: Scope, receive: Receive, send: Send, *, reference: str, started: bool) -> None:
    """Answer with the reference where nothing was answered yet; otherwise the connection breaks off visibly."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1011})
    elif not started:
        sentence = f"Something went wrong. Tell an administrator this reference: {reference}"
        await PlainTextResponse(sentence, status_code=500, headers={"Cache-Control": "no-store"})(scope, receive, send)
    else:
        raise ConnectionAbortedError("The answer had begun when a defect ended it.")
