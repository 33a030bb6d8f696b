"""The paper: its size, what fits on it, and how panels and columns share it. Lengths are CSS pixels (1/96 inch)."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeVar, assert_never

from pydantic import BaseModel, Field

from nexus.views.printed import em

Paper = Literal["A4", "A3", "Letter", "Legal"]
Orientation = Literal["portrait", "landscape"]
Margins = Literal["narrow", "normal", "wide"]
Wide = Literal["fit", "shrink", "turn", "continue"]

PAPERS: dict[Paper, tuple[float, float]] = {
    "A4": (793.7, 1122.5),
    "A3": (1122.5, 1587.4),
    "Letter": (816.0, 1056.0),
    "Legal": (816.0, 1344.0),
}
MILLIMETRE = 96 / 25.4
MARGINS: dict[Margins, tuple[float, float, float]] = {"narrow": (8, 8, 13), "normal": (14, 14, 17), "wide": (22, 22, 25)}
"""Top, left and right, bottom, in millimetres; the foot of a page stands in the last."""
GUTTER = 16.0
GRID = 12

SIZES = (11.0, 10.5, 10.0, 9.5, 9.0, 8.5, 8.0)
"""Text sizes that a table may take, 8.25 to 6 points, the largest that fits first. On paper none is smaller than the last, whatever the scale."""
CELL_PADDING = 14.0
WIDE_LETTERS = dict.fromkeys("MW@%", 0.5) | dict.fromkeys("mw&", 0.32)
"""In em: what these are wider than a letter is counted."""
LONGEST_WORD = 14.0
LONGEST_LINE = 36.0
"""In em: the most that one word, and one line of text, ask for before they are broken."""


class Layout(BaseModel, frozen=True, extra="forbid"):
    """How a person wants it on paper."""

    paper: Paper = "A4"
    orientation: Orientation = "portrait"
    margins: Margins = "normal"
    scale: int = Field(100, ge=80, le=120, description="Of text and charts, in percent.")
    wide: Wide = Field(
        "fit",
        description="What a table wider than the paper does. `shrink`: smaller text; `turn`: a page across; `continue`: side pages;"
        " `fit`: the first of these that helps. None is cut: what no shrinking or turning fits goes on side pages.",
    )
    cover: bool = Field(False, description="Title, filters and maker stand on a page of their own.")
    contents: bool = Field(False, description="A list of the panels with their pages comes first.")
    new_sections: bool = Field(False, description="Every section begins a page, as every tab does.")
    new_pages: bool = Field(False, description="Every panel, but a row of figures, begins a page.")
    totals: bool = Field(False, description="Below a complete table stand the sums of its amounts, and the means of its rates.")
    letterhead: bool = Field(True, description="Logo, header and footer stand on every page, where there are any.")
    queries: bool = Field(True, description="At the end stands how every figure was read, with its SQL.")

    @property
    def width(self) -> float:
        """Between the margins, in pixels as the content counts them, before it is scaled."""
        short, long = PAPERS[self.paper]
        whole = short if self.orientation == "portrait" else long
        return (whole - 2 * MARGINS[self.margins][1] * MILLIMETRE) / self.zoom

    @property
    def height(self) -> float:
        """As `width`, of what stands between the margins from top to bottom."""
        short, long = PAPERS[self.paper]
        top, _, bottom = MARGINS[self.margins]
        return ((long if self.orientation == "portrait" else short) - (top + bottom) * MILLIMETRE) / self.zoom

    @property
    def zoom(self) -> float:
        return self.scale / 100

    @property
    def roominess(self) -> float:
        """How much higher the page is than A4 at the normal scale, at least 1: charts grow with it."""
        side = 1 if self.orientation == "portrait" else 0
        return max(1.0, PAPERS[self.paper][side] / PAPERS["A4"][side] / self.zoom)

    @property
    def turned(self) -> "Layout":
        return self.model_copy(update={"orientation": "landscape" if self.orientation == "portrait" else "portrait"})

    @property
    def sizes(self) -> list[float]:
        """Text sizes for tables that are legible once scaled."""
        return [size for size in SIZES if size * self.zoom >= SIZES[-1]] or [SIZES[-1] / self.zoom]

    def share(self, columns: int) -> float:
        """Width of `columns` of the 12 grid columns."""
        return (self.width + GUTTER) * columns / GRID - GUTTER


Placed = TypeVar("Placed")


def rows_of(blocks: Iterable[tuple[int, Placed]]) -> list[list[tuple[int, Placed]]]:
    """Pack (width in grid columns, thing) into rows, in reading order."""
    rows: list[list[tuple[int, Placed]]] = []
    free = 0
    for width, block in blocks:
        if width > free:
            rows.append([])
            free = GRID
        rows[-1].append((width, block))
        free -= width
    return rows


def filled(row: Sequence[int]) -> list[int]:
    """The widths of a row's panels, widened in proportion until they fill it."""
    total = sum(row)
    widths = [width * GRID // total for width in row]
    widths[-1] += GRID - sum(widths)
    return widths


class Columns(BaseModel, frozen=True):
    """How some columns of a table stand on paper. `positions` are indexes into the table's columns."""

    positions: tuple[int, ...]
    widths: tuple[float, ...]
    size: float
    turned: bool = False


def fit(heads: Sequence[str], longest: Sequence[str], numeric: Sequence[bool], layout: Layout) -> list[Columns]:
    """Place a table's columns as `layout.wide` says, so that none is cut.

    `longest` is the longest text of each column. Each part after the first begins with the first
    column again, so that its rows can be told apart.
    """
    demands = [_demand(head, text, number) for head, text, number in zip(heads, longest, numeric, strict=True)]
    everything = tuple(range(len(heads)))
    for paper, sizes in _tries(layout):
        for size in sizes:
            if _least(demands, size) <= paper.width:
                return [_spread(everything, demands, size, paper, turned=paper != layout)]
    last, sizes = _tries(layout)[-1]
    return _parts(demands, last, sizes[-1], turned=last != layout)


def _tries(layout: Layout) -> list[tuple[Layout, list[float]]]:
    """The papers and text sizes that a table may have, the best first; on the last it goes on side pages."""
    upright = (layout, layout.sizes)
    across = (layout if layout.orientation == "landscape" else layout.turned, layout.sizes)
    match layout.wide:
        case "fit":
            return [upright, across]
        case "shrink":
            return [upright]
        case "turn":
            return [(layout, layout.sizes[:1]), across]
        case "continue":
            return [(layout, layout.sizes[:1])]
        case _:
            assert_never(layout.wide)


def _demand(head: str, longest: str, numeric: bool) -> tuple[float, float]:
    """The least and the comfortable width of a column, in em. Numbers are never broken."""
    title = max(map(_strong_em, head.split()), default=1.0)
    whole = em(longest) * (1.08 if numeric else 1.0)  # figures of one width are wider than letters
    if numeric:
        least = max(min(title, LONGEST_WORD), min(whole, 30.0))
        return least, max(least, min(em(head) * 1.06, 12.0))
    word = min(max((em(word) for word in longest.split()), default=1.0), LONGEST_WORD)
    least = max(min(title, LONGEST_WORD), word, min(whole, 8.0), 2.0)
    return least, max(least, min(whole, LONGEST_LINE), min(em(head) * 1.06, 12.0))


def _strong_em(word: str) -> float:
    """How wide a word of a head is at most, in bold; a head is not broken within words of usual length."""
    return em(word) * 1.06 + sum(WIDE_LETTERS.get(letter, 0.14 if letter.isupper() else 0.0) for letter in word)


def _least(demands: Sequence[tuple[float, float]], size: float) -> float:
    return sum(least * size + CELL_PADDING for least, _ in demands)


def _spread(positions: tuple[int, ...], demands: Sequence[tuple[float, float]], size: float, layout: Layout, *, turned: bool) -> Columns:
    """Share out the paper: the least for each, then what makes each comfortable, then a little air."""
    least = [demands[at][0] * size + CELL_PADDING for at in positions]
    wanted = [max(demands[at][1] * size + CELL_PADDING, lowest) for at, lowest in zip(positions, least, strict=True)]
    room = layout.width - sum(least)
    missing = sum(wanted) - sum(least)
    part = min(1.0, room / missing) if missing > 0 else 0.0
    widths = [low + (high - low) * part for low, high in zip(least, wanted, strict=True)]
    air = min(layout.width / sum(widths), 1.6)
    return Columns(positions=positions, widths=tuple(round(width * air, 2) for width in widths), size=size, turned=turned)


def _parts(demands: Sequence[tuple[float, float]], layout: Layout, size: float, *, turned: bool) -> list[Columns]:
    cost = [min(least * size + CELL_PADDING, layout.width / 3) for least, _ in demands]
    parts: list[list[int]] = [[0]]
    taken = cost[0]
    for at in range(1, len(demands)):
        if taken + cost[at] > layout.width:
            parts.append([0])
            taken = cost[0]
        parts[-1].append(at)
        taken += cost[at]
    capped = [(min(least, layout.width / 3 / size - CELL_PADDING / size), wanted) for least, wanted in demands]
    return [_spread(tuple(part), capped, size, layout, turned=turned) for part in parts]
