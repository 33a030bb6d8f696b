"""A view whose source may have changed under it: what is remembered of its columns is looked at again, once, and what is gone is named."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nexus.accounts.spec import Permission, User, require
from nexus.sources import catalog
from nexus.sources.spec import QueryFailed
from nexus.views.changes import GONE
from nexus.views.reading import Reading, reading_of
from nexus.views.service import OpenView, explaining

T = TypeVar("T")


def read_columns(opened: OpenView, *, reader: User, values: Mapping[str, Any]) -> Reading:
    """As `reading_of`. Raises as `over`."""
    return over(opened, reader=reader, values=values, ask=lambda reading: reading)


def over(opened: OpenView, *, reader: User, values: Mapping[str, Any], ask: Callable[[Reading], T]) -> T:
    """What `ask` makes of what the view reads; where the database refuses it, once more of what it reads now.

    Raises BadInput for a value that does not fit, QueryFailed that names what is gone, and what `ask` raises.
    """
    require(reader, Permission.SEE)
    with explaining(opened, reader=reader):
        reading: Reading | None = None
        try:
            reading = reading_of(opened.view, opened.source, reader=reader, values=values)
            return ask(reading)
        except QueryFailed as error:
            if error.code in GONE:
                catalog.tables(opened.source, reader=reader, fresh=True)
            again = reading_of(opened.view, opened.source, reader=reader, values=values, fresh=True)
            if again == reading:
                raise
            return ask(again)
