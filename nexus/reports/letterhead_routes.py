"""`POST /letterhead/logo`: a picture as the body becomes the logo. `GET /letterhead/logo.png` shows it."""

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from nexus.accounts.gate import in_thread
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import transaction
from nexus.errors import BadInput, NexusError, NotFound
from nexus.reports import letterhead
from nexus.reports.logo import MOST_BYTES, LogoTooLarge

STALLED_SECONDS = 60
BODY = "application/octet-stream"


class NoLogo(NotFound):
    message = "There is no logo. An administrator brings one in Settings, under Letterhead."


async def take(request: Request) -> Response:
    user: User = request.state.user
    require(user, Permission.ADMINISTER)
    try:
        # A form on another site cannot send this kind; the Origin has been checked before.
        if request.headers.get("content-type", "").lower() != BODY:
            raise BadInput("A logo is brought on the page for it. Open Settings, and there Letterhead.")
        await in_thread(_save, user, await _whole(request))
    except (ClientDisconnect, TimeoutError):
        return PlainTextResponse("The file did not come whole. Try it again.", status_code=400, headers={"Connection": "close"})
    except NexusError as error:
        # What is still on its way is not read.
        return PlainTextResponse(error.message, status_code=error.status, headers={"Connection": "close"})
    return JSONResponse({"upload": "logo"}, status_code=201)


async def _whole(request: Request) -> bytes:
    """Raises LogoTooLarge before more than that is held, TimeoutError."""
    held = bytearray()
    pieces = request.stream().__aiter__()
    while True:
        with anyio.fail_after(STALLED_SECONDS):
            piece = await anext(pieces, None)
        if piece is None:
            return bytes(held)
        held += piece
        if len(held) > MOST_BYTES:
            raise LogoTooLarge()


def _save(user: User, content: bytes) -> None:
    with transaction() as session:
        letterhead.save_logo(session, user=user, content=content)


async def show(request: Request) -> Response:
    logo = await in_thread(_logo, request.state.user)
    return Response(logo, media_type="image/png", headers={"Cache-Control": "private, max-age=60"})


def _logo(user: User) -> bytes:
    with transaction() as session:
        found = letterhead.find(session, reader=user)
    if not found.logo:
        raise NoLogo()
    return found.logo


routes = [Route("/letterhead/logo", take, methods=["POST"]), Route("/letterhead/logo.png", show, methods=["GET"])]
