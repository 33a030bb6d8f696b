"""What people's SQL may be: one SELECT that reads tables and calls harmless functions. Nothing here opens a connection.

This is the first wall, and gives the clear sentence. Behind it stand the source's role and the read-only
transaction, which hold without it.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pglast import ast, parse_sql, scan
from pglast.parser import ParseError

from nexus.sources.functions import ALLOWED, SERVER_NAMES, SERVER_PREFIXES
from nexus.sources.spec import QueryRefused, QueryTooBig

MAX_CHARACTERS = 100_000
MAX_TOKENS = 10_000
"""Postgres's grammar builds a chain of operators as a nest; 5,000 deep is far from the end of a thread's stack."""
MAX_DEPTH = 100
MAX_REPEAT = 1_000_000


@dataclass(frozen=True)
class Statement:
    """A statement that may run. `template` has each `:name` as `%(name)s` and each function with its schema."""

    template: str
    parameters: frozenset[str]


@dataclass(frozen=True)
class Place:
    """A `:name` in the text, by character offsets."""

    start: int
    end: int
    name: str


def check(sql: str, *, names: Collection[str] = ()) -> Statement:
    """The statement, ready to bind `names`. Raises QueryRefused with a sentence, or QueryTooBig past the size limits."""
    return _checked(sql, frozenset(names))


def parameters_of(sql: str) -> tuple[str, ...]:
    """The `:name` parameters of a text in the order of their first use. Raises QueryRefused where it cannot be read."""
    tokens = _tokens(sql)
    return tuple(dict.fromkeys(place.name for place in _places(sql, tokens, None)))


@lru_cache(maxsize=512)
def _checked(sql: str, names: frozenset[str]) -> Statement:
    tokens = _tokens(sql)
    places = list(_places(sql, tokens, names))
    numbered, origin = _numbered(sql, places)
    try:
        statements = parse_sql(numbered)
    except ParseError as error:
        raise _syntax(sql, error, origin) from None
    if len(statements) != 1:
        raise QueryRefused("Write one SELECT. " + ("There is none." if not statements else "There are several statements here."))
    statement: Any = statements[0]
    walk = Walk(sql, origin)
    walk.statement(statement.stmt)
    end = statement.stmt_location + statement.stmt_len if statement.stmt_len else len(numbered)
    return Statement(
        template=_template(numbered[:end], walk.unqualified, [place.name for place in places]),
        parameters=frozenset(place.name for place in places),
    )


# --- text -------------------------------------------------------------------------------------------------


def _tokens(sql: str) -> list[Any]:
    """The tokens without comments. Refuses what is too long or too deep before any recursive code sees it."""
    if len(sql) > MAX_CHARACTERS:
        raise QueryTooBig(f"This statement is too long: {len(sql):,} characters, and {MAX_CHARACTERS:,} are allowed.")
    if "\0" in sql or any("\ud800" <= character <= "\udfff" for character in sql):
        raise QueryRefused("The statement holds a character that no text can hold (NUL, or half of a pair).")
    try:
        tokens = [token for token in scan(sql) if token.name not in ("SQL_COMMENT", "C_COMMENT")]
    except ParseError as error:
        raise _syntax(sql, error, None) from None
    if not tokens:
        raise QueryRefused("Write one SELECT. There is none.")
    if len(tokens) > MAX_TOKENS:
        raise QueryTooBig(
            f"This statement has too many parts: {len(tokens):,}, and {MAX_TOKENS:,} are allowed. Put lists into a parameter."
        )
    depth = 0
    for token in tokens:
        if token.name in ("ASCII_40", "ASCII_91", "CASE"):
            depth += 1
            if depth > MAX_DEPTH:
                raise QueryTooBig(f"This statement is nested too deeply{_at(sql, token.start)}; {MAX_DEPTH} levels are allowed.")
        elif token.name in ("ASCII_41", "ASCII_93", "END_P"):
            depth -= 1
    return tokens


def _places(sql: str, tokens: list[Any], names: frozenset[str] | None) -> Iterator[Place]:
    """Each `:name`. In `a[x:y]` it is a slice, unless a parameter of that name is given.

    With `names`, one that is not among them is refused; without, every one outside brackets counts.
    """
    brackets = 0
    for number, token in enumerate(tokens):
        if token.name == "ASCII_91":
            brackets += 1
        elif token.name == "ASCII_93":
            brackets -= 1
        elif token.name == "PARAM":
            raise QueryRefused(f"Name parameters as :name; {sql[token.start : token.end + 1]} is not known{_at(sql, token.start)}.")
        if token.name != "ASCII_58" or number + 1 == len(tokens):
            continue
        following = tokens[number + 1]
        name = sql[following.start : following.end + 1]
        if following.start != token.end + 1 or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            continue
        if names is None or name not in names:
            if brackets:
                continue
            if names is not None:
                raise QueryRefused(f"The parameter :{name}{_at(sql, token.start)} is not defined. Add it to the parameters, or remove it.")
        yield Place(start=token.start, end=following.end + 1, name=name)


def _numbered(sql: str, places: list[Place]) -> tuple[str, list[tuple[int, int]]]:
    """The text with `$1`, `$2` … for the grammar, and pairs (offset there, offset in the original) to point back with."""
    pieces: list[str] = []
    origin: list[tuple[int, int]] = [(0, 0)]
    at = length = 0
    for number, place in enumerate(places, start=1):
        # A space behind: in `:a:b` or `:a1` nothing may grow together.
        pieces += [sql[at : place.start], f"${number} "]
        length += place.start - at + len(pieces[-1])
        at = place.end
        origin.append((length, at))
    pieces.append(sql[at:])
    return "".join(pieces), origin


def _template(numbered: str, unqualified: list[int], names: list[str]) -> str:
    """The text for the driver: `%` doubled, functions with their schema, `$n` as `%(name)s`."""
    for offset in sorted(unqualified, reverse=True):
        # Written out, `lower(x)` cannot mean a function that somebody else put into another schema.
        numbered = f"{numbered[:offset]}pg_catalog.{numbered[offset:]}"
    pieces: list[str] = []
    at = 0
    for token in scan(numbered):
        if token.name == "PARAM":
            pieces += [numbered[at : token.start].replace("%", "%%"), f"%({names[int(numbered[token.start + 1 : token.end + 1]) - 1]})s"]
            at = token.end + 1
    pieces.append(numbered[at:].replace("%", "%%"))
    return "".join(pieces)


def _at(sql: str, offset: int | None) -> str:
    if offset is None or offset < 0:
        return ""
    before = sql[:offset]
    return f" (line {before.count(chr(10)) + 1}, column {offset - (before.rfind(chr(10)) + 1) + 1})"


def _original(offset: int, origin: list[tuple[int, int]]) -> int:
    there, here = max((pair for pair in origin if pair[0] <= offset), default=(0, 0))
    return here + offset - there


def _syntax(sql: str, error: ParseError, origin: list[tuple[int, int]] | None) -> QueryRefused:
    reason = str(error.args[0]) if error.args else "syntax error"
    offset = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], int) else None
    if offset is not None and origin:
        offset = _original(offset, origin)
    if "memory exhausted" in reason or "stack depth" in reason:
        return QueryRefused(f"This statement is nested too deeply{_at(sql, offset)}.")
    reason = re.sub(r", at index \d+$", "", reason)
    reason = re.sub(r'"(.{60}).+"', r'"\1…"', reason, flags=re.DOTALL)
    return QueryRefused(f"This is not valid SQL: {reason}{_at(sql, offset)}.")


# --- grammar ----------------------------------------------------------------------------------------------

# Every node of the grammar that a harmless question is made of. A node that is not here is refused, so a
# later Postgres cannot bring something new past the guard.
NODES = frozenset(
    [
        "SelectStmt",
        "WithClause",
        "CommonTableExpr",
        "CTESearchClause",
        "CTECycleClause",
        "ResTarget",
        "ColumnRef",
        "A_Star",
        "A_Const",
        "Integer",
        "Float",
        "String",
        "Boolean",
        "BitString",
        "A_Expr",
        "BoolExpr",
        "NullTest",
        "BooleanTest",
        "FuncCall",
        "NamedArgExpr",
        "TypeCast",
        "TypeName",
        "CaseExpr",
        "CaseWhen",
        "CoalesceExpr",
        "MinMaxExpr",
        "SubLink",
        "RowExpr",
        "A_ArrayExpr",
        "A_Indirection",
        "A_Indices",
        "ParamRef",
        "CollateClause",
        "SQLValueFunction",
        "GroupingFunc",
        "GroupingSet",
        "WindowDef",
        "SortBy",
        "RangeVar",
        "RangeSubselect",
        "RangeFunction",
        "RangeTableSample",
        "RangeTableFunc",
        "RangeTableFuncCol",
        "JoinExpr",
        "Alias",
        "ColumnDef",
        "List",
        "XmlExpr",
        "XmlSerialize",
        "JsonObjectConstructor",
        "JsonArrayConstructor",
        "JsonArrayQueryConstructor",
        "JsonAggConstructor",
        "JsonObjectAgg",
        "JsonArrayAgg",
        "JsonOutput",
        "JsonReturning",
        "JsonFormat",
        "JsonValueExpr",
        "JsonKeyValue",
        "JsonIsPredicate",
        "JsonFuncExpr",
        "JsonArgument",
        "JsonBehavior",
        "JsonTable",
        "JsonTablePathSpec",
        "JsonTableColumn",
        "JsonParseExpr",
        "JsonScalarExpr",
        "JsonSerializeExpr",
    ]
)

CLOCKS = frozenset(
    f"SVFOP_{name}"
    for name in (
        "CURRENT_DATE",
        "CURRENT_TIME",
        "CURRENT_TIME_N",
        "CURRENT_TIMESTAMP",
        "CURRENT_TIMESTAMP_N",
        "LOCALTIME",
        "LOCALTIME_N",
        "LOCALTIMESTAMP",
        "LOCALTIMESTAMP_N",
    )
)

WRITING = {
    "InsertStmt": "INSERT",
    "UpdateStmt": "UPDATE",
    "DeleteStmt": "DELETE",
    "MergeStmt": "MERGE",
    "CopyStmt": "COPY",
    "ExplainStmt": "EXPLAIN",
    "VariableSetStmt": "SET",
    "TransactionStmt": "transaction control",
    "CallStmt": "CALL",
    "DoStmt": "DO",
    "CreateTableAsStmt": "CREATE TABLE AS",
    "TruncateStmt": "TRUNCATE",
    "GrantStmt": "GRANT",
    "LockStmt": "LOCK",
}

CLOSED_SCHEMAS = frozenset({"information_schema", "nexus"})


def _words(kind: str) -> str:
    """`CreateFunctionStmt` as `CREATE FUNCTION`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.removesuffix("Stmt")).upper()


