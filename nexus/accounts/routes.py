"""The door's own routes: sign in, sign out, choose a password."""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import parse_qs

import anyio
import anyio.to_thread
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from nexus import settings
from nexus.accounts import cookies, gate, pages, passwords, service, tokens
from nexus.accounts.sessions import SENTENCES, Ending
from nexus.accounts.sign_in import Locked, SignedIn, sign_in
from nexus.accounts.spec import User
from nexus.errors import BadInput, DatabaseUnavailable, NexusError, Unavailable
from nexus.web.address import client_address
from nexus.web.assets import FOR_EVER

T = TypeVar("T")
MAX_BODY = 16 * 1024
HASHES_AT_ONCE = 2
HASHES_WAITING = 60
_TYPES = {".js": "text/javascript", ".svg": "image/svg+xml"}


class Busy(Unavailable):
    message = "Many people are signing in right now. Try again in a few seconds."


class OldForm(BadInput):
    message = "This form had been open for too long. Try again."
    status = 403


class StrangeForm(BadInput):
    message = "This form did not arrive as it should. Try again."


class _Hashing:
    """Password hashing takes a quarter of a second of a core: off the event loop, two at once, sixty waiting."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    async def run(self, function: Callable[[], T]) -> T:
        """Raises Busy when too many wait already."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(HASHES_AT_ONCE)
        if self._limiter.statistics().tasks_waiting >= HASHES_WAITING:
            raise Busy()
        return await anyio.to_thread.run_sync(function, limiter=self._limiter)


_hashing = _Hashing()


