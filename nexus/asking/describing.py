"""Tables as text for a model: names, types, keys and comments, and of columns that may be sent a few common values."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import sha256

from nexus.asking.choosing import named
from nexus.prompts.markdown import plain
from nexus.sources.catalog import CatalogColumn, CatalogTable, ForeignKey, quoted

LONGEST_COMMENT = 300
MOST_COLUMNS = 200
"""Of one table; of a wider one the first."""
MOST_CHARACTERS = 60_000
"""Of all tables that are described; about 15,000 tokens."""
MOST_NAMES = 20_000
"""Characters of names alone."""

Told = Callable[[str, str, str], bool]
"""Whether a column of a schema and table may be named at all."""
Values = Mapping[tuple[str, str, str], Sequence[str]]
"""By schema, table and column: values that may go along."""


def describe(tables: Sequence[CatalogTable], told: Told, values: Values) -> tuple[str, tuple[CatalogTable, ...]]:
    """The first of `tables` that there is room for, and which those are; at least one."""
    parts: list[str] = []
    size = 0
    for table in tables:
        part = _table(table, told, values)
        size += len(part)
        if parts and size > MOST_CHARACTERS:
            break
        parts.append(part)
    return "\n".join(parts), tuple(tables[: len(parts)])


def names(tables: Iterable[CatalogTable]) -> tuple[str, ...]:
    """Names of the first of `tables` that there is room for."""
    found: list[str] = []
    size = 0
    for table in tables:
        size += len(named(table)) + 1
        if size > MOST_NAMES:
            break
        found.append(named(table))
    return tuple(found)


def fenced(kind: str, body: str) -> str:
    """`body` between two lines that nothing in it can be: their name is made of all of it."""
    fence = f"data-{sha256(body.encode(errors='replace')).hexdigest()[:8]}"
    return f'<{fence} name="{kind}">\n{body.strip()}\n</{fence}>'


def _table(table: CatalogTable, told: Told, values: Values) -> str:
    rows = f", about {table.estimated_rows:,} rows" if table.estimated_rows is not None else ""
    lines = [f"{_name(table.schema)}.{_name(table.name)}: {table.kind}{rows}{_comment(table.comment)}"]
    columns = [column for column in table.columns if told(table.schema, table.name, column.name)]
    key = "part of the primary key" if len(table.primary_key) > 1 else "primary key"
    lines += [_column(column, key, values.get((table.schema, table.name, column.name), ())) for column in columns[:MOST_COLUMNS]]
    if len(columns) > MOST_COLUMNS:
        lines.append(f"  … and {len(columns) - MOST_COLUMNS} more columns")
    lines += [_key(key) for key in table.foreign_keys if _may_be_told(table, key, told)]
    return "\n".join(lines) + "\n"


def _may_be_told(table: CatalogTable, key: ForeignKey, told: Told) -> bool:
    mine = all(told(table.schema, table.name, column) for column in key.columns)
    return mine and all(told(key.schema, key.table, column) for column in key.other_columns)


def _column(column: CatalogColumn, key: str, values: Sequence[str]) -> str:
    marks = "".join((f", {key}" if column.key else "", "" if column.nullable or column.key else ", never null"))
    some = f", as {', '.join(json.dumps(plain(value), ensure_ascii=False) for value in values)}" if values else ""
    return f"  {_name(column.name)} {plain(column.type_name)}{marks}{some}{_comment(column.comment)}"


def _key(key: ForeignKey) -> str:
    mine, others = (", ".join(_name(name) for name in names) for names in (key.columns, key.other_columns))
    return f"  ({mine}) refers to {_name(key.schema)}.{_name(key.table)} ({others})"


def _comment(text: str) -> str:
    line = " ".join(plain(text).split())
    return f" -- {line[:LONGEST_COMMENT]}" if line else ""


def _name(name: str) -> str:
    """As it is written in SQL, on one line."""
    bare = " ".join(plain(name).split())
    return bare if bare.isidentifier() and bare.isascii() and bare == bare.lower() else quoted(bare)
