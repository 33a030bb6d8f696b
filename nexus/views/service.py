"""Views: find, ask, save, list."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from nexus import audit
from nexus.accounts.spec import Permission, User, require, require_oneself
from nexus.db import listing, uses, versions, visits
from nexus.db.listing import Listed
from nexus.db.session import Session
from nexus.db.stand_ins import is_one as is_stand_in
from nexus.errors import BadInput, Conflict, NexusError
from nexus.sources import catalog, guard
from nexus.sources import service as sources
from nexus.sources.run import run
from nexus.sources.spec import Query, QueryFailed, Source, Table
from nexus.views import values as typed
from nexus.views.changes import GONE, changed, check_against
from nexus.views.compile import bind_names, compile, texts_of
from nexus.views.parameter import ChoiceParameter, MultipleChoiceParameter, Parameter
from nexus.views.question import SqlQuestion
from nexus.views.runs import Purpose, observed
from nexus.views.spec import View

VISIT = timedelta(minutes=1)


class OpenView(BaseModel, frozen=True):
    """A view as stored, with all that asking it takes."""

    view: View
    version: int
    source: Source
    owner: str | None
    saved_at: datetime
    saved_by: str | None
    note: str = ""
    open_to_all: bool = True
    may_edit: bool = True
    """Whether the reader may save it; a service looks again."""
    favourite: bool = False
    visited_at: datetime | None = None
    """When the reader last opened its page, to the minute."""


def list_views(session: Session, *, reader: User, search: str = "") -> list[Listed]:
    """Favourites first, then by title. A view that this release cannot read is listed with its problem."""
    require(reader, Permission.SEE)
    return listing.list_kept(session, kind="view", spec=View, reader=reader, search=search)


def find_view(session: Session, *, reader: User, name: str, version: int | None = None) -> OpenView:
    """Raises NotFound, or SpecUnreadable when this release cannot read it."""
    require(reader, Permission.SEE)
    kept = versions.load(session, reader=reader, kind="view", name=name, version=version)
    view = versions.read("view", name, View, kept.spec)
    return _opened(kept, view, sources.find(session, reader=reader, name=view.source), reader)


def find_origins(session: Session, *, reader: User, opened: OpenView) -> dict[str, OpenView]:
    """By name, the views that the choices of the view's parameters come from: in one statement where they ask the same source.

    One that is gone, unreadable or not for this reader is left out.
    """
    require(reader, Permission.SEE)
    choices = [one.choices for one in opened.view.parameters if isinstance(one, ChoiceParameter | MultipleChoiceParameter)]
    names = {one.view for one in choices if one.view}
    found, known = {}, {opened.source.name: opened.source}
    for kept in versions.load_all(session, reader=reader, kind="view", names=names) if names else []:
        try:
            view = versions.read("view", kept.name, View, kept.spec)
            if view.source not in known:
                known[view.source] = sources.find(session, reader=reader, name=view.source)
        except NexusError:
            continue
        found[kept.name] = _opened(kept, view, known[view.source], reader)
    return found


def _opened(kept: versions.Kept, view: View, source: Source, reader: User) -> OpenView:
    return OpenView(
        view=view,
        version=kept.version,
        source=source,
        owner=kept.owner,
        saved_at=kept.saved_at,
        saved_by=kept.saved_by,
        note=kept.note,
        open_to_all=kept.open_to_all,
        may_edit=kept.may_edit and reader.may(Permission.BUILD),
        favourite=kept.favourite,
        visited_at=kept.visited_at,
    )


def note_visit(session: Session, *, reader: User, opened: OpenView) -> None:
    """Remember that the reader opened the view's page, at most once a minute; not where somebody looks with their eyes."""
    require(reader, Permission.SEE)
    lately = opened.visited_at is not None and datetime.now(UTC) - opened.visited_at < VISIT
    if not lately and reader.looked_at_by is None:
        visits.note(session, kind="view", name=opened.view.name, reader=reader)


