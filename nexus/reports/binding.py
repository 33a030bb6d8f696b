"""Many documents of the print browser bound into one, in memory that does not grow with what they hold.

A long report is printed in pieces. Their objects get new numbers and are written as they come; page tree, structure tree,
bookmarks and named places are joined at the end. So the whole is tagged, its bookmarks and links lead everywhere. General
libraries hold every object of a file, and drop the structure when they join; Chromium's form of file is known, and small.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import BinaryIO, TypeVar

from nexus.reports import bookmarks, continuing
from nexus.reports.bookmarks import Bookmark
from nexus.reports.continuing import OpenTable
from nexus.reports.objects import Renumbering, leaves, listed, one
from nexus.reports.packing import Packer
from nexus.reports.pdf import Pdf, signed
from nexus.reports.seal import Seal

AWAY = "elsewhere/"
"""A link of a piece to `elsewhere/name` becomes one to the place of that name, in whichever piece it is."""
LEAF = 200
"""Entries in one node of a tree of names or numbers."""

_Key = TypeVar("_Key", int, bytes)
_away = re.compile(rb"/A <<[^<>]*?/URI \([^()\s]*/" + AWAY.encode() + rb"([A-Za-z0-9-]+)\)\s*>>")
_kids = re.compile(rb"/K (?:\[(.*)\]|(\d+ 0 R))", re.DOTALL)
_number_entry = re.compile(rb"(\d+) (\d+) 0 R")
_name_entry = re.compile(rb"(\([^()]*\)) (\d+) 0 R")
_place = re.compile(rb"/([A-Za-z0-9-]+) \[(\d+) 0 R([^\]]*)\]")
_box = re.compile(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]")
_resources = re.compile(rb"/Resources (<<(?:[^<>]|<<(?:[^<>]|<<[^<>]*>>)*>>)*>>)", re.DOTALL)


@dataclass(frozen=True)
class _Page:
    number: int
    body: bytes
    width: float
    height: float


@dataclass
class _Piece:
    tree: int
    """Number of the root of its pages."""
    pages: list[_Page]
    elements: bytes
    """What stands at the top of its structure."""
    marks: list[Bookmark]


@dataclass
class _Joined:
    """What leads from pages to the structure, from names of heads to them, and from names to places."""

    parents: list[tuple[int, int]] = field(default_factory=list)
    next_parent: int = 0
    heads: list[tuple[bytes, int]] = field(default_factory=list)
    places: dict[bytes, tuple[int, bytes]] = field(default_factory=dict)


class Binder:
    """Takes pieces as the browser printed them, and writes one file. Page numbers count from 1."""

    def __init__(self, out: BinaryIO, *, seal: Seal | None = None) -> None:
        self._packer = Packer(out, seal=seal)
        self._catalog, self._info, self._tree, self._structure, self._document = (self._packer.reserve() for _ in range(5))
        self._pieces: list[_Piece] = []
        self._joined = _Joined()
        self._record = b"<<>>"
        self._feet: dict[int, int] = {}
        self._open: OpenTable | None = None

    @property
    def sizes(self) -> list[tuple[float, float]]:
        """Width and height of every page, in points."""
        return [(page.width, page.height) for page in self._pages()]

    def pages_of(self, names: Collection[str]) -> dict[str, int]:
        """On which page each named place is; those that are none are left out."""
        order = {page.number: at for at, page in enumerate(self._pages(), 1)}
        places = self._joined.places
        return {name: order[places[name.encode()][0]] for name in names if name.encode() in places}

    def add(self, piece: Pdf, *, first: bool = False, goes_on: bool = False) -> None:
        """Bind the piece behind the others, or before them. Where its last table `goes_on`, the next piece begins with the rest of it."""
        if not self._pieces:
            self._record = piece.record
        self._pieces.insert(0 if first else len(self._pieces), self._taken(piece, goes_on=goes_on))

    def stamp(self, feet: Pdf, *, start: int) -> None:
        """Lay the pages of `feet` over those from number `start` on. They are of the same size, and have no structure."""
        rename = self._renumbering(feet, {})
        sheets = feet.page_numbers()
        contents = [one("Contents", feet.objects[sheet]) for sheet in sheets]
        for number, body in feet.objects.items():
            if number not in {feet.root, feet.info, one("Pages", feet.catalog), *sheets, *contents}:
                self._packer.add(rename.of(number), rename(body))
        for page, sheet, content in zip(self._pages()[start - 1 :], sheets, contents, strict=False):
            resources = _resources.search(feet.objects[sheet])
            self._feet[page.number] = self._added(
                b"<</Type /XObject /Subtype /Form /BBox [0 0 %g %g] /Resources %s %s"
                % (
                    page.width,
                    page.height,
                    rename(resources[1]) if resources else b"<<>>",
                    feet.objects[content].lstrip().removeprefix(b"<<"),
                )
            )

    def finish(self, *, author: str, subject: str) -> int:
        """Write what joins the pieces. The number of pages."""
        self._close_table()
        pages = self._pages()
        self._write_pages(pages)
        catalog = b"<</Type /Catalog /Pages %d 0 R /MarkInfo <</Marked true>> /StructTreeRoot %d 0 R /Lang (en) /Dests %d 0 R" % (
            self._tree,
            self._structure,
            self._added(b"<<%s>>" % b" ".join(b"/%s [%d 0 R%s]" % (name, *place) for name, place in self._joined.places.items())),
        )
        if outlines := bookmarks.write(self._packer, [mark for piece in self._pieces for mark in piece.marks]):
            catalog += b" /Outlines %d 0 R" % outlines
        self._write_structure()
        self._packer.add(self._catalog, catalog + b" /ViewerPreferences <</DisplayDocTitle true>>>>")
        self._packer.add(self._info, signed(self._record, author=author, subject=subject))
        self._packer.finish(root=self._catalog, info=self._info)
        return len(pages)

    def _pages(self) -> list[_Page]:
        return [page for piece in self._pieces for page in piece.pages]

    def _added(self, body: bytes) -> int:
        number = self._packer.reserve()
        self._packer.add(number, body)
        return number

    def _renumbering(self, piece: Pdf, joined: dict[int, int]) -> Renumbering:
        prefix = b"p%04d-" % len(self._pieces)
        return Renumbering(self._packer.reserve(piece.size), joined=joined, parents=self._joined.next_parent, prefix=prefix)

    def _taken(self, piece: Pdf, *, goes_on: bool) -> _Piece:
        """Write all of the piece but what is joined."""
        objects, catalog = piece.objects, piece.catalog
        tree, structure, places, outlines = (one(name, catalog) for name in ("Pages", "StructTreeRoot", "Dests", "Outlines"))
        document, parents, heads = (one(name, objects.get(structure, b"")) for name in ("K", "ParentTree", "IDTree"))
        rename, rest = self._renumbering(piece, {structure: self._structure, document: self._document}), list[int]()
        if self._open is not None:
            rest = self._gone_on(objects, document, rename)
        last = continuing.table_of(objects, document, last=True) if goes_on else 0
        kept = continuing.head_of(objects, last) if last and last not in rest else []
        if self._open is not None and (kept or not goes_on):
            self._close_table()
        if kept:
            self._open = continuing.opened(objects, kept, rename)
        sheets, joined = piece.page_numbers(), [*leaves(objects, parents), *leaves(objects, heads)]
        left_out = {piece.root, piece.info, tree, structure, places, outlines, document, *sheets, *joined, *rest, *kept}
        left_out.update(bookmarks.numbers(objects, outlines))
        for number, body in objects.items():
            if number not in left_out:
                self._packer.add(rename.of(number), rename(_away.sub(rb"/Dest /\1", body) if b"/URI" in body else body))
        self._packer.add(rename.of(tree), rename(objects[tree]).removesuffix(b">>") + b" /Parent %d 0 R>>" % self._tree)
        self._join(piece, rename, parents, heads, places)
        kids = _kids.search(objects.get(document, b""))
        elements = rename((kids[1] or kids[2]) if kids else b"")
        return _Piece(
            rename.of(tree),
            [_page(rename.of(sheet), rename(objects[sheet])) for sheet in sheets],
            elements,
            bookmarks.read(objects, outlines, rename),
        )

    def _gone_on(self, objects: dict[int, bytes], document: int, rename: Renumbering) -> list[int]:
        """Join the first table of the piece to the open one. Which of its elements are the same; none where the heads differ."""
        assert self._open is not None
        table = continuing.table_of(objects, document, last=False)
        nodes = continuing.head_of(objects, table) if table else []
        if len(nodes) != len(self._open.nodes):
            return []
        rename.take_for(nodes, self._open.nodes, dict(zip(continuing.names_of(objects, nodes), self._open.names, strict=True)))
        continuing.go_on(self._open, objects, nodes, rename)
        return nodes

    def _close_table(self) -> None:
        if self._open is not None:
            for number, body in self._open.finished():
                self._packer.add(number, body)
        self._open = None

    def _join(self, piece: Pdf, rename: Renumbering, parents: int, heads: int, places: int) -> None:
        objects, joined = piece.objects, self._joined
        entries = [entry for leaf in leaves(objects, parents) for entry in _number_entry.findall(listed("Nums", objects[leaf]))]
        joined.parents += [(int(key) + joined.next_parent, rename.of(int(number))) for key, number in entries]
        joined.next_parent += max((int(key) for key, _ in entries), default=-1) + 1
        for leaf in leaves(objects, heads):
            found = _name_entry.findall(listed("Names", objects[leaf]))
            joined.heads += [(rename.name(name), rename.of(int(number))) for name, number in found if not rename.is_taken_for(int(number))]
        for name, page, rest in _place.findall(objects.get(places, b"")):
            joined.places.setdefault(name, (rename.of(int(page)), rest))

    def _write_pages(self, pages: list[_Page]) -> None:
        before = self._added(_stream(b"q"))
        after = self._added(_stream(b"Q /Artifact <</Type /Pagination /Subtype /Footer>> BDC q /NexusFoot Do Q EMC"))
        for page in pages:
            self._packer.add(page.number, _with_foot(page.body, self._feet.get(page.number), before, after))
        trees = b" ".join(b"%d 0 R" % piece.tree for piece in self._pieces)
        self._packer.add(self._tree, b"<</Type /Pages /Count %d /Kids [%s]>>" % (len(pages), trees))

    def _write_structure(self) -> None:
        elements = b" ".join(piece.elements for piece in self._pieces)
        body = b"<</Type /StructElem /S /Document /Lang (en) /P %d 0 R /K [%s]>>" % (self._structure, elements)
        self._packer.add(self._document, body)
        parents = self._tree_of(b"Nums", sorted(self._joined.parents), lambda key: b"%d" % key)
        heads = self._tree_of(b"Names", sorted(self._joined.heads), lambda name: name)
        form = b"<</Type /StructTreeRoot /K %d 0 R /ParentTreeNextKey %d /ParentTree %d 0 R /IDTree %d 0 R>>"
        self._packer.add(self._structure, form % (self._document, self._joined.next_parent, parents, heads))

    def _tree_of(self, what: bytes, entries: list[tuple[_Key, int]], text: Callable[[_Key], bytes]) -> int:
        """A tree of names or numbers, two levels high."""
        nodes = []
        for first in range(0, len(entries), LEAF):
            part = entries[first : first + LEAF]
            limits = b"%s %s" % (text(part[0][0]), text(part[-1][0]))
            inside = b" ".join(b"%s %d 0 R" % (text(key), number) for key, number in part)
            nodes.append(b"%d 0 R" % self._added(b"<</Limits [%s] /%s [%s]>>" % (limits, what, inside)))
        return self._added(b"<</Kids [%s]>>" % b" ".join(nodes) if nodes else b"<</%s []>>" % what)


def _page(number: int, body: bytes) -> _Page:
    box = _box.search(body)
    return _Page(number, body, *((float(box[1]), float(box[2])) if box else (0.0, 0.0)))


def _with_foot(body: bytes, foot: int | None, before: int, after: int) -> bytes:
    """The page with its foot drawn over it, on the paper as it was before the page drew on it."""
    if foot is None:
        return body
    body = body.replace(
        b"/Contents %d 0 R" % one("Contents", body), b"/Contents [%d 0 R %d 0 R %d 0 R]" % (before, one("Contents", body), after), 1
    )
    if b"/XObject <<" in body:
        return body.replace(b"/XObject <<", b"/XObject <</NexusFoot %d 0 R " % foot, 1)
    return body.replace(b"/Resources <<", b"/Resources <</XObject <</NexusFoot %d 0 R>> " % foot, 1)


def _stream(content: bytes) -> bytes:
    return b"<</Length %d>>\nstream\n%s\nendstream" % (len(content), content)
