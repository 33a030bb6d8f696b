"""Views, dashboards and prompts as they are kept: a name, an owner, and every version of the spec.

The three have one store, since they differ in nothing but their spec. Services check the permission and
validate the spec before they come here.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Boolean, Select, and_, func, select, type_coerce, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import aliased

from nexus.db import sharing, stand_ins, unseen
from nexus.db.session import Session
from nexus.db.sharing import Reader
from nexus.db.tables import DashboardRow, DashboardVersionRow, PromptRow, PromptVersionRow, UserRow, ViewRow, ViewVersionRow, VisitRow
from nexus.errors import BadInput, Conflict, NexusError, NotAllowed, NotFound

Kind = sharing.Kind
Spec = TypeVar("Spec", bound=BaseModel)

TABLES: dict[Kind, tuple[type[Any], type[Any]]] = {
    "view": (ViewRow, ViewVersionRow),
    "dashboard": (DashboardRow, DashboardVersionRow),
    "prompt": (PromptRow, PromptVersionRow),
}

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
LONGEST_SPEC = 1_000_000
"""Characters of JSON that one version may take."""


class SpecUnreadable(NexusError):
    """A stored version that this release cannot read; `message` says which and why."""

    status = 409


class Kept(BaseModel, frozen=True):
    """One version of a view, dashboard or prompt, as its reader may have it: what they may not see goes by other names, as `nexus.db.stand_ins` says."""

    id: int
    kind: Kind
    name: str
    title: str
    tags: tuple[str, ...]
    version: int
    newest: int
    spec: dict[str, Any]
    owner_id: int | None
    owner: str | None
    created_at: datetime
    saved_at: datetime
    saved_by: str | None
    note: str
    open_to_all: bool
    may_edit: bool
    """If the reader's role lets them build."""
    favourite: bool
    visited_at: datetime | None
    """When the reader last opened its page."""


class VersionInfo(BaseModel, frozen=True):
    version: int
    saved_at: datetime
    saved_by: str | None
    note: str


@dataclass(frozen=True)
class Saved:
    """What a save did: `changed` is false when the spec was the one that is there already. `spec` is as stored."""

    version: int
    changed: bool
    spec: dict[str, Any]


def plain(spec: BaseModel) -> dict[str, Any]:
    """The spec as JSON values, without what is at its default; what tells kinds apart stays.

    This is the stored row and the YAML file alike, so that both stay short and readable by later releases.
    """
    result: dict[str, Any] = {}
    for name, field in type(spec).model_fields.items():
        if field.exclude:
            continue
        value = getattr(spec, name)
        tells_kinds_apart = name in ("kind", "type")
        if not tells_kinds_apart and not field.is_required() and value == field.get_default(call_default_factory=True):
            continue
        result[field.alias or name] = _plain_value(value)
    return result


def _plain_value(value: Any) -> Any:
    match value:
        case BaseModel():
            return plain(value)
        case dict():
            # By name, since JSONB keeps an order of its own.
            return {key: _plain_value(value[key]) for key in sorted(value)}
        case tuple() | list():
            return [_plain_value(item) for item in value]
        case None | str() | bool() | int() | float():
            return value
        case _:
            return value.isoformat()


def read(kind: Kind, name: str, spec: type[Spec], stored: dict[str, Any]) -> Spec:
    """The stored spec as a value. Raises SpecUnreadable with the field that this release does not understand."""
    try:
        return spec.model_validate(stored)
    except ValidationError as error:
        raise SpecUnreadable(
            f"The {kind} `{name}` cannot be read by this release of Nexus: {first_problem(error)}. Correct it, or restore an earlier version."
        ) from None


def renamed(spec: Spec, *, name: str, title: str) -> Spec:
    """The same under another name and title. Raises BadInput when they do not fit."""
    try:
        return type(spec).model_validate({**plain(spec), "name": name.strip(), "title": title.strip()})
    except ValidationError as error:
        raise BadInput(f"It was not duplicated: {first_problem(error)}. Correct it and try again.") from None


