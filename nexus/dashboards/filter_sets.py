"""Filters that a person keeps under a name, for one dashboard: saved, applied by going to their address, and one of them the default."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from nexus.accounts.spec import Permission, User, require, require_oneself
from nexus.db import filter_sets as store
from nexus.db.session import Session
from nexus.errors import BadInput, Conflict, NotFound

MOST = 50
LONGEST_NAME = 80
LONGEST_QUERY = 20_000
Query = dict[str, list[str]]
"""Keys and texts of an address."""


class FilterSet(BaseModel, frozen=True):
    """`query` is read as an address is: a filter that the dashboard has no more is left out, a wrong value is said."""

    id: int
    name: str
    query: Query = Field(default_factory=dict)
    is_default: bool = False


def of_rows(rows: Sequence[Mapping[str, Any]] | None) -> tuple[FilterSet, ...]:
    return tuple(FilterSet.model_validate(row) for row in rows or ())


def default_of(sets: Sequence[FilterSet]) -> FilterSet | None:
    return next((one for one in sets if one.is_default), None)


def save(session: Session, *, user: User, dashboard: str, name: str, query: Mapping[str, Sequence[str]]) -> None:
    """Keep `query` under `name`; the same name again takes its place. Raises BadInput, NotFound."""
    require(user, Permission.SEE)
    name = _name(name)
    held = {key: list(texts) for key, texts in query.items()}
    if sum(len(text) for key, texts in held.items() for text in (key, *texts)) > LONGEST_QUERY:
        raise BadInput("These filters hold more text than a set can keep. Choose fewer values.")
    of = _dashboard(session, user, dashboard)
    if store.count_others(session, reader=user, dashboard_id=of, name=name) >= MOST:
        raise BadInput(f"You have {MOST} sets here, and that is the most. Delete one first.")
    store.keep(session, reader=user, dashboard_id=of, name=name, query=held)


def rename(session: Session, *, user: User, dashboard: str, set_id: int, name: str) -> None:
    """Raises BadInput, Conflict when another set has the name, NotFound."""
    require(user, Permission.SEE)
    name, of = _name(name), _dashboard(session, user, dashboard)
    if store.is_taken(session, reader=user, dashboard_id=of, name=name, but=set_id):
        raise Conflict(f"You have a set “{name}” already. Choose another name.")
    _there(store.change(session, reader=user, dashboard_id=of, set_id=set_id, name=name))


def remove(session: Session, *, user: User, dashboard: str, set_id: int) -> None:
    """Raises NotFound."""
    require(user, Permission.SEE)
    _there(store.remove(session, reader=user, dashboard_id=_dashboard(session, user, dashboard), set_id=set_id))


def make_default(session: Session, *, user: User, dashboard: str, set_id: int | None) -> None:
    """The set that holds where the address says nothing; none, and the filters' own defaults do. Raises NotFound."""
    require(user, Permission.SEE)
    of = _dashboard(session, user, dashboard)
    store.no_default(session, reader=user, dashboard_id=of)
    if set_id is not None:
        _there(store.change(session, reader=user, dashboard_id=of, set_id=set_id, is_default=True))


def _dashboard(session: Session, user: User, name: str) -> int:
    """Its id, for who may see it and acts for themselves."""
    require_oneself(user)
    found = store.dashboard_id(session, reader=user, name=name)
    if found is None:
        raise NotFound("This dashboard no longer exists, or you may not see it. Open another from the list.")
    return found


def _name(name: str) -> str:
    name = " ".join(name.replace("\0", "").split())
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadInput(f"Give the set a name of up to {LONGEST_NAME} characters.")
    return name


def _there(found: bool) -> None:
    if not found:
        raise NotFound("This set is not there any more. Reload the page to see those that are.")
