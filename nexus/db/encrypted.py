"""Text that lies encrypted in Nexus's tables: source addresses and vendor keys."""

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Dialect, LargeBinary, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeDecorator

from nexus import settings
from nexus.errors import Unavailable


class KeyMissing(Unavailable):
    message = "A stored secret cannot be read with the current ENCRYPTION_KEY. An administrator must put the former key back, after the new one, separated by a comma."


@lru_cache(maxsize=8)
def _fernet(keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",")])


def encrypt(text: str) -> bytes:
    return _fernet(settings.current().encryption_key.get_secret_value()).encrypt(text.encode())


def decrypt(token: bytes) -> str:
    """Raises KeyMissing when none of the keys opens it."""
    try:
        return _fernet(settings.current().encryption_key.get_secret_value()).decrypt(token).decode()
    except InvalidToken:
        raise KeyMissing() from None


def rotate(token: bytes) -> bytes:
    """The same text under the newest key. Raises KeyMissing when none of the keys opens it."""
    try:
        return _fernet(settings.current().encryption_key.get_secret_value()).rotate(token)
    except InvalidToken:
        raise KeyMissing() from None


class EncryptedText(TypeDecorator[str]):
    """A `bytea` column that code reads and writes as `str`."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else encrypt(value)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else decrypt(bytes(value))


def rotate_all(session: Session) -> int:
    """Encrypt every stored secret anew with the newest key. How many. Raises KeyMissing, and changes nothing, when one cannot be read."""
    from nexus.db import tables

    count = 0
    for table in tables.UserRow.metadata.sorted_tables:
        for column in table.columns:
            if not isinstance(column.type, EncryptedText):
                continue
            key = next(iter(table.primary_key.columns)).name
            # As bytes: the column's own type would decrypt and encrypt with whatever key comes first.
            rows = session.execute(
                text(f"select {key}, {column.name} from {table.fullname} where {column.name} is not null for update")
            ).all()
            for id_, token in rows:
                session.execute(
                    text(f"update {table.fullname} set {column.name} = :token where {key} = :id"),
                    {"token": rotate(bytes(token)), "id": id_},
                )
            count += len(rows)
    return count
