"""Sources in Nexus's own tables."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from nexus.db.session import Session
from nexus.db.tables import SourceRow, ViewRow, ViewVersionRow
from nexus.errors import Conflict
from nexus.sources import address as addresses
from nexus.sources.address import Address
from nexus.sources.spec import Source


class SourceExists(Conflict):
    message = "A source of this name exists already. Choose another name."


def _value(row: SourceRow) -> Source:
    return value(row_id=row.id, spec=row.spec, changed_at=row.changed_at)


def value(*, row_id: int, spec: dict[str, Any], changed_at: datetime) -> Source:
    """A source of the columns of its row, for statements that read it along with what uses it."""
    return Source(**spec, revision=f"{row_id}.{changed_at.isoformat()}")


def find(session: Session, *, name: str) -> Source | None:
    row = session.execute(select(SourceRow).where(SourceRow.name == name)).scalar_one_or_none()
    return _value(row) if row else None


def every(session: Session) -> list[Source]:
    return [_value(row) for row in session.execute(select(SourceRow).order_by(SourceRow.name)).scalars()]


def find_address(session: Session, *, name: str) -> Address | None:
    url = session.execute(select(SourceRow.url).where(SourceRow.name == name)).scalar_one_or_none()
    return addresses.stored(url) if url else None


def put(session: Session, *, source: Source, address: Address | None, changed_by: int | None) -> None:
    """Write a source; without an address the stored one stays. A new source needs one."""
    row = session.execute(select(SourceRow).where(SourceRow.name == source.name).with_for_update()).scalar_one_or_none()
    if row is None:
        if address is None:
            raise ValueError("a new source has an address")
        row = SourceRow(name=source.name)
        session.add(row)
    row.spec = source.model_dump(mode="json")
    if address is not None:
        row.url = address.url
    row.changed_at = datetime.now(UTC)
    row.changed_by = changed_by or None  # the command line acts as a person with the id 0, who is in no table
    try:
        session.flush()
    except IntegrityError as error:
        raise SourceExists() from error


def find_writer(session: Session, *, name: str) -> Address | None:
    url = session.execute(select(SourceRow.writer_url).where(SourceRow.name == name)).scalar_one_or_none()
    return addresses.stored(url) if url else None


def put_writer(session: Session, *, name: str, address: Address | None, changed_by: int | None) -> None:
    """Set or take away the writing role of a source that is there. How it is read stays as it is, and so does its revision."""
    values = {"writer_url": address.url if address else None, "changed_by": changed_by or None}
    session.execute(update(SourceRow).where(SourceRow.name == name).values(**values))


def shown_writers(session: Session) -> dict[str, str]:
    """Of each source that has a writing role, its address without the password."""
    rows = session.execute(select(SourceRow.name, SourceRow.writer_url).where(SourceRow.writer_url.is_not(None))).all()
    return {name: addresses.stored(url).shown for name, url in rows if url}


def shown_addresses(session: Session) -> dict[str, str]:
    """Of each source, its address without the password."""
    rows = session.execute(select(SourceRow.name, SourceRow.url)).all()
    return {name: addresses.stored(url).shown for name, url in rows}


def views_of(session: Session, *, name: str) -> list[str]:
    """Titles of the views whose newest version asks this source."""
    newest = (ViewVersionRow.kept_id == ViewRow.id) & (ViewVersionRow.version == ViewRow.version)
    asks = ViewVersionRow.spec["source"].astext == name
    return list(session.execute(select(ViewRow.title).join(ViewVersionRow, newest).where(asks).order_by(ViewRow.title)).scalars())


def delete(session: Session, *, name: str) -> None:
    row = session.execute(select(SourceRow).where(SourceRow.name == name)).scalar_one_or_none()
    if row is not None:
        session.delete(row)
        session.flush()
