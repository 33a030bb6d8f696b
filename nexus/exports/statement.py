"""The COPY of every form: the SELECT, each column read as the form needs it, and no row that is too long.

Each operator and function is named with its schema: the search path is the source's, where people may have put their own.
"""

from collections.abc import Sequence

from nexus.sources.export import Head
from nexus.sources.question import ROW_BYTES, TOO_BIG

SIZE_OF_TEXT = "pg_catalog.octet_length({0}::pg_catalog.text)"
SIZE_OF_BYTES = "2 operator(pg_catalog.*) pg_catalog.octet_length({0})"
AS_WRITTEN = "nullif(pg_catalog.concat({0}), '')"
"""As the type's own output function writes it, which a cast need not."""
TEXT = (25, 1043)
FIXED = (16, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 1186, 1266, 2950)
"""Types whose values are never long."""
BARE = "quote e'\\x01', delimiter e'\\x02'"
"""For rows of one text that never holds these two, nor a line break: COPY then writes it as it is."""
MOST_ARGUMENTS = 90
"""Of one function; Postgres takes 100."""

COPY = """copy (select {shown} from (select {read} from (
{sql}
) "nexus query" {names} offset 0) "nexus row" {where}) to stdout with (format csv{options})"""


def copy(*, template: str, read: Sequence[str], sizes: Sequence[str], shown: str, options: str = "", names: Sequence[str] = ()) -> str:
    """The COPY. `read` are expressions over the columns `c0`, `c1` …, and make rows of the columns `names`, without which
    they are called so, too; `sizes` and `shown` are over those."""
    columns = [f"c{number}" for number in range(len(read))]
    where = ""
    if sizes:
        size = f"({' operator(pg_catalog.+) '.join(f'coalesce({one}, 0)' for one in sizes)})"
        complaint = f"('{TOO_BIG}' operator(pg_catalog.||) {size}::pg_catalog.text operator(pg_catalog.||) ' bytes')::pg_catalog.bool"
        where = f"where {size} operator(pg_catalog.<=) {ROW_BYTES} or {complaint}"
    return COPY.format(
        shown=shown,
        read=", ".join(f"{expression} as {name}" for expression, name in zip(read, names or columns, strict=True)),
        sql=template,
        names=f"({', '.join(columns)})" if columns else "",
        where=where,
        options=f", {options}" if options else "",
    )


def quoted(name: str) -> str:
    """An identifier, also for a driver that reads `%` as the begin of a value."""
    return '"' + name.replace('"', '""').replace("%", "%%") + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''").replace("%", "%%") + "'"


def joined(parts: Sequence[str]) -> str:
    """One text of many, however many."""
    while len(parts) > MOST_ARGUMENTS:
        parts = [f"pg_catalog.concat({', '.join(parts[at : at + MOST_ARGUMENTS])})" for at in range(0, len(parts), MOST_ARGUMENTS)]
    return f"pg_catalog.concat({', '.join(parts) or literal('')})"


def told_apart(heads: Sequence[Head]) -> list[str]:
    """Names of columns, each once: the second `a` is `a_2`. At most the 63 bytes that a name may have."""
    taken: set[str] = set()
    names = []
    own = {head.name for head in heads}
    for head in heads:
        name, number = head.name, 2
        while name in taken or (number > 2 and name in own):
            ending = f"_{number}"
            name = head.name.encode()[: 63 - len(ending)].decode(errors="ignore") + ending
            number += 1
        taken.add(name)
        names.append(name)
    return names
