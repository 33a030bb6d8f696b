"""What the names in a statement mean: tables of the source, and what parts of the statement make of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from nexus.sources.rules import EVERY

Ref = tuple[str | None, str, str]
"""Schema, where it is written, table and column; the column `*` is the whole row."""
Refs = frozenset[Ref]
Pairs = tuple[tuple[Refs, Refs], ...]
"""What is compared with `=`, column with column: where one is shown, the other is."""
NOTHING: Refs = frozenset()
ANYTHING: Ref = (None, EVERY, EVERY)
"""What a function may read that is not the database's own, or is given a statement or a table's name as text."""
ROWS = ""
"""In place of a column's name: which rows there are of a table that may be a view."""
OF_EACH_TABLE = frozenset({"tableoid", "ctid", "xmin", "xmax", "cmin", "cmax"})


@dataclass(frozen=True)
class Own:
    """What a database has besides Postgres's own: names that may mean a function of somebody's."""

    functions: frozenset[str] = frozenset()
    """Of one argument: `x.f` may mean `f(x)`."""
    operators: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    """A cast to them may run one."""
    implicit: bool = False
    """Whether a cast that is not written may run one."""
    columns: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """By schema and table, of those that a statement reads."""

    def columns_of(self, schema: str | None, table: str) -> frozenset[str] | None:
        """None where they are not known; of a table whose schema is not written those that all of this name have."""
        found = [names for (of, name), names in self.columns.items() if name == table and schema in (None, of)]
        return frozenset.intersection(*found) if found else None


NOTHING_OF_ITS_OWN = Own()


@dataclass(frozen=True)
class Shown:
    """One column of a result; without a name it is one that may be called anything."""

    name: str | None
    refs: Refs


@dataclass(frozen=True)
class Star:
    """All columns of a relation, however many there are."""

    of: "Relation"


@dataclass(frozen=True)
class Base:
    """A table of the source."""

    schema: str | None
    table: str
    names: frozenset[str] | None = None
    """Of its columns; None where they are not known."""
    renamed: bool = False
    """Its columns have names of the statement's own."""

    @property
    def rows(self) -> Refs:
        return frozenset({(self.schema, self.table, ROWS)})

    @property
    def same(self) -> Pairs:
        return ()

    def has(self, name: str) -> bool:
        return self.renamed or self.names is None or name in self.names or name in OF_EACH_TABLE

    def column(self, name: str) -> Refs:
        """Of a name that is no column the whole row: it is a function of the row."""
        return frozenset({(self.schema, self.table, name if self.has(name) and not self.renamed else EVERY)})

    def every(self) -> Refs:
        return frozenset({(self.schema, self.table, EVERY)})


@dataclass(frozen=True)
class Derived:
    """What a part of the statement makes."""

    shown: tuple[Shown | Star, ...]
    renamed: bool = False
    rows: Refs = NOTHING
    """What decides which rows there are, and in which order."""
    same: Pairs = ()

    @property
    def exact(self) -> bool:
        """Whether the places of its columns are known."""
        return not any(isinstance(one, Star) for one in self.shown)

    @property
    def names(self) -> frozenset[str] | None:
        found: set[str] = set()
        for one in self.shown:
            more = one.of.names if isinstance(one, Star) else None if one.name is None else frozenset({one.name})
            if more is None or self.renamed:
                return None
            found |= more
        return frozenset(found)

    def column(self, name: str) -> Refs:
        if self.renamed or not self.has(name):
            return self.every()
        found = [one.refs for one in self.shown if isinstance(one, Shown) and one.name in (name, None)]
        return self.spread(union([*found, *(one.of.column(name) for one in self.shown if isinstance(one, Star) and one.of.has(name))]))

    def at(self, place: int, name: str) -> Refs:
        """The column at a place, from 0, that the database calls so."""
        if self.exact:
            one = self.shown[place] if place < len(self.shown) else None
            return self.spread(one.refs) if isinstance(one, Shown) else self.every()
        return self.column(name)

    def every(self) -> Refs:
        return self.spread(union(one.refs if isinstance(one, Shown) else one.of.every() for one in self.shown))

    def has(self, name: str) -> bool:
        return self.renamed or any(one.of.has(name) if isinstance(one, Star) else one.name in (name, None) for one in self.shown)

    def spread(self, refs: Refs) -> Refs:
        """With those that a row holds the same value of."""
        pending = list(self.same)
        while touched := [pair for pair in pending if _meet(refs, pair[0]) or _meet(refs, pair[1])]:
            refs |= union(one for pair in touched for one in pair)
            pending = [pair for pair in pending if pair not in touched]
        return refs

    def with_rows(self, rows: Refs, same: Pairs) -> "Derived":
        return replace(self, rows=self.rows | rows, same=tuple(dict.fromkeys((*self.same, *same))))


Relation = Base | Derived


def _meet(some: Refs, others: Refs) -> bool:
    return any(EVERY in (column, its) or column == its for _, table, column in some for _, other, its in others if table == other)


def renamed(relation: Relation, names: Iterable[str]) -> Relation:
    """The first of its columns called so."""
    called = list(names)
    if not called:
        return relation
    if isinstance(relation, Base):
        return replace(relation, renamed=True)
    if not relation.exact or relation.renamed or len(called) > len(relation.shown):
        return replace(relation, renamed=True)
    places = [one for one in relation.shown if isinstance(one, Shown)]
    return replace(relation, shown=tuple(Shown(called[at] if at < len(called) else one.name, one.refs) for at, one in enumerate(places)))


@dataclass
class Scope:
    """What names mean at a place of the statement. What is not found here is looked for around it."""

    own: Own
    around: "Scope | None" = None
    called: dict[str, Relation] = field(default_factory=dict)
    parts: dict[str, Relation] = field(default_factory=dict)
    """Of WITH."""
    rows: set[Ref] = field(default_factory=set)
    same: list[tuple[Refs, Refs]] = field(default_factory=list)

    def part(self, name: str) -> Relation | None:
        return self.parts.get(name) or (self.around.part(name) if self.around else None)

    def relation(self, name: str) -> Relation | None:
        return self.called.get(name) or (self.around.relation(name) if self.around else None)

    def named(self, name: str) -> Refs:
        """A column without a table: of any that may have it, here and around."""
        found = [one.column(name) for one in self.called.values() if one.has(name)]
        whole = [self.called[name].every()] if name in self.called else []
        return union([*found, *whole, *([self.around.named(name)] if self.around else [])])


def union(many: Iterable[Refs]) -> Refs:
    return frozenset().union(*many)
