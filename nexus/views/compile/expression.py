"""Expressions of computed columns: read by Postgres's own grammar, held to a list, and written anew from the tree.

Nothing of the text that a person typed goes into a statement: names are looked up, constants and operators are
printed from what the grammar understood.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from pglast import ast, enums, parse_sql
from pglast.parser import ParseError

from nexus.errors import BadInput
from nexus.sources.functions import SCALARS
from nexus.sources.spec import QueryRefused, QueryTooBig
from nexus.sources.sqltext import place_of, tokens_of

MAX_DEPTH = 60
"""Levels of one expression, with the computed columns in it; the guard's own limit is higher."""
MAX_NODES = 1_500
"""Computed columns of computed columns double and double again."""

OPERATORS = frozenset("+ - * / % ^ || = <> != < <= > >= ~ ~* !~ !~* -> ->> #> #>>".split())  # noqa: SIM905 - reads better as words
LIKES = {"~~": "LIKE", "!~~": "NOT LIKE", "~~*": "ILIKE", "!~~*": "NOT ILIKE"}
BETWEENS = {
    enums.A_Expr_Kind.AEXPR_BETWEEN: "BETWEEN",
    enums.A_Expr_Kind.AEXPR_NOT_BETWEEN: "NOT BETWEEN",
    enums.A_Expr_Kind.AEXPR_BETWEEN_SYM: "BETWEEN SYMMETRIC",
    enums.A_Expr_Kind.AEXPR_NOT_BETWEEN_SYM: "NOT BETWEEN SYMMETRIC",
}
CLOCKS = {
    enums.SQLValueFunctionOp.SVFOP_CURRENT_DATE: "current_date",
    enums.SQLValueFunctionOp.SVFOP_CURRENT_TIMESTAMP: "current_timestamp",
    enums.SQLValueFunctionOp.SVFOP_LOCALTIMESTAMP: "localtimestamp",
}
TYPES = {
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "float4": "real",
    "float8": "double precision",
    "bool": "boolean",
    "varchar": "varchar",
    "bpchar": "char",
} | {name: name for name in ("numeric", "text", "date", "time", "timetz", "timestamp", "timestamptz", "interval", "uuid", "json", "jsonb")}
SPECIAL = frozenset({"position", "substring", "overlay", "trim", "normalize", "overlaps", "char", "numeric", "float8", "bit", "xmlexists"})
"""Words of the grammar that are functions only in quotes."""
PREFIX = "select "


@dataclass(frozen=True)
class Written:
    """SQL that may stand as an operand, with how much of it there is."""

    sql: str
    nodes: int = 1
    depth: int = 1


Resolve = Callable[[tuple[str, ...]], Written]
"""Finds what a name, `column` or `table.column`, means. Raises BadInput with a sentence."""


def write(expression: str, *, resolve: Resolve) -> Written:
    """The expression as SQL in parentheses where it needs them. Raises BadInput with one sentence that tells the place."""
    try:
        tokens = tokens_of(expression)
    except (QueryRefused, QueryTooBig) as error:
        raise BadInput(error.message.replace("This statement", "It").replace("Write one SELECT. There is none.", "It is empty.")) from None
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.name == "PARAM" or (token.name == "ASCII_58" and following is not None and following.start == token.end + 1):
            raise BadInput(f"A parameter cannot stand here{place_of(expression, token.start)}. Use it in a filter.")
    return _Writer(expression, resolve).of(_parsed(expression))


def _parsed(expression: str) -> Any:
    """The tree of the one expression that the text holds."""
    try:
        # A line of its own, so that a comment at its end hides nothing.
        statements = parse_sql(f"{PREFIX}{expression}\n")
    except ParseError as error:
        reason, offset = _reason(error)
        place = "" if offset is None else place_of(expression, offset - len(PREFIX))
        raise BadInput(f"It is not a valid expression: {reason[:200]}{place}.") from None
    chosen: Any = statements[0].stmt if len(statements) == 1 else None
    targets: Any = getattr(chosen, "targetList", None) or ()
    more = [
        name for name in chosen or () if name not in ("targetList", "groupDistinct", "limitOption", "op", "all") and getattr(chosen, name)
    ]
    if not isinstance(chosen, ast.SelectStmt) or more or len(targets) != 1 or targets[0].name or targets[0].indirection:
        raise BadInput("Write one expression, as arr_delay / 60.0, and nothing else.")
    return targets[0].val


