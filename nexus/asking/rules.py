"""What the source's column rules let a question take along: a column that may never leave is not even named."""

import re
from collections.abc import Sequence

from nexus.accounts.spec import Permission, User, require
from nexus.asking.spec import Asking
from nexus.errors import NexusError
from nexus.sources.catalog import CatalogTable
from nexus.sources.common_values import common_values
from nexus.sources.ruling import rule_of_columns
from nexus.sources.spec import Source


class Rules:
    """Of one source, for one question. Raises SourceUnavailable, QueryTooSlow: views of the database are followed to their tables."""

    def __init__(self, source: Source, *, reader: User) -> None:
        require(reader, Permission.BUILD)
        self._source = source
        self._rule_of = rule_of_columns(source, reader=reader)

    def told(self, schema: str, table: str, column: str) -> bool:
        return self._rule_of(schema, table, column) != "never"

    def sent(self, schema: str, table: str, column: str) -> bool:
        """Whether values may go along."""
        return self._rule_of(schema, table, column) == "send"

    def tables(self, known: Sequence[CatalogTable]) -> list[CatalogTable]:
        """Those of which at least one column may be named."""
        if not self._source.rules:
            return list(known)
        return [table for table in known if any(self.told(table.schema, table.name, column.name) for column in table.columns)]

    def values(self, tables: Sequence[CatalogTable], *, reader: User) -> dict[tuple[str, str, str], tuple[str, ...]]:
        """Common values of columns that may be sent; none where the database does not tell."""
        require(reader, Permission.BUILD)
        try:
            found = common_values(self._source, reader=reader, tables=tables)
        except NexusError:
            return {}  # a question does well without
        return {place: values for place, values in found.items() if self.sent(*place)}

    def names_nothing_hidden(self, asking: Asking, known: Sequence[CatalogTable]) -> bool:
        """Whether earlier SQL names no column of its tables that may not be named now."""
        if not self._source.rules:
            return True
        by_name = {f"{table.schema}.{table.name}": table for table in known}
        words = {word.casefold() for word in re.findall(r'"[^"]+"|\w+', asking.sql)}
        return not any(
            column.name.casefold() in words or f'"{column.name.casefold()}"' in words
            for name in asking.read
            if (table := by_name.get(name)) is not None
            for column in table.columns
            if not self.told(table.schema, table.name, column.name)
        )
