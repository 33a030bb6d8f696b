"""A report as HTML: a pure function of values. Everything that came from people or data is escaped.

The page has no script and names nothing outside itself but the fonts, which the print browser serves.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, assert_never

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nexus.errors import BadInput
from nexus.reports import band, fonts, svg, tables, theme
from nexus.reports.charted import sized
from nexus.reports.layout import GRID, Layout, filled, rows_of
from nexus.reports.letterhead import NONE, Letterhead
from nexus.reports.tables import Stretch
from nexus.sources.layout import laid_out
from nexus.views.highlight import Mark

log = logging.getLogger(__name__)

SHORT_TABLE = 14
"""A table of at most so many rows may stand beside another panel."""
TALL_QUERY = 24
"""Lines of a query from which on it may break between pages."""
LONG_TEXT = 1_200
"""Characters of HTML from which on a text takes the whole paper."""
_heading = re.compile("(</?h)([4-6])(?=[ >])")
_unprintable = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


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


def render(document: Document, drawings: Sequence[str | None], pages: Mapping[str, int] | None = None) -> str:
    """The whole document. `drawings` are the SVGs of `specs`, in order; None where one could not be drawn.

    `pages` says for the table of contents on which page a target is. A number takes the same room as none, so what
    was found in a print without them holds for the one with them.
    """
    draw = Drawer(document, drawings)
    rows = [[draw.panel(at, width) for width, at in row] for row in placed(document)]
    return render_piece(
        document, Piece(rows=rows, head=True, contents=contents(document, pages) if document.layout.contents else (), sources=True)
    )


@dataclass(frozen=True, kw_only=True)
class Piece:
    """What of a document one print has."""

    rows: Sequence[Sequence["Drawn"]] = ()
    head: bool = False
    contents: Sequence[Entry] = ()
    sources: bool = False
    elsewhere: str = ""
    """What a link begins with when other pieces have what it leads to; such a piece has no page numbers of its own."""


def render_piece(document: Document, piece: Piece) -> str:
    asked = _numbered(document.panels)
    html = (
        _templates()
        .get_template("document.html")
        .render(
            document=document,
            piece=piece,
            layout=document.layout,
            margins=band.margins(document.layout, document.letterhead),
            letterhead=document.letterhead,
            band=band,
            contents=piece.contents,
            laid_out=_laid_out,
            sources_title=SOURCES,
            rows=piece.rows,
            asked=asked if piece.sources and document.layout.queries else [],
            at=piece.elsewhere or "#",
            targets=_targets(piece, asked) if piece.elsewhere else [],
            number_of=lambda question: next(number for number, entry in enumerate(asked, 1) if entry.same(question)),
            moment=lambda at: moment(at.astimezone(document.prepared_at.tzinfo)),
            is_tall=lambda question: _laid_out(question.sql).count("\n") > TALL_QUERY,
            clock=lambda at: f"{at.astimezone(document.prepared_at.tzinfo):%H:%M:%S}",
            css_text=css_text,
            theme=theme,
        )
    )
    return fonted(document, html)


def fonted(document: Document, html: str) -> str:
    """A page of the document with the fonts that it needs, in place of `<!-- fonts -->`."""
    # In a style sheet emoji are written as numbers.
    said = f"{html}{document.title}{document.letterhead.header}{document.letterhead.footer}"
    return _unprintable.sub("\ufffd", html).replace("<!-- fonts -->", fonts.head(said, "".join(_strong(document))), 1)


def _targets(piece: Piece, asked: Sequence["_Numbered"]) -> list[str]:
    """What other pieces may lead to: the browser gives a name only to what something in the same document leads to."""
    panels = [f"panel-{drawn.number}" for row in piece.rows for drawn in row if drawn.begins]
    return [*panels, "sources", *(f"question-{number}" for number in range(1, len(asked) + 1))] if piece.sources else panels


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


def _laid_out(sql: str) -> str:
    """The statement as it is read best; as it is, where it cannot be taken apart."""
    try:
        return laid_out(sql).strip()
    except BadInput:
        return sql.strip()


def moment(at: datetime) -> str:
    return f"{at.day} {at:%B %Y, %H:%M} {at.tzname() or ''}".strip()


def css_text(text: str) -> Markup:
    """A CSS string of any text; safe inside a `<style>` element too."""
    return Markup('"{}"').format(Markup("").join(f"\\{ord(character):x} " if not character.isalnum() else character for character in text))


@dataclass(frozen=True)
class _Numbered:
    asked: Asked
    panels: tuple[str, ...]

    def same(self, question: Asked) -> bool:
        return _key(self.asked) == _key(question)


def _key(question: Asked) -> tuple[Any, ...]:
    return question.source, question.sql, question.parameters


def _numbered(panels: Sequence[Panel]) -> list[_Numbered]:
    """Every question once, with the panels that show its answer."""
    seen: dict[tuple[Any, ...], tuple[Asked, list[str]]] = {}
    for panel in panels:
        if panel.asked is not None:
            seen.setdefault(_key(panel.asked), (panel.asked, []))[1].append(panel.title)
    return [_Numbered(asked, tuple(titles)) for asked, titles in seen.values()]


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


class Drawn:
    """A panel with what the template needs beside its values."""

    def __init__(
        self,
        panel: Panel,
        number: int,
        width: int,
        layout: Layout,
        drawing: str | None,
        *,
        level: int = 2,
        stretches: Sequence[Stretch] | None = None,
    ) -> None:
        self.panel = panel
        self.level = level
        self.number = number
        self.kind = type(panel).__name__.lower()
        self.width = width
        self.pixels = round(layout.share(self.width), 1)
        self.drawing, self.problem = _cleaned(panel, number, drawing) if isinstance(panel, Picture) else (None, "")
        self.sparkline = svg.sparkline(list(panel.sparkline)) if isinstance(panel, Metric) else None
        columns = tables.parts(panel, self.pixels if self.width < GRID else None, layout) if isinstance(panel, Grid) else []
        rows = len(panel.rows) if isinstance(panel, Grid) else 0
        shown = [Stretch(part, 0, rows) for part in range(len(columns))] if stretches is None else stretches
        self.parts = (
            [(columns[each.part], tables.body(panel, columns[each.part], each.start, each.stop)) for each in shown]
            if isinstance(panel, Grid)
            else []
        )
        self.in_parts = len(columns) > 1
        self.begins = not shown or (shown[0].part, shown[0].start) == (0, 0)
        self.ends = not shown or (shown[-1].part, shown[-1].stop) == (len(columns) - 1, rows)
        self.long = is_long(panel, self.width) or (isinstance(panel, Prose) and self.width == GRID and len(panel.html) > LONG_TEXT)
        """It may break between pages."""
        self.text = _lowered(panel.html, level - 3) if isinstance(panel, Prose) else Markup("")
        self.turned = any(part.turned for part in columns)


class Drawer:
    """Makes panels ready for the template, each with its drawing."""

    def __init__(self, document: Document, drawings: Sequence[str | None]) -> None:
        pictures = [number for number, panel in enumerate(document.panels) if isinstance(panel, Picture)]
        self._document, self._drawing_of = document, dict(zip(pictures, drawings, strict=True))
        self._levels = levels_of(document.panels)

    def panel(self, number: int, width: int, stretches: Sequence[Stretch] | None = None) -> Drawn:
        panel = self._document.panels[number]
        drawing, level = self._drawing_of.get(number), self._levels[number]
        return Drawn(panel, number, width, self._document.layout, drawing, level=level, stretches=stretches)


def _lowered(html: Markup, levels: int) -> Markup:
    """The text with its headings so many levels lower, below that of its panel."""
    if levels < 1:
        return html
    return Markup(_heading.sub(lambda found: f"{found[1]}{min(int(found[2]) + levels, 6)}", html))  # noqa: S704 - it was safe before


def _cleaned(panel: Picture, number: int, drawing: str | None) -> tuple[Markup | None, str]:
    """The drawing, or the sentence that stands in its place: one bad chart does not take the report with it."""
    try:
        if drawing:
            return svg.clean(drawing, prefix=f"c{number}-", alternative=panel.alternative), ""
    except svg.ChartTooBig as error:
        return None, error.message
    except ValueError as error:
        log.warning("a drawing was not one", extra={"reason": str(error)[:200]})
    return None, "This chart could not be drawn. Its figures are in the view."


def _strong(document: Document) -> Iterator[str]:
    """All that may stand in bold."""
    yield document.title
    yield from (text for _, text in document.filters)
    for panel in document.panels:
        yield panel.title
        if panel.asked is not None:
            yield panel.asked.view
            yield from (text for _, text in panel.asked.parameters)
        match panel:
            case Metric():
                yield from (panel.value, panel.change)
            case Grid():
                yield from panel.heads
            case Prose():
                yield panel.html


@lru_cache(maxsize=1)
def _templates() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