class _Writer:
    def __init__(self, expression: str, resolve: Resolve) -> None:
        self.expression = expression
        self.resolve = resolve
        self.nodes = 0
        self.level = 0
        self.depth = 0

    def of(self, node: Any) -> Written:
        sql = self.write(node)
        return Written(sql, self.nodes, self.depth)

    def refuse(self, sentence: str, node: Any) -> NoReturn:
        location = getattr(node, "location", None)
        place = place_of(self.expression, location - len(PREFIX)) if isinstance(location, int) and location >= len(PREFIX) else ""
        raise BadInput(f"{sentence}{place}.")

    def write(self, node: Any) -> str:
        self._grow(1, 1, node)
        writer = getattr(self, f"_{type(node).__name__}", None)
        if writer is None:
            self.refuse(f"{_words(node)} cannot stand in a computed column", node)
        self.level += 1
        try:
            return str(writer(node))
        finally:
            self.level -= 1

    def _grow(self, nodes: int, depth: int, node: Any) -> None:
        self.nodes += nodes
        self.depth = max(self.depth, self.level + depth)
        if self.depth > MAX_DEPTH:
            self.refuse(f"It is nested too deeply; {MAX_DEPTH} levels are allowed", node)
        if self.nodes > MAX_NODES:
            self.refuse("It grows too large with the computed columns in it", node)

    def _list(self, nodes: Any) -> str:
        return ", ".join(self.write(node) for node in nodes or ())

    def _ColumnRef(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        if not all(isinstance(part, ast.String) for part in node.fields) or len(node.fields) > 2:
            self.refuse("Name a column as column or table.column", node)
        try:
            found = self.resolve(tuple(part.sval for part in node.fields))
        except BadInput as error:
            self.refuse(error.message.rstrip("."), node)
        self._grow(found.nodes, found.depth, node)
        return found.sql

    def _A_Const(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        value: Any = node.val
        match type(value).__name__:
            case _ if node.isnull:
                return "NULL"
            case "Integer":
                return str(int(value.ival))
            case "Float" if re.fullmatch(r"[0-9.]+([eE][+-]?[0-9]+)?", value.fval):
                return str(value.fval)
            case "Boolean":
                return "true" if value.boolval else "false"
            case "String":
                return text(value.sval)
            case _:
                return self.refuse("Only numbers, texts, true and false can stand here", node)

    def _A_Expr(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        kinds = enums.A_Expr_Kind
        name = node.name[-1].sval
        if len(node.name) > 1:
            self.refuse("Name operators without a schema", node)
        if node.kind in BETWEENS:
            low, high = (self.write(bound) for bound in node.rexpr)
            return f"({self.write(node.lexpr)} {BETWEENS[node.kind]} {low} AND {high})"
        match node.kind:
            case kinds.AEXPR_OP if name in OPERATORS:
                right = self.write(node.rexpr)
                return f"({name} {right})" if node.lexpr is None else f"({self.write(node.lexpr)} {name} {right})"
            case kinds.AEXPR_DISTINCT | kinds.AEXPR_NOT_DISTINCT:
                word = "IS DISTINCT FROM" if node.kind == kinds.AEXPR_DISTINCT else "IS NOT DISTINCT FROM"
                return f"({self.write(node.lexpr)} {word} {self.write(node.rexpr)})"
            case kinds.AEXPR_IN:
                return f"({self.write(node.lexpr)} {'IN' if name == '=' else 'NOT IN'} ({self._list(node.rexpr)}))"
            case kinds.AEXPR_LIKE | kinds.AEXPR_ILIKE if name in LIKES:
                return f"({self.write(node.lexpr)} {LIKES[name]} {self.write(node.rexpr)})"
            case kinds.AEXPR_NULLIF:
                return f"NULLIF({self.write(node.lexpr)}, {self.write(node.rexpr)})"
            case _:
                return self.refuse(f"The operator {name} cannot stand in a computed column", node)

    def _BoolExpr(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        if node.boolop == enums.BoolExprType.NOT_EXPR:
            return f"(NOT {self.write(node.args[0])})"
        word = " AND " if node.boolop == enums.BoolExprType.AND_EXPR else " OR "
        return f"({word.join(self.write(one) for one in node.args)})"

    def _NullTest(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        return f"({self.write(node.arg)} IS {'' if node.nulltesttype == enums.NullTestType.IS_NULL else 'NOT '}NULL)"

    def _BooleanTest(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        return f"({self.write(node.arg)} {node.booltesttype.name.replace('_', ' ')})"

    def _CaseExpr(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        of = f" {self.write(node.arg)}" if node.arg is not None else ""
        whens = "".join(f" WHEN {self.write(when.expr)} THEN {self.write(when.result)}" for when in node.args)
        otherwise = f" ELSE {self.write(node.defresult)}" if node.defresult is not None else ""
        return f"CASE{of}{whens}{otherwise} END"

    def _CoalesceExpr(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        return f"COALESCE({self._list(node.args)})"

    def _MinMaxExpr(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        return f"{'GREATEST' if node.op == enums.MinMaxOp.IS_GREATEST else 'LEAST'}({self._list(node.args)})"

    def _SQLValueFunction(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        if node.op not in CLOCKS:
            self.refuse(f"{node.op.name.removeprefix('SVFOP_').lower()} cannot stand in a computed column", node)
        return CLOCKS[node.op]

    def _NamedArgExpr(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        if not re.fullmatch(r"[a-z_]{1,30}", node.name):
            self.refuse("This name of an argument is not known", node)
        return f"{node.name} => {self.write(node.arg)}"

    def _FuncCall(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        names = [part.sval for part in node.funcname]
        name = names[-1]
        if names[:-1] not in ([], ["pg_catalog"]) or name not in SCALARS:
            self.refuse(f"The function {'.'.join(names)}() cannot stand in a computed column", node)
        if node.agg_star or node.agg_distinct or node.agg_order or node.agg_filter or node.over or node.func_variadic:
            self.refuse(f"Write {name}() with plain arguments only", node)
        if name == "extract" and node.args and _is_word(node.args[0]):
            return f"EXTRACT({node.args[0].val.sval} FROM {self._list(node.args[1:])})"
        shown = f'"{name}"' if name in SPECIAL else f"pg_catalog.{name}" if name == "extract" else name
        return f"{shown}({self._list(node.args)})"

    def _TypeCast(self, node: Any) -> str:  # noqa: N802 - the grammar's name
        names = [part.sval for part in node.typeName.names]
        name = TYPES.get(names[-1]) if names[:-1] in ([], ["pg_catalog"]) else None
        if name is None or node.typeName.setof or node.typeName.arrayBounds or node.typeName.pct_type:
            self.refuse(f"The type {'.'.join(names)} cannot be cast to in a computed column", node.typeName)
        sizes = node.typeName.typmods or ()
        if sizes and (name == "interval" or not all(isinstance(size, ast.A_Const) and isinstance(size.val, ast.Integer) for size in sizes)):
            self.refuse(f"Write the type {name} without what stands behind it", node.typeName)
        shown = f"{name}({self._list(sizes)})" if sizes else name
        return f"CAST({self.write(node.arg)} AS {shown})"


def _reason(error: Any) -> tuple[str, int | None]:
    reason, *places = error.args
    return re.sub(r", at index \d+$", "", str(reason)), places[0] if places and isinstance(places[0], int) else None


def text(value: str) -> str:
    """A constant text. Sources read backslashes literally, so quotes are all there is to double."""
    return "'" + value.replace("'", "''") + "'"


def _is_word(node: Any) -> bool:
    return isinstance(node, ast.A_Const) and isinstance(node.val, ast.String) and bool(re.fullmatch(r"[a-z_]{1,20}", str(node.val.sval)))


def _words(node: Any) -> str:
    known = {"SubLink": "A question within it", "A_ArrayExpr": "An array", "RowExpr": "A row", "A_Indirection": "A part of a value"}
    kind = type(node).__name__
    return known.get(kind, re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind))