def in_words(problem: Mapping[str, Any]) -> str:
    """What is wrong with a field, for people: no patterns and none of Python's own types."""
    match problem["type"]:
        case "string_pattern_mismatch" if problem["ctx"]["pattern"] == NAME_PATTERN:
            return "must be small letters, digits and dashes, as late-flights"
        case "tuple_type" | "list_type":
            return "must be a list"
        case "model_type" | "dict_type" | "model_attributes_type":
            return "must hold fields"
        case "string_too_short" if problem["ctx"]["min_length"] == 1:
            return "must not be empty"
        case _:
            return str(problem["msg"]).removeprefix("Value error, ")


def first_problem(error: ValidationError) -> str:
    """The first problem of a validation in one phrase: the field, and what is wrong with it; never the value."""
    first = error.errors(include_input=False, include_url=False)[0]
    message = in_words(dict(first))
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"the field `{where}` is not known"
    return f"`{where}`: {message[:1].lower()}{message[1:]}" if where else message


def save(
    session: Session,
    *,
    kind: Kind,
    spec: BaseModel,
    user: Reader,
    base_version: int | None = None,
    note: str = "",
    open_to_all: bool = True,
    like: tuple[str, int] | None = None,
) -> Saved:
    """Keep `spec` as the next version under its `name`. What its reader may not see in the version it was made from stays as it is there.

    `base_version` is the version that the change was made from; without it the thing is new. Raises
    Conflict when the name is taken, or when somebody saved a newer version meanwhile; NotAllowed when the
    person may only see it. The same spec again makes no version. `open_to_all` is for something new. `like` is the name and the
    version that it was made from, where that is not the newest under its own name.
    """
    kept, versions = TABLES[kind]
    stored = _storable(kind, spec)
    user_id = user.id or None  # the command line acts as a person with the id 0, who is in no table
    name, title, tags = stored["name"], stored["title"], list(stored.get("tags", ()))
    row = session.execute(
        select(
            kept.id,
            kept.version,
            kept.archived_at,
            versions.spec,
            unseen_in(kind, user),
            column_of(sharing.seen_by(kind, kept.__tablename__), user, "seen"),
            column_of(sharing.changed_by(kind, kept.__tablename__), user, "may_edit"),
            select(UserRow.name).where(UserRow.id == kept.owner_id).scalar_subquery().label("owner"),
        )
        .outerjoin(versions, and_(versions.kept_id == kept.id, versions.version == kept.version))
        .where(kept.name == name)
        .with_for_update(of=kept)
    ).first()
    _check_base(kind, name, row, base_version)
    before = _whole(session, kind, *like, reader=user) if like else row if base_version is not None else None
    stored = _unmasked(type(spec), stored, before)
    if row is None:
        new_id = session.execute(
            insert(kept)
            .values(name=name, title=title, tags=tags, version=1, owner_id=user_id, open_to_all=open_to_all)
            .on_conflict_do_nothing(index_elements=["name"])
            .returning(kept.id)
        ).scalar()
        if new_id is None:
            raise _taken(kind, name)
        row_id, version = new_id, 1
    else:
        if row.archived_at is None and row.spec == stored:
            return Saved(version=row.version, changed=False, spec=stored)
        row_id, version = row.id, row.version + 1
        session.execute(
            update(kept)
            .where(kept.id == row_id)
            .values(title=title, tags=tags, version=version, changed_at=func.now(), archived_at=None)
            .execution_options(synchronize_session=False)
        )
    session.execute(insert(versions).values(kept_id=row_id, version=version, spec=stored, saved_by=user_id, note=note[:500]))
    return Saved(version=version, changed=True, spec=stored)


def _check_base(kind: Kind, name: str, row: Any, base_version: int | None) -> None:
    """Raises Conflict, NotFound, NotAllowed where what is there is not what the change was made from."""
    if row is not None:
        _let_in(kind, name, row, new=base_version is None)
    if row is None:
        if base_version is not None:
            raise _gone(kind, name)
        return
    if base_version is None and row.archived_at is None:
        raise _taken(kind, name)
    if base_version is not None and base_version != row.version:
        raise Conflict(
            f"Someone else saved version {row.version} of the {kind} `{name}` meanwhile. Reload to see it, then apply your change again."
        )


