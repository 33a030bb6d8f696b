"""Which columns of tables the columns of a result are made of: read from the statement, on the side of too many.

Where Postgres itself says of what a column is (`Table.origins`), that is exact, and this is not asked.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pglast import ast, parse_sql
from pglast.visitors import Visitor

from nexus.sources.rules import EVERY
from nexus.sources.sqltext import numbered_for, places_of, tokens_of

Ref = tuple[str | None, str, str]
"""Schema, where it is written, table and column; the column `*` is the whole row."""
Refs = frozenset[Ref]
NOTHING: Refs = frozenset()
ANYTHING: Ref = (None, EVERY, EVERY)
"""What a function may read that is not the database's own, or is given a statement or a table's name as text."""
READ_BY_TEXT = frozenset({"ts_stat", "ts_rewrite"})
MOST_NESTED = 60


class Unreadable(Exception):
    """The statement is not understood: it may be made of anything."""


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
    renamed: bool = False
    """Its columns have names of the statement's own."""

    def column(self, name: str) -> Refs:
        return frozenset({(self.schema, self.table, EVERY if self.renamed else name)})

    def every(self) -> Refs:
        return frozenset({(self.schema, self.table, EVERY)})


@dataclass(frozen=True)
class Derived:
    """What a part of the statement makes."""

    shown: tuple[Shown | Star, ...]
    renamed: bool = False

    @property
    def exact(self) -> bool:
        """Whether the places of its columns are known."""
        return not any(isinstance(one, Star) for one in self.shown)

    def column(self, name: str) -> Refs:
        if self.renamed:
            return self.every()
        found = [one.refs for one in self.shown if isinstance(one, Shown) and one.name in (name, None)]
        return _union([*found, *(one.of.column(name) for one in self.shown if isinstance(one, Star))])

    def at(self, place: int, name: str) -> Refs:
        """The column at a place, from 0, that the database calls so."""
        if self.exact:
            one = self.shown[place] if place < len(self.shown) else None
            return one.refs if isinstance(one, Shown) else self.every()
        return self.column(name)

    def every(self) -> Refs:
        return _union(one.refs if isinstance(one, Shown) else one.of.every() for one in self.shown)

    def has(self, name: str) -> bool:
        return self.renamed or any(isinstance(one, Star) or one.name in (name, None) for one in self.shown)


Relation = Base | Derived


@dataclass
class _Scope:
    """What names mean at a place of the statement. What is not found here is looked for around it."""

    around: "_Scope | None" = None
    called: dict[str, Relation] = field(default_factory=dict)
    parts: dict[str, Relation] = field(default_factory=dict)
    """Of WITH."""

    def part(self, name: str) -> Relation | None:
        return self.parts.get(name) or (self.around.part(name) if self.around else None)

    def relation(self, name: str) -> Relation | None:
        return self.called.get(name) or (self.around.relation(name) if self.around else None)

    def named(self, name: str) -> Refs:
        """A column without a table: of any that may have it, here and around."""
        found = [one.column(name) for one in self.called.values() if isinstance(one, Base) or one.has(name)]
        whole = [self.called[name].every()] if name in self.called else []
        return _union([*found, *whole, *([self.around.named(name)] if self.around else [])])


@lru_cache(maxsize=512)
def lineage(sql: str, names: frozenset[str]) -> Derived:
    """Of the result of a statement that the guard lets pass; `names` are its parameters. Raises Unreadable."""
    try:
        numbered, _ = numbered_for(sql, list(places_of(sql, tokens_of(sql), names)))
        statements: Any = parse_sql(numbered)
        return _select(statements[0].stmt, _Scope(), 0)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable from error


