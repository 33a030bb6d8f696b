"""Static files that browsers may keep: hashed names, compressed once, held in memory up to a bound."""

import gzip
import mimetypes
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from types import MappingProxyType

import anyio.to_thread
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from nexus.web.address import header

FOR_EVER = "public, max-age=31536000, immutable"
PLAIN = frozenset({".woff2", ".woff", ".png", ".jpg", ".webp", ".gz", ".zip"})
"""Kinds that are compressed already."""
HELD_BYTES = 8 * 2**20


class Assets:
    """ASGI middleware that answers everything under `/static/` from one folder, and `/static/fonts/` from another, and the files `more` at their addresses; nothing else.

    Only files that lay there at the start are known, so no spelling of a path leads anywhere else.
    """

    def __init__(self, app: ASGIApp, *, folder: Path, fonts: Path, more: Mapping[str, Path] = MappingProxyType({})) -> None:
        self.app = app
        self._files = {f"/{file.relative_to(folder).as_posix()}": file for file in (folder / "static").rglob("*") if file.is_file()}
        self._files |= {f"/static/fonts/{file.name}": file for file in fonts.glob("*.woff2")}
        self._files |= more
        self._compressed: OrderedDict[str, bytes] = OrderedDict()
        self._held = 0
        self._lock = Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith("/static/"):
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        if path not in self._files:
            await PlainTextResponse("There is no such file.", status_code=404)(scope, receive, send)
            return
        if scope["method"] not in ("GET", "HEAD"):
            await PlainTextResponse("This can only be read.", status_code=405, headers={"Allow": "GET, HEAD"})(scope, receive, send)
            return
        response = await self._response(path, compress="gzip" in ",".join(header(scope, b"accept-encoding")))
        if scope["method"] == "HEAD":
            response.body = b""
        await response(scope, receive, send)

    async def _response(self, path: str, *, compress: bool) -> Response:
        file = self._files[path]
        headers = {"Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
        if compress and file.suffix not in PLAIN:
            headers["Content-Encoding"] = "gzip"
            content = self._compressed.get(path) or await anyio.to_thread.run_sync(self._compress, path)
        else:
            content = await anyio.to_thread.run_sync(file.read_bytes)
        return Response(content, headers=headers, media_type=mimetypes.guess_type(file.name)[0] or "application/octet-stream")

    def _compress(self, path: str) -> bytes:
        content = gzip.compress(self._files[path].read_bytes(), 6, mtime=0)
        with self._lock:
            if path not in self._compressed:
                self._compressed[path] = content
                self._held += len(content)
            while self._held > HELD_BYTES:
                _, oldest = self._compressed.popitem(last=False)
                self._held -= len(oldest)
        return content
