"""The key that Gemini is asked with: from the environment, or as an administrator saved it."""

import hashlib
import hmac
from dataclasses import dataclass

from nexus import settings
from nexus.db import saved
from nexus.db.saved import SavedSettings
from nexus.db.session import transaction
from nexus.prompts.failures import KeyRefused, NoKey

GOOGLE = "https://generativelanguage.googleapis.com/"


@dataclass(frozen=True)
class Access:
    key: str
    base_url: str

    def __repr__(self) -> str:
        return "Access(…)"


def access(key: str | None = None) -> Access:
    """Where and with what key to ask; `key` is one that is being tried. Raises NoKey or KeyRefused."""
    key = (key or key_of_environment() or _saved_key() or "").strip()
    if not key:
        raise NoKey()
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise KeyRefused()  # it could not travel in a header
    return Access(key, settings.current().gemini_base_url or GOOGLE)


def key_of_environment() -> str | None:
    """It wins over the saved one."""
    key = settings.current().google_api_key
    return key.get_secret_value() if key else None


def _saved_key() -> str | None:
    with transaction() as session:
        key = saved.read(session).google_api_key
    return key.get_secret_value() if key else None


def key_mark(values: SavedSettings) -> str:
    """What tells the key that is asked with from others, and nothing else about it; empty while there is none."""
    key = (key_of_environment() or (values.google_api_key.get_secret_value() if values.google_api_key else "")).strip()
    secret = settings.current().secret_key.get_secret_value().encode()
    return hmac.new(secret, b"gemini key\0" + key.encode(), hashlib.sha256).hexdigest()[:16] if key else ""
