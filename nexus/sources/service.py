"""Use-cases on sources."""

from nexus.accounts.spec import Permission, User, require
from nexus.db.session import Session
from nexus.errors import NotFound
from nexus.sources import store
from nexus.sources.spec import Source


class SourceNotFound(NotFound):
    message = "This source no longer exists. Ask an administrator to add it again."


def find(session: Session, *, reader: User, name: str) -> Source:
    require(reader, Permission.SEE)
    source = store.find(session, name=name)
    if source is None:
        raise SourceNotFound()
    return source


def all_sources(session: Session, *, reader: User) -> list[Source]:
    require(reader, Permission.SEE)
    return store.every(session)
