"""Tables in words: how large, where they lie, and where their page is."""

from nexus.sources.catalog import CatalogTable
from nexus.sources.spec import Source

ICONS = {"table": "table", "view": "visibility", "materialized view": "view_in_ar", "foreign table": "public"}
"""By kind, as symbols of the font."""


def rows_of(table: CatalogTable) -> str:
    """About how many rows; empty before the database has an estimate, and for a view, which has none."""
    count = table.estimated_rows
    if count is None or table.kind == "view":
        return ""
    for size, word in ((1_000_000_000, "billion"), (1_000_000, "million")):
        if count >= size:
            return f"about {count / size:.3g} {word} rows"
    return "about 1 row" if count == 1 else f"about {count:,} rows"


def size_of(size_bytes: int) -> str:
    for size, word in ((1 << 30, "GB"), (1 << 20, "MB")):
        if size_bytes >= size:
            return f"{size_bytes / size:,.1f} {word}"
    return f"{size_bytes / 1024:,.0f} KB"


def address(source: Source, schema: str, table: str) -> dict[str, str]:
    """The query of the address of the table's page, and of the forms that begin with it."""
    return {"source": source.name, "schema": schema, "table": table}