class Walk:
    """One pass over the tree of a statement, without recursion. `unqualified` collects where to write `pg_catalog.`."""

    def __init__(self, sql: str, origin: list[tuple[int, int]]) -> None:
        self.sql = sql
        self.origin = origin
        self.unqualified: list[int] = []

    def statement(self, root: Any) -> None:
        if not isinstance(root, ast.SelectStmt):
            kind = type(root).__name__
            raise QueryRefused(f"Only SELECT is allowed here; this is {WRITING.get(kind) or _words(kind)}.")
        pending: list[Any] = [root]
        while pending:
            node = pending.pop()
            if isinstance(node, tuple):
                pending.extend(node)
            elif isinstance(node, ast.Node):
                self._node(node)
                pending.extend(value for name in node if (value := getattr(node, name)) is not None)

    def refuse(self, sentence: str, node: Any) -> QueryRefused:
        location = getattr(node, "location", None)
        place = _at(self.sql, _original(location, self.origin)) if isinstance(location, int) and location >= 0 else ""
        return QueryRefused(f"{sentence}{place}.")

    def _node(self, node: Any) -> None:
        if type(node).__name__ not in NODES:
            raise self._unknown(node)
        match type(node).__name__:
            case "RangeVar":
                self._relation(node)
            case "FuncCall":
                self._function(node)
            case "SQLValueFunction" if node.op.name not in CLOCKS:
                raise self.refuse(f"{node.op.name.removeprefix('SVFOP_')} tells about the connection, and is not allowed", node)
            case "TypeName":
                self._type(node)
            case "A_Expr" | "SubLink" | "SortBy":
                self._operator(node)
            case "ColumnRef" if len(node.fields) > 1:
                self._field(node.fields[-1], node)
            case "A_Indirection":
                for step in node.indirection:
                    self._field(step, node)
            case _:
                pass

    def _unknown(self, node: Any) -> QueryRefused:
        match node:
            case ast.IntoClause():
                return self.refuse("SELECT INTO writes a table, which is not allowed here", node)
            case ast.LockingClause():
                return self.refuse("FOR UPDATE and FOR SHARE lock rows, which is not allowed here", node)
            case _:
                kind = type(node).__name__
                return self.refuse(f"{WRITING.get(kind) or _words(kind)} is not allowed in a question to a source", node)

    def _relation(self, node: Any) -> None:
        schema = node.schemaname
        if node.catalogname:
            raise self.refuse(f"Name tables as schema.table; {node.catalogname}.{schema}.{node.relname} names a database too", node)
        if (schema and (schema.startswith("pg_") or schema in CLOSED_SCHEMAS)) or (not schema and node.relname.startswith("pg_")):
            name = f"{schema}.{node.relname}" if schema else node.relname
            raise self.refuse(f"The table {name} belongs to the database itself or to Nexus, and cannot be read here", node)

    def _function(self, node: Any) -> None:
        names = [part.sval for part in node.funcname]
        name, schemas = names[-1], names[:-1]
        shown = ".".join(names)
        if schemas not in ([], ["pg_catalog"]):
            raise self.refuse(f"Only Postgres's own functions are allowed; {shown}() is in another schema", node)
        if name == "current_setting" and self._own_setting(node):
            pass
        elif name not in ALLOWED:
            raise self.refuse(f"The function {shown}() is not allowed here", node)
        if name in ("repeat", "lpad", "rpad") and len(node.args or ()) > 1:
            count = getattr(getattr(node.args[1], "val", None), "ival", 0)
            if isinstance(node.args[1], ast.A_Const) and isinstance(count, int) and count > MAX_REPEAT:
                raise QueryTooBig(f"{name}() may make at most {MAX_REPEAT:,} characters here.")
        if not schemas:
            self.unqualified.append(node.location)

    @staticmethod
    def _own_setting(node: Any) -> bool:
        """`current_setting('nexus.…')`: what Nexus itself told the database about the reader."""
        first: Any = node.args[0] if node.args else None
        value = first.val.sval if isinstance(first, ast.A_Const) and isinstance(first.val, ast.String) else ""
        return str(value).startswith("nexus.")

    def _type(self, node: Any) -> None:
        names = [part.sval for part in node.names or ()]
        if node.pct_type:
            raise self.refuse("%TYPE is not allowed here", node)
        if names and ((names[-1].startswith("reg") and names[-1] != "regconfig") or names[-1] == "aclitem"):
            raise self.refuse(f"The type {names[-1]} looks into the catalog, and is not allowed", node)

    def _operator(self, node: Any) -> None:
        parts = getattr(node, "name", None) or getattr(node, "operName", None) or getattr(node, "useOp", None) or ()
        schemas = [part.sval for part in parts][:-1]
        if schemas not in ([], ["pg_catalog"]):
            raise self.refuse(f"Only Postgres's own operators are allowed; {'.'.join(schemas)} is another schema", node)

    def _field(self, field: Any, node: Any) -> None:
        name = field.sval if isinstance(field, ast.String) else ""
        if name and name not in ALLOWED and (name.startswith(SERVER_PREFIXES) or name in SERVER_NAMES):
            raise self.refuse(f"{name} is a function of the server, and cannot be called as a column either", node)
