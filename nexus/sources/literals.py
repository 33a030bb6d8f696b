"""What a SELECT reads, and the texts that it compares columns with: as its own grammar says, without a database."""

from collections.abc import Iterator
from typing import Any

from pglast import ast, parse_sql
from pglast.parser import ParseError
from pydantic import BaseModel

from nexus.errors import NexusError
from nexus.sources.catalog import TableLookup
from nexus.sources.sqltext import tokens_of


class Relation(BaseModel, frozen=True):
    """A table as a statement names it; without a schema where it names none."""

    db_schema: str
    name: str


class Literal(BaseModel, frozen=True):
    """A text that a column is held equal to."""

    db_schema: str
    table: str
    column: str
    value: str


def relations(sql: str) -> tuple[Relation, ...]:
    """The tables that the statement names, each once, in order; names of its own WITH are none. Empty for what cannot be read."""
    nodes = list(_walk(_parsed(sql)))
    own = {node.ctename for node in nodes if isinstance(node, ast.CommonTableExpr)}
    found = [
        Relation(db_schema=node.schemaname or "", name=node.relname)
        for node in nodes
        if isinstance(node, ast.RangeVar) and (node.schemaname or node.relname not in own)
    ]
    return tuple(dict.fromkeys(sorted(found, key=lambda one: (one.db_schema, one.name))))


def literals(sql: str, lookup: TableLookup) -> tuple[Literal, ...]:
    """Texts that columns of tables are compared with by `=` or `in`, each once. `lookup` says which table has a column."""
    found: dict[Literal, None] = {}
    for select in (node for node in _walk(_parsed(sql)) if isinstance(node, ast.SelectStmt)):
        scope = _scope(select)
        for node in _walk(select, within=True):
            for column, value in _compared(node):
                if (literal := _of_table(column, value, scope, lookup)) is not None:
                    found.setdefault(literal)
    return tuple(found)


def _parsed(sql: str) -> Any:
    try:
        tokens_of(sql)  # refuses what is too deep for a recursive reader
        return tuple(statement.stmt for statement in parse_sql(sql))
    except (NexusError, ParseError, ValueError):
        return ()


def _walk(root: Any, *, within: bool = False) -> Iterator[Any]:
    """Every node below `root`; with `within`, not those of a SELECT inside it."""
    pending: list[Any] = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, tuple):
            pending.extend(node)
        elif isinstance(node, ast.Node):
            if within and node is not root and isinstance(node, ast.SelectStmt):
                continue
            yield node
            pending.extend(value for name in node if (value := getattr(node, name)) is not None)


def _scope(select: Any) -> dict[str, tuple[str, str]]:
    """By the name that columns are qualified with: schema and name of the table."""
    found: dict[str, tuple[str, str]] = {}
    for node in _walk(select.fromClause or (), within=True):
        if isinstance(node, ast.RangeVar):
            found[str(node.alias.aliasname if node.alias else node.relname)] = (node.schemaname or "", str(node.relname))
    return found


def _compared(node: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    """Names of a column, and the text that it is compared with."""
    if not isinstance(node, ast.A_Expr) or [part.sval for part in node.name or ()] != ["="]:
        return
    left: Any = node.lexpr
    right: Any = node.rexpr
    match getattr(node.kind, "name", ""):
        case "AEXPR_OP":
            pairs = [(left, right), (right, left)]
        case "AEXPR_IN":
            pairs = [(left, one) for one in right or ()]
        case _:
            return
    for column, value in pairs:
        if isinstance(column, ast.ColumnRef) and (text := _text(value)) is not None:
            fields: tuple[Any, ...] = column.fields or ()
            names = tuple(str(field.sval) for field in fields if isinstance(field, ast.String))
            if names and len(names) == len(fields):
                yield names, text


def _text(node: Any) -> str | None:
    if isinstance(node, ast.TypeCast):
        node = node.arg
    return str(node.val.sval) if isinstance(node, ast.A_Const) and isinstance(node.val, ast.String) else None


def _of_table(names: tuple[str, ...], value: str, scope: dict[str, tuple[str, str]], lookup: TableLookup) -> Literal | None:
    candidates = [scope[names[-2]]] if len(names) > 1 and names[-2] in scope else list(scope.values()) if len(names) == 1 else []
    found = [
        Literal(db_schema=schema, table=table, column=names[-1], value=value)
        for schema, table in candidates
        if schema and (known := lookup(schema, table)) is not None and known.column(names[-1]) is not None
    ]
    return found[0] if len(found) == 1 else None
