"""A document as HTML. Everything that came from people or data is escaped.

The page has no script and names nothing outside itself but the fonts, which the print browser serves.
"""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nexus.errors import BadInput
from nexus.reports import band, fonts, svg, tables, theme
from nexus.reports.document import (
    LONG_TEXT,
    SOURCES,
    Asked,
    Document,
    Entry,
    Grid,
    Metric,
    Panel,
    Picture,
    Prose,
    contents,
    is_long,
    levels_of,
    placed,
)
from nexus.reports.layout import GRID, Layout
from nexus.reports.tables import Stretch
from nexus.sources.layout import laid_out

log = logging.getLogger(__name__)

TALL_QUERY = 24
"""Lines of a query from which on it may break between pages."""
_heading = re.compile("(</?h)([4-6])(?=[ >])")
_unprintable = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


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
