"""SQL that would run somebody's own function without calling it: by an operator, a cast, or a name behind a dot that is no column.

The guard knows the text alone; which names mean such a function only the database's catalog tells.
"""

from typing import Any

from pglast import ast
from pglast.visitors import Visitor

from nexus.accounts.spec import Permission, User, require
from nexus.sources.lineage import Unreadable, statement_of, tables_in
from nexus.sources.relatives import relatives
from nexus.sources.spec import QueryRefused, Source


def check(source: Source, sql: str, *, reader: User) -> None:
    """Raises QueryRefused where a statement that the guard lets pass runs such a function, and what reading the catalog raises."""
    require(reader, Permission.BUILD)
    try:
        own = relatives(source, reader=reader, tables=tables_in(sql, frozenset())).own
        seen = _Seen()
        seen(statement_of(sql, frozenset()))
    except Unreadable:
        raise QueryRefused("This statement is not understood well enough to be run. Write it in a plainer way.") from None
    columns = seen.columns.union(*own.columns.values())
    for what, names in (
        ("operator", seen.operators & own.operators),
        ("type", seen.types & own.types),
        ("name", (seen.fields & own.functions) - columns),
    ):
        if names:
            raise QueryRefused(f"Only Postgres's own functions are allowed; the {what} {min(names)} runs another one of this database.")


class _Seen(Visitor):
    """The names in a statement that could mean a function."""

    def __init__(self) -> None:
        self.operators: set[str] = set()
        self.types: set[str] = set()
        self.fields: set[str] = set()
        self.columns: set[str] = set()

    def visit(self, _ancestors: Any, node: Any) -> None:
        match node:
            case ast.A_Expr():
                self.operators |= _last(node.name)
            case ast.SubLink():
                self.operators |= _last(node.operName)
            case ast.SortBy():
                self.operators |= _last(node.useOp)
            case ast.TypeName():
                self.types |= {name.lstrip("_") for name in _last(node.names)}
            case ast.ColumnRef() if len(node.fields or ()) > 1:
                self.fields |= _last(node.fields)
            case ast.A_Indirection():
                self.fields |= {str(step.sval) for step in node.indirection or () if isinstance(step, ast.String)}
            case ast.ResTarget() if node.name:
                self.columns.add(str(node.name))
            case ast.Alias():
                self.columns |= {str(one.sval) for one in node.colnames or ()}
            case ast.CommonTableExpr():
                self.columns |= {str(one.sval) for one in node.aliascolnames or ()}
            case _:
                pass


def _last(names: Any) -> set[str]:
    return {str(one.sval) for one in (names or ())[-1:] if isinstance(one, ast.String)}
