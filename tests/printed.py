"""What a PDF holds, taken apart page by page: for tests that check a print as a reader would."""

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pypdf
import pypdfium2
from pypdf.generic import ArrayObject, DictionaryObject


def texts(file: bytes) -> list[str]:
    """The words of each page, with single spaces."""
    return [re.sub(r"\s+", " ", page.get_textpage().get_text_range()) for page in pypdfium2.PdfDocument(file)]


def bookmarks(file: bytes) -> list[tuple[str, int]]:
    """Title and page, counted from 1, of each bookmark in order."""
    reader = pypdf.PdfReader(BytesIO(file), strict=True)

    def flat(entries: list[Any]) -> Iterator[tuple[str, int]]:
        for entry in entries:
            if isinstance(entry, list):
                yield from flat(entry)
            else:
                yield entry.title, reader.get_destination_page_number(entry) + 1

    return list(flat(reader.outline))


def objects(file: bytes) -> list[DictionaryObject]:
    """Every dictionary and stream of the file, wherever it is used."""
    reader = pypdf.PdfReader(BytesIO(file))
    found = [reader.get_object(number) for number in range(1, reader.trailer["/Size"])]
    return [one for one in found if isinstance(one, DictionaryObject)]


def pictures(file: bytes) -> int:
    """How many rasters it holds."""
    return sum(one.get("/Subtype") == "/Image" for one in objects(file))


def fonts(file: bytes) -> dict[str, bool]:
    """Each font, and whether its outlines are in the file."""
    found = {}
    for one in objects(file):
        if one.get("/Type") == "/Font" and one["/Subtype"] != "/Type0":
            drawn = one["/Subtype"] == "/Type3"
            descriptor = one.get("/FontDescriptor", DictionaryObject()).get_object()
            found[str(one.get("/BaseFont", one["/Subtype"]))] = drawn or any(f"/FontFile{kind}" in descriptor for kind in ("", 2, 3))
    return found


def tags(file: bytes) -> dict[str, int]:
    """How often each kind of element is in the structure; empty for a file that is not tagged."""
    root = pypdf.PdfReader(BytesIO(file)).trailer["/Root"]
    if not root.get("/MarkInfo", {}).get("/Marked") or "/StructTreeRoot" not in root:
        return {}
    found: dict[str, int] = {}
    waiting = [root["/StructTreeRoot"]["/K"]]
    while waiting:
        kids = waiting.pop().get_object()
        for kid in [one.get_object() for one in (kids if isinstance(kids, list) else [kids])]:
            if isinstance(kid, DictionaryObject) and "/S" in kid:
                found[kid["/S"]] = found.get(kid["/S"], 0) + 1
                waiting.append(kid.get("/K", ArrayObject()))
    return found
