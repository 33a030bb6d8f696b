"""Secrets that travel in cookies and forms, and the keyed hashes by which they are known."""

import hashlib
import hmac
import secrets

from nexus import settings

MAX_TOKEN = 128
"""Longest cookie that is looked at; ours have 43 characters."""


def new() -> str:
    """256 random bits, safe in a cookie and in a form."""
    return secrets.token_urlsafe(32)


def _keyed(purpose: str, text: str) -> bytes:
    key = settings.current().secret_key.get_secret_value().encode()
    # The purpose keeps a hash that is good for one thing from being good for another.
    return hmac.new(
        hmac.new(key, purpose.encode(), hashlib.sha256).digest(), text.encode("utf-8", "surrogatepass"), hashlib.sha256
    ).digest()


def session_hash(token: str) -> bytes:
    """What the sessions table knows a cookie by."""
    return _keyed("session", token)


def account_hash(email: str) -> bytes:
    """What failed tries are counted by: also for addresses that nobody has, without keeping what was typed."""
    return _keyed("account", email)


def form_token(binding: str) -> str:
    """Stands in a form; `binding` is the cookie that must come with it.

    Another one each time, so that its length in a compressed answer tells nothing about it.
    """
    salt = secrets.token_hex(16)
    return salt + _keyed("form", salt + binding).hex()


def form_token_fits(token: str, *, binding: str) -> bool:
    salt, mac = token[:32], token[32:]
    return hmac.compare_digest(mac.encode("utf-8", "replace"), _keyed("form", salt + binding).hex().encode())


def streamlit_secret() -> str:
    """Signs Streamlit's own cookies; the same on every replica."""
    return _keyed("streamlit", "cookie").hex()