def ask(
    open_view: OpenView,
    *,
    reader: User,
    values: Mapping[str, Any],
    max_rows: int | None = None,
    fresh: bool = False,
    purpose: Purpose = "page",
    asked: Query | None = None,
    cancelled: Callable[[], bool] | None = None,
    read: Callable[..., Table] = run,
    max_age_s: float | None = None,
) -> Table:
    """The rows of a view for `values`, or what `asked` asks of them; absent ones take their default. `fresh` goes past the cache.

    Holds no transaction of Nexus's own while it waits, and looks at `cancelled`; the run is counted for `purpose`.
    `read` is `sources.run.run`, or `sources.spool.run_whole` for more rows than a page holds. Raises BadInput for a value
    that does not fit, and what `sources.run` raises.
    """
    require(reader, Permission.SEE)

    def rows() -> Table:
        query = asked or query_of(open_view, reader=reader, values=values)
        age = {} if max_age_s is None else {"max_age_s": max_age_s}
        return read(open_view.source, query=query, reader=reader, max_rows=max_rows, fresh=fresh, cancelled=cancelled, **age)

    def explained() -> Table:
        with explaining(open_view, reader=reader):
            try:
                return rows()
            except QueryFailed as error:
                if error.code not in GONE or open_view.view.names_its_columns:
                    raise
                # All columns were wanted, and the tables may have others than those that are remembered.
                catalog.tables(open_view.source, reader=reader, fresh=True)
                return rows()

    return observed(
        reader,
        source=open_view.source.name,
        view=open_view.view.name,
        view_version=open_view.version,
        parameters=lambda: typed.unparse(open_view.view.parameters, values),
        purpose=purpose,
        ask=explained,
    )


@contextmanager
def explaining(open_view: OpenView, *, reader: User) -> Iterator[None]:
    """What the database says of a column or table that is not there becomes what the view names and its source has no more.

    The catalog is read afresh only then. Raises QueryFailed.
    """
    require(reader, Permission.SEE)
    try:
        yield
    except QueryFailed as error:
        if error.code not in GONE:
            raise
        # One that is only tried, as the builder's preview does, was saved on no day.
        saved_at = open_view.saved_at if open_view.version else None
        try:
            present = catalog.tables(open_view.source, reader=reader, fresh=True)
            reason = check_against(open_view.view, present, saved_at=saved_at)
        except NexusError:
            reason = None
        raise changed(error, reason, saved_at=saved_at) from None


def query_of(open_view: OpenView, *, reader: User, values: Mapping[str, Any]) -> Query:
    """What asking the view for `values` sends. The catalog is read only for all columns of joined tables. Raises BadInput."""
    require(reader, Permission.SEE)
    with typed.in_zone(open_view.source.zone):
        return compile(open_view.view, values, lookup=catalog.lookup(open_view.source, reader=reader))


def save_view(
    session: Session,
    *,
    user: User,
    view: View,
    base_version: int | None = None,
    note: str = "",
    open_to_all: bool = True,
    like: tuple[str, int] | None = None,
) -> int:
    """Keep the view, and say its version; the same spec again makes none. `like`: as `versions.save` has it.

    `base_version` is the version that the change was made from; none means a new view. Raises Conflict
    when the name is taken or a newer version is there, NotAllowed for a view one may only see, QueryRefused for SQL that is not one plain SELECT.
    """
    require(user, Permission.BUILD)
    check_view(view)
    sources.find(session, reader=user, name=view.source)
    saved = versions.save(
        session, kind="view", spec=view, user=user, base_version=base_version, note=note, open_to_all=open_to_all, like=like
    )
    if saved.changed:
        audit.record(session, user_id=user.id, what="view.saved", subject=f"view {view.name}", detail={"version": saved.version})
    return saved.version


def check_view(view: View) -> None:
    """What can be said against a view without its database: refused SQL, parameters that nobody declared."""
    if isinstance(view.question, SqlQuestion):
        for text in texts_of(view.question, view.parameters):
            guard.check(text, names=bind_names(view.parameters))
    compile(view.model_copy(update={"parameters": tuple(p.model_copy(update={"required": False}) for p in view.parameters)}), {})


def restore_view(session: Session, *, user: User, name: str, version: int, base_version: int) -> int:
    """Make an earlier version the newest one again; nothing in between is lost."""
    require(user, Permission.BUILD)
    kept = versions.load(session, reader=user, kind="view", name=name, version=version)
    view = versions.read("view", name, View, kept.spec)
    note = f"Restored version {version}"
    return save_view(session, user=user, view=view, base_version=base_version, note=note, like=(name, version))