def _select(statement: Any, around: _Scope | None, depth: int) -> Derived:
    if not isinstance(statement, ast.SelectStmt) or depth > MOST_NESTED:
        raise Unreadable
    scope = _Scope(around)
    with_clause: Any = statement.withClause
    for part in with_clause.ctes if with_clause else ():
        _with_part(part, scope, depth)
    if statement.larg is not None:
        return _both(_select(statement.larg, scope, depth + 1), _select(statement.rarg, scope, depth + 1))
    if statement.valuesLists:
        return Derived(tuple(Shown(None, refs) for refs in _values(statement.valuesLists, scope, depth)))
    for item in statement.fromClause or ():
        _from(item, scope, depth)
    shown: list[Shown | Star] = []
    for target in statement.targetList or ():
        shown += _target(target, scope, depth)
    return Derived(tuple(shown))


def _with_part(part: Any, scope: _Scope, depth: int) -> None:
    name = str(part.ctename)
    if _mentions(part.ctequery, name):
        # It reads itself: all that it reads is in each of its columns.
        scope.parts[name] = Derived(())
        scope.parts[name] = Derived((Shown(None, _everything(part.ctequery, scope, depth)),), renamed=True)
        return
    made = _select(part.ctequery, scope, depth + 1)
    scope.parts[name] = _renamed(made, part.aliascolnames)


def _both(left: Derived, right: Derived) -> Derived:
    if left.exact and right.exact and len(left.shown) == len(right.shown):
        pairs = zip(left.shown, right.shown, strict=True)
        return Derived(tuple(Shown(a.name, a.refs | b.refs) for a, b in pairs if isinstance(a, Shown) and isinstance(b, Shown)))
    return Derived((Shown(None, left.every() | right.every()),), renamed=True)


def _values(rows: Any, scope: _Scope, depth: int) -> list[Refs]:
    found: list[Refs] = []
    for row in rows:
        cells = [_refs(cell, scope, depth) for cell in row]
        found = [_union(pair) for pair in zip(found, cells, strict=False)] if found else cells
    return found


def _from(item: Any, scope: _Scope, depth: int) -> None:
    """Add to the scope what an item of FROM brings."""
    match item:
        case ast.RangeVar():
            table = str(item.relname)
            made = scope.part(table) if item.schemaname is None else None
            scope.called[_alias(item) or table] = _renamed(made or Base(item.schemaname, table), item.alias and item.alias.colnames)
        case ast.RangeSubselect():
            made = _select(item.subquery, scope, depth + 1)
            scope.called[_alias(item) or f" {len(scope.called)}"] = _renamed(made, item.alias and item.alias.colnames)
        case ast.JoinExpr():
            before = set(scope.called)
            _from(item.larg, scope, depth + 1)
            _from(item.rarg, scope, depth + 1)
            if item.alias and (alias := _alias(item)):
                mine = [scope.called[name] for name in scope.called if name not in before]
                scope.called[alias] = _renamed(Derived(tuple(Star(one) for one in mine)), item.alias.colnames)
        case ast.RangeTableSample():
            _from(item.relation, scope, depth + 1)
        case _:
            # A function, JSON or XML as a table: all that goes in may be in each column that comes out.
            scope.called[_alias(item) or f" {len(scope.called)}"] = Derived((Shown(None, _refs(item, scope, depth)),), renamed=True)


def _renamed(relation: Relation, names: Any) -> Relation:
    if not names:
        return relation
    if isinstance(relation, Base):
        return Base(relation.schema, relation.table, renamed=True)
    if not relation.exact or relation.renamed or len(names) > len(relation.shown):
        return Derived(relation.shown, renamed=True)
    called = [str(name.sval) for name in names]
    places = [one for one in relation.shown if isinstance(one, Shown)]
    return Derived(tuple(Shown(called[at] if at < len(called) else one.name, one.refs) for at, one in enumerate(places)))


def _alias(item: Any) -> str | None:
    return str(item.alias.aliasname) if item.alias else None


