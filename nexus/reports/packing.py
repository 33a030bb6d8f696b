"""Objects on their way into a PDF file: packed, found by a cross-reference stream, and sealed by a password where one is wished.

Chromium writes every object in the open, where a tagged table of 5,000 rows takes 10 MB; in compressed object streams (ISO 32000-1,
7.5.7) it takes a tenth. Nothing but the open stream and seven bytes an object is held, so a file of a million objects takes few megabytes.
"""

import hashlib
import re
import zlib
from typing import BinaryIO

from nexus.reports.seal import Seal

PACKED = 200
"""Objects in one object stream."""
ROW = 7
"""Bytes of an object in the cross-reference: its kind, its place, its index there (7.5.8)."""
_stream = re.compile(rb"\A(<<.*?>>)\s*stream\r?\n", re.DOTALL)
_length = re.compile(rb"/Length (\d+)")


class Packer:
    """Writes one file: version 1.7, or 2.0 when it is sealed. Who adds objects reserves their numbers first."""

    def __init__(self, out: BinaryIO, *, seal: Seal | None = None) -> None:
        self._out, self._seal = out, seal
        self._at, self._size = 0, 1
        self._rows = bytearray()
        self._open: list[tuple[int, bytes]] = []
        self._digest = hashlib.sha256()
        self._write(b"%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n" % (b"2.0" if seal else b"1.7"))

    def reserve(self, count: int = 1) -> int:
        """The first of so many numbers that nothing else has."""
        first, self._size = self._size, self._size + count
        return first

    def add(self, number: int, body: bytes) -> None:
        if not body.rstrip().endswith(b"endstream"):
            self._open.append((number, body))
            if len(self._open) == PACKED:
                self._close_group()
        else:
            self._add_plain(number, self._sealed(body) if self._seal else body)

    def finish(self, *, root: int, info: int) -> None:
        self._close_group()
        encrypt = b""
        if self._seal:
            number = self.reserve()
            self._add_plain(number, self._seal.dictionary())
            encrypt = b" /Encrypt %d 0 R" % number
        number, start = self.reserve(), self._at
        self._place(number, 1, start)
        self._place(0, 0, 0, 65_535)
        table = zlib.compress(bytes(self._rows), 9)
        name = self._digest.hexdigest()[:32].encode()
        head = b"<</Type /XRef /Size %d /W [1 4 2] /Root %d 0 R /Info %d 0 R%s /ID [<%s> <%s>] /Filter /FlateDecode /Length %d>>" % (
            self._size,
            root,
            info,
            encrypt,
            name,
            name,
            len(table),
        )
        self._write(b"%d 0 obj\n%s\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number, head, table, start))

    def _add_plain(self, number: int, body: bytes) -> None:
        self._place(number, 1, self._at)
        self._write(b"%d 0 obj\n%s\nendobj\n" % (number, body))

    def _close_group(self) -> None:
        if not self._open:
            return
        number = self.reserve()
        for index, (member, _) in enumerate(self._open):
            self._place(member, 2, number, index)
        stream = _object_stream(self._open)
        self._open = []
        self._add_plain(number, self._sealed(stream) if self._seal else stream)

    def _sealed(self, body: bytes) -> bytes:
        assert self._seal is not None
        head = _stream.match(body)
        length = _length.search(head[1]) if head else None
        if head is None or length is None:
            raise ValueError("a stream without a length")
        content = self._seal.encrypt(body[head.end() : head.end() + int(length[1])])
        return _length.sub(b"/Length %d" % len(content), head[1], count=1) + b"\nstream\n" + content + b"\nendstream"

    def _write(self, content: bytes) -> None:
        self._out.write(content)
        self._digest.update(content)
        self._at += len(content)

    def _place(self, number: int, kind: int, second: int, third: int = 0) -> None:
        missing = (number + 1) * ROW - len(self._rows)
        if missing > 0:
            self._rows += bytes(missing)
        self._rows[number * ROW : (number + 1) * ROW] = kind.to_bytes(1) + second.to_bytes(4) + third.to_bytes(2)


def _object_stream(members: list[tuple[int, bytes]]) -> bytes:
    index, bodies, offset = [], [], 0
    for member, body in members:
        index.append(b"%d %d" % (member, offset))
        bodies.append(body)
        offset += len(body) + 1
    head = b" ".join(index) + b"\n"
    stream = zlib.compress(head + b"\n".join(bodies), 6)
    what = b"<</Type /ObjStm /N %d /First %d /Filter /FlateDecode /Length %d>>" % (len(members), len(head), len(stream))
    return b"%s\nstream\n%s\nendstream" % (what, stream)
