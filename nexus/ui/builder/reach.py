"""Which columns a step can speak of: those of the table, of joined tables, computed ones, and those of the result."""

from dataclasses import dataclass

from nexus.accounts.spec import User
from nexus.sources import catalog
from nexus.sources.catalog import CatalogTable
from nexus.sources.spec import ColumnKind, Source
from nexus.ui.builder.items import Item, computed_is_done, join_is_done, result_name

Key = tuple[str | None, str]
"""The join that a column comes from, and its name."""


@dataclass(frozen=True)
class Reached:
    """A column that can be chosen."""

    name: str
    of: str | None
    kind: ColumnKind
    comment: str = ""

    @property
    def key(self) -> Key:
        return (self.of, self.name)

    @property
    def label(self) -> str:
        return f"{self.of}.{self.name}" if self.of else self.name


Columns = dict[Key, Reached]
Tables = dict[str, CatalogTable]


def tables_of(source: Source, *, reader: User, fresh: bool = False) -> Tables:
    """Raises what `sources.run` raises."""
    return {f"{table.schema}.{table.name}": table for table in catalog.tables(source, reader=reader, fresh=fresh)}


def full_name(item: Item) -> str:
    """`schema.table`, as the catalog lists it."""
    return f"{item.get('schema') or 'public'}.{item.get('table') or ''}"


def alias(join: Item) -> str:
    return str(join.get("name") or join.get("table") or "")


def of_tables(form: Item, tables: Tables, *, before: str | None = None) -> Columns:
    """The columns of the table and of its joins; of those that stand before the join with the id `before`."""
    found = _of(tables.get(full_name(form)), None)
    for join in form.get("joins") or []:
        if before is not None and join.get("id") == before:
            break
        if join_is_done(join) and not join.get("off"):
            found |= _of(tables.get(full_name(join)), alias(join))
    return found


def _of(table: CatalogTable | None, of: str | None) -> Columns:
    if table is None:
        return {}
    return {(of, column.name): Reached(column.name, of, column.kind, column.comment) for column in table.columns}


def of_rows(form: Item, tables: Tables, kinds: dict[str, ColumnKind]) -> Columns:
    """What filters and groups can speak of. `kinds` are those of computed columns."""
    made = [item for item in form.get("computed") or [] if computed_is_done(item) and not item.get("off")]
    computed: Columns = {(None, item["name"]): Reached(item["name"], None, kinds.get(item["name"], "other")) for item in made}
    return {**of_tables(form, tables), **computed}


def of_result(form: Item, rows: Columns) -> Columns:
    """What the result has: what order, conditions on it, formats and the chart can speak of."""
    chosen = [item for item in form.get("columns") or [] if not item.get("off")]
    if not chosen:
        return {(None, column.label): Reached(column.label, None, column.kind, column.comment) for column in rows.values()}
    return {(None, result_name(item)): Reached(result_name(item), None, kind_of(item, rows)) for item in chosen}


NUMBERED = ("hour of day", "day of week", "day of month", "month of year", "quarter of year")


def kind_of(item: Item, rows: Columns) -> ColumnKind:
    """The kind of a column of the result."""
    origin = rows.get((item.get("of"), item.get("column") or ""))
    kind: ColumnKind = origin.kind if origin else "other"
    match item.get("aggregate"):
        case None:
            return "number" if item.get("grain") in NUMBERED or item.get("bin") else kind
        case "min" | "max":
            return kind
        case "sum" | "average" | "median" | "percentile" if kind == "duration":
            return kind
        case _:
            return "number"
