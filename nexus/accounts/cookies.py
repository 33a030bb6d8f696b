"""The two cookies of Nexus: the session's, and the one that a sign-in form is bound to."""

from http.cookies import Morsel

from starlette.types import Scope

from nexus import settings
from nexus.accounts import tokens
from nexus.web.address import header


def session_cookie() -> str:
    """Its name. Browsers take a `__Host-` cookie only over HTTPS, from this very host, for every path."""
    return "__Host-nexus" if settings.current().session_cookie_secure else "nexus"


def form_cookie() -> str:
    return session_cookie() + "-form"


def value(scope: Scope, name: str) -> str | None:
    """The cookie's value; none when it is missing, empty, far too long, or there are two of it."""
    found = []
    for line in header(scope, b"cookie"):
        for pair in line.split(";"):
            key, _, text = pair.strip().partition("=")
            if key == name:
                found.append(text.strip())
    if len(found) != 1 or not 0 < len(found[0]) <= tokens.MAX_TOKEN:
        return None
    return found[0]


def setting(name: str, text: str, *, max_age_s: int | None = None) -> str:
    """A Set-Cookie header. Without `max_age_s` it lasts as long as the browser is open."""
    morsel: Morsel[str] = Morsel()
    morsel.set(name, text, text)
    morsel["path"] = "/"
    morsel["httponly"] = True
    morsel["samesite"] = "Lax"
    if settings.current().session_cookie_secure:
        morsel["secure"] = True
    if max_age_s is not None:
        morsel["max-age"] = str(max_age_s)
    return morsel.OutputString()
