"""A finished PDF, signed and packed.

The browser writes title, times and producer, but has no way to say who asked; and it writes every object
in the open, where a tagged table of 5,000 rows takes 10 MB. So the file is written again: the record
gets author, subject and creator, and all plain objects go into compressed object streams (ISO 32000-1,
7.5.7), which makes it about ten times smaller. Pages, fonts and pictures are copied as they are.
"""

import re
import zlib
from collections.abc import Collection

from nexus.errors import NexusError

PACKED = 200
"""Objects in one object stream."""
_table = re.compile(rb"xref\s+0 (\d+)\s*?\n")
_info, _root = re.compile(rb"/Info (\d+) 0 R"), re.compile(rb"/Root (\d+) 0 R")
_count = re.compile(rb"/Count (\d+)")
_kids = re.compile(rb"/Kids\s*\[([^\]]*)\]")
_destination = re.compile(rb"/([A-Za-z0-9-]+)\s*\[(\d+) 0 R")
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

    def pages_of(self, names: Collection[str]) -> dict[str, int]:
        """On which page, from 1, each named place is that a link in the document leads to; those that are none are left out."""
        found = re.search(rb"/Dests (\d+) 0 R", self.catalog)
        places = self.objects.get(int(found[1]), b"") if found else b""
        order = {number: at for at, number in enumerate(self._page_objects(), 1)}
        wanted = {name.encode(): name for name in names}
        return {
            wanted[name]: order[int(number)] for name, number in _destination.findall(places) if name in wanted and int(number) in order
        }

    def _page_objects(self) -> list[int]:
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

    def sign(self, *, author: str, subject: str, creator: str = "Nexus") -> None:
        record = _replaced.sub(b"", self.record).strip().removesuffix(b">>")
        self.objects[self.info] = record + b"/Creator %s/Author %s/Subject %s>>" % (_text(creator), _text(author), _text(subject))
        if b"/ViewerPreferences" not in self.catalog:
            # A reader's window shows the title, not the name of the file.
            self.objects[self.root] = self.catalog.strip().removesuffix(b">>") + b"/ViewerPreferences <</DisplayDocTitle true>>>>"

    def pack(self) -> bytes:
        """The whole file, version 1.7."""
        written = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        places: dict[int, tuple[int, int, int]] = {0: (0, 0, 65_535)}
        plain: list[int] = []
        for number, body in self.objects.items():
            if body.rstrip().endswith(b"endstream"):
                places[number] = (1, len(written), 0)
                written += b"%d 0 obj\n%s\nendobj\n" % (number, body)
            else:
                plain.append(number)
        number = self.size
        for first in range(0, len(plain), PACKED):
            group = plain[first : first + PACKED]
            places[number] = (1, len(written), 0)
            places |= {member: (2, number, index) for index, member in enumerate(group)}
            written += _object_stream(number, [(member, self.objects[member]) for member in group])
            number += 1
        return bytes(written) + self._cross_references(number, places, len(written))

    def _cross_references(self, number: int, places: dict[int, tuple[int, int, int]], at: int) -> bytes:
        places[number] = (1, at, 0)
        free = (0, 0, 0)
        rows = b"".join(
            kind.to_bytes(1) + second.to_bytes(4) + third.to_bytes(2)
            for kind, second, third in (places.get(row, free) for row in range(number + 1))
        )
        table = zlib.compress(rows, 9)
        head = b"<</Type /XRef /Size %d /W [1 4 2] /Root %d 0 R /Info %d 0 R /Filter /FlateDecode /Length %d>>" % (
            number + 1,
            self.root,
            self.info,
            len(table),
        )
        return b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number, head, table, at)


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


def _object_stream(number: int, members: list[tuple[int, bytes]]) -> bytes:
    index, bodies, offset = [], [], 0
    for member, body in members:
        index.append(b"%d %d" % (member, offset))
        bodies.append(body)
        offset += len(body) + 1
    head = b" ".join(index) + b"\n"
    stream = zlib.compress(head + b"\n".join(bodies), 6)
    what = b"<</Type /ObjStm /N %d /First %d /Filter /FlateDecode /Length %d>>" % (len(members), len(head), len(stream))
    return b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\n" % (number, what, stream)


def _text(text: str) -> bytes:
    """A text string in UTF-16, as hexadecimal digits: nothing in it needs escaping."""
    return b"<" + (b"\xfe\xff" + text[:500].encode("utf-16-be", errors="replace")).hex().upper().encode() + b">"
