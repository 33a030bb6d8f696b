"""The letterhead: logo, header and footer on every page of every print, as administrators set them, and what one print has of it."""

from datetime import datetime

from pydantic import BaseModel, Field

from nexus import audit
from nexus.accounts.spec import Permission, User, require
from nexus.db import letterheads
from nexus.db.session import Session
from nexus.errors import BadInput
from nexus.reports.logo import drawn_anew
from nexus.views.printed import Printed, one_line


class Letterhead(BaseModel, frozen=True):
    """`logo` is a PNG. What is empty does not stand on the page."""

    logo: bytes = Field(b"", repr=False)
    header: str = ""
    footer: str = ""
    changed_at: datetime | None = None

    def __bool__(self) -> bool:
        return bool(self.logo or self.header or self.footer)

    @property
    def headed(self) -> bool:
        return bool(self.logo or self.header)


NONE = Letterhead()


def find(session: Session, *, reader: User) -> Letterhead:
    """An empty one where none was set."""
    require(reader, Permission.SEE)
    row = letterheads.read(session)
    return Letterhead(logo=row.logo or b"", header=row.header, footer=row.footer, changed_at=row.changed_at) if row else NONE


def last_changed(session: Session, *, reader: User) -> datetime | None:
    require(reader, Permission.SEE)
    return letterheads.changed_at(session)


def of_print(letterhead: Letterhead, printed: Printed, *, wanted: bool) -> Letterhead:
    """What stands on its pages: its own words before those of all; nothing at all where whoever prints does not want it."""
    if not wanted:
        return NONE
    common = letterhead if printed.letterhead else NONE
    return Letterhead(logo=common.logo, header=printed.header or common.header, footer=printed.footer or common.footer)


def save_words(session: Session, *, user: User, header: str, footer: str) -> None:
    """Raises BadInput for words that do not fit on a page."""
    require(user, Permission.ADMINISTER)
    said = {name: _fitting(name, text) for name, text in (("header", header), ("footer", footer))}
    letterheads.write(session, changed_by=user.id, **said)
    audit.record(session, user_id=user.id, what="letterhead.changed", subject="letterhead", detail=said)


def save_logo(session: Session, *, user: User, content: bytes) -> None:
    """Raises NotALogo, LogoTooLarge."""
    require(user, Permission.ADMINISTER)
    logo = drawn_anew(content)
    letterheads.write(session, changed_by=user.id, logo=logo)
    audit.record(session, user_id=user.id, what="letterhead.changed", subject="letterhead", detail={"logo_bytes": len(logo)})


def remove_logo(session: Session, *, user: User) -> None:
    require(user, Permission.ADMINISTER)
    letterheads.write(session, changed_by=user.id, logo=None)
    audit.record(session, user_id=user.id, what="letterhead.changed", subject="letterhead", detail={"logo_bytes": 0})


def _fitting(name: str, text: str) -> str:
    try:
        return one_line(text)
    except ValueError as error:
        raise BadInput(f"The {name} is too long: {error}.") from None