def _target(target: Any, scope: _Scope, depth: int) -> Iterator[Shown | Star]:
    value = target.val
    if isinstance(value, ast.ColumnRef) and isinstance(value.fields[-1], ast.A_Star):  # type: ignore[index]
        relations = list(scope.called.values()) if len(value.fields) == 1 else [_of(value.fields, scope)]  # type: ignore[arg-type]
        yield from (Star(one) for one in relations)
    elif isinstance(value, ast.A_Indirection) and isinstance(value.indirection[-1], ast.A_Star):  # type: ignore[index]
        yield Star(Derived((Shown(None, _refs(value, scope, depth)),), renamed=True))
    else:
        yield Shown(str(target.name) if target.name else _called(value), _refs(value, scope, depth))


def _called(value: Any) -> str | None:
    """What Postgres calls a column that has no name of its own; None where that is not plain."""
    match value:
        case ast.ColumnRef(fields=[*_, last]) | ast.FuncCall(funcname=[*_, last]):
            return str(last.sval)
        case _:
            return None


def _of(fields: Sequence[Any], scope: _Scope) -> Relation:
    """The relation that `a.b` or `schema.a.b` names."""
    names = [str(one.sval) for one in fields[:-1]]
    if len(names) == 1 and (found := scope.relation(names[0])):
        return found
    return Base(names[-2] if len(names) > 1 else None, names[-1])


def _refs(node: Any, scope: _Scope, depth: int) -> Refs:
    """All columns that stand anywhere in an expression, in questions within it too."""
    if depth > MOST_NESTED:
        raise Unreadable
    found: set[Ref] = set()
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, tuple):
            pending.extend(one)
        elif isinstance(one, ast.ColumnRef):
            found |= _column(one, scope)
        elif isinstance(one, ast.SelectStmt):
            found |= _everything(one, scope, depth + 1)
        elif isinstance(one, ast.Node):
            if isinstance(one, ast.FuncCall) and _reads_anything(one):
                found.add(ANYTHING)
            pending.extend(value for name in one if (value := getattr(one, name)) is not None)
    return frozenset(found)


def _reads_anything(call: Any) -> bool:
    *schema, name = [str(part.sval) for part in call.funcname]
    return schema not in ([], ["pg_catalog"]) or name in READ_BY_TEXT or "_to_xml" in name


def _column(node: Any, scope: _Scope) -> Refs:
    fields = node.fields
    if isinstance(fields[-1], ast.A_Star):
        every = [one.every() for one in scope.called.values()] if len(fields) == 1 else [_of(fields, scope).every()]
        return _union(every)
    name = str(fields[-1].sval)
    if len(fields) == 1:
        return scope.named(name)
    found = _of(fields, scope)
    # `row.field.part` may name a column and what is in it.
    first = scope.relation(str(fields[0].sval))
    return found.column(name) | (first.column(str(fields[1].sval)) if first and len(fields) > 2 else NOTHING)


def _everything(statement: Any, scope: _Scope, depth: int) -> Refs:
    """What a question within an expression shows, and what it compares: whether a row is there tells of its columns."""
    if statement.larg is not None:
        return _everything(statement.larg, scope, depth + 1) | _everything(statement.rarg, scope, depth + 1)
    inner = _Scope(scope)
    for part in statement.withClause.ctes if statement.withClause else ():
        _with_part(part, inner, depth)
    for item in statement.fromClause or ():
        _from(item, inner, depth + 1)
    parts = [statement.targetList, statement.whereClause, statement.groupClause, statement.havingClause, statement.valuesLists]
    stars = [one.of.every() for target in statement.targetList or () for one in _target(target, inner, depth + 1) if isinstance(one, Star)]
    return _union([*stars, *(_refs(part, inner, depth + 1) for part in parts if part)])


def _mentions(statement: Any, table: str) -> bool:
    seen = _Names()
    seen(statement)
    return table in seen.found


class _Names(Visitor):
    def __init__(self) -> None:
        self.found: set[str] = set()

    def visit_RangeVar(self, _ancestors: Any, node: Any) -> None:  # noqa: N802 - the grammar's name
        if node.schemaname is None:
            self.found.add(str(node.relname))


def _union(many: Iterable[Refs]) -> Refs:
    return frozenset().union(*many)
