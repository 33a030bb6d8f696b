"""One XML part of a zip file, read in pieces: what it declares is not believed, and entities are not followed."""

import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from xml.parsers import expat

from nexus.imports.spec import UnreadableFile

PIECE = 64 * 1024
DAMAGED = "This workbook is damaged. Open it, save it again, and upload that."
BOMB = "This workbook unpacks to far more than it should hold. Save the sheet as CSV, and upload that."

Attributes = dict[str, str]


def _nothing(*_: Any) -> None:
    pass


def local(name: str) -> str:
    """A tag or attribute without its prefix."""
    return name.rpartition(":")[2]


def _refused(*_: Any) -> None:
    raise UnreadableFile("This workbook holds declarations that no workbook has. Open it, save it again, and upload that.")


class Part:
    """`share` says how much of it has been read. Raises UnreadableFile past `most` bytes unpacked."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, *, most: int) -> None:
        self._archive, self._info, self._most = archive, info, most
        self._done = 0

    @property
    def share(self) -> float:
        return min(1.0, self._done / max(1, self._info.file_size))

    def read(
        self, *, start: Callable[[str, Attributes], None], end: Callable[[str], None] = _nothing, data: Callable[[str], None] = _nothing
    ) -> None:
        for _ in self.feed(start=start, end=end, data=data):
            pass

    def feed(self, *, start: Callable[[str, Attributes], None], end: Callable[[str], None], data: Callable[[str], None]) -> Iterator[None]:
        """Calls the three, with tags by their local names, and comes back after each piece."""
        parser = expat.ParserCreate()
        parser.StartElementHandler = lambda tag, given: start(tag if ":" not in tag else local(tag), given)
        parser.EndElementHandler = lambda tag: end(tag if ":" not in tag else local(tag))
        parser.CharacterDataHandler = data
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = _refused
        try:
            with self._archive.open(self._info) as file:
                while piece := file.read(PIECE):
                    self._done += len(piece)
                    if self._done > self._most:
                        raise UnreadableFile(BOMB)
                    parser.Parse(piece, False)
                    yield
                parser.Parse(b"", True)
                yield
        except (expat.ExpatError, zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
            raise UnreadableFile(DAMAGED) from None
