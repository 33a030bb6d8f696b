"""Where a click leads: the address of another dashboard or view, with what was clicked filled in, and the way back."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from nexus.accounts.spec import Permission, User, require
from nexus.dashboards.narrowing import as_value
from nexus.dashboards.picks import Point, same
from nexus.dashboards.spec import Dashboard, DataPanel, Drill
from nexus.db import versions
from nexus.db.session import Session
from nexus.errors import NotFound
from nexus.views.page import written_filters
from nexus.views.parameter import Parameter
from nexus.views.question import Condition
from nexus.views.spec import View

BACK = "g.back"
"""Of an address: the dashboards that one came through, each as its name and the query it had, `delays?origin=JFK`; the last came first."""
MOST_BACK, LONGEST_BACK = 5, 2_000


class Target(BaseModel, frozen=True):
    """`values` are of `parameters`; `where` is compared with columns of a view."""

    page: str
    name: str
    parameters: tuple[Parameter, ...]
    values: dict[str, Any]
    where: tuple[Condition, ...] = ()

    @property
    def more(self) -> dict[str, str]:
        """What the address holds beside the values."""
        return {"g.where": written_filters(self.where)} if self.where else {}


def told(panel: DataPanel) -> tuple[str, ...]:
    """Columns of a clicked row that matter beside those of the mark itself."""
    drilled = tuple(panel.drill.values.values()) if panel.drill else ()
    return tuple(dict.fromkeys((*panel.filtered, *drilled)))


def target(
    session: Session, *, reader: User, drill: Drill, point: Point, filters: Sequence[Parameter], values: Mapping[str, Any]
) -> Target:
    """What opens for a clicked row. Filters that the other page has under the same name take the values of this one; what was clicked goes before.

    Raises NotFound where there is no such page, or not for this reader.
    """
    require(reader, Permission.SEE)
    if drill.view is not None:
        view = versions.read("view", drill.view, View, versions.load(session, reader=reader, kind="view", name=drill.view).spec)
        return _target("/view", view.name, view.parameters, drill, point, filters=filters, values=values, columns=True)
    if drill.dashboard is None:
        raise NotFound("This panel leads nowhere. Edit the dashboard to say where a click goes.")
    kept = versions.load(session, reader=reader, kind="dashboard", name=drill.dashboard)
    other = versions.read("dashboard", drill.dashboard, Dashboard, kept.spec)
    return _target("/dashboard", other.name, other.filters, drill, point, filters=filters, values=values, columns=False)


def _target(
    page: str,
    name: str,
    parameters: tuple[Parameter, ...],
    drill: Drill,
    point: Point,
    *,
    filters: Sequence[Parameter],
    values: Mapping[str, Any],
    columns: bool,
) -> Target:
    there = {parameter.name: parameter for parameter in parameters}
    filled: dict[str, Any] = {}
    for one in filters:
        if one.name in there and there[one.name].type == one.type and one.name in values:
            filled[one.name] = values[one.name]
    pairs = drill.values or {column: column for column in point if columns or column in there}
    where: list[Condition] = []
    for into, column in pairs.items():
        if column not in point:
            continue
        value = as_value(there[into], [point[column]]) if into in there else None
        if value is not None:
            filled[into] = value
        elif columns and into not in there:
            where.append(same(into, point[column]))
    return Target(page=page, name=name, parameters=parameters, values=filled, where=tuple(where))


def titles(session: Session, *, reader: User, names: Sequence[str]) -> dict[str, str]:
    """Of those dashboards that are there, and that the reader may see."""
    require(reader, Permission.SEE)
    return {
        kept.name: str(kept.spec.get("title") or kept.name)
        for kept in versions.load_all(session, reader=reader, kind="dashboard", names=set(names))
    }
