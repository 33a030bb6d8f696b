"""The lock of a PDF: AES with 256 bits as ISO 32000-2 has it (7.6, revision 6), over all text, pictures and structure.

Who has the password reads the file; nobody else does, Nexus included. The password itself is used once, to make a
seal, and kept nowhere: a seal has the file's own key and what a reader checks a password against.
"""

import hashlib
import os
import unicodedata
from dataclasses import astuple, dataclass
from typing import Self

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from nexus.errors import BadInput

MOST_BYTES = 127
"""Of a password, as the standard has it."""
ALLOWED = -4
"""Permissions, all bits set: who opens the file may print and copy."""

NAMES = (b"U", b"UE", b"O", b"OE", b"Perms")


@dataclass(frozen=True)
class Seal:
    key: bytes
    user: bytes
    user_key: bytes
    owner: bytes
    owner_key: bytes
    permissions: bytes

    def dump(self) -> str:
        """As text, for a job to keep encrypted until the file is made."""
        return " ".join(part.hex() for part in astuple(self))

    @classmethod
    def load(cls, text: str) -> Self:
        return cls(*map(bytes.fromhex, text.split(" ")))

    def encrypt(self, content: bytes) -> bytes:
        start = os.urandom(16)
        padder = padding.PKCS7(128).padder()
        return start + _aes(self.key, start, padder.update(content) + padder.finalize())

    def dictionary(self) -> bytes:
        """The encryption dictionary. Every string of the file lies in a stream that is encrypted whole."""
        parts = (self.user, self.user_key, self.owner, self.owner_key, self.permissions)
        keys = b" ".join(b"/%s <%s>" % (name, part.hex().encode()) for name, part in zip(NAMES, parts, strict=True))
        return (
            b"<</Filter /Standard /V 5 /R 6 /Length 256 /CF <</StdCF <</Type /CryptFilter /CFM /AESV3 /AuthEvent /DocOpen /Length 32>>>> "
            b"/StmF /StdCF /StrF /StdCF /P %d %s /EncryptMetadata true>>"
        ) % (ALLOWED, keys)


def seal(password: str) -> Seal:
    """A new lock that `password` opens. Raises BadInput for one that is empty or longer than 127 bytes."""
    secret = unicodedata.normalize("NFKC", password).encode(errors="replace")
    if not secret or len(secret) > MOST_BYTES:
        raise BadInput(f"A password for a PDF has 1 to {MOST_BYTES} bytes. Choose another.")
    key = os.urandom(32)
    user, user_key = _locked(secret, key, b"")
    # Nobody may do more than the reader, so the owner's password is one that nobody knows.
    owner, owner_key = _locked(os.urandom(32), key, user)
    told = ALLOWED.to_bytes(4, "little", signed=True) + b"\xff\xff\xff\xffTadb" + os.urandom(4)
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block, as the standard has it
    return Seal(key, user, user_key, owner, owner_key, encryptor.update(told) + encryptor.finalize())


def _locked(secret: bytes, key: bytes, user: bytes) -> tuple[bytes, bytes]:
    """What a password is checked against, and the file's key under it (algorithms 8 and 9)."""
    check, salt = os.urandom(8), os.urandom(8)
    return _hash(secret, check, user) + check + salt, _aes(_hash(secret, salt, user), bytes(16), key)


def _hash(secret: bytes, salt: bytes, user: bytes) -> bytes:
    """Algorithm 2.B: at least 64 rounds of AES and SHA-2."""
    found = hashlib.sha256(secret + salt + user).digest()
    rounds = 0
    while True:
        mixed = _aes(found[:16], found[16:32], (secret + found + user) * 64)
        kind = (hashlib.sha256, hashlib.sha384, hashlib.sha512)[sum(mixed[:16]) % 3]
        found = kind(mixed).digest()
        rounds += 1
        if rounds >= 64 and mixed[-1] <= rounds - 32:
            return found[:32]


def _aes(key: bytes, start: bytes, content: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.CBC(start)).encryptor()
    return encryptor.update(content) + encryptor.finalize()
