"""A question built by clicking, with the view's parameters left open, for those who go on in SQL."""

from dataclasses import dataclass

from sqlalchemy.sql.elements import ClauseElement

from nexus.sources.catalog import TableLookup
from nexus.sources.spec import Query
from nexus.views.compile.conditions import GIVEN, PART, Conditions
from nexus.views.compile.constants import with_constants
from nexus.views.compile.statement import statement
from nexus.views.compile.tables import DIALECT, Tables
from nexus.views.question import Filter, TableQuestion
from nexus.views.spec import View


@dataclass(frozen=True)
class Opened:
    """`sql` has a name in quotes, `mark(0)`, where the condition `parts[0]` stands, which drops out when its parameter is empty."""

    sql: str
    parts: tuple[str, ...]

    def mark(self, place: int) -> str:
        return PART.format(place)


def opened(view: View, lookup: TableLookup | None) -> Opened:
    """Raises BadInput for a filter that cannot keep its parameter in SQL."""
    assert isinstance(view.question, TableQuestion)
    tables = Tables(view.question, lookup)

    def textual(where: Filter) -> bool:
        known = tables.known(where.column, where.of)
        return known is not None and known.type_name.partition("(")[0] in ("text", "character varying")

    conditions = Conditions(view.parameters, None, textual=textual)
    whole = _text(statement(view.question, conditions, lookup))
    return Opened(sql=whole, parts=tuple(_text(part) for part in conditions.parts))


def _text(clause: ClauseElement) -> str:
    compiled = clause.compile(dialect=DIALECT)
    fixed = {name: value for name, value in compiled.params.items() if not name.startswith(GIVEN)}
    return with_constants(Query(source="written", sql=str(compiled), parameters=fixed))
