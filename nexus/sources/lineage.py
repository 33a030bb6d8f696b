"""Which columns of tables the columns of a result are made of, and which decide its rows: read from the statement, on the side of too many.

Where Postgres itself says of what a column is (`Table.origins`), that is exact, and this is not asked.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pglast import ast, parse_sql
from pglast.enums import A_Expr_Kind, BoolExprType
from pglast.visitors import Visitor

from nexus.sources.functions import RETURNING_SETS
from nexus.sources.relations import (
    ANYTHING,
    NOTHING,
    NOTHING_OF_ITS_OWN,
    Base,
    Derived,
    Own,
    Ref,
    Refs,
    Relation,
    Scope,
    Shown,
    Star,
    renamed,
    union,
)
from nexus.sources.sqltext import numbered_for, places_of, tokens_of

READ_BY_TEXT = frozenset({"ts_stat", "ts_rewrite"})
MANY = RETURNING_SETS | {"generate_series", "generate_subscripts"}
"""Functions that make many rows of one."""
MOST_NESTED = 60


class Unreadable(Exception):
    """The statement is not understood: it may be made of anything."""


def lineage(sql: str, names: frozenset[str], own: Own = NOTHING_OF_ITS_OWN) -> Derived:
    """Of the result of a statement that the guard lets pass; `names` are its parameters. Raises Unreadable."""
    try:
        return _select(statement_of(sql, names), Scope(own), 0)
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable from error


def tables_in(sql: str, names: frozenset[str]) -> frozenset[str]:
    """The names of all tables that stand in a statement, without their schemas. Raises Unreadable."""
    try:
        return frozenset(_names_of_tables(statement_of(sql, names), every=True))
    except Exception as error:
        raise Unreadable from error


def statement_of(sql: str, names: frozenset[str]) -> Any:
    """The tree of a statement that the guard lets pass."""
    numbered, _ = numbered_for(sql, list(places_of(sql, tokens_of(sql), names)))
    statements: Any = parse_sql(numbered)
    return statements[0].stmt


def _select(statement: Any, around: Scope, depth: int) -> Derived:
    if not isinstance(statement, ast.SelectStmt) or depth > MOST_NESTED:
        raise Unreadable
    scope = Scope(around.own, around)
    with_clause: Any = statement.withClause
    for part in with_clause.ctes if with_clause else ():
        _with_part(part, scope, depth)
    if statement.larg is not None:
        made = _both(_select(statement.larg, scope, depth + 1), _select(statement.rarg, scope, depth + 1))
    elif statement.valuesLists:
        made = Derived(tuple(Shown(None, refs) for refs in _values(statement.valuesLists, scope, depth)))
    else:
        made = _one_select(statement, scope, depth)
    _ordered(statement, made, scope, depth)
    return made.with_rows(frozenset(scope.rows), tuple(scope.same))


def _one_select(statement: Any, scope: Scope, depth: int) -> Derived:
    for item in statement.fromClause or ():
        _from(item, scope, depth)
    shown: list[Shown | Star] = []
    for target in statement.targetList or ():
        shown += _target(target, scope, depth)
    for relation in scope.called.values():
        scope.rows |= relation.rows
        scope.same += relation.same
    _condition(statement.whereClause, scope, depth)
    made = Derived(tuple(shown))
    for part in (statement.groupClause, statement.distinctClause):
        for item in part or ():
            scope.rows |= _by(item, made, scope, depth)
    for part in (statement.havingClause, statement.windowClause, _many(statement.targetList)):
        if part:
            scope.rows |= _refs(part, scope, depth)
    return made


def _ordered(statement: Any, made: Derived, scope: Scope, depth: int) -> None:
    for item in statement.sortClause or ():
        scope.rows |= _by(item.node, made, scope, depth) | (frozenset({ANYTHING}) if _own_operator(item.useOp, scope) else NOTHING)
    for part in (statement.limitCount, statement.limitOffset):
        if part is not None:
            scope.rows |= _refs(part, scope, depth)


def _by(item: Any, made: Derived, scope: Scope, depth: int) -> Refs:
    """What rows are put in order or together by: an expression, or a column of the result by its name or place."""
    match item:
        case None:
            return NOTHING
        case ast.A_Const(val=ast.Integer(ival=place)):
            return made.at(int(place or 0) - 1, "") if made.exact else made.every()
        case ast.ColumnRef(fields=[ast.String(sval=name)]) if made.has(str(name)):
            return made.column(str(name)) | _refs(item, scope, depth)
        case _:
            return _refs(item, scope, depth)


def _many(targets: Any) -> tuple[Any, ...]:
    """Calls in the list of columns that make many rows of one."""
    seen = _Calls()
    for target in targets or ():
        seen(target)
    return tuple(seen.found)


def _condition(node: Any, scope: Scope, depth: int) -> None:
    """What must hold of a row: it decides which are there, but for columns that are compared with columns, which tell no value."""
    match node:
        case None:
            pass
        case ast.BoolExpr(boolop=BoolExprType.AND_EXPR):
            for one in node.args or ():
                _condition(one, scope, depth)
        case ast.A_Expr(kind=A_Expr_Kind.AEXPR_OP, name=[ast.String(sval="=")], lexpr=ast.ColumnRef(), rexpr=ast.ColumnRef()):
            pair = _refs(node.lexpr, scope, depth), _refs(node.rexpr, scope, depth)
            if all(pair) and ANYTHING not in union(pair) and not _reads_anything(node, scope):
                scope.same.append(pair)
            else:
                scope.rows |= _refs(node, scope, depth)
        case _:
            scope.rows |= _refs(node, scope, depth)


def _with_part(part: Any, scope: Scope, depth: int) -> None:
    name = str(part.ctename)
    if name in _names_of_tables(part.ctequery):
        # It reads itself: all that it reads is in each of its columns.
        scope.parts[name] = Derived(())
        refs = _everything(part.ctequery, scope, depth)
        scope.parts[name] = Derived((Shown(None, refs),), renamed=True, rows=refs)
        return
    made = _select(part.ctequery, scope, depth + 1)
    scope.parts[name] = renamed(made, _texts(part.aliascolnames))


def _both(left: Derived, right: Derived) -> Derived:
    rows, same = left.rows | right.rows, (*left.same, *right.same)
    if left.exact and right.exact and len(left.shown) == len(right.shown):
        pairs = zip(left.shown, right.shown, strict=True)
        shown = tuple(Shown(a.name, a.refs | b.refs) for a, b in pairs if isinstance(a, Shown) and isinstance(b, Shown))
        return Derived(shown, rows=rows, same=same)
    return Derived((Shown(None, left.every() | right.every()),), renamed=True, rows=rows, same=same)


def _values(lists: Any, scope: Scope, depth: int) -> list[Refs]:
    found: list[Refs] = []
    for row in lists:
        cells = [_refs(cell, scope, depth) for cell in row]
        found = [union(pair) for pair in zip(found, cells, strict=False)] if found else cells
    return found


def _from(item: Any, scope: Scope, depth: int) -> None:
    """Add to the scope what an item of FROM brings."""
    match item:
        case ast.RangeVar():
            table = str(item.relname)
            made = scope.part(table) if item.schemaname is None else None
            base = Base(item.schemaname, table, scope.own.columns_of(item.schemaname, table))
            scope.called[_alias(item) or table] = renamed(made or base, _aliases(item))
        case ast.RangeSubselect():
            made = _select(item.subquery, scope, depth + 1)
            scope.called[_alias(item) or f" {len(scope.called)}"] = renamed(made, _aliases(item))
        case ast.JoinExpr():
            _join(item, scope, depth)
        case ast.RangeTableSample():
            _from(item.relation, scope, depth + 1)
            scope.rows |= _refs((item.args, item.repeatable), scope, depth)
        case _:
            # A function, JSON or XML as a table: all that goes in may be in each column that comes out, and in how many rows do.
            refs = _refs(item, scope, depth)
            scope.called[_alias(item) or f" {len(scope.called)}"] = Derived((Shown(None, refs),), renamed=True, rows=refs)


def _join(item: Any, scope: Scope, depth: int) -> None:
    before = set(scope.called)
    _from(item.larg, scope, depth + 1)
    left = [one for name, one in scope.called.items() if name not in before]
    _from(item.rarg, scope, depth + 1)
    mine = [one for name, one in scope.called.items() if name not in before]
    right = mine[len(left) :]
    _condition(item.quals, scope, depth)
    _matched(left, right, _texts(item.usingClause) if item.usingClause else _common(left, right) if item.isNatural else (), scope)
    for alias, names in ((_alias(item), _aliases(item)), (item.join_using_alias and str(item.join_using_alias.aliasname), [])):
        if alias:
            scope.called[alias] = renamed(Derived(tuple(Star(one) for one in mine)), names)


def _matched(left: list[Relation], right: list[Relation], names: Sequence[str] | None, scope: Scope) -> None:
    """The columns by which USING and NATURAL join; without names they may be any."""
    if names is None:
        scope.rows |= union(one.every() for one in (*left, *right))
        return
    for name in names:
        pair = tuple(union(one.column(name) for one in side if one.has(name)) for side in (left, right))
        scope.same.append((pair[0], pair[1]))


def _common(left: list[Relation], right: list[Relation]) -> list[str] | None:
    sides = [[one.names for one in side] for side in (left, right)]
    if any(names is None for side in sides for names in side):
        return None
    mine, others = (frozenset().union(*(names for names in side if names)) for side in sides)
    return sorted(mine & others)


def _aliases(item: Any) -> list[str]:
    return _texts(item.alias.colnames) if item.alias else []


def _texts(nodes: Any) -> list[str]:
    return [str(one.sval) for one in nodes or ()]


def _alias(item: Any) -> str | None:
    return str(item.alias.aliasname) if item.alias else None


def _target(target: Any, scope: Scope, depth: int) -> Iterator[Shown | Star]:
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


def _of(fields: Sequence[Any], scope: Scope) -> Relation:
    """The relation that `a.b` or `schema.a.b` names."""
    names = _texts(fields[:-1])
    if len(names) == 1 and (found := scope.relation(names[0])):
        return found
    schema = names[-2] if len(names) > 1 else None
    return Base(schema, names[-1], scope.own.columns_of(schema, names[-1]))


def _refs(node: Any, scope: Scope, depth: int) -> Refs:
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
            if _reads_anything(one, scope):
                found.add(ANYTHING)
            pending.extend(value for name in one if (value := getattr(one, name)) is not None)
    return frozenset(found)


def _reads_anything(node: Any, scope: Scope) -> bool:
    """Whether it may run a function that is not Postgres's own, or that is given a statement or a table's name as text."""
    match node:
        case ast.FuncCall():
            *schema, name = _texts(node.funcname)
            return schema not in ([], ["pg_catalog"]) or name in READ_BY_TEXT or "_to_xml" in name or bool(node.args and scope.own.implicit)
        case ast.A_Expr():
            return _own_operator(node.name, scope) or scope.own.implicit
        case ast.SubLink():
            return _own_operator(node.operName, scope)
        case ast.SortBy():
            return _own_operator(node.useOp, scope)
        case ast.A_Indirection():
            return any(isinstance(step, ast.String) and step.sval in scope.own.functions for step in node.indirection or ())
        case ast.TypeName():
            return (_texts(node.names) or [""])[-1].lstrip("_") in scope.own.types
        case _:
            return False


def _own_operator(names: Any, scope: Scope) -> bool:
    *_, name = _texts(names) or [""]
    return name in scope.own.operators


def _column(node: Any, scope: Scope) -> Refs:
    fields = node.fields
    if isinstance(fields[-1], ast.A_Star):
        every = [one.every() for one in scope.called.values()] if len(fields) == 1 else [_of(fields, scope).every()]
        return union(every)
    name = str(fields[-1].sval)
    if len(fields) == 1:
        return scope.named(name)
    of = _of(fields, scope)
    found = of.column(name) | (frozenset({ANYTHING}) if name in scope.own.functions and not _is_column(of, name) else NOTHING)
    # `row.field.part` may name a column and what is in it.
    first = scope.relation(str(fields[0].sval))
    return found | (first.column(str(fields[1].sval)) if first and len(fields) > 2 else NOTHING)


def _is_column(relation: Relation, name: str) -> bool:
    return relation.names is not None and name in relation.names


def _everything(statement: Any, scope: Scope, depth: int) -> Refs:
    """What a question within an expression shows, and what decides its rows: whether a row is there tells of its columns."""
    made = _select(statement, scope, depth + 1)
    return union([made.every(), made.rows, *(one for pair in made.same for one in pair)])


def _names_of_tables(statement: Any, *, every: bool = False) -> set[str]:
    seen = _Names(every)
    seen(statement)
    return seen.found


class _Names(Visitor):
    """Names of tables, without `every` of those alone that no schema is written for."""

    def __init__(self, every: bool) -> None:
        self.every = every
        self.found: set[str] = set()

    def visit_RangeVar(self, _ancestors: Any, node: Any) -> None:  # noqa: N802 - the grammar's name
        if self.every or node.schemaname is None:
            self.found.add(str(node.relname))


class _Calls(Visitor):
    def __init__(self) -> None:
        self.found: list[Any] = []

    def visit_FuncCall(self, _ancestors: Any, node: Any) -> None:  # noqa: N802 - the grammar's name
        *schema, name = _texts(node.funcname)
        if name in MANY or schema not in ([], ["pg_catalog"]):
            self.found.append(node)
