"""Questions to begin with: those that were answered well, and some that a source's tables can answer."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from nexus.accounts.spec import Permission, User, require
from nexus.asking import choosing, store
from nexus.asking.rules import Rules
from nexus.db.session import transaction
from nexus.sources import catalog
from nexus.sources import service as sources
from nexus.sources.catalog import CatalogColumn, CatalogTable

MOST = 4
MOST_TABLES = 3
LONGEST = 120
"""Characters; a longer question is no example at a glance."""


def suggestions(*, reader: User, source: str) -> tuple[str, ...]:
    """The latest that were answered well and read tables that are there, then some for the largest tables. Raises what reading the catalog does."""
    require(reader, Permission.RUN_PROMPTS)
    with transaction() as session:
        found = sources.find(session, reader=reader, name=source)
        kept = store.examples(session, reader=reader, source=source)
    rules = Rules(found, reader=reader)
    known = catalog.tables(found, reader=reader)
    tables = rules.tables(known)
    there = {choosing.named(table) for table in tables}
    good = [one.question for one in kept if one.read and set(one.read) <= there and rules.names_nothing_hidden(one, known)]
    largest = sorted(tables, key=lambda table: (-(table.estimated_rows or 0), table.schema, table.name))[:MOST_TABLES]
    of_each = [list(_of_table(table, rules)) for table in largest]
    made = (question for turn in zip_longest(*of_each) for question in turn if question)
    short = (question for question in [*good, *made] if len(question) <= LONGEST)
    return tuple(dict.fromkeys(short))[:MOST]


def _of_table(table: CatalogTable, rules: Rules) -> Iterator[str]:
    """One or two that its columns can answer."""
    columns = [column for column in table.columns if rules.told(table.schema, table.name, column.name)]
    keys = {name for key in table.foreign_keys for name in key.columns}
    what = _words(table.name)
    kinds = [column for column in columns if column.kind == "text" and not (column.key and len(table.primary_key) == 1)]
    figures = [column for column in columns if column.kind == "number" and not column.key and column.name not in keys and _measures(column)]
    moments = [column for column in columns if column.kind in ("date", "time")]
    if figures and kinds:
        yield f"Which {_words(kinds[0].name)} has the highest average {_words(figures[-1].name)} in {what}?"
    if moments:
        yield f"How many rows of {what} are there each month, going by {_words(moments[0].name)}?"
    if not (figures and kinds) and not moments:
        yield f"How many rows does {what} have?"


def _measures(column: CatalogColumn) -> bool:
    """Whether its name is not that of a number that only tells things apart, or a part of a date."""
    words: Sequence[str] = column.name.casefold().split("_")
    return not {"id", "key", "no", "nr", "code", "number", "year", "month", "day", "hour", "minute"} & set(words)


def _words(name: str) -> str:
    return " ".join(name.replace("_", " ").split())
