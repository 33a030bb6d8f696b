"""Notes on a day or a period, as "strike on 12 May": every chart along time that covers it shows them.

One belongs to a dashboard, and who may change that may change its notes; or it is shown everywhere, and whoever may build can
add one, which its author and administrators change.
"""

from datetime import date
from typing import Any

from pydantic import BaseModel, ValidationError, field_validator, model_validator

from nexus import audit
from nexus.accounts.spec import Permission, User, require, require_oneself
from nexus.db import annotations as store
from nexus.db.session import Session
from nexus.errors import BadInput, NotAllowed, NotFound
from nexus.views.charts import Note
from nexus.views.values import EARLIEST, LATEST

LONGEST_TEXT = 200
MOST = 500
"""Of one dashboard, and of those that are shown everywhere."""


class AnnotationGone(NotFound):
    message = "This note no longer exists, or you may not see it. Reload the page."


class NewAnnotation(BaseModel, frozen=True, extra="forbid"):
    """What a person writes. Without `last_day` it is about one day."""

    text: str
    first_day: date
    last_day: date | None = None

    @field_validator("text")
    @classmethod
    def _one_line(cls, text: str) -> str:
        text = " ".join("".join(character if character.isprintable() else " " for character in text).split())
        if not text:
            raise ValueError("Say what happened.")
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"A note has at most {LONGEST_TEXT} characters.")
        return text

    @model_validator(mode="after")
    def _in_order(self) -> "NewAnnotation":
        if not EARLIEST <= self.first_day <= (self.last_day or self.first_day) <= LATEST:
            raise ValueError("The last day comes before the first. Choose them again.")
        return self


class Annotation(NewAnnotation, frozen=True):
    id: int
    everywhere: bool
    author: str | None = None
    may_change: bool = False
    """For the reader; a service looks again."""

    @property
    def note(self) -> Note:
        return Note(text=self.text, first=self.first_day, last=self.last_day)


def read(rows: Any) -> tuple[Annotation, ...]:
    """Of the rows that opening a dashboard brings along."""
    return tuple(Annotation.model_validate(row) for row in rows or ())


def written(text: str, first_day: date | None, last_day: date | None) -> NewAnnotation:
    """Raises BadInput with what is wrong."""
    if first_day is None:
        raise BadInput("Choose the day that the note is about.")
    try:
        return NewAnnotation(text=text, first_day=first_day, last_day=last_day if last_day != first_day else None)
    except ValidationError as error:
        raise BadInput(error.errors()[0]["msg"].removeprefix("Value error, ")) from None


def list_annotations(session: Session, *, reader: User, dashboard: str) -> tuple[Annotation, ...]:
    """Those of the dashboard and those shown everywhere, by day; none where the reader may not see the dashboard."""
    require(reader, Permission.SEE)
    return read(store.of_dashboard(session, reader=reader, dashboard=dashboard))


def add_annotation(session: Session, *, user: User, dashboard: str, new: NewAnnotation, everywhere: bool = False) -> int:
    """Its id. Raises AnnotationGone where there is no such dashboard for them, NotAllowed where they may not change it."""
    _check(session, user=user, dashboard=dashboard, everywhere=everywhere)
    if store.count(session, dashboard=None if everywhere else dashboard) >= MOST:
        raise BadInput(f"There are {MOST} notes already. Remove some first.")
    made = store.add(session, user_id=user.id or None, dashboard=None if everywhere else dashboard, values=new.model_dump())
    audit.record(session, user_id=user.id, what="annotation.added", subject=_subject(dashboard, everywhere), detail={"id": made})
    return made


def change_annotation(session: Session, *, user: User, dashboard: str, annotation_id: int, new: NewAnnotation) -> None:
    """Raises AnnotationGone, NotAllowed."""
    everywhere = _check_own(session, user=user, dashboard=dashboard, annotation_id=annotation_id)
    store.change(session, annotation_id=annotation_id, user_id=user.id or None, values=new.model_dump())
    audit.record(session, user_id=user.id, what="annotation.changed", subject=_subject(dashboard, everywhere), detail={"id": annotation_id})


def remove_annotation(session: Session, *, user: User, dashboard: str, annotation_id: int) -> None:
    """Raises AnnotationGone, NotAllowed."""
    everywhere = _check_own(session, user=user, dashboard=dashboard, annotation_id=annotation_id)
    store.remove(session, annotation_id=annotation_id)
    audit.record(session, user_id=user.id, what="annotation.removed", subject=_subject(dashboard, everywhere), detail={"id": annotation_id})


def _check(session: Session, *, user: User, dashboard: str, everywhere: bool) -> None:
    require(user, Permission.BUILD)
    require_oneself(user)
    may = store.may_change(session, reader=user, dashboard=dashboard)
    if may is None:
        raise AnnotationGone("This dashboard no longer exists, or you may not see it. Open another from the list.")
    if not may and not everywhere:
        raise NotAllowed("You may see this dashboard, and not change it. Ask its owner to add the note.")


def _check_own(session: Session, *, user: User, dashboard: str, annotation_id: int) -> bool:
    """Whether the note is shown everywhere."""
    require(user, Permission.BUILD)
    require_oneself(user)
    found = next((one for one in list_annotations(session, reader=user, dashboard=dashboard) if one.id == annotation_id), None)
    if found is None:
        raise AnnotationGone()
    if not found.may_change:
        raise NotAllowed("This note is somebody else's. Ask its author, or an administrator, to change it.")
    return found.everywhere


def _subject(dashboard: str, everywhere: bool) -> str:
    return "everywhere" if everywhere else f"dashboard {dashboard}"
