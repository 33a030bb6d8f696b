"""The tables of a question: how they are joined, and what a name of a column means among them."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, column, func, literal_column, table
from sqlalchemy.dialects.postgresql.psycopg2 import dialect as postgres

from nexus.errors import BadInput
from nexus.sources.catalog import CatalogColumn, TableLookup
from nexus.views.compile.expression import Written, write
from nexus.views.question import ComputedColumn, TableQuestion

DIALECT = postgres(paramstyle="named")  # type: ignore[no-untyped-call]

SEED: ColumnElement[Any] = literal_column("1")


def quote(name: str) -> str:
    return str(DIALECT.identifier_preparer.quote(name))


class Tables:
    """Raises BadInput for a computed column that is not allowed, and for one that names what is not there or switched off."""

    def __init__(self, question: TableQuestion, lookup: TableLookup | None = None, percent: float | None = None) -> None:
        self.question = question
        self.percent = percent
        self.lookup = lookup
        self.joins = [join for join in question.joins if not join.off]
        self.aliases = [question.table, *(join.alias for join in self.joins)]
        self._off = {join.alias for join in question.joins if join.off}
        self._computed: dict[str, Written] = {}
        self._uncomputed = {computed.name: computed for computed in question.computed}
        for computed in question.computed:
            if not computed.off:
                self._computed[computed.name] = self._written(computed)
                del self._uncomputed[computed.name]

    @property
    def origin(self) -> FromClause:
        """What stands behind FROM."""
        first = table(self.question.table, schema=self.question.db_schema)
        if self.percent is not None:
            # Whole blocks of it, the same ones each time.
            return first.tablesample(func.system(literal_column(f"{self.percent:.6f}")), name=self.question.table, seed=SEED)
        if not self.joins:
            return first
        joined: FromClause = first.alias(self.question.table)
        for join in self.joins:
            other = table(join.table, schema=join.db_schema).alias(join.alias)
            on = and_(*(self.stored(pair.column, pair.of) == self.stored(pair.equals, join.alias) for pair in join.on))
            joined = joined.join(other, on, isouter=join.kind == "left")
        return joined

    def column(self, name: str, of: str | None) -> ColumnElement[Any]:
        """A computed column, or one of a table."""
        if of is None and name in self._computed:
            return literal_column(self._computed[name].sql)
        if of is None and name in self._uncomputed:
            raise BadInput(f"The computed column `{name}` is switched off. Switch it on, or take out what uses it.")
        return self.stored(name, of)

    def is_stored(self, name: str, of: str | None) -> bool:
        """Whether it is of a table, and not computed."""
        return of is not None or (name not in self._computed and name not in self._uncomputed)

    def stored(self, name: str, of: str | None) -> ColumnElement[Any]:
        """A column of a table; with joins it always says of which."""
        self._check_alias(of, name)
        if not self.joins:
            return column(name)
        return literal_column(self._qualified(name, of))

    def named(self, name: str) -> ColumnElement[Any]:
        """What the result calls so, where it has all columns of all tables."""
        of, _, rest = name.partition(".")
        if name not in self._computed and self.joins and rest and of in self.aliases:
            return self.stored(rest, of)
        return self.column(name, None)

    def everything(self) -> list[ColumnElement[Any]]:
        """All columns of all tables, those of joined ones as `weather.origin`, then the computed ones.

        Without a lookup the joined ones keep their own names, and two may have the same.
        """
        shown: list[ColumnElement[Any]] = []
        for place, (schema, name, alias) in enumerate(self._all()):
            found = self.lookup(schema, name) if self.lookup and self.joins else None
            if not self.joins:
                shown.append(literal_column("*"))
            elif found is None:
                shown.append(literal_column(f"{quote(alias)}.*"))
            else:
                shown += [
                    literal_column(self._qualified(one.name, alias)).label(one.name if place == 0 else shortened(f"{alias}.{one.name}"))
                    for one in found.columns
                ]
        return shown + [literal_column(written.sql).label(name) for name, written in self._computed.items()]

    def known(self, name: str, of: str | None) -> CatalogColumn | None:
        """What the catalog says of a column; None without a lookup, and of computed ones."""
        if self.lookup is None or (of is None and name in self._computed):
            return None
        for schema, name_of_table, alias in self._all():
            if alias == (of or self.question.table):
                found = self.lookup(schema, name_of_table)
                return found.column(name) if found else None
        return None

    def _all(self) -> list[tuple[str, str, str]]:
        first = (self.question.db_schema, self.question.table, self.question.table)
        return [first, *((join.db_schema, join.table, join.alias) for join in self.joins)]

    def _qualified(self, name: str, of: str | None) -> str:
        return f"{quote(of or self.question.table)}.{quote(name)}"

    def _check_alias(self, of: str | None, name: str) -> None:
        if of in self._off:
            raise BadInput(f"`{of}.{name}` needs the join `{of}`, which is switched off. Switch it on, or take out what uses it.")
        if of is not None and of not in self.aliases:
            raise BadInput(f"`{of}.{name}` is of no table of this question. Join `{of}`, or choose another column.")

    def _written(self, computed: ComputedColumn) -> Written:
        try:
            return write(computed.expression, resolve=self._resolve)
        except BadInput as error:
            raise BadInput(f"The computed column `{computed.name}` cannot be used. {error.message}") from None

    def _resolve(self, names: tuple[str, ...]) -> Written:
        *of, name = names
        if of:
            self._check_alias(of[0], name)
            return Written(self._qualified(name, of[0]))
        if name in self._computed:
            return self._computed[name]
        if name in self._uncomputed:
            raise BadInput(
                f"`{name}` is switched off"
                if self._uncomputed[name].off
                else f"`{name}` is not computed before this one; for the table's own column write {self.question.table}.{name}"
            )
        return Written(self._qualified(name, None) if self.joins else quote(name))


def shortened(name: str) -> str:
    """As Postgres cuts a name that is too long."""
    return name.encode()[:63].decode(errors="ignore")
