"""Who calls: the one place that decides what a client's address is."""

from collections.abc import Iterable
from ipaddress import ip_address

from starlette.types import Scope


def header(scope: Scope, name: bytes) -> list[str]:
    """All values of a header, in order."""
    pairs: Iterable[tuple[bytes, bytes]] = scope.get("headers", ())
    return [value.decode("latin-1") for key, value in pairs if key == name]


def client_address(scope: Scope, *, behind_proxy: bool) -> str:
    """The caller's address as text.

    Railway's edge sets `X-Real-IP` itself and overwrites what a client sends; a second copy, or one that is no
    address, counts for nothing. `X-Forwarded-For` begins with what the client wrote, so it is never read. Without a
    proxy in front, only the socket's peer counts.
    """
    peer = str((scope.get("client") or ("unknown", 0))[0])
    if not behind_proxy:
        return peer
    told = header(scope, b"x-real-ip")
    if len(told) != 1:
        return peer
    try:
        return str(ip_address(told[0].strip()))
    except ValueError:
        return peer
