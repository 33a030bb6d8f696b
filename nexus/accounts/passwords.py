"""Passwords: which are good enough, how they are kept, and one-time ones."""

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from functools import lru_cache
from pathlib import Path

import bcrypt

from nexus.errors import BadInput

MIN_LENGTH = 15
MAX_LENGTH = 1024
COST = 12
_NOBODY = "$2b$12$YJftBSV7VVgzWNNs5PpRGu9qa9GvHe7EF1afEcmOmoap/p9Z/erz."
"""Checked where there is no password to check, so that the answer takes the same time."""


class WeakPassword(BadInput):
    message = "This password is too easy to guess. Take a longer one: four unusual words do well."


def normalised(password: str) -> str:
    """One spelling for what looks the same: composed or decomposed accents, full-width letters."""
    return unicodedata.normalize("NFKC", password)


def digest(password: str) -> bytes:
    """44 bytes for bcrypt, which takes no more than 72 and stops at NUL.

    Keyed with a fixed label: so a plain SHA-256 from another site's leak cannot be tried against it. Not with
    SECRET_KEY, whose change must sign people out and not take their passwords away.
    """
    text = normalised(password).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.new(b"nexus password", text, hashlib.sha256).digest())


def hashed(password: str) -> str:
    """What is stored. Slow on purpose; call it off the event loop."""
    return bcrypt.hashpw(digest(password), bcrypt.gensalt(COST)).decode()


def fits(password: str, stored: str | None) -> bool:
    """Whether this is the password. Takes as long when `stored` is none or the password too long to be one."""
    usable = stored is not None and len(password) <= MAX_LENGTH
    same = bcrypt.checkpw(digest(password[:MAX_LENGTH]), (stored if usable and stored else _NOBODY).encode())
    return same and usable


def one_time() -> str:
    """100 random bits in four groups that can be read out and typed."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(alphabet) for _ in range(5)) for _ in range(4))


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    """The 3,000 commonest passwords, in lower case."""
    lines = (Path(__file__).parent / "common_passwords.txt").read_text().splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def check(password: str, *, email: str, name: str = "") -> None:
    """Raises WeakPassword with what is wrong. Length and guessability only: no rule about kinds of characters."""
    text = normalised(password)
    if len(text) < MIN_LENGTH:
        raise WeakPassword(f"This password is too short. Take at least {MIN_LENGTH} characters: four unusual words do well.")
    if len(text) > MAX_LENGTH:
        raise WeakPassword(f"This password is too long. Take at most {MAX_LENGTH} characters.")
    lower = text.casefold()
    if len(set(lower)) < 5:
        raise WeakPassword("This password repeats too few characters. Take four unusual words instead.")
    if _is_common(lower):
        raise WeakPassword("This password is one that many people use. Take another: four unusual words do well.")
    rest = lower
    # Longest first, so that the whole address goes before its parts.
    for word in sorted({"nexus", email.casefold(), *re.split(r"[\W_]+", f"{email} {name}".casefold())}, key=len, reverse=True):
        if len(word) >= 3:
            rest = rest.replace(word, "")
    if len(re.sub(r"[\W_]", "", rest)) < 8 or _is_common(rest):
        raise WeakPassword("This password is made of your name, your e-mail address or the name of this tool. Take other words.")


def _is_common(lower: str) -> bool:
    """Whether it is a common password, one repeated, or one with digits and signs around it."""
    known = common()
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", lower)
    if {lower, core} & known:
        return True
    for size in range(1, len(lower) // 2 + 1):
        part = lower[:size]
        if lower == (part * (len(lower) // size + 1))[: len(lower)] and (part in known or size < 6):
            return True
    return False