async def _fields(request: Request, *names: str) -> dict[str, str]:
    """The form's fields, each exactly once. Raises StrangeForm for anything else."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise StrangeForm()
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise StrangeForm()
    try:
        given = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise StrangeForm() from None
    if any(len(given.get(name, [""])) != 1 for name in names):
        raise StrangeForm()
    return {name: given.get(name, [""])[0] for name in names}


def _binding(request: Request) -> str | None:
    return cookies.value(request.scope, cookies.form_cookie())


def _check_form(request: Request, fields: dict[str, str]) -> None:
    """Raises OldForm unless the form was drawn for the browser that sends it."""
    binding = _binding(request)
    if binding is None or not tokens.form_token_fits(fields["form"], binding=binding):
        raise OldForm()


def _draw(request: Request, template: str, **values: object) -> Response:
    """A page with a form that is bound to this browser by a cookie."""
    binding = _binding(request) or tokens.new()
    response = pages.draw(template, form=tokens.form_token(binding), **values)  # type: ignore[arg-type]
    if _binding(request) is None:
        response.headers.append("Set-Cookie", cookies.setting(cookies.form_cookie(), binding))
    return response


def _session_token(request: Request) -> str | None:
    return cookies.value(request.scope, cookies.session_cookie())


def _address(request: Request) -> str:
    return client_address(request.scope, behind_proxy=settings.current().production)


def _with_session(response: Response, signed_in: SignedIn) -> Response:
    response.headers.append("Set-Cookie", cookies.setting(cookies.session_cookie(), signed_in.token, max_age_s=int(signed_in.hours * 3600)))
    return response


def _without_session(response: Response) -> Response:
    response.headers.append("Set-Cookie", cookies.setting(cookies.session_cookie(), "", max_age_s=0))
    return response


async def show_login(request: Request) -> Response:
    target = gate.safe_next(request.query_params.get("next"))
    token = _session_token(request)
    try:
        found = await gate.in_thread(gate.find, token)
    except DatabaseUnavailable as error:
        return _login_page(request, target=target, error=error)
    if found.user is not None:
        return RedirectResponse(target, status_code=303)
    response = _login_page(request, target=target, sentence=SENTENCES[found.ended] if found.ended else None)
    # The reason is told once; the cookie leads nowhere any more.
    return _without_session(response) if token else response


def _login_page(
    request: Request, *, target: str, email: str = "", sentence: str | None = None, error: NexusError | None = None
) -> Response:
    return _draw(
        request,
        "login.html",
        title="Sign in",
        next=target,
        email=email,
        sentence=error.message if error else sentence,
        bad=error is not None,
        until=error.until if isinstance(error, Locked) else None,
        preload=request.app.state.preload,
        status=error.status if error else 200,
    )


async def take_login(request: Request) -> Response:
    email = target = ""
    try:
        fields = await _fields(request, "email", "password", "next", "form")
        email, target = fields["email"], gate.safe_next(fields["next"])
        _check_form(request, fields)
        address, agent, former = _address(request), request.headers.get("user-agent", ""), _session_token(request)
        signed_in = await _hashing.run(
            lambda: sign_in(email=fields["email"], password=fields["password"], address=address, user_agent=agent, former_token=former)
        )
    except NexusError as error:
        response = _login_page(request, target=gate.safe_next(target), email=email[:254].replace("\0", ""), error=error)
        if isinstance(error, Locked):
            response.headers["Retry-After"] = "60"
        return response
    request.state.user = signed_in.user
    return _with_session(RedirectResponse(target, status_code=303), signed_in)


async def show_logout(request: Request) -> Response:
    """A question, unless the person came from a page of ours: a foreign link must not sign anybody out."""
    at_once = request.headers.get("sec-fetch-site") == "same-origin"
    return _draw(request, "logout.html", title="Sign out of Nexus?", at_once=at_once)


async def take_logout(request: Request) -> Response:
    try:
        fields = await _fields(request, "form")
        _check_form(request, fields)
        token = _session_token(request)
        if token:
            await gate.in_thread(service.sign_out, token)
    except NexusError as error:
        return _draw(request, "logout.html", title="Sign out of Nexus?", sentence=error.message, bad=True, status=error.status)
    return _without_session(_login_page(request, target="/", sentence=SENTENCES[Ending.SIGNED_OUT]))


async def show_password(request: Request) -> Response:
    return _password_page(request, target=gate.safe_next(request.query_params.get("next")))


def _password_page(request: Request, *, target: str, error: NexusError | None = None) -> Response:
    user: User = request.state.user
    return _draw(
        request,
        "password.html",
        title="Choose your password",
        user=user,
        next=target,
        sentence=error.message if error else None,
        bad=error is not None,
        preload=request.app.state.preload,
        status=error.status if error else 200,
    )


async def take_password(request: Request) -> Response:
    user: User = request.state.user
    target = "/"
    try:
        fields = await _fields(request, "current", "new", "again", "next", "form")
        target = gate.safe_next(fields["next"])
        _check_form(request, fields)
        if passwords.normalised(fields["new"]) != passwords.normalised(fields["again"]):
            raise BadInput("The two new passwords differ. Type them again.")
        address, agent = _address(request), request.headers.get("user-agent", "")

        def change() -> SignedIn:
            current = None if user.must_change_password else fields["current"]
            return service.change_password_and_stay(user=user, current=current, new=fields["new"], address=address, user_agent=agent)

        signed_in = await _hashing.run(change)
    except NexusError as error:
        return _password_page(request, target=target, error=error)
    return _with_session(RedirectResponse(target, status_code=303), signed_in)


async def door_file(request: Request) -> Response:
    file = pages.STATIC / request.path_params["name"]
    if file.parent != pages.STATIC or file.suffix not in _TYPES or not file.is_file():
        return PlainTextResponse("There is no such file.", status_code=404)
    keep = f"{request.url.path}?{request.url.query}" == pages.address(file.name)
    return FileResponse(file, media_type=_TYPES[file.suffix], headers={"Cache-Control": FOR_EVER if keep else "no-cache"})


async def icon(_request: Request) -> Response:
    return FileResponse(pages.STATIC / "mark.svg", media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})


async def robots(_request: Request) -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


routes = [
    Route("/login", show_login, methods=["GET"]),
    Route("/login", take_login, methods=["POST"]),
    Route("/logout", show_logout, methods=["GET"]),
    Route("/logout", take_logout, methods=["POST"]),
    Route(gate.CHANGE_PASSWORD, show_password, methods=["GET"]),
    Route(gate.CHANGE_PASSWORD, take_password, methods=["POST"]),
    Route("/door/{name}", door_file, methods=["GET"]),
    Route("/favicon.ico", icon, methods=["GET"]),
    Route("/favicon.png", icon, methods=["GET"]),
    Route("/robots.txt", robots, methods=["GET"]),
]
