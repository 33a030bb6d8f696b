"""A finished PDF, signed and packed.

The browser writes title, times and producer, but has no way to say who asked; and it writes every object
in the open. So the file is written again: the record gets author, subject and creator, and all plain objects
are packed. Pages, fonts and pictures are copied as they are.
"""

import re
from collections.abc import Collection
from io import BytesIO

from nexus.errors import NexusError
from nexus.reports.objects import text_string
from nexus.reports.packing import Packer
from nexus.reports.seal import Seal

_table = re.compile(rb"xref\s+0 (\d+)\s*?\n")
_info, _root = re.compile(rb"/Info (\d+) 0 R"), re.compile(rb"/Root (\d+) 0 R")
_count = re.compile(rb"/Count (\d+)")
_kids = re.compile(rb"/Kids\s*\[([^\]]*)\]")
_destination = re.compile(rb"/([A-Za-z0-9-]+)\s*\[(\d+) 0 R")
_top = re.compile(rb"/([A-Za-z0-9-]+)\s*\[(\d+) 0 R /XYZ [-\d.]+ ([-\d.]+)")
_box = re.compile(rb"/MediaBox \[0 0 [\d.]+ ([\d.]+)\]")
_replaced = re.compile(rb"/(?:Creator|Author|Subject)\s*(?:\((?:\\.|[^\\()])*\)|<[0-9A-Fa-f\s]*>)", re.DOTALL)


class NotAPdf(NexusError):
    """The browser handed out something that is not a PDF as it writes them."""


class Pdf:
    """The objects of a file that Chromium wrote: number to text, from `obj` to `endobj`."""

    def __init__(self, file: bytes) -> None:
        end = file.rfind(b"startxref")
        try:
            start = int(file[end + 9 :].split()[0])
            table = _table.match(file, start)
            trailer = file[file.index(b"trailer", start) : end]
            info, root = _info.search(trailer), _root.search(trailer)
            if table is None or info is None or root is None:
                raise ValueError("no table, record or catalog")
            size = int(table[1])
            entries = (file[at : at + 20] for at in range(table.end(), table.end() + 20 * size, 20))
            offsets = {number: int(entry[:10]) for number, entry in enumerate(entries) if entry[17:18] == b"n"}
            self.objects = _cut(file, offsets, start)
            self.size, self.info, self.root = size, int(info[1]), int(root[1])
            self.catalog, self.record = self.objects[self.root], self.objects[self.info]
        except (ValueError, IndexError, KeyError):
            raise NotAPdf() from None

    @property
    def page_count(self) -> int:
        """Pages, as the root of the page tree says."""
        pages = re.search(rb"/Pages (\d+) 0 R", self.catalog)
        count = _count.search(self.objects.get(int(pages[1]), b"")) if pages else None
        if count is None:
            raise NotAPdf()
        return int(count[1])

    def below_top(self, names: Collection[str]) -> dict[str, float]:
        """How many points below the top of what its page has between the margins each named place is."""
        wanted = {name.encode(): name for name in names}
        found = {wanted[name]: (int(page), float(y)) for name, page, y in _top.findall(self._places()) if name in wanted}
        boxes = {page: _box.search(self.objects.get(page, b"")) for page, _ in found.values()}
        # Chromium counts places from the margin, and not from the paper's edge.
        return {name: float(box[1]) - y for name, (page, y) in found.items() if (box := boxes[page])}

    def pages_of(self, names: Collection[str]) -> dict[str, int]:
        """On which page, from 1, each named place is that a link in the document leads to; those that are none are left out."""
        places = self._places()
        order = {number: at for at, number in enumerate(self.page_numbers(), 1)}
        wanted = {name.encode(): name for name in names}
        return {
            wanted[name]: order[int(number)] for name, number in _destination.findall(places) if name in wanted and int(number) in order
        }

    def _places(self) -> bytes:
        found = re.search(rb"/Dests (\d+) 0 R", self.catalog)
        return self.objects.get(int(found[1]), b"") if found else b""

    def page_numbers(self) -> list[int]:
        """The numbers of the pages' objects, in order."""
        root = re.search(rb"/Pages (\d+) 0 R", self.catalog)
        waiting, pages = [int(root[1])] if root else [], []
        while waiting:
            number = waiting.pop()
            kids = _kids.search(self.objects.get(number, b""))
            if kids is None:
                pages.append(number)
            else:
                waiting += [int(kid) for kid in reversed(re.findall(rb"(\d+) 0 R", kids[1]))]
        return pages

    def sign(self, *, author: str, subject: str) -> None:
        self.objects[self.info] = signed(self.record, author=author, subject=subject)
        if b"/ViewerPreferences" not in self.catalog:
            # A reader's window shows the title, not the name of the file.
            self.objects[self.root] = self.catalog.strip().removesuffix(b">>") + b"/ViewerPreferences <</DisplayDocTitle true>>>>"

    def pack(self, seal: Seal | None = None) -> bytes:
        """The whole file; behind a password, with `seal`."""
        written = BytesIO()
        packer = Packer(written, seal=seal)
        packer.reserve(self.size - 1)
        for number, body in self.objects.items():
            packer.add(number, body)
        packer.finish(root=self.root, info=self.info)
        return written.getvalue()


def _cut(file: bytes, offsets: dict[int, int], end: int) -> dict[int, bytes]:
    """The objects' texts. Each ends where the next begins, so nothing is searched for."""
    in_order = sorted(offsets.items(), key=lambda entry: entry[1])
    ends = [offset for _, offset in in_order[1:]] + [end]
    objects = {}
    for (number, start), stop in zip(in_order, ends, strict=True):
        head = b"%d 0 obj" % number
        text = file[start:stop].rstrip()
        if not text.startswith(head) or not text.endswith(b"endobj"):
            raise ValueError("an object is not where the table says")
        objects[number] = text[len(head) : -len(b"endobj")].strip()
    return objects


def signed(record: bytes, *, author: str, subject: str, creator: str = "Nexus") -> bytes:
    """The record of a file with who asked for it, and for what."""
    kept = _replaced.sub(b"", record).strip().removesuffix(b">>")
    return kept + b"/Creator %s/Author %s/Subject %s>>" % (text_string(creator), text_string(author), text_string(subject))