def duplicate_view(session: Session, *, user: User, name: str, as_name: str, title: str) -> None:
    """Keep the view again under another name, owned by who does it; what was not open to all is not either. Raises Conflict, BadInput."""
    require(user, Permission.BUILD)
    opened = find_view(session, reader=user, name=name)
    view = versions.renamed(opened.view, name=as_name, title=title)
    # Not of what: somebody may see the copy, and not this.
    note = f"Duplicate of version {opened.version}"
    save_view(session, user=user, view=view, note=note, open_to_all=opened.open_to_all, like=(name, opened.version))


def view_versions(session: Session, *, reader: User, name: str) -> list[versions.VersionInfo]:
    require(reader, Permission.SEE)
    return versions.list_versions(session, reader=reader, kind="view", name=name)


def not_offered(parameter: Parameter) -> BadInput:
    """Of choices from a view that the reader may not see."""
    return BadInput(f"You may not see what “{typed.label(parameter)}” offers. Leave it as it is, or ask an administrator.")


def read_choices(parameter: Parameter, origin: OpenView | None, *, reader: User) -> list[tuple[str, str]]:
    """Value and label of each choice: of the fixed list, or of the rows of `origin`, the view that the parameter names.

    Each value once, in the order of the rows; empty cells are left out. Raises BadInput when the view does
    not return the column, and what `sources.run` raises.
    """
    if not isinstance(parameter, ChoiceParameter | MultipleChoiceParameter):
        return []
    choices = parameter.choices
    if choices.view is None or choices.column is None:
        return [(value, value) for value in choices.values]
    if is_stand_in(choices.view):
        raise not_offered(parameter)
    if origin is None or origin.view.name != choices.view:
        raise BadInput(f"The choices of “{typed.label(parameter)}” come from the view `{choices.view}`, which is not there.")
    table = ask(origin, reader=reader, values={}, max_rows=typed.MOST_CHOICES, purpose="choices")
    label_column = choices.label_column or choices.column
    try:
        pairs = zip(table.values(choices.column), table.values(label_column), strict=True)
    except KeyError as missing:
        raise BadInput(f"The choices of “{typed.label(parameter)}” need the column {missing} of the view `{choices.view}`.") from None
    labels: dict[str, str] = {}
    for value, label in pairs:
        if value is not None:
            labels.setdefault(str(value), str(value if label is None else label))
    return list(labels.items())


def taken_names(session: Session, *, reader: User) -> frozenset[str]:
    """The names that a new view cannot have: archived ones among them, and those of views that the reader may not see.

    For choosing a free one; never to be shown.
    """
    require(reader, Permission.BUILD)
    return versions.taken_names(session, kind="view")


def used_by(session: Session, *, reader: User, name: str) -> list[uses.Use]:
    """The dashboards, prompts and views whose newest version names the view, as far as the reader may see them."""
    find_view(session, reader=reader, name=name)
    return [use for use in uses.of_view(session, name=name, reader=reader) if use.name]


def archive_view(session: Session, *, user: User, name: str) -> None:
    """Take the view off every list; its versions stay, and saving under its name brings it back.

    Raises Conflict while a dashboard or prompt uses it.
    """
    require(user, Permission.BUILD)
    versions.check_edit(session, user=user, kind="view", name=name)
    used = uses.of_view(session, name=name, reader=user)
    if used:
        raise Conflict(f"This view is used by {_where(used)}. Take it out there first.")
    versions.archive(session, user=user, kind="view", name=name)
    audit.record(session, user_id=user.id, what="view.archived", subject=f"view {name}")


def _where(used: Sequence[uses.Use]) -> str:
    shown = [f"{use.kind} “{use.title}”" for use in used if use.name][:3]
    more = len(used) - len(shown)
    rest = f"{more} {'more' if shown else 'that you may not see'}" if more else ""
    return " and ".join(part for part in (", ".join(shown), rest) if part)


def toggle_favourite(session: Session, *, user: User, name: str) -> bool:
    require(user, Permission.SEE)
    require_oneself(user)
    return visits.toggle_favourite(session, kind="view", name=name, reader=user)
