"""What a report says, block by block, and where each block stands: values that know nothing of HTML."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, assert_never

from markupsafe import Markup

from nexus.reports import band
from nexus.reports.charted import sized
from nexus.reports.layout import GRID, Layout, filled, rows_of
from nexus.reports.letterhead import NONE, Letterhead
from nexus.views.highlight import Mark

SHORT_TABLE = 14
"""A table of at most so many rows may stand beside another panel."""
LONG_TEXT = 1_200
"""Characters of HTML from which on a text takes the whole paper."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """How a panel's figures came about."""

    view: str
    version: int
    source: str
    sql: str
    parameters: tuple[tuple[str, str], ...] = ()
    row_count: int
    cut: str = ""
    """Empty when complete; else one phrase, as `first 10,000 rows`."""
    elapsed_ms: float
    read_at: datetime
    cached: bool = False


@dataclass(frozen=True, kw_only=True)
class Block:
    """What one panel becomes on paper. `width` counts grid columns of 12, `height` rows as on screen."""

    title: str
    note: str = ""
    width: int = 6
    height: int = 4
    asked: Asked | None = None


@dataclass(frozen=True, kw_only=True)
class Metric(Block):
    value: str
    change: str = ""
    verdict: Literal["good", "bad", ""] = ""
    comparison: str = ""
    tone: str = ""
    """Of the value, by a threshold."""
    sparkline: tuple[float | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Grid(Block):
    """A table. Cells are texts, already formatted; `marks` are the colours of the rows' cells, none where nothing is coloured."""

    heads: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: Sequence[Sequence[str]] = field(repr=False)
    marks: Sequence[Sequence[Mark | None] | None] = field(default=(), repr=False)
    strong_row: int | None = None
    """The row of totals."""
    strong_columns: int = 0
    """So many columns at the end hold totals."""
    totals: tuple[str, ...] = ()
    """A last row below all others, one text a column."""
    longest: tuple[str, ...] = ()
    """The longest text of each column, where it is known; `rows` may then be read from a file, some at a time."""


@dataclass(frozen=True, kw_only=True)
class Picture(Block):
    """A chart, as a Vega-Lite spec; `alternative` describes it to who cannot see it."""

    spec: Mapping[str, Any] = field(repr=False)
    alternative: str


@dataclass(frozen=True, kw_only=True)
class Prose(Block):
    """Text that was made safe before: `html` is put in as it is."""

    html: Markup
    origin: str = ""
    """Where a prompt's answer came from: prompt, model, data."""
    made_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Heading(Block):
    """The title of what follows. A tab begins a page."""

    page: bool = False


@dataclass(frozen=True, kw_only=True)
class Failed(Block):
    """A panel that could not be read, with the sentence that says why."""

    sentence: str


Panel = Metric | Grid | Picture | Prose | Heading | Failed


@dataclass(frozen=True, kw_only=True)
class Document:
    title: str
    description: str = ""
    subject: str
    """What was printed, as `Dashboard delays, version 3`."""
    filters: tuple[tuple[str, str], ...] = ()
    prepared_by: str
    prepared_at: datetime
    """With its zone, in which all times are shown."""
    layout: Layout = field(default_factory=Layout)
    language: str = "en"
    panels: tuple[Panel, ...] = ()
    letterhead: Letterhead = NONE


def specs(document: Document) -> list[dict[str, Any]]:
    """The charts of the document in reading order, each with the size and the look it has on this paper."""
    places = {number: width for row in placed(document) for width, number in row}
    lower = band.lower(document.layout, document.letterhead)
    return [
        sized(panel, places[number], document.layout, lower=lower)
        for number, panel in enumerate(document.panels)
        if isinstance(panel, Picture)
    ]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A line of the table of contents. `target` is the id of what it leads to, and its name in the PDF."""

    title: str
    target: str
    page: str
    level: int = 2
    """Of what it leads to, as a heading."""
    heads: bool = False
    """It is the title of those below it."""


SOURCES = "How these figures were read"


def contents(document: Document, pages: Mapping[str, int] | None = None) -> list[Entry]:
    """What the table of contents lists, with the pages where they are known: all but figures and what has no title."""
    entries, at, levels = [], pages or {}, levels_of(document.panels)
    for number in (number for row in placed(document) for _, number in row):
        panel, target = document.panels[number], f"panel-{number}"
        if panel.title and not isinstance(panel, Metric):
            page, heads = str(at.get(target, "")), isinstance(panel, Heading)
            entries.append(Entry(title=panel.title, target=target, page=page, level=levels[number], heads=heads))
    if document.layout.queries and any(panel.asked for panel in document.panels):
        entries.append(Entry(title=SOURCES, target="sources", page=str(at.get("sources", ""))))
    return entries


def levels_of(panels: Sequence[Panel]) -> list[int]:
    """Of each the level of its title, from 2: a section stands below its tab, and a panel below its section."""
    levels, tab, section = [], 0, 0
    for panel in panels:
        if isinstance(panel, Heading):
            tab, section = (1, 0) if panel.page else (tab, 0)
        levels.append(2 + tab + section if not (isinstance(panel, Heading) and panel.page) else 2)
        section = 1 if isinstance(panel, Heading) and not panel.page else section
    return levels


def placed(document: Document) -> list[list[tuple[int, int]]]:
    """Rows of (grid columns, number of the panel). Rows of figures keep their widths; others fill the paper.

    A table that takes the whole paper comes after what stands beside it on screen: a chart or a text is not
    found ten pages later.
    """
    columns = [_columns(panel, document.layout) for panel in document.panels]
    beside = rows_of((panel.width, number) for number, panel in enumerate(document.panels))
    order = [number for row in beside for number in sorted((at for _, at in row), key=lambda at: is_long(document.panels[at], columns[at]))]
    rows = rows_of((columns[number], number) for number in order)
    return [
        row
        if all(isinstance(document.panels[number], Metric) for _, number in row)
        else list(zip(filled([width for width, _ in row]), (number for _, number in row), strict=True))
        for row in rows
    ]


def is_long(panel: Panel, columns: int) -> bool:
    return isinstance(panel, Grid) and columns == GRID


def _columns(panel: Panel, layout: Layout) -> int:
    """Grid columns of a panel on this paper: long tables take them all, and nothing is too narrow to read."""
    match panel:
        case Metric():
            return max(panel.width, 3 if layout.orientation == "portrait" else 2)
        case Grid():
            return panel.width if len(panel.rows) <= SHORT_TABLE and panel.width >= 6 and len(panel.heads) <= panel.width / 1.5 else GRID
        case Picture():
            return max(panel.width, 4 if layout.orientation == "portrait" else 3)
        case Heading():
            return GRID
        case Prose() | Failed():
            return GRID if isinstance(panel, Prose) and len(panel.html) > LONG_TEXT else max(panel.width, 4)
        case _:
            assert_never(panel)
