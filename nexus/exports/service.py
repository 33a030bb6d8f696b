"""Files on their way: what is taken, how far it is, and cancelling it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db.session import Session
from nexus.errors import BadInput, Conflict, NotFound
from nexus.exports import store
from nexus.exports.spec import Export, Kind, Provenance, State
from nexus.sources.export import Progress
from nexus.sources.spec import Query
from nexus.views import values as typed
from nexus.views.excerpt import Excerpt, query_of_excerpt
from nexus.views.service import OpenView, find_view


class ExportNotFound(NotFound):
    message = "This download is not known. It ended long ago, or it is someone else's."


@dataclass(frozen=True)
class Subject:
    """What is taken: a view, with checked values of its parameters."""

    view: OpenView
    values: Mapping[str, Any]
    excerpt: Excerpt

    def query(self, *, reader: User, fresh: bool = False) -> Query:
        """`fresh` looks at the source's tables again. Raises BadInput for a value that does not fit."""
        return query_of_excerpt(self.view, reader=reader, values=self.values, excerpt=self.excerpt, fresh=fresh)

    @property
    def part(self) -> str:
        """What of the view is taken, in words; nothing for everything."""
        return "; ".join(f"{label}: {text}" for label, text in self.excerpt.words())

    def provenance(self, query: Query, *, user: User) -> Provenance:
        view = self.view.view
        return Provenance(
            view=view.name,
            title=view.title,
            version=self.view.version,
            source=self.view.source.title,
            timezone=self.view.source.timezone,
            parameters=tuple(typed.describe(view.parameters, self.values)),
            part=self.part,
            sql=query.sql.strip(),
            values={name: str(value) for name, value in query.parameters.items()},
            by=f"{user.name} ({user.email})" if user.name else user.email,
            at=datetime.now(UTC),
        )


def open_subject(session: Session, *, user: User, name: str, given: Mapping[str, Sequence[str]]) -> Subject:
    """The view `name` as the texts of an address ask for it. Raises NotFound, SpecUnreadable, BadInput."""
    require(user, Permission.SEE)
    view = find_view(session, reader=user, name=name)
    with typed.in_zone(view.source.zone):
        return Subject(view, typed.parse(view.view.parameters, given), Excerpt.read(given))


def begin(session: Session, *, user: User, key: str, view: str, kind: Kind) -> None:
    """Raises Conflict when the key has been used."""
    require(user, Permission.SEE)
    if not store.add(session, user=user, key=key, view=view, kind=kind):
        raise Conflict("This download was started before. Start it again from the page.")


def tell(session: Session, *, user: User, key: str, progress: Progress, state: State = "running", note: str = "") -> bool:
    """Write how far a file is; whether the person has cancelled it."""
    require(user, Permission.SEE)
    return store.tell(
        session,
        user=user,
        key=key,
        rows=progress.rows,
        size_bytes=progress.size_bytes,
        expected_rows=progress.expected_rows,
        state=state,
        note=note,
    )


def find_export(session: Session, *, reader: User, key: str) -> Export:
    """One's own. Raises ExportNotFound."""
    require(reader, Permission.SEE)
    found = store.find(session, reader=reader, key=key)
    if found is None:
        raise ExportNotFound()
    return found


def cancel(session: Session, *, user: User, key: str) -> None:
    """Have one's own file stopped, and its query with it, within about a second. Raises ExportNotFound."""
    require(user, Permission.SEE)
    if not store.cancel(session, user=user, key=key):
        raise ExportNotFound()


def note_taken(session: Session, *, user: User, subject: Subject, kind: Kind) -> None:
    """In the audit log: who took what."""
    require(user, Permission.SEE)
    detail: dict[str, Any] = {"format": kind, "version": subject.view.version}
    if not subject.excerpt.whole:
        # What the filters compare with is data, and stays out of the log.
        detail["part"] = "page" if subject.excerpt.alone else "filtered"
    audit.record(session, user_id=user.id, what="view.exported", subject=f"view {subject.view.view.name}", detail=detail)


def key_of(given: Mapping[str, Sequence[str]]) -> str | None:
    """The key that the page made for this download, if it wants to know how far it is. Raises BadInput."""
    texts = given.get("export.key")
    if not texts:
        return None
    key = texts[-1]
    if not 16 <= len(key) <= 64 or not key.isascii() or not key.replace("-", "").replace("_", "").isalnum():
        raise BadInput("This download has no valid key. Start it again from the page.")
    return key
