"""A document on its way to a file: printed at once where it is short, and in pieces that are bound where it is long.

Chromium holds a whole document and its structure in memory, about 25 KB a cell of a table; a piece is some thirty pages, so a
report of any length takes as much as a short one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from nexus.reports import band, document, rendering, tables
from nexus.reports.binding import AWAY, Binder
from nexus.reports.browser import PrintBrowser
from nexus.reports.document import Document, Grid, Heading, Picture, Prose
from nexus.reports.pdf import Pdf
from nexus.reports.rendering import Drawer, Drawn, Piece
from nexus.reports.seal import Seal
from nexus.reports.tables import Stretch
from nexus.reports.trimming import without_last_page

LONG = 60_000
"""Cells from which on nobody waits for a print: it is printed in the background."""
WHOLE = 6_000
"""A document of up to so many cells is printed at once."""
PIECE = 4_000
CHART = 400
"""What a chart costs at most, counted as cells; one of few marks costs less."""
DRAWING = 250
"""Characters of a drawing that cost as much as a cell."""
FEET = 200
"""Feet of pages that are printed at once."""
FEW_ROWS = 12
"""Of a table are not left for a piece of their own."""
TOP = 4.0
"""Points below the margin where nothing is above yet."""
DRAWN = 24
"""Charts that are drawn at once."""


@dataclass(frozen=True)
class Progress:
    """How far a report is: a share from 0 to 1, and the pages that are there."""

    share: float
    pages: int


class TooLong(Exception):
    """More than is printed while somebody waits; nothing was printed."""


Told = Callable[[Progress], None]
"""Is called between pieces; what it raises ends the print."""


def cost(page: Document) -> int:
    """How much there is to print, in cells."""
    return sum(_cost(panel) for panel in page.panels)


def _costs(page: Document, drawings: Sequence[str | None]) -> list[int]:
    """Of each panel, with its chart as it was drawn."""
    drawn = iter(drawings)
    return [min(len(next(drawn) or "") // DRAWING, CHART) if isinstance(panel, Picture) else _cost(panel) for panel in page.panels]


def _cost(panel: document.Panel) -> int:
    match panel:
        case Grid():
            return len(panel.rows) * max(len(panel.heads), 1)
        case Picture():
            return CHART
        case Prose():
            return len(panel.html) // 20
        case _:
            return 10


@dataclass(frozen=True)
class _Desk:
    """The print browser, for one report that may not be wanted any more."""

    browser: PrintBrowser
    unwanted: Callable[[], bool]

    def draw(self, specs: Sequence[dict[str, Any]]) -> list[str | None]:
        return self.browser.draw(specs, unwanted=self.unwanted)

    def print(self, html: str, *, patient: bool = False, tagged: bool = True) -> bytes:
        return self.browser.print(html, patient=patient, tagged=tagged, unwanted=self.unwanted)


def press(
    page: Document,
    browser: PrintBrowser,
    out: BinaryIO,
    *,
    seal: Seal | None = None,
    told: Told = lambda _: None,
    unwanted: Callable[[], bool] = lambda: False,
) -> int:
    """Write the document to `out` as a PDF, behind a password with `seal`. The number of its pages.

    Raises what the print browser raises, CalledOff where it is `unwanted`, and what `told` raises.
    """
    printer = _Desk(browser, unwanted)
    drawings = list(_drawn(page, printer, told))
    if sum(_costs(page, drawings)) > WHOLE:
        return _bound(page, drawings, printer, out, seal=seal, told=told)
    pdf = _whole(page, drawings, printer)
    pdf.sign(author=page.prepared_by, subject=page.subject)
    out.write(pdf.pack(seal))
    return pdf.page_count


def _drawn(page: Document, printer: _Desk, told: Told) -> Iterator[str | None]:
    specs = document.specs(page)
    for first in range(0, len(specs), DRAWN):
        if first:
            told(Progress(0, 0))
        yield from printer.draw(specs[first : first + DRAWN])


def _whole(page: Document, drawings: Sequence[str | None], printer: _Desk) -> Pdf:
    """Twice when there is a table of contents: Chromium cannot count to a target, so the first print tells the pages."""
    pdf = Pdf(printer.print(rendering.render(page, drawings)))
    if not page.layout.contents:
        return pdf
    pages = pdf.pages_of([entry.target for entry in document.contents(page)])
    del pdf  # two large reports at once are not needed
    return Pdf(printer.print(rendering.render(page, drawings, pages)))


def _bound(page: Document, drawings: Sequence[str | None], printer: _Desk, out: BinaryIO, *, seal: Seal | None, told: Told) -> int:
    binder, cuts = Binder(out, seal=seal), _Cuts(page, Drawer(page, drawings), _costs(page, drawings))
    fronted = page.layout.cover or page.layout.contents
    ahead = _print(page, _front(page, {}), printer).page_count if fronted else 0
    for rows in cuts:
        head = not fronted and not binder.sizes
        piece = _print(page, Piece(rows=rows, head=head, elsewhere=AWAY), printer)
        if cuts.goes_on:
            cuts.give_back(without_last_page(piece))
        elif cuts.more and (kept := _on_full_pages(piece, rows)) < len(rows):
            cuts.give_back_panels(rows[kept:])
            piece = _print(page, Piece(rows=rows[:kept], head=head, elsewhere=AWAY), printer)
        binder.add(piece, goes_on=cuts.goes_on)
        told(Progress(cuts.done, len(binder.sizes) + ahead))
    if page.layout.queries and any(panel.asked for panel in page.panels):
        binder.add(_print(page, Piece(sources=True, elsewhere=AWAY), printer))
    if fronted:
        pages = binder.pages_of([entry.target for entry in document.contents(page)])
        binder.add(_print(page, _front(page, {name: at + ahead for name, at in pages.items()}), printer), first=True)
    _stamp_feet(page, binder, printer)
    return binder.finish(author=page.prepared_by, subject=page.subject)


def _on_full_pages(piece: Pdf, rows: Sequence[Sequence[Drawn]]) -> int:
    """So many rows of panels fill the pages before the last on which one begins at the top; all, where none does."""
    tops = piece.below_top([f"panel-{row[0].number}" for row in rows])
    for at in range(len(rows) - 1, 0, -1):
        if tops.get(f"panel-{rows[at][0].number}", TOP) < TOP and not isinstance(rows[at - 1][0].panel, Heading):
            return at
    return len(rows)


def _front(page: Document, pages: dict[str, int]) -> Piece:
    return Piece(head=True, contents=document.contents(page, pages) if page.layout.contents else (), elsewhere=AWAY)


def _print(page: Document, piece: Piece, printer: _Desk) -> Pdf:
    return Pdf(printer.print(rendering.render_piece(page, piece), patient=True))


@dataclass
class _Cuts:
    """The body of a document in pieces. Long tables are cut after any row."""

    page: Document
    drawer: Drawer
    costs: Sequence[int]
    """Of each panel."""
    goes_on: bool = False
    """The piece ends inside a table."""
    _at: int = 0
    _part: int = 0
    _row: int = 0
    _parts: int = 1
    _spent: int = 0
    _placed: list[list[tuple[int, int]]] = field(init=False)

    def __post_init__(self) -> None:
        self._placed = document.placed(self.page)
        self._total = max(sum(self.costs), 1)

    def __iter__(self) -> Iterator[list[list[Drawn]]]:
        while self._at < len(self._placed):
            yield self._next()

    @property
    def done(self) -> float:
        return min(self._spent / self._total, 1.0)

    @property
    def more(self) -> bool:
        return self._at < len(self._placed)

    def give_back_panels(self, rows: Sequence[Sequence[Drawn]]) -> None:
        """These whole rows of panels, the last of the piece, stand in the next one."""
        self._at -= len(rows)
        self._spent -= sum(self.costs[drawn.number] for row in rows for drawn in row)

    def give_back(self, rows: int) -> None:
        """The last rows of the piece stand in the next one."""
        self._row -= rows

    def _next(self) -> list[list[Drawn]]:
        rows, left, self.goes_on, headed = [], PIECE, False, False
        while (left > 0 or headed) and self._at < len(self._placed) and not self.goes_on:
            placed = self._placed[self._at]
            width, number = placed[0]
            panel = self.page.panels[number]
            # A piece begins a page, so a heading takes what it stands above along.
            left, headed = max(left, 1), isinstance(panel, Heading)
            if isinstance(panel, Grid) and document.is_long(panel, width):
                stretches = self._stretches(panel, left)
                rows.append([self.drawer.panel(number, width, stretches)])
                spent = sum(each.stop - each.start for each in stretches) * len(panel.heads) // self._parts
            else:
                rows.append([self.drawer.panel(at, columns) for columns, at in placed])
                spent = sum(self.costs[at] for _, at in placed)
                self._at += 1
            left -= spent
            self._spent += spent
        return rows

    def _stretches(self, panel: Grid, left: int) -> list[Stretch]:
        """As many of the table's rows as the piece has room for."""
        parts, found, total = tables.parts(panel, None, self.page.layout), [], len(panel.rows)
        self._parts = max(len(parts), 1)
        while self._part < len(parts) and left > 0:
            stop = min(self._row + max(left // max(len(parts[self._part].positions), 1), FEW_ROWS), total)
            stop = total if total - stop < FEW_ROWS else stop
            found.append(Stretch(self._part, self._row, stop))
            left -= (stop - self._row) * len(parts[self._part].positions)
            self._row = stop
            if stop < total:
                self.goes_on = True
                return found
            self._part, self._row = self._part + 1, 0
        if self._part >= len(parts):
            self._at, self._part, self._row = self._at + 1, 0, 0
        return found


def _stamp_feet(page: Document, binder: Binder, printer: _Desk) -> None:
    """How many pages there are is known only now, so what stands in the margins is printed apart and laid over the pages."""
    sizes = binder.sizes
    for first in range(0, len(sizes), FEET):
        sheets = [
            band.sheet(page.title, number, len(sizes), layout=page.layout, letterhead=page.letterhead, wide=width > height)
            for number, (width, height) in enumerate(sizes[first : first + FEET], first + 1)
        ]
        binder.stamp(Pdf(printer.print(_feet(page, sheets), patient=True, tagged=False)), start=first + 1)


def _feet(page: Document, sheets: Sequence[str]) -> str:
    style = band.sheet_style(page.layout)
    return rendering.fonted(page, f'<!doctype html><meta charset="utf-8"><!-- fonts --><style>{style}</style>{"".join(sheets)}')