def _whole(session: Session, kind: Kind, name: str, version: int, *, reader: Reader) -> Any:
    """A version as it is stored, and what the reader may not see in it. Raises NotFound."""
    kept, versions = TABLES[kind]
    asked = select(versions.spec, unseen_in(kind, reader)).join(kept, kept.id == versions.kept_id)
    row = session.execute(asked.where(kept.name == name, versions.version == version, seen(kind, reader))).first()
    if row is None:
        raise NotFound()
    return row


def _unmasked(spec: type[BaseModel], stored: dict[str, Any], before: Any) -> dict[str, Any]:
    """Raises BadInput for what stands for something else, and where nobody knows for what, or does not fit it any more."""
    hidden = unseen.read(before.unseen) if before is not None and before.spec is not None else ()
    if hidden:
        stored = stand_ins.unmasked(stored, before.spec, hidden)
        try:
            spec.model_validate(stored)
        except ValidationError:
            raise BadInput(
                "What you changed does not fit what you may not see of it. Leave the hidden parts as they are, or take them out."
            ) from None
    left = next(stand_ins.named(stored), None)
    if left is not None or stand_ins.is_one(stored["name"]):
        raise BadInput(
            f"`{left or stored['name']}` stands for something that you may not see, and only where it stands already. Take it out."
        )
    return stored


def _let_in(kind: Kind, name: str, row: Any, *, new: bool) -> None:
    """What may not be seen is as if it were not there, but its name is taken."""
    if row.may_edit:
        return
    if new:
        raise _taken(kind, name)
    if not row.seen:
        raise _gone(kind, name)
    raise _only_seen(kind, row.owner)


def _gone(kind: Kind, name: str) -> NotFound:
    return NotFound(f"There is no {kind} `{name}` any more. Save it under a new name.")


def _only_seen(kind: Kind, owner: str | None) -> NotAllowed:
    return NotAllowed(f"You may see this {kind}, but not change it. Ask {owner or 'an administrator'}, or make a duplicate.")


def column_of(condition: str, reader: Reader, name: str) -> Any:
    """A condition of `sharing` as a column."""
    return type_coerce(sharing.bound(condition, reader).self_group(), Boolean).label(name)


def unseen_in(kind: Kind, reader: Reader) -> Any:
    """The column of what the version in a row names and the reader may not see, for `unseen.read`."""
    found = unseen.among(f"{TABLES[kind][1].__tablename__}.spec", kind)
    return type_coerce(sharing.bound(found, reader).self_group(), JSONB).label("unseen")


def _taken(kind: Kind, name: str) -> Conflict:
    return Conflict(f"There is already a {kind} `{name}`. Choose another name, or open that one and change it.")


