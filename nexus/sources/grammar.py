"""What a statement may be made of: one pass over the tree that Postgres's own grammar makes of it."""

import re
from typing import Any

from pglast import ast

from nexus.sources.functions import ALLOWED, SERVER_NAMES, SERVER_PREFIXES
from nexus.sources.spec import QueryRefused, QueryTooBig
from nexus.sources.sqltext import original, place_of

MAX_REPEAT = 1_000_000

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

# Their values are looked up in the catalog, by name, whoever asks. `regconfig` is what text search needs.
CATALOG_TYPES = frozenset(
    """
    aclitem regclass regcollation regdatabase regdictionary regnamespace regoper regoperator regproc regprocedure regrole
    regtype
    """.split()  # noqa: SIM905 - a list of names reads better as words
)
PG_TYPES = frozenset({"pg_lsn", "pg_snapshot"})
"""The types called `pg_…` that are no rows of the catalog."""


def _words(kind: str) -> str:
    """`CreateFunctionStmt` as `CREATE FUNCTION`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.removesuffix("Stmt")).upper()


def _text_of(node: Any) -> str | None:
    """The text of a constant; None for anything else."""
    return str(node.val.sval) if isinstance(node, ast.A_Const) and isinstance(node.val, ast.String) else None


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
        position = original(location, self.origin) if isinstance(location, int) and location >= 0 else None
        return QueryRefused(f"{sentence}{place_of(self.sql, position)}.", position=position)

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
            case "RangeTableSample" if [part.sval for part in node.method] not in (["bernoulli"], ["system"]):
                raise self.refuse("TABLESAMPLE takes BERNOULLI or SYSTEM here", node)
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
            refused = self.refuse(f"The function {shown}() is not allowed here", node)
            refused.function = name
            raise refused
        if name == "pg_input_is_valid":
            self._type_in_text(node)
        if name in ("repeat", "lpad", "rpad") and len(node.args or ()) > 1:
            count = getattr(getattr(node.args[1], "val", None), "ival", 0)
            if isinstance(node.args[1], ast.A_Const) and isinstance(count, int) and count > MAX_REPEAT:
                raise QueryTooBig(f"{name}() may make at most {MAX_REPEAT:,} characters here.")
        if not schemas:
            self.unqualified.append(node.location)

    @staticmethod
    def _own_setting(node: Any) -> bool:
        """`current_setting('nexus.…')`: what Nexus itself told the database about the reader."""
        return (_text_of(node.args[0] if node.args else None) or "").startswith("nexus.")

    def _type(self, node: Any) -> None:
        if node.pct_type:
            raise self.refuse("%TYPE is not allowed here", node)
        names = [part.sval for part in node.names or ()]
        if names:
            self._type_called(names[:-1], names[-1], node)

    def _type_called(self, schemas: list[str], name: str, node: Any) -> None:
        # Postgres's own name of the arrays of a type begins with an underscore.
        bare = name.lstrip("_")
        if bare in CATALOG_TYPES or (bare.startswith("pg_") and bare not in PG_TYPES and schemas in ([], ["pg_catalog"])):
            raise self.refuse(f"The type {name} looks into the catalog, and is not allowed", node)
        if any(schema in CLOSED_SCHEMAS or (schema.startswith("pg_") and schema != "pg_catalog") for schema in schemas):
            raise self.refuse(f"The type {'.'.join([*schemas, name])} belongs to the database itself or to Nexus, and is not allowed", node)

    def _type_in_text(self, node: Any) -> None:
        """`pg_input_is_valid(value, type)` takes the name of a type as a text."""
        text = _text_of(node.args[1]) if len(node.args or ()) == 2 else None
        if text is None or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_ ]*(\([0-9, ]+\))?[a-z ]*(\[\])?", text):
            raise self.refuse("pg_input_is_valid() takes the plain name of a type here, as 'integer'", node)
        for word in re.findall(r"\w+", text.lower()):
            self._type_called([], word, node)

    def _operator(self, node: Any) -> None:
        parts = getattr(node, "name", None) or getattr(node, "operName", None) or getattr(node, "useOp", None) or ()
        schemas = [part.sval for part in parts][:-1]
        if schemas not in ([], ["pg_catalog"]):
            raise self.refuse(f"Only Postgres's own operators are allowed; {'.'.join(schemas)} is another schema", node)

    def _field(self, field: Any, node: Any) -> None:
        name = field.sval if isinstance(field, ast.String) else ""
        if name and name not in ALLOWED and (name.startswith(SERVER_PREFIXES) or name in SERVER_NAMES):
            raise self.refuse(f"{name} is a function of the server, and cannot be called as a column either", node)
