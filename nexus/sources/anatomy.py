"""What a statement is made of, as far as paging through its rows needs it: its own order, its limit, and a single table it reads."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pglast import ast, parse_sql
from pglast.visitors import Visitor

from nexus.sources.sqltext import numbered_for, places_of, tokens_of

_DESCENDING, _DEFAULT, _FIRST = 2, 0, 1
"""Of `SortBy`'s direction and place of nulls in Postgres's grammar."""


@dataclass(frozen=True)
class OwnOrder:
    """One column that a statement orders by: a name of its result, or a place in it from 0."""

    column: str | int
    descending: bool
    nulls_first: bool


@dataclass(frozen=True)
class Anatomy:
    """`body` is the statement without its order, where it can be taken out without changing which rows come.

    `order` is None where rows are ordered by something that is no column of the result. `table` (schema, if written, and
    name) is set where each row of the result is one row of it; `columns` are then its columns by their name in the
    result, and `every` says that all of them are there under their own names.
    """

    body: str
    order: tuple[OwnOrder, ...] | None
    limited: bool
    table: tuple[str | None, str] | None = None
    columns: tuple[tuple[str, str], ...] = ()
    every: bool = False


@lru_cache(maxsize=512)
def anatomy(sql: str, names: frozenset[str]) -> Anatomy:
    """Of a statement that the guard lets pass. `names` are its parameters."""
    tokens = tokens_of(sql)
    if tokens[-1].name == "ASCII_59":
        sql, tokens = sql[: tokens[-1].start], tokens[:-1]
    numbered, _ = numbered_for(sql, list(places_of(sql, tokens, names)))
    statement: Any = parse_sql(numbered)[0].stmt
    limited = any((statement.limitCount, statement.limitOffset, statement.distinctClause and statement.distinctClause[0] is not None))
    order = _order(statement)
    body = sql if limited or not statement.sortClause or order is None else _without_order(sql, tokens)
    table, columns, every = _single_table(statement)
    return Anatomy(body, order, limited, table, columns, every)


@lru_cache(maxsize=2048)
def tables_in(sql: str, names: frozenset[str]) -> frozenset[tuple[str | None, str]]:
    """Schema, where it is written, and name of each table that a statement reads; none where it cannot be read. `names` are its parameters."""
    try:
        numbered, _ = numbered_for(sql, list(places_of(sql, tokens_of(sql), names)))
        statements = parse_sql(numbered)
    except Exception:
        return frozenset()
    seen = _Tables()
    seen(statements)
    return frozenset(seen.found - {(None, name) for name in seen.own})


class _Tables(Visitor):
    def __init__(self) -> None:
        self.found: set[tuple[str | None, str]] = set()
        self.own: set[str] = set()
        """Names of the statement's own `with` parts."""

    def visit(self, _ancestors: Any, node: Any) -> None:
        if isinstance(node, ast.RangeVar):
            self.found.add((node.schemaname, str(node.relname)))
        elif isinstance(node, ast.CommonTableExpr):
            self.own.add(str(node.ctename))


def _without_order(sql: str, tokens: list[Any]) -> str:
    """Up to the last ORDER outside brackets; the grammar has said that the statement ends with it."""
    depth, start = 0, len(sql)
    for token in tokens:
        if token.name in ("ASCII_40", "ASCII_91"):
            depth += 1
        elif token.name in ("ASCII_41", "ASCII_93"):
            depth -= 1
        elif token.name == "ORDER" and depth == 0:
            start = token.start
    return sql[:start]


def _order(statement: Any) -> tuple[OwnOrder, ...] | None:
    found = []
    clause: Any = statement.sortClause or ()
    for sort in clause:
        column = None if sort.useOp else _column(sort.node, _leftmost(statement).targetList or ())
        if column is None:
            return None
        descending, nulls = (sort.sortby_dir or 0) == _DESCENDING, sort.sortby_nulls or 0
        found.append(OwnOrder(column, descending, nulls_first=descending if nulls == _DEFAULT else nulls == _FIRST))
    return tuple(found)


def _leftmost(statement: Any) -> Any:
    """The part of a UNION that names the columns of the result."""
    while statement.larg is not None:
        statement = statement.larg
    return statement


def _column(node: Any, targets: Any) -> str | int | None:
    if isinstance(node, ast.A_Const) and isinstance(node.val, ast.Integer):
        return int(node.val.ival or 0) - 1
    fields: Any = node.fields if isinstance(node, ast.ColumnRef) else ()
    if len(fields) == 1 and isinstance(fields[0], ast.String):
        return str(fields[0].sval)
    stars = any(isinstance(target.val, ast.ColumnRef) and isinstance((target.val.fields or ())[-1], ast.A_Star) for target in targets)
    for at, target in enumerate(targets):
        # Two nodes are equal when they say the same, wherever they stand.
        if target.val == node and not stars:
            return at
    return None


Single = tuple[tuple[str | None, str] | None, tuple[tuple[str, str], ...], bool]


def _single_table(statement: Any) -> Single:
    nothing: Single = (None, (), False)
    grouped = any((statement.groupClause, statement.havingClause, statement.distinctClause, statement.valuesLists, statement.larg))
    froms: Any = statement.fromClause or ()
    if grouped or len(froms) != 1 or not isinstance(froms[0], ast.RangeVar) or froms[0].inh is False:
        return nothing
    # A name of the WITH clause is no table, and a function may make several rows of one.
    named = {cte.ctename for cte in statement.withClause.ctes} if statement.withClause else set()
    if froms[0].relname in named and not froms[0].schemaname:
        return nothing
    table: Any = froms[0]
    columns, every = [], False
    for target in statement.targetList or ():
        value: Any = target.val
        if not isinstance(value, ast.ColumnRef):
            if _calls(value):
                return nothing
            continue
        fields: Any = value.fields
        if isinstance(fields[-1], ast.A_Star):
            every = True
        else:
            columns.append((str(target.name or fields[-1].sval), str(fields[-1].sval)))
    return (table.schemaname, table.relname), tuple(columns), every


def _calls(node: Any) -> bool:
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, tuple):
            pending.extend(one)
        elif isinstance(one, ast.FuncCall):
            return True
        elif isinstance(one, ast.Node) and not isinstance(one, ast.SubLink):
            pending.extend(value for name in one if (value := getattr(one, name)) is not None)
    return False