def _storable(kind: Kind, spec: BaseModel) -> dict[str, Any]:
    """The spec as stored. Raises BadInput for what Postgres's JSON cannot hold."""
    stored = plain(spec)
    try:
        text = json.dumps(stored, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (ValueError, TypeError):
        raise BadInput(f"The {kind} holds a value that cannot be kept: a number without a size, or half a character. Correct it.") from None
    # A backslash of the text itself is doubled, so what stays single is the escape of a NUL.
    if "\\u0000" in text.replace("\\\\", ""):
        raise BadInput(f"The {kind} holds a NUL character, which Postgres cannot keep. Remove it.")
    if len(text) > LONGEST_SPEC:
        raise BadInput(f"The {kind} takes more than {LONGEST_SPEC:,} characters. Split it.")
    return stored


def _chosen(kind: Kind, reader: Reader) -> Select[Any]:
    kept, versions = TABLES[kind]
    owner, saver = aliased(UserRow), aliased(UserRow)
    return (
        select(
            kept.id,
            kept.name,
            kept.title,
            kept.tags,
            kept.version.label("newest"),
            kept.owner_id,
            kept.created_at,
            versions.version,
            versions.spec,
            unseen_in(kind, reader),
            versions.saved_at,
            versions.note,
            owner.name.label("owner"),
            saver.name.label("saved_by"),
            kept.open_to_all,
            column_of(sharing.changed_by(kind, kept.__tablename__), reader, "may_edit"),
            func.coalesce(VisitRow.favourite, False).label("favourite"),
            VisitRow.visited_at,
        )
        .join(versions, versions.kept_id == kept.id)
        .outerjoin(VisitRow, and_(VisitRow.user_id == reader.id, VisitRow.kind == kind, VisitRow.name == kept.name))
        .outerjoin(owner, owner.id == kept.owner_id)
        .outerjoin(saver, saver.id == versions.saved_by)
        .where(kept.archived_at.is_(None), seen(kind, reader))
    )


def seen(kind: Kind, reader: Reader) -> Any:
    """The condition that the reader may see a row of this kind."""
    return sharing.bound(sharing.seen_by(kind, TABLES[kind][0].__tablename__), reader)


def load(session: Session, *, reader: Reader, kind: Kind, name: str, version: int | None = None) -> Kept:
    """The newest version, or `version`. Raises NotFound."""
    kept, versions = TABLES[kind]
    row = session.execute(
        _chosen(kind, reader).where(kept.name == name, versions.version == (kept.version if version is None else version))
    ).first()
    if row is None:
        raise NotFound()
    return _kept(kind, row)


def _kept(kind: Kind, row: Any) -> Kept:
    return Kept(kind=kind, **{**row._mapping, "spec": stand_ins.masked(row.spec, unseen.read(row.unseen))})


def load_all(session: Session, *, reader: Reader, kind: Kind, names: Collection[str] | None = None) -> list[Kept]:
    """The newest version of each, or of each that is named, by name."""
    kept, versions = TABLES[kind]
    chosen = _chosen(kind, reader).where(versions.version == kept.version).order_by(kept.name)
    rows = session.execute(chosen if names is None else chosen.where(kept.name.in_(names)))
    return [_kept(kind, row) for row in rows]


def names(session: Session, *, reader: Reader, kind: Kind, archived: bool = False) -> frozenset[str]:
    """The names that are in use, or those that are archived."""
    kept, _ = TABLES[kind]
    wanted = kept.archived_at.is_not(None) if archived else kept.archived_at.is_(None)
    return frozenset(session.execute(select(kept.name).where(wanted, seen(kind, reader))).scalars())


def taken_names(session: Session, *, kind: Kind) -> frozenset[str]:
    """All names that something new cannot have, whoever may see what has them."""
    return frozenset(session.execute(select(TABLES[kind][0].name)).scalars())


def list_versions(session: Session, *, reader: Reader, kind: Kind, name: str) -> list[VersionInfo]:
    """Every version, the newest first. Raises NotFound."""
    kept, versions = TABLES[kind]
    rows = session.execute(
        select(versions.version, versions.saved_at, UserRow.name.label("saved_by"), versions.note)
        .join(kept, kept.id == versions.kept_id)
        .outerjoin(UserRow, UserRow.id == versions.saved_by)
        .where(kept.name == name, kept.archived_at.is_(None), seen(kind, reader))
        .order_by(versions.version.desc())
    ).all()
    if not rows:
        raise NotFound()
    return [VersionInfo(**row._mapping) for row in rows]


def check_edit(session: Session, *, user: Reader, kind: Kind, name: str) -> None:
    """Raises NotFound for what the person may not see, NotAllowed for what they may not change."""
    now = load(session, reader=user, kind=kind, name=name)
    if not now.may_edit:
        raise _only_seen(kind, now.owner)


def archive(session: Session, *, user: Reader, kind: Kind, name: str) -> None:
    """Take it off every list; its versions stay, and saving under its name brings it back. Raises NotFound, NotAllowed."""
    kept, _ = TABLES[kind]
    check_edit(session, user=user, kind=kind, name=name)
    gone = session.execute(
        update(kept).where(kept.name == name, kept.archived_at.is_(None)).values(archived_at=func.now()).returning(kept.id)
    ).scalar()
    if gone is None:
        raise NotFound()
