"""Which views read a table."""

from pydantic import BaseModel, ValidationError

from nexus.accounts.spec import Permission, User, require
from nexus.db import uses
from nexus.db.session import Session
from nexus.errors import NexusError
from nexus.sources.anatomy import tables_in
from nexus.views.compile import bind_names, texts_of
from nexus.views.question import SqlQuestion
from nexus.views.spec import View


class Reading(BaseModel, frozen=True):
    """A view that reads the table."""

    name: str
    title: str


def views_of_table(session: Session, *, reader: User, source: str, schema: str, table: str) -> list[Reading]:
    """The views whose newest version reads the table, as far as the reader may see them, by title.

    A name without a schema in SQL counts as the table's: which schema it means is the source's own affair.
    """
    require(reader, Permission.BUILD)
    if "\0" in schema + table:
        return []
    found = uses.perhaps_of_table(session, source=source, table=table, reader=reader)
    return [Reading(name=name, title=title) for name, title, spec in found if _reads(spec, schema, table)]


def _reads(spec: object, schema: str, table: str) -> bool:
    try:
        view = View.model_validate(spec)
        if not isinstance(view.question, SqlQuestion):
            joined = {(join.db_schema, join.table) for join in view.question.joins}
            return (schema, table) in joined | {(view.question.db_schema, view.question.table)}
        names = frozenset(bind_names(view.parameters))
        read = frozenset().union(*(tables_in(text, names) for text in texts_of(view.question, view.parameters)))
    except (ValidationError, NexusError):
        return False  # one that this release cannot read is told of where it is opened
    return bool({(schema, table), (None, table)} & read)
