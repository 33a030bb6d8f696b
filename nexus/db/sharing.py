"""Who may see and change a view, dashboard or prompt: conditions for the stores, and the shares themselves.

An administrator may everything, an owner everything with what is theirs. What is open to all may be seen by everybody who signs
in, and changed by whoever may build; else shares decide, with people or with roles. Services ask for the role's permission first.
"""

from datetime import datetime
from typing import Literal, Protocol

from pydantic import BaseModel
from sqlalchemy import TextClause, text

from nexus.db.session import Session

Kind = Literal["view", "dashboard", "prompt"]
LISTED = 8
"""People that a search finds at most."""


class Reader(Protocol):
    """Who reads or writes."""

    @property
    def id(self) -> int: ...
    @property
    def role(self) -> str: ...


def seen_by(kind: Kind, table: str) -> str:
    """SQL: whether `:reader` of `:reader_role` may see the row of `table`, which is that of `kind` or its alias."""
    return f"({table}.open_to_all or {_named(kind, table)})"


def changed_by(kind: Kind, table: str) -> str:
    """SQL: whether they may change it, if their role lets them build."""
    return f"({table}.open_to_all or {_named(kind, table, 'and shares.may_edit')})"


def _named(kind: Kind, table: str, wanted: str = "") -> str:
    # Never null, also of what has no owner any more: stores ask whether something is *not* seen, too.
    return (
        f"cast(:reader_role as text) = 'admin' or coalesce({table}.owner_id = :reader, false) or exists (select from nexus.shares "
        f"where shares.kind = '{kind}' and shares.kept_id = {table}.id and (shares.user_id = :reader or shares.role = :reader_role) {wanted})"
    )


def bound(condition: str, reader: Reader) -> TextClause:
    """The condition for a statement of SQLAlchemy's."""
    return text(f"({condition})").bindparams(**values(reader))


def values(reader: Reader) -> dict[str, object]:
    return {"reader": reader.id, "reader_role": str(reader.role)}


class Share(BaseModel, frozen=True):
    """With one person, or with everybody of a role."""

    user_id: int | None
    name: str = ""
    email: str = ""
    disabled: bool = False
    role: str | None
    person_role: str = ""
    """Of the person; a viewer can change nothing, whatever is shared with them."""
    may_edit: bool
    shared_at: datetime
    shared_by: str | None


class Sharing(BaseModel, frozen=True):
    """All that is said about who may do what with one thing."""

    id: int
    kind: Kind
    name: str
    title: str
    open_to_all: bool
    owner_id: int | None
    owner: str | None
    shares: tuple[Share, ...] = ()


class Somebody(BaseModel, frozen=True):
    id: int
    name: str
    email: str
    role: str
    disabled: bool = False


def find(session: Session, *, reader: Reader, kind: Kind, name: str, lock: bool = False) -> Sharing | None:
    """None when there is no such thing, or the reader may not see it."""
    row = session.execute(
        text(f"""
        select kept.id, kept.name, kept.title, kept.open_to_all, kept.owner_id, (select users.name from nexus.users where users.id = kept.owner_id) as owner
        from nexus.{kind}s as kept where kept.name = :name and kept.archived_at is null and {seen_by(kind, "kept")} {"for update" if lock else ""}
        """),
        # Postgres takes no NUL, and no name has one.
        {"name": name.replace("\0", "\ufffd"), **values(reader)},
    ).first()
    return Sharing(kind=kind, **row._mapping) if row else None


_SHARES = text("""
select shares.user_id, coalesce(users.name, '') as name, coalesce(users.email, '') as email, users.disabled_at is not null as disabled,
    shares.role, coalesce(users.role, '') as person_role, shares.may_edit, shares.shared_at, sharer.name as shared_by
from nexus.shares left join nexus.users on users.id = shares.user_id left join nexus.users as sharer on sharer.id = shares.shared_by
where shares.kind = :kind and shares.kept_id = :id order by shares.role nulls last, lower(users.name), users.email
""")


def shares(session: Session, *, kind: Kind, kept_id: int) -> tuple[Share, ...]:
    return tuple(Share(**row._mapping) for row in session.execute(_SHARES, {"kind": kind, "id": kept_id}))


def put(
    session: Session, *, kind: Kind, kept_id: int, user_id: int | None, role: str | None, may_edit: bool, shared_by: int | None
) -> None:
    """Share with a person or a role, or change what they may. Two at once leave one share."""
    whom = "user_id" if user_id is not None else "role"
    session.execute(
        text(f"""
        insert into nexus.shares (kind, kept_id, user_id, role, may_edit, shared_by) values (:kind, :id, :user_id, :role, :may_edit, :by)
        on conflict (kind, kept_id, {whom}) where {whom} is not null do update set may_edit = excluded.may_edit, shared_at = now(), shared_by = excluded.shared_by
        """),
        {"kind": kind, "id": kept_id, "user_id": user_id, "role": role, "may_edit": may_edit, "by": shared_by},
    )


_REMOVE = text("""
delete from nexus.shares where kind = :kind and kept_id = :id and (user_id = cast(:user_id as bigint) or role = cast(:role as text)) returning id
""")


def remove(session: Session, *, kind: Kind, kept_id: int, user_id: int | None, role: str | None) -> bool:
    """Whether there was such a share."""
    return session.execute(_REMOVE, {"kind": kind, "id": kept_id, "user_id": user_id, "role": role}).first() is not None


def set_open(session: Session, *, kind: Kind, kept_id: int, open_to_all: bool) -> None:
    session.execute(text(f"update nexus.{kind}s set open_to_all = :open where id = :id"), {"open": open_to_all, "id": kept_id})


def set_owner(session: Session, *, kind: Kind, kept_id: int, owner_id: int) -> None:
    session.execute(text(f"update nexus.{kind}s set owner_id = :owner where id = :id"), {"owner": owner_id, "id": kept_id})


def person(session: Session, *, user_id: int) -> Somebody | None:
    row = session.execute(
        text("select id, name, email, role, disabled_at is not null as disabled from nexus.users where id = :id"), {"id": user_id}
    ).first()
    return Somebody(**row._mapping) if row else None


_PEOPLE = text("""
select id, name, email, role from nexus.users
where disabled_at is null and not exists (select from unnest(cast(:words as text[])) as word where strpos(lower(name || ' ' || email), word) = 0)
order by lower(name), email limit :limit
""")


def people(session: Session, *, words: list[str]) -> list[Somebody]:
    """Who can sign in, and has all `words` in name or e-mail."""
    return [Somebody(**row._mapping) for row in session.execute(_PEOPLE, {"words": words, "limit": LISTED})]


def hidden(session: Session, *, reader: Reader, kind: Kind) -> frozenset[str]:
    """The names of what is there, and not for the reader."""
    found = session.execute(
        text(f"select kept.name from nexus.{kind}s as kept where kept.archived_at is null and not {seen_by(kind, 'kept')}"), values(reader)
    )
    return frozenset(found.scalars())
