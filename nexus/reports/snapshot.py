"""What a report said, as values: kept beside the file, so that two issues can be compared without reading a PDF."""

import json
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from nexus.accounts.spec import User
from nexus.dashboards.metric import metric
from nexus.dashboards.spec import DataPanel, MetricPanel, TablePanel
from nexus.sources.spec import Column as SourceColumn
from nexus.sources.spec import Table
from nexus.views import format as written
from nexus.views.figure import number
from nexus.views.keys import keys
from nexus.views.service import OpenView

MOST_CELLS = 150_000
"""Of one table: 6,000 rows of 25 columns."""
MOST_BYTES = 8 * 1024 * 1024
"""Of all tables of a report, before they are compressed, to about a tenth of it."""
LONGEST = 2_000
"""Characters of a cell, as on paper."""
LONGEST_PROSE = 200_000

Kind = Literal["figure", "table", "chart", "text", "failed"]


class Column(BaseModel, frozen=True):
    """`values` are canonical texts, the same in every zone and format; `texts` as printed, where they differ."""

    name: str
    head: str
    numeric: bool = False
    values: list[str | None] = Field(repr=False)
    texts: list[str] | None = Field(None, repr=False)

    def text(self, row: int) -> str:
        value = self.values[row]
        return self.texts[row] if self.texts is not None else written.NOTHING if value is None else value


class Panel(BaseModel, frozen=True):
    """One panel as it was printed. A chart has the rows that it was drawn from."""

    name: str
    kind: Kind
    title: str
    text: str = ""
    """Of a figure, of prose, or why there is nothing."""
    value: str | None = None
    """Of a figure, canonical."""
    columns: tuple[Column, ...] = ()
    keys: tuple[str, ...] = ()
    """Names of the columns that its view groups by."""
    table_keys: tuple[str, ...] = ()
    """Names of the columns that hold a key of the source's tables, where that tells rows apart."""
    row_count: int = 0
    kept_rows: int = 0

    @property
    def whole(self) -> bool:
        return self.kept_rows == self.row_count


class Snapshot(BaseModel, frozen=True):
    panels: tuple[Panel, ...] = ()


def of_data(panel: DataPanel, table: Table, view: OpenView, *, reader: User, zone: tzinfo) -> Panel:
    """Raises BadInput when the panel names a column that its view does not return."""
    title = panel.title or view.view.title
    if isinstance(panel, MetricPanel):
        figure = metric(panel, table, view.view.formats)
        return Panel(name=panel.name, kind="figure", title=title, text=figure.value_text, value=_canonical(figure.value))
    columns = panel.columns if isinstance(panel, TablePanel) else ()
    return of_rows(
        table,
        view,
        reader=reader,
        name=panel.name,
        title=title,
        kind="table" if isinstance(panel, TablePanel) else "chart",
        columns=columns,
        zone=zone,
    )


def of_rows(
    table: Table, view: OpenView, *, reader: User, name: str, title: str, zone: tzinfo, kind: Kind = "table", columns: Sequence[str] = ()
) -> Panel:
    """The columns that are shown, of the first rows."""
    formats = view.view.formats
    places = [table.position(column) for column in columns] or written.shown(table.columns, formats)
    kept = min(len(table.rows), MOST_CELLS // max(len(places), 1))
    rows = table.rows[:kept]
    made = [_column(table.columns[at], [row[at] for row in rows], formats, zone=zone) for at in places]
    known = dict(keys(view, reader=reader, shown={column.name for column in made}))
    return Panel(
        name=name,
        kind=kind,
        title=title,
        columns=tuple(made),
        keys=known.get("groups", ()),
        table_keys=known.get("table", ()),
        row_count=table.row_count,
        kept_rows=kept,
    )


def of_text(name: str, title: str, text: str, *, kind: Kind = "text") -> Panel:
    return Panel(name=name, kind=kind, title=title, text=text[:LONGEST_PROSE])


def pack(panels: Iterable[Callable[[], Panel]]) -> bytes:
    """Compressed; what goes beyond the limit loses its last rows. Panels are made one after another."""
    left, kept = MOST_BYTES, []
    for make in panels:
        panel, spent = _fitting(make(), left)
        left -= spent
        kept.append(panel)
    return zlib.compress(Snapshot(panels=tuple(kept)).model_dump_json(exclude_defaults=True).encode(errors="replace"), 6)


def unpack(content: bytes) -> Snapshot:
    """Nothing for what an earlier Nexus wrote in another form."""
    try:
        return Snapshot.model_validate_json(zlib.decompress(content))
    except (ValidationError, zlib.error):
        return Snapshot()


def _fitting(panel: Panel, room: int) -> tuple[Panel, int]:
    """As many of its rows as take `room` bytes, and how much they take."""
    if not panel.columns:
        return panel, len(panel.text.encode(errors="replace"))
    spent = 0
    for row in range(panel.kept_rows):
        size = sum(_size(column.values[row] or "") + (_size(column.texts[row]) if column.texts else 0) + 6 for column in panel.columns)
        if spent + size > room:
            return _shortened(panel, row), spent
        spent += size
    return panel, spent


def _shortened(panel: Panel, rows: int) -> Panel:
    columns = tuple(
        column.model_copy(update={"values": column.values[:rows], "texts": column.texts and column.texts[:rows]})
        for column in panel.columns
    )
    return panel.model_copy(update={"columns": columns, "kept_rows": rows})


def _size(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="replace"))


def _column(column: SourceColumn, cells: Sequence[Any], formats: Mapping[str, Any], *, zone: tzinfo) -> Column:
    style = formats.get(column.name)
    values = [_canonical(cell) for cell in cells]
    texts = [written.text(cell, style, column, zone=zone)[:LONGEST] for cell in cells]
    same = all(text == (written.NOTHING if value is None else value) for text, value in zip(texts, values, strict=True))
    numeric = column.kind == "number"
    return Column(name=column.name, head=written.label(column, style), numeric=numeric, values=values, texts=None if same else texts)


def _canonical(value: Any) -> str | None:
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int() | float() | Decimal():
            return str(value) if number(value) is not None else repr(value)
        case datetime():
            return (value.astimezone(UTC) if value.tzinfo else value).isoformat()
        case date():
            return value.isoformat()
        case bytes() | memoryview():
            return bytes(value).hex()[:LONGEST]
        case list() | dict() | tuple():
            return json.dumps(value, ensure_ascii=False, default=str, sort_keys=True)[:LONGEST]
        case _:
            return str(value)[:LONGEST]
