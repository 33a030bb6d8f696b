"""What Nexus's own tables have in common: their schema, how their names are made, and columns that come again and again."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, LargeBinary, MetaData, Text, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA = "nexus"


class Base(DeclarativeBase):
    metadata = MetaData(
        schema=SCHEMA,
        naming_convention={
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ck": "%(table_name)s_%(constraint_name)s_check",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "pk": "%(table_name)s_pkey",
        },
    )
    type_annotation_map: ClassVar = {
        str: Text,
        int: BigInteger,
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        bytes: LargeBinary,
    }


def identity() -> Mapped[int]:
    return mapped_column(Identity(always=True), primary_key=True)


def now() -> Mapped[datetime]:
    return mapped_column(server_default=func.now())


def person(*, keep: bool = True, index: bool = False) -> Mapped[Any]:
    """A reference to a person; `keep` leaves the row when the person is deleted."""
    return mapped_column(ForeignKey(f"{SCHEMA}.users.id", ondelete="SET NULL" if keep else "CASCADE"), nullable=keep, index=index)


def person_or_none() -> Mapped[Any]:
    """A reference to a person, or none; the row goes when the person is deleted."""
    return mapped_column(ForeignKey(f"{SCHEMA}.users.id", ondelete="CASCADE"), nullable=True, index=True)
