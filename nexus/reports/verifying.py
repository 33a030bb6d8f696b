"""`POST /reports/verify`: a PDF in hand as the body, hashed as it comes; what the ledger says of it as JSON. Nothing is kept."""

import hashlib

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nexus.accounts.gate import in_thread
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import BadInput, NexusError
from nexus.reports import ledger
from nexus.reports.spec import Issued

MOST_BYTES = 512 * 1024 * 1024
STALLED_SECONDS = 60
"""A browser that sends nothing for so long has gone."""
BODY = "application/octet-stream"
BEGINS = b"%PDF-"
"""A file that was issued here begins so; another need not be read to its end."""


class NotVerifiable(BadInput):
    message = "This is not a PDF that Nexus could have issued. Choose the file as it was downloaded."


class FileTooLarge(NexusError):
    message = f"This file is larger than {MOST_BYTES // 1024 // 1024} MB, which no report is."
    status = 413


async def verify(request: Request) -> Response:
    user: User = request.state.user
    require(user, Permission.SEE)
    try:
        # A form on another site cannot send this kind; the Origin has been checked before.
        if request.headers.get("content-type", "").lower() != BODY:
            raise NotVerifiable("A file is verified on the page for it. Open Reports, and press Verify a PDF.")
        sha256 = await _hashed(request)
        issued = await in_thread(_ask, user, sha256)
    except (ClientDisconnect, TimeoutError):
        return PlainTextResponse("The file did not come whole. Try it again.", status_code=400, headers={"Connection": "close"})
    except NexusError as error:
        # What is still on its way is not read.
        return PlainTextResponse(error.message, status_code=error.status, headers={"Connection": "close"})
    told = issued.model_dump(mode="json", exclude_defaults=True) if issued else None
    return JSONResponse({"sha256": sha256, "issued": told}, headers={"Cache-Control": "no-store"})


async def _hashed(request: Request) -> str:
    """In constant memory. Raises NotVerifiable, FileTooLarge, TimeoutError."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and (len(said) > 15 or int(said) > MOST_BYTES):
        raise FileTooLarge()
    digest, size, head = hashlib.sha256(), 0, b""
    pieces = request.stream().__aiter__()
    while True:
        with anyio.fail_after(STALLED_SECONDS):
            piece = await anext(pieces, None)
        if piece is None:
            break
        size += len(piece)
        if size > MOST_BYTES:
            raise FileTooLarge()
        if len(head) < len(BEGINS):
            head += piece[: len(BEGINS)]
            if not head.startswith(BEGINS[: len(head)]):
                raise NotVerifiable()
        digest.update(piece)
    if len(head) < len(BEGINS):
        raise NotVerifiable()
    return digest.hexdigest()


def _ask(user: User, sha256: str) -> Issued | None:
    with transaction() as session:
        return ledger.verify(session, reader=user, sha256=sha256)


routes = [Route("/reports/verify", verify, methods=["POST"])]
