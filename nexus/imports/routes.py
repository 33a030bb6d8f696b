"""`POST /uploads?source=…&filename=…`: a file as the body, taken in piece by piece, in constant memory."""

import hashlib

import anyio
import anyio.to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nexus.accounts.gate import in_thread
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import NexusError
from nexus.imports import service
from nexus.imports.spec import TooLarge, UploadBroken

CHUNK_BYTES = 1024 * 1024
STALLED_SECONDS = 60
"""A browser that sends nothing for so long has gone."""
BODY = "application/octet-stream"


async def take(request: Request) -> Response:
    """The id of the upload as JSON. An upload that breaks off, grows too large or stalls leaves nothing."""
    user: User = request.state.user
    require(user, Permission.BUILD)
    # A form on another site cannot send this kind; the Origin has been checked before.
    if request.headers.get("content-type", "").lower() != BODY:
        raise UploadBroken("A file is uploaded on the page for it. Open Data, and press Bring in a file.")
    most = await in_thread(_most, user)
    _check_length(request.headers.get("content-length", ""), most)
    upload = await in_thread(_begin, user, request.query_params.get("source", ""), request.query_params.get("filename", ""))
    whole = False
    try:
        size, digest = await _fill(request, user, upload, most)
        await in_thread(_complete, user, upload, size, digest)
        whole = True
    except (ClientDisconnect, TimeoutError):
        return PlainTextResponse(UploadBroken.message, status_code=400, headers={"Connection": "close"})
    except NexusError as error:
        # What is still on its way is not read.
        return PlainTextResponse(error.message, status_code=error.status, headers={"Connection": "close"})
    finally:
        if not whole:
            with anyio.CancelScope(shield=True):
                await in_thread(_drop, user, upload)
    return JSONResponse({"upload": upload}, status_code=201)


async def _fill(request: Request, user: User, upload: int, most: int) -> tuple[int, str]:
    """How many bytes came, and their SHA-256."""
    digest, held, size, position = hashlib.sha256(), bytearray(), 0, 0
    pieces = request.stream().__aiter__()
    while True:
        with anyio.fail_after(STALLED_SECONDS):
            piece = await anext(pieces, None)
        if piece is None:
            break
        size += len(piece)
        if size > most:
            raise _too_large(most)
        held += piece
        while len(held) >= CHUNK_BYTES:
            chunk = bytes(held[:CHUNK_BYTES])
            del held[:CHUNK_BYTES]
            digest.update(chunk)
            await in_thread(_add, user, upload, position, chunk)
            position += 1
    if held:
        digest.update(held)
        await in_thread(_add, user, upload, position, bytes(held))
    if not size:
        raise UploadBroken("This file is empty. Choose another.")
    return size, digest.hexdigest()


def _check_length(said: str, most: int) -> None:
    if said.isdecimal() and (len(said) > 15 or int(said) > most):
        raise _too_large(most)


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        f"This file is larger than the {most // 1_048_576:,} MB that may be brought in. Upload it in parts, or ask an administrator for a higher limit."
    )


def _most(user: User) -> int:
    with transaction() as session:
        return service.most_bytes(session, user=user)


def _begin(user: User, source: str, filename: str) -> int:
    with transaction() as session:
        return service.begin_upload(session, user=user, source=source.replace("\0", "\ufffd"), filename=filename)


def _add(user: User, upload: int, position: int, content: bytes) -> None:
    with transaction() as session:
        service.add_chunk(session, user=user, upload_id=upload, position=position, content=content)


def _complete(user: User, upload: int, size: int, digest: str) -> None:
    with transaction() as session:
        service.complete_upload(session, user=user, upload_id=upload, size_bytes=size, sha256=digest)


def _drop(user: User, upload: int) -> None:
    with transaction() as session:
        service.drop_upload(session, user=user, upload_id=upload)


routes = [Route("/uploads", take, methods=["POST"])]
